//! The connection is lost at bytes all over a session under TLS, in each direction: the cause is right, what is confirmed
//! is stored, what is called unsent is not.

use crate::support::cut::{Breaker, Side};
use crate::support::engine::{of, send};
use crate::support::process::open_descriptors;
use crate::support::tls::{Behaviour, TlsServer};
use crate::support::wait::{LONG, until};
use crate::*;
use helo::error::{Cause, Phase};

/// A session through the relay, with a mail; what came of it, and whether the server had the whole mail.
fn talk(implicit: bool, side: Side, at: usize, reset: bool) -> (Result<(), Error>, bool, (usize, usize)) {
    let server = TlsServer::start(Behaviour { implicit, ..Behaviour::good(GOOD.clone()) }, 1);
    let relay = Breaker::start(server.address, side, at, reset);
    let mode = if implicit { TlsMode::Implicit } else { TlsMode::Always };
    let target = Target::Host { host: "127.0.0.1".into(), port: relay.address().port() };
    let outcome = Session::open(target, settings(tls(mode), None), Cancel::new(), &mut ()).and_then(|mut session| {
        send(&mut session, &[b"Subject: x\r\n\r\nhello\r\n"])?;
        session.quit(&mut ());
        Ok(())
    });
    let passed = relay.passed();
    let heard = server.finish().pop().unwrap();
    (outcome, heard.encrypted.iter().any(|line| line == "."), passed)
}

#[test]
fn wherever_it_is_cut() {
    let before = open_descriptors();
    for implicit in [true, false] {
        let (whole, stored, (to_server, to_client)) = talk(implicit, Side::Server, usize::MAX, false);
        assert!(whole.is_ok() && stored, "{whole:?}");
        for (side, all) in [(Side::Server, to_server), (Side::Client, to_client)] {
            // The first bytes and the last ones each by itself: there are the records of the dialogue.
            for at in (0..all).filter(|at| *at < 60 || at % 23 == 0 || all - at < 120) {
                let (outcome, stored, _) = talk(implicit, side, at, at % 2 == 1);
                let case = format!("implicit {implicit}, {side:?} cut at {at} of {all}, stored {stored}: {outcome:?}");
                match outcome.as_ref().map_err(of) {
                    // Lengths vary by a few bytes (signatures): the last ones may have passed.
                    Ok(()) => assert!(stored, "{case}"),
                    Err((Phase::Message, Cause::OutcomeUnknown)) => {}
                    Err((_, Cause::BrokenOff | Cause::NotResponding)) => assert!(!stored, "{case}"),
                    Err(_) => panic!("{case}"),
                }
            }
        }
    }
    until("all descriptors are closed", LONG, || (open_descriptors() <= before + 8).then_some(()));
}
