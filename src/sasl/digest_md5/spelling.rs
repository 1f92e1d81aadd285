//! The two character sets of DIGEST-MD5: what is sent, and what is digested.

use super::SaslError;
use alloc::vec::Vec;
use core::str;
use zeroize::Zeroizing;

/// A name or a password in octets.
pub(super) struct Spelling {
    /// As the response has it.
    pub sent: Zeroizing<Vec<u8>>,
    /// As it is digested: in ISO 8859-1 wherever that has all letters (RFC 2831 section 2.1.2.1).
    pub hashed: Zeroizing<Vec<u8>>,
}

impl Spelling {
    /// `utf8`: the server takes UTF-8. One that does not takes ISO 8859-1.
    pub(super) fn of(text: &str, utf8: bool) -> Result<Spelling, SaslError> {
        let latin = text.chars().all(|letter| u32::from(letter) < 256).then(|| {
            let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
            octets.extend(text.chars().map(|letter| letter as u8));
            octets
        });
        let sent = Zeroizing::new(text.as_bytes().to_vec());
        match (latin, utf8) {
            (Some(latin), true) => Ok(Spelling { sent, hashed: latin }),
            (Some(latin), false) => Ok(Spelling { sent: latin.clone(), hashed: latin }),
            (None, true) => Ok(Spelling { hashed: sent.clone(), sent }),
            (None, false) => Err(SaslError::BadCredentials(
                "the server's DIGEST-MD5 takes ISO 8859-1 only, and the user name or the password has other letters",
            )),
        }
    }

    /// The same for what the server has spelt.
    pub(super) fn of_octets(octets: &[u8], utf8: bool) -> Result<Spelling, SaslError> {
        if utf8 {
            let text = str::from_utf8(octets);
            return Spelling::of(text.map_err(|_| SaslError::BadChallenge("the server's realm is not UTF-8"))?, true);
        }
        let octets = Zeroizing::new(octets.to_vec());
        Ok(Spelling { sent: octets.clone(), hashed: octets })
    }
}
