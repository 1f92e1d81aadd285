//! An opening that the caller leads, command by command: what the settings demand happens inside its hello, with each
//! server as it does when the engine leads; and the caller's own STARTTLS.

use crate::modes::{MODES, assert_heard, implicit_servers, reached, servers};
use crate::support::tls::Behaviour;
use crate::*;
use helo::client::settings::OpeningMode;
use helo::error::{Cause, Phase};
use helo::proto::command::{Command, Verb};

fn led(tls: Tls, auth: Option<AuthPlan>) -> Settings {
    Settings { opening: OpeningMode::Stepwise, ..settings(tls, auth) }
}

/// Opens, says hello and QUIT; what came of it, and what the server heard.
fn meet_led(behaviour: Behaviour, settings: Settings) -> (Result<(), Error>, Heard) {
    let server = TlsServer::start(behaviour, 1);
    let outcome = open(&server, settings).and_then(|mut session| {
        session.hello(Verb::Ehlo, &mut ())?;
        session.quit(&mut ());
        Ok(())
    });
    (outcome, server.finish().pop().unwrap())
}

#[test]
fn a_hello_that_is_led_does_what_the_mode_does_with_each_server() {
    let implicit = implicit_servers()
        .into_iter()
        .map(|(name, behaviour, expected)| (name, behaviour, vec![(TlsMode::Implicit, expected)]));
    let rows = servers()
        .into_iter()
        .map(|(name, behaviour, outcomes)| (name, behaviour, MODES.into_iter().zip(outcomes).collect::<Vec<_>>()))
        .chain(implicit);
    for (name, behaviour, outcomes) in rows {
        for (mode, expected) in outcomes {
            let case = format!("{mode:?}, the server {name}");
            let (outcome, heard) = meet_led(behaviour.clone(), led(tls(mode), Some(login(Owner::Program))));
            assert_eq!(reached(&outcome, &heard, &case), expected, "{case}: {outcome:?}, {heard:?}");
            assert_heard(&heard, mode, expected, "EHLO me.example", &case);
        }
    }
}

#[test]
fn starttls_can_be_led_and_a_hello_follows() {
    let server = TlsServer::start(Behaviour::good(GOOD.clone()), 1);
    let mut session = open(&server, led(tls(TlsMode::Optional), None)).unwrap();
    assert_eq!(session.start_tls(&mut ()).unwrap(), None);
    assert!(session.connection().is_secure());
    session.hello(Verb::Ehlo, &mut ()).unwrap();
    let error = session.start_tls(&mut ()).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::BadSequence), "encrypted already: {error}");
    session.command(&Command::Rset, &mut ()).unwrap();
    session.quit(&mut ());
    let heard = server.finish().pop().unwrap();
    assert_eq!((heard.clear, heard.encrypted.len()), (vec![String::from("STARTTLS")], 3));
}

#[test]
fn a_refused_starttls_is_the_callers_to_judge_where_nothing_is_demanded() {
    let refusing = Behaviour { answer: b"454 not now\r\n", handshake: false, ..Behaviour::good(GOOD.clone()) };
    let server = TlsServer::start(refusing.clone(), 1);
    let mut session = open(&server, led(tls(TlsMode::Optional), None)).unwrap();
    let refusal = session.start_tls(&mut ()).unwrap().unwrap();
    assert_eq!(refusal.code(), 454);
    session.quit(&mut ());
    server.finish();

    let server = TlsServer::start(refusing, 1);
    let mut session = open(&server, led(tls(TlsMode::Always), None)).unwrap();
    let error = session.start_tls(&mut ()).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::Refused), "{error}");
    drop(session);
    server.finish();
}
