//! Mode by server by whose login it is: what happens, and that nothing of the login is on the wire where it must not be.

use crate::support::tls::{Behaviour, Certified, Heard, self_signed};
use crate::*;
use helo::error::{Cause, Phase};
use helo::net::tls::Pin;
use helo::proto::client::Protocol;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Open, the login went in the clear.
    Clear,
    /// Open, the login went encrypted.
    Encrypted,
    /// An error.
    Fails(Phase, Cause),
}
pub use Outcome::{Clear, Encrypted, Fails};

const NO_TLS: Outcome = Fails(Phase::Tls, Cause::Tls);
const NO_LOGIN: Outcome = Fails(Phase::Auth, Cause::Policy);
const REFUSED: Outcome = Fails(Phase::Tls, Cause::Refused);
const ATTACK: Outcome = Fails(Phase::Tls, Cause::Protocol);

/// A server: what it is or does, how, and what `never`, `optional` and `always` come to with a login of the program's own.
pub type Row = (&'static str, Behaviour, [Outcome; 3]);

pub fn servers() -> Vec<Row> {
    let good = Behaviour::good(GOOD.clone());
    let answering = |answer| Behaviour { answer, handshake: false, ..good.clone() };
    let showing = |certificate: Certified| Behaviour::good(certificate.server());
    vec![
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
    ]
}

/// The same for `implicit`.
pub fn implicit_servers() -> Vec<(&'static str, Behaviour, Outcome)> {
    let good = Behaviour::good(GOOD.clone());
    let implicit = Behaviour { implicit: true, ..good.clone() };
    let other = Behaviour { config: AUTHORITY.certificate(&["other.example"]).server(), ..implicit.clone() };
    vec![
        ("has TLS from the first byte", implicit, Encrypted),
        ("greets in the clear", good, NO_TLS),
        ("is another than it should be", other, NO_TLS),
    ]
}

pub const MODES: [TlsMode; 3] = [TlsMode::Never, TlsMode::Optional, TlsMode::Always];

#[test]
fn what_each_mode_does_with_each_server() {
    for protocol in [Protocol::Smtp, Protocol::Lmtp] {
        for owner in [Owner::Program, Owner::Site] {
            for (name, behaviour, outcomes) in servers() {
                for (mode, expected) in MODES.into_iter().zip(outcomes) {
                    check(name, &behaviour, mode, (protocol, owner), expected);
                }
            }
            for (name, behaviour, expected) in implicit_servers() {
                check(name, &behaviour, TlsMode::Implicit, (protocol, owner), expected);
            }
        }
    }
}

#[test]
fn the_same_when_every_byte_comes_alone() {
    for (name, behaviour, outcomes) in servers() {
        let behaviour = Behaviour { drip: true, ..behaviour };
        for (mode, expected) in MODES.into_iter().zip(outcomes) {
            // What comes behind the reply to STARTTLS may be on its way still when the client goes on: then it is what
            // comes in place of TLS.
            check(name, &behaviour, mode, (Protocol::Smtp, Owner::Program), expected);
        }
    }
}

fn check(name: &str, behaviour: &Behaviour, mode: TlsMode, kind: (Protocol, Owner), expected: Outcome) {
    let (protocol, owner) = kind;
    let case = format!("{mode:?}, {protocol:?}, the {owner:?}'s login, the server {name}");
    // The site's never goes in the clear.
    let expected = if owner == Owner::Site && expected == Clear { NO_LOGIN } else { expected };
    let settings = Settings { protocol, ..settings(tls(mode), Some(login(owner))) };
    let (outcome, heard) = meet(behaviour.clone(), settings);
    let reached = reached(&outcome, &heard, &case);
    let late = behaviour.drip && expected == ATTACK && reached == NO_TLS;
    assert!(reached == expected || late, "{case}: {reached:?}, not {expected:?}: {outcome:?}, {heard:?}");
    if late {
        // The handshake had begun: what the server took for lines is no text.
        return assert_nothing_leaked(&heard, &case);
    }
    let hello = if protocol == Protocol::Lmtp { "LHLO me.example" } else { "EHLO me.example" };
    assert_heard(&heard, mode, expected, hello, &case);
}

/// How it ended, by what the server heard of the login.
#[track_caller]
pub fn reached(outcome: &Result<(), Error>, heard: &Heard, case: &str) -> Outcome {
    let auth = format!("AUTH PLAIN {RESPONSE}");
    match outcome {
        Ok(()) if heard.clear.contains(&auth) => Clear,
        Ok(()) if heard.encrypted.contains(&auth) => Encrypted,
        Ok(()) => panic!("{case}: open without a login: {heard:?}"),
        Err(error) => Fails(error.phase, error.cause),
    }
}

/// What a server may have heard of a client that ended like this.
#[track_caller]
pub fn assert_heard(heard: &Heard, mode: TlsMode, expected: Outcome, hello: &str, case: &str) {
    match expected {
        Clear => assert!(holds(&heard.wire, RESPONSE), "{case}: the record of the wire is blind"),
        Encrypted => {
            assert_nothing_leaked(heard, case);
            assert!(heard.ended_in_order, "{case}: the client ends with close_notify");
            assert_eq!(heard.encrypted.first().map(String::as_str), Some(hello), "{case}: hello again");
        }
        Fails(..) => {
            assert_nothing_leaked(heard, case);
            assert!(heard.encrypted.is_empty(), "{case}: {heard:?}");
            // With TLS from the first byte, and after a good STARTTLS, the lines are those of a handshake: no sense.
            let mut said: Vec<&str> = heard.clear.iter().map(String::as_str).collect();
            // The goodbye of a client that does not go on.
            said.pop_if(|last| *last == "QUIT");
            let dialogue = [hello, "STARTTLS"];
            assert!(mode == TlsMode::Implicit || dialogue.starts_with(&said), "{case}: {said:?}");
        }
    }
}

#[test]
fn a_client_that_says_helo_only_never_hears_of_starttls() {
    for (mode, works) in [(TlsMode::Never, true), (TlsMode::Optional, true), (TlsMode::Always, false)] {
        let settings = Settings { helo_only: true, ..settings(tls(mode), None) };
        let (outcome, heard) = meet(Behaviour::good(GOOD.clone()), settings);
        assert_eq!(outcome.is_ok(), works, "{mode:?}: {outcome:?}");
        assert_eq!(heard.clear, ["HELO me.example", "QUIT"], "{mode:?}");
    }
    let implicit = Behaviour { implicit: true, ..Behaviour::good(GOOD.clone()) };
    let (outcome, heard) = meet(implicit, Settings { helo_only: true, ..settings(tls(TlsMode::Implicit), None) });
    outcome.unwrap();
    assert_eq!(heard.encrypted, ["HELO me.example", "QUIT"]);
}

#[test]
fn a_pin_holds_under_optional_too() {
    let pin = Pin::parse(&format!("sha256:{}", "00".repeat(32))).unwrap();
    let (outcome, heard) =
        meet(Behaviour::good(GOOD.clone()), settings(Tls { pins: vec![pin], ..tls(TlsMode::Optional) }, None));
    assert_says(&outcome.unwrap_err().to_string(), &["tls_pin"]);
    assert!(heard.encrypted.is_empty());
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
    let session = open(&server, settings(tls(TlsMode::Always), None)).unwrap();
    assert!(!session.connection().extensions().starttls);
    assert!(session.connection().is_secure());
    session.quit(&mut ());
    server.finish();
}
