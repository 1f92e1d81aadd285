//! One connection to a server, never blocking: what it holds, and what can be queued. `advance` drives it, and does what
//! `opening` decides.

mod advance;
mod fetching;
mod handshake;
mod leaving;
mod start;

use crate::client::opening::Opening;
use crate::client::settings::Settings;
use crate::client::trace::{self, Observer, Observers};
use crate::client::wire::Wire;
use crate::client::words::{Concerning, Context};
use crate::error::{Cause, Error, Phase, Result};
use crate::net::connect::{Connecting, Target};
use crate::net::transport::{Source, Transport};
use crate::net::wait::{Interest, Waker};
use crate::proto::client::{Answer, Dialogue, Expect};
use crate::proto::command::Command;
use crate::proto::dot::{BodyEncoder, Dots};
use crate::proto::extension::Extensions;
use crate::proto::reply::Reply;
use fetching::Fetching;
use handshake::Securing;
use leaving::Leaving;
use std::io;
use std::time::Instant;

/// What came of [`Connection::advance`].
#[derive(Debug)]
pub enum Step {
    /// Something happened; call again.
    Event(Event),
    /// The body given is used up and there is room for more of it.
    NeedBody,
    /// Nothing can be done now: wait for what [`Connection::waits`] names, until then at the latest.
    Wait(Option<Instant>),
}

/// What happened on the connection.
#[derive(Debug)]
pub enum Event {
    /// The handshake is done: what is said from now on is encrypted.
    Secured,
    /// The server has taken the login.
    Authenticated,
    /// Greeted, said hello, authenticated: commands may be given.
    Opened,
    /// A reply.
    Reply(Answer),
    /// A line of a listing (EXPN, HELP): [`Connection::line`] has its text.
    Line {
        /// The mark of the command it belongs to.
        tag: u64,
    },
}

/// Where the connection is in its life.
enum Stage {
    Connecting(Box<Connecting>),
    Securing(Box<Securing>),
    /// A reply of the opening dialogue is due.
    Opening,
    Fetching(Box<Fetching>),
    Leaving(Box<Leaving>),
    /// The opening is through, which is told next.
    Opened,
    Ready,
    Dead,
}

/// A client's connection: made at once, driven by `advance`, which never waits.
///
/// It belongs to one thread at a time. Dropping it closes the socket without QUIT.
pub struct Connection {
    settings: Settings,
    /// What its failures have in common, for their words.
    context: Context,
    dialogue: Dialogue,
    stage: Stage,
    opening: Opening,
    /// The host and the port that it was opened for.
    place: (String, u16),
    /// The host that it was to connect to; none for a path, or a connection that was there already.
    host: Option<String>,
    /// Where to connect once more, should the opening want it.
    again: Option<Target>,
    /// None while a handshake has the transport.
    wire: Option<Wire>,
    waker: Waker,
    observers: Observers,
    /// The begun line that the observers have not been shown.
    unseen: Vec<u8>,
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
    pub fn open(target: Target, mut settings: Settings, waker: Waker, now: Instant) -> Self {
        let place = target.place();
        let host = match &target {
            Target::Host { host, .. } => Some(host.clone()),
            Target::Unix(_) | Target::Ram { .. } | Target::Ready(_) => None,
        };
        let again = target.again();
        let context = Context::of(&settings, &target);
        let opening = Opening::new(&mut settings, again.is_some());
        let connecting = Connecting::new(target, settings.connect.clone(), waker.clone(), now);
        let encoder = BodyEncoder::new(settings.dots);
        let watches = settings.watches.iter().filter_map(|watch| watch.observer(&place.0, place.1)).collect();
        let mut observers = Observers::new(watches);
        if !settings.origin.is_empty() {
            observers.note(&format!("server {}", context.whereto()));
        }
        Connection {
            context,
            dialogue: Dialogue::new(settings.protocol),
            settings,
            stage: Stage::Connecting(Box::new(connecting)),
            opening,
            place,
            host,
            again,
            wire: None,
            waker,
            observers,
            unseen: Vec::new(),
            encoder,
            chunk_left: 0,
            since: now,
            starved: false,
            write_error: None,
            farewell: None,
        }
    }

    /// Whom to wake from now on, in place of the waker that it was opened with.
    pub(crate) fn set_waker(&mut self, waker: Waker) {
        if let Some(wire) = &mut self.wire {
            wire.transport_mut().set_waker(&waker);
        }
        if let Stage::Securing(securing) = &mut self.stage {
            securing.handshake.set_waker(&waker);
        }
        if let Stage::Fetching(asked) = &self.stage {
            asked.set_waker(&waker);
        }
        self.waker = waker;
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Who sees the traffic from now on, besides those who watch by the settings.
    pub fn set_observer(&mut self, observer: Option<Box<dyn Observer>>) {
        self.observers.set_own(observer);
    }

    /// The limits of time, which may be changed at any moment.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// What the server offers.
    pub fn extensions(&self) -> &Extensions {
        self.dialogue.extensions()
    }

    /// Tells whoever watches of an error of this connection in words: with the server, who sent the program there, and what to
    /// try next.
    pub(crate) fn note_failure(&mut self, error: &Error) {
        let words = self.context.words_for_trace(error, Concerning::Connection);
        self.observers.note(&words);
    }

    /// The last reply read.
    pub fn last_reply(&self) -> Option<&Reply> {
        self.dialogue.last_reply()
    }

    /// The text of the line that [`Event::Line`] told of.
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
        if let Stage::Securing(securing) = &self.stage {
            return Some(securing.handshake.peer());
        }
        self.wire.as_ref().map(|w| w.transport().peer())
    }

    /// Nobody between the two ends can read what is sent now: TLS, or a connection inside this process.
    pub fn is_secure(&self) -> bool {
        self.wire.as_ref().is_some_and(|w| w.transport().is_secure())
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
        let out = if in_auth || phase == Phase::Auth { wire.out_for_secret() } else { wire.out() };
        encode(&mut self.dialogue, out)?;
        if self.observers.enabled() {
            self.observers.sent(&trace::shown(&wire.out()[before..], in_auth));
        }
        Ok(())
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
        if self.observers.enabled() {
            self.observers.body(&wire.out()[before..]);
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

    /// Stages what the last line of a chunked body lacks.
    pub fn stage_completion(&mut self) {
        let completion = self.encoder.finish();
        if let Some(wire) = self.wire.as_mut() {
            wire.out().extend_from_slice(completion);
            self.joined(completion.len() as u64);
        }
    }

    /// Ends the message that DATA began: completes its last line and adds the final dot. A look for what the server
    /// said unasked comes first here too: it is not the answer to the message.
    pub fn push_end_of_data(&mut self, tag: u64, now: Instant) -> Result<()> {
        let completion = self.encoder.finish();
        self.push_with(Phase::Data, now, |dialogue, out| {
            dialogue.push_end_of_data(completion, tag, out);
            Ok(())
        })?;
        let longest = self.encoder.longest_line();
        if longest > 998 {
            self.observers.note(&format!("a line of the message has {longest} octets; RFC 5321 allows 998"));
        }
        Ok(())
    }

    /// Sends what the system takes now, and reads nothing. An error is told by the next `advance`.
    pub(crate) fn flush(&mut self) {
        self.send(&mut &[][..]);
    }

    /// Gives the transport away, and what was read and not used; none where there is no connection. This end of it is over
    /// then, without anything being said or closed.
    pub(crate) fn into_transport(&mut self) -> Option<(Box<dyn Transport>, Vec<u8>)> {
        let wire = self.wire.take_if(|wire| wire.is_drained() && !wire.has_ended())?;
        let read = wire.input().to_vec();
        self.stage = Stage::Dead;
        Some((wire.into_transport().0, read))
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
        if let Stage::Securing(securing) = &self.stage {
            securing.handshake.waits(list);
            return;
        }
        if let Stage::Fetching(_) = &self.stage {
            list.push((Source::Notified, Interest::NONE));
        }
        if let Some(wire) = &self.wire {
            list.push((wire.transport().source(), Interest { readable: true, writable: wire.wants_write() }));
        }
    }

    /// An AUTH exchange is under way: what is sent next is a credential.
    pub fn is_in_auth(&self) -> bool {
        self.dialogue.is_in_auth()
    }

    /// Whether bytes of a body are due from the caller.
    pub fn is_body_open(&self) -> bool {
        self.dialogue.is_body_open()
    }

    /// What the connection is at: the phase of the oldest reply that is waited for.
    pub fn phase(&self) -> Phase {
        match self.dialogue.awaited() {
            _ if matches!(self.stage, Stage::Connecting(_)) => Phase::Connect,
            _ if matches!(self.stage, Stage::Securing(_)) => Phase::Tls,
            _ if matches!(self.stage, Stage::Fetching(_)) => Phase::Auth,
            // A message that is still going out.
            Some((expect, end)) if expect.ends_message() && end > self.sent() => Phase::Data,
            Some((expect, _)) => expect.phase(),
            None if self.is_body_open() => Phase::Data,
            None => Phase::Command,
        }
    }

    /// Resets the connection: nothing more is sent, not the final dot and not QUIT.
    pub fn abort(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.transport_mut().abort();
        }
        if let Stage::Securing(securing) = &mut self.stage {
            securing.handshake.abort();
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
