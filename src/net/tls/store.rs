//! The system's store of trusted certificates, and what the environment may say about it.

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether verifying by the system's store may wait for others, as that of Windows does for lists of what is revoked.
pub(super) const MAY_WAIT: bool = places::MAY_WAIT;

static DISTRUSTED: AtomicBool = AtomicBool::new(false);

/// From now on the environment does not say whom to trust: `SSL_CERT_FILE` and `SSL_CERT_DIR`, which name a store in
/// place of the system's, are ignored. For a process that has more rights than its user.
pub fn distrust_environment() {
    DISTRUSTED.store(true, Ordering::Relaxed);
}

/// Verifies by the system's store; the error says in words why that cannot be.
pub(super) fn system(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    if DISTRUSTED.load(Ordering::Relaxed)
        && let Some(verifier) = places::verifier(provider)
    {
        return verifier;
    }
    match rustls_platform_verifier::Verifier::new(provider.clone()) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(why) => Err(places::lacking(&why)),
    }
}

/// Where the store is files in places that are known, which the environment may say otherwise.
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
mod places {
    use super::*;
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};

    /// Files are all that it takes, and those have been read.
    pub(super) const MAY_WAIT: bool = false;

    /// Verifies by what is in the system's own places.
    pub(super) fn verifier(provider: &Arc<CryptoProvider>) -> Option<Result<Arc<dyn ServerCertVerifier>, String>> {
        let mut found = CertificateResult::default();
        for folder in openssl_probe::candidate_cert_dirs() {
            let here = load_certs_from_paths(None, Some(folder));
            found.certs.extend(here.certs);
            found.errors.extend(here.errors);
        }
        let mut store = RootCertStore::empty();
        let (added, _) = store.add_parsable_certificates(found.certs.drain(..));
        if added == 0 {
            return Some(Err(words(&found)));
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(store.into(), provider.clone()).build();
        Some(verifier.map(|verifier| verifier as _).map_err(|why| why.to_string()))
    }

    /// Why nothing was found. The verifier of the platform does not say which file it could not read, so it is asked
    /// for once more.
    pub(super) fn lacking(_: &rustls::Error) -> String {
        words(&load_native_certs())
    }

    fn words(found: &CertificateResult) -> String {
        let why = match found.errors.first() {
            Some(error) => format!(" ({error})"),
            None => String::new(),
        };
        format!(
            "this system has no certificates of authorities to trust{why}: install them (the package is mostly called \
             ca-certificates), or name the authority's with tls_ca"
        )
    }
}

/// Where the store is the system's own business.
#[cfg(not(all(unix, not(target_vendor = "apple"), not(target_os = "android"))))]
mod places {
    use super::*;

    pub(super) const MAY_WAIT: bool = true;

    /// The environment has no say.
    pub(super) fn verifier(_: &Arc<CryptoProvider>) -> Option<Result<Arc<dyn ServerCertVerifier>, String>> {
        None
    }

    pub(super) fn lacking(why: &rustls::Error) -> String {
        format!("the system's store of trusted certificates cannot be used: {why}; tls_ca names another")
    }
}
