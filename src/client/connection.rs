//! One connection to a server, never blocking.

use crate::client::opening::Opening;
use crate::client::settings::Settings;
use crate::client::trace::{self, Observer};
use crate::client::wire::{HIGH_WATER, Wire};
use crate::error::{Cause, Error, Phase, Result};
use crate::net::connect::{Connecting, Target};
use crate::net::transport::Source;
use crate::net::wait::{Interest, Waker};
use crate::proto::client::{Answer, Dialogue, Event, Expect};
use crate::proto::command::Command;
use crate::proto::dot::{BodyEncoder, Dots};
use crate::proto::extension::Extensions;
use crate::proto::reply::Reply;
use std::io;
use std::time::Instant;

/// What came of [`Connection::advance`].
#[derive(Debug)]
pub enum Step {
    /// Something happened; call again.
    Happened(Happening),
    /// The body given is used up and there is room for more of it.
    NeedBody,
    /// Nothing can be done now: wait for what [`Connection::waits`] names, until then at the latest.
    Wait(Option<Instant>),
}

/// What happened on the connection.
#[derive(Debug)]
pub enum Happening {
    /// Greeted, said hello, authenticated: commands may be given.
    Opened,
    /// A reply.
    Answer(Answer),
    /// A line of a listing (EXPN, HELP): [`Connection::line`] has its text.
    Line {
        /// The mark of the command it belongs to.
        tag: u64,
    },
}

/// Where the connection is in its life.
pub(crate) enum Stage {
    Connecting(Box<Connecting>),
    Opening(Opening),
    Ready,
    Dead,
}

/// A client's connection: made at once, driven by `advance`, which never waits.
///
/// It belongs to one thread at a time. Dropping it closes the socket without QUIT.
pub struct Connection {
    pub(crate) settings: Settings,
    pub(crate) dialogue: Dialogue,
    pub(crate) stage: Stage,
    wire: Option<Wire>,
    waker: Waker,
    observer: Option<Box<dyn Observer>>,
    encoder: BodyEncoder,
    /// Bytes of the announced chunk that are not in the stream yet.
    chunk_left: u64,
    /// When something last moved on; deadlines count from here.
    since: Instant,
    starved: bool,
    write_error: Option<io::Error>,
    /// The server said 421: nothing more can be asked of it.
    farewell: Option<Reply>,
}

impl Connection {
    /// Begins to connect to `target`. `waker` wakes whoever waits for this connection.
    pub fn open(target: Target, settings: Settings, waker: Waker, now: Instant) -> Self {
        let connecting = Connecting::new(target, settings.connect.clone(), waker.clone(), now);
        let encoder = BodyEncoder::new(settings.dots);
        Connection {
            dialogue: Dialogue::new(settings.protocol),
            settings,
            stage: Stage::Connecting(Box::new(connecting)),
            wire: None,
            waker,
            observer: None,
            encoder,
            chunk_left: 0,
            since: now,
            starved: false,
            write_error: None,
            farewell: None,
        }
    }

    /// Who sees the traffic from now on.
    pub fn set_observer(&mut self, observer: Option<Box<dyn Observer>>) {
        self.observer = observer;
    }

    /// The limits of time, which may be changed at any moment.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// What the server offers.
    pub fn extensions(&self) -> &Extensions {
        self.dialogue.extensions()
    }

    /// The last reply read.
    pub fn last_reply(&self) -> Option<&Reply> {
        self.dialogue.last_reply()
    }

    /// The text of the line that [`Happening::Line`] told of.
    pub fn line(&self) -> &[u8] {
        self.dialogue.line()
    }

    /// Commands whose replies are due.
    pub fn in_flight(&self) -> usize {
        self.dialogue.in_flight()
    }

    /// Open and not lost: commands may be given.
    pub fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// Lost, aborted or closed.
    pub fn is_dead(&self) -> bool {
        matches!(self.stage, Stage::Dead)
    }

    /// The server has announced with 421 that it closes.
    pub fn farewell(&self) -> Option<&Reply> {
        self.farewell.as_ref()
    }

    /// The peer's address in words, once there is a connection.
    pub fn peer(&self) -> Option<String> {
        self.wire.as_ref().map(|w| w.transport().peer())
    }

    /// The local address, once there is a connection.
    pub(crate) fn local(&self) -> Option<String> {
        self.wire.as_ref().map(|w| w.transport().local())
    }

    /// Whether one more command may be queued now.
    pub fn may_push(&self) -> bool {
        self.is_ready() && self.farewell.is_none() && self.dialogue.may_push()
    }

    /// Bytes queued and not yet taken by the system.
    pub fn staged(&self) -> usize {
        self.wire.as_ref().map_or(0, Wire::staged)
    }

    /// Bytes of the stream of which the server may have seen everything.
    pub fn sent(&self) -> u64 {
        self.wire.as_ref().map_or(0, Wire::sent)
    }

    /// All bytes queued so far.
    pub fn queued(&self) -> u64 {
        self.dialogue.queued()
    }

    /// How many of the bytes queued the server has answered.
    pub fn answered(&self) -> u64 {
        self.dialogue.answered()
    }

    /// Commands in flight that the server may have seen whole.
    pub fn sent_whole(&self) -> impl Iterator<Item = (Expect, u64)> + '_ {
        self.dialogue.sent_whole(self.sent())
    }

    /// Queues a command; `advance` sends it. No I/O but, on an idle connection, a look for what the server said
    /// unasked (a 421, say), so that it is not taken for the answer.
    pub fn push(&mut self, command: &Command<'_>, tag: u64, now: Instant) -> Result<()> {
        self.push_with(command.verb().phase(), now, |dialogue, out| dialogue.push(command, tag, out))?;
        if let Command::Bdat { length, .. } = command {
            self.chunk_left = *length;
        }
        Ok(())
    }

    /// Queues a line of an authentication exchange.
    pub(crate) fn push_auth_line(&mut self, line: &str, now: Instant) -> Result<()> {
        self.push_with(Phase::Auth, now, |dialogue, out| dialogue.push_auth_line(line, 0, out))
    }

    fn push_with(
        &mut self,
        phase: Phase,
        now: Instant,
        encode: impl FnOnce(&mut Dialogue, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        if self.dialogue.in_flight() == 0 {
            self.since = now;
            self.drain_unasked(phase)?;
        }
        if let Some(reply) = &self.farewell {
            return Err(Error::refused(phase, reply.clone()));
        }
        let in_auth = self.dialogue.is_in_auth();
        let Some(wire) = self.wire.as_mut().filter(|_| !matches!(self.stage, Stage::Dead)) else {
            return Err(Error::new(phase, Cause::BrokenOff, "the connection is closed: open a new one")
                .with_reply(self.dialogue.last_reply().cloned()));
        };
        let before = wire.out().len();
        encode(&mut self.dialogue, wire.out())?;
        if let Some(observer) = &mut self.observer {
            observer.sent(&trace::shown(&wire.out()[before..], in_auth));
        }
        Ok(())
    }

    /// Reads what came while nothing was in flight: extra replies are dropped, 421 and the end are noted.
    fn drain_unasked(&mut self, phase: Phase) -> Result<()> {
        loop {
            let Some(wire) = self.wire.as_mut() else { return Ok(()) };
            let how = match wire.peek() {
                Ok(true) => {
                    self.receive()?;
                    continue;
                }
                Ok(false) if !wire.has_ended() => return Ok(()),
                Ok(false) => String::from("the server has closed the connection"),
                Err(why) => format!("receiving failed: {why}"),
            };
            let lost = self.lost(&how);
            return Err(self.die(Error { phase, ..lost }));
        }
    }

    /// A body follows: after 354, or before the first chunk. `binary` means BINARYMIME: not a byte is changed.
    pub fn begin_body(&mut self, chunked: bool, binary: bool) {
        self.encoder = match (binary, chunked) {
            (true, _) => BodyEncoder::binary(),
            (false, true) => BodyEncoder::new(Dots::Off),
            (false, false) => BodyEncoder::new(self.settings.dots),
        };
    }

    /// How the body is encoded, for measuring chunks before they are announced.
    pub fn encoder(&self) -> &BodyEncoder {
        &self.encoder
    }

    /// Encodes a piece of the body into the staged bytes without I/O; for bodies that are small.
    pub fn stage_body(&mut self, body: &[u8]) {
        let Some(wire) = self.wire.as_mut() else { return };
        let before = wire.out().len();
        let joined = wire.stage(&mut self.encoder, body);
        if let Some(observer) = &mut self.observer {
            observer.sent(&wire.out()[before..]);
        }
        self.joined(joined);
    }

    fn joined(&mut self, bytes: u64) {
        self.dialogue.body_queued(bytes);
        if self.chunk_left > 0 {
            self.chunk_left = self.chunk_left.saturating_sub(bytes);
            if self.chunk_left == 0 {
                self.dialogue.chunk_complete();
            }
        }
    }

    /// What a chunked body's last line lacks: to be announced with the last chunk and staged behind it by
    /// [`Connection::stage_completion`].
    pub fn completion_len(&self) -> u64 {
        let mut encoder = self.encoder.clone();
        encoder.finish().len() as u64
    }

    /// Stages what the last line of a chunked body lacks.
    pub fn stage_completion(&mut self) {
        let completion = self.encoder.finish();
        if let Some(wire) = self.wire.as_mut() {
            wire.out().extend_from_slice(completion);
            self.joined(completion.len() as u64);
        }
    }

    /// Ends the message that DATA began: completes its last line and adds the final dot.
    pub fn push_end_of_data(&mut self, tag: u64, now: Instant) {
        let completion = self.encoder.finish();
        let Some(wire) = self.wire.as_mut() else { return };
        if self.dialogue.in_flight() == 0 {
            self.since = now;
        }
        let before = wire.out().len();
        self.dialogue.push_end_of_data(completion, tag, wire.out());
        if let Some(observer) = &mut self.observer {
            observer.sent(&wire.out()[before..]);
            let longest = self.encoder.longest_line();
            if longest > 998 {
                observer.note(&format!("a line of the message has {longest} octets; RFC 5321 allows 998"));
            }
        }
    }

    /// The waiting loop saw something on this connection.
    pub fn woken(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.retry();
        }
    }

    /// What `advance` waits for: appended to `list`.
    pub fn waits<'a>(&'a self, list: &mut Vec<(Source<'a>, Interest)>) {
        if let Stage::Connecting(connecting) = &self.stage {
            connecting.waits(list);
            return;
        }
        if let Some(wire) = &self.wire {
            let writable = wire.staged() > 0 && wire.is_write_blocked();
            list.push((wire.transport().source(), Interest { readable: true, writable }));
        }
    }

    /// Does what can be done without waiting. `body` is lent for this call: what was taken is cut off its front.
    ///
    /// After an error the connection is dead, unless [`Connection::is_dead`] says otherwise (a reply that timed out).
    pub fn advance(&mut self, now: Instant, body: &mut &[u8]) -> Result<Step> {
        if let Stage::Connecting(_) = self.stage {
            return self.advance_connecting(now);
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
        if self.sent() > sent_before {
            self.since = now;
        }
        loop {
            if let Some(happened) = self.receive()? {
                if matches!(happened, Happening::Answer(_) | Happening::Line { .. }) {
                    self.since = now;
                }
                let happened = match &mut self.stage {
                    Stage::Opening(_) => self.advance_opening(happened, now)?,
                    _ => Some(happened),
                };
                if let Some(happened) = happened {
                    return Ok(Step::Happened(happened));
                }
                self.send(body);
                continue;
            }
            if !self.fill()? {
                break;
            }
        }
        if let Some(why) = self.write_error.take() {
            let lost = self.lost(&format!("sending failed: {why}"));
            return Err(self.die(lost));
        }
        // The system may hold the door shut while the body is not wanted yet.
        let room = self.wire.as_ref().is_some_and(|w| w.staged() < HIGH_WATER);
        if body.is_empty() && self.is_body_open() && room {
            self.starved = true;
            return Ok(Step::NeedBody);
        }
        self.wait_or_time_out(now)
    }

    /// Whether bytes of a body are due from the caller.
    pub fn is_body_open(&self) -> bool {
        self.dialogue.is_body_open()
    }

    fn wait_or_time_out(&mut self, now: Instant) -> Result<Step> {
        if self.dialogue.in_flight() == 0 && !self.is_body_open() {
            return Ok(Step::Wait(None));
        }
        let phase = self.phase();
        let deadline = self.since.checked_add(self.settings.timeouts.of(phase));
        if deadline.is_none_or(|d| now < d) {
            return Ok(Step::Wait(deadline));
        }
        let limit = self.settings.timeouts.of(phase).as_secs_f32();
        let text = format!("no answer within {limit} s");
        let error = if self.outcome_is_open() {
            Error::new(phase, Cause::OutcomeUnknown, format!("{text}; {UNKNOWN_ADVICE}"))
        } else {
            Error::new(phase, Cause::TimedOut, text)
        };
        let mid_reply = self.dialogue.is_mid_reply();
        let usable = matches!(self.stage, Stage::Ready) && self.dialogue.abandon() && self.staged() == 0 && !mid_reply;
        if usable { Err(error) } else { Err(self.die(error)) }
    }

    /// The end of a message went out whole and its answer is due.
    fn outcome_is_open(&self) -> bool {
        let sent = self.sent();
        self.dialogue
            .oldest()
            .is_some_and(|(expect, _)| expect.ends_message() && self.dialogue.oldest_end().is_some_and(|e| e <= sent))
    }

    fn advance_connecting(&mut self, now: Instant) -> Result<Step> {
        let Stage::Connecting(connecting) = &mut self.stage else { return Ok(Step::Wait(None)) };
        match connecting.advance(now) {
            Ok(Some(transport)) => {
                self.attach(transport, now);
                let mut nothing: &[u8] = &[];
                self.advance(now, &mut nothing)
            }
            Ok(None) => {
                let deadline = self.since.checked_add(self.settings.timeouts.connect);
                if deadline.is_some_and(|d| now >= d) {
                    let limit = self.settings.timeouts.connect.as_secs_f32();
                    let error = Error::new(Phase::Connect, Cause::TimedOut, format!("no connection within {limit} s"));
                    return Err(self.die(error));
                }
                let mut ignored = Vec::new();
                let until = connecting.waits(&mut ignored);
                Ok(Step::Wait([deadline, until].into_iter().flatten().min()))
            }
            Err(error) => Err(self.die(error)),
        }
    }

    fn attach(&mut self, mut transport: Box<dyn crate::net::transport::Transport>, now: Instant) {
        transport.set_waker(&self.waker);
        if let Some(observer) = &mut self.observer {
            observer.note(&format!("connected to {}", transport.peer()));
        }
        let mut wire = Wire::new(transport);
        wire.retry();
        self.wire = Some(wire);
        self.stage = Stage::Opening(Opening::new());
        self.since = now;
    }

    /// Sends the body given and what is staged; an error is kept until all replies have been read, since the server
    /// may have said why it closes.
    fn send(&mut self, body: &mut &[u8]) {
        let Some(wire) = self.wire.as_mut() else { return };
        if self.write_error.is_some() {
            *body = &[];
            return;
        }
        let open = self.dialogue.is_body_open();
        let mut outcome = Ok(0);
        if open && !body.is_empty() {
            outcome = match &mut self.observer {
                Some(observer) if observer.enabled() => send_observed(wire, &mut self.encoder, body, &mut **observer),
                _ => wire.send_body(&mut self.encoder, body),
            };
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
    fn receive(&mut self) -> Result<Option<Happening>> {
        let Some(wire) = self.wire.as_mut() else { return Ok(None) };
        let mut input = wire.input();
        if input.is_empty() {
            return Ok(None);
        }
        let given = input;
        let event = self.dialogue.receive(&mut input);
        let used = given.len() - input.len();
        if let Some(observer) = &mut self.observer {
            observer.received(&given[..used]);
        }
        wire.consume(used);
        match event {
            Ok(None) => Ok(None),
            Ok(Some(Event::Line { tag })) => Ok(Some(Happening::Line { tag })),
            Ok(Some(Event::Reply(answer))) => {
                if answer.reply.code() == 421 {
                    self.farewell = Some(answer.reply.clone());
                }
                Ok(Some(Happening::Answer(answer)))
            }
            Ok(Some(Event::Closing(reply))) => {
                self.farewell = Some(reply);
                Ok(None)
            }
            Err(error) => Err(self.die(error)),
        }
    }

    fn fill(&mut self) -> Result<bool> {
        let Some(wire) = self.wire.as_mut() else { return Ok(false) };
        match wire.fill() {
            Ok(true) => Ok(true),
            Ok(false) if wire.has_ended() => {
                let lost = self.lost("the server closed the connection");
                Err(self.die(lost))
            }
            Ok(false) => Ok(false),
            Err(why) => {
                let lost = self.lost(&format!("receiving failed: {why}"));
                Err(self.die(lost))
            }
        }
    }

    /// What the connection is at: the phase of the oldest reply that is due.
    pub fn phase(&self) -> Phase {
        match self.dialogue.oldest() {
            _ if matches!(self.stage, Stage::Connecting(_)) => Phase::Connect,
            Some((expect, _)) => expect.phase(),
            None if self.is_body_open() => Phase::Data,
            None => Phase::Command,
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

    fn die(&mut self, error: Error) -> Error {
        if let Some(observer) = &mut self.observer {
            observer.note(&error.to_string());
        }
        if let Some(wire) = &mut self.wire {
            wire.transport_mut().abort();
        }
        self.stage = Stage::Dead;
        error
    }

    /// Resets the connection: nothing more is sent, not the final dot and not QUIT.
    pub fn abort(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.transport_mut().abort();
        }
        self.wire = None;
        self.stage = Stage::Dead;
    }

    /// Closes in order, without QUIT.
    pub fn close(&mut self) {
        if let Some(wire) = &mut self.wire {
            let _ = wire.flush();
            wire.transport_mut().close();
        }
        self.wire = None;
        self.stage = Stage::Dead;
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
        observer.sent(&fresh);
        *body = rest;
    }
    Ok(joined)
}
