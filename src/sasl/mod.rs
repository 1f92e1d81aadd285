//! Authentication: challenge in, response out. `core` and `alloc` only.
//!
//! A [`Mechanism`] deals in plain octets; [`wire`] turns them into the base64 of AUTH and back. One file stands for one
//! mechanism, and the table in this file names them all: a new one is a file and a line.

use crate::error::{Cause, Error, Phase};
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

mod anonymous;
mod context;
mod cram_md5;
mod credentials;
mod digest_md5;
mod external;
mod login;
mod oauth;
mod plain;
mod prep;
mod scram;
mod secret;
pub mod server;
pub mod wire;

pub use context::{BindingKind, ChannelBinding, Context, ENTROPY};
pub use credentials::{Credentials, MAX_CREDENTIALS, Proof};
pub use scram::{ITERATIONS_MAX, ITERATIONS_MIN};
pub use secret::Secret;

/// One run of a mechanism, the client's side.
pub trait Mechanism: Send {
    /// The name as AUTH has it.
    fn name(&self) -> &'static str;

    /// What can be said before the first challenge; `None` where the server begins.
    ///
    /// A caller that does not want to send it with AUTH leaves this uncalled: the server then sends an empty challenge
    /// and [`respond`](Mechanism::respond) gives the same octets.
    fn initial(&mut self) -> Option<Vec<u8>>;

    /// The answer to a challenge: its octets, or, where [`reads_challenge`](Mechanism::reads_challenge) says that they do
    /// not matter, whatever the server has said.
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError>;

    /// Whether the dialogue went to its end. A success that the server reports before is not to be believed: with the
    /// mechanisms that authenticate the server too, it has not proven itself yet.
    fn is_complete(&self) -> bool;

    /// Whether the answer to the next challenge depends on what it says. Where it does not, any words of the server's
    /// will do: prompts come in the clear, cut, in several lines and in every language.
    fn reads_challenge(&self) -> bool {
        true
    }

    /// Whether something was said that is made of the password or the token, so that a no of the server's may be about
    /// that.
    fn has_shown(&self) -> bool {
        self.is_complete()
    }

    /// What the server said within the exchange about why it refuses: the JSON of OAuth, SCRAM's error. Without secrets.
    fn refusal(&self) -> Option<&str> {
        None
    }

    /// Whether a no of the server's, should it come now, may mean that it does not know the kind of channel binding
    /// ([`BindingKind`]): another kind is worth a try then. The password has not been looked at.
    fn may_lack_binding(&self) -> bool {
        false
    }
}

/// What went wrong, without a word of what was secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslError {
    /// There is no mechanism of this name here.
    UnknownMechanism,
    /// The user name or the password cannot be sent.
    BadCredentials(&'static str),
    /// The server's challenge is not what the mechanism has.
    BadChallenge(&'static str),
    /// The server's challenge cannot be read, or asks for what this side does not have: another mechanism may do. Nothing
    /// in it speaks of an attack.
    Unreadable(&'static str),
    /// The mechanism binds itself to a TLS connection, and there is none here that says how.
    NoChannel,
}

impl fmt::Display for SaslError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaslError::UnknownMechanism => {
                f.write_str("unknown authentication mechanism; known are")?;
                for (at, name) in mechanisms().enumerate() {
                    write!(f, "{}{name}", if at == 0 { " " } else { ", " })?;
                }
                Ok(())
            }
            SaslError::BadCredentials(why) | SaslError::BadChallenge(why) | SaslError::Unreadable(why) => {
                f.write_str(why)
            }
            SaslError::NoChannel => f.write_str("a mechanism with -PLUS needs a TLS connection to bind itself to"),
        }
    }
}

impl core::error::Error for SaslError {}

impl From<SaslError> for Error {
    fn from(error: SaslError) -> Error {
        let cause = match error {
            SaslError::UnknownMechanism | SaslError::NoChannel => Cause::NotSupported,
            SaslError::BadCredentials(_) => Cause::BadArgument,
            SaslError::BadChallenge(_) | SaslError::Unreadable(_) => Cause::Protocol,
        };
        Error::new(Phase::Auth, cause, error.to_string())
    }
}

/// What is to be known of a mechanism before it runs.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// The name as AUTH has it.
    pub name: &'static str,
    /// What it proves the user's identity with.
    pub proof: Proof,
    /// The server, and whoever listens, gets the password or the token itself: only TLS protects it.
    pub sends_password: bool,
    /// It is tied to the TLS connection around it: there must be one.
    pub binds_channel: bool,
}

/// How a run begins.
type Begin = fn(&Credentials, &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError>;

const fn entry(name: &'static str, proof: Proof, sends_password: bool, begin: Begin) -> (Traits, Begin) {
    (Traits { name, proof, sends_password, binds_channel: false }, begin)
}

const fn bound((traits, begin): (Traits, Begin)) -> (Traits, Begin) {
    (Traits { binds_channel: true, ..traits }, begin)
}

/// All mechanisms, of each proof the one to prefer first. Whatever keeps the password from the server and from whoever
/// is in between comes before what keeps it from listeners, and that before what keeps it from nobody.
const TABLE: [(Traits, Begin); 12] = [
    bound(entry(scram::SHA256_PLUS, Proof::Password, false, scram::begin_sha256_plus)),
    bound(entry(scram::SHA1_PLUS, Proof::Password, false, scram::begin_sha1_plus)),
    entry(scram::SHA256, Proof::Password, false, scram::begin_sha256),
    entry(scram::SHA1, Proof::Password, false, scram::begin_sha1),
    entry(digest_md5::NAME, Proof::Password, false, digest_md5::begin),
    entry(cram_md5::NAME, Proof::Password, false, cram_md5::begin),
    entry(plain::NAME, Proof::Password, true, plain::begin),
    entry(login::NAME, Proof::Password, true, login::begin),
    entry(oauth::BEARER, Proof::Token, true, oauth::begin_bearer),
    entry(oauth::XOAUTH2, Proof::Token, true, oauth::begin_xoauth2),
    entry(external::NAME, Proof::Connection, false, external::begin),
    entry(anonymous::NAME, Proof::Nothing, false, anonymous::begin),
];

fn find(mechanism: &str) -> Option<&'static (Traits, Begin)> {
    const { &TABLE }.iter().find(|(traits, _)| traits.name.eq_ignore_ascii_case(mechanism))
}

/// Begins a run of the mechanism of this name (upper or lower case). Bad credentials are refused here, before a byte
/// is sent.
///
/// A mechanism that is named so takes a password as its token, too; but a token is never taken for a password.
pub fn client(
    mechanism: &str,
    credentials: &Credentials,
    context: &Context<'_>,
) -> Result<Box<dyn Mechanism>, SaslError> {
    let (traits, begin) = find(mechanism).ok_or(SaslError::UnknownMechanism)?;
    credentials.check()?;
    if traits.proof == Proof::Password && credentials.proof != Proof::Password {
        return Err(SaslError::BadCredentials("this mechanism needs a user name and a password"));
    }
    begin(credentials, context)
}

/// The names of all mechanisms, of each proof the one to prefer first.
pub fn mechanisms() -> impl Iterator<Item = &'static str> {
    const { &TABLE }.iter().map(|(traits, _)| traits.name)
}

/// What is to be known of the mechanism of this name (upper or lower case).
pub fn traits(mechanism: &str) -> Option<Traits> {
    find(mechanism).map(|(traits, _)| *traits)
}

/// The mechanisms among those that the server offers for these credentials on this connection, the best first.
pub fn possible<'a>(credentials: &'a Credentials, context: &'a Context<'_>) -> impl Iterator<Item = &'static str> + 'a {
    let of_proof = |name: &&str| traits(name).is_some_and(|traits| traits.proof == credentials.proof);
    mechanisms().filter(of_proof).filter(|name| is_possible(name, context))
}

/// The best mechanism among those that the server offers, for these credentials on this connection.
pub fn choose(credentials: &Credentials, context: &Context<'_>) -> Option<&'static str> {
    possible(credentials, context).next()
}

/// Whether the server offers this mechanism and the connection has what it needs.
pub fn is_possible(mechanism: &str, context: &Context<'_>) -> bool {
    let offered = context.offered.iter().any(|offer| offer.eq_ignore_ascii_case(mechanism));
    offered && traits(mechanism).is_some_and(|traits| !traits.binds_channel || context.channel.is_some())
}

/// Surroundings for tests: no TLS, and octets anything but random.
#[cfg(test)]
fn test_context() -> Context<'static> {
    Context { entropy: [0x5a; ENTROPY], host: "mx.example", port: 587, channel: None, offered: &[] }
}

#[cfg(test)]
mod tests;
