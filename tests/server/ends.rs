//! How connections end, seen by a loop that is told of each change once: nothing that ends is missed, and nothing that
//! was said is lost.

use crate::house::{House, LONG};
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use std::net::{Shutdown, TcpStream};

/// How often each is tried: where the end arrives, before or after a read of the server, is a matter of chance.
const TRIES: usize = 300;

fn connected(house: &House) -> (TcpStream, Raw) {
    let stream = TcpStream::connect(house.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let raw = Raw::over(stream.try_clone().unwrap());
    (stream, raw)
}

/// The end comes together with the last command: the one read that takes the command does not see it.
#[test]
fn an_end_right_behind_a_command_is_seen() {
    let house = House::new();
    for _ in 0..TRIES {
        let (stream, mut client) = connected(&house);
        client.expect(220);
        client.say("NOOP");
        stream.shutdown(Shutdown::Write).unwrap();
        client.expect(250);
        client.closed();
    }
}

/// All of a session in one piece and its end behind it, before the greeting is read.
#[test]
fn an_end_right_behind_a_whole_session_is_seen() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        for _ in 0..TRIES {
            let (stream, mut client) = connected(&house);
            client.say("EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx");
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.codes(5), [220, 250, 250, 250, 250]);
            client.closed();
        }
        assert_eq!(house.kept.mails().len(), TRIES);
    }
}

/// What a client goes on saying behind its QUIT does not cost it the answer.
#[test]
fn the_answer_to_quit_arrives_whatever_follows() {
    let house = House::new();
    for size in [0, 10, 100_000, 1_000_000] {
        for _ in 0..20 {
            let mut client = house.client();
            client.send("NOOP\r\nQUIT\r\n".to_owned() + &"x".repeat(size));
            assert_eq!(client.codes(2), [250, 221], "{size} octets behind it");
        }
    }
}

/// A connection that is reset while it is idle is let go at once, not when its time is over.
#[test]
fn a_reset_is_seen() {
    let house = House::new();
    let clients: Vec<TcpStream> = (0..50)
        .map(|_| {
            let (stream, mut client) = connected(&house);
            client.expect(220);
            stream
        })
        .collect();
    for client in &clients {
        socket2::SockRef::from(client).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }
    drop(clients);
    let deadline = std::time::Instant::now() + LONG;
    while house.server.connections() > 0 {
        assert!(std::time::Instant::now() < deadline, "{} are still there", house.server.connections());
        std::thread::yield_now();
    }
}
