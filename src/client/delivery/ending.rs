//! How a lane ends before its list does: what becomes of the mails on their way, and whether others go on.

use super::Outcome;
use super::flight::Flight;
use super::lane::{Lane, NO_MAIL};
use super::queue::{Ended, Queue, not_sent};
use crate::client::connection::Connection;
use crate::error::{Cause, Error};
use crate::proto::client::Answer;
use std::time::{Duration, Instant};

/// The rest of a chunk that was refused goes out for as long as the server takes it (RFC 3030 section 2), but one that
/// has stopped reading is not waited for longer; nor with QUIT.
const STANDSTILL: Duration = Duration::from_secs(1);
/// After a message that was refused the next command is answered within this time, or the server has stopped reading in
/// the middle of it: the system has taken all of it, and nobody there.
const SILENCE: Duration = Duration::from_secs(3);

/// The server has refused a message, and it is not certain that it reads on.
pub(super) struct Doubt {
    refusal: Error,
    /// Where the message ends in the stream of bytes.
    end: u64,
    /// When something last moved, and how much had been sent then.
    since: Instant,
    sent: u64,
}

impl Doubt {
    pub(super) fn new(answer: &Answer, connection: &Connection, now: Instant) -> Doubt {
        Doubt { refusal: answer.error(), end: answer.end, since: now, sent: connection.sent() }
    }
}

impl Lane {
    /// When a server that has refused a message, and says nothing, is taken for one that reads no more.
    pub(super) fn doubt_until(&mut self, now: Instant) -> Option<Instant> {
        // Whoever has whole messages to decide may take his time.
        if self.doubt.is_none() || self.connection.sent_whole().any(|(expect, _)| expect.ends_message()) {
            return None;
        }
        let (sent, quitting) = (self.connection.sent(), self.quitting);
        let doubt = self.doubt.as_mut()?;
        if sent > doubt.sent {
            (doubt.sent, doubt.since) = (sent, now);
        }
        let limit = if doubt.end <= sent && !quitting { SILENCE } else { STANDSTILL };
        doubt.since.checked_add(limit)
    }

    /// The server has refused a message and reads no more; or reads on, and there is nothing else to say to it.
    pub(super) fn is_stuck(&mut self, queue: &Queue<'_>, now: Instant) -> bool {
        let Some(until) = self.doubt_until(now) else { return false };
        let idle = queue.waiting() == 0 && self.flights.iter().all(|flight| flight.failed && flight.put_off.is_none());
        let in_chunk = self.doubt.as_ref().is_some_and(|doubt| doubt.end > self.connection.sent());
        now >= until || (in_chunk && idle)
    }

    /// Nothing but a reset ends what the server has refused and does not take: the rest of the list goes on over another
    /// connection. Nothing of it was sent whole.
    pub(super) fn ended_by_refusal(&mut self, queue: &mut Queue<'_>) {
        let Some(doubt) = self.doubt.take() else { return };
        self.connection.abort();
        self.begin_elsewhere(&doubt.refusal, queue);
        self.ended = Some(Ended::Refused(doubt.refusal));
        self.over = true;
    }

    /// Takes flights off the front that are over, and remembers whether their transaction must be cleared.
    pub(super) fn clear(&mut self, queue: &mut Queue<'_>) {
        while self.flights.front().is_some_and(Flight::is_over) {
            let last = self.flights.len() == 1;
            let Some(flight) = self.flights.pop_front() else { return };
            if last {
                self.needs_reset = flight.open || flight.put_off.is_some();
            }
            put_off(&flight, queue);
        }
    }

    /// 421: what the server had not decided was not taken. It goes on over another connection where its body can be
    /// read again. `at_mail`: it answered a command of the oldest mail, which may be the reason.
    pub(super) fn closed_by_server(&mut self, error: &Error, at_mail: bool, queue: &mut Queue<'_>) {
        self.connection.abort();
        if at_mail && let Some(flight) = self.flights.iter().find(|flight| !flight.decided && !flight.is_over()) {
            queue.count_attempt(flight.mail);
        }
        self.begin_elsewhere(error, queue);
        self.ended = Some(Ended::Closed(error.clone()));
        self.over = true;
    }

    /// Whatever is undecided is begun again over another connection.
    fn begin_elsewhere(&mut self, error: &Error, queue: &mut Queue<'_>) {
        let mut oldest = true;
        for mut flight in std::mem::take(&mut self.flights) {
            if flight.decided || queue.undecided(flight.mail).is_empty() {
                put_off(&flight, queue);
                continue;
            }
            if !queue.requeue(flight.mail) {
                let outcome = match oldest {
                    true => Outcome::failed(error),
                    false => Outcome::failed(&not_sent(error, "the server has ended the connection before")),
                };
                flight.fail(&outcome, queue);
            }
            oldest = false;
        }
    }

    /// The connection failed.
    pub(super) fn lost(&mut self, error: &Error, queue: &mut Queue<'_>) {
        if error.cause == Cause::Refused && error.code() == 421 {
            return self.closed_by_server(error, true, queue);
        }
        if error.cause == Cause::Refused && self.is_opened() {
            return self.refused_in_message(error, queue);
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
        let doubt = self.doubt.take().map(|doubt| doubt.refusal);
        let expected =
            doubt.or_else(|| self.objected.then(|| error.clone())).filter(|_| error.cause != Cause::Cancelled);
        self.connection.abort();
        let mut oldest = true;
        for mut flight in std::mem::take(&mut self.flights) {
            let is_whole = whole.contains(&flight.number) && !flight.failed;
            let undecided = !flight.decided && !queue.undecided(flight.mail).is_empty();
            // It was the refusal that ended the connection: what was not sent whole is with nobody, and can go again.
            if !(expected.is_some() && undecided && !is_whole && queue.requeue(flight.mail)) {
                flight.lost(error, is_whole, oldest, queue);
            }
            oldest = false;
        }
        self.ended = Some(match expected {
            Some(refusal) => Ended::Refused(refusal),
            None if error.cause == Cause::Source => Ended::Unread,
            None => Ended::Lost(error.clone()),
        });
        self.over = true;
    }

    /// The oldest mail was refused while its message was going out, and the connection is no more.
    fn refused_in_message(&mut self, error: &Error, queue: &mut Queue<'_>) {
        self.connection.abort();
        if let Some(flight) = self.flights.front_mut() {
            flight.fail(&Outcome::failed(error), queue);
        }
        self.begin_elsewhere(error, queue);
        self.ended = Some(Ended::Refused(error.clone()));
        self.over = true;
    }

    /// Open, and on with its mails.
    pub(super) fn is_at_work(&self) -> bool {
        self.is_opened() && !self.over
    }

    /// 421 came before it was open.
    pub(super) fn is_crowded_out(&self) -> bool {
        self.over && !self.is_opened() && matches!(self.ended, Some(Ended::Closed(_)))
    }

    /// True when the lane can be dropped; tells the queue what became of it.
    pub(super) fn retire(&mut self, queue: &mut Queue<'_>) -> bool {
        if !self.over {
            return false;
        }
        let ended = self.ended.take().map(|ended| match ended {
            // A lost connection is not silently replaced: what it had not begun is reported as not sent.
            Ended::Lost(error) if self.is_opened() => {
                let text = format!("not sent, the connection failed before: {error}");
                Ended::Lost(Error::new(error.phase, Cause::Unsent, text))
            }
            ended => ended,
        });
        queue.connection_over(self.fruitful, ended.as_ref(), self.connection.sent());
        true
    }
}

/// A mail that is to go again, one step at a time.
fn put_off(flight: &Flight, queue: &mut Queue<'_>) {
    if let Some(refusal) = &flight.put_off
        && !queue.undecided(flight.mail).is_empty()
        && !queue.requeue(flight.mail)
    {
        queue.settle_rest(flight.mail, refusal);
    }
}
