//! Whether the server is who it should be; and if not, why, in words.

use super::certificate::{self, Facts};
use super::der::Parts;
use super::key;
use super::options::{Options, Pin};
use super::store;
use super::words::{self, certificate_words, plain};
use crate::error::Hint;
use core::fmt;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Certificates of a chain that are looked at for an error text.
const SHOWN: usize = 5;

/// Verifies what the options ask for. The signature of the handshake is always verified: the server has the key of the
/// certificate that it shows. Where that and perhaps a pin are all that is asked, the certificate may be any.
#[derive(Debug)]
pub(super) struct Verifier {
    /// The chain and the name; `None`: nobody's is asked for.
    chain: Option<Arc<dyn ServerCertVerifier>>,
    /// Where the trusted ones come from, for error texts.
    trusted: &'static str,
    pins: Vec<Pin>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Why a certificate was not accepted, as a person wants to know it.
#[derive(Debug)]
struct NotAccepted {
    words: String,
    /// It is not that something was found wrong: it could not be looked at.
    cannot: bool,
    hint: Hint,
}

impl fmt::Display for NotAccepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for NotAccepted {}

fn given(error: &Error) -> Option<&NotAccepted> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => inner.downcast_ref(),
        _ => None,
    }
}

/// The words of an error that this verifier gave.
pub(super) fn words(error: &Error) -> Option<&str> {
    given(error).map(|given| given.words.as_str())
}

/// Whether an error is that the certificate's key could not be used here.
pub(super) fn is_cannot(error: &Error) -> bool {
    given(error).is_some_and(|given| given.cannot)
}

/// What tells an error that this verifier gave from others.
pub(super) fn hint(error: &Error) -> Option<Hint> {
    given(error).map(|given| given.hint)
}

/// A certificate's key, or what was signed by it, is of a kind that is not known here.
pub(super) fn cannot(words: &str) -> Error {
    error(NotAccepted { words: words.to_owned(), cannot: true, hint: Hint::Certificate })
}

/// The handshake was signed by somebody else.
pub(super) fn bad_signature() -> Error {
    Error::InvalidCertificate(CertificateError::BadSignature)
}

fn not_accepted(hint: Hint, words: String) -> Error {
    error(NotAccepted { words, cannot: false, hint })
}

fn hint_of(why: &CertificateError, self_signed: bool) -> Hint {
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Hint::CertificateName,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Hint::CertificateTime,
        CertificateError::UnknownIssuer | CertificateError::BadSignature if !self_signed => Hint::CertificateIssuer,
        _ if self_signed => Hint::SelfSigned,
        _ => Hint::Certificate,
    }
}

fn error(why: NotAccepted) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

impl Verifier {
    pub(super) fn new(options: &Options, provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
        let (chain, trusted): (Option<Arc<dyn ServerCertVerifier>>, _) = match &options.roots {
            _ if !options.verify => (None, ""),
            Some(roots) => {
                let mut store = RootCertStore::empty();
                for root in roots.0.iter() {
                    store.add(CertificateDer::from_slice(root)).map_err(|why| words::words(&why, false))?;
                }
                let own = WebPkiServerVerifier::builder_with_provider(store.into(), provider.clone());
                (
                    Some(own.build().map_err(|_| "no certificate of an authority is in it".to_owned())?),
                    "the site's own list (tls_ca)",
                )
            }
            None => (Some(store::system(provider)?), "this system's store"),
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Verifier { chain, trusted, pins: options.pins.clone(), algorithms })
    }

    /// Why a certificate was not accepted: what is wrong with which one, the name expected, the names it has.
    fn explain(&self, why: &Error, shown: &Shown<'_>) -> Error {
        let Error::InvalidCertificate(why) = why else { return why.clone() };
        let self_signed = certificate::is_self_signed(shown.end_entity);
        let reason = match why {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name".to_owned()
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => shown.out_of_time(),
            CertificateError::Other(OtherError(inner)) if inner.to_string().contains("CaUsedAsEndEntity") => {
                let kind = if self_signed { "is self-signed and" } else { "is" };
                format!(
                    "the certificate {kind} that of an authority, not of a server; to trust this server all the same, {}",
                    pin_advice(shown.end_entity)
                )
            }
            CertificateError::Other(OtherError(inner)) if inner.to_string().contains("UnsupportedCertVersion") => {
                format!(
                    "the certificate, or one that it leads to, is of version 1, which says too little to be verified; to \
                     trust this server all the same, {}",
                    pin_advice(shown.end_entity)
                )
            }
            // Whatever it was held against: a certificate of the same name in the store, for one, whose key is another.
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
                if self_signed =>
            {
                self.strange(&format!("the certificate is self-signed and not in {}", self.trusted), shown)
            }
            CertificateError::UnknownIssuer => self.strange(&self.unknown_issuer(shown), shown),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "the certificate, or one that it leads to, is not meant for servers".to_owned()
            }
            CertificateError::BadSignature => "the signature of the certificate, or of one that it leads to, does not \
                                               hold: its issuer has another key than the authority of that name that \
                                               is trusted here"
                .to_owned(),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                "the signature of the certificate, or of one that it leads to, is of a kind that is not trusted any more"
                    .to_owned()
            }
            CertificateError::Other(OtherError(inner)) => {
                let said = crate::net::sys::reworded(&inner.to_string());
                format!("the certificate, or one that it leads to, cannot be used ({})", plain(&said))
            }
            other => certificate_words(other),
        };
        not_accepted(hint_of(why, self_signed), format!("{reason}; {}", shown.names()))
    }

    fn unknown_issuer(&self, shown: &Shown<'_>) -> String {
        let last = shown.intermediates.last().unwrap_or(shown.end_entity);
        match Facts::of(last) {
            Some(facts) => format!("the certificate's issuer, {}, is not in {}", facts.issuer, self.trusted),
            None => format!("the certificate's issuer is not in {}", self.trusted),
        }
    }

    fn strange(&self, what: &str, shown: &Shown<'_>) -> String {
        let pin = pin_advice(shown.end_entity);
        format!("{what}; if it is the right one, name its authority's certificate with tls_ca, or {pin}")
    }

    fn check_pins(&self, end_entity: &CertificateDer<'_>, shown: &Shown<'_>) -> Result<(), Error> {
        if self.pins.is_empty() {
            return Ok(());
        }
        match pin_of(end_entity) {
            Some(pin) if self.pins.contains(&pin) => Ok(()),
            Some(pin) => {
                let words = "the server's key is another than the one demanded (tls_pin); it has";
                Err(not_accepted(Hint::CertificatePin, format!("{words} {pin}; {}", shown.names())))
            }
            None => {
                let words = "the certificate cannot be read, so its key is not known";
                Err(not_accepted(Hint::Certificate, format!("{words}; {}", shown.names())))
            }
        }
    }
}

/// A certificate in words, whether it is accepted or not.
pub(super) fn in_words(certificate: &CertificateDer<'_>) -> String {
    let Some(facts) = Facts::of(certificate) else { return "a certificate that cannot be read".to_owned() };
    let mut words = match facts.names.as_slice() {
        [] => format!("of {}", facts.subject),
        names => format!("for {}", names.join(", ")),
    };
    if facts.more_names > 0 {
        words.push_str(&format!(" and {} more", facts.more_names));
    }
    let issuer = if facts.is_self_signed() { "itself" } else { &facts.issuer };
    words.push_str(&format!("; issued by {issuer}; until {}", facts.not_after.1));
    if let Some(pin) = pin_of(certificate) {
        words.push_str(&format!("; key {pin}"));
    }
    words
}

fn pin_of(certificate: &CertificateDer<'_>) -> Option<Pin> {
    Some(Pin(Sha256::digest(Parts::of(certificate)?.key.info).into()))
}

fn pin_advice(certificate: &CertificateDer<'_>) -> String {
    match pin_of(certificate) {
        Some(pin) => format!("set tls_verify = no and tls_pin = {pin}"),
        None => "set tls_verify = no".to_owned(),
    }
}

/// What the server showed, and what was expected of it.
struct Shown<'a> {
    end_entity: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    expected: &'a ServerName<'a>,
    now: UnixTime,
}

impl Shown<'_> {
    /// "expected was mail.example; the certificate (CN=x, issued by CN=y) is for a.example, b.example"
    fn names(&self) -> String {
        let expected = self.expected.to_str();
        match Facts::of(self.end_entity) {
            None => format!("expected was the name {expected}; the certificate cannot be read"),
            Some(facts) => {
                let mut names = if facts.names.is_empty() { "no name".to_owned() } else { facts.names.join(", ") };
                if facts.more_names > 0 {
                    names = format!("{names} and {} more", facts.more_names);
                }
                let (subject, issuer) = (facts.subject, facts.issuer);
                format!(
                    "expected was the name {expected}; the certificate ({subject}, issued by {issuer}) is for {names}"
                )
            }
        }
    }

    /// Which certificate of the chain is not in its time.
    fn out_of_time(&self) -> String {
        let now = self.now.as_secs();
        let chain = core::iter::once(self.end_entity).chain(self.intermediates).take(SHOWN);
        for (at, facts) in chain.filter_map(|der| Facts::of(der)).enumerate() {
            let which = if at == 0 {
                "the server's certificate".to_owned()
            } else {
                format!("the certificate of {} in its chain", facts.subject)
            };
            if now > facts.not_after.0 {
                return format!("{which} has expired on {}", facts.not_after.1);
            }
            if now < facts.not_before.0 {
                return format!("{which} holds only from {} on (is this machine's clock right?)", facts.not_before.1);
            }
        }
        "a certificate that the server's leads to is not in its time".to_owned()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Shown { end_entity, intermediates, expected: server_name, now };
        self.check_pins(end_entity, &shown)?;
        if let Some(chain) = &self.chain {
            chain
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map_err(|why| self.explain(&why, &shown))?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.chain {
            Some(_) => verify_tls12_signature(message, cert, signature, &self.algorithms),
            None => key::verify(message, cert, signature, &self.algorithms, false),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.chain {
            Some(_) => verify_tls13_signature(message, cert, signature, &self.algorithms),
            None => key::verify(message, cert, signature, &self.algorithms, true),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
