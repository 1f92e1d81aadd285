//! From the connection to "ready", decided without I/O: greeting, EHLO or HELO or LHLO, STARTTLS and hello again,
//! authentication. A reply goes in, what to do next comes out ([`Next`]); `connection` does it.
//!
//! What depends on the connection as it is now is asked of [`Facts`]. Tables of replies and what follows are in `tests`.

mod exchange;
mod login;
mod mechanisms;
mod reconnect;
#[cfg(test)]
mod tests;
mod tls;

use crate::client::settings::{AuthPlan, OpeningMode, Owner, Settings};
use crate::client::supplier::Supplier;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::client::{Answer, Expect, Protocol};
use crate::proto::command::Verb;
use crate::proto::extension::Extensions;
use crate::sasl::{ChannelBinding, Secret};
use exchange::{Attempt, Line};
use login::Asked;
use reconnect::Purpose;
use std::net::SocketAddr;
use std::sync::Arc;
pub(crate) use tls::expected_name;

/// What the opening knows of the connection at the moment.
pub(crate) struct Facts<'a> {
    /// What the connection was told before it began.
    pub(crate) settings: &'a Settings,
    /// What the server offers.
    pub(crate) extensions: &'a Extensions,
    /// Nobody between the two ends can read what is sent now.
    pub(crate) secure: bool,
    /// Says the local address in words.
    pub(crate) local: &'a dyn Fn() -> Option<String>,
    /// The host, or path, and the port that the connection was opened for.
    pub(crate) place: (&'a str, u16),
    /// Says what authentication can be tied to, the best first.
    pub(crate) channel_bindings: &'a dyn Fn() -> Vec<ChannelBinding>,
}

/// What the connection does next.
pub(crate) enum Next {
    /// Says this, and gives the reply to [`Opening::on_reply`].
    Say(Say),
    /// The same, where this error says more than that the connection turned out to be closed.
    SayOr(Say, Error),
    /// Begins the handshake, and tells [`Opening::on_secured`] when it is done.
    StartTls,
    /// Asks for credentials, for fresh ones in place of refused ones, and gives them to [`Opening::on_credentials`].
    Fetch {
        /// Who is asked.
        supplier: Arc<dyn Supplier>,
        /// What it gave last was refused.
        renew: bool,
    },
    /// Reads the next reply.
    Wait,
    /// Hands this reply to the caller, who goes on.
    Answered(Answer),
    /// Commands may be given.
    Done {
        /// The server has taken a login.
        authenticated: bool,
    },
}

/// A command, or a line of an exchange.
pub(crate) enum Say {
    /// EHLO, HELO or LHLO, with this side's name.
    Hello(Verb, String),
    /// STARTTLS.
    StartTls,
    /// AUTH with a mechanism, and a first response.
    Auth(&'static str, Option<Line>),
    /// A response to a challenge.
    AuthLine(Line),
}

/// What a caller who leads the opening has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// EHLO, HELO or LHLO, and whatever the settings demand behind it.
    Hello(Verb),
    /// STARTTLS and the handshake.
    StartTls,
    /// A command or a line of an exchange that the caller leads.
    Auth,
}

/// The opening of one connection, and of the one that may come after it ([`Opening::reconnect`]).
pub(crate) struct Opening {
    /// How to log in, until that is begun.
    plan: Option<AuthPlan>,
    /// The exchange whose answer is due.
    attempt: Option<Box<Attempt>>,
    /// Who was asked for credentials and has not answered.
    asked: Option<Box<Asked>>,
    /// For what the server may be connected to once more.
    purpose: Option<Purpose>,
    /// It was connected to once more because the server cannot do TLS: STARTTLS is not said.
    in_clear: bool,
    greeted: bool,
    /// What the caller has asked for, where it leads.
    step: Option<Step>,
    /// The server's answer to the caller's hello, given when all is done that goes with it.
    answer: Option<Answer>,
    /// What those who watch are told.
    notes: Vec<String>,
}

impl Opening {
    /// The opening by these settings, whose login it takes: credentials are wiped with the exchange, not with the
    /// connection. `is_repeatable`: the connection can be made anew.
    pub(crate) fn new(settings: &mut Settings, is_repeatable: bool) -> Self {
        let plan = settings.auth.take();
        let purpose = Purpose::of(plan.as_ref(), settings).filter(|_| is_repeatable);
        Opening {
            plan,
            attempt: None,
            asked: None,
            purpose,
            in_clear: false,
            greeted: false,
            step: None,
            answer: None,
            notes: Vec::new(),
        }
    }

    /// What there is to tell those who watch since this was last asked.
    pub(crate) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Whether there is a login yet to be begun.
    pub(crate) fn logs_in(&self) -> bool {
        self.plan.is_some()
    }

    /// What the server may repeat: the password or token of a login under way.
    pub(crate) fn password(&self) -> Option<&Secret> {
        self.attempt.as_deref().map(Attempt::password)
    }

    /// Begins what the caller asks for.
    pub(crate) fn begin(&mut self, step: Step, facts: &Facts<'_>) -> Result<Next> {
        let next = match step {
            Step::Hello(verb) => Next::Say(Say::Hello(verb, hello_name(facts))),
            Step::StartTls => self.may_start_tls(facts).map(|()| Next::Say(Say::StartTls))?,
            Step::Auth => tls::check_clear(Owner::Program, facts).map(|()| Next::Wait)?,
        };
        self.step = Some(step);
        Ok(next)
    }

    /// Acts on a reply.
    pub(crate) fn on_reply(&mut self, answer: Answer, facts: &Facts<'_>) -> Result<Next> {
        if facts.secure {
            // The server has read what was encrypted for it.
            self.stay_encrypted();
        }
        match answer.expect {
            Expect::Greeting if answer.is_positive() => {
                self.greeted = true;
                match facts.settings.opening {
                    OpeningMode::Automatic => Ok(hello(facts)),
                    OpeningMode::Stepwise => Ok(Next::Done { authenticated: false }),
                }
            }
            Expect::Command(hello @ (Verb::Ehlo | Verb::Lhlo | Verb::Helo)) if answer.is_positive() => {
                self.answer = self.step.map(|_| answer);
                match self.wants_starttls(facts)? {
                    true => Ok(Next::Say(Say::StartTls)),
                    false => self.authenticate(hello, facts),
                }
            }
            Expect::Command(Verb::StartTls) => self.after_starttls(answer, facts),
            Expect::Command(Verb::Auth) | Expect::AuthStep if self.step != Some(Step::Auth) => {
                self.after_auth_step(answer, facts)
            }
            _ if self.step.is_some() => Ok(Next::Answered(answer)),
            // The server does not know EHLO (RFC 5321 section 3.2).
            Expect::Command(Verb::Ehlo) if answer.reply.is_permanent() => {
                Ok(Next::Say(Say::Hello(Verb::Helo, hello_name(facts))))
            }
            _ => Err(answer.error()),
        }
    }

    /// Everything is done that had to be.
    fn done(&mut self, authenticated: bool) -> Next {
        self.answer.take().map_or(Next::Done { authenticated }, Next::Answered)
    }

    /// Goes on after a handshake: with hello, again, or with the greeting, where TLS came first.
    pub(crate) fn on_secured(&mut self, facts: &Facts<'_>) -> Next {
        match self.step {
            Some(Step::Hello(verb)) => Next::Say(Say::Hello(verb, hello_name(facts))),
            Some(Step::StartTls | Step::Auth) => Next::Done { authenticated: false },
            None if self.greeted => hello(facts),
            None => Next::Wait,
        }
    }
}

fn hello(facts: &Facts<'_>) -> Next {
    let verb = match facts.settings.protocol {
        Protocol::Lmtp => Verb::Lhlo,
        Protocol::Smtp if facts.settings.helo_only => Verb::Helo,
        Protocol::Smtp => Verb::Ehlo,
    };
    Next::Say(Say::Hello(verb, hello_name(facts)))
}

fn hello_name(facts: &Facts<'_>) -> String {
    if !facts.settings.helo_name.is_empty() {
        return facts.settings.helo_name.clone();
    }
    match (facts.local)().and_then(|local| local.parse::<SocketAddr>().ok()) {
        Some(SocketAddr::V4(v4)) => format!("[{}]", v4.ip()),
        Some(SocketAddr::V6(v6)) => format!("[IPv6:{}]", v6.ip()),
        None => String::from("localhost"),
    }
}

fn not_begun() -> Error {
    Error::new(Phase::Auth, Cause::Protocol, "an authentication that was not begun goes on")
}
