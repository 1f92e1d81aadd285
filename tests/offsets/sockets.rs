//! The same over real sockets: a relay passes so many bytes on in one direction and then breaks the connection. No
//! descriptor stays behind. (The order of reset and data is the system's here, so what is checked is what must hold in
//! any order.)

use crate::support::cut::{Breaker, Side};
use crate::support::engine::{LEVELS, deliver, mail_to, of, open_within, send, settings};
use crate::support::process::open_descriptors;
use crate::support::sink::{self, Keep, Sink};
use crate::support::wait::{LONG, until};
use helo::client::body::Body;
use helo::error::{Cause, Phase};

fn sink() -> Sink {
    Sink::start(sink::Options { keep: Keep::Hashes, ..sink::Options::default() })
}

/// What a whole session takes in each direction.
fn whole(server: &Sink, talk: &dyn Fn(&Breaker)) -> (usize, usize) {
    let relay = Breaker::start(server.address(), Side::Server, usize::MAX, false);
    talk(&relay);
    relay.passed()
}

#[test]
fn sessions_over_tcp() {
    let server = sink();
    let talk = |relay: &Breaker| {
        let mut session = open_within(relay.address(), LONG)?;
        send(&mut session, &[b"Subject: x\n\n.dot\nend"])?;
        session.quit(&mut ());
        Ok(())
    };
    let (to_server, to_client) = whole(&server, &|relay| talk(relay).unwrap());
    let before = open_descriptors();
    for (side, all) in [(Side::Server, to_server), (Side::Client, to_client)] {
        for reset in [false, true] {
            for at in 0..all {
                let stored = server.count();
                let relay = Breaker::start(server.address(), side, at, reset);
                let result: helo::error::Result<()> = talk(&relay);
                drop(relay);
                let stored = server.count() - stored;
                let context = format!("{side:?} {at} reset {reset}: {result:?}, stored {stored}");
                match result.as_ref().map_err(of) {
                    Ok(()) => assert_eq!(stored, 1, "{context}"),
                    Err((Phase::Message, Cause::OutcomeUnknown)) => {}
                    // Not responding: reset before the connection was looked at.
                    Err((_, Cause::BrokenOff | Cause::NotResponding)) => assert_eq!(stored, 0, "{context}"),
                    Err(_) => panic!("{context}"),
                }
            }
        }
    }
    // The tests beside this one hold a few; what one connection in a thousand leaves behind would be more.
    until("all descriptors are closed", LONG, || (open_descriptors() <= before).then_some(()));
}

#[test]
fn deliveries_over_tcp() {
    const COUNT: usize = 3;
    let large = vec![b'x'; 700_000];
    let list = || {
        (0..COUNT)
            .map(|i| {
                let body = if i == 1 { large.clone() } else { b"a\n.\nb".to_vec() };
                mail_to(i, 1, Body::memory(Box::new(body)))
            })
            .collect::<Vec<_>>()
    };
    for level in LEVELS {
        let all = whole(&sink(), &|relay| drop(deliver(relay.address(), level, settings(LONG), &mut list())));
        // Every byte of the answers, and the places around the beginning and the end of the large body.
        let to_server = (0..all.0).step_by(30_011).chain((0..all.0).rev().take(250).step_by(9));
        let cuts = to_server.map(|at| (Side::Server, at)).chain((0..all.1).step_by(3).map(|at| (Side::Client, at)));
        for (side, at) in cuts {
            let server = sink();
            let relay = Breaker::start(server.address(), side, at, at % 2 == 1);
            let outcomes = deliver(relay.address(), level, settings(LONG), &mut list());
            drop(relay);
            let stored = server.mails();
            for (i, mail) in outcomes.iter().enumerate() {
                let is_stored = stored.iter().any(|m| m.sender == format!("s{i}@example.org"));
                let context = format!("{level:?} {side:?} {at}, mail {i} stored {is_stored}: {mail:?}");
                match mail[0].failure.map(|f| f.1) {
                    None => assert!(is_stored, "{context}"),
                    Some(Cause::OutcomeUnknown) => {}
                    Some(Cause::Unsent | Cause::BrokenOff | Cause::NotResponding) => assert!(!is_stored, "{context}"),
                    Some(_) => panic!("{context}"),
                }
            }
        }
    }
}
