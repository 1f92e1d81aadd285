//! What people and channel bindings want to know of a certificate. Whether it is valid is decided elsewhere.

use super::config::provider;
use super::der::Parts;
use super::key;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::net::IpAddr;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

/// Names of a certificate that are shown.
const NAMES_SHOWN: usize = 20;
/// So much of any text out of a certificate is shown.
const TEXT_SHOWN: usize = 200;

/// A moment: seconds since 1970, and as people write it.
pub(super) type Moment = (u64, String);

/// What a certificate says of itself.
pub(super) struct Facts {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// The names that it is for: host names and addresses.
    pub(super) names: Vec<String>,
    /// So many more than are in the list.
    pub(super) more_names: usize,
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
}

impl Facts {
    /// `None` when it cannot be read.
    pub(super) fn of(der: &CertificateDer<'_>) -> Option<Facts> {
        let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
        let alternatives = match certificate.get::<SubjectAltName>() {
            Ok(Some((_, alternatives))) => alternatives.0,
            Ok(None) | Err(_) => Vec::new(),
        };
        let mut names: Vec<String> = alternatives.iter().filter_map(name).collect();
        let more_names = names.len().saturating_sub(NAMES_SHOWN);
        names.truncate(NAMES_SHOWN);
        Some(Facts {
            subject: printable(&certificate.subject.to_string()),
            issuer: printable(&certificate.issuer.to_string()),
            names,
            more_names,
            not_before: moment(&certificate.validity.not_before),
            not_after: moment(&certificate.validity.not_after),
        })
    }

    pub(super) fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Whether a certificate vouches for itself: it names itself as its issuer, and its own key has signed it. A signature of
/// a kind that is not known here is taken for its own.
pub(super) fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    let Some(parts) = Parts::of(certificate).filter(|parts| parts.issuer == parts.subject) else { return false };
    let algorithms = provider().signature_verification_algorithms.all;
    let of_signature = algorithms.iter().filter(|algorithm| algorithm.signature_alg_id().as_ref() == parts.algorithm);
    let mut fitting = of_signature.filter(|algorithm| key::fits(&parts.key, **algorithm)).peekable();
    let holds = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        algorithm.verify_signature(parts.key.key, parts.signed, parts.signature).is_ok()
    };
    fitting.peek().is_none() || fitting.any(|algorithm| holds(algorithm))
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(printable(name.as_str())),
        GeneralName::IpAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(octets.as_bytes()).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(octets.as_bytes()).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn moment(time: &Time) -> Moment {
    (time.to_unix_duration().as_secs(), time.to_string())
}

/// A text from outside as it can stand in an error: short, and nothing in it moves a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(TEXT_SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The channel binding `tls-server-end-point` (RFC 5929 section 4.1): a digest of the server's certificate by the hash
/// of its signature, SHA-256 in place of what is weaker. `None` where the signature has no such hash.
pub(super) fn end_point(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let algorithm = super::der::expect(&mut Parts::of(der)?.algorithm, super::der::OBJECT)?.content;
    let algorithm = ObjectIdentifier::from_bytes(algorithm).ok()?.to_string();
    match algorithm.as_str() {
        // With RSA: MD5, SHA-1, SHA-256; with ECDSA: SHA-1, SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Some(Sha256::digest(der).to_vec()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(Sha384::digest(der).to_vec()),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(Sha512::digest(der).to_vec()),
        _ => None,
    }
}
