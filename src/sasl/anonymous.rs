//! ANONYMOUS, RFC 4505: a guest, who may leave a word for the server's log.

use super::{Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const NAME: &str = "ANONYMOUS";

/// The longest word, in characters (RFC 4505 section 2).
pub(super) const TRACE_MAX: usize = 255;

struct Anonymous {
    trace: String,
    said: bool,
}

pub(super) fn begin(credentials: &Credentials, _: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    credentials.refuse_authzid()?;
    let trace = credentials.user.clone();
    if trace.chars().count() > TRACE_MAX || trace.chars().any(char::is_control) {
        return Err(SaslError::BadCredentials("what a guest leaves is at most 255 characters, none of them a control"));
    }
    Ok(Box::new(Anonymous { trace, said: false }))
}

impl Mechanism for Anonymous {
    fn name(&self) -> &'static str {
        NAME
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        self.said = true;
        Some(self.trace.as_bytes().to_vec())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        if self.said {
            return Err(SaslError::BadChallenge("ANONYMOUS has nothing more to say, but the server asks again"));
        }
        self.said = true;
        Ok(self.trace.as_bytes().to_vec())
    }

    fn reads_challenge(&self) -> bool {
        false
    }

    fn is_complete(&self) -> bool {
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::super::{client, test_context};
    use super::*;

    /// The examples of RFC 4505, section 3: with AUTH and after the server's empty challenge.
    #[test]
    fn rfc_4505_examples() {
        let mut guest = client("ANONYMOUS", &Credentials::guest("sirhc"), &test_context()).unwrap();
        assert_eq!(guest.initial().unwrap(), b"sirhc");
        assert!(guest.is_complete());
        let mut guest = client("ANONYMOUS", &Credentials::guest("sirhc"), &test_context()).unwrap();
        assert_eq!(guest.respond(b"").unwrap(), b"sirhc");
        assert!(guest.respond(b"").is_err());
    }

    #[test]
    fn what_a_guest_leaves_is_bounded() {
        assert!(client("ANONYMOUS", &Credentials::guest(""), &test_context()).is_ok());
        assert!(client("ANONYMOUS", &Credentials::guest("\u{fc}".repeat(255)), &test_context()).is_ok());
        for trace in ["x".repeat(256), String::from("a\r\nb")] {
            assert!(client("ANONYMOUS", &Credentials::guest(trace), &test_context()).is_err());
        }
    }
}
