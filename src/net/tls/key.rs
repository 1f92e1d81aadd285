//! Whether the server has the key of the certificate that it shows, where that is all that is asked: the certificate
//! itself may be any, of version 1, with extensions that nobody knows, and its key of a size that is not trusted any more.

use super::der::{ELLIPTIC, Parts, PublicKey, RSA};
use super::verify::{bad_signature, cannot};
use rsa::{BoxedUint, Pkcs1v15Sign};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, alg_id};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::ops::RangeInclusive;

/// The octets of an RSA modulus that the library's own cryptography takes.
const USUAL: RangeInclusive<usize> = 256..=1024;
/// The bits of one that are taken all the same: less cannot hold a signature of these days, more is work without measure.
const ALL: RangeInclusive<usize> = 512..=16384;

/// Verifies a handshake's signature by the key in a certificate of which nothing else is looked at. In TLS 1.3 the
/// scheme says the curve, and the old padding of RSA is no scheme (RFC 8446 section 4.2.3).
pub(super) fn verify(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
    is_tls13: bool,
) -> Result<HandshakeSignatureValid, Error> {
    let scheme = signed.scheme;
    let old = matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA256 | SignatureScheme::RSA_PKCS1_SHA384 | SignatureScheme::RSA_PKCS1_SHA512
    );
    let candidates = algorithms.mapping.iter().find(|(of, _)| *of == scheme).map(|(_, candidates)| *candidates);
    let candidates = match candidates {
        Some([first, ..]) if is_tls13 && !old => std::slice::from_ref(first),
        Some(all) if !is_tls13 => all,
        _ => return Err(cannot("the server signed in a way that was not offered to it")),
    };
    let Some(Parts { key, .. }) = Parts::of(certificate) else {
        return Err(cannot("the server's certificate cannot be read as far as its key"));
    };
    if let Some((modulus, exponent)) = key.rsa().filter(|(modulus, _)| !USUAL.contains(&modulus.len())) {
        return unusual(modulus, exponent, scheme, message, signed.signature());
    }
    // A point that is compressed is one that cannot be read here, not one whose signature is bad.
    let is_readable = key.kind != ELLIPTIC || key.key.first() == Some(&4);
    let is_known = algorithms.all.iter().any(|algorithm| fits(&key, *algorithm));
    if !is_readable || !is_known {
        return Err(cannot("the server's key is of a kind that this library does not know"));
    }
    let fitting = candidates.iter().find(|algorithm| fits(&key, **algorithm));
    match fitting.map(|algorithm| algorithm.verify_signature(key.key, message, signed.signature())) {
        Some(Ok(())) => Ok(HandshakeSignatureValid::assertion()),
        // By another kind of key than the certificate's: it is not its own.
        Some(Err(_)) | None => Err(bad_signature()),
    }
}

/// Whether an algorithm is for keys of this kind. RSA keys come with and without the NULL behind their identifier.
pub(super) fn fits(key: &PublicKey<'_>, algorithm: &dyn SignatureVerificationAlgorithm) -> bool {
    let wanted = algorithm.public_key_alg_id();
    wanted.as_ref() == key.algorithm || (wanted == alg_id::RSA_ENCRYPTION && key.kind == RSA)
}

/// Verifies by an RSA key that is shorter or longer than what is trusted.
fn unusual(
    modulus: &[u8],
    exponent: &[u8],
    scheme: SignatureScheme,
    message: &[u8],
    signature: &[u8],
) -> Result<HandshakeSignatureValid, Error> {
    let unusable = || cannot("the server's RSA key is of a size that this library does not take");
    // Measured before it is made a number, which takes memory for all of it.
    if modulus.len() * 8 > *ALL.end() || exponent.len() > 8 {
        return Err(unusable());
    }
    let (n, e) = (BoxedUint::from_be_slice_vartime(modulus), BoxedUint::from_be_slice_vartime(exponent));
    let key = rsa::PublicKey::new_with_size_limits(n, e, ALL).map_err(|_| unusable())?;
    let verified = match scheme {
        SignatureScheme::RSA_PSS_SHA256 => key.pss_verify::<Sha256>(message, signature),
        SignatureScheme::RSA_PSS_SHA384 => key.pss_verify::<Sha384>(message, signature),
        SignatureScheme::RSA_PSS_SHA512 => key.pss_verify::<Sha512>(message, signature),
        SignatureScheme::RSA_PKCS1_SHA256 => {
            key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
        }
        SignatureScheme::RSA_PKCS1_SHA384 => {
            key.verify(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message), signature)
        }
        SignatureScheme::RSA_PKCS1_SHA512 => {
            key.verify(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message), signature)
        }
        _ => return Err(bad_signature()),
    };
    verified.map(|()| HandshakeSignatureValid::assertion()).map_err(|_| bad_signature())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// An RSA key of 1024 bits, made by OpenSSL, and its signatures of "hello".
    const KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC1uz2n+8GI7CvcrlUvpqDEUeUhj2rkdeX6mC+iZy59sQ2qMYg/Ii6Ute+x\
         VpIINerq1A5T1xORxGDIXkGSP1o6fspipVz5S1uwe2pdfvg0dj5teGd6r8lPN4ukBxulZD1t2IT23gCD04sA5LmunMNKJZJg\
         dP6VWUHv0949kxGfewIDAQAB";
    const SIGNED: &[(SignatureScheme, &str)] = &[
        (
            SignatureScheme::RSA_PKCS1_SHA256,
            "MaOl4NIyqp6hsv0J2qzwoM1TnNcikS2MmOyixtwFEjSSRXSWMPt7ZlsxtWrqlDyieI5LlVjsBdmYJ0EiIcuoYLDvXzQR8kN4\
         j9LyxD4p+uiY1Afa5z2u35w6PIwOaRrY3Xvz9e99LhrWv8hA5P+l4Mlz6g/Uu0FEE2NPKmSMWfk=",
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA384,
            "mW1o3PRYw1YEKhXIKPrgevlkbz1DczSpintBEZ5spPC3B0vIK+Q/OvOCak7qIZ9KkWFDMUQ+RA9zCnK+UppKEznOKxVRgYh3\
         Zy2bDJuxA8iL7EoN7EG9egnN4kbHhWE1XvJCg7j35ZoZHlOmsyoKy97keLLHUI8ZE34A1IUkEx8=",
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA512,
            "MvQzaItA2isypOJ8aeq0mJujGHNFpL2zBycfjjIPXSsfJvSxkuLj9KpZ+NPZNmN75OKLvZWz4EZJxDS3NHA32MwssRpBa1UE\
         0MQThXPdpHRUIkxYqSmFCfjtTjGA0atS5EfXesCW7PVu2/GxynJlydwu5bUBCNlCyrFahvoYbA4=",
        ),
        (
            SignatureScheme::RSA_PSS_SHA256,
            "gZlzABMabuhuoEAbsDeAjysDOZfvGld+Ydb/ZrHYwYQHwQm6pOe6nVJRf+qH/K3EOXnR5Bgc7swS1V6yK1Ec5CbbAqHc3vAg\
         F+JumvvbV7sozEERTPsJU/ubgeo3mJjaLo6O+zWrQlr3rDnAl3yzbiGwbyh9seKqKP5QS+akJ8g=",
        ),
        (
            SignatureScheme::RSA_PSS_SHA384,
            "jrlQE2pJFI4hfUt/0qxqfUlE06JgBpSJ6DQhiXimEjBYF7dY5rsBzlUQu4LA4k/oGdwnhlk1mOPpjZ4EifO1SX9aFXaiSBGL\
         3Wz/yNnALIjX/S+e6qHmUbG5NxIzxp0oZLQ4ZplZv4T1nNgBE0/ltz6Kd/fA5W2LZ0EDJt6maW8=",
        ),
    ];

    #[test]
    fn signatures_of_short_keys_are_really_verified() {
        let info = STANDARD.decode(KEY).unwrap();
        let (modulus, exponent) = PublicKey::of(&info).unwrap().rsa().unwrap();
        assert_eq!((modulus.len(), exponent), (128, &[1, 0, 1][..]));
        for (scheme, signature) in SIGNED {
            let signature = STANDARD.decode(signature).unwrap();
            let holds = |message: &[u8], scheme, signature: &[u8]| {
                unusual(modulus, exponent, scheme, message, signature).is_ok()
            };
            assert!(holds(b"hello", *scheme, &signature), "{scheme:?}");
            assert!(!holds(b"hellp", *scheme, &signature), "{scheme:?}");
            for other in SIGNED.iter().filter(|other| other.0 != *scheme) {
                assert!(!holds(b"hello", other.0, &signature), "{scheme:?}");
            }
            let mut changed = signature.clone();
            changed[64] ^= 1;
            for bad in [&changed[..], &signature[1..], &[], &[0; 128], &[0xff; 128]] {
                assert!(!holds(b"hello", *scheme, bad), "{scheme:?}");
            }
        }
    }

    #[test]
    fn keys_that_are_none_are_no_keys() {
        for (modulus, exponent) in [
            (&[0xff; 3000][..], &[3][..]),
            (&[0xff; 128], &[3; 9]),
            (&[0xff; 60], &[3]),
            (&[], &[]),
            (&[0xfe; 128], &[3]),
        ] {
            let error = unusual(modulus, exponent, SignatureScheme::RSA_PKCS1_SHA256, b"x", &[1; 128]).unwrap_err();
            assert!(super::super::verify::is_cannot(&error), "{error}");
        }
    }
}
