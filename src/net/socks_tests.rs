//! Tests of the SOCKS dialogue, octet by octet.

use super::socks::*;
use crate::sasl::Secret;
use std::net::IpAddr;

fn v4() -> Destination {
    Destination::Address(IpAddr::from([192, 0, 2, 7]))
}

fn v6() -> Destination {
    Destination::Address(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]))
}

fn name(name: &str) -> Destination {
    Destination::Name(name.to_owned())
}

fn open() -> Login {
    Login { none: true, ..Login::default() }
}

fn user(user: &str, password: &str) -> Login {
    Login {
        none: true,
        password_allowed: true,
        user: Some(user.to_owned()),
        password: Some(Secret::new(password.to_owned())),
    }
}

/// Plays a proxy's script: what must be said, then what it answers, and so on. `split` octets are handed over at a
/// time. Returns what of the last answer was not the dialogue's.
fn play(socks: &mut Socks, script: &[(&[u8], &[u8])], split: usize) -> Result<Vec<u8>, SocksError> {
    let mut rest = Vec::new();
    for (said, answer) in script {
        assert_eq!(socks.outgoing(), *said);
        assert_eq!(socks.wanted(), 0, "it wants an answer before all is said");
        // What it says may also go out in parts.
        while !socks.outgoing().is_empty() {
            socks.sent(split.min(socks.outgoing().len()));
        }
        rest = answer.to_vec();
        while socks.wanted() > 0 && !rest.is_empty() {
            let part = rest.len().min(split);
            let taken = socks.receive(&rest[..part])?;
            rest.drain(..taken);
        }
    }
    Ok(rest)
}

/// The same at every split of what passes: each must come to the same.
fn play_all(make: impl Fn() -> Socks, script: &[(&[u8], &[u8])]) -> Result<(), SocksError> {
    let results = (1..=32).map(|split| play(&mut make(), script, split));
    let results: Vec<_> = results.map(|result| result.map(drop)).collect();
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{results:?}");
    results[0].clone()
}

fn error(make: impl Fn() -> Socks, script: &[(&[u8], &[u8])]) -> SocksError {
    play_all(make, script).expect_err("the dialogue must fail")
}

#[test]
fn version_4_asks_for_an_address() {
    let login = Login { user: Some("joe".to_owned()), ..Login::default() };
    let make = || Socks::new(Version::V4, &v4(), 25, &login).unwrap();
    let request = b"\x04\x01\x00\x19\xc0\x00\x02\x07joe\x00";
    let granted = b"\x00\x5a\x00\x00\x00\x00\x00\x00";
    play_all(make, &[(request, granted)]).unwrap();
    let mut socks = make();
    let rest = play(&mut socks, &[(request, b"\x00\x5a\x00\x00\x00\x00\x00\x00220 hello\r\n")], 32).unwrap();
    assert!(socks.is_done());
    assert_eq!(rest, b"220 hello\r\n", "the server's first words are not the proxy's");
}

#[test]
fn version_4a_asks_for_a_name() {
    let make = || Socks::new(Version::V4, &name("mail.example"), 587, &open()).unwrap();
    let request = b"\x04\x01\x02\x4b\x00\x00\x00\x01\x00mail.example\x00";
    play_all(make, &[(request, b"\x00\x5a\x01\x02\x03\x04\x05\x06")]).unwrap();
}

#[test]
fn version_4_refusals_are_told_apart() {
    let make = || Socks::new(Version::V4, &v4(), 25, &open()).unwrap();
    let request: &[u8] = b"\x04\x01\x00\x19\xc0\x00\x02\x07\x00";
    for (code, word) in [(91, "refused"), (92, "identd"), (93, "another user"), (7, "unknown result, 7")] {
        let answer = [0, code, 0, 0, 0, 0, 0, 0];
        let error = error(make, &[(request, &answer)]);
        assert!(matches!(error, SocksError::Refused(_)) && error.to_string().contains(word), "{error}");
    }
}

#[test]
fn version_5_without_authentication_reaches_all_kinds_of_hosts() {
    let requests: [(Destination, &[u8]); 3] = [
        (v4(), b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x19"),
        (v6(), b"\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x00\x19"),
        (name("mail.example"), b"\x05\x01\x00\x03\x0cmail.example\x00\x19"),
    ];
    // The proxy says where it connects from, in one of three forms.
    let bound: [&[u8]; 4] = [
        b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34",
        b"\x05\x00\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x12\x34",
        b"\x05\x00\x00\x03\x05proxy\x12\x34",
        b"\x05\x00\x00\x03\x00\x12\x34",
    ];
    for (destination, request) in &requests {
        for answer in bound {
            let make = || Socks::new(Version::V5, destination, 25, &open()).unwrap();
            let script: [(&[u8], &[u8]); 2] = [(b"\x05\x01\x00", b"\x05\x00"), (request, answer)];
            play_all(make, &script).unwrap();
            let mut socks = make();
            let longer = [answer, b"220 "].concat();
            let rest = play(&mut socks, &[script[0], (request, &longer)], 40).unwrap();
            assert!(socks.is_done());
            assert_eq!(rest, b"220 ");
        }
    }
}

#[test]
fn version_5_gives_user_and_password_when_asked() {
    let login = user("joe", "open sesame");
    let make = || Socks::new(Version::V5, &v4(), 25, &login).unwrap();
    let greeting: &[u8] = b"\x05\x02\x00\x02";
    let secret: &[u8] = b"\x01\x03joe\x0bopen sesame";
    let request: &[u8] = b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x19";
    let granted: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    play_all(make, &[(greeting, b"\x05\x02"), (secret, b"\x01\x00"), (request, granted)]).unwrap();
    // A proxy that wants none gets none.
    play_all(make, &[(greeting, b"\x05\x00"), (request, granted)]).unwrap();

    let refused = error(make, &[(greeting, b"\x05\x02"), (secret, b"\x01\x01")]);
    assert!(refused.to_string().contains("user or the password"), "{refused}");
    let foreign = error(make, &[(greeting, b"\x05\x02"), (secret, b"\x05\x00")]);
    assert!(matches!(&foreign, SocksError::Refused(why) if why.contains("begins with 5")), "{foreign}");
    assert!(!format!("{:?}", make()).contains("sesame"));
}

#[test]
fn version_5_takes_no_method_that_was_not_offered() {
    let only_password = Login { none: false, ..user("joe", "x") };
    let cases: [(Login, u8, &str); 5] = [
        (open(), 0xff, "give it a user"),
        (user("joe", "x"), 0xff, "takes none"),
        (open(), 2, "not offered, 2"),
        (user("joe", "x"), 1, "not offered, 1"),
        (only_password, 0, "not offered, 0"),
    ];
    for (login, method, word) in cases {
        let mut socks = Socks::new(Version::V5, &v4(), 25, &login).unwrap();
        socks.sent(socks.outgoing().len());
        let error = socks.receive(&[5, method]).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn version_5_refusals_are_told_apart() {
    let make = || Socks::new(Version::V5, &v4(), 25, &open()).unwrap();
    let request: &[u8] = b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x19";
    let unreachable = [(3, "network"), (4, "host unreachable"), (5, "refused by the host"), (6, "too long")];
    let refused = [(1, "failed"), (2, "rules"), (7, "outgoing"), (8, "kind of address"), (99, "unknown result, 99")];
    for (code, word) in unreachable.into_iter().chain(refused) {
        // Two octets are enough to know: a proxy that says no more is understood too.
        let error = error(make, &[(b"\x05\x01\x00", b"\x05\x00"), (request, &[5, code])]);
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(matches!(error, SocksError::Unreachable(_)), (3..=6).contains(&code));
    }
    let kind = error(make, &[(b"\x05\x01\x00", b"\x05\x00"), (request, b"\x05\x00\x00\x09")]);
    assert!(kind.to_string().contains("unknown kind, 9"), "{kind}");
    let version = error(make, &[(b"\x05\x01\x00", b"\x05\x00"), (request, b"\x04\x00")]);
    assert!(matches!(version, SocksError::Refused(_)), "{version}");
}

#[test]
fn a_foreign_protocol_is_noticed_at_its_first_octet() {
    for answer in [&b"HTTP/1.1 400"[..], b"\x00\x5b", b"\x04", b"2"] {
        let mut socks = Socks::new(Version::V5, &v4(), 25, &open()).unwrap();
        socks.sent(3);
        let error = socks.receive(&answer[..1]).unwrap_err();
        assert!(matches!(error, SocksError::NotSpoken(_)), "{error}");
    }
    let mut socks = Socks::new(Version::V4, &v4(), 25, &open()).unwrap();
    socks.sent(100);
    assert!(matches!(socks.receive(b"\x05").unwrap_err(), SocksError::NotSpoken(_)));
}

#[test]
fn an_answer_cut_short_anywhere_says_how_short() {
    let answers = b"\x05\x00\x05\x00\x00\x03\x05proxy\x12\x34";
    for cut in 0..answers.len() {
        let mut socks = Socks::new(Version::V5, &v4(), 25, &open()).unwrap();
        let mut rest = &answers[..cut];
        loop {
            socks.sent(socks.outgoing().len());
            let part = socks.wanted().min(rest.len());
            if part == 0 {
                break;
            }
            let taken = socks.receive(&rest[..part]).unwrap();
            rest = &rest[taken..];
        }
        assert!(!socks.is_done());
        let error = socks.ended();
        match cut {
            0 => assert!(matches!(error, SocksError::NotSpoken(_)), "{error}"),
            _ => assert!(error.to_string().contains("octets short"), "{error}"),
        }
    }
}

#[test]
fn what_cannot_be_said_is_refused_before_anything_is() {
    let long = "x".repeat(256);
    let cases: [(Version, Destination, Login, &str); 12] = [
        (Version::V4, v6(), open(), "IPv6"),
        (Version::V4, v4(), user("jo\0e", ""), "NUL"),
        (Version::V4, v4(), user(&long, ""), "longer than 255"),
        (Version::V4, name(&long), open(), "longer than 255"),
        (Version::V4, name("a\0b"), open(), "control"),
        (Version::V5, name(&long), open(), "longer than 255"),
        (Version::V5, name(""), open(), "empty"),
        (Version::V5, name("a\r\nRCPT TO:<x>"), open(), "control"),
        (Version::V5, v4(), user(&long, ""), "longer than 255"),
        (Version::V5, v4(), user("joe", &long), "longer than 255"),
        (Version::V5, v4(), user("", "x"), "missing"),
        (Version::V5, v4(), Login::default(), "no way to authenticate"),
    ];
    for (version, destination, login, word) in cases {
        let error = Socks::new(version, &destination, 25, &login).unwrap_err();
        assert!(matches!(error, SocksError::Argument(why) if why.contains(word)), "{error}");
    }
    // The longest that can be said can.
    let most = "x".repeat(255);
    let mut socks = Socks::new(Version::V5, &name(&most), 25, &user(&most, &most)).unwrap();
    socks.sent(4);
    socks.receive(b"\x05\x02").unwrap();
    assert_eq!(socks.outgoing().len(), 3 + 255 + 255);
}

#[test]
fn random_answers_never_panic_and_never_take_too_much() {
    // A small generator of its own keeps the run the same every time.
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 32) as u8
    };
    for round in 0..20_000 {
        let version = if round % 2 == 0 { Version::V4 } else { Version::V5 };
        let mut socks = Socks::new(version, &v4(), 25, &user("joe", "x")).unwrap();
        for _ in 0..40 {
            socks.sent(socks.outgoing().len());
            if socks.is_done() {
                break;
            }
            let wanted = socks.wanted();
            assert!((1..=257).contains(&wanted), "{wanted}");
            // Mostly plausible octets, so that the later states are met too.
            let octets: Vec<u8> = (0..wanted).map(|_| random() % if random() < 200 { 6 } else { 255 }).collect();
            match socks.receive(&octets) {
                Ok(taken) => assert!(taken <= wanted),
                Err(_) => break,
            }
        }
    }
}
