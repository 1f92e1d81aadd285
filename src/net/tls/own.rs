//! A certificate of this side's own and its key, out of files: which key is whose, in which order a chain is shown, and
//! what is wrong where something is. What the certificate says of itself does not matter.

use super::config::provider;
use super::der::{self, ELLIPTIC, INTEGER, OBJECT, OCTET_STRING, Parts, PublicKey, RSA, SEQUENCE};
use super::options::{Identity, Roots, Unusable, Which};
use super::pem;
use super::words;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use std::sync::Arc;
use zeroize::Zeroizing;

impl Roots {
    /// Reads the certificates of a PEM text, and says why not in words that follow a file's name.
    pub fn from_pem(text: &[u8]) -> Result<Roots, String> {
        let certificates = pem::certificates(&pem::sections(text)?)?;
        let mut store = rustls::RootCertStore::empty();
        for (number, certificate) in (1..).zip(&certificates) {
            store
                .add(CertificateDer::from_slice(certificate))
                .map_err(|why| format!("certificate {number} in it cannot be used: {}", words::words(&why, false)))?;
        }
        Ok(Roots(certificates.into()))
    }
}

impl Identity {
    /// Reads a certificate with the chain behind it, and its private key, which may be in the same text. The two must
    /// belong together. The certificate is the one that the key is of, and the others stand behind it as they lead on,
    /// whatever their order.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Identity, Unusable> {
        let of = |which| move |words| Unusable { which, words };
        let certificates = pem::sections(chain).and_then(|sections| pem::certificates(&sections));
        let certificates = certificates.map_err(of(Which::Certificate))?;
        let mut parts = Vec::new();
        for (number, certificate) in (1..).zip(&certificates) {
            let unreadable = || format!("certificate {number} in it cannot be read");
            parts.push(Parts::of(certificate).ok_or_else(unreadable).map_err(of(Which::Certificate))?);
        }
        let sections = pem::sections(key).map_err(of(Which::Key))?;
        let mut first = None;
        for section in pem::keys(&sections).map_err(of(Which::Key))? {
            match section.der().and_then(|der| usable(&section.label, &der, &parts)).map_err(of(Which::Key)) {
                Ok((key, public)) => match parts.iter().position(|parts| same(&parts.key, &public)) {
                    Some(at) => return Ok(Identity { chain: ordered(&certificates, &parts, at), key: Arc::new(key) }),
                    None => first = first.or(Some(mismatch(&parts))),
                },
                Err(why) => first = first.or(Some(why)),
            }
        }
        Err(first.unwrap_or_else(|| mismatch(&parts)))
    }
}

fn mismatch(certificates: &[Parts<'_>]) -> Unusable {
    let whose = if certificates.len() > 1 { "that of any certificate there" } else { "the certificate's" };
    Unusable { which: Which::Pair, words: format!("the private key is not {whose}") }
}

/// The certificate and its key as the handshake uses them.
pub(super) fn certified(identity: &Identity) -> Result<CertifiedKey, String> {
    let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key =
        PrivateKeyDer::try_from(identity.key.to_vec()).map_err(|_| "the private key cannot be read".to_owned())?;
    Ok(CertifiedKey::new(chain, signing(key).ok_or_else(|| "the private key cannot be used".to_owned())?))
}

fn signing(key: PrivateKeyDer<'static>) -> Option<Arc<dyn SigningKey>> {
    provider().key_provider.load_private_key(key).ok()
}

/// A private key in a form that the library's cryptography takes, and the SubjectPublicKeyInfo of its public one.
fn usable(label: &str, der: &[u8], certificates: &[Parts<'_>]) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), String> {
    let private = Private::of(label, der).ok_or("its private key is cut off or garbled")?;
    let mut forms = vec![Zeroizing::new(der.to_vec())];
    match private.kind {
        // Without what stands around it, which is there in more than one way.
        RSA => forms.push(Zeroizing::new(private.key.to_vec())),
        ELLIPTIC => {
            // Some leave out the public key, or zeros in front of the private one.
            let of_curve = certificates.iter().filter(|parts| parts.key.kind == ELLIPTIC);
            forms.extend(of_curve.filter_map(|parts| elliptic(private.key, &parts.key)));
        }
        _ => {}
    }
    for form in forms {
        let Ok(key) = PrivateKeyDer::try_from(form.to_vec()) else { continue };
        let public = signing(key).and_then(|key| Some(key.public_key()?.as_ref().to_vec()));
        if let Some(public) = public {
            return Ok((form, public));
        }
    }
    Err(private.why_not())
}

/// A private key, unread.
struct Private<'a> {
    /// Its kind: an object identifier.
    kind: &'a [u8],
    /// The curve, of keys on one whose name is given.
    curve: &'a [u8],
    /// What the kind has as its key: RSAPrivateKey or ECPrivateKey.
    key: &'a [u8],
}

impl<'a> Private<'a> {
    /// RFC 5958, RFC 8017 appendix A.1.2, RFC 5915.
    fn of(label: &str, der: &'a [u8]) -> Option<Private<'a>> {
        let mut within = der::expect(&mut { der }, SEQUENCE)?.content;
        match label {
            "RSA PRIVATE KEY" => Some(Private { kind: RSA, curve: &[], key: der }),
            "EC PRIVATE KEY" => Some(Private { kind: ELLIPTIC, curve: curve_within(within), key: der }),
            "PRIVATE KEY" => {
                der::expect(&mut within, INTEGER)?;
                let mut algorithm = der::expect(&mut within, SEQUENCE)?.content;
                let kind = der::expect(&mut algorithm, OBJECT)?.content;
                let curve = der::expect(&mut algorithm, OBJECT).map_or(&[][..], |curve| curve.content);
                Some(Private { kind, curve, key: der::expect(&mut within, OCTET_STRING)?.content })
            }
            // DSA and whatever else there was.
            _ => Some(Private { kind: &[], curve: &[], key: &[] }),
        }
    }

    /// Why nothing can be signed with it.
    fn why_not(&self) -> String {
        const CAN: &str = "RSA from 2048 to 4096 bits, P-256, P-384 and Ed25519 can";
        let what = match self.kind {
            RSA => match self.modulus_bits() {
                Some(bits @ (0..2048 | 4097..)) => format!("an RSA key of {bits} bits"),
                Some(_) => "an RSA key whose numbers do not fit each other, or with an exponent below 65537".to_owned(),
                None => return "its private key is cut off or garbled".to_owned(),
            },
            ELLIPTIC => match self.curve {
                [0x2b, 0x81, 0x04, 0x00, 0x23] => "a key on the curve P-521".to_owned(),
                [0x2b, 0x81, 0x04, 0x00, 0x0a] => "a key on the curve secp256k1".to_owned(),
                [0x2b, 0x24, 0x03, ..] => "a key on a curve of Brainpool".to_owned(),
                // P-256, P-384: it is not the curve.
                [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] | [0x2b, 0x81, 0x04, 0x00, 0x22] => {
                    return "the private key is not the certificate's, or its numbers do not fit each other".to_owned();
                }
                _ => "a key on a curve that is not known here".to_owned(),
            },
            [0x2b, 0x65, 0x71] => "a key for Ed448".to_owned(),
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a] => "an RSA key for PSS only".to_owned(),
            _ => "of a kind that is not known here".to_owned(),
        };
        format!("the private key cannot be used, it is {what}; {CAN}")
    }

    fn modulus_bits(&self) -> Option<usize> {
        let mut numbers = der::expect(&mut { self.key }, SEQUENCE)?.content;
        der::expect(&mut numbers, INTEGER)?;
        let modulus = der::expect(&mut numbers, INTEGER)?.content;
        let zeros = modulus.iter().take_while(|octet| **octet == 0).count();
        let first = modulus.get(zeros)?;
        Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
    }
}

/// The name of the curve in the content of an ECPrivateKey; empty where it is not there.
fn curve_within(mut key: &[u8]) -> &[u8] {
    while let Some(element) = der::take(&mut key) {
        // [0], constructed.
        if element.tag == 0xa0 {
            return der::expect(&mut { element.content }, OBJECT).map_or(&[], |curve| curve.content);
        }
    }
    &[]
}

/// The private number of an ECPrivateKey and the public key of a certificate, as one PKCS 8 key.
fn elliptic(key: &[u8], public: &PublicKey<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let mut within = der::expect(&mut { key }, SEQUENCE)?.content;
    der::expect(&mut within, INTEGER)?;
    let number = der::expect(&mut within, OCTET_STRING)?.content;
    // Two coordinates stand behind an octet that says so, each as long as the number.
    let length = public.key.len().checked_sub(1)? / 2;
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let number = &number[zeros..];
    let mut whole = Zeroizing::new(vec![0; length.checked_sub(number.len())?]);
    whole.extend_from_slice(number);
    let key = Zeroizing::new(concat(&[
        &der::encode(INTEGER, &[1])?,
        &Zeroizing::new(der::encode(OCTET_STRING, &whole)?),
        &der::encode(0xa1, &der::encode(der::BIT_STRING, &concat(&[&[0], public.key]))?)?,
    ]));
    let content = Zeroizing::new(concat(&[
        &der::encode(INTEGER, &[0])?,
        &der::encode(SEQUENCE, public.algorithm)?,
        &Zeroizing::new(der::encode(OCTET_STRING, &Zeroizing::new(der::encode(SEQUENCE, &key)?))?),
    ]));
    der::encode(SEQUENCE, &content).map(Zeroizing::new)
}

fn concat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Whether two are one key, in however many ways it is written down.
fn same(of_certificate: &PublicKey<'_>, own: &[u8]) -> bool {
    let Some(own) = PublicKey::of(own) else { return false };
    match (of_certificate.rsa(), own.rsa()) {
        (Some(one), Some(other)) => one == other,
        _ => of_certificate.kind == own.kind && of_certificate.key == own.key,
    }
}

/// The chain that begins with this certificate: each is followed by its issuer's, as far as they are there, and then by
/// what is left, as OpenSSL shows it too.
fn ordered(certificates: &[Vec<u8>], parts: &[Parts<'_>], first: usize) -> Arc<[Vec<u8>]> {
    let mut left: Vec<usize> = (0..certificates.len()).filter(|at| certificates[*at] != certificates[first]).collect();
    let mut order = vec![first];
    let mut last = first;
    while let Some(at) = left.iter().position(|at| parts[*at].subject == parts[last].issuer) {
        last = left.remove(at);
        order.push(last);
    }
    order.extend(left);
    order.into_iter().map(|at| certificates[at].clone()).collect()
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
