//! Files of certificates and keys: PEM (RFC 7468) as editors and programs of all kinds leave it, and what is said of files
//! that are something else.

use super::der::{self, INTEGER, SEQUENCE};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Most sections that one text may hold: more than any system's store.
const SECTIONS_MAX: usize = 2000;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands between two lines of dashes.
pub(super) struct Section {
    /// What the first of them says that it is: `CERTIFICATE`.
    pub(super) label: String,
    /// The letters between; they could be a key.
    letters: Zeroizing<Vec<u8>>,
    /// It is under a passphrase, in the older way (RFC 1421).
    pub(super) is_encrypted: bool,
}

impl Section {
    /// What it holds. The error never shows what stands there.
    pub(super) fn der(&self) -> Result<Zeroizing<Vec<u8>>, String> {
        let decoded = BASE64.decode(&*self.letters).map(Zeroizing::new);
        decoded.map_err(|_| format!("a section of it is not base64 ({})", self.label))
    }

    pub(super) fn is_certificate(&self) -> bool {
        matches!(self.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
    }

    pub(super) fn is_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// The sections of a text, which may begin with a mark of its encoding and have any line ends, and words around them.
pub(super) fn sections(text: &[u8]) -> Result<Vec<Section>, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut found: Vec<Section> = Vec::new();
    let mut open: Option<Section> = None;
    for line in text.split(|octet| matches!(octet, b'\n' | b'\r')).map(<[u8]>::trim_ascii) {
        match (&mut open, label(line, b"-----BEGIN ")) {
            (Some(section), Some(_)) => return Err(unended(&section.label)),
            (None, Some(label)) => {
                let letters = Zeroizing::new(Vec::new());
                open = Some(Section { label, letters, is_encrypted: false });
            }
            (Some(section), None) => match label(line, b"-----END ") {
                Some(_) if found.len() == SECTIONS_MAX => {
                    return Err(format!("more than {SECTIONS_MAX} certificates are in it"));
                }
                Some(_) => found.extend(open.take()),
                None if line.contains(&b':') => section.is_encrypted |= line.ends_with(b"ENCRYPTED"),
                None => section.letters.extend(line.iter().filter(|octet| !octet.is_ascii_whitespace())),
            },
            (None, None) => {}
        }
    }
    match open {
        Some(section) => Err(unended(&section.label)),
        None if found.is_empty() => other_than_pem(text).map_or(Ok(found), Err),
        None => Ok(found),
    }
}

fn label(line: &[u8], begin: &[u8]) -> Option<String> {
    let label = line.strip_prefix(begin)?.strip_suffix(b"-----")?;
    Some(String::from_utf8_lossy(label).chars().filter(char::is_ascii).take(40).collect())
}

fn unended(label: &str) -> String {
    format!("a section of it does not end (-----END {label}----- is missing)")
}

/// What a file is that holds no section of PEM, where that can be told.
fn other_than_pem(text: &[u8]) -> Option<String> {
    if text.first() != Some(&SEQUENCE) && text.iter().take(40).any(|octet| *octet == 0) {
        return Some("it is text in UTF-16, or no text: save it as UTF-8 or ASCII".to_owned());
    }
    let mut content = der::expect(&mut { text }, SEQUENCE)?.content;
    let first = der::take(&mut content)?;
    Some(match (first.tag, first.content) {
        (INTEGER, [3]) => "it is PKCS 12, not PEM: openssl pkcs12 -in FILE -nodes -out FILE.pem makes PEM of it",
        (INTEGER, _) => "it is a private key in DER, not in PEM: openssl pkey -inform DER -in FILE -out FILE.pem makes PEM of it",
        (der::OBJECT, _) => {
            "it is PKCS 7, not PEM: openssl pkcs7 -inform DER -in FILE -print_certs -out FILE.pem makes PEM of it"
        }
        _ => "it is DER, not PEM: openssl x509 -inform DER -in FILE -out FILE.pem makes PEM of it",
    }
    .to_owned())
}

/// The certificates of a text.
pub(super) fn certificates(sections: &[Section]) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    for section in sections.iter().filter(|section| section.is_certificate()) {
        let der = section.der()?;
        // What OpenSSL adds to one that it trusts stands behind it.
        let certificate = der::expect(&mut &der[..], SEQUENCE).map(|certificate| certificate.whole.to_vec());
        let number = found.len() + 1;
        found.push(certificate.ok_or_else(|| format!("certificate {number} in it is cut off or garbled"))?);
    }
    if found.is_empty() {
        return Err(format!("no certificate is in it{}", instead(sections)));
    }
    Ok(found)
}

fn instead(sections: &[Section]) -> &'static str {
    let has = |label: &str| sections.iter().any(|section| section.label.ends_with(label));
    if has("CERTIFICATE REQUEST") {
        ", only a request for one: it is what the authority has made of that"
    } else if has("PKCS7") {
        ", but PKCS 7: openssl pkcs7 -in FILE -print_certs -out FILE.pem takes them out"
    } else if has("PRIVATE KEY") {
        ", only a private key (PEM: -----BEGIN CERTIFICATE-----)"
    } else {
        " (PEM: -----BEGIN CERTIFICATE-----)"
    }
}

/// The sections of a text that hold private keys that can be read.
pub(super) fn keys(sections: &[Section]) -> Result<Vec<&Section>, String> {
    let of_keys: Vec<&Section> = sections.iter().filter(|section| section.is_key()).collect();
    let is_open = |section: &&&Section| {
        !section.is_encrypted && !section.label.starts_with("ENCRYPTED") && !section.label.starts_with("OPENSSH")
    };
    let open: Vec<&Section> = of_keys.iter().filter(is_open).copied().collect();
    let why = match of_keys.first() {
        _ if !open.is_empty() => return Ok(open),
        Some(section) if section.label.starts_with("OPENSSH") => {
            "its private key is in the form of OpenSSH: ssh-keygen -p -m PEM -f FILE makes PEM of it"
        }
        Some(_) => {
            "its private key is under a passphrase, which nobody is there to type: openssl pkey -in FILE -out FILE.pem \
             makes one without"
        }
        None if sections.iter().any(Section::is_certificate) => {
            "no private key is in it, only a certificate (PEM: -----BEGIN PRIVATE KEY-----)"
        }
        None => "no private key is in it (PEM: -----BEGIN PRIVATE KEY-----)",
    };
    Err(why.to_owned())
}
