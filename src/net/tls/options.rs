//! What a TLS connection is told: whom to trust, and who this side is. Plain data, there in every build.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Whom to trust, and who this side is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The certificate must lead to one that is trusted, be in its time and be for the server's name.
    pub verify: bool,
    /// Trust these in place of the system's store.
    pub roots: Option<Roots>,
    /// The server's key must be one of these; empty: any key. Checked with and without `verify`.
    pub pins: Vec<Pin>,
    /// The certificate that this side shows when it is asked for one.
    pub identity: Option<Identity>,
}

/// Certificates of authorities. Clones share them.
#[derive(Clone, PartialEq, Eq)]
pub struct Roots(pub(super) Arc<[Vec<u8>]>);

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({} certificates)", self.0.len())
    }
}

/// A certificate of this side's own with the chain behind it, and its private key. Clones share them.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub(super) chain: Arc<[Vec<u8>]>,
    pub(super) key: Arc<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates, key <hidden>)", self.chain.len())
    }
}

/// Why a certificate and its key cannot be used, in words that follow a file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is at fault.
    pub which: Which,
    /// What is wrong with it, and what to do.
    pub words: String,
}

/// What cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// What is in the certificate's file.
    Certificate,
    /// What is in the key's file.
    Key,
    /// Each by itself is good; they do not belong together.
    Pair,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl core::error::Error for Unusable {}

/// The SHA-256 of a server's public key (its SubjectPublicKeyInfo): it stays when a certificate is renewed over the
/// same key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin(pub(super) [u8; 32]);

impl Pin {
    /// Reads `sha256:` and 64 hexadecimal digits, or `sha256//` and base64 as curl writes it.
    pub fn parse(text: &str) -> Option<Pin> {
        let (kind, digest) = text.split_at_checked("sha256:".len())?;
        let octets = match kind.to_ascii_lowercase().as_str() {
            "sha256:" => hexadecimal(digest)?,
            "sha256/" => STANDARD.decode(digest.strip_prefix('/')?).ok()?,
            _ => return None,
        };
        octets.try_into().ok().map(Pin)
    }
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => {
                let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                Some(digit(high)? << 4 | digit(low)?)
            }
            _ => None,
        })
        .collect()
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_in_both_ways_of_writing() {
        let hex = "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
        let pin = Pin::parse(hex).unwrap();
        assert_eq!(pin, Pin::parse("SHA256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap());
        assert_eq!(pin.to_string(), hex.to_ascii_lowercase());
        for bad in [
            "",
            "sha256:",
            "sha256:00",
            "sha1:00",
            "sha256//AA",
            "sha256/AA",
            "é256:00",
            &hex[..70],
            &format!("{hex}0"),
        ] {
            assert_eq!(Pin::parse(bad), None, "{bad}");
        }
    }
}
