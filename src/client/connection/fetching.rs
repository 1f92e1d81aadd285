//! Waiting for credentials that are fetched when they are needed: before AUTH, and once more when the server has refused
//! them. The connection stays open meanwhile, and what the server says on it is read.

use super::{Connection, Stage, Step};
use crate::client::supplier::Supplier;
use crate::error::{Error, Phase, Result};
use crate::net::helpers::{Helped, Pool};
use crate::sasl::Credentials;
use std::sync::Arc;
use std::time::Instant;

static POOL: Pool = Pool::new("helo-supply", "fetch user and password");

impl Connection {
    /// Asks for credentials on a thread of its own.
    pub(super) fn fetch(&mut self, supplier: Arc<dyn Supplier>, renew: bool, now: Instant) -> Result<()> {
        let asked = POOL
            .start(self.waker(), move || supplier.supply(renew))
            .map_err(|error| Error { phase: Phase::Auth, ..error })?;
        self.since = now;
        self.stage = Stage::Fetching(Box::new(asked));
        Ok(())
    }

    /// Goes on waiting for the supplier, or with AUTH.
    pub(super) fn advance_fetching(&mut self, now: Instant) -> Result<Step> {
        // Taken out, so that what is heard meanwhile may end the connection.
        let Stage::Fetching(mut asked) = std::mem::replace(&mut self.stage, Stage::Opening) else {
            return Ok(Step::Wait(None));
        };
        if let Err(lost) = self.hear_meanwhile() {
            self.opening.on_lost(lost)?;
            self.wire = None;
        }
        if let Some(answer) = asked.poll() {
            let next = self.ask_opening(|opening, facts| opening.on_credentials(answer, facts));
            return match next.and_then(|next| self.act(next, now)) {
                Ok(_) => self.advance(now, &mut &[][..]),
                Err(error) => self.leave_or_die(error, now),
            };
        }
        let limit = self.settings.timeouts.of(Phase::Auth);
        let deadline = self.since.checked_add(limit);
        if deadline.is_none_or(|d| now < d) {
            self.stage = Stage::Fetching(asked);
            return Ok(Step::Wait(deadline));
        }
        let error = self.opening.on_late(limit);
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
}

/// The answer of a supplier that is at work.
pub(super) type Fetching = Helped<Credentials>;
