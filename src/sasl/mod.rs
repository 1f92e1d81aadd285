//! Authentication: challenge in, response out. `core` and `alloc` only.
//!
//! A [`Mechanism`] deals in plain octets; [`wire`] turns them into the base64 of AUTH and back. One file stands for one
//! mechanism, and the table in this file names them all: a new one is a file and a line.

use crate::error::{Cause, Error, Phase};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

mod cram_md5;
mod login;
mod plain;
mod secret;
pub mod wire;

pub use secret::Secret;

/// Longest user name, password and authorization identity together, in octets: more does not fit into an AUTH line.
pub const MAX_CREDENTIALS: usize = 9000;

/// Who logs in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name as the server knows it.
    pub user: String,
    /// The password, or the token of the mechanisms that take one.
    pub password: Secret,
    /// The identity to act as, when it is not the user's own.
    pub authzid: Option<String>,
}

impl Credentials {
    /// A user and a password.
    pub fn new(user: impl Into<String>, password: Secret) -> Self {
        Credentials { user: user.into(), password, authzid: None }
    }

    /// Whether these credentials can be sent at all: no NUL, nothing beyond its limit, and a user name.
    pub fn check(&self) -> Result<(), SaslError> {
        if self.user.is_empty() {
            return Err(SaslError::BadCredentials("the user name is empty"));
        }
        let parts = [self.user.as_str(), self.password.expose(), self.authzid.as_deref().unwrap_or("")];
        if parts.iter().any(|part| part.contains('\0')) {
            return Err(SaslError::BadCredentials("the user name or the password holds a NUL"));
        }
        if parts.iter().map(|part| part.len()).sum::<usize>() > MAX_CREDENTIALS {
            return Err(SaslError::BadCredentials("user name and password together are longer than 9000 octets"));
        }
        Ok(())
    }
}

/// One run of a mechanism, the client's side.
pub trait Mechanism: Send {
    /// The name as AUTH has it.
    fn name(&self) -> &'static str;

    /// What can be said before the first challenge; `None` where the server begins.
    ///
    /// A caller that does not want to send it with AUTH leaves this uncalled: the server then sends an empty challenge
    /// and [`respond`](Mechanism::respond) gives the same octets.
    fn initial(&mut self) -> Option<Vec<u8>>;

    /// The answer to a challenge.
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError>;

    /// Whether the dialogue went to its end. A success that the server reports before is not to be believed: with the
    /// mechanisms that authenticate the server too, it has not proven itself yet.
    fn is_complete(&self) -> bool;
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
            SaslError::BadCredentials(why) | SaslError::BadChallenge(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for SaslError {}

impl From<SaslError> for Error {
    fn from(error: SaslError) -> Error {
        let cause = match error {
            SaslError::UnknownMechanism => Cause::NotSupported,
            SaslError::BadCredentials(_) => Cause::BadArgument,
            SaslError::BadChallenge(_) => Cause::Protocol,
        };
        Error::new(Phase::Auth, cause, error.to_string())
    }
}

/// A mechanism's name and how a run of it begins.
struct Entry {
    name: &'static str,
    begin: fn(&Credentials) -> Result<Box<dyn Mechanism>, SaslError>,
}

/// All mechanisms, the one to prefer first: CRAM-MD5 does not show the password.
const TABLE: [Entry; 3] = [
    Entry { name: cram_md5::NAME, begin: cram_md5::begin },
    Entry { name: plain::NAME, begin: plain::begin },
    Entry { name: login::NAME, begin: login::begin },
];

/// Begins a run of the mechanism of this name (upper or lower case). Bad credentials are refused here, before a byte
/// is sent.
pub fn client(mechanism: &str, credentials: &Credentials) -> Result<Box<dyn Mechanism>, SaslError> {
    let entry = TABLE.iter().find(|entry| entry.name.eq_ignore_ascii_case(mechanism));
    let entry = entry.ok_or(SaslError::UnknownMechanism)?;
    credentials.check()?;
    (entry.begin)(credentials)
}

/// The names of all mechanisms, the one to prefer first.
pub fn mechanisms() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|entry| entry.name)
}

/// The best mechanism among those that the server offers.
pub fn choose<S: AsRef<str>>(offered: &[S]) -> Option<&'static str> {
    mechanisms().find(|name| offered.iter().any(|offer| offer.as_ref().eq_ignore_ascii_case(name)))
}

/// For mechanisms that cannot carry another identity than the user's.
fn refuse_authzid(credentials: &Credentials) -> Result<(), SaslError> {
    match credentials.authzid {
        None => Ok(()),
        Some(_) => Err(SaslError::BadCredentials("this mechanism cannot act as another user")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};
    use proptest::prelude::*;

    fn alice() -> Credentials {
        Credentials::new("alice", Secret::new("wonder".to_string()))
    }

    #[test]
    fn names_are_found_in_either_case_and_unknown_ones_say_what_there_is() {
        for name in mechanisms() {
            assert_eq!(client(&name.to_lowercase(), &alice()).unwrap().name(), name);
        }
        let error = client("KERBEROS_V4", &alice()).err().unwrap();
        assert_eq!(error, SaslError::UnknownMechanism);
        assert_eq!(error.to_string(), "unknown authentication mechanism; known are CRAM-MD5, PLAIN, LOGIN");
    }

    #[test]
    fn the_best_offer_is_chosen() {
        assert_eq!(choose(&["LOGIN", "plain", "GSSAPI"]), Some("PLAIN"));
        assert_eq!(choose(&["LOGIN", "PLAIN", "cram-md5"]), Some("CRAM-MD5"));
        assert_eq!(choose(&["GSSAPI"]), None);
        assert_eq!(choose::<&str>(&[]), None);
    }

    #[test]
    fn credentials_that_cannot_be_sent_are_refused_by_every_mechanism() {
        let secret = |text: &str| Secret::new(text.to_string());
        let mut other = alice();
        other.authzid = Some("bob\0".to_string());
        let long = "x".repeat(MAX_CREDENTIALS);
        let cases = vec![
            Credentials::new("al\0ice", secret("wonder")),
            Credentials::new("alice", secret("won\0der")),
            Credentials::new("", secret("wonder")),
            Credentials::new(long.clone(), secret("w")),
            Credentials::new("a", secret(&long)),
            other,
        ];
        for credentials in &cases {
            for name in mechanisms() {
                let refused = client(name, credentials).err();
                assert!(matches!(refused, Some(SaslError::BadCredentials(_))), "{name}: {refused:?}");
            }
        }
    }

    #[test]
    fn only_plain_acts_as_another_user() {
        let mut credentials = alice();
        credentials.authzid = Some("bob".to_string());
        assert!(client("PLAIN", &credentials).is_ok());
        assert!(client("LOGIN", &credentials).is_err());
        assert!(client("CRAM-MD5", &credentials).is_err());
    }

    #[test]
    fn debug_shows_no_password() {
        let shown = format!("{:?}", alice());
        assert!(shown.contains("alice") && !shown.contains("wonder"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_challenge_makes_a_mechanism_panic_or_go_on_for_ever(
            challenges in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 10)
        ) {
            for name in mechanisms() {
                let mut mechanism = client(name, &alice()).unwrap();
                let answered = challenges.iter().take_while(|challenge| mechanism.respond(challenge).is_ok()).count();
                prop_assert!(answered <= 2, "{} answered {} challenges", name, answered);
            }
        }
    }
}
