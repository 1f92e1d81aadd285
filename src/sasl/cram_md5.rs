//! CRAM-MD5, RFC 2195: the password proves itself as the key of a keyed digest of the server's challenge.

use super::{Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::vec::Vec;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

pub(super) const NAME: &str = "CRAM-MD5";

struct CramMd5 {
    credentials: Credentials,
    said: bool,
}

pub(super) fn begin(credentials: &Credentials, _: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    credentials.refuse_authzid()?;
    Ok(Box::new(CramMd5 { credentials: credentials.clone(), said: false }))
}

/// HMAC-MD5 of RFC 2104; a key of any length.
pub(super) fn keyed_digest(key: &[u8], text: &[u8]) -> Result<[u8; 16], SaslError> {
    // HMAC takes keys of every length, so the error that the crate's signature allows for does not come.
    let mut mac = Hmac::<Md5>::new_from_slice(key).map_err(|_| SaslError::BadCredentials("the password is no key"))?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().into())
}

/// The digest in small hexadecimal digits.
pub(super) fn in_hex(digest: [u8; 16]) -> [u8; 32] {
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = b"0123456789abcdef"[usize::from(nibble)];
        }
    }
    digits
}

impl Mechanism for CramMd5 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        if self.said {
            return Err(SaslError::BadChallenge("CRAM-MD5 has nothing more to say, but the server asks again"));
        }
        if challenge.is_empty() {
            // The digest of nothing would be the same each time: as good as the password to who overhears it.
            return Err(SaslError::Unreadable("the server's CRAM-MD5 challenge is empty"));
        }
        let digest = keyed_digest(self.credentials.password.expose().as_bytes(), challenge)?;
        self.said = true;
        let mut response = Vec::with_capacity(self.credentials.user.len() + 33);
        response.extend_from_slice(self.credentials.user.as_bytes());
        response.push(b' ');
        response.extend_from_slice(&in_hex(digest));
        Ok(response)
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

    fn tim() -> Box<dyn Mechanism> {
        client("CRAM-MD5", &Credentials::new("tim", Secret::new("tanstaaftanstaaf".to_string())), &test_context())
            .unwrap()
    }

    #[test]
    fn rfc_2195_example() {
        let mut cram = tim();
        assert_eq!(cram.initial(), None);
        let response = cram.respond(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
        assert_eq!(response, b"tim b913a602c7eda7a495b4e6e7334d3890");
        assert!(cram.is_complete());
        assert!(cram.respond(b"<again@example>").is_err());
    }

    #[test]
    fn an_empty_challenge_is_refused() {
        let mut cram = tim();
        assert!(cram.respond(b"").is_err());
        assert!(!cram.is_complete());
    }

    /// Cases 1, 2 and 6 of RFC 2202, section 2: a short key, a text key, a key longer than the block.
    #[test]
    fn rfc_2202_digests() {
        let hex = |digest: [u8; 16]| u128::from_be_bytes(digest);
        assert_eq!(hex(keyed_digest(&[0x0b; 16], b"Hi There").unwrap()), 0x9294727a3638bb1c13f48ef8158bfc9d);
        assert_eq!(
            hex(keyed_digest(b"Jefe", b"what do ya want for nothing?").unwrap()),
            0x750c783e6ab0b503eaa86e310a5db738
        );
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hex(keyed_digest(&[0xaa; 80], text).unwrap()), 0x6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd);
    }
}
