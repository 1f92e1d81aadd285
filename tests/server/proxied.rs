//! The PROXY protocol from those who are trusted with it.

use crate::house::House;
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::server::spool::Peer;
use helo::server::{Limits, Network, Service};
use std::time::Duration;

const MAIL: &str = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n";

fn trusting(service: &mut Service) {
    service.proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
    service.dialogue.timeouts.hello = Duration::from_millis(300);
}

#[test]
fn the_client_is_who_the_proxy_says() {
    let v1 = b"PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\r\n".to_vec();
    let v2 = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[192, 0, 2, 1, 198, 51, 100, 1, 0x0f, 0xa0, 0, 25][..]].concat();
    for header in [v1, v2] {
        for dripping in [false, true] {
            let house = House::with(Kept::new(), trusting);
            let mut client = Raw::tcp(house.address());
            // The client's words may come in the same segment.
            let words = [&header, MAIL.as_bytes()].concat();
            if dripping {
                client.drip(words)
            } else {
                client.send(words)
            };
            assert_eq!(client.codes(6), [220, 250, 250, 250, 250, 221]);
            let envelope = house.kept.mails().remove(0).envelope;
            assert_eq!(envelope.peer, Peer::Internet("192.0.2.1:4000".parse().unwrap()));
            assert_eq!(envelope.local, Some("198.51.100.1:25".parse().unwrap()));
        }
    }
}

#[test]
fn a_proxy_that_does_not_say_so_gets_no_word() {
    let house = House::with(Kept::new(), trusting);
    Raw::tcp(house.address()).say("EHLO client.example").closed();
    Raw::tcp(house.address()).closed();
    Raw::tcp(house.address()).send("PROXY TCP4 192.0.2.1").closed();
}

/// The time for the header is that for a command, but never so short that a segment could not come again.
#[test]
fn a_proxy_has_its_time() {
    let house = House::with(Kept::new(), |service| {
        service.proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
        service.dialogue.timeouts.hello = Duration::from_millis(1);
    });
    let began = std::time::Instant::now();
    let mut silent = Raw::tcp(house.address());
    let mut dripping = Raw::tcp(house.address());
    dripping.send("PROXY TCP4 192.0.2.1");
    silent.closed();
    dripping.closed();
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    let house = House::with(Kept::new(), |service| {
        service.proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
        // What the handshake of TLS may take is something else.
        service.dialogue.timeouts.handshake = Duration::from_millis(1);
    });
    let mut client = Raw::tcp(house.address());
    client.drip("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\r\n").expect(220);
}

#[test]
fn what_is_no_header_gets_no_word() {
    let house = House::with(Kept::new(), trusting);
    let v2 = |family: u8| [b"\r\n\r\n\0\r\nQUIT\n\x21".as_slice(), &[family, 0, 12], &[0; 12]].concat();
    for header in [
        b"PROXY TCP4 192.0.2.1 198.51.100.1 4000 01\r\n".to_vec(),
        b"PROXY UDP4 192.0.2.1 198.51.100.1 4000 25\r\n".to_vec(),
        v2(0x13),
        v2(0x41),
        v2(0xf1),
    ] {
        Raw::tcp(house.address()).send([&header, MAIL.as_bytes()].concat()).closed();
    }
    assert!(house.kept.mails().is_empty());
}

#[test]
fn from_strangers_it_is_a_command_like_any_other() {
    let house = House::new();
    let mut client = Raw::tcp(house.address());
    client.say("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25").expect(220);
    client.expect(500);
    client.send(MAIL);
    client.codes(5);
    assert!(matches!(house.kept.mails()[0].envelope.peer, Peer::Internet(peer) if peer.ip().is_loopback()));
}

/// The clients that the proxy names have each as many connections as others have, whichever way they come to be named; the
/// proxy itself has no limit.
#[test]
fn each_client_behind_the_proxy_has_its_own_number_of_connections() {
    let limits = Limits { connections_per_client: 3, ..Limits::default() };
    let house = House::limited(Kept::new(), trusting, limits);
    let named = |header: &str| {
        let mut client = Raw::tcp(house.address());
        client.send(header);
        let code = client.reply().get(..3).unwrap_or_default().to_owned();
        (client, code)
    };
    let four = "PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\r\n";
    let mut held: Vec<(Raw, String)> = (0..3).map(|_| named(four)).collect();
    assert!(held.iter().all(|(_, code)| code == "220"));
    // The same client, mapped into IPv6.
    for header in [four, "PROXY TCP6 ::ffff:192.0.2.1 ::1 4000 25\r\n"] {
        let (mut client, code) = named(header);
        assert_eq!(code, "421", "{header}");
        client.closed();
    }
    // Others, the proxy's own connections, and the clients of its machine.
    for number in 2..9 {
        held.push(named(&format!("PROXY TCP4 192.0.2.{number} 198.51.100.1 4000 25\r\n")));
        held.push(named("PROXY UNKNOWN\r\n"));
        held.push(named("PROXY TCP4 127.0.0.1 127.0.0.1 4000 25\r\n"));
    }
    assert!(held.iter().all(|(_, code)| code == "220"));
    // Of IPv6 the first 64 bits are one client.
    let six = |number: u32| named(&format!("PROXY TCP6 2001:db8::{number} ::1 4000 25\r\n"));
    held.extend((0..3).map(six));
    assert!(held.iter().all(|(_, code)| code == "220"));
    assert_eq!(six(4).1, "421");
    // Who has gone makes room.
    held[0].0.ask("QUIT", 221);
    held[0].0.closed();
    let again = crate::support::wait::until("room", crate::house::LONG, || {
        let (client, code) = named(four);
        (code == "220").then_some(client)
    });
    assert_eq!(named(four).1, "421");
    drop(again);
}
