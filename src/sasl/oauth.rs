//! OAUTHBEARER, RFC 7628, and XOAUTH2, its forerunner that large providers still have: an access token in place of a
//! password.
//!
//! A server that refuses the token does not say so at once: it sends a challenge of JSON, which the client must answer
//! before the refusal itself comes.

use super::{Context, Credentials, Mechanism, SaslError, Secret};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

pub(super) const BEARER: &str = "OAUTHBEARER";
pub(super) const XOAUTH2: &str = "XOAUTH2";

/// How much of the server's JSON is kept, in characters.
const REFUSAL_MAX: usize = 1000;

enum Step {
    First,
    Said,
    Refused(String),
}

struct OAuth {
    name: &'static str,
    message: Zeroizing<String>,
    /// What answers the server's JSON.
    acknowledgement: &'static [u8],
    token: Secret,
    step: Step,
}

pub(super) fn begin_bearer(credentials: &Credentials, context: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    let token = token_of(credentials)?;
    let identity = credentials.authzid.as_ref().unwrap_or(&credentials.user);
    check_no_controls(identity)?;
    let identity = match identity.as_str() {
        "" => String::new(),
        name => format!("a={}", name.replace('=', "=3D").replace(',', "=2C")),
    };
    let mut place = String::new();
    if !context.host.is_empty() && !context.host.chars().any(char::is_control) {
        place = format!("\u{1}host={}", context.host);
        if context.port > 0 {
            place += &format!("\u{1}port={}", context.port);
        }
    }
    let message = wiped(&["n,", &identity, ",", &place, "\u{1}auth=Bearer ", token, "\u{1}\u{1}"]);
    let token = credentials.password.clone();
    Ok(Box::new(OAuth { name: BEARER, message, acknowledgement: b"\x01", token, step: Step::First }))
}

pub(super) fn begin_xoauth2(credentials: &Credentials, _: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    credentials.refuse_authzid()?;
    let token = token_of(credentials)?;
    check_no_controls(&credentials.user)?;
    if credentials.user.is_empty() {
        return Err(SaslError::BadCredentials("XOAUTH2 needs a user name beside the token"));
    }
    let message = wiped(&["user=", &credentials.user, "\u{1}auth=Bearer ", token, "\u{1}\u{1}"]);
    let token = credentials.password.clone();
    Ok(Box::new(OAuth { name: XOAUTH2, message, acknowledgement: b"", token, step: Step::First }))
}

/// Joined in a text that is wiped, made in its full size: growing would leave copies behind.
fn wiped(parts: &[&str]) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| joined.push_str(part));
    joined
}

fn token_of(credentials: &Credentials) -> Result<&str, SaslError> {
    let token = credentials.password.expose();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SaslError::BadCredentials("the access token is empty, or holds a blank or another foreign letter"));
    }
    Ok(token)
}

fn check_no_controls(name: &str) -> Result<(), SaslError> {
    match name.chars().any(char::is_control) {
        true => Err(SaslError::BadCredentials("the user name holds a control character")),
        false => Ok(()),
    }
}

impl OAuth {
    fn message(&mut self) -> Vec<u8> {
        self.step = Step::Said;
        self.message.as_bytes().to_vec()
    }

    /// The server's JSON for people: without the token, should it stand there.
    fn in_words(&self, challenge: &[u8]) -> String {
        let text = String::from_utf8_lossy(challenge).replace(self.token.expose(), "<hidden>");
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(REFUSAL_MAX).collect()
    }
}

impl Mechanism for OAuth {
    fn name(&self) -> &'static str {
        self.name
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        Some(self.message())
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        match self.step {
            // The challenge should be empty; servers that greet here mean the same.
            Step::First => Ok(self.message()),
            Step::Said => {
                self.step = Step::Refused(self.in_words(challenge));
                Ok(self.acknowledgement.to_vec())
            }
            Step::Refused(_) => {
                Err(SaslError::BadChallenge("the server has refused the token, and asks for something else"))
            }
        }
    }

    /// The JSON is for people.
    fn reads_challenge(&self) -> bool {
        false
    }

    fn has_shown(&self) -> bool {
        !matches!(self.step, Step::First)
    }

    fn is_complete(&self) -> bool {
        matches!(self.step, Step::Said)
    }

    fn refusal(&self) -> Option<&str> {
        match &self.step {
            Step::Refused(words) if !words.is_empty() => Some(words),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{client, test_context};
    use super::*;
    use alloc::string::ToString;

    const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

    fn with_token(user: &str, token: &str) -> Credentials {
        Credentials::token(user, Secret::new(token.to_string()))
    }

    /// RFC 7628, section 4.1.
    #[test]
    fn rfc_7628_example() {
        let context = Context { host: "server.example.com", port: 143, ..test_context() };
        let mut bearer = client("OAUTHBEARER", &with_token("user@example.com", TOKEN), &context).unwrap();
        let wanted =
            format!("n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer {TOKEN}\u{1}\u{1}");
        assert_eq!(bearer.initial().unwrap(), wanted.as_bytes());
        assert!(bearer.is_complete() && bearer.refusal().is_none());
    }

    /// RFC 7628, section 4.3: the failure is answered with one octet, and the JSON kept.
    #[test]
    fn rfc_7628_failure() {
        let json =
            r#"{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/"}"#;
        let mut bearer = client("OAUTHBEARER", &with_token("user@example.com", TOKEN), &test_context()).unwrap();
        bearer.initial();
        assert_eq!(bearer.respond(json.as_bytes()).unwrap(), b"\x01");
        assert_eq!(bearer.refusal(), Some(json));
        assert!(!bearer.is_complete());
        assert!(bearer.respond(b"").is_err());
    }

    /// The example that Google publishes for its SMTP, with its failure.
    #[test]
    fn xoauth2_example() {
        let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
        let mut old = client("XOAUTH2", &with_token("someuser@example.com", token), &test_context()).unwrap();
        let line = super::super::wire::encode_initial(old.initial().unwrap()).unwrap();
        assert_eq!(
            line,
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXV\
             ZMjl0Q2cBAQ=="
        );
        let json = br#"{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}"#;
        assert_eq!(old.respond(json).unwrap(), b"");
        assert!(old.refusal().unwrap().contains(r#""status":"401""#));
        assert!(!old.is_complete());
    }

    #[test]
    fn names_are_escaped_or_left_out() {
        let context = Context { host: "", ..test_context() };
        let mut bearer = client("OAUTHBEARER", &with_token("a=b,c", "t"), &context).unwrap();
        assert_eq!(bearer.respond(b"").unwrap(), b"n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01");
        let mut bearer = client("OAUTHBEARER", &with_token("", "t"), &context).unwrap();
        assert_eq!(bearer.initial().unwrap(), b"n,,\x01auth=Bearer t\x01\x01");
        assert!(client("XOAUTH2", &with_token("", "t"), &context).is_err());
    }

    #[test]
    fn what_would_break_out_of_its_field_is_refused() {
        for (user, token) in
            [("a\u{1}auth=x", "t"), ("a", "t\u{1}"), ("a", "t t"), ("a", ""), ("a", "t\n"), ("a", "\u{fc}")]
        {
            for name in ["OAUTHBEARER", "XOAUTH2"] {
                let refused = client(name, &with_token(user, token), &test_context()).err();
                assert!(
                    matches!(refused, Some(SaslError::BadCredentials(_))),
                    "{name} {user:?} {token:?}: {refused:?}"
                );
            }
        }
    }

    #[test]
    fn a_token_in_the_servers_answer_is_hidden() {
        let mut old = client("XOAUTH2", &with_token("a", TOKEN), &test_context()).unwrap();
        old.initial();
        old.respond(format!("{{\"echo\":\"{TOKEN}\"}}\r\n").as_bytes()).unwrap();
        assert_eq!(old.refusal(), Some("{\"echo\":\"<hidden>\"}  "));
    }
}
