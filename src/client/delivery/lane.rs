//! One connection of a run: what is on its way over it, and what its replies mean.

use super::emit::Emit;
use super::flight::Flight;
use super::queue::Queue;
use crate::client::connection::{Connection, Happening, Step};
use crate::client::settings::{Level, Settings};
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase};
use crate::net::connect::Target;
use crate::net::transport::Source;
use crate::net::wait::{Cancel, Interest, Waker};
use crate::proto::client::Answer;
use std::collections::VecDeque;
use std::time::Instant;

/// How much may be unanswered on one connection.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) mails: usize,
    pub(super) bytes: u64,
}

/// Steps of a turn. What the library itself spends in a turn counts as time without an answer, so turns are short.
const STEPS_A_TURN: u32 = 256;

/// The tag of commands that belong to no mail: RSET and QUIT.
pub(super) const NO_MAIL: u64 = u64::MAX;

pub(super) enum Work {
    /// Nothing to do until the connection moves, or then at the latest.
    Waits(Option<Instant>),
    /// There is more to do, after a look at the clock, the cancel and the other lanes.
    More,
    /// The connection is over.
    Over,
}

pub(super) struct Lane {
    pub(super) connection: Connection,
    pub(super) level: Level,
    pub(super) window: Window,
    pub(super) flights: VecDeque<Flight>,
    pub(super) emit: Emit,
    /// The transaction before may still be open: RSET before the next MAIL.
    pub(super) needs_reset: bool,
    /// Mails begun over this connection.
    pub(super) begun: u64,
    pub(super) next_number: u32,
    pub(super) quitting: bool,
    /// Mails are begun until the window is full.
    pub(super) refilling: bool,
    /// A final verdict has come over this connection.
    fruitful: bool,
    over: bool,
    ended_by: Option<Error>,
    opened: bool,
}

impl Lane {
    pub(super) fn open(
        target: Target,
        settings: Settings,
        level: Level,
        window: Window,
        waker: Waker,
        observer: Option<Box<dyn Observer>>,
        now: Instant,
    ) -> Self {
        let mut connection = Connection::open(target, settings, waker, now);
        connection.set_observer(observer);
        Lane {
            connection,
            level,
            window,
            flights: VecDeque::new(),
            emit: Emit::Idle,
            needs_reset: false,
            begun: 0,
            next_number: 0,
            quitting: false,
            refilling: true,
            fruitful: false,
            over: false,
            ended_by: None,
            opened: false,
        }
    }

    /// Connected to nothing yet, or without a mail of its own: another would only stand beside it.
    pub(super) fn is_young(&self) -> bool {
        !self.opened
    }

    pub(super) fn bytes_sent(&self) -> u64 {
        self.connection.sent()
    }

    pub(super) fn waits<'a>(&'a self, list: &mut Vec<(Source<'a>, Interest)>) {
        self.connection.waits(list);
    }

    pub(super) fn woken(&mut self) {
        self.connection.woken();
    }

    /// What can be done now, as far as one turn goes.
    pub(super) fn work(&mut self, queue: &mut Queue<'_>, cancel: &Cancel, now: Instant) -> Work {
        for _ in 0..STEPS_A_TURN {
            if self.over {
                return Work::Over;
            }
            // A callback may have cancelled: nothing more is begun.
            if cancel.is_cancelled() {
                return Work::More;
            }
            if let Err(error) = self.emit(queue, now) {
                self.lost(&error, queue);
                return Work::Over;
            }
            match self.advance(queue, now) {
                Ok(Step::Happened(Happening::Opened)) => self.opened = true,
                Ok(Step::Happened(Happening::Answer(answer))) => self.take(&answer, queue),
                Ok(Step::Happened(Happening::Line { .. })) => {}
                // The emitter gives more at the next turn, or ends the message.
                Ok(Step::NeedBody) if self.has_more_body() => {}
                Ok(Step::NeedBody) => return Work::Waits(None),
                Ok(Step::Wait(until)) => return Work::Waits(until),
                Err(error) => self.lost(&error, queue),
            }
        }
        Work::More
    }

    fn has_more_body(&self) -> bool {
        matches!(self.emit, Emit::Body { .. })
    }

    /// Advances the connection with the bytes of the mail that is being emitted.
    fn advance(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<Step, Error> {
        let Emit::Body { chunk_left, .. } = &mut self.emit else {
            return self.connection.advance(now, &mut &[][..]);
        };
        let Some(flight) = self.flights.back() else {
            return self.connection.advance(now, &mut &[][..]);
        };
        let body = &mut queue.mail_mut(flight.mail).body;
        let (bytes, _) = body.fill().map_err(|why| source_failed(&why))?;
        let given = chunk_left.map_or(bytes.len(), |left| left.min(bytes.len()));
        let mut slice = &bytes[..given];
        let step = self.connection.advance(now, &mut slice);
        let taken = given - slice.len();
        if let Some(left) = chunk_left {
            *left -= taken;
        }
        body.consume(taken);
        step
    }

    fn take(&mut self, answer: &Answer, queue: &mut Queue<'_>) {
        if answer.tag == NO_MAIL {
            if answer.expect.phase() == Phase::Quit {
                self.connection.close();
                self.over = true;
            }
        } else if let Some(first) = self.flights.front() {
            let at = Flight::number_of(answer.tag).wrapping_sub(first.number) as usize;
            // A 421 before the message's end closes the connection, not the mail: it is begun again elsewhere.
            let closing = answer.reply.code() == 421 && !answer.expect.ends_message();
            if let Some(flight) = self.flights.get_mut(at)
                && !closing
            {
                flight.take(answer, queue);
                self.fruitful |= flight.decided;
            }
        }
        if self.connection.farewell().is_some() && !self.over {
            let error = Error::refused(answer.expect.phase(), answer.reply.clone());
            self.closed_by_server(&error, queue);
            return;
        }
        self.clear();
    }

    /// Takes flights off the front that are over, and remembers whether their transaction must be cleared.
    fn clear(&mut self) {
        while let Some(front) = self.flights.front() {
            if !front.is_over() {
                break;
            }
            if self.flights.len() == 1 {
                self.needs_reset = front.open;
            }
            self.flights.pop_front();
        }
    }

    /// 421: what the server had not decided was not taken. It goes on over another connection where its body can be
    /// read again.
    fn closed_by_server(&mut self, error: &Error, queue: &mut Queue<'_>) {
        self.connection.abort();
        while let Some(mut flight) = self.flights.pop_back() {
            if flight.decided || queue.undecided(flight.mail).is_empty() {
                continue;
            }
            if !queue.requeue(flight.mail) {
                flight.fail(&super::Outcome::failed(error), queue);
            }
        }
        self.ended_by = Some(error.clone());
        self.over = true;
    }

    /// The connection failed.
    pub(super) fn lost(&mut self, error: &Error, queue: &mut Queue<'_>) {
        if error.code() == 421 && error.cause == Cause::Refused {
            return self.closed_by_server(error, queue);
        }
        if self.quitting && self.flights.is_empty() {
            // Nothing was lost but the answer to QUIT; many servers do not give one.
            self.connection.abort();
            self.over = true;
            return;
        }
        let whole: Vec<u32> = self
            .connection
            .sent_whole()
            .filter(|(expect, tag)| expect.ends_message() && *tag != NO_MAIL)
            .map(|(_, tag)| Flight::number_of(tag))
            .collect();
        self.connection.abort();
        let mut oldest = true;
        for mut flight in std::mem::take(&mut self.flights) {
            let is_whole = whole.contains(&flight.number);
            flight.lost(error, is_whole, oldest, queue);
            oldest = false;
        }
        // A message that could not be read is that mail's trouble: the next goes on over another connection.
        self.ended_by = Some(error.clone()).filter(|e| e.cause != Cause::Source);
        self.over = true;
    }

    /// True when the lane can be dropped; tells the queue what became of it.
    pub(super) fn retire(&mut self, queue: &mut Queue<'_>) -> bool {
        if !self.over {
            return false;
        }
        let error = self.ended_by.take();
        if let Some(error) = error.as_ref().filter(|e| e.code() != 421) {
            // A lost connection is not silently replaced: what it had not begun is reported as not sent.
            let text = format!("not sent, the connection failed before: {error}");
            let rest = if self.opened { Error::new(error.phase, Cause::Unsent, text) } else { error.clone() };
            queue.give_up(rest);
        }
        queue.connection_over(self.fruitful, error, self.connection.sent());
        true
    }

    pub(super) fn is_opened(&self) -> bool {
        self.opened
    }
}

pub(super) fn source_failed(why: &std::io::Error) -> Error {
    Error::new(Phase::Data, Cause::Source, format!("the message could not be read: {why}"))
}
