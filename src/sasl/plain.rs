//! PLAIN, RFC 4616: identity, user and password in one message, separated by NUL.

use super::{Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::vec::Vec;

pub(super) const NAME: &str = "PLAIN";

struct Plain {
    credentials: Credentials,
    said: bool,
}

pub(super) fn begin(credentials: &Credentials, _: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    Ok(Box::new(Plain { credentials: credentials.clone(), said: false }))
}

impl Plain {
    fn message(&mut self) -> Vec<u8> {
        self.said = true;
        let Credentials { user, password, authzid, .. } = &self.credentials;
        let authzid = authzid.as_deref().unwrap_or("");
        // The exact capacity: growing would leave an unwiped copy of the password behind.
        let mut message = Vec::with_capacity(authzid.len() + user.len() + password.expose().len() + 2);
        message.extend_from_slice(authzid.as_bytes());
        message.push(0);
        message.extend_from_slice(user.as_bytes());
        message.push(0);
        message.extend_from_slice(password.expose().as_bytes());
        message
    }
}

impl Mechanism for Plain {
    fn name(&self) -> &'static str {
        NAME
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        Some(self.message())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        // The challenge should be empty; servers that greet here mean the same.
        if self.said {
            return Err(SaslError::BadChallenge("PLAIN has nothing more to say, but the server asks again"));
        }
        Ok(self.message())
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
    use super::super::{Secret, client, test_context};
    use super::*;
    use alloc::string::ToString;

    /// The two examples of RFC 4616, section 4.
    #[test]
    fn rfc_4616_examples() {
        let mut credentials = Credentials::new("tim", Secret::new("tanstaaftanstaaf".to_string()));
        let mut plain = client("PLAIN", &credentials, &test_context()).unwrap();
        assert_eq!(plain.initial().unwrap(), b"\0tim\0tanstaaftanstaaf");

        credentials = Credentials::new("Kurt", Secret::new("xipj3plmq".to_string()));
        credentials.authzid = Some("Ursel".to_string());
        let mut plain = client("PLAIN", &credentials, &test_context()).unwrap();
        assert_eq!(plain.initial().unwrap(), b"Ursel\0Kurt\0xipj3plmq");
    }

    #[test]
    fn without_the_initial_message_the_challenge_is_answered_once() {
        let mut plain =
            client("PLAIN", &Credentials::new("tim", Secret::new("x".to_string())), &test_context()).unwrap();
        assert!(!plain.is_complete());
        assert_eq!(plain.respond(b"").unwrap(), b"\0tim\0x");
        assert!(plain.is_complete());
        assert!(plain.respond(b"").is_err());
    }

    #[test]
    fn after_the_initial_message_a_challenge_is_an_error() {
        let mut plain =
            client("PLAIN", &Credentials::new("tim", Secret::new("x".to_string())), &test_context()).unwrap();
        plain.initial();
        assert!(plain.is_complete());
        assert!(plain.respond(b"").is_err());
    }
}
