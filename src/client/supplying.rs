//! Waiting for credentials that are fetched when they are needed: before AUTH, and once more when the server has refused
//! them. The connection stays open meanwhile, and what the server says on it is read.

use crate::client::authentication::Manner;
use crate::client::connection::{Connection, Stage, Step};
use crate::client::opening::Opening;
use crate::client::supplier::Supplier;
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::helpers::{Helped, Pool};
use crate::sasl::Credentials;
use std::sync::Arc;
use std::time::Instant;

static POOL: Pool = Pool::new("helo-supply", "fetch user and password");

/// A supplier that has been asked and has not answered.
pub(crate) struct Supplying {
    pub(crate) asked: Helped<Credentials>,
    supplier: Arc<dyn Supplier>,
    manner: Manner,
    refused: Option<Refused>,
    /// The server closed meanwhile.
    lost: Option<Error>,
}

/// Credentials that the server has refused.
pub(crate) struct Refused {
    pub(crate) credentials: Credentials,
    /// The refusal.
    pub(crate) error: Error,
}

impl Connection {
    /// Asks for credentials, for fresh ones where some were refused; the dialogue goes on when they are there.
    pub(crate) fn ask(
        &mut self,
        supplier: Arc<dyn Supplier>,
        manner: Manner,
        refused: Option<Refused>,
        now: Instant,
    ) -> Result<()> {
        let (asked_of, renew) = (supplier.clone(), refused.is_some());
        let asked = POOL.start(self.waker(), move || asked_of.supply(renew)).map_err(of_authentication)?;
        let again = if renew { " again: the server has refused what it gave" } else { "" };
        self.observers.note(&format!("asking {}{again}", supplier.name()));
        self.since = now;
        self.stage = Stage::Supplying(Box::new(Supplying { asked, supplier, manner, refused, lost: None }));
        Ok(())
    }

    /// Goes on waiting for the supplier, or with AUTH.
    pub(crate) fn advance_supplying(&mut self, now: Instant) -> Result<Step> {
        // Taken out, so that what is heard meanwhile may end the connection.
        let opening = Stage::Opening(Opening::new());
        let Stage::Supplying(mut supplying) = std::mem::replace(&mut self.stage, opening) else {
            return Ok(Step::Wait(None));
        };
        if let Err(lost) = self.hear_meanwhile() {
            match &supplying.refused {
                Some(_) if self.again.is_some() => {
                    self.wire = None;
                    supplying.lost = Some(lost);
                }
                Some(refused) => return Err(refused.error.clone()),
                None => {
                    let detail = format!("{}, while {} was asked", lost.detail, supplying.supplier.name());
                    return Err(Error { detail, ..lost });
                }
            }
        }
        if let Some(answer) = supplying.asked.poll() {
            return match self.take(*supplying, answer, now) {
                Ok(()) => self.advance(now, &mut &[][..]),
                Err(error) => self.leave_or_die(error, now),
            };
        }
        let limit = self.settings.timeouts.of(Phase::Auth);
        let deadline = self.since.checked_add(limit);
        if deadline.is_none_or(|d| now < d) {
            self.stage = Stage::Supplying(supplying);
            return Ok(Step::Wait(deadline));
        }
        let late = format!("{} gave nothing within {} s", supplying.supplier.name(), limit.as_secs_f32());
        let error = match supplying.refused {
            None => Error::new(Phase::Auth, Cause::TimedOut, late),
            Some(refused) => refused.and(&late),
        };
        self.leave_or_die(error, now)
    }

    /// There is no login: QUIT, and the error after it.
    fn leave_or_die(&mut self, error: Error, now: Instant) -> Result<Step> {
        self.leave(error, now)?;
        self.advance(now, &mut &[][..])
    }

    /// Reads what the server says while it is not asked anything; the connection is dead when it closes.
    fn hear_meanwhile(&mut self) -> Result<()> {
        self.drain_unasked(Phase::Auth)?;
        match self.farewell() {
            None => Ok(()),
            Some(farewell) => {
                let closing = Error::refused(Phase::Auth, farewell.clone());
                Err(self.die(closing))
            }
        }
    }

    /// Goes on with what the supplier has answered.
    fn take(&mut self, asked: Supplying, answer: Result<Credentials>, now: Instant) -> Result<()> {
        let Supplying { supplier, manner, refused, lost, .. } = asked;
        match (answer, refused) {
            (Ok(credentials), None) => self.log_in(manner, credentials, Some(supplier), now),
            (Err(why), None) => Err(of_authentication(why)),
            (Ok(fresh), Some(refused)) if fresh == refused.credentials => {
                Err(refused.and(&format!("{} was asked for fresh ones and gave the same", supplier.name())))
            }
            (Ok(fresh), Some(_)) => {
                self.arm(manner.clone().with(fresh.clone().into()));
                match lost {
                    Some(lost) => Err(lost),
                    None => self.log_in(manner, fresh, None, now),
                }
            }
            (Err(why), Some(refused)) => {
                Err(refused.and(&format!("{} was asked for fresh ones: {}", supplier.name(), why.detail)))
            }
        }
    }
}

impl Refused {
    /// The refusal, and what came of the try to do something about it.
    fn and(self, words: &str) -> Error {
        let detail = format!("{} ({words})", self.error.detail);
        Error { detail, ..self.error }
    }
}

/// An error of the helper's, which knows of connections only.
fn of_authentication(error: Error) -> Error {
    Error { phase: Phase::Auth, ..error }
}
