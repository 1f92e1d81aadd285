//! The opening of a connection: what [`Opening`](crate::client::opening::Opening) decides is done here.

use super::{Connection, Event, Stage};
use crate::client::opening::{Facts, Next, Opening, Say, Step};
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::connect::Connecting;
use crate::proto::client::Dialogue;
use crate::proto::command::{Command, Verb};
use std::time::Instant;

impl Connection {
    /// Acts on a reply of the opening dialogue.
    pub(super) fn advance_opening(&mut self, event: Event, now: Instant) -> Result<Option<Event>> {
        let Event::Reply(answer) = event else { return Ok(None) };
        let next = self.ask_opening(|opening, facts| opening.on_reply(answer, facts));
        match next.and_then(|next| self.act(next, now)) {
            Ok(event) => Ok(event),
            Err(error) => {
                self.note_failure(&error);
                self.leave(error, now).map(|()| None)
            }
        }
    }

    /// Begins a step of an opening that the caller leads ([`OpeningMode::Stepwise`]); its reply comes as an event, when all is
    /// done that goes with it.
    ///
    /// [`OpeningMode::Stepwise`]: crate::client::settings::OpeningMode::Stepwise
    pub(crate) fn begin_step(&mut self, step: Step, now: Instant) -> Result<()> {
        if !self.is_ready() || self.in_flight() > 0 {
            let words = "the connection is closed, or something else is under way on it";
            return Err(Error::new(Phase::Command, Cause::BadSequence, words));
        }
        let next = self.ask_opening(|opening, facts| opening.begin(step, facts))?;
        self.stage = Stage::Opening;
        if let Err(error) = self.act(next, now) {
            if !self.is_dead() {
                self.stage = Stage::Ready;
            }
            return Err(error);
        }
        Ok(())
    }

    /// The same with AUTH, or with a line of the exchange that it began.
    pub(crate) fn begin_auth_step(&mut self, say: &Say, now: Instant) -> Result<()> {
        self.begin_step(Step::Auth, now)?;
        self.say(say, now).inspect_err(|_| {
            if !self.is_dead() {
                self.stage = Stage::Ready;
            }
        })
    }

    /// What the opening decides, as the connection is now.
    pub(super) fn ask_opening(
        &mut self,
        decide: impl FnOnce(&mut Opening, &Facts<'_>) -> Result<Next>,
    ) -> Result<Next> {
        let transport = self.wire.as_ref().map(|wire| wire.transport());
        let facts = Facts {
            settings: &self.settings,
            extensions: self.dialogue.extensions(),
            secure: transport.is_some_and(|transport| transport.is_secure()),
            local: &|| transport.map(|transport| transport.local()),
            place: (&self.place.0, self.place.1),
            channel_bindings: &|| transport.map_or(Vec::new(), |transport| transport.channel_bindings()),
        };
        let next = decide(&mut self.opening, &facts);
        for note in self.opening.take_notes() {
            self.observers.note(&note);
        }
        next
    }

    /// Does what the opening has decided.
    pub(super) fn act(&mut self, next: Next, now: Instant) -> Result<Option<Event>> {
        match next {
            Next::Say(say) => self.say(&say, now)?,
            Next::SayOr(say, error) => self.say(&say, now).map_err(|_| error)?,
            Next::StartTls => self.secure_now(now)?,
            Next::Fetch { supplier, renew } => self.fetch(supplier, renew, now)?,
            Next::Wait => {}
            Next::Answered(answer) => {
                self.stage = Stage::Ready;
                return Ok(Some(Event::Reply(answer)));
            }
            Next::Done { authenticated: false } => {
                self.again = None;
                self.stage = Stage::Ready;
                return Ok(Some(Event::Opened));
            }
            Next::Done { authenticated: true } => {
                self.again = None;
                self.stage = Stage::Opened;
                return Ok(Some(Event::Authenticated));
            }
        }
        Ok(None)
    }

    fn say(&mut self, say: &Say, now: Instant) -> Result<()> {
        match say {
            Say::Hello(verb, name) => {
                let command = match verb {
                    Verb::Lhlo => Command::Lhlo(name),
                    Verb::Helo => Command::Helo(name),
                    _ => Command::Ehlo(name),
                };
                self.push(&command, 0, now)
            }
            Say::StartTls => self.push(&Command::StartTls, 0, now),
            Say::Auth(mechanism, initial) => {
                let initial = initial.as_ref().map(|line| line.as_str());
                self.push(&Command::Auth { mechanism, initial }, 0, now)
            }
            Say::AuthLine(line) => self.push_auth_line(line, now),
        }
    }

    /// Begins anew over another connection to the same server, where the opening can do something otherwise there;
    /// otherwise the error stays.
    pub(super) fn begin_again(&mut self, lost: Error, now: Instant) -> Result<()> {
        let Some(target) = self.again.take_if(|_| self.opening.reconnect(&lost)) else { return Err(lost) };
        for note in self.opening.take_notes() {
            self.observers.note(&note);
        }
        let connecting = Connecting::new(target, self.settings.connect.clone(), self.waker().clone(), now);
        self.stage = Stage::Connecting(Box::new(connecting));
        self.dialogue = Dialogue::new(self.settings.protocol);
        self.wire = None;
        self.unseen.clear();
        self.write_error = None;
        self.farewell = None;
        self.since = now;
        Ok(())
    }
}
