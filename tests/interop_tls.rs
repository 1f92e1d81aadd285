//! TLS with the real servers: its versions, chains of authorities, addresses as names, sessions that are resumed.
//! Hostile servers are in `tests/tls.rs`.
#![cfg(feature = "tls")]

mod support;

use helo::client::trace::{Observer, Watch};
use helo::client::{Session, Settings, Timeouts, Tls, TlsMode, TlsName};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::tls::Roots;
use helo::net::wait::Cancel;
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::dovecot::Dovecot;
use support::exim::Exim;
use support::postfix::Postfix;
use support::server::Certificates;
use support::wait;

/// Keeps what connections note about their encryption.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Watch for Notes {
    fn observer(&self, _: &str, _: u16) -> Option<Box<dyn Observer>> {
        Some(Box::new(self.clone()))
    }
}

impl Observer for Notes {
    fn sent(&mut self, _: &[u8]) {}
    fn received(&mut self, _: &[u8]) {}
    fn note(&mut self, text: &str) {
        if let Some(agreed) = text.strip_prefix("encrypted: ") {
            self.0.lock().expect("no other panics with it").push(agreed.to_owned());
        }
    }
}

fn trusting(authority: &Path) -> Option<Roots> {
    Some(Roots::from_pem(&std::fs::read(authority).expect("a file of the server's script")).expect("a certificate"))
}

/// Connects and leaves; what was agreed.
fn meet(port: u16, mode: TlsMode, name: TlsName, certificates: &Certificates) -> Result<String, Error> {
    let notes = Notes::default();
    let settings = Settings {
        helo_name: "me.example".into(),
        timeouts: Timeouts::all(wait::LONG),
        tls: Tls { mode, name, roots: trusting(&certificates.authority()), ..Tls::default() },
        watches: vec![Arc::new(notes.clone())],
        ..Settings::default()
    };
    let target = Target::Host { host: "127.0.0.1".into(), port };
    Session::open(target, settings, Cancel::new(), &mut ())?.quit(&mut ());
    let agreed = notes.0.lock().expect("no other panics with it").pop();
    Ok(agreed.expect("a note of what was agreed"))
}

fn localhost() -> TlsName {
    TlsName::Given("localhost".into())
}

#[test]
fn each_version_of_tls() {
    let Some(postfix) = Postfix::shared("TLS: versions") else { return };
    let certificates = postfix.certificates();
    for (port, version) in [(postfix.tls12_port(), "TLS 1.2, "), (postfix.tls13_port(), "TLS 1.3, ")] {
        let agreed = meet(port, TlsMode::Always, localhost(), &certificates).unwrap();
        assert!(agreed.starts_with(version), "expected {version}: {agreed}");
    }
}

#[test]
fn an_address_in_the_certificate_is_a_name() {
    let Some(postfix) = Postfix::shared("TLS: an address in the certificate") else { return };
    let certificates = postfix.certificates();
    meet(postfix.port(), TlsMode::Always, TlsName::Host, &certificates).unwrap();
    meet(postfix.tls_port(), TlsMode::Implicit, TlsName::Host, &certificates).unwrap();
    let other = TlsName::Given("127.0.0.2".into());
    let error = meet(postfix.port(), TlsMode::Always, other, &certificates).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::Tls));
    let words = error.to_string();
    for part in ["127.0.0.2", "localhost", "127.0.0.1"] {
        assert!(words.contains(part), "{words}");
    }
}

/// The mistake that servers make most: theirs signed by an authority that only another one vouches for, and not sent.
#[test]
fn a_chain_with_a_gap_is_not_trusted_and_the_words_say_who_is_missing() {
    let Some(postfix) = Postfix::shared("TLS: a gap in the chain") else { return };
    let certificates = postfix.certificates();
    let error = meet(postfix.leaf_port(), TlsMode::Always, localhost(), &certificates).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::Tls));
    let words = error.to_string();
    assert!(words.contains("An authority between"), "{words}");
    // Where nobody is verified nobody is missing.
    meet(postfix.leaf_port(), TlsMode::Optional, localhost(), &certificates).unwrap();
}

/// Dovecot is not among them: each of its login processes has a key of its own for what would be resumed.
#[test]
fn sessions_are_resumed() {
    let test = "TLS: resumption";
    let Some(postfix) = Postfix::own(test) else { return };
    let Some(exim) = Exim::start(test) else { return };
    // Sessions are kept by the name: two servers of one name would take each other's place.
    for (server, port, name, certificates) in [
        ("Postfix, TLS 1.3", postfix.tls13_port(), localhost(), postfix.certificates()),
        ("Postfix, TLS 1.2", postfix.tls12_port(), TlsName::Host, postfix.certificates()),
        ("Exim", exim.port(), localhost(), exim.certificates()),
    ] {
        let agreed = [(); 2].map(|()| meet(port, TlsMode::Always, name.clone(), &certificates).unwrap());
        let resumed = agreed.each_ref().map(|agreed| agreed.ends_with("session resumed"));
        assert_eq!(resumed, [false, true], "{server}: {agreed:?}");
    }
}

#[test]
fn a_server_that_breaks_at_resumption_is_met_without_it_from_then_on() {
    let test = "TLS: a server that breaks at resumption";
    let Some(postfix) = Postfix::shared(test) else { return };
    let Some(dovecot) = Dovecot::start_busy(test, postfix.address()) else { return };
    let certificates = dovecot.certificates();
    let met = [(); 8].map(|()| meet(dovecot.port(), TlsMode::Always, localhost(), &certificates));
    let broken = met.iter().filter(|met| met.is_err()).count();
    assert!(broken <= 1 && met[2..].iter().all(Result::is_ok), "{met:?}");
}
