//! One connection of a run: what is on its way over it, and what its replies mean.

use super::emit::Emit;
use super::ending::Doubt;
use super::flight::Flight;
use super::queue::{Ended, Queue};
use crate::client::connection::{Connection, Event, Step};
use crate::client::settings::{Level, Settings};
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase};
use crate::net::connect::Target;
use crate::net::transport::Source;
use crate::net::wait::{Cancel, Interest, Waker};
use crate::proto::client::{Answer, Expect, names_pipelining};
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
    /// A mail was delivered over this connection.
    pub(super) fruitful: bool,
    /// The server has refused what was sent ahead.
    pub(super) objected: bool,
    /// It has taken a mail that was sent ahead.
    pub(super) agreed: bool,
    /// Bytes queued before the last mail.
    pub(super) before: u64,
    /// It has refused a message and said nothing since.
    pub(super) doubt: Option<Doubt>,
    pub(super) over: bool,
    pub(super) ended: Option<Ended>,
    /// The connection outlives the list: no QUIT at its end.
    pub(super) keeps_open: bool,
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
        Lane::over(connection, level, window)
    }

    /// Over a connection that is there.
    pub(super) fn over(connection: Connection, level: Level, window: Window) -> Self {
        Lane {
            opened: connection.is_ready(),
            connection,
            keeps_open: false,
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
            objected: false,
            agreed: false,
            before: 0,
            doubt: None,
            over: false,
            ended: None,
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
            if queue.is_stepwise() {
                self.level = Level::None;
            }
            if self.is_stuck(queue, now) {
                self.ended_by_refusal(queue);
                return Work::Over;
            }
            if let Err(error) = self.emit(queue, now) {
                self.lost(&error, queue);
                return Work::Over;
            }
            match self.advance(queue, now) {
                Ok(Step::Event(Event::Opened)) => self.opened = true,
                Ok(Step::Event(Event::Reply(answer))) => self.take(&answer, queue, now),
                Ok(Step::Event(Event::Secured | Event::Authenticated | Event::Line { .. })) => {}
                // The emitter gives more at the next turn, or ends the message.
                Ok(Step::NeedBody) if self.has_more_body() => {}
                Ok(Step::NeedBody) => return Work::Waits(None),
                Ok(Step::Wait(until)) => {
                    return Work::Waits([until, self.doubt_until(now)].into_iter().flatten().min());
                }
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

    fn take(&mut self, answer: &Answer, queue: &mut Queue<'_>, now: Instant) {
        self.doubt = None;
        let mut ends_message = false;
        if answer.tag == NO_MAIL {
            if answer.expect.phase() == Phase::Quit {
                self.connection.close();
                self.over = true;
            }
        } else if let Some(first) = self.flights.front() {
            let at = Flight::number_of(answer.tag).wrapping_sub(first.number) as usize;
            // A 421 before the message's end closes the connection, not the mail: it is begun again elsewhere.
            ends_message = answer.expect.ends_message();
            let closing = answer.reply.code() == 421 && !ends_message;
            if let Some(flight) = self.flights.get_mut(at)
                && !closing
            {
                flight.take(answer, queue);
                self.fruitful |= flight.delivered;
                self.agreed |= flight.behind && flight.open;
                if flight.put_off.is_some() {
                    self.go_stepwise(queue);
                }
            }
        }
        if self.connection.farewell().is_some() && !self.over {
            if names_pipelining(&answer.reply) {
                self.go_stepwise(queue);
            }
            return self.closed_by_server(&answer.error(), !ends_message, queue);
        }
        if !answer.is_positive() && matches!(answer.expect, Expect::Message | Expect::Chunk { .. }) {
            self.doubt = Some(Doubt::new(answer, &self.connection, now));
        }
        if !answer.is_positive() && !(answer.reply.is_transient() || answer.reply.is_permanent()) && !self.over {
            // What the server is waiting for now, nobody knows.
            return self.lost(&answer.error(), queue);
        }
        self.clear(queue);
    }

    /// This server is not sent ahead to any more.
    fn go_stepwise(&mut self, queue: &mut Queue<'_>) {
        self.level = Level::None;
        self.objected = true;
        // What it makes of the commands that it did not like is not known.
        self.needs_reset = true;
        queue.go_stepwise();
    }

    /// Nothing is under way on it, and the next mail could be another's.
    pub(super) fn is_idle(&self) -> bool {
        let idle = matches!(self.emit, Emit::Idle) && self.flights.is_empty() && !self.needs_reset;
        idle && self.connection.is_ready() && self.connection.in_flight() == 0
    }

    pub(super) fn is_opened(&self) -> bool {
        self.opened
    }
}

pub(super) fn source_failed(why: &std::io::Error) -> Error {
    Error::new(Phase::Data, Cause::Source, format!("the message could not be read: {why}"))
}
