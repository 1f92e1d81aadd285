//! The mail that is under way.

use super::answers::{Answer, NEEDS_UTF8, TOO_LARGE};
use super::config::Config;
use super::options::{BodyType, MailOptions, exceeds};
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::reply::Reply;

/// The mail that is under way.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// BODY=BINARYMIME: only BDAT can carry it.
    pub binary: bool,
    /// SMTPUTF8 was declared.
    pub utf8: bool,
    /// Recipients that are taken.
    pub recipients: usize,
    /// Some recipient was refused.
    pub refused_any: bool,
    /// BDAT has begun, so that DATA may not.
    pub chunked: bool,
    /// Octets of the body so far.
    pub received: u64,
    /// Octets of it that were handed out: bare line ends make it longer than its chunks.
    pub handed_out: u64,
    /// Why the body is not taken; it is still read to its end.
    pub failed: Option<Reply>,
}

impl Envelope {
    /// An envelope as MAIL opens it.
    pub fn open(from: &ReversePath, options: &MailOptions) -> Result<Self, Answer> {
        if !from.is_ascii() && !options.utf8 {
            return Err(NEEDS_UTF8);
        }
        Ok(Envelope { binary: options.body == BodyType::Binary, utf8: options.utf8, ..Envelope::default() })
    }

    /// May the recipient be asked about?
    pub fn check_recipient(&self, to: &ForwardPath) -> Result<(), Answer> {
        if to.is_ascii() || self.utf8 { Ok(()) } else { Err(NEEDS_UTF8) }
    }

    /// So many more octets of the body: are they still within the limit?
    pub fn receive(&mut self, config: &Config, octets: u64) -> Result<(), Answer> {
        self.received = self.received.saturating_add(octets);
        if exceeds(config, self.received) { Err(TOO_LARGE) } else { Ok(()) }
    }

    /// So many more octets of it as the owner gets it, from chunks that were within the limit: is it still?
    pub fn hand_out(&mut self, config: &Config, octets: u64) -> Result<(), Answer> {
        self.handed_out = self.handed_out.saturating_add(octets);
        if exceeds(config, self.handed_out) { Err(TOO_LARGE) } else { Ok(()) }
    }
}
