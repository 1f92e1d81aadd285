//! A certificate whose verification waits for others: what waits for that connection is one connection only, and it can be
//! given up.

use super::driver;
use super::session::Session;
use super::settings::{Settings, Tls, TlsMode, TlsName};
use crate::error::{Cause, Phase, Result};
use crate::net::options::Target;
use crate::net::tls::Pin;
use crate::net::tls::waiting_tests::{slow_pins, small_server};
use crate::net::wait::{Cancel, Every};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

fn target(address: SocketAddr) -> Target {
    Target::Host { host: address.ip().to_string(), port: address.port() }
}

fn verified(pins: Vec<Pin>) -> Settings {
    let name = TlsName::Given("mail.example".to_owned());
    Settings { tls: Tls { name, pins, ..Tls::mode(TlsMode::Implicit) }, ..Settings::default() }
}

fn in_clear() -> Settings {
    Settings { tls: Tls::mode(TlsMode::Never), ..Settings::default() }
}

/// Begins it in the background: where its result comes.
fn open(address: SocketAddr, settings: Settings, cancel: &Cancel) -> Receiver<Result<Session>> {
    let (done, told) = channel();
    let done = Box::new(move |result| drop(done.send(result)));
    driver::open(target(address), settings, cancel.clone(), None, done).unwrap();
    told
}

#[test]
fn other_connections_are_opened_in_the_background_meanwhile() {
    let (pins, asked, answer) = slow_pins(1);
    let (secure, plain) = (small_server(true), small_server(false));
    // More than are verified at a time.
    let slow: Vec<_> = (0..20).map(|_| open(secure, verified(pins.clone()), &Cancel::new())).collect();
    asked.recv_timeout(LONG).unwrap();
    let other = open(plain, in_clear(), &Cancel::new());
    other.recv_timeout(LONG).unwrap().unwrap();
    assert!(slow.iter().all(|told| matches!(told.try_recv(), Err(TryRecvError::Empty))));
    for _ in &slow {
        answer.send(true).unwrap();
    }
    for told in slow {
        told.recv_timeout(LONG).unwrap().unwrap();
    }
}

#[test]
fn one_in_the_background_can_be_cancelled_and_has_its_deadline() {
    let (pins, asked, _answer) = slow_pins(2);
    let secure = small_server(true);
    let cancel = Cancel::new();
    let told = open(secure, verified(pins.clone()), &cancel);
    asked.recv_timeout(LONG).unwrap();
    cancel.cancel();
    driver::wake();
    assert_eq!(told.recv_timeout(LONG).unwrap().err().unwrap().cause, Cause::Cancelled);

    let mut hasty = verified(pins);
    hasty.timeouts.reply = Duration::from_millis(300);
    let begun = Instant::now();
    let error = open(secure, hasty, &Cancel::new()).recv_timeout(LONG).unwrap().err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::TimedOut));
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

/// The call yields all the time: what it runs there may give the connection up, or the deadline ends it.
#[test]
fn a_call_that_waits_for_it_yields_and_has_its_deadline() {
    let (pins, asked, _answer) = slow_pins(3);
    let secure = small_server(true);
    let cancel = Cancel::new();
    let mut turns = 0;
    let mut yielding = Every::new(Duration::from_millis(5), || {
        turns += 1;
        if asked.try_recv().is_ok() {
            cancel.cancel();
        }
    });
    let mut session = Session::begin(target(secure), verified(pins.clone()), cancel.clone()).unwrap();
    let error = session.finish_opening(&mut yielding).unwrap_err();
    assert_eq!(error.cause, Cause::Cancelled);
    drop(session);
    assert!(turns > 0);

    let mut hasty = verified(pins);
    hasty.timeouts.reply = Duration::from_millis(300);
    let mut turns = 0;
    let mut yielding = Every::new(Duration::from_millis(5), || turns += 1);
    let mut session = Session::begin(target(secure), hasty, Cancel::new()).unwrap();
    let error = session.finish_opening(&mut yielding).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::TimedOut));
    assert!(turns > 5, "{turns}");
}
