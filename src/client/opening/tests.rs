//! Tables: what the server says, and what the opening does next. No transport is anywhere near.

use super::{Facts, Next, Opening, Say};
use crate::client::settings::{AuthPlan, Owner, Settings, TlsMode};
use crate::client::supplier::{Login, Supplier};
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::client::{Answer, Expect, Protocol};
use crate::proto::command::Verb;
use crate::proto::extension::Extensions;
use crate::proto::reply::Reply;
use crate::sasl::{BindingKind, ChannelBinding, Credentials, Secret};
use std::sync::Arc;

/// An opening, and the connection as it would be.
struct Table {
    opening: Opening,
    settings: Settings,
    extensions: Extensions,
    secure: bool,
    bindings: Vec<ChannelBinding>,
}

impl Table {
    fn new(mut settings: Settings) -> Table {
        let opening = Opening::new(&mut settings, true);
        Table { opening, settings, extensions: Extensions::none(), secure: false, bindings: Vec::new() }
    }

    fn secured(mut self) -> Table {
        self.secure = true;
        self
    }

    fn ask(&mut self, decide: impl FnOnce(&mut Opening, &Facts<'_>) -> Result<Next>) -> String {
        let facts = Facts {
            settings: &self.settings,
            extensions: &self.extensions,
            secure: self.secure,
            local: &|| Some(String::from("192.0.2.7:1025")),
            place: ("mail.example", 25),
            channel_bindings: &|| self.bindings.clone(),
        };
        shown(decide(&mut self.opening, &facts))
    }

    /// What comes after this reply to that.
    fn on(&mut self, expect: Expect, said: &str) -> String {
        let text: Vec<&str> = said.lines().map(|line| &line[4..]).collect();
        let reply = Reply::new(said[..3].parse().expect("a code"), &text.join("\n"));
        if matches!(expect, Expect::Command(Verb::Ehlo | Verb::Lhlo)) && reply.is_success() {
            self.extensions = Extensions::parse(&reply);
        }
        let answer = Answer { expect, tag: 0, reply, index: 0, more: false, end: 0 };
        self.ask(|opening, facts| opening.on_reply(answer, facts))
    }

    #[track_caller]
    fn expect(&mut self, rows: &[(Expect, &str, &str)]) {
        for (number, (expect, said, next)) in rows.iter().enumerate() {
            assert_eq!(self.on(*expect, said), *next, "row {number}: {said:?} to {expect:?}");
        }
    }
}

/// In a few words, for the tables.
fn shown(next: Result<Next>) -> String {
    match next {
        Ok(Next::Say(say)) => said(&say),
        Ok(Next::SayOr(say, error)) => format!("{} or {}", said(&say), error.code()),
        Ok(Next::StartTls) => String::from("handshake"),
        Ok(Next::Fetch { renew, .. }) => String::from(if renew { "fetch fresh" } else { "fetch" }),
        Ok(Next::Wait) => String::from("wait"),
        Ok(Next::Answered(_)) => String::from("answered"),
        Ok(Next::Done { authenticated }) => String::from(if authenticated { "logged in" } else { "done" }),
        Err(Error { phase, cause, .. }) => format!("{phase:?} {cause:?}"),
    }
}

fn said(say: &Say) -> String {
    match say {
        Say::Hello(verb, name) => format!("{} {name}", verb.name()),
        Say::StartTls => String::from("STARTTLS"),
        Say::Auth(mechanism, Some(line)) => format!("AUTH {mechanism} {}", line.as_str()),
        Say::Auth(mechanism, None) => format!("AUTH {mechanism}"),
        Say::AuthLine(line) => line.to_string(),
    }
}

const GREETING: Expect = Expect::Greeting;
const EHLO: Expect = Expect::Command(Verb::Ehlo);
const HELO: Expect = Expect::Command(Verb::Helo);
const STARTTLS: Expect = Expect::Command(Verb::StartTls);
const AUTH: Expect = Expect::Command(Verb::Auth);
const STEP: Expect = Expect::AuthStep;

fn alice() -> Credentials {
    Credentials::new("alice", Secret::new(String::from("secret")))
}

fn tls(mode: TlsMode) -> Settings {
    Settings { tls: crate::client::settings::Tls::mode(mode), ..Settings::default() }
}

fn login(login: impl Into<Login>, mechanisms: &[&'static str]) -> Settings {
    let plan = AuthPlan { mechanisms: mechanisms.to_vec(), ..AuthPlan::new(login, Owner::Program) };
    Settings { auth: Some(plan), ..Settings::default() }
}

#[test]
fn hello_is_said_as_the_protocol_and_the_server_have_it() {
    let literal = |verb| format!("{verb} [192.0.2.7]");
    Table::new(Settings::default()).expect(&[(GREETING, "220 hi", &literal("EHLO")), (EHLO, "250 x", "done")]);
    Table::new(Settings::default()).expect(&[
        (GREETING, "220 hi", &literal("EHLO")),
        (EHLO, "502 what", &literal("HELO")),
        (HELO, "250 x", "done"),
    ]);
    Table::new(Settings { helo_only: true, ..Settings::default() }).expect(&[(GREETING, "220 hi", &literal("HELO"))]);
    Table::new(Settings { helo_name: "me.example".into(), protocol: Protocol::Lmtp, ..Settings::default() })
        .expect(&[(GREETING, "220 hi", "LHLO me.example")]);
}

#[test]
fn what_is_no_yes_ends_the_opening_where_it_was_said() {
    for (expect, said, next) in [
        (GREETING, "554 no", "Greeting Refused"),
        (GREETING, "421 busy", "Greeting Refused"),
        (GREETING, "354 go", "Greeting Protocol"),
        (EHLO, "421 busy", "Hello Refused"),
        (EHLO, "451 later", "Hello Refused"),
        (EHLO, "354 go", "Hello Protocol"),
        (HELO, "550 no", "Hello Refused"),
        (AUTH, "235 come in", "Auth Protocol"),
    ] {
        assert_eq!(Table::new(Settings::default()).on(expect, said), next, "{said} to {expect:?}");
    }
}

#[test]
#[cfg(feature = "tls")]
fn starttls_by_mode_and_by_what_is_offered() {
    let offered = "250-x\n250 STARTTLS";
    for (mode, hello, next) in [
        (TlsMode::Never, offered, "done"),
        (TlsMode::Optional, offered, "STARTTLS"),
        (TlsMode::Optional, "250 x", "done"),
        (TlsMode::Always, offered, "STARTTLS"),
        (TlsMode::Always, "250 x", "Tls Tls"),
    ] {
        assert_eq!(Table::new(tls(mode)).on(EHLO, hello), next, "{mode:?}, {hello:?}");
        assert_eq!(Table::new(tls(mode)).secured().on(EHLO, hello), "done", "encrypted already");
    }
    for (mode, said, next) in [
        (TlsMode::Optional, "220 go", "handshake"),
        (TlsMode::Always, "220 go", "handshake"),
        (TlsMode::Optional, "454 later", "done"),
        (TlsMode::Optional, "501 no", "done"),
        (TlsMode::Always, "454 later", "Tls Refused"),
        (TlsMode::Optional, "421 bye", "Tls Refused"),
        (TlsMode::Optional, "250 yes", "Tls Protocol"),
        (TlsMode::Optional, "334 go", "Tls Protocol"),
    ] {
        assert_eq!(Table::new(tls(mode)).on(STARTTLS, said), next, "{mode:?}, {said:?}");
    }
}

#[test]
fn hello_comes_again_after_starttls_and_the_greeting_after_tls_from_the_first_byte() {
    let mut table = Table::new(Settings::default()).secured();
    assert_eq!(table.ask(|opening, facts| Ok(opening.on_secured(facts))), "wait");
    table.on(GREETING, "220 hi");
    assert_eq!(table.ask(|opening, facts| Ok(opening.on_secured(facts))), "EHLO [192.0.2.7]");
}

#[test]
fn a_login_goes_mechanism_by_mechanism_until_one_is_taken() {
    let plain = "AUTH PLAIN AGFsaWNlAHNlY3JldA==";
    Table::new(login(alice(), &[]))
        .expect(&[(EHLO, "250-x\n250 AUTH PLAIN LOGIN", plain), (AUTH, "235 ok", "logged in")]);
    Table::new(login(alice(), &[])).expect(&[
        (EHLO, "250-x\n250 AUTH PLAIN LOGIN", plain),
        (AUTH, "504 no", "AUTH LOGIN or 504"),
        (AUTH, "334 Name:", "YWxpY2U="),
        (STEP, "334 Word:", "c2VjcmV0"),
        (STEP, "235 ok", "logged in"),
    ]);
    for (said, next) in
        [("535 no", "Auth Refused"), ("454 later", "Auth Refused"), ("421 bye", "Auth Refused"), ("334 more?", "*")]
    {
        let mut table = Table::new(login(alice(), &["PLAIN", "LOGIN"]));
        table.expect(&[(EHLO, "250-x\n250 AUTH LOGIN PLAIN", plain), (AUTH, said, next)]);
    }
    Table::new(login(alice(), &[])).expect(&[(EHLO, "250 x", "Auth NotSupported")]);
    Table::new(login(alice(), &["CRAM-MD5"])).expect(&[(EHLO, "250-x\n250 AUTH PLAIN", "Auth NotSupported")]);
}

#[test]
fn credentials_stay_here_where_they_could_be_read_on_the_way() {
    let with = |mode, owner| {
        let plan = AuthPlan::new(alice(), owner);
        Settings { auth: Some(plan), ..tls(mode) }
    };
    let plain = "AUTH PLAIN AGFsaWNlAHNlY3JldA==";
    for (mode, owner, next) in [
        (TlsMode::Optional, Owner::Program, plain),
        (TlsMode::Optional, Owner::Site, "Auth Policy"),
        (TlsMode::Never, Owner::Program, "Auth Policy"),
    ] {
        assert_eq!(Table::new(with(mode, owner)).on(EHLO, "250-x\n250 AUTH PLAIN"), next, "{mode:?} {owner:?}");
        assert_eq!(Table::new(with(mode, owner)).secured().on(EHLO, "250-x\n250 AUTH PLAIN"), plain);
    }
    // Offered and then refused, or beyond this build.
    let mut table = Table::new(with(TlsMode::Optional, Owner::Program));
    let next = table.on(EHLO, "250-x\n250-STARTTLS\n250 AUTH PLAIN");
    let next = if crate::net::tls::AVAILABLE { table.on(STARTTLS, "454 later") } else { next };
    assert_eq!(next, "Auth Policy");
}

#[test]
fn the_next_kind_of_channel_binding_is_tried_and_nothing_without_one() {
    let mut table = Table::new(login(alice(), &["SCRAM-SHA-256-PLUS", "PLAIN"])).secured();
    table.bindings = [BindingKind::Exporter, BindingKind::ServerEndPoint]
        .map(|kind| ChannelBinding { kind, data: vec![1; 32] })
        .to_vec();
    let first = table.on(EHLO, "250-x\n250 AUTH SCRAM-SHA-256-PLUS PLAIN");
    assert!(first.starts_with("AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZX"), "p=tls-exporter: {first}");
    let second = table.on(AUTH, "535 no");
    assert!(second.starts_with("AUTH SCRAM-SHA-256-PLUS cD10bHMtc2VydmVyLW"), "p=tls-server-end-point: {second}");
    assert_eq!(table.on(AUTH, "535 no"), "Auth Refused");
}

#[derive(Debug)]
struct Shelf;

impl Supplier for Shelf {
    fn supply(&self, _renew: bool) -> Result<Credentials> {
        unreachable!("the table asks nobody")
    }
}

/// What the supplier gives is tried; fresh credentials once more, over a new connection if the server has closed.
#[test]
fn fetched_credentials_are_asked_for_twice_at_most() {
    let hello = (EHLO, "250-x\n250 AUTH PLAIN", "fetch");
    let mut table = Table::new(login(Login::Supplied(Arc::new(Shelf)), &[]));
    table.expect(&[hello]);
    assert_eq!(
        table.ask(|opening, facts| opening.on_credentials(Ok(alice()), facts)),
        "AUTH PLAIN AGFsaWNlAHNlY3JldA=="
    );
    assert_eq!(table.on(AUTH, "535 no"), "fetch fresh");
    let fresh = || Credentials::new("alice", Secret::new(String::from("new")));
    assert_eq!(table.ask(|opening, facts| opening.on_credentials(Ok(fresh()), facts)), "AUTH PLAIN AGFsaWNlAG5ldw==");
    let closed = Error::new(Phase::Auth, Cause::BrokenOff, "closed");
    assert!(table.opening.reconnect(&closed), "the server closed behind its refusal");
    table.expect(&[
        (GREETING, "220 hi", "EHLO [192.0.2.7]"),
        (EHLO, "250-x\n250 AUTH PLAIN", "AUTH PLAIN AGFsaWNlAG5ldw=="),
    ]);
    assert_eq!(table.on(AUTH, "535 no"), "Auth Refused");
    assert!(!table.opening.reconnect(&closed), "once");

    let mut table = Table::new(login(Login::Supplied(Arc::new(Shelf)), &[]));
    table.expect(&[hello]);
    let failed = Error::new(Phase::Connect, Cause::Policy, "no such file");
    assert_eq!(table.ask(|opening, facts| opening.on_credentials(Err(failed), facts)), "Auth Policy");

    // The same again is not tried again.
    let mut table = Table::new(login(Login::Supplied(Arc::new(Shelf)), &[]));
    table.expect(&[hello]);
    table.ask(|opening, facts| opening.on_credentials(Ok(alice()), facts));
    table.expect(&[(AUTH, "535 no", "fetch fresh")]);
    assert_eq!(table.ask(|opening, facts| opening.on_credentials(Ok(alice()), facts)), "Auth Refused");
}

/// A server that closes while somebody is asked: the wait goes on where fresh credentials can be tried elsewhere.
#[test]
fn a_server_that_closes_while_credentials_are_fetched() {
    let closed = || Error::new(Phase::Auth, Cause::BrokenOff, "closed");
    let mut table = Table::new(login(Login::Supplied(Arc::new(Shelf)), &[]));
    table.on(EHLO, "250-x\n250 AUTH PLAIN");
    let error = table.opening.on_lost(closed()).unwrap_err();
    assert!(error.detail.contains("closed, while the supplier"), "{error}");

    let mut table = Table::new(login(Login::Supplied(Arc::new(Shelf)), &[]));
    table.on(EHLO, "250-x\n250 AUTH PLAIN");
    table.ask(|opening, facts| opening.on_credentials(Ok(alice()), facts));
    table.on(AUTH, "535 no");
    table.opening.on_lost(closed()).unwrap();
    let fresh = Credentials::new("alice", Secret::new(String::from("new")));
    assert_eq!(table.ask(|opening, facts| opening.on_credentials(Ok(fresh), facts)), "Auth BrokenOff");
    assert!(table.opening.reconnect(&closed()));
}

/// Clear text after a handshake that failed for want of something in common: once, and where nothing is at stake.
#[test]
#[cfg(feature = "tls")]
fn clear_text_comes_after_a_handshake_that_cannot_be_done() {
    let lack = Error::new(Phase::Tls, Cause::Tls, "no version in common");
    let mut table = Table::new(tls(TlsMode::Optional));
    assert!(!table.opening.reconnect(&lack), "no handshake has begun");
    table.opening.handshake_begins();
    assert!(table.opening.reconnect(&lack));
    table.expect(&[(GREETING, "220 hi", "EHLO [192.0.2.7]"), (EHLO, "250-x\n250 STARTTLS", "done")]);
    assert!(!table.opening.reconnect(&lack), "once");

    for settings in [login(alice(), &[]), tls(TlsMode::Always), tls(TlsMode::Implicit)] {
        let mut table = Table::new(settings);
        table.opening.handshake_begins();
        assert!(!table.opening.reconnect(&lack));
    }
    // Whoever has answered through the encryption can do it.
    let mut table = Table::new(tls(TlsMode::Optional));
    table.opening.handshake_begins();
    table.secure = true;
    table.on(EHLO, "250 x");
    assert!(!table.opening.reconnect(&lack));
}
