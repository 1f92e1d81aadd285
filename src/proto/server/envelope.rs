//! The mail that is under way, and what the parameters of MAIL and RCPT mean for it.

use super::Config;
use super::request::Answer;
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::Parameter;
use crate::proto::reply::Reply;

const NOT_OFFERED: Answer = Answer(555, "5.5.4", "Parameter not known");
const BAD_VALUE: Answer = Answer(501, "5.5.4", "Bad value of a parameter");
const TOO_LARGE: Answer = Answer(552, "5.3.4", "Message larger than the limit");
const NEEDS_UTF8: Answer = Answer(553, "5.6.7", "Address is not ASCII and SMTPUTF8 was not declared");

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
    /// Why the body is not taken; it is still read to its end.
    pub failed: Option<Reply>,
}

impl Envelope {
    /// An envelope as MAIL opens it.
    pub fn open(config: &Config, from: &ReversePath, params: &[Parameter]) -> Result<Self, Answer> {
        let mut envelope = Envelope::default();
        for parameter in params {
            let value = parameter.value.as_deref();
            let is = |keyword, offered: bool| offered && parameter.is(keyword);
            if is("SIZE", true) {
                let digits = value.filter(|v| v.bytes().all(|b| b.is_ascii_digit())).ok_or(BAD_VALUE)?;
                // What 64 bits do not hold is larger than any limit.
                if exceeds(config, digits.parse().unwrap_or(u64::MAX)) {
                    return Err(TOO_LARGE);
                }
            } else if is("BODY", config.eight_bit_mime || config.binary_mime) {
                match value.unwrap_or_default().to_ascii_uppercase().as_str() {
                    "7BIT" => {}
                    "8BITMIME" if config.eight_bit_mime => {}
                    "BINARYMIME" if config.binary_mime && config.chunking => envelope.binary = true,
                    _ => return Err(BAD_VALUE),
                }
            } else if is("SMTPUTF8", config.smtputf8) {
                envelope.utf8 = true;
                check(value.is_none())?;
            } else if is("RET", config.dsn) {
                check(value.is_some_and(|v| v.eq_ignore_ascii_case("FULL") || v.eq_ignore_ascii_case("HDRS")))?;
            } else if is("ENVID", config.dsn) {
                check(value.is_some_and(|v| v.len() <= 100))?;
            } else {
                return Err(NOT_OFFERED);
            }
        }
        if from.is_ascii() || envelope.utf8 { Ok(envelope) } else { Err(NEEDS_UTF8) }
    }

    /// May the recipient be asked about?
    pub fn check_recipient(&self, config: &Config, to: &ForwardPath, params: &[Parameter]) -> Result<(), Answer> {
        for parameter in params {
            let value = parameter.value.as_deref();
            if config.dsn && parameter.is("NOTIFY") {
                check(value.is_some_and(is_notify))?;
            } else if config.dsn && parameter.is("ORCPT") {
                check(value.is_some_and(|v| v.len() <= 500))?;
            } else {
                return Err(NOT_OFFERED);
            }
        }
        if to.is_ascii() || self.utf8 { Ok(()) } else { Err(NEEDS_UTF8) }
    }

    /// So many more octets of the body: are they still within the limit?
    pub fn receive(&mut self, config: &Config, octets: u64) -> Result<(), Answer> {
        self.received = self.received.saturating_add(octets);
        if exceeds(config, self.received) { Err(TOO_LARGE) } else { Ok(()) }
    }
}

fn exceeds(config: &Config, size: u64) -> bool {
    config.size != 0 && size > config.size
}

fn check(valid: bool) -> Result<(), Answer> {
    if valid { Ok(()) } else { Err(BAD_VALUE) }
}

/// NEVER alone, or a list of SUCCESS, FAILURE and DELAY.
fn is_notify(value: &str) -> bool {
    let one_of = |word: &str| ["SUCCESS", "FAILURE", "DELAY"].iter().any(|known| word.eq_ignore_ascii_case(known));
    value.eq_ignore_ascii_case("NEVER") || value.split(',').all(one_of)
}
