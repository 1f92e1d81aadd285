//! From the connection to "ready": greeting, EHLO or HELO or LHLO, authentication.

use crate::client::connection::{Connection, Happening, Stage};
use crate::client::settings::AuthPlan;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::client::{Answer, Expect, Protocol};
use crate::proto::command::{Command, Verb};
use crate::sasl::{self, Mechanism, SaslError};
use std::net::SocketAddr;
use std::time::Instant;
use zeroize::Zeroizing;

/// The state of the opening dialogue; what is awaited follows from the reply's command.
#[derive(Default)]
pub(crate) struct Opening {
    auth: Option<Exchange>,
}

/// An authentication under way.
struct Exchange {
    mechanism: Box<dyn Mechanism>,
    /// Why the client has cancelled with `*`.
    cancelled: Option<Error>,
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
        let outcome = match answer.expect {
            Expect::Greeting if answer.is_positive() => self.say_hello(now),
            Expect::Command(hello @ (Verb::Ehlo | Verb::Lhlo | Verb::Helo)) if answer.is_positive() => {
                self.after_hello(hello, now)
            }
            Expect::Command(Verb::Ehlo) if answer.reply.is_permanent() => self.say_helo(now),
            Expect::Command(Verb::Auth) | Expect::AuthStep => self.after_auth_step(answer, now),
            _ => Err(Error::refused(answer.expect.phase(), answer.reply)),
        };
        match outcome {
            Ok(true) => {
                self.stage = Stage::Ready;
                Ok(Some(Happening::Opened))
            }
            Ok(false) => Ok(None),
            Err(error) => {
                self.close();
                Err(error)
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

    fn say_hello(&mut self, now: Instant) -> Result<bool> {
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
        let Some(plan) = self.settings.auth.clone() else { return Ok(true) };
        if hello == Verb::Helo && plan.unasked {
            return Ok(true);
        }
        let name = self.choose_mechanism(&plan)?;
        let mut mechanism = sasl::client(name, &plan.credentials).map_err(bad_credentials)?;
        let first = if plan.two_step { None } else { mechanism.initial() };
        let initial = first.map(sasl::wire::encode_initial).transpose().map_err(bad_credentials)?.map(Zeroizing::new);
        let command = Command::Auth { mechanism: name, initial: initial.as_ref().map(|text| text.as_str()) };
        self.push(&command, 0, now)?;
        if let Stage::Opening(opening) = &mut self.stage {
            opening.auth = Some(Exchange { mechanism, cancelled: None });
        }
        Ok(false)
    }

    fn choose_mechanism(&self, plan: &AuthPlan) -> Result<&'static str> {
        let offered = &self.extensions().auth;
        let any: Vec<&'static str> = sasl::mechanisms().collect();
        let wanted = if plan.mechanisms.is_empty() { &any } else { &plan.mechanisms };
        let known = wanted.iter().find(|name| offered.iter().any(|o| o.eq_ignore_ascii_case(name)));
        match known.or(wanted.first().filter(|_| plan.unasked)) {
            Some(name) => Ok(name),
            None if offered.is_empty() => Err(Error::new(
                Phase::Auth,
                Cause::NotSupported,
                "the server offers no authentication; use another port (587), or send without user and password",
            )),
            None => Err(Error::new(
                Phase::Auth,
                Cause::NotSupported,
                format!("the server offers {}, wanted is {}", offered.join(" "), wanted.join(" ")),
            )),
        }
    }

    fn after_auth_step(&mut self, answer: Answer, now: Instant) -> Result<bool> {
        let Stage::Opening(Opening { auth: Some(exchange) }) = &mut self.stage else {
            return Err(Error::new(Phase::Auth, Cause::Protocol, "an authentication that was not begun goes on"));
        };
        if let Some(error) = exchange.cancelled.take() {
            return Err(error.with_reply(Some(answer.reply)));
        }
        if answer.reply.is_success() && exchange.mechanism.is_complete() {
            return Ok(true);
        }
        if answer.reply.is_success() {
            let early = "the server says yes before the exchange is complete";
            return Err(Error::new(Phase::Auth, Cause::Protocol, early).with_reply(Some(answer.reply)));
        }
        if answer.reply.code() != 334 {
            return Err(Error::refused(Phase::Auth, answer.reply));
        }
        let text: Vec<u8> = answer.reply.lines().next().unwrap_or_default().to_vec();
        let response = sasl::wire::decode_challenge(text.trim_ascii())
            .and_then(|challenge| exchange.mechanism.respond(&challenge))
            .and_then(sasl::wire::encode_response)
            .map(Zeroizing::new);
        match response {
            Ok(line) => self.push_auth_line(&line, now)?,
            Err(why) => {
                exchange.cancelled = Some(Error::new(Phase::Auth, Cause::Protocol, why.to_string()));
                self.push_auth_line("*", now)?;
            }
        }
        Ok(false)
    }
}

fn bad_credentials(why: SaslError) -> Error {
    Error::new(Phase::Auth, Cause::BadArgument, why.to_string())
}
