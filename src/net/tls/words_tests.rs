use super::*;
use rustls::{CertRevocationListError, ContentType, HandshakeType, OtherError};
use std::sync::Arc;

/// No word of a program's source: no name in the manner of Rust, no brackets and quotes around its fields.
#[track_caller]
fn assert_plain(text: &str) {
    let strange = text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        let mut letters = word.chars().zip(word.chars().skip(1));
        !["ChaCha20", "KiB"].contains(word)
            && letters.any(|(one, next)| one.is_ascii_lowercase() && next.is_ascii_uppercase())
    });
    assert!(strange.is_none(), "{strange:?} in: {text}");
    assert!(!text.contains(['{', '}', '"', '[']) && text.len() > 10, "{text}");
}

/// Each kind of error, whether it is a lack, and words that must be in it.
fn table() -> Vec<(Error, bool, &'static str)> {
    use CertificateError as C;
    use InvalidMessage as M;
    use PeerIncompatible as I;
    use PeerMisbehaved as P;
    vec![
        (Error::InvalidMessage(M::InvalidContentType), true, "not TLS"),
        (Error::InvalidMessage(M::MissingData("ServerHello")), true, "not TLS"),
        (Error::InvalidMessage(M::HandshakePayloadTooLarge), true, "larger than 64 KiB"),
        (Error::InvalidMessage(M::CertificatePayloadTooLarge), true, "larger than 64 KiB"),
        (Error::PeerSentOversizedRecord, true, "not TLS"),
        (Error::AlertReceived(AlertDescription::HandshakeFailure), true, "alert handshake_failure (40): no version"),
        (Error::AlertReceived(AlertDescription::ProtocolVersion), true, "alert protocol_version (70): no version"),
        (Error::AlertReceived(AlertDescription::CertificateRequired), true, "tls_certificate, tls_key"),
        (Error::AlertReceived(AlertDescription::UnrecognisedName), true, "unrecognized_name (112): it does not"),
        (Error::AlertReceived(AlertDescription::Unknown(99)), true, "alert 99"),
        (Error::PeerIncompatible(I::ServerDoesNotSupportTls12Or13), true, "TLS 1.0 or 1.1 only"),
        (Error::PeerIncompatible(I::NoCipherSuitesInCommon), true, "no cipher in common"),
        (Error::PeerIncompatible(I::NoKxGroupsInCommon), true, "X25519"),
        (Error::PeerIncompatible(I::NoSignatureSchemesInCommon), true, "Ed25519"),
        (Error::PeerIncompatible(I::NullCompressionRequired), true, "null compression required"),
        (Error::PeerIncompatible(I::ServerRejectedEncryptedClientHello(None)), true, "encrypted client hello"),
        (Error::PeerMisbehaved(P::SelectedUnofferedCipherSuite), true, "selected unoffered cipher suite"),
        (Error::PeerMisbehaved(P::TooManyKeyUpdateRequests), true, "too many key update requests"),
        (Error::PeerMisbehaved(P::AttemptedDowngradeToTls12WhenTls13IsSupported), false, "TLS 1.2"),
        (Error::PeerMisbehaved(P::IncorrectBinder), false, "incorrect binder"),
        (
            Error::InappropriateMessage { expect_types: vec![ContentType::Alert], got_type: ContentType::Handshake },
            true,
            "out of its order",
        ),
        (
            Error::InappropriateHandshakeMessage {
                expect_types: vec![HandshakeType::ServerHello],
                got_type: HandshakeType::Finished,
            },
            true,
            "out of its order",
        ),
        (Error::DecryptError, false, "does not decrypt"),
        (Error::EncryptError, false, "report it"),
        (Error::NoCertificatesPresented, true, "no certificate"),
        (Error::NoApplicationProtocol, true, "something else"),
        (Error::InvalidCertificate(C::BadSignature), false, "signature of the handshake"),
        (Error::InvalidCertificate(C::BadEncoding), false, "cannot be read"),
        (Error::InvalidCertificate(C::UnhandledCriticalExtension), false, "critical"),
        (Error::InvalidCertificate(C::Revoked), false, "revoked"),
        (Error::InvalidCertificate(C::UnknownRevocationStatus), false, "could not be found out"),
        (Error::InvalidCertificate(C::ApplicationVerificationFailure), false, "application verification failure"),
        (Error::InvalidCertificate(C::InvalidOcspResponse), false, "invalid ocsp response"),
        (Error::InvalidCertificate(C::Other(other("MaximumPathDepthExceeded"))), false, "maximum path depth exceeded"),
        (Error::InvalidCertificate(C::Other(other("the chain is odd"))), false, "the chain is odd"),
        (verify::cannot("a kind that is not known"), true, "a kind that is not known"),
        (verify::bad_signature(), false, "does not hold"),
        (Error::InvalidCertRevocationList(CertRevocationListError::BadSignature), true, "report it"),
        (Error::InconsistentKeys(InconsistentKeys::KeyMismatch), true, "is not the certificate's"),
        (Error::FailedToGetCurrentTime, false, "time"),
        (Error::FailedToGetRandomBytes, false, "random"),
        (Error::General("signing failed".into()), true, "signing failed"),
        (Error::Other(other("a provider's own trouble")), true, "a provider's own trouble"),
        (Error::BadMaxFragmentSize, true, "report it"),
    ]
}

fn other(text: &'static str) -> OtherError {
    OtherError(Arc::new(std::io::Error::other(text)))
}

#[test]
fn every_error_is_said_in_plain_words_and_told_apart() {
    for (why, lack, expected) in table() {
        for in_handshake in [true, false] {
            let text = words(&why, in_handshake);
            assert!(text.contains(expected), "{why:?}: {text}");
            assert_plain(&text);
        }
        assert_eq!(is_lack(&why), lack, "{why:?}");
    }
}

#[test]
fn every_alert_has_its_name_and_number() {
    let mut named = 0;
    for number in 0..=255u8 {
        let text = words(&Error::AlertReceived(AlertDescription::from(number)), true);
        assert!(text.contains(&number.to_string()), "{text}");
        assert_plain(&text);
        // Those that are known to TLS have a name.
        let is_known = !matches!(AlertDescription::from(number), AlertDescription::Unknown(_));
        assert_eq!(alert_name(AlertDescription::from(number)).is_some(), is_known, "{number}");
        named += u32::from(is_known);
    }
    assert!(named > 30);
}
