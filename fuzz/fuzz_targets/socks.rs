//! The client's side of SOCKS before a proxy that says anything: however its octets are cut the same comes of it, no octet
//! too many is taken, what stands behind its last word is left, and no error shows the password.
#![no_main]

use helo::net::socks::{Destination, Login, Socks, SocksError, Version};
use helo::sasl::Secret;
use helo_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "hunter2-hunter2";

/// What came of it, how many octets were taken, and all that was said to the proxy.
fn run(how: u8, pieces: &[&[u8]]) -> (Result<bool, SocksError>, usize, Vec<u8>) {
    let version = if how & 1 == 0 { Version::V5 } else { Version::V4 };
    let destination = match how >> 1 & 3 {
        0 => Destination::Name("mail.example".into()),
        1 => Destination::Address([192, 0, 2, 1].into()),
        2 => Destination::Address([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
        _ => Destination::Name("x".repeat(256)),
    };
    let login = Login {
        none: how & 8 == 0,
        password_allowed: how & 16 != 0,
        user: Some("alice".into()),
        password: Some(Secret::new(PASSWORD.into())),
    };
    let (mut taken, mut said) = (0, Vec::new());
    let mut socks = match Socks::new(version, &destination, 25, &login) {
        Ok(socks) => socks,
        Err(why) => return (Err(why), 0, said),
    };
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            while !socks.outgoing().is_empty() {
                said.extend_from_slice(&socks.outgoing()[..1]);
                socks.sent(1);
            }
            if socks.is_done() {
                return (Ok(true), taken, said);
            }
            let wanted = socks.wanted();
            assert!(wanted > 0, "it waits for the proxy, or is done");
            let given = &rest[..wanted.min(rest.len())];
            match socks.receive(given) {
                Ok(count) => {
                    assert_eq!(count, given.len());
                    taken += count;
                    rest = &rest[count..];
                }
                Err(why) => return (Err(why), taken, said),
            }
        }
    }
    assert!(!socks.ended().to_string().contains(PASSWORD));
    (Ok(socks.is_done()), taken, said)
}

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else { return };
    let (whole, cut) = pieces(rest);
    let (one, two) = (run(how, &[whole]), run(how, &cut));
    assert!(one.1 <= whole.len());
    match (&one.0, &two.0) {
        (Err(first), Err(second)) => assert_eq!(first, second),
        (Ok(first), Ok(second)) => assert_eq!((first, one.1), (second, two.1)),
        other => panic!("cut otherwise, it comes to something else: {other:?}"),
    }
    assert_eq!(one.2, two.2, "the same is said");
    if let Err(why) = one.0 {
        assert!(!why.to_string().contains(PASSWORD) && !why.to_string().contains(char::is_control));
    }
});
