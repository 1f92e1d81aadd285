//! Answers that are none: errors of protocol, with the server's own words in them, and what it looks like.

use super::support::engine::{self, deliver, settings, small_mails};
use super::support::native::{Native, last_error};
use super::support::scripted::ScriptedServer;
use super::support::wait::LONG;
use helo::client::Level;
use helo::error::{Cause, Phase};
use helo::faces::helo::HeloStatus;

#[test]
fn other_services_on_the_port_are_named_in_their_words() {
    for (said, shown, protocol) in [
        ("S: SSH-2.0-OpenSSH_9.6p1", "SSH-2.0-OpenSSH_9.6p1", "SSH"),
        ("S: +OK POP3 ready <1.2@mx>", "+OK POP3 ready <1.2@mx>", "POP3"),
        ("S: * OK [CAPABILITY IMAP4rev1] ready", "* OK [CAPABILITY IMAP4rev1] ready", "IMAP"),
        ("S: HTTP/1.1 400 Bad Request", "HTTP/1.1 400 Bad Request", "HTTP"),
        ("S< \\x15\\x03\\x03\\x00\\x02\\x02\\x46", "\\x15\\x03\\x03\\x00\\x02\\x02F", "TLS"),
        ("S: hello, stranger\\x1b[31m\\x07", "hello, stranger\\x1b[31m\\x07", ""),
        ("S: 220-mx.example\\r\\n521 not for you", "220-mx.example / 521 not for you", ""),
        ("S: 220-mx.example\\r\\n220-and\\r\\n421 busy", "220-and / 421 busy", ""),
    ] {
        let server = ScriptedServer::start(&format!("{said}\nHANG"));
        let error = engine::open(server.address()).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Greeting, Cause::Protocol, 0), "{said}: {error}");
        let words = error.to_string();
        assert!(words.contains(shown), "{said}: {words}");
        assert!(protocol.is_empty() || words.contains(&format!("looks like {protocol}")), "{said}: {words}");
        assert!(!words.contains(char::is_control) && words.len() < 500, "{words:?}");
        server.finish();
    }
    let server = ScriptedServer::start("S: SSH-2.0-OpenSSH_9.6p1\nHANG");
    let native = Native::to(server.address());
    native.mail("a@x.test", &["b@x.test"], b"x\r\n");
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    assert!(last_error().contains("SSH-2.0-OpenSSH_9.6p1"), "{}", last_error());
    assert!(native.seen(0, 0).text.contains("looks like SSH"), "{:?}", native.seen(0, 0));
    server.finish();
}

#[test]
fn a_long_line_of_nonsense_is_cut() {
    let server = ScriptedServer::start(&format!("S: {}\nHANG", "x".repeat(3000)));
    let words = engine::open(server.address()).err().unwrap().to_string();
    assert!(words.contains("xxx...") && words.len() < 400, "{words}");
    server.finish();
}

#[test]
fn codes_that_the_command_does_not_have() {
    let hello = "S: 220 x\nC~ EHLO *\nS: 250 here\n";
    for (dialogue, phase, words) in [
        ("S: 354 go on".to_owned(), Phase::Greeting, "354 go on"),
        ("S: 220 x\nC~ EHLO *\nS: 334 what".into(), Phase::Hello, "EHLO was answered with 334 what"),
        (format!("{hello}C~ MAIL *\nS: 354 go"), Phase::Mail, "MAIL was answered with 354 go"),
        (format!("{hello}C~ MAIL *\nS: 250 ok\nC~ RCPT *\nS: 334 eh"), Phase::Rcpt, "RCPT was answered with 334 eh"),
        (
            format!("{hello}C~ MAIL *\nS: 250 ok\nC~ RCPT *\nS: 250 ok\nC: DATA\nS: 220 fine"),
            Phase::Data,
            "DATA was answered with 220 fine",
        ),
    ] {
        let server = ScriptedServer::start(&format!("{dialogue}\nHANG"));
        let error = engine::open(server.address()).and_then(|mut session| engine::send(&mut session, &[b"x"]));
        let error = error.err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (phase, Cause::Protocol, 0), "{dialogue}: {error}");
        assert!(error.to_string().contains(words), "{error}");
        server.finish();

        let server = ScriptedServer::start(&format!("{dialogue}\nHANG"));
        let outcomes = deliver(server.address(), Level::None, settings(LONG), &mut small_mails(2, 1));
        assert_eq!(outcomes[0][0].failure, Some((phase, Cause::Protocol)), "{dialogue}: {outcomes:?}");
        assert!(outcomes[0][0].text.contains(words), "{outcomes:?}");
        let cause = outcomes[1][0].failure.map(|at| at.1);
        assert!(matches!(cause, Some(Cause::Protocol | Cause::Unsent)), "{outcomes:?}");
        server.finish();
    }
}

/// A server that repeats what it got does not put a password into an error.
#[test]
fn a_password_in_the_nonsense_is_not_shown() {
    use helo::client::settings::{AuthPlan, Owner};
    use helo::sasl::{Credentials, Secret};
    let server = ScriptedServer::start(
        "S: 220 x\nC~ EHLO *\nS: 250-here\nS: 250 AUTH PLAIN\nC~ AUTH PLAIN *\nS: AUTH PLAIN AGFsaWNlAHN3b3JkZmlzaA==\nHANG",
    );
    let auth = Some(AuthPlan::new(Credentials::new("alice", Secret::new("swordfish".into())), Owner::Program));
    let settings = helo::client::Settings { auth, ..settings(LONG) };
    let opened = helo::client::Session::open(
        engine::target(server.address()),
        settings,
        helo::net::wait::Cancel::new(),
        &mut (),
    );
    let words = opened.err().unwrap().to_string();
    assert!(!words.contains("AGFsaWNl") && words.contains("<hidden>"), "{words}");
    server.finish();
}

#[cfg(feature = "tls")]
#[test]
fn starttls_answered_with_a_wrong_code() {
    use helo::client::settings::{Tls, TlsMode};
    for mode in [TlsMode::Optional, TlsMode::Always] {
        for code in [200, 221, 250, 334, 354] {
            let server = ScriptedServer::start(&format!(
                "S: 220 x\nC~ EHLO *\nS: 250-here\nS: 250 STARTTLS\nC: STARTTLS\nS: {code} as you like\nWAIT close"
            ));
            let tls = Tls { mode, verify: Some(false), ..Tls::default() };
            let settings = helo::client::Settings { tls, ..settings(LONG) };
            let outcomes = deliver(server.address(), Level::None, settings, &mut small_mails(1, 1));
            let outcome = &outcomes[0][0];
            assert_eq!((outcome.failure, outcome.code), (Some((Phase::Tls, Cause::Protocol)), 0), "{outcome:?}");
            assert!(outcome.text.contains(&format!("{code} as you like")), "{outcome:?}");
            server.finish();
        }
    }
}
