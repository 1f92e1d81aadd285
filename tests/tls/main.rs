//! TLS as a client uses it: the modes against what servers do, with the wire read for what must not be on it; hostile
//! servers; certificates of every kind.
#![cfg(feature = "tls")]

#[path = "../support/mod.rs"]
mod support;

mod any;
mod certificates;
mod clear;
mod cuts;
mod faces;
mod hostile;
mod led;
mod modes;
#[cfg(feature = "program")]
mod own;
#[cfg(feature = "program")]
mod relay;
mod resumption;
mod store;
mod threads;

use helo::client::{AuthPlan, Owner, Session, Settings, Timeouts, Tls, TlsMode, TlsName};
use helo::error::Error;
use helo::net::connect::Target;
use helo::net::tls::Roots;
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Secret};
use rustls::ServerConfig;
use std::sync::{Arc, LazyLock};
use support::tls::{Authority, Behaviour, Heard, PATIENCE, TlsServer};

const NAME: &str = "mail.example.com";
const PASSWORD: &str = "wonderland";
/// `\0alice\0wonderland` as AUTH PLAIN sends it.
const RESPONSE: &str = "AGFsaWNlAHdvbmRlcmxhbmQ=";

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test authority"));
static GOOD: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| AUTHORITY.certificate(&[NAME]).server());

fn roots() -> Option<Roots> {
    Some(Roots::from_pem(AUTHORITY.pem.as_bytes()).unwrap())
}

/// A mode, with the tests' authority trusted and the tests' name expected.
fn tls(mode: TlsMode) -> Tls {
    Tls { mode, name: TlsName::Given(NAME.into()), roots: roots(), ..Tls::default() }
}

fn login(owner: Owner) -> AuthPlan {
    let credentials = Credentials::new("alice", Secret::new(PASSWORD.into()));
    AuthPlan::new(credentials, owner)
}

fn settings(tls: Tls, auth: Option<AuthPlan>) -> Settings {
    Settings { helo_name: "me.example".into(), timeouts: Timeouts::all(PATIENCE), tls, auth, ..Settings::default() }
}

/// Opens a session and says QUIT; what came of it, and what the server heard.
fn meet(behaviour: Behaviour, settings: Settings) -> (Result<(), Error>, Heard) {
    let server = TlsServer::start(behaviour, 1);
    let outcome = open(&server, settings).map(|session| session.quit(&mut ()));
    (outcome, server.finish().pop().unwrap())
}

fn open(server: &TlsServer, settings: Settings) -> Result<Session, Error> {
    let target = Target::Host { host: server.address.ip().to_string(), port: server.address.port() };
    Session::open(target, settings, Cancel::new(), &mut ())
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Nothing of a login, nor of an envelope, is on the wire.
#[track_caller]
fn assert_nothing_leaked(heard: &Heard, case: &str) {
    for text in [PASSWORD, RESPONSE, &RESPONSE[4..20], "AUTH", "MAIL", "alice"] {
        assert!(!holds(&heard.wire, text), "{case}: {text:?} was on the wire: {heard:?}");
    }
}
