//! LOGIN: the user name after the first prompt, the password after the second.
//!
//! No RFC has it (the drafts expired), but old servers offer it and NetX asks for it by default. The prompts are the
//! server's own wording, so their order counts, not their text.

use super::{Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::vec::Vec;

pub(super) const NAME: &str = "LOGIN";

enum Step {
    User,
    Password,
    Done,
}

struct Login {
    credentials: Credentials,
    step: Step,
}

pub(super) fn begin(credentials: &Credentials, _: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    credentials.refuse_authzid()?;
    Ok(Box::new(Login { credentials: credentials.clone(), step: Step::User }))
}

impl Mechanism for Login {
    fn name(&self) -> &'static str {
        NAME
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        // Some servers take the user name with AUTH, others then ask for it again: the server begins.
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        match self.step {
            Step::User => {
                self.step = Step::Password;
                Ok(self.credentials.user.as_bytes().to_vec())
            }
            Step::Password => {
                self.step = Step::Done;
                Ok(self.credentials.password.expose().as_bytes().to_vec())
            }
            Step::Done => Err(SaslError::BadChallenge("LOGIN has nothing more to say, but the server asks again")),
        }
    }

    fn reads_challenge(&self) -> bool {
        false
    }

    fn is_complete(&self) -> bool {
        matches!(self.step, Step::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Secret, client, test_context};
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn user_then_password_then_nothing() {
        let mut login =
            client("LOGIN", &Credentials::new("tim", Secret::new("tanstaaf".to_string())), &test_context()).unwrap();
        assert_eq!(login.initial(), None);
        assert_eq!(login.respond(b"Username:").unwrap(), b"tim");
        assert!(!login.is_complete());
        assert_eq!(login.respond(b"Password:").unwrap(), b"tanstaaf");
        assert!(login.is_complete());
        assert!(login.respond(b"Token:").is_err());
    }

    #[test]
    fn a_prompt_for_the_password_does_not_bring_it_forward() {
        let mut login =
            client("LOGIN", &Credentials::new("tim", Secret::new("tanstaaf".to_string())), &test_context()).unwrap();
        assert_eq!(login.respond(b"Password:").unwrap(), b"tim");
    }
}
