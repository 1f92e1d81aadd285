//! What is bounded: lines, commands, recipients, sizes, time, connections.

use crate::house::{House, LONG};
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::server::Limits;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// CVE-2026-38728: megabytes without a line end. The others are served meanwhile.
#[test]
fn a_line_has_a_limit() {
    let house = House::new();
    let mut client = house.client();
    client.send("x".repeat(1 << 20));
    assert!(client.reply().starts_with("500"));
    house.client().ask("QUIT", 221);
}

#[test]
fn many_recipients() {
    let house = House::with(Kept::new(), |service| service.dialogue.recipients_max = 100);
    let mut client = house.client();
    client.ask("MAIL FROM:<a@example.org>", 250);
    client.send((0..150).map(|n| format!("RCPT TO:<{n}@example.com>\r\n")).collect::<String>());
    let codes = client.codes(150);
    assert_eq!((&codes[..100], &codes[100..]), (&[250; 100][..], &[452; 50][..]));
    client.ask("DATA", 354);
    client.send(".\r\n").expect(250);
    assert_eq!(house.kept.mails()[0].to().len(), 100);
}

#[test]
fn commands_that_lead_nowhere() {
    let house = House::new();
    let mut client = house.client();
    client.send("NOOP\r\n".repeat(100_000));
    let said = client.rest();
    assert!(said.lines().count() <= 1001, "{}", said.lines().count());
    assert!(said.lines().last().is_some_and(|line| line.starts_with("421")), "{said}");
}

#[test]
fn a_message_that_is_too_large() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |service| service.dialogue.size = 100_000);
        let mut client = house.client();
        client.ask("MAIL FROM:<a@example.org> SIZE=100001", 552);
        for _ in 0..2 {
            client.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA");
            assert_eq!(client.codes(3), [250, 250, 354]);
            client.send("x\r\n".repeat(200_000)).send(".\r\n").expect(552);
        }
        house.kept.wait_given_up(2);
        assert!(house.kept.mails().is_empty());
    }
}

/// Connect and say nothing; say half a command; begin a message and stop: 421 in the time that is allowed.
#[test]
fn time_is_limited_in_each_state() {
    let short = Duration::from_millis(300);
    let house = House::with(Kept::blocking(), |service| {
        let times = &mut service.dialogue.timeouts;
        (times.hello, times.command, times.body) = (short, short, short);
    });
    let started = Instant::now();
    let mut silent = Raw::tcp(house.address());
    let mut halfway = house.client();
    halfway.send("NOO");
    let mut in_body = house.client();
    in_body.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA").codes(3);
    in_body.send("half a line");
    silent.expect(220);
    for client in [&mut silent, &mut halfway, &mut in_body] {
        client.expect(421);
        client.closed();
    }
    assert!(started.elapsed() >= short, "{:?}", started.elapsed());
    house.kept.wait_given_up(1);
}

/// An octet now and then is not a command.
#[test]
fn dripping_does_not_win_time() {
    let house = House::with(Kept::new(), |service| service.dialogue.timeouts.command = Duration::from_millis(400));
    let mut client = house.client();
    let started = Instant::now();
    // The client's own wait for an answer paces it: it never comes.
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.write_all(b"EHLO x\r\n").unwrap();
    for _ in 0..4000 {
        if stream.write_all(b"N").is_err() || started.elapsed() > LONG {
            break;
        }
        std::thread::yield_now();
    }
    client.expect(421);
}

/// A client that sends commands and never reads: reading stops, memory stays, and in the end the client is let go.
#[test]
fn a_client_that_never_reads() {
    let house = House::with(Kept::new(), |service| {
        service.dialogue.idle_max = usize::MAX;
        service.dialogue.timeouts.send = Duration::from_millis(500);
        service.dialogue.timeouts.command = Duration::from_millis(500);
    });
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.set_write_timeout(Some(LONG)).unwrap();
    stream.write_all(b"EHLO x\r\n").unwrap();
    let block = b"HELP\r\n".repeat(10_000);
    let mut sent = 0usize;
    let why = loop {
        match stream.write(&block) {
            Ok(count) => sent += count,
            Err(why) => break why,
        }
        assert!(sent < 1 << 30, "the server reads on although nobody takes its replies");
    };
    // Broken off by the server, not stuck until our own time is over.
    assert!(!matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{why}");
    house.client().ask("QUIT", 221);
}

/// The same client begins to read after all: every reply is there, in order.
#[test]
fn a_client_that_reads_late() {
    let house = House::with(Kept::new(), |service| service.dialogue.idle_max = usize::MAX);
    let stream = TcpStream::connect(house.address()).unwrap();
    let mut writing = stream.try_clone().unwrap();
    let count = 100_000;
    let writer = std::thread::spawn(move || {
        writing.write_all(b"EHLO x\r\n").unwrap();
        writing.write_all(&b"NOOP\r\nRSET\r\n".repeat(count / 2)).unwrap();
        writing.write_all(b"QUIT\r\n").unwrap();
    });
    let mut client = Raw::over(stream);
    client.expect(220);
    client.expect(250);
    let said = client.rest();
    writer.join().unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("250 ")).count(), count);
    assert!(said.lines().last().unwrap().starts_with("221"));
}

#[test]
fn too_many_connections_are_told_so() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let house = House::limited(Kept::new(), |_| {}, limits);
    let (mut one, two) = (house.client(), house.client());
    let mut third = Raw::tcp(house.address());
    assert!(third.expect(421).contains("4.3.2"));
    third.closed();
    drop(two);
    one.ask("QUIT", 221);
    one.closed();
    // The two that went away make room, each as soon as the server has seen it.
    let deadline = Instant::now() + LONG;
    while house.server.connections() > 0 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    house.client().ask("QUIT", 221);
}
