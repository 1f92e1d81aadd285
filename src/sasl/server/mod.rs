//! Authentication, the server's side: response in, challenge out; `core` and `alloc` only.
//!
//! An [`Exchange`] is one run of a mechanism, as AUTH begins it. It reads the base64 that the client sends and gives the
//! reply to it; who may come in, it asks the [`Authority`] of its [`Realm`]. That may take time (a file, a directory,
//! and the work that SCRAM makes of every password), so a server with many sessions calls it on a worker.
//!
//! Nobody learns from it which users there are: a stranger gets a salt and a number of iterations as users have them, always
//! the same ones, costs the same work and fails after as many replies with the same words. What is compared with a secret is
//! compared in constant time.

use super::wire;
use super::{ChannelBinding, ENTROPY, SaslError, Secret, traits};
use crate::proto::reply::Reply;
use crate::proto::server::AuthOffer;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

mod authority;
mod cram_md5;
mod keys;
mod oauth;
mod password;
mod scram;
mod strangers;
mod trusted;

pub use authority::{Authority, ITERATIONS, Realm, Stored, Unavailable};
pub use keys::{NotKeys, ScramHash, ScramKeys};
pub use strangers::Likeness;

#[cfg(test)]
mod tests;

/// What the server knows of the connection that a run goes over.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Random octets from a source fit for secrets, fresh for every run: the server's nonce is made of them, and shown.
    pub entropy: [u8; ENTROPY],
    /// What the connection's TLS has to bind a run to; none without TLS.
    pub bindings: Vec<ChannelBinding>,
    /// A mechanism with -PLUS was on offer. A client that says it saw none has been lied to by somebody in between.
    pub plus_offered: bool,
    /// Who the connection has shown itself to be already, by the client's certificate say: EXTERNAL goes by it.
    pub peer: Option<String>,
}

/// Who has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user; for a guest, what he left for the log.
    pub user: String,
    /// As whom the user acts, where it is somebody else.
    pub acts_as: Option<String>,
    /// A guest, who has proven nothing.
    pub guest: bool,
}

impl Identity {
    /// The user as himself.
    fn of(user: impl Into<String>) -> Self {
        Identity { user: user.into(), acts_as: None, guest: false }
    }
}

/// Why nobody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What the client sent is not what the mechanism has.
    Malformed,
    /// No such user, or not the right proof, or no right to act as the other: it is not said which.
    Wrong,
    /// The users could not be looked up now.
    Unavailable,
}

impl From<Unavailable> for Failure {
    fn from(_: Unavailable) -> Self {
        Failure::Unavailable
    }
}

/// What a step of a run came to. [`Step::reply`] is what the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The client has to answer this, which is base64.
    Challenge(String),
    /// The client is who he says.
    Accepted(Identity),
    /// The run is over.
    Refused(Failure),
}

impl Step {
    /// The reply, with its enhanced code (RFC 4954, 6).
    pub fn reply(&self) -> Reply {
        match self {
            Step::Challenge(text) => Reply::new(334, text),
            Step::Accepted(_) => Reply::new(235, "2.7.0 Authentication successful"),
            Step::Refused(Failure::Malformed) => Reply::new(501, "5.5.2 Not what this mechanism has to say"),
            Step::Refused(Failure::Wrong) => Reply::new(535, "5.7.8 Authentication credentials invalid"),
            Step::Refused(Failure::Unavailable) => Reply::new(454, "4.7.0 Temporary authentication failure"),
        }
    }
}

/// What a mechanism comes to.
enum Next {
    Ask(Vec<u8>),
    Accept(Identity),
}

/// One mechanism's run, in plain octets.
trait Side: Send {
    /// What the server says before the client has said anything; empty where the client begins.
    fn prompt(&mut self, _realm: &Realm) -> Vec<u8> {
        Vec::new()
    }

    /// The client's next message.
    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure>;
}

/// A run of a mechanism.
pub struct Exchange {
    realm: Arc<Realm>,
    /// None when the run is over.
    side: Option<Box<dyn Side>>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("over", &self.side.is_none()).finish_non_exhaustive()
    }
}

impl Exchange {
    /// A run of the mechanism of this name (upper or lower case).
    pub fn new(mechanism: &str, realm: Arc<Realm>, surroundings: Surroundings) -> Result<Self, SaslError> {
        let known = |(name, ..): &&(&str, bool, Begin)| name.eq_ignore_ascii_case(mechanism);
        let (_, _, begin) = const { &TABLE }.iter().find(known).ok_or(SaslError::UnknownMechanism)?;
        Ok(Exchange { realm, side: Some(begin(surroundings)) })
    }

    /// The first step: with what came in the AUTH command, in base64, if anything did.
    pub fn begin(&mut self, initial: Option<&str>) -> Step {
        match initial {
            Some(text) => self.take(wire::decode_initial(text).as_ref().map(|octets| octets.as_slice())),
            None => match &mut self.side {
                Some(side) => Step::Challenge(wire::encode_challenge(&side.prompt(&self.realm))),
                None => Step::Refused(Failure::Malformed),
            },
        }
    }

    /// The next step: with the client's answer, in base64.
    pub fn respond(&mut self, text: &str) -> Step {
        self.take(wire::decode_response(text).as_ref().map(|octets| octets.as_slice()))
    }

    fn take(&mut self, message: Option<&[u8]>) -> Step {
        let (Some(mut side), Some(message)) = (self.side.take(), message) else {
            return Step::Refused(Failure::Malformed);
        };
        match side.hear(message, &self.realm) {
            Ok(Next::Ask(challenge)) => {
                self.side = Some(side);
                Step::Challenge(wire::encode_challenge(&challenge))
            }
            Ok(Next::Accept(identity)) => Step::Accepted(identity),
            Err(failure) => Step::Refused(failure),
        }
    }
}

/// How a run begins.
type Begin = fn(Surroundings) -> Box<dyn Side>;

/// All mechanisms, as they are best offered: name, whether the client may begin, how a run begins.
const TABLE: [(&str, bool, Begin); 11] = [
    (super::scram::SHA256_PLUS, true, scram::begin_sha256_plus),
    (super::scram::SHA1_PLUS, true, scram::begin_sha1_plus),
    (super::scram::SHA256, true, scram::begin_sha256),
    (super::scram::SHA1, true, scram::begin_sha1),
    (super::cram_md5::NAME, false, cram_md5::begin),
    (super::plain::NAME, true, password::begin_plain),
    // No RFC has LOGIN: many clients send the user name with AUTH, others wait to be asked.
    (super::login::NAME, true, password::begin_login),
    (super::oauth::BEARER, true, oauth::begin_bearer),
    (super::oauth::XOAUTH2, true, oauth::begin_xoauth2),
    (super::external::NAME, true, trusted::begin_external),
    (super::anonymous::NAME, true, trusted::begin_anonymous),
];

/// The names of all mechanisms, the one to prefer first.
pub fn mechanisms() -> impl Iterator<Item = &'static str> {
    const { &TABLE }.iter().map(|(name, ..)| *name)
}

/// The mechanism of this name (upper or lower case), as the dialogue offers it.
pub fn offer(mechanism: &str) -> Option<AuthOffer> {
    let (name, client_first, _) = const { &TABLE }.iter().find(|(name, ..)| name.eq_ignore_ascii_case(mechanism))?;
    let traits = traits(name)?;
    Some(AuthOffer {
        name: (*name).to_owned(),
        sends_password: traits.sends_password,
        guessable: [super::cram_md5::NAME, super::digest_md5::NAME].contains(name),
        binds_channel: traits.binds_channel,
        client_first: *client_first,
    })
}

/// A name or a word as clients send it: UTF-8 without control characters.
fn text_of(octets: &[u8]) -> Result<&str, Failure> {
    core::str::from_utf8(octets).ok().filter(|text| !text.chars().any(char::is_control)).ok_or(Failure::Malformed)
}

/// The client has proven to be `user`: may he act as `other`, which is empty for himself?
fn authorize(user: &str, other: &str, realm: &Realm) -> Result<Next, Failure> {
    let acts_as = if other.is_empty() || other == user {
        None
    } else if realm.authority.may_act_as(user, other)? {
        Some(other.to_owned())
    } else {
        return Err(Failure::Wrong);
    };
    Ok(Next::Accept(Identity { acts_as, ..Identity::of(user) }))
}
