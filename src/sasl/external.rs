//! EXTERNAL, RFC 4422 appendix A: the server already knows who is there, by the client's certificate say.

use super::{Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const NAME: &str = "EXTERNAL";

struct External {
    authzid: String,
    said: bool,
}

pub(super) fn begin(credentials: &Credentials, _: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    Ok(Box::new(External { authzid: credentials.authzid.clone().unwrap_or_default(), said: false }))
}

impl Mechanism for External {
    fn name(&self) -> &'static str {
        NAME
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        self.said = true;
        Some(self.authzid.as_bytes().to_vec())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        if self.said {
            return Err(SaslError::BadChallenge("EXTERNAL has nothing more to say, but the server asks again"));
        }
        self.said = true;
        Ok(self.authzid.as_bytes().to_vec())
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
    use alloc::string::ToString;

    #[test]
    fn the_servers_own_knowledge_or_another_identity() {
        let mut credentials = Credentials::connection();
        let mut external = client("EXTERNAL", &credentials, &test_context()).unwrap();
        assert_eq!(external.initial().unwrap(), b"");
        assert!(external.is_complete());
        assert!(external.respond(b"").is_err());

        credentials.authzid = Some("fred@example.com".to_string());
        let mut external = client("EXTERNAL", &credentials, &test_context()).unwrap();
        assert_eq!(external.respond(b"").unwrap(), b"fred@example.com");
        assert!(external.is_complete());
    }
}
