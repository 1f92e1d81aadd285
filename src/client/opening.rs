//! From the connection to "ready": greeting, EHLO or HELO or LHLO, STARTTLS and hello again, authentication.

use crate::client::authentication::{Attempt, Manner};
use crate::client::connection::{Connection, Happening, Stage};
use crate::client::supplier::Login;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::client::{Answer, Expect, Protocol};
use crate::proto::command::{Command, Verb};
use std::net::SocketAddr;
use std::time::Instant;

/// The state of the opening dialogue; what is awaited follows from the reply's command.
#[derive(Default)]
pub(crate) struct Opening {
    pub(crate) auth: Option<Box<Attempt>>,
}

impl Opening {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}

impl Connection {
    /// Acts on a reply of the opening dialogue; `Opened` when it is through.
    pub(crate) fn advance_opening(&mut self, happened: Happening, now: Instant) -> Result<Option<Happening>> {
        let Happening::Answer(answer) = happened else { return Ok(None) };
        if self.is_secure() {
            // The server has read what was encrypted for it.
            self.stay_encrypted();
        }
        let outcome = match answer.expect {
            Expect::Greeting if answer.is_positive() => self.say_hello(now),
            Expect::Command(hello @ (Verb::Ehlo | Verb::Lhlo | Verb::Helo)) if answer.is_positive() => {
                self.after_hello(hello, now)
            }
            Expect::Command(Verb::Ehlo) if answer.reply.is_permanent() => self.say_helo(now),
            Expect::Command(Verb::StartTls) => self.after_starttls(answer, now),
            Expect::Command(Verb::Auth) | Expect::AuthStep => self.after_auth_step(answer, now),
            _ => Err(answer.error()),
        };
        match outcome {
            Ok(true) => {
                self.stage = Stage::Ready;
                Ok(Some(Happening::Opened))
            }
            Ok(false) => Ok(None),
            Err(error) => {
                self.note_failure(&error);
                self.leave(error, now).map(|()| None)
            }
        }
    }

    fn hello_name(&self) -> String {
        if !self.settings.helo_name.is_empty() {
            return self.settings.helo_name.clone();
        }
        match self.local().and_then(|l| l.parse::<SocketAddr>().ok()) {
            Some(SocketAddr::V4(v4)) => format!("[{}]", v4.ip()),
            Some(SocketAddr::V6(v6)) => format!("[IPv6:{}]", v6.ip()),
            None => String::from("localhost"),
        }
    }

    pub(crate) fn say_hello(&mut self, now: Instant) -> Result<bool> {
        let name = self.hello_name();
        let command = match self.settings.protocol {
            Protocol::Lmtp => Command::Lhlo(&name),
            Protocol::Smtp if self.settings.helo_only => Command::Helo(&name),
            Protocol::Smtp => Command::Ehlo(&name),
        };
        self.push(&command, 0, now).map(|()| false)
    }

    /// The server does not know EHLO (RFC 5321 section 3.2).
    fn say_helo(&mut self, now: Instant) -> Result<bool> {
        let name = self.hello_name();
        self.push(&Command::Helo(&name), 0, now).map(|()| false)
    }

    fn after_hello(&mut self, hello: Verb, now: Instant) -> Result<bool> {
        match self.wants_starttls()? {
            true => self.push(&Command::StartTls, 0, now).map(|()| false),
            false => self.authenticate(hello, now),
        }
    }

    pub(crate) fn authenticate(&mut self, hello: Verb, now: Instant) -> Result<bool> {
        // Taken out: the credentials are wiped with the exchange, not with the connection.
        let Some(plan) = self.settings.auth.take() else { return Ok(true) };
        if hello == Verb::Helo && plan.unasked {
            return Ok(true);
        }
        self.check_clear(plan.owner)?;
        let (login, manner) = Manner::of(plan);
        match login {
            Login::Given(credentials) => self.log_in(manner, credentials, None, now),
            Login::Supplied(supplier) => {
                manner.check_offer(&self.extensions().auth)?;
                self.ask(supplier, manner, None, now)
            }
        }
        .map(|()| false)
    }

    fn after_auth_step(&mut self, answer: Answer, now: Instant) -> Result<bool> {
        let attempt = match &mut self.stage {
            Stage::Opening(opening) => opening.auth.take(),
            _ => None,
        };
        let Some(mut attempt) = attempt else {
            return Err(Error::new(Phase::Auth, Cause::Protocol, "an authentication that was not begun goes on"));
        };
        if answer.reply.code() != 421 {
            self.disarm();
        }
        match attempt.exchange.next_line(answer.reply) {
            Ok(Some(line)) => {
                self.go_on_with(attempt);
                self.push_auth_line(&line, now).map(|()| false)
            }
            Ok(None) => Ok(true),
            Err(error) => self.after_refusal(attempt, error, now).map(|()| false),
        }
    }
}
