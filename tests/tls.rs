//! TLS as a client uses it: the modes against what servers do, with the wire read for what must not be on it; hostile
//! servers; certificates of every kind.
#![cfg(feature = "tls")]

mod support;

use helo::client::{AuthPlan, Owner, Session, Settings, Timeouts, Tls, TlsMode, TlsName};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::tls::{Identity, Pin, Roots};
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{Command, Verb};
use helo::sasl::{Credentials, Secret};
use rustls::ServerConfig;
use std::sync::{Arc, LazyLock};
use support::tls::{Authority, Behaviour, Certified, Heard, MessageEnd, PATIENCE, TlsServer, self_signed};

const NAME: &str = "mail.example.com";
const PASSWORD: &str = "wonderland";
/// `\0alice\0wonderland` as AUTH PLAIN sends it.
const RESPONSE: &str = "AGFsaWNlAHdvbmRlcmxhbmQ=";

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test authority"));
static GOOD: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| AUTHORITY.certificate(&[NAME]).server());

fn roots() -> Option<Roots> {
    Some(Roots::from_pem(AUTHORITY.pem.as_bytes()).unwrap())
}

/// A mode, with the tests' authority trusted and the tests' name expected.
fn tls(mode: TlsMode) -> Tls {
    Tls { mode, name: TlsName::Given(NAME.into()), roots: roots(), ..Tls::default() }
}

fn login(owner: Owner) -> AuthPlan {
    let credentials = Credentials::new("alice", Secret::new(PASSWORD.into()));
    AuthPlan::new(credentials, owner)
}

fn settings(tls: Tls, auth: Option<AuthPlan>) -> Settings {
    Settings { helo_name: "me.example".into(), timeouts: Timeouts::all(PATIENCE), tls, auth, ..Settings::default() }
}

/// Opens a session and says QUIT; what came of it, and what the server heard.
fn meet(behaviour: Behaviour, settings: Settings) -> (Result<(), Error>, Heard) {
    let server = TlsServer::start(behaviour, 1);
    let target = Target::Host { host: server.address.ip().to_string(), port: server.address.port() };
    let outcome = Session::open(target, settings, Cancel::new(), &mut ()).map(|session| session.quit(&mut ()));
    (outcome, server.finish().pop().unwrap())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Nothing of a login, nor of an envelope, is on the wire.
#[track_caller]
fn assert_nothing_leaked(heard: &Heard, case: &str) {
    for text in [PASSWORD, RESPONSE, &RESPONSE[4..20], "AUTH", "MAIL", "alice"] {
        assert!(!holds(&heard.wire, text), "{case}: {text:?} was on the wire: {heard:?}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// Open, the login went in the clear.
    Clear,
    /// Open, the login went encrypted.
    Encrypted,
    /// An error.
    Fails(Phase, Cause),
}
use Outcome::{Clear, Encrypted, Fails};

const NO_TLS: Outcome = Fails(Phase::Tls, Cause::Tls);
const NO_LOGIN: Outcome = Fails(Phase::Auth, Cause::Policy);
const REFUSED: Outcome = Fails(Phase::Tls, Cause::Refused);
const ATTACK: Outcome = Fails(Phase::Tls, Cause::Protocol);

/// Mode by server. The login is the program's own.
#[test]
fn what_each_mode_does_with_each_server() {
    let good = Behaviour::good(GOOD.clone());
    let answering = |answer| Behaviour { answer, handshake: false, ..good.clone() };
    let showing = |certificate: Certified| Behaviour::good(certificate.server());
    let implicit = Behaviour { implicit: true, ..good.clone() };
    let table: &[(&str, Behaviour, [Outcome; 3])] = &[
        // The server                                                    never     optional   always
        ("offers no TLS", Behaviour { offers: false, ..good.clone() }, [NO_LOGIN, Clear, NO_TLS]),
        ("offers STARTTLS", good.clone(), [NO_LOGIN, Encrypted, Encrypted]),
        ("answers 454", answering(b"454 not now\r\n"), [NO_LOGIN, NO_LOGIN, REFUSED]),
        ("answers 502", answering(b"502 what?\r\n"), [NO_LOGIN, NO_LOGIN, REFUSED]),
        ("answers 421", answering(b"421 closing\r\n"), [NO_LOGIN, REFUSED, REFUSED]),
        ("answers 250", answering(b"250 ok\r\n"), [NO_LOGIN, ATTACK, ATTACK]),
        ("answers 334", answering(b"334 hm\r\n"), [NO_LOGIN, ATTACK, ATTACK]),
        ("injects a reply", answering(b"220 ok\r\n250-x\r\n250 AUTH PLAIN\r\n"), [NO_LOGIN, ATTACK, ATTACK]),
        ("injects part of one", answering(b"220 ok\r\n250-x"), [NO_LOGIN, ATTACK, ATTACK]),
        (
            "injects a reply and goes on with TLS",
            Behaviour { answer: b"220 ok\r\n250 x\r\n", ..good.clone() },
            [NO_LOGIN, ATTACK, ATTACK],
        ),
        (
            "has a certificate for another name",
            showing(AUTHORITY.certificate(&["other.example"])),
            [NO_LOGIN, Encrypted, NO_TLS],
        ),
        ("has one that expired", showing(AUTHORITY.expired(&[NAME])), [NO_LOGIN, Encrypted, NO_TLS]),
        ("has a self-signed one", showing(self_signed(&[NAME])), [NO_LOGIN, Encrypted, NO_TLS]),
        (
            "has one of a name with NUL",
            showing(AUTHORITY.certificate(&["mail.example.com\0.evil.example"])),
            [NO_LOGIN, Encrypted, NO_TLS],
        ),
        ("has one of no name", showing(AUTHORITY.certificate(&[])), [NO_LOGIN, Encrypted, NO_TLS]),
        (
            "has TLS 1.2 only",
            Behaviour::good(AUTHORITY.certificate(&[NAME]).server_tls12()),
            [NO_LOGIN, Encrypted, Encrypted],
        ),
    ];
    for (name, behaviour, outcomes) in table {
        for (mode, expected) in [TlsMode::Never, TlsMode::Optional, TlsMode::Always].into_iter().zip(outcomes) {
            check(&format!("{mode:?}, the server {name}"), behaviour, mode, *expected);
        }
    }
    for (name, behaviour, expected) in [
        ("has TLS from the first byte", implicit.clone(), Encrypted),
        ("greets in the clear", good, NO_TLS),
        (
            "is another than it should be",
            Behaviour { config: AUTHORITY.certificate(&["other.example"]).server(), ..implicit },
            NO_TLS,
        ),
    ] {
        check(&format!("implicit, the server {name}"), &behaviour, TlsMode::Implicit, expected);
    }
}

fn check(case: &str, behaviour: &Behaviour, mode: TlsMode, expected: Outcome) {
    let (outcome, heard) = meet(behaviour.clone(), settings(tls(mode), Some(login(Owner::Program))));
    let auth = format!("AUTH PLAIN {RESPONSE}");
    let reached = match &outcome {
        Ok(()) if heard.clear.contains(&auth) => Clear,
        Ok(()) if heard.encrypted.contains(&auth) => Encrypted,
        Ok(()) => panic!("{case}: open without a login: {heard:?}"),
        Err(error) => Fails(error.phase, error.cause),
    };
    assert_eq!(reached, expected, "{case}: {outcome:?}, {heard:?}");
    match expected {
        Clear => assert!(holds(&heard.wire, RESPONSE), "{case}: the record of the wire is blind"),
        Encrypted => {
            assert_nothing_leaked(&heard, case);
            assert!(heard.ended_in_order, "{case}: the client ends with close_notify");
            let hello = "EHLO me.example";
            assert_eq!(heard.encrypted.first().map(String::as_str), Some(hello), "{case}: hello again");
        }
        Fails(..) => {
            assert_nothing_leaked(&heard, case);
            assert!(heard.encrypted.is_empty(), "{case}: {heard:?}");
            // With TLS from the first byte, and after a good STARTTLS, the lines are those of a handshake: no sense.
            let said: Vec<&str> = heard.clear.iter().map(String::as_str).collect();
            let dialogue = ["EHLO me.example", "STARTTLS"];
            assert!(mode == TlsMode::Implicit || dialogue.starts_with(&said), "{case}: {said:?}");
        }
    }
}

#[test]
fn the_sites_login_never_goes_in_the_clear() {
    let good = Behaviour::good(GOOD.clone());
    for offers in [false, true] {
        let clear = Behaviour { offers, answer: b"454 no\r\n", handshake: false, ..good.clone() };
        for mode in [TlsMode::Never, TlsMode::Optional] {
            let (outcome, heard) = meet(clear.clone(), settings(tls(mode), Some(login(Owner::Site))));
            let error = outcome.unwrap_err();
            assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::Policy), "{error}");
            assert_nothing_leaked(&heard, "the site's login");
        }
    }
}

#[test]
fn without_a_login_a_refused_starttls_is_no_obstacle_under_optional() {
    let behaviour = Behaviour { answer: b"454 not now\r\n", handshake: false, ..Behaviour::good(GOOD.clone()) };
    let (outcome, heard) = meet(behaviour, settings(tls(TlsMode::Optional), None));
    outcome.unwrap();
    assert_eq!(heard.clear, ["EHLO me.example", "STARTTLS", "QUIT"]);
}

#[test]
fn nothing_learned_before_the_handshake_is_kept() {
    // The clear EHLO offers STARTTLS, the encrypted one does not; the session has the latter's word.
    let server = TlsServer::start(Behaviour::good(GOOD.clone()), 1);
    let target = Target::Host { host: server.address.ip().to_string(), port: server.address.port() };
    let session = Session::open(target, settings(tls(TlsMode::Always), None), Cancel::new(), &mut ()).unwrap();
    assert!(!session.connection().extensions().starttls);
    assert!(session.connection().is_secure());
    session.quit(&mut ());
    server.finish();
}

/// The words of the error that `always` ends with.
fn words(certificate: &Certified, wanted: Tls) -> String {
    let (outcome, heard) = meet(Behaviour::good(certificate.server()), settings(wanted, None));
    assert!(heard.encrypted.is_empty());
    outcome.unwrap_err().to_string()
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
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
    assert_says(&outcome.unwrap_err().to_string(), &["alert", "CertificateRequired"]);
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    let (one, other) = (AUTHORITY.certificate(&["a.example"]), AUTHORITY.certificate(&["a.example"]));
    let error = Identity::from_pem(one.pem.as_bytes(), other.key.serialize_pem().as_bytes()).unwrap_err();
    assert_eq!(error, "the private key is not the certificate's");
}

#[test]
fn sessions_are_resumed_between_connections_of_the_same_settings_only() {
    // Names of their own: sessions are kept by name, and other tests of this process have theirs.
    let (new, old) = ("tls13.example.com", "tls12.example.com");
    for (name, config) in
        [(new, AUTHORITY.certificate(&[new]).server()), (old, AUTHORITY.certificate(&[old]).server_tls12())]
    {
        let server = TlsServer::start(Behaviour::good(config), 3);
        for verify in [Some(false), Some(false), Some(true)] {
            let target = Target::Host { host: "127.0.0.1".into(), port: server.address.port() };
            let wanted = Tls { verify, name: TlsName::Given(name.into()), ..tls(TlsMode::Always) };
            let session = Session::open(target, settings(wanted, None), Cancel::new(), &mut ()).unwrap();
            session.quit(&mut ());
        }
        let resumed: Vec<bool> = server.finish().iter().map(|heard| heard.resumed).collect();
        assert_eq!(resumed, [false, true, false], "{name}: what was not verified is not taken for verified");
    }
}

/// Sends a mail over TLS to a server that ends it in this way.
fn mail(end: MessageEnd) -> (Result<(), Error>, Heard) {
    let server = TlsServer::start(Behaviour { end, ..Behaviour::good(GOOD.clone()) }, 1);
    let target = Target::Host { host: "127.0.0.1".into(), port: server.address.port() };
    let send = || -> Result<(), Error> {
        let mut session = Session::open(target, settings(tls(TlsMode::Always), None), Cancel::new(), &mut ())?;
        let from = ReversePath::parse("a@example.org").unwrap();
        let to = ForwardPath::parse("b@example.org").unwrap();
        session.command(&Command::Mail { verb: Verb::Mail, from: &from, params: &[] }, &mut ())?;
        session.command(&Command::Rcpt { to: &to, params: &[] }, &mut ())?;
        session.begin_data(&mut ())?;
        session.body(b"Subject: x\r\n\r\nhello\r\n", &mut ())?;
        session.end_data(&mut ())?;
        session.quit(&mut ());
        Ok(())
    };
    let outcome = send();
    (outcome, server.finish().pop().unwrap())
}

#[test]
fn a_mail_goes_through_encrypted() {
    let (outcome, heard) = mail(MessageEnd::Keep);
    outcome.unwrap();
    assert!(heard.encrypted.contains(&"Subject: x".to_owned()) && heard.ended_in_order);
    assert!(!holds(&heard.wire, "Subject"));
}

#[test]
fn clear_bytes_are_never_read_as_smtp() {
    for (end, words) in [
        (MessageEnd::Truncate, "close_notify"),
        (MessageEnd::ClearAfterEnd, "closed the connection"),
        (MessageEnd::ClearInstead, "not TLS"),
    ] {
        let (outcome, _) = mail(end);
        let error = outcome.unwrap_err();
        assert_eq!((error.phase, error.cause), (Phase::Message, Cause::OutcomeUnknown), "{error}");
        assert_says(&error.to_string(), &[words]);
    }
}

#[test]
fn a_handshake_that_hangs_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::Host { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    let timeouts = Timeouts { reply: std::time::Duration::from_millis(50), ..Timeouts::all(PATIENCE) };
    let settings = Settings { timeouts, ..settings(tls(TlsMode::Implicit), None) };
    let error = Session::open(target, settings, Cancel::new(), &mut ()).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::TimedOut));
}
