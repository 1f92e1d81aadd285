//! Servers that break TLS, or their dialogue, in the middle; and those that never come to an end.

use crate::support::engine::send;
use crate::support::tls::{Behaviour, MessageEnd, TlsServer};
use crate::*;
use helo::error::{Cause, Phase};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Sends a mail over TLS to a server that behaves like this.
fn mail(behaviour: Behaviour) -> (Result<(), Error>, Heard) {
    let server = TlsServer::start(behaviour, 1);
    let outcome = open(&server, settings(tls(TlsMode::Always), None)).and_then(|mut session| {
        send(&mut session, &[b"Subject: x\r\n\r\nhello\r\n"])?;
        session.quit(&mut ());
        Ok(())
    });
    (outcome, server.finish().pop().unwrap())
}

#[test]
fn a_mail_goes_through_encrypted() {
    let (outcome, heard) = mail(Behaviour::good(GOOD.clone()));
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
        for drip in [false, true] {
            let (outcome, _) = mail(Behaviour { end, drip, ..Behaviour::good(GOOD.clone()) });
            let error = outcome.unwrap_err();
            assert_eq!((error.phase, error.cause), (Phase::Message, Cause::OutcomeUnknown), "{error}");
            assert_says(&error.to_string(), &[words]);
        }
    }
}

#[test]
fn a_handshake_that_hangs_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::Host { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    let timeouts = Timeouts { reply: Duration::from_millis(50), ..Timeouts::all(PATIENCE) };
    let settings = Settings { timeouts, ..settings(tls(TlsMode::Implicit), None) };
    let error = Session::open(target, settings, Cancel::new(), &mut ()).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::TimedOut));
}

/// A server that takes one connection, says this a byte at a time, and then what `then` gives, again and again.
fn dripping(first: Vec<u8>, then: &'static [u8]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let bytes = first.into_iter().chain(then.iter().copied().cycle());
        for byte in bytes {
            // Until the client has gone.
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    Target::Host { host: "127.0.0.1".into(), port }
}

#[test]
fn a_handshake_of_a_byte_now_and_then_ends_at_its_deadline() {
    // The head of a record of 16 KiB, and then bytes of it.
    let timeouts = Timeouts { reply: Duration::from_millis(100), ..Timeouts::all(PATIENCE) };
    let settings = Settings { timeouts, ..settings(tls(TlsMode::Implicit), None) };
    let begun = Instant::now();
    let target = dripping(vec![0x16, 3, 3, 0x40, 0], &[2, 0, 0x30, 0]);
    let error = Session::open(target, settings, Cancel::new(), &mut ()).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::TimedOut), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_server_on_the_wrong_port_is_told_apart() {
    // Clear text where TLS was to be.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::Host { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail.example.com ready\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = Session::open(target, settings(tls(TlsMode::Implicit), None), Cancel::new(), &mut ()).err().unwrap();
    assert_says(&error.to_string(), &["not TLS", "465", "tls = always"]);
    server.join().unwrap();
}

#[test]
fn new_keys_and_tickets_in_number_are_taken() {
    let rekeying = Behaviour { rekeys: 20, ..Behaviour::good(GOOD.clone()) };
    mail(rekeying).0.unwrap();
    let certificate = AUTHORITY.certificate(&[NAME]);
    mail(Behaviour::good(certificate.server_of_tickets(100))).0.unwrap();
    // As many as nobody means well with end the session at the latest when its answer does not come.
    let (outcome, heard) = mail(Behaviour::good(certificate.server_of_tickets(3000)));
    assert!(outcome.is_ok() || !heard.encrypted.iter().any(|line| line.starts_with("MAIL")), "{outcome:?}");
}

#[test]
fn new_keys_without_end_are_refused() {
    let (outcome, heard) = mail(Behaviour { rekeys: 200, ..Behaviour::good(GOOD.clone()) });
    let error = outcome.unwrap_err();
    assert_eq!(error.cause, Cause::Tls, "{error}");
    assert!(!heard.encrypted.iter().any(|line| line.starts_with("MAIL")));
}
