//! Certificates of every kind where nothing is verified: any will do whose key signs the handshake, and pins read it.

use crate::support::peer::{self, Peer, certificate, version_one};
use crate::support::temp::TempDir;
use crate::support::tls::Behaviour;
use crate::*;
use helo::net::tls::Pin;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::path::{Path, PathBuf};

/// Each makes a certificate by itself, with its key in the same file.
const ODD: &[(&str, fn(&TempDir) -> PathBuf)] = &[
    ("version 1, RSA 1024", |folder| version_one(folder, "-newkey rsa:1024")),
    ("version 1, P-256", |folder| version_one(folder, "-newkey ec -pkeyopt ec_paramgen_curve:P-256")),
    ("version 1, Ed25519", |folder| version_one(folder, "-newkey ed25519")),
    ("RSA 1024 signed with SHA-1", |folder| certificate(folder, "-newkey rsa:1024 -sha1 -subj /CN=a")),
    ("RSA 768", |folder| certificate(folder, "-newkey rsa:768 -subj /CN=a")),
    ("RSA 2048 signed with MD5", |folder| certificate(folder, "-newkey rsa:2048 -md5 -subj /CN=a")),
    ("P-384 with an empty subject", |folder| {
        certificate(folder, "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -subj / -addext subjectAltName=DNS:x")
    }),
    ("a critical extension that nobody knows", |folder| {
        certificate(folder, "-newkey rsa:2048 -subj /CN=a -addext 1.2.3.4=critical,DER:0500")
    }),
    ("names that are none", |folder| {
        certificate(folder, "-newkey ed25519 -subj /CN=a -addext 2.5.29.17=DER:3005820380ffff")
    }),
    ("a serial number of 40 octets", |folder| {
        let serial = "77".repeat(40);
        certificate(folder, &format!("-newkey ed25519 -subj /CN=a -set_serial 0x{serial}"))
    }),
    ("for clients only", |folder| {
        certificate(folder, "-newkey ed25519 -subj /CN=a -addext extendedKeyUsage=clientAuth")
    }),
    ("with the exponent 3", |folder| certificate(folder, "-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3 -subj /CN=a")),
];

/// The same settings against this server; the session is left in order.
fn meet_peer(peer: &Peer, wanted: Tls, auth: Option<AuthPlan>) -> Result<(), Error> {
    let target = Target::Host { host: "127.0.0.1".into(), port: peer.port };
    Session::open(target, settings(wanted, auth), Cancel::new(), &mut ()).map(|session| session.quit(&mut ()))
}

#[test]
fn any_certificate_will_do_where_nothing_is_verified() {
    if !peer::have("any_certificate_will_do_where_nothing_is_verified") {
        return;
    }
    for (name, make) in ODD {
        let folder = TempDir::new();
        let file = make(&folder);
        let pin = Pin::parse(&peer::pin(&folder)).unwrap();
        let wrong = Pin::parse(&format!("sha256:{}", "11".repeat(32))).unwrap();
        for version in ["tls12", "tls13"] {
            let case = format!("{name}, {version}");
            let mut server = Peer::start(&file, &[version]);
            let unverified = |pins| Tls { verify: Some(false), pins, ..tls(TlsMode::Always) };
            meet_peer(&server, tls(TlsMode::Optional), None).unwrap_or_else(|error| panic!("{case}: {error}"));
            meet_peer(&server, unverified(vec![]), Some(login(Owner::Site))).unwrap_or_else(|e| panic!("{case}: {e}"));
            meet_peer(&server, unverified(vec![wrong, pin]), None).unwrap_or_else(|error| panic!("{case}: {error}"));
            let error = meet_peer(&server, unverified(vec![wrong]), None).unwrap_err().to_string();
            assert_says(&error, &["tls_pin", &format!("it has {}", peer::pin(&folder))]);
            assert_plain(&error);
            let pinned = Tls { pins: vec![wrong], ..tls(TlsMode::Optional) };
            assert_says(&meet_peer(&server, pinned, None).unwrap_err().to_string(), &["tls_pin"]);
            // Where it is to be verified it is refused, with words.
            let error = meet_peer(&server, tls(TlsMode::Always), None).unwrap_err().to_string();
            assert_plain(&error);
            let heard = server.heard(6);
            for (number, heard) in heard.iter().enumerate() {
                assert_eq!(heard.clear, ["EHLO me.example", "STARTTLS"], "{case}, connection {number}");
                let encrypted = heard.tls.first().is_some_and(|line| line == "EHLO me.example");
                assert_eq!(encrypted, number < 3, "{case}, connection {number}: {heard:?}");
            }
        }
    }
}

#[test]
fn expired_and_for_another_name_will_do_too() {
    for certificate in [AUTHORITY.expired(&["other.example"]), AUTHORITY.for_clients("other.example")] {
        let (outcome, heard) = meet(Behaviour::good(certificate.server()), settings(tls(TlsMode::Optional), None));
        outcome.unwrap();
        assert_eq!(heard.encrypted, ["EHLO me.example", "QUIT"]);
    }
}

/// A server that shows one certificate and signs with the key of another.
fn impostor(shown: &Path, signs: &Path) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_file(signs).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let certified = CertifiedKey::new(vec![CertificateDer::from_pem_file(shown).unwrap()], key);
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    Arc::new(config)
}

#[test]
fn whoever_does_not_have_the_key_is_refused_and_nothing_follows_in_the_clear() {
    if !peer::have("whoever_does_not_have_the_key_is_refused_and_nothing_follows_in_the_clear") {
        return;
    }
    let (own, other, short) = (TempDir::new(), TempDir::new(), TempDir::new());
    let words = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
    let (own_file, other_file) = (version_one(&own, words), version_one(&other, words));
    let short_file = version_one(&short, "-newkey rsa:1024");
    let pin = Pin::parse(&peer::pin(&own)).unwrap();
    for (shown, pins) in [(&own_file, vec![]), (&own_file, vec![pin]), (&short_file, vec![])] {
        // One connection is taken: another would find nobody.
        let wanted = Tls { pins, ..tls(TlsMode::Optional) };
        let (outcome, heard) = meet(Behaviour::good(impostor(shown, &other_file)), settings(wanted, None));
        let error = outcome.unwrap_err().to_string();
        assert_says(&error, &["signature of the handshake does not hold"]);
        assert_eq!(heard.clear, ["EHLO me.example", "STARTTLS"]);
        assert!(heard.encrypted.is_empty());
    }
}

/// No word of a program's source is in it: no name in the manner of Rust, no brackets of its own.
#[track_caller]
pub fn assert_plain(text: &str) {
    let strange = text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        let mut letters = word.chars().zip(word.chars().skip(1));
        letters.any(|(one, next)| one.is_ascii_lowercase() && next.is_ascii_uppercase())
    });
    assert!(strange.is_none(), "{strange:?} in: {text}");
    for mark in ["Some(", "Error(", " {", "\\u{", "\"), "] {
        assert!(!text.contains(mark), "{mark} in: {text}");
    }
}
