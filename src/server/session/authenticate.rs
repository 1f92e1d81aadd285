//! AUTH: the exchange runs as work, since looking a user up and salting a password take time.

use super::Session;
use super::work::Task;
use crate::proto::server::AuthText;
use crate::sasl::ENTROPY;
use crate::sasl::server::{Exchange, Failure, Step, Surroundings};
use crate::server::log::What;
use std::sync::Arc;

/// An authentication under way.
pub(super) struct Login {
    mechanism: String,
    exchange: Exchange,
    /// The first step is done.
    begun: bool,
}

impl Session {
    /// The client begins one.
    pub(super) fn authenticate(&mut self, mechanism: String, initial: Option<AuthText>) {
        let begun = match &self.service.realm {
            Some(realm) => self
                .surroundings()
                .and_then(|given| Exchange::new(&mechanism, realm.clone(), given).map_err(|why| why.to_string())),
            None => Err("no users are set up".to_owned()),
        };
        match begun {
            Ok(exchange) => self.ask(Task::Login(Box::new(Login { mechanism, exchange, begun: false }), initial)),
            Err(why) => {
                self.log(What::NotAuthenticated { mechanism: &mechanism, why: &why });
                self.dialogue.answer(&Step::Refused(Failure::Unavailable).reply());
            }
        }
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
                self.log(What::NotAuthenticated { mechanism, why });
            }
        }
        self.dialogue.answer(&step.reply());
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
    /// The next step of it.
    pub(super) fn step(&mut self, text: Option<&AuthText>) -> Step {
        let begun = core::mem::replace(&mut self.begun, true);
        match text {
            Some(text) if begun => self.exchange.respond(text.expose()),
            initial => self.exchange.begin(initial.map(AuthText::expose)),
        }
    }
}
