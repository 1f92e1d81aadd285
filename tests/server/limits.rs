//! What is bounded: lines, commands, recipients, sizes, time, connections.

use crate::house::{House, LONG};
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::server::Limits;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Someone else takes up the server's time; the others are served as if nobody did.
fn served_meanwhile<T: Send>(house: &House, attack: impl FnOnce(Raw) -> T + Send) -> T {
    let address = house.address();
    std::thread::scope(|scope| {
        let attack = scope.spawn(move || attack(Raw::greeted(address)));
        let mut served = 0;
        while !attack.is_finished() || served < 3 {
            let started = Instant::now();
            let mut client = house.client();
            client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n");
            assert_eq!(client.codes(4), [250, 250, 250, 221]);
            assert!(started.elapsed() < Duration::from_secs(20), "{:?} for a mail", started.elapsed());
            served += 1;
        }
        attack.join().expect("the attack")
    })
}

/// CVE-2026-38728: megabytes without a line end.
#[test]
fn a_line_has_a_limit() {
    let house = House::new();
    served_meanwhile(&house, |mut client| {
        client.send("x".repeat(16 << 20)).expect(500);
        client.closed();
    });
    // One that ends is dropped, and the session goes on.
    let mut client = house.client();
    client.send("NOOP ".to_owned() + &"x".repeat(1 << 20) + "\r\nNOOP\r\n");
    assert_eq!(client.codes(2), [500, 250]);
}

#[test]
fn a_hundred_thousand_recipients() {
    let house = House::new();
    let said = served_meanwhile(&house, |mut client| {
        client.ask("MAIL FROM:<many@example.org>", 250);
        for block in 0..100 {
            let to = |number| format!("RCPT TO:<{block}.{number}@example.com>\r\n");
            client.send((0..1000).map(to).collect::<String>());
        }
        client.rest()
    });
    let codes: Vec<&str> = said.lines().map(|line| &line[..3]).collect();
    let count = |code| codes.iter().filter(|seen| **seen == code).count();
    assert_eq!((count("250"), count("452"), codes.last()), (1000, 1000, Some(&"421")));
    assert!(house.kept.mails().iter().all(|mail| mail.from() == "a@example.org"));
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
fn a_million_commands_that_lead_nowhere() {
    for command in ["NOOP\r\n", "RSET\r\n", "EHLO me\r\n", "VRFY x\r\n", "xyzzy\r\n", "\r\n", "RCPT TO:<x@y>\r\n"] {
        let house = House::new();
        let said = served_meanwhile(&house, |mut client| {
            for _ in 0..100 {
                client.send(command.repeat(10_000));
            }
            client.rest()
        });
        // EHLO has many lines to its answer.
        let replies = said.lines().filter(|line| line.as_bytes()[3] == b' ').count();
        assert!(replies <= 1001, "{command:?}: {replies}");
        assert!(said.lines().last().is_some_and(|line| line.starts_with("421")), "{command:?}: {said}");
    }
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

/// An octet now and then (slow loris) is neither a command nor progress of a body.
#[test]
fn dripping_does_not_win_time() {
    let limit = Duration::from_millis(400);
    let house = House::with(Kept::new(), |service| {
        let times = &mut service.dialogue.timeouts;
        (times.command, times.body) = (limit, limit);
    });
    for opening in ["", "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"] {
        served_meanwhile(&house, |mut client| {
            client.send(opening);
            client.codes(opening.lines().count());
            let started = Instant::now();
            // Its own wait for an answer paces it: an octet goes out each time nothing has come for a while.
            while !client.said_something_within(Duration::from_millis(20)) {
                client.send("N");
                assert!(started.elapsed() < LONG, "it is still waited for");
            }
            assert!(started.elapsed() >= limit / 2, "{:?}", started.elapsed());
            client.expect(421);
        });
    }
    house.kept.wait_given_up(1);
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

/// A limit of mails over one connection is for those elsewhere, where the service says so. Whoever comes by a proxy is
/// elsewhere.
#[test]
fn mails_of_this_machine() {
    for (unlimited, proxied) in [(false, false), (true, false), (true, true)] {
        let house = House::with(Kept::new(), |service| {
            (service.dialogue.mails_max, service.mails_unlimited_locally) = (3, unlimited);
            service.proxies.extend(proxied.then(|| helo::server::Network::parse("127.0.0.1").unwrap()));
        });
        let mut client = Raw::tcp(house.address());
        if proxied {
            client.say("PROXY TCP4 192.0.2.1 127.0.0.1 4000 25");
        }
        client.expect(220);
        let limited = !unlimited || proxied;
        assert_eq!(client.ask("EHLO x", 250).contains("MAILMAX=3"), limited);
        for number in 0..10 {
            client.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx");
            if limited && number == 3 {
                client.expect(421);
                break;
            }
            assert_eq!(client.codes(3), [250, 250, 250]);
        }
        assert_eq!(house.kept.mails().len(), if limited { 3 } else { 10 });
    }
}
