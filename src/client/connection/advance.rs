//! Driving a connection: everything here does I/O that never blocks.

use super::{Connection, Event, Stage, Step};
use crate::client::settings::TlsMode;
use crate::client::trace::{self, Observer};
use crate::client::wire::{HIGH_WATER, Wire};
use crate::client::words::hint_of_greeting;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::sys;
use crate::net::tls::TlsFailure;
use crate::net::transport::{Transport, read_cause, write_cause};
use crate::proto::client::{Event as Heard, Expect, foreign};
use crate::proto::dot::BodyEncoder;
use std::io;
use std::time::Instant;

/// So much of a body goes out before a look at what the server says to it.
const BODY_AT_ONCE: usize = 1024 * 1024;

impl Connection {
    /// Does what can be done without waiting. `body` is lent for this call: what was taken is cut off its front.
    ///
    /// After an error the connection is dead, unless [`Connection::is_dead`] says otherwise (a reply that timed out).
    pub fn advance(&mut self, now: Instant, body: &mut &[u8]) -> Result<Step> {
        match self.advance_here(now, body) {
            Ok(step) => Ok(step),
            Err(lost) => {
                self.begin_again(lost, now)?;
                self.advance_here(now, body)
            }
        }
    }

    fn advance_here(&mut self, now: Instant, body: &mut &[u8]) -> Result<Step> {
        if let Stage::Connecting(_) = self.stage {
            return self.advance_connecting(now);
        }
        if let Stage::Securing(_) = self.stage {
            return self.advance_securing(now);
        }
        if let Stage::Fetching(_) = self.stage {
            return self.advance_fetching(now);
        }
        if let Stage::Leaving(_) = self.stage {
            return self.advance_leaving(now);
        }
        if let Stage::Opened = self.stage {
            self.stage = Stage::Ready;
            return Ok(Step::Event(Event::Opened));
        }
        if self.starved && !body.is_empty() {
            self.starved = false;
            self.since = now;
        }
        if matches!(self.stage, Stage::Dead) {
            return Err(Error::new(Phase::Command, Cause::BrokenOff, "the connection is closed: open a new one")
                .with_reply(self.dialogue.last_reply().cloned()));
        }
        let sent_before = self.sent();
        self.send(body);
        loop {
            // The server may say no to a body that it goes on taking.
            let goes_on = self.is_body_open() && self.wire.as_ref().is_some_and(|wire| !wire.is_write_blocked());
            if goes_on && !body.is_empty() {
                self.look()?;
                if !self.has_input() {
                    self.send(body);
                    continue;
                }
            }
            if let Some(event) = self.receive()? {
                // The lines of a listing do not: it would go on for as long as they come.
                if matches!(event, Event::Reply(_)) {
                    self.since = now;
                }
                let event = match &self.stage {
                    Stage::Opening => self.advance_opening(event, now)?,
                    _ => Some(event),
                };
                if let Some(event) = event {
                    return Ok(Step::Event(event));
                }
                if let Stage::Securing(_) | Stage::Fetching(_) | Stage::Leaving(_) = self.stage {
                    return self.advance(now, body);
                }
                self.send(body);
                continue;
            }
            if !self.fill()? {
                break;
            }
        }
        if let Some(why) = self.write_error.take() {
            let mut lost = self.lost(&format!("sending failed: {}", sys::words(&why)));
            if lost.cause == Cause::BrokenOff {
                // The system's own failure is told apart from a connection that is gone.
                lost.cause = write_cause(&why);
            }
            return Err(self.die(lost));
        }
        if self.sent() > sent_before {
            self.since = now;
        }
        // The system may hold the door shut while the body is not wanted yet.
        let room = self.wire.as_ref().is_some_and(|w| w.staged() < HIGH_WATER);
        if body.is_empty() && self.is_body_open() && room {
            self.starved = true;
            return Ok(Step::NeedBody);
        }
        self.wait_or_time_out(now)
    }

    fn wait_or_time_out(&mut self, now: Instant) -> Result<Step> {
        if self.dialogue.awaited().is_none() && !self.is_body_open() {
            return Ok(Step::Wait(None));
        }
        let phase = self.phase();
        let deadline = self.since.checked_add(self.settings.timeouts.of(phase));
        if deadline.is_none_or(|d| now < d) {
            return Ok(Step::Wait(deadline));
        }
        let text = format!("no answer within {:?}", self.settings.timeouts.of(phase));
        let error = if self.outcome_is_open() {
            Error::new(phase, Cause::OutcomeUnknown, format!("{text}; {UNKNOWN_ADVICE}"))
        } else {
            Error::new(phase, Cause::TimedOut, text)
        };
        let mid_reply = self.dialogue.is_mid_reply();
        let drained = self.wire.as_ref().is_some_and(Wire::is_drained);
        let usable = matches!(self.stage, Stage::Ready) && self.dialogue.abandon() && drained && !mid_reply;
        if usable { Err(error) } else { Err(self.die(error)) }
    }

    /// The end of a message went out whole and its answer is due.
    fn outcome_is_open(&self) -> bool {
        self.dialogue.awaited().is_some_and(|(expect, end)| expect.ends_message() && end <= self.sent())
    }

    fn advance_connecting(&mut self, now: Instant) -> Result<Step> {
        // What cannot be encrypted as the site wants it is not begun.
        if let Err(error) = self.opening.check(&self.settings, self.host.as_deref()) {
            return Err(self.die(error));
        }
        let Stage::Connecting(connecting) = &mut self.stage else { return Ok(Step::Wait(None)) };
        match connecting.advance(now) {
            Ok(Some(transport)) => {
                if let Err(error) = self.attach(transport, now) {
                    return Err(self.die(error));
                }
                let mut nothing: &[u8] = &[];
                self.advance(now, &mut nothing)
            }
            Ok(None) => {
                let deadline = self.since.checked_add(self.settings.timeouts.connect);
                if deadline.is_some_and(|d| now >= d) {
                    let text = format!("no connection within {:?}", self.settings.timeouts.connect);
                    let error = Error::new(Phase::Connect, Cause::TimedOut, text);
                    return Err(self.die(error));
                }
                let mut ignored = Vec::new();
                let until = connecting.waits(&mut ignored);
                Ok(Step::Wait([deadline, until].into_iter().flatten().min()))
            }
            Err(error) => Err(self.die(error)),
        }
    }

    fn attach(&mut self, mut transport: Box<dyn Transport>, now: Instant) -> Result<()> {
        transport.set_waker(&self.waker);
        self.observers.note(&format!("connected to {}", transport.peer()));
        self.since = now;
        if self.settings.tls.mode == TlsMode::Implicit {
            return self.secure(transport, 0);
        }
        self.go_on(Wire::new(transport));
        Ok(())
    }

    /// The opening dialogue begins over this wire, or goes on.
    pub(super) fn go_on(&mut self, mut wire: Wire) {
        wire.retry();
        self.wire = Some(wire);
        self.stage = Stage::Opening;
    }

    /// Sends the body given and what is staged; an error is kept until all replies have been read, since the server
    /// may have said why it closes.
    pub(super) fn send(&mut self, body: &mut &[u8]) {
        let Some(wire) = self.wire.as_mut() else { return };
        if self.write_error.is_some() {
            *body = &[];
            return;
        }
        let open = self.dialogue.is_body_open();
        let mut outcome = Ok(0);
        if open && !body.is_empty() {
            let (mut now, later) = body.split_at(body.len().min(BODY_AT_ONCE));
            outcome = match self.observers.enabled() {
                true => send_observed(wire, &mut self.encoder, &mut now, &mut self.observers),
                false => wire.send_body(&mut self.encoder, &mut now),
            };
            // What was not taken lies before what was not offered.
            *body = &body[body.len() - later.len() - now.len()..];
        }
        // A body that goes on fills the buffer first: fewer, larger writes.
        let result = outcome.and_then(|joined| {
            self.joined(joined);
            let still_open = self.dialogue.is_body_open();
            let wire = self.wire.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            if !still_open || wire.staged() >= HIGH_WATER / 4 {
                wire.flush()?;
            }
            Ok(())
        });
        if let Err(why) = result {
            self.write_error = Some(why);
            *body = &[];
        }
    }

    /// Takes the next event out of what has been read.
    pub(super) fn receive(&mut self) -> Result<Option<Event>> {
        let Some(wire) = self.wire.as_mut() else { return Ok(None) };
        let mut input = wire.input();
        if input.is_empty() {
            return Ok(None);
        }
        let given = input;
        let sent_when_read = wire.sent_when_read();
        let event = self.dialogue.receive(&mut input);
        let used = given.len() - input.len();
        if self.observers.enabled() {
            // Whole lines only, however the network has cut them; a line is no longer than the parser lets it be.
            self.unseen.extend_from_slice(&given[..used]);
            if let Some(end) = self.unseen.iter().rposition(|&b| b == b'\n') {
                let lines = &self.unseen[..=end];
                match self.opening.password() {
                    Some(password) => self.observers.received(&trace::heard(lines, password)),
                    None => self.observers.received(lines),
                }
                self.unseen.drain(..=end);
            }
        }
        wire.consume(used);
        match event {
            // A no in the middle of the body: who says that will not take the rest, and may never answer the end. Only a
            // reset ends the message now, and it is certainly not delivered.
            Ok(None) => match self.dialogue.early_refusal().cloned() {
                Some(reply) => Err(self.die(Error::refused(Phase::Data, reply))),
                None => Ok(None),
            },
            Ok(Some(Heard::Line { tag })) => Ok(Some(Event::Line { tag })),
            Ok(Some(Heard::Reply(answer))) if answer.is_positive() && answer.end > sent_when_read => {
                let text = "the server answered before the command was sent: its replies do not fit the commands";
                let early = Error::new(answer.expect.phase(), Cause::Protocol, text).with_reply(Some(answer.reply));
                Err(self.die(early))
            }
            // The same no, where the final dot waits behind what the server does not take.
            Ok(Some(Heard::Reply(answer))) if answer.expect == Expect::Message && answer.end > sent_when_read => {
                Err(self.die(Error { phase: Phase::Data, ..answer.error() }))
            }
            Ok(Some(Heard::Reply(answer))) => {
                if answer.reply.code() == 421 {
                    self.farewell = Some(answer.reply.clone());
                }
                Ok(Some(Event::Reply(answer)))
            }
            Ok(Some(Heard::Closing(reply))) => {
                self.farewell = Some(reply);
                if self.is_body_open() {
                    // Nobody will take the rest of the message.
                    let closing = self.lost("the server closes");
                    return Err(self.die(closing));
                }
                Ok(None)
            }
            Err(error) => Err(self.die_of_stray(error)),
        }
    }

    /// The end of a connection on which something came that is no reply: the error, with what it was.
    fn die_of_stray(&mut self, mut error: Error) -> Error {
        let stray = self.dialogue.stray();
        let repeated = self.opening.password().is_some_and(|password| trace::repeats(stray, password));
        let words = if repeated { String::from(trace::HIDDEN) } else { foreign::described(stray) };
        if !words.is_empty() {
            error.detail += &format!("; {words}");
        }
        let hint = if error.phase == Phase::Greeting { hint_of_greeting(stray) } else { None };
        self.die(error.hinting(hint))
    }

    fn has_input(&self) -> bool {
        self.wire.as_ref().is_some_and(|wire| !wire.input().is_empty())
    }

    /// Looks for what the server said while it was not waited for.
    fn look(&mut self) -> Result<()> {
        if let Some(wire) = self.wire.as_mut() {
            wire.retry_reading();
        }
        self.fill().map(drop)
    }

    /// Reads what came while nothing was in flight: extra replies are dropped, 421 and the end are noted.
    pub(super) fn drain_unasked(&mut self, phase: Phase) -> Result<()> {
        loop {
            let Some(wire) = self.wire.as_mut() else { return Ok(()) };
            let how = match wire.peek() {
                Ok(true) => {
                    self.receive().map_err(|error| Error { phase, ..error })?;
                    continue;
                }
                Ok(false) if !wire.has_ended() => return Ok(()),
                Ok(false) => String::from("the server has closed the connection"),
                Err(why) => format!("receiving failed: {}", sys::words(&why)),
            };
            let lost = self.lost(&how);
            return Err(self.die(Error { phase, ..lost }));
        }
    }

    pub(super) fn fill(&mut self) -> Result<bool> {
        let Some(wire) = self.wire.as_mut() else { return Ok(false) };
        match wire.fill() {
            Ok(true) => Ok(true),
            Ok(false) if wire.has_ended() => {
                let lost = self.lost("the server closed the connection");
                Err(self.die(lost))
            }
            Ok(false) => Ok(false),
            Err(why) => {
                let mut lost = self.lost(&format!("receiving failed: {}", sys::words(&why)));
                if lost.cause == Cause::BrokenOff && read_cause(&why) == Cause::Tls {
                    lost.cause = Cause::Tls;
                    lost.hint = TlsFailure::hint(&why);
                    if !TlsFailure::is_lack(&why) {
                        self.opening.stay_encrypted();
                    }
                }
                Err(self.die(lost))
            }
        }
    }

    /// The error of a connection that is no more.
    fn lost(&self, how: &str) -> Error {
        let phase = self.phase();
        if let Some(reply) = &self.farewell {
            return Error::refused(phase, reply.clone());
        }
        if self.outcome_is_open() {
            return Error::new(phase, Cause::OutcomeUnknown, format!("{how}; {UNKNOWN_ADVICE}"));
        }
        Error::new(phase, Cause::BrokenOff, how).with_reply(self.dialogue.last_reply().cloned())
    }

    pub(super) fn die(&mut self, error: Error) -> Error {
        self.note_failure(&error);
        if let Some(wire) = &mut self.wire {
            wire.transport_mut().abort();
        }
        self.stage = Stage::Dead;
        error
    }
}

/// What "outcome unknown" means, in every error that says it.
const UNKNOWN_ADVICE: &str = "the message was sent whole, and whether the server kept it is not known: \
                              sending it again may make a duplicate";

/// The body window by window through the staged bytes, so that the observer sees what goes out.
fn send_observed(
    wire: &mut Wire,
    encoder: &mut BodyEncoder,
    body: &mut &[u8],
    observer: &mut dyn Observer,
) -> io::Result<u64> {
    let mut joined = 0;
    while !body.is_empty() {
        if wire.staged() >= HIGH_WATER && !wire.flush()? {
            break;
        }
        let (window, rest) = body.split_at(body.len().min(HIGH_WATER / 4));
        let before = wire.out().len();
        joined += wire.stage(encoder, window);
        let fresh = wire.out().get(before..).unwrap_or(&[]).to_vec();
        observer.body(&fresh);
        *body = rest;
    }
    Ok(joined)
}
