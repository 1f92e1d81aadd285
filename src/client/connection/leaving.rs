//! The end of an opening that has failed: QUIT, where a command can still be said (RFC 5321 section 4.1.1.10).

use super::{Connection, Event, Stage, Step};
use crate::client::settings::LEAVE_PATIENCE;
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::command::Command;
use crate::proto::reply::Reply;
use std::time::Instant;

/// An opening that has failed and has said QUIT.
pub(super) struct Leaving {
    error: Error,
    until: Instant,
    /// What the server said last before.
    last: Option<Reply>,
}

impl Connection {
    /// The opening has failed with this error: says QUIT and goes on to wait a moment for the answer, after which
    /// `advance` gives the error; or closes at once and gives it now, where nothing can be said.
    pub(super) fn leave(&mut self, error: Error, now: Instant) -> Result<()> {
        let last = self.last_reply().cloned();
        let patience = LEAVE_PATIENCE.min(self.settings.timeouts.of(Phase::Quit));
        let until = now.checked_add(patience).filter(|_| self.may_say_quit(&error));
        let Some(until) = until.filter(|_| self.push(&Command::Quit, 0, now).is_ok()) else {
            self.close();
            return Err(error);
        };
        self.observers.note(&error.to_string());
        self.stage = Stage::Leaving(Box::new(Leaving { error, until, last }));
        Ok(())
    }

    /// A server that talks nonsense, has announced that it closes or waits for something else is told nothing.
    fn may_say_quit(&self, error: &Error) -> bool {
        let silent = self.dialogue.in_flight() == 0 && !self.dialogue.is_mid_reply() && !self.dialogue.is_in_auth();
        let there = self.wire.as_ref().is_some_and(|wire| !wire.has_ended()) && self.write_error.is_none();
        let talks = error.cause != Cause::Protocol || error.phase == Phase::Auth;
        silent && there && self.farewell.is_none() && talks
    }

    /// Waits for the answer to QUIT. What comes in its place, be it the end of the connection, will do as well.
    pub(super) fn advance_leaving(&mut self, now: Instant) -> Result<Step> {
        // Taken out, so that what is heard meanwhile may end the connection.
        let Stage::Leaving(leaving) = std::mem::replace(&mut self.stage, Stage::Opening) else {
            return Ok(Step::Wait(None));
        };
        if now < leaving.until && !self.hear_farewell().unwrap_or(true) {
            let until = leaving.until;
            self.stage = Stage::Leaving(leaving);
            return Ok(Step::Wait(Some(until)));
        }
        self.dialogue.set_last_reply(leaving.last);
        self.close();
        Err(leaving.error)
    }

    /// Whether QUIT has been answered.
    fn hear_farewell(&mut self) -> Result<bool> {
        self.send(&mut &[][..]);
        loop {
            let happened = self.receive()?;
            if matches!(happened, Some(Event::Reply(_))) || self.write_error.is_some() {
                return Ok(true);
            }
            if happened.is_none() && !self.fill()? {
                return Ok(false);
            }
        }
    }
}
