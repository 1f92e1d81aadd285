//! Certificates of every kind: which are taken, and what is said of those that are not.

use crate::support::tls::{Authority, Behaviour, Certified, self_signed, self_signed_as};
use crate::*;
use helo::error::{Cause, Phase};
use helo::net::tls::{Identity, Pin};

/// The words of the error that `always` ends with.
fn words(certificate: &Certified, wanted: Tls) -> String {
    words_of(certificate.server(), wanted)
}

fn words_of(server: Arc<ServerConfig>, wanted: Tls) -> String {
    let (outcome, heard) = meet(Behaviour::good(server), settings(wanted, None));
    assert!(heard.encrypted.is_empty());
    outcome.unwrap_err().to_string()
}

#[test]
fn errors_say_what_was_expected_what_came_and_why_it_failed() {
    let always = || tls(TlsMode::Always);
    let text = words(&AUTHORITY.certificate(&["a.example", "*.b.example", "192.0.2.1"]), always());
    assert_says(&text, &["for another name", NAME, "a.example, *.b.example, 192.0.2.1", "CN=Test authority"]);
    let text = words(&AUTHORITY.expired(&[NAME]), always());
    assert_says(&text, &["the server's certificate has expired on 2002-02-02", NAME, "CN=a test server"]);
    let text = words(&self_signed(&[NAME]), always());
    assert_says(&text, &["self-signed", "tls_ca", "tls_pin = sha256:", NAME]);
    let text = words(&Authority::new("Nobody").certificate(&[NAME]), always());
    assert_says(&text, &["issuer, CN=Nobody, is not in", NAME]);
    let text = words(&AUTHORITY.certificate(&["mail.example.com\0.evil"]), always());
    assert_says(&text, &["is for mail.example.com\u{fffd}.evil"]);
    let system = Tls { roots: None, ..always() };
    assert_says(&words(&AUTHORITY.certificate(&[NAME]), system), &["this system's store", "CN=Test authority"]);
}

#[test]
fn errors_say_which_certificate_of_the_chain_failed() {
    let always = || tls(TlsMode::Always);
    let (between, shown) = AUTHORITY.below("Authority of a day", true);
    let text = words_of(between.certificate(&[NAME]).server_with_chain(vec![shown]), always());
    assert_says(&text, &["CN=Authority of a day in its chain has expired on 2002-02-02", NAME]);
    let (between, shown) = AUTHORITY.below("Authority below", false);
    let certificate = between.certificate(&[NAME]);
    assert_says(&words(&certificate, always()), &["issuer, CN=Authority below, is not in"]);
    let (outcome, _) = meet(Behaviour::good(certificate.server_with_chain(vec![shown])), settings(always(), None));
    outcome.unwrap();
    assert_says(&words(&AUTHORITY.for_clients(NAME), always()), &["not meant for servers", NAME]);
    // Signed by the key of another authority with the same name.
    let text = words(&Authority::new("Test authority").certificate(&[NAME]), always());
    assert_says(&text, &["CN=Test authority", NAME]);
}

#[test]
fn a_certificate_by_itself_is_called_so_whoever_else_has_its_name() {
    // The name of its subject stands in the store, with another key.
    let namesake = self_signed_as("Test authority", &[NAME]);
    let text = words(&namesake, tls(TlsMode::Always));
    assert_says(&text, &["self-signed and not in", "tls_ca", "tls_pin = sha256:", NAME]);
    // Named as its own authority it is taken.
    let roots = Some(Roots::from_pem(namesake.pem.as_bytes()).unwrap());
    let (outcome, _) = meet(Behaviour::good(namesake.server()), settings(Tls { roots, ..tls(TlsMode::Always) }, None));
    outcome.unwrap();
    // Not its own: signed by an authority of a name that is known, with another key.
    let text = words(&Authority::new("Test authority").certificate(&[NAME]), tls(TlsMode::Always));
    assert!(!text.contains("self-signed"), "{text}");
    assert_says(&text, &["another key than the authority"]);
}

#[test]
fn many_names_are_counted() {
    let names: Vec<String> = (0..50).map(|n| format!("h{n}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = words(&AUTHORITY.certificate(&names), tls(TlsMode::Always));
    assert_says(&text, &["h0.example, h1.example", "h19.example and 30 more"]);
}

#[test]
fn a_chain_beyond_all_measure_is_refused() {
    let (_, shown) = AUTHORITY.below("Authority below", false);
    // More than 64 KiB, which no handshake message is allowed to have.
    let text = words_of(AUTHORITY.certificate(&[NAME]).server_with_chain(vec![shown; 300]), tls(TlsMode::Always));
    assert_says(&text, &["TLS"]);
    // Long, and allowed: what is of no use in it is passed over.
    let (_, shown) = AUTHORITY.below("Authority below", false);
    let long = AUTHORITY.certificate(&[NAME]).server_with_chain(vec![shown; 90]);
    let (outcome, _) = meet(Behaviour::good(long), settings(tls(TlsMode::Always), None));
    outcome.unwrap();
}

#[test]
fn addresses_are_names_too() {
    let certificate = AUTHORITY.certificate(&["127.0.0.1"]);
    for name in [TlsName::Host, TlsName::Given("127.0.0.1".into())] {
        let wanted = Tls { name, ..tls(TlsMode::Always) };
        let (outcome, _) = meet(Behaviour::good(certificate.server()), settings(wanted, None));
        outcome.unwrap();
    }
    let other = Tls { name: TlsName::Given("127.0.0.2".into()), ..tls(TlsMode::Always) };
    assert_says(&words(&certificate, other), &["127.0.0.2", "is for 127.0.0.1"]);
}

#[test]
fn wildcards_stand_for_one_label() {
    let certificate = AUTHORITY.certificate(&["*.example.com"]);
    let outcome = |name: &str| {
        let wanted = Tls { name: TlsName::Given(name.into()), ..tls(TlsMode::Always) };
        meet(Behaviour::good(certificate.server()), settings(wanted, None)).0
    };
    assert!(outcome("MAIL.example.com.").is_ok());
    assert!(outcome("example.com").is_err());
    assert!(outcome("a.b.example.com").is_err());
}

#[test]
fn a_name_is_needed_before_anything_is_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for mode in [TlsMode::Always, TlsMode::Implicit] {
        let wanted = Tls { name: TlsName::Unknown, ..tls(mode) };
        let target = Target::Host { host: "127.0.0.1".into(), port };
        let error = Session::open(target, settings(wanted, None), Cancel::new(), &mut ()).err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::Policy));
        assert_says(&error.to_string(), &["tls_name"]);
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody connected");
}

#[test]
fn a_pin_is_checked_whatever_else_is() {
    let certificate = self_signed(&["whatever.example"]);
    let unverified = |pins| Tls { verify: Some(false), pins, ..tls(TlsMode::Always) };
    let other = Pin::parse(&format!("sha256:{}", "00".repeat(32))).unwrap();
    let text = words(&certificate, unverified(vec![other]));
    assert_says(&text, &["tls_pin", "it has sha256:", "whatever.example"]);
    let shown = text.split("it has ").nth(1).unwrap().split(';').next().unwrap();
    let right = Pin::parse(shown).unwrap();
    let (outcome, _) = meet(Behaviour::good(certificate.server()), settings(unverified(vec![other, right]), None));
    outcome.unwrap();
    // The right key is not enough where the name is verified as well.
    assert!(words(&certificate, Tls { pins: vec![right], ..tls(TlsMode::Always) }).contains("self-signed"));
}

#[test]
fn the_client_shows_its_certificate_when_it_has_one() {
    let own = AUTHORITY.certificate(&["client.example"]);
    let identity = Identity::from_pem(own.pem.as_bytes(), own.key.serialize_pem().as_bytes()).unwrap();
    let asking = AUTHORITY.certificate(&[NAME]).server_asking(&AUTHORITY);
    let with = Tls { identity: Some(identity), ..tls(TlsMode::Always) };
    let (outcome, heard) = meet(Behaviour::good(asking.clone()), settings(with, None));
    outcome.unwrap();
    assert!(heard.client_certificate);
    let (outcome, _) = meet(Behaviour::good(asking), settings(tls(TlsMode::Always), None));
    assert_says(&outcome.unwrap_err().to_string(), &["alert certificate_required", "tls_certificate"]);
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    let (one, other) = (AUTHORITY.certificate(&["a.example"]), AUTHORITY.certificate(&["a.example"]));
    let error = Identity::from_pem(one.pem.as_bytes(), other.key.serialize_pem().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the private key is not the certificate's");
}
