//! AUTH: the exchange runs as work, since looking a user up and salting a password take time. The answer to one that failed
//! waits for a while, and no thread with it.

use super::work::Task;
use super::{Session, Step as SessionStep};
use crate::proto::reply::Reply;
use crate::proto::server::AuthText;
use crate::sasl::ENTROPY;
use crate::sasl::server::{Exchange, Failure, Step, Surroundings};
use crate::server::brake::Attempt;
use crate::server::clients::is_this_machine;
use crate::server::ending::Why;
use crate::server::log::What;
use crate::server::pool::Turn;
use crate::server::spool::Peer;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An authentication under way.
pub(super) struct Login {
    mechanism: String,
    exchange: Exchange,
    /// The first step is done.
    begun: bool,
    attempt: Attempt,
}

/// An answer that waits.
pub(super) struct Held {
    reply: Reply,
    /// So long, from when it was first looked at.
    pub(super) delay: Duration,
    since: Option<Instant>,
}

impl Session {
    /// The client begins one.
    pub(super) fn authenticate(&mut self, mechanism: String, initial: Option<AuthText>) {
        let address = if let Peer::Internet(peer) = self.client.peer { Some(peer.ip()) } else { None };
        let mut attempt = self.service.brake.attempt(address, Instant::now());
        // Of this machine nobody is shut out: whoever has not failed yet comes before whoever goes on guessing.
        if !self.mistaken && address.is_none_or(is_this_machine) {
            attempt.turn = attempt.turn.min(Turn::Second);
        }
        if !attempt.heard {
            let why = "too many failed logins from this address lately";
            let reply = Reply::new(454, "4.7.0 Too many failed logins from your address: try again later");
            self.log(What::NotAuthenticated { mechanism: &mechanism, why, reply: Some(&reply) });
            self.held = Some(Box::new(Held { reply, delay: attempt.delay, since: None }));
            return;
        }
        let begun = match &self.service.realm {
            Some(realm) => self
                .surroundings()
                .and_then(|given| Exchange::new(&mechanism, realm.get(), given).map_err(|why| why.to_string())),
            None => Err("no users are set up".to_owned()),
        };
        match begun {
            Ok(exchange) => {
                let login = Login { mechanism, exchange, begun: false, attempt };
                self.ask(Task::Login(Box::new(login), initial));
            }
            Err(why) => {
                let reply = Step::Refused(Failure::Unavailable).reply();
                self.log(What::NotAuthenticated { mechanism: &mechanism, why: &why, reply: Some(&reply) });
                self.dialogue.answer(&reply);
            }
        }
    }

    /// What to wait for while an answer waits; when its time has come it is given.
    pub(super) fn hold(&mut self, now: Instant) -> Option<SessionStep> {
        let held = self.held.as_mut()?;
        let until = *held.since.get_or_insert(now) + held.delay;
        if now < until && !self.left {
            // Replies of before may still be on their way. A client that is gone is noticed afterwards.
            let _ = self.send();
            return Some(SessionStep::Wait(Some(until)));
        }
        let held = self.held.take()?;
        if now < until {
            // Whoever does not wait for the answer does not get it either.
            self.log(What::Closed);
            self.ends(Why::Closed);
            self.dialogue.shut();
        } else {
            self.dialogue.answer(&held.reply);
        }
        None
    }

    /// The client has answered a challenge.
    pub(super) fn authentication_goes_on(&mut self, answer: AuthText) {
        match self.login.take() {
            Some(login) => self.ask(Task::Login(login, Some(answer))),
            None => self.dialogue.answer(&Step::Refused(Failure::Malformed).reply()),
        }
    }

    /// What came of a step.
    pub(super) fn authenticated(&mut self, login: Box<Login>, step: &Step) {
        let mechanism = login.mechanism.as_str();
        match step {
            Step::Challenge(_) => self.login = Some(login),
            Step::Accepted(identity) => {
                let user = identity.acts_as.as_ref().unwrap_or(&identity.user).clone();
                Arc::make_mut(&mut self.client).user = Some(user);
                self.log(What::Authenticated { mechanism });
            }
            Step::Refused(failure) => {
                let why = match failure {
                    Failure::Malformed => "what the client sent is not what the mechanism has",
                    Failure::Wrong => "no such user, or not the right proof",
                    Failure::Unavailable => "the users could not be looked up",
                };
                self.log(What::NotAuthenticated { mechanism, why, reply: Some(&step.reply()) });
                if *failure == Failure::Wrong {
                    self.mistaken = true;
                    let held = Held { reply: step.reply(), delay: login.attempt.delay, since: None };
                    self.held = Some(Box::new(held));
                    return;
                }
            }
        }
        self.dialogue.answer(&step.reply());
    }

    /// So many log in at this moment that this one is not looked at.
    pub(super) fn put_off(&mut self, login: &Login) {
        let (why, reply) = ("too many others are logging in now", Step::Refused(Failure::Unavailable).reply());
        self.log(What::NotAuthenticated { mechanism: &login.mechanism, why, reply: Some(&reply) });
        self.dialogue.answer(&reply);
    }

    fn surroundings(&self) -> Result<Surroundings, String> {
        let mut entropy = [0; ENTROPY];
        getrandom::fill(&mut entropy).map_err(|why| format!("no random numbers from the system: {why}"))?;
        let bindings = self.wire.as_ref().map_or(Vec::new(), |wire| wire.transport.channel_bindings());
        let config = self.dialogue.config();
        let plus_offered = self.dialogue.is_secured() && config.auth.iter().any(|offer| offer.binds_channel);
        let peer = self.client.tls.as_ref().and_then(|tls| tls.client.clone());
        Ok(Surroundings { entropy, bindings, plus_offered, peer })
    }
}

impl Login {
    /// The mechanism's name.
    pub(super) fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// The next step of it.
    pub(super) fn step(&mut self, text: Option<&AuthText>) -> Step {
        let begun = core::mem::replace(&mut self.begun, true);
        let step = match text {
            Some(text) if begun => self.exchange.respond(text.expose()),
            initial => self.exchange.begin(initial.map(AuthText::expose)),
        };
        // Here, since the session may be gone by now.
        if step == Step::Refused(Failure::Wrong) {
            self.attempt.failed();
        }
        step
    }

    /// Who comes first.
    pub(super) fn turn(&self) -> Turn {
        self.attempt.turn
    }
}
