//! Certificates and keys as files have them: PEM.

use super::config::{PROVIDER, certified};
use super::options::{Identity, Roots};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Most certificates that one text may hold: more than any system's store.
const CERTIFICATES_MAX: usize = 2000;

impl Roots {
    /// Reads the certificates of a PEM text, and says why not in words that follow a file's name.
    pub fn from_pem(text: &[u8]) -> Result<Roots, String> {
        let certificates = certificates(text)?;
        let mut store = rustls::RootCertStore::empty();
        for (number, certificate) in (1..).zip(&certificates) {
            store
                .add(CertificateDer::from_slice(certificate))
                .map_err(|why| format!("certificate {number} in it cannot be used: {why}"))?;
        }
        Ok(Roots(certificates.into()))
    }
}

impl Identity {
    /// Reads a certificate with the chain behind it, and its private key, which may be in the same text. The two must
    /// belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Identity, String> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|why| match why {
            pem::Error::NoItemsFound => {
                "no private key is in it that can be read (a key under a passphrase cannot)".to_owned()
            }
            why => words(&why),
        })?;
        let key = Zeroizing::new(key.secret_der().to_vec());
        let identity = Identity { chain: chain.into(), key: Arc::new(key) };
        certified(&identity, &PROVIDER)?;
        Ok(identity)
    }
}

fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate = certificate.map_err(|why| words(&why))?;
        if found.len() == CERTIFICATES_MAX {
            return Err(format!("more than {CERTIFICATES_MAX} certificates are in it"));
        }
        found.push(certificate.as_ref().to_vec());
    }
    if found.is_empty() {
        return Err("no certificate is in it (PEM: -----BEGIN CERTIFICATE-----)".to_owned());
    }
    Ok(found)
}

/// Never shows what stands in the text: it could be a key.
fn words(why: &pem::Error) -> String {
    match why {
        pem::Error::MissingSectionEnd { .. } => "a section of it does not end".to_owned(),
        pem::Error::Base64Decode(_) => "a section of it is not base64".to_owned(),
        _ => "it is no PEM text".to_owned(),
    }
}
