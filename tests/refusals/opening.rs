//! QUIT where an opening fails and a command can still be said; and the codes that are shown then.

use super::support::distinct::Distinct;
use super::support::engine::{self, settings, small_mails, target};
use super::support::native::{Native, last_error};
use super::support::netx::{self, Mail};
use super::support::scripted::ScriptedServer;
use super::support::sink::{Options, Sink};
use super::support::wait::LONG;
use helo::client::settings::{AuthPlan, Owner, Tls, TlsMode};
use helo::client::{Session, Settings, driver};
use helo::error::{Cause, Error, Phase};
use helo::faces::helo::{HeloCause, HeloStatus};
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Secret};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const HELLO: &str = "S: 220 ready\nC~ EHLO *\n";
const GOODBYE: &str = "C: QUIT\nS: 221 bye\nWAIT close";

fn login(owner: Owner) -> Option<AuthPlan> {
    Some(AuthPlan::new(Credentials::new("alice", Secret::new("secret".into())), owner))
}

/// The failures of openings after which a command can still be said: the dialogue before QUIT, what the client wants, and
/// the error.
fn failures() -> Vec<(String, Settings, Phase, Cause, u16)> {
    let plain = || settings(LONG);
    let always = || Settings { tls: Tls::mode(TlsMode::Always), ..settings(LONG) };
    let with = |owner| Settings { auth: login(owner), ..settings(LONG) };
    let offer = |lines: &str| format!("{HELLO}S: 250-here\nS: 250 {lines}\n");
    let mut failures = vec![
        ("S: 554 no mail here\n".into(), plain(), Phase::Greeting, Cause::Refused, 554),
        ("S: 450-busy\nS: 450 now\n".into(), plain(), Phase::Greeting, Cause::Refused, 450),
        (format!("{HELLO}S: 550 no\nC~ HELO *\nS: 550 nor that\n"), plain(), Phase::Hello, Cause::Refused, 550),
        (format!("{HELLO}S: 450 later\n"), plain(), Phase::Hello, Cause::Refused, 450),
        (format!("{HELLO}S: 250 here\n"), with(Owner::Program), Phase::Auth, Cause::NotSupported, 0),
        (offer("AUTH GSSAPI"), with(Owner::Program), Phase::Auth, Cause::NotSupported, 0),
        (offer("AUTH PLAIN"), with(Owner::Site), Phase::Auth, Cause::Policy, 0),
        (
            offer("AUTH PLAIN") + "C~ AUTH PLAIN *\nS: 535 5.7.8 no\n",
            with(Owner::Program),
            Phase::Auth,
            Cause::Refused,
            535,
        ),
        (
            offer("AUTH PLAIN") + "C~ AUTH PLAIN *\nS: 454 later\n",
            with(Owner::Program),
            Phase::Auth,
            Cause::Refused,
            454,
        ),
    ];
    if cfg!(feature = "tls") {
        let named = |settings: Settings| Settings { tls: Tls { verify: Some(false), ..settings.tls }, ..settings };
        failures.push((format!("{HELLO}S: 250 here\n"), named(always()), Phase::Tls, Cause::Tls, 0));
        failures.push((
            offer("STARTTLS") + "C: STARTTLS\nS: 454 not now\n",
            named(always()),
            Phase::Tls,
            Cause::Refused,
            454,
        ));
    }
    failures
}

fn check(error: &Error, expected: (Phase, Cause, u16), dialogue: &str) {
    assert_eq!((error.phase, error.cause, error.code()), expected, "{dialogue}: {error}");
}

#[test]
fn every_driver_says_quit() {
    for (dialogue, settings, phase, cause, code) in failures() {
        let expected = (phase, cause, code);
        let script = format!("{dialogue}{GOODBYE}");
        let server = ScriptedServer::start(&script);
        let opened = Session::open(target(server.address()), settings.clone(), Cancel::new(), &mut ());
        check(&opened.err().unwrap(), expected, &dialogue);
        server.finish();

        let server = ScriptedServer::start(&script);
        let (done, opened) = channel();
        let tell = Box::new(move |result| done.send(result).unwrap());
        driver::open(target(server.address()), settings.clone(), Cancel::new(), None, tell).unwrap();
        check(&opened.recv_timeout(LONG).unwrap().err().unwrap(), expected, &dialogue);
        server.finish();

        let server = ScriptedServer::start(&script);
        let outcomes =
            engine::deliver(server.address(), helo::client::Level::Envelope, settings, &mut small_mails(2, 1));
        for outcome in outcomes.iter().flatten() {
            assert_eq!((outcome.failure, outcome.code), (Some((phase, cause)), code), "{dialogue}: {outcome:?}");
        }
        server.finish();
    }
}

#[test]
fn the_old_faces_say_it_too_and_keep_the_reply() {
    let server = ScriptedServer::start(&format!("S: 554 5.3.2 no mail here\n{GOODBYE}"));
    assert!(Distinct::open(server.address(), "here.example").is_err());
    assert!(last_error().contains("no mail here") && !last_error().contains("221"), "{}", last_error());
    server.finish();
    for (dialogue, login) in [
        ("S: 554 no mail here\n", netx::NONE),
        ("S: 220 ready\nC~ EHLO *\nS: 250 here\nC~ MAIL *\nS: 550 not you\n", netx::NONE),
        ("S: 220 ready\nC~ EHLO *\nS: 250 here\nC~ MAIL *\nS: 250 ok\nC~ RCPT *\nS: 550 not him\n", netx::NONE),
    ] {
        let server = ScriptedServer::start(&format!("{dialogue}{GOODBYE}"));
        let mail = Mail {
            server: server.address(),
            timeout: LONG,
            authentication: (login, "", ""),
            domain: "here.example",
            from: "a@example.org",
            to: "b@example.org",
            subject: "x",
            body: b"x",
        };
        assert_ne!(mail.send(), 0, "{dialogue}");
        server.finish();
    }
}

/// Where it is of no use it is not said, and nobody waits long for the answer.
#[test]
fn no_quit_to_who_closes_or_talks_nonsense_and_no_wait_for_who_is_silent() {
    for dialogue in [
        "S: 421 too busy\nWAIT close",
        "S: +OK ready\nWAIT close",
        "S: 354 go on\nWAIT close",
        "S: 220 ready\nC~ EHLO *\nS: 421 too busy\nWAIT close",
        "S: 220 ready\nC~ EHLO *\nS: what?\nWAIT close",
    ] {
        let server = ScriptedServer::start(dialogue);
        engine::open(server.address()).err().unwrap();
        server.finish();
    }
    let server = ScriptedServer::start("S: 554 no mail here\nC: QUIT\nHANG");
    let begun = Instant::now();
    let error = engine::open(server.address()).err().unwrap();
    assert_eq!((error.phase, error.code()), (Phase::Greeting, 554));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    server.finish();
    let server = ScriptedServer::start("S: 554 no mail here\nCLOSE");
    assert_eq!(engine::open(server.address()).err().unwrap().code(), 554);
    let _ = server.outcome();
}

/// A code is shown where a reply decided, and nowhere else.
#[test]
fn no_code_where_no_reply_decided() {
    let up_to_data =
        "S: 220 x\n C~ EHLO *\n S: 250 x\n C~ MAIL *\n S: 250 ok\n C~ RCPT *\n S: 250 ok\n C: DATA\n S: 354 go\n";
    for (dialogue, cause) in [
        ("S: 220 x\n C~ EHLO *\n CLOSE".to_owned(), HeloCause::BrokenOff),
        ("S: 220 x\n C~ EHLO *\n HANG".into(), HeloCause::TimedOut),
        ("S: 220 x\n C~ EHLO *\n S: 250 x\n C~ MAIL *\n RESET".into(), HeloCause::BrokenOff),
        ("S: 220 x\n C~ EHLO *\n S: 250 x\n C~ MAIL *\n S: what?\n HANG".into(), HeloCause::Protocol),
        (format!("{up_to_data} C.\n CLOSE"), HeloCause::OutcomeUnknown),
        (format!("{up_to_data} C.\n HANG"), HeloCause::OutcomeUnknown),
        (format!("{up_to_data} C.\n S: 354 more?\n HANG"), HeloCause::OutcomeUnknown),
        ("S: 220 x\n C~ EHLO *\n S: 250 x\n C~ MAIL *\n S: 250 ok\n C~ RCPT *\n S: 250 ok\n C: DATA\n S: 250 fine\n HANG".into(), HeloCause::Protocol),
    ] {
        let server = ScriptedServer::start(&dialogue);
        let native = Native::to(server.address());
        native.timeout(300);
        native.mail("a@x.test", &["b@x.test"], b"x\r\n");
        assert_eq!(native.run(), HeloStatus::HeloFailed);
        let seen = native.seen(0, 0);
        assert_eq!((seen.cause, seen.code, seen.enhanced), (cause, 0, (0, 0, 0)), "{dialogue}: {seen:?}");
        let _ = server.outcome();
    }
}

#[test]
fn a_message_beyond_the_servers_size_is_a_lasting_refusal() {
    let sink = Sink::start(Options { size: 1000, ..Options::default() });
    let native = Native::to(sink.address());
    native.mail("a@x.test", &["b@x.test"], vec![b'x'; 5000].leak());
    native.mail("a@x.test", &["c@x.test"], b"small\r\n");
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    let seen = native.seen(0, 0);
    assert_eq!((seen.cause, seen.code, seen.enhanced), (HeloCause::Refused, 0, (5, 3, 4)), "{seen:?}");
    assert!(seen.text.contains("1000"), "{seen:?}");
    assert!(native.seen(1, 0).delivered);
}

#[test]
fn an_empty_list_is_an_error_that_says_so() {
    let native = Native::new("smtp://127.0.0.1:1");
    assert_eq!(native.run(), HeloStatus::HeloBadArgument);
    assert!(last_error().contains("the list is empty"), "{}", last_error());
    native.envelope("a@x.test", &[]);
    assert_eq!(native.run(), HeloStatus::HeloBadArgument);
    assert!(last_error().contains("mail 0 has no recipient"), "{}", last_error());
}
