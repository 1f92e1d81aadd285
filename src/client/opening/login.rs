//! Logging in after the hello: with credentials that are here, or that are fetched then, and once more with fresh ones
//! when the server has refused them.

use super::exchange::{self, Attempt, AuthOptions, is_of_credentials};
use super::{Facts, Next, Opening, Say, not_begun, tls};
use crate::client::supplier::{Login, Supplier};
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::client::Answer;
use crate::proto::command::Verb;
use crate::sasl::Credentials;
use std::sync::Arc;
use std::time::Duration;

/// A supplier that has been asked and has not answered.
pub(super) struct Asked {
    supplier: Arc<dyn Supplier>,
    options: AuthOptions,
    refused: Option<Refused>,
    /// The server closed meanwhile.
    lost: Option<Error>,
}

/// Credentials that the server has refused.
struct Refused {
    credentials: Credentials,
    /// The refusal.
    error: Error,
}

impl Opening {
    /// Begins the login of the plan, if there is one.
    pub(super) fn authenticate(&mut self, hello: Verb, facts: &Facts<'_>) -> Result<Next> {
        let Some(plan) = self.plan.take() else { return Ok(self.done(false)) };
        if hello == Verb::Helo && plan.unasked {
            return Ok(self.done(false));
        }
        tls::check_clear(plan.owner, facts)?;
        let (login, options) = AuthOptions::of(plan);
        match login {
            Login::Given(credentials) => self.log_in(options, credentials, None, 0, facts),
            Login::Supplied(supplier) => {
                options.check_offer(&facts.extensions.auth)?;
                Ok(self.ask(supplier, options, None))
            }
        }
    }

    /// Says AUTH with these credentials. `supplier` is asked for fresh ones, once, when the server refuses them.
    fn log_in(
        &mut self,
        options: AuthOptions,
        credentials: Credentials,
        supplier: Option<Arc<dyn Supplier>>,
        binding: usize,
        facts: &Facts<'_>,
    ) -> Result<Next> {
        let (attempt, initial) = exchange::begin(options, credentials, supplier, binding, facts)?;
        let say = Say::Auth(attempt.exchange.name(), initial);
        self.attempt = Some(attempt);
        Ok(Next::Say(say))
    }

    pub(super) fn after_auth_step(&mut self, answer: Answer, facts: &Facts<'_>) -> Result<Next> {
        let mut attempt = self.attempt.take().ok_or_else(not_begun)?;
        if answer.reply.code() != 421 {
            self.disarm();
        }
        match attempt.exchange.next_line(answer.reply) {
            Ok(Some(line)) => {
                self.attempt = Some(attempt);
                Ok(Next::Say(Say::AuthLine(line)))
            }
            Ok(None) => Ok(self.done(true)),
            Err(error) => self.after_refusal(attempt, error, facts),
        }
    }

    /// The server, or the mechanism, has ended the attempt: what else can be tried.
    ///
    /// A server that does not know the kind of channel binding is asked with the next kind, on the same connection. It
    /// costs nothing in safety: who sits in between can have neither kind agree without the server's own key. Never is it
    /// asked without binding instead, though it may have that, too: it has offered to bind, so whoever says that it does
    /// not is the one to be kept out (RFC 5802 section 6), and `y` in place of `p` would be a lie that a true server
    /// refuses. A site that wants to do without names the mechanism.
    fn after_refusal(&mut self, attempt: Box<Attempt>, error: Error, facts: &Facts<'_>) -> Result<Next> {
        let mut error = attempt.without_secret(error);
        if attempt.exchange.mechanism.may_lack_binding() && is_of_credentials(&error) {
            let kinds: Vec<&str> = (facts.channel_bindings)().iter().map(|channel| channel.kind.name()).collect();
            if attempt.binding + 1 < kinds.len() {
                let Attempt { credentials, options, supplier, binding, .. } = *attempt;
                self.notes.push(String::from("the server may not know this kind of channel binding: on with the next"));
                return self.log_in(options, credentials, supplier, binding + 1, facts);
            }
            let lacking = kinds.join(" and ");
            error = error.adding(&format!(
                " (the server may not know the channel binding {lacking}; a mechanism without -PLUS, named in the \
                 policy, does without)"
            ));
        }
        let (attempt, account) = match self.try_next(attempt, &error, facts) {
            Ok(next) => return Ok(next),
            Err(ended) => ended,
        };
        let error = error.adding(&account);
        let Attempt { credentials, options, supplier, .. } = *attempt;
        match supplier {
            Some(supplier) if is_of_credentials(&error) => {
                Ok(self.ask(supplier, options, Some(Refused { credentials, error })))
            }
            _ => Err(error),
        }
    }

    /// Asks for credentials, for fresh ones where some were refused; the dialogue goes on when they are there.
    fn ask(&mut self, supplier: Arc<dyn Supplier>, options: AuthOptions, refused: Option<Refused>) -> Next {
        let renew = refused.is_some();
        let again = if renew { " again: the server has refused what it gave" } else { "" };
        self.notes.push(format!("asking {}{again}", supplier.name()));
        self.asked = Some(Box::new(Asked { supplier: supplier.clone(), options, refused, lost: None }));
        Next::Fetch { supplier, renew }
    }

    /// Goes on with what the supplier has answered.
    pub(crate) fn on_credentials(&mut self, answer: Result<Credentials>, facts: &Facts<'_>) -> Result<Next> {
        let Asked { supplier, options, refused, lost } = *self.asked.take().ok_or_else(not_begun)?;
        match (answer, refused) {
            (Ok(credentials), None) => self.log_in(options, credentials, Some(supplier), 0, facts),
            (Err(why), None) => Err(of_authentication(why)),
            (Ok(fresh), Some(refused)) if fresh == refused.credentials => {
                Err(refused.and(&format!("{} was asked for fresh ones and gave the same", supplier.name())))
            }
            (Ok(fresh), Some(_)) => {
                self.arm(options.clone().with(fresh.clone().into()));
                match lost {
                    Some(lost) => Err(lost),
                    None => self.log_in(options, fresh, None, 0, facts),
                }
            }
            (Err(why), Some(refused)) => {
                Err(refused.and(&format!("{} was asked for fresh ones: {}", supplier.name(), why.detail)))
            }
        }
    }

    /// Decides whether to go on waiting for the supplier although the server has closed: fresh credentials can be tried
    /// over a new connection.
    pub(crate) fn on_lost(&mut self, lost: Error) -> Result<()> {
        let may_log_in_anew = self.may_log_in_anew();
        let Some(asked) = &mut self.asked else { return Err(lost) };
        match &asked.refused {
            Some(_) if may_log_in_anew => {
                asked.lost = Some(lost);
                Ok(())
            }
            Some(refused) => Err(refused.error.clone()),
            None => Err(lost.adding(&format!(", while {} was asked", asked.supplier.name()))),
        }
    }

    /// The error of a supplier that has not answered for so long.
    pub(crate) fn on_late(&mut self, limit: Duration) -> Error {
        let Some(asked) = self.asked.take() else { return not_begun() };
        let late = format!("{} gave nothing within {} s", asked.supplier.name(), limit.as_secs_f32());
        match asked.refused {
            None => Error::new(Phase::Auth, Cause::TimedOut, late),
            Some(refused) => refused.and(&late),
        }
    }
}

impl Refused {
    /// The refusal, and what came of the try to do something about it.
    fn and(self, words: &str) -> Error {
        self.error.adding(&format!(" ({words})"))
    }
}

/// An error of the helper's, which knows of connections only.
fn of_authentication(error: Error) -> Error {
    Error { phase: Phase::Auth, ..error }
}
