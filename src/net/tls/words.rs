//! What goes wrong in TLS, as a person wants to know it: never in the words of a program's source.

use super::certificate::printable;
use super::verify;
use crate::error::Hint;
use rustls::{
    AlertDescription, CertificateError, Error, InconsistentKeys, InvalidMessage, PeerIncompatible, PeerMisbehaved,
};
use std::fmt;

/// What an error says, in a handshake or after it. "The other side" may be a server or a client.
pub(super) fn words(why: &Error, in_handshake: bool) -> String {
    if let Some(words) = verify::words(why) {
        return words.to_owned();
    }
    match why {
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => "the other side's part of the TLS handshake is larger than 64 KiB, which is not taken".to_owned(),
        Error::InvalidMessage(_) if in_handshake => {
            "what came is not TLS: clear text, or garbled on the way (tls = implicit is for ports with TLS from the \
             first byte, mostly 465; on 587 and 25 it is tls = always)"
                .to_owned()
        }
        Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => {
            "what came is not TLS: clear text, or garbled on the way".to_owned()
        }
        Error::AlertReceived(alert) => alert_words(*alert),
        Error::PeerIncompatible(what) => incompatible(what),
        Error::PeerMisbehaved(PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported) => {
            "both sides know TLS 1.3, and somebody between them has it done with TLS 1.2: the connection is given up"
                .to_owned()
        }
        Error::PeerMisbehaved(how) => format!("the other side does not keep to the rules of TLS ({})", spaced(how)),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the other side does not keep to the rules of TLS (a message out of its order)".to_owned()
        }
        Error::DecryptError => "what came was changed on the way: it does not decrypt".to_owned(),
        Error::InvalidCertificate(why) => certificate_words(why),
        Error::NoCertificatesPresented => "the other side shows no certificate".to_owned(),
        Error::NoApplicationProtocol => "the other side wants to speak something else than SMTP".to_owned(),
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the private key is not the certificate's".to_owned(),
        Error::FailedToGetCurrentTime => "this system does not tell the time".to_owned(),
        Error::FailedToGetRandomBytes => "this system gives no random numbers".to_owned(),
        Error::General(text) => format!("TLS failed: {}", plain(text)),
        Error::Other(inner) => format!("TLS failed: {}", plain(&inner.to_string())),
        _ => "TLS failed inside this library: please report it".to_owned(),
    }
}

/// Whether the two sides only do not fit each other: old versions, other ciphers, something else than TLS. What a check
/// has found wrong, or looks as if somebody between had a hand in it, is none of these.
pub(super) fn is_lack(why: &Error) -> bool {
    match why {
        Error::InvalidCertificate(_) => verify::is_cannot(why),
        Error::PeerMisbehaved(
            PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported
            | PeerMisbehaved::HandshakeHashVariedAfterRetry
            | PeerMisbehaved::IncorrectBinder,
        )
        | Error::DecryptError
        | Error::EncryptError
        | Error::FailedToGetCurrentTime
        | Error::FailedToGetRandomBytes => false,
        _ => true,
    }
}

/// What tells an error from others, where their cures differ.
pub(super) fn hint(why: &Error, in_handshake: bool) -> Option<Hint> {
    if let Some(hint) = verify::hint(why) {
        return Some(hint);
    }
    match why {
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => None,
        Error::InvalidMessage(_) if in_handshake => Some(Hint::ClearWhereTls),
        Error::PeerIncompatible(_) => Some(Hint::NoCommonTls),
        Error::AlertReceived(alert) => match alert {
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity => Some(Hint::NoCommonTls),
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => Some(Hint::OwnCertificate),
            AlertDescription::UnrecognisedName => Some(Hint::CertificateName),
            _ => None,
        },
        Error::InvalidCertificate(_) => Some(Hint::Certificate),
        _ => None,
    }
}

fn incompatible(what: &PeerIncompatible) -> String {
    match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => {
            "no version in common: the other side knows TLS 1.0 or 1.1 only, which are broken; here are TLS 1.2 and 1.3"
                .to_owned()
        }
        PeerIncompatible::NoCipherSuitesInCommon => {
            "no cipher in common (here are those of TLS 1.2 and 1.3 with AES-GCM and ChaCha20)".to_owned()
        }
        PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NamedGroupsExtensionRequired
        | PeerIncompatible::KeyShareExtensionRequired => {
            "no way to agree on keys in common (here are X25519, P-256 and P-384)".to_owned()
        }
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
        | PeerIncompatible::SignatureAlgorithmsExtensionRequired => {
            "no kind of signature in common (here are RSA, P-256, P-384 and Ed25519)".to_owned()
        }
        other => format!("no version or cipher in common (TLS 1.2 and 1.3 here): {}", spaced(other)),
    }
}

/// What is wrong with a certificate, where nothing is known but that.
pub(super) fn certificate_words(why: &CertificateError) -> String {
    match why {
        CertificateError::BadEncoding => "the certificate, or one that it leads to, cannot be read".to_owned(),
        CertificateError::BadSignature => {
            "the signature of the handshake does not hold: the other side does not have the key of the certificate that \
             it shows, or what it sent was changed on the way"
                .to_owned()
        }
        CertificateError::UnhandledCriticalExtension => {
            "the certificate has an extension that is marked as critical and not known here".to_owned()
        }
        CertificateError::UnknownIssuer => "the certificate's issuer is not known".to_owned(),
        CertificateError::UnknownRevocationStatus => {
            "whether the certificate has been revoked could not be found out".to_owned()
        }
        CertificateError::Revoked => {
            "the certificate, or one that it leads to, has been revoked by its authority".to_owned()
        }
        CertificateError::Other(inner) => format!("the certificate cannot be used ({})", plain(&inner.0.to_string())),
        other => format!("the certificate cannot be used ({})", spaced(other)),
    }
}

fn alert_words(alert: AlertDescription) -> String {
    let name = match alert_name(alert) {
        Some(name) => format!("{name} ({})", u8::from(alert)),
        None => u8::from(alert).to_string(),
    };
    format!("the other side ended TLS with the alert {name}{}", advice(alert))
}

/// The names of RFC 8446 section 6 and of the older ones.
fn alert_name(alert: AlertDescription) -> Option<&'static str> {
    Some(match u8::from(alert) {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}

/// What an alert of the other side asks of people.
fn advice(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => ": it demands a certificate of this side (tls_certificate, tls_key)",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => {
            ": it does not accept this side's certificate (tls_certificate), or misses one"
        }
        AlertDescription::ProtocolVersion => ": no version in common (TLS 1.2 and 1.3 here)",
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            ": no version, cipher or kind of key in common (TLS 1.2 and 1.3 here; RSA, P-256, P-384, Ed25519)"
        }
        AlertDescription::UnrecognisedName => ": it does not answer to the name that was asked for (tls_name)",
        AlertDescription::InternalError => ": something is wrong there, perhaps only for now; its log says more",
        _ => "",
    }
}

/// What a verifier says: a sentence as it is, the name of a case in words.
pub(super) fn plain(text: &str) -> String {
    let is_name = text.starts_with(|c: char| c.is_ascii_uppercase()) && !text.contains(' ');
    if is_name { spaced_name(text) } else { printable(text) }
}

/// The name of a case in the words that it is made of: "selected unoffered cipher suite".
fn spaced(case: &impl fmt::Debug) -> String {
    spaced_name(&format!("{case:?}"))
}

fn spaced_name(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars().take_while(|letter| letter.is_ascii_alphanumeric()) {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
