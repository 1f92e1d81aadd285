//! CRAM-MD5, RFC 2195: the password is the key of a digest of our challenge, so it must be kept as it is.

use super::super::cram_md5::{in_hex, keyed_digest};
use super::{Failure, Identity, Next, Realm, Side, Stored, Surroundings, text_of};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ctutils::CtEq;

struct CramMd5 {
    nonce: String,
    /// What was asked.
    challenge: Vec<u8>,
}

pub(super) fn begin(surroundings: Surroundings) -> Box<dyn Side> {
    Box::new(CramMd5 { nonce: STANDARD.encode(surroundings.entropy), challenge: Vec::new() })
}

impl Side for CramMd5 {
    fn prompt(&mut self, realm: &Realm) -> Vec<u8> {
        self.challenge = format!("<{}@{}>", self.nonce, realm.host).into_bytes();
        self.challenge.clone()
    }

    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        if self.challenge.is_empty() {
            return Err(Failure::Malformed); // the server begins
        }
        let (user, digest) = text_of(message)?.rsplit_once(' ').ok_or(Failure::Malformed)?;
        if user.is_empty() {
            return Err(Failure::Malformed);
        }
        let stored = realm.look_up(user)?;
        let (known, password) = match &stored {
            Some(Stored::Password(password)) => (true, password.expose()),
            _ => (false, "somebody, for the same work"),
        };
        let wanted = keyed_digest(password.as_bytes(), &self.challenge).map_err(|_| Failure::Wrong)?;
        let right = in_hex(wanted).as_slice().ct_eq(digest.to_ascii_lowercase().as_bytes()).to_bool();
        if right && known { Ok(Next::Accept(Identity::of(user))) } else { Err(Failure::Wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Users, realm_of, surroundings};
    use super::super::{Authority, Secret, Unavailable};
    use super::*;
    use alloc::string::ToString;

    struct Tim;

    impl Authority for Tim {
        fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
            Ok((user == "tim").then(|| Stored::Password(Secret::new("tanstaaftanstaaf".to_string()))))
        }
    }

    /// RFC 2195, section 2, from the server's end.
    #[test]
    fn rfc_2195_example() {
        let realm = Realm::new(Box::new(Tim), "postoffice.reston.mci.net", [0; 32]);
        let mut side = CramMd5 { nonce: "1896.697170952".to_string(), challenge: Vec::new() };
        assert_eq!(side.prompt(&realm), b"<1896.697170952@postoffice.reston.mci.net>");
        let answer = b"tim b913a602c7eda7a495b4e6e7334d3890";
        assert!(matches!(side.hear(answer, &realm), Ok(Next::Accept(who)) if who.user == "tim"));
        for wrong in [
            &answer[..answer.len() - 1],
            b"tim B913A602C7EDA7A495B4E6E7334D3891",
            b"tom b913a602c7eda7a495b4e6e7334d3890",
        ] {
            assert_eq!(side.hear(wrong, &realm).err(), Some(Failure::Wrong));
        }
    }

    #[test]
    fn no_two_challenges_are_the_same() {
        let realm = realm_of(Users::default());
        let challenge = |octet| {
            let mut surroundings = surroundings();
            surroundings.entropy[0] = octet;
            begin(surroundings).prompt(&realm)
        };
        assert_ne!(challenge(1), challenge(2));
    }
}
