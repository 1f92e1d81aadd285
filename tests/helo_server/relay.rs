//! The relay and clients that begin a mail and do not go on with it.

use crate::MAIL;
use crate::support::program::{Program, run};
use crate::support::raw::Raw;
use std::time::{Duration, Instant};

fn chain(more: &[&str]) -> (Program, Program) {
    let last = Program::start(&["--port", "0", "--discard"]);
    let relay = format!("smtp://{}", last.address("smtp"));
    let common = ["--port", "0", "--quiet", "--proxies", "127.0.0.1", "--domains", "example.com", "--relay", &relay];
    (Program::start(&[&common[..], more].concat()), last)
}

/// A client that comes by this address.
fn from(server: &Program, address: &str) -> Raw {
    let mut client = Raw::tcp(server.address("smtp"));
    let family = if address.contains(':') { "TCP6" } else { "TCP4" };
    client.send(format!("PROXY {family} {address} {address} 4000 25\r\nEHLO client.example\r\n"));
    assert_eq!(client.codes(2), [220, 250]);
    client
}

/// As many as there are connections to the next server, and more: with an envelope, with NOOP, with a message that begins.
#[test]
fn clients_that_do_not_go_on_hold_up_nobody() {
    let envelope = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n";
    for (words, replies) in [
        (envelope.to_owned(), 2),
        (format!("{envelope}NOOP\r\n"), 3),
        (format!("{envelope}DATA\r\n"), 3),
        (format!("{envelope}BDAT 1000\r\nbegins"), 2),
    ] {
        for address in ["127.0.0.1", "192.0.2.1", "many"] {
            let (server, _last) = chain(&[]);
            let mut holding: Vec<Raw> = (0..50)
                .map(|number| {
                    let own = format!("2001:db8:{number:x}::1");
                    let mut client = from(&server, if address == "many" { &own } else { address });
                    client.send(&words);
                    assert_eq!(client.codes(2), [250, 250], "{address}, client {number}: {words:?}");
                    client
                })
                .collect();
            let began = Instant::now();
            for other in ["198.51.100.9", "127.0.0.1"] {
                let mut client = from(&server, other);
                client.send(MAIL);
                assert_eq!(client.codes(3), [250, 250, 250], "{address}: {words:?}");
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
            // Whoever goes on after all has his mail taken.
            if replies == 2 && words.ends_with("m>\r\n") {
                for client in &mut holding {
                    client.send("BDAT 3 LAST\r\nx\r\n");
                    assert_eq!(client.codes(1), [250], "{address}");
                }
            }
        }
    }
}

#[test]
fn the_keys_of_the_relay() {
    let (server, _last) = chain(&["--relay-connections", "2", "--relay-hold", "1"]);
    let mut holding: Vec<Raw> = ["192.0.2.1", "192.0.2.2"].map(|address| from(&server, address)).into();
    for client in &mut holding {
        // More of the message than is gathered before the next server has it.
        let message = "a line of a message that does not end\r\n".repeat(4000);
        client.send(format!("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 999999\r\n{message}"));
        assert_eq!(client.codes(2), [250, 250]);
    }
    let mut client = from(&server, "198.51.100.9");
    client.send(MAIL);
    assert_eq!(client.codes(3), [250, 250, 250]);
    for bad in [["--relay-connections", "0"], ["--relay-hold", "0"], ["--relay-hold", "x"]] {
        let output = run(&[&["--port", "0", "--relay", "smtp://127.0.0.1", "--domains", "x"], &bad[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
    }
}
