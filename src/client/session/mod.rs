//! A connection whose calls wait: for faces where each call returns one verdict. `steps` has what leads it by the hand, a
//! command, a reply, a line at a time.

mod envelope;
mod steps;

use crate::client::connection::{Connection, Event, Step};
use crate::client::settings::{LEAVE_PATIENCE, QUIT_PATIENCE, Settings};
use crate::error::{Cause, Error, Phase, Result};
use crate::net::connect::Target;
use crate::net::turn;
use crate::net::wait::{Cancel, Waited, Waker, Yield, wait_many};
use crate::proto::client::Answer;
use crate::proto::command::{Command, Verb};
use crate::proto::reply::Reply;
use std::time::Instant;

pub use steps::ReplyLine;

/// What a caller does with each line of a listing; false cancels the operation.
pub type OnLine<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// A blocking session over one [`Connection`].
pub struct Session {
    connection: Connection,
    cancel: Cancel,
    /// A reply of which some lines have been handed out.
    begun: Option<steps::BegunReply>,
}

impl Session {
    /// Makes the connection and returns when commands may be given.
    ///
    /// `cancel` ends any wait of this session, from any thread; `yielding` is called while it waits.
    pub fn open(target: Target, settings: Settings, cancel: Cancel, yielding: &mut dyn Yield) -> Result<Session> {
        let mut session = Session::begin(target, settings, cancel)?;
        session.finish_opening(yielding)?;
        Ok(session)
    }

    /// Makes the connection without waiting for it: [`Session::finish_opening`] does, or a driver of many.
    pub fn begin(target: Target, settings: Settings, cancel: Cancel) -> Result<Session> {
        let waker = own_waker(&cancel)?;
        let connection = Connection::open(target, settings, waker, Instant::now());
        Ok(Session { connection, cancel, begun: None })
    }

    /// The same, but `waker` is rung instead of this session's own, for a driver that waits for many. Once it is open,
    /// [`Session::wake_by_own_waker`] makes it one that waits for itself.
    pub(crate) fn begin_woken_by(target: Target, settings: Settings, cancel: Cancel, waker: Waker) -> Session {
        Session { connection: Connection::open(target, settings, waker, Instant::now()), cancel, begun: None }
    }

    pub(crate) fn wake_by_own_waker(&mut self) -> Result<()> {
        let waker = own_waker(&self.cancel)?;
        self.connection.set_waker(waker);
        Ok(())
    }

    /// Whether the program has cancelled what this session does.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Resets the connection because the program wants it; the error that says so.
    pub(crate) fn cancelled(&mut self) -> Error {
        self.aborted(self.phase())
    }

    /// Waits until the session is open. The error holds the server's reply where there was one.
    pub fn finish_opening(&mut self, yielding: &mut dyn Yield) -> Result<()> {
        loop {
            if let Event::Opened = self.drive(&mut &[][..], yielding)? {
                return Ok(());
            }
        }
    }

    /// The connection, for what needs no waiting.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection, for settings and the observer.
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The last reply of the server.
    pub fn last_reply(&self) -> Option<&Reply> {
        self.connection.last_reply()
    }

    /// Sends one command and returns its reply; a refusal is an error with the reply in it.
    pub fn command(&mut self, command: &Command<'_>, yielding: &mut dyn Yield) -> Result<Reply> {
        self.listing(command, yielding, &mut |_| true)
    }

    /// The same, and `on_line` sees the lines of a positive EXPN or HELP reply as they come.
    pub fn listing(&mut self, command: &Command<'_>, yielding: &mut dyn Yield, on_line: OnLine<'_>) -> Result<Reply> {
        let verb = command.verb();
        self.connection.push(command, 0, Instant::now())?;
        let answer = self.answer(yielding, on_line)?;
        if !answer.is_positive() {
            return Err(Error { phase: verb.phase(), ..answer.error() });
        }
        if matches!(verb, Verb::Expn | Verb::Help) {
            let last = answer.reply.lines().last().unwrap_or_default().to_vec();
            if !on_line(&last) {
                return Err(self.aborted(verb.phase()));
            }
        }
        Ok(answer.reply)
    }

    /// Sends one command and returns its reply, whatever its code.
    pub fn ask(&mut self, command: &Command<'_>, yielding: &mut dyn Yield) -> Result<Reply> {
        self.connection.push(command, 0, Instant::now())?;
        self.answer(yielding, &mut |_| true).map(|answer| answer.reply)
    }

    /// Sends DATA and waits for the 354.
    pub fn begin_data(&mut self, yielding: &mut dyn Yield) -> Result<Reply> {
        let reply = self.command(&Command::Data, yielding)?;
        self.connection.begin_body(false, false);
        Ok(reply)
    }

    /// Sends a piece of the message. Dots and line ends are mended, at every split. Some of it may still be on its way
    /// when this returns.
    pub fn body(&mut self, mut piece: &[u8], yielding: &mut dyn Yield) -> Result<()> {
        while !piece.is_empty() {
            if let Some(Event::Reply(answer)) = self.step(&mut piece, yielding)? {
                self.connection.abort();
                return Err(Error { phase: Phase::Data, ..answer.error() });
            }
        }
        Ok(())
    }

    /// Ends the message and waits for the verdict; by LMTP the verdicts, one an accepted recipient. An error when there is
    /// no yes among them, or not all of them came.
    pub fn end_data(&mut self, yielding: &mut dyn Yield) -> Result<Vec<Reply>> {
        let verdicts = self.end_data_each(yielding)?;
        let refused_all = verdicts.iter().all(Result::is_err);
        let reply = |verdict: Result<Reply>| match verdict {
            Err(error) if refused_all || error.decided_by().is_none() => Err(error),
            Err(error) => error.reply.map(|reply| *reply).ok_or_else(|| self.aborted(Phase::Message)),
            Ok(reply) => Ok(reply),
        };
        verdicts.into_iter().map(reply).collect()
    }

    /// The same, whatever the verdicts are: there is at least one. Where the connection was lost between two of them
    /// (LMTP), the last one is that error, and stands for every recipient who is left (RFC 2033 section 4.2).
    pub fn end_data_each(&mut self, yielding: &mut dyn Yield) -> Result<Vec<Result<Reply>>> {
        self.connection.push_end_of_data(0, Instant::now())?;
        self.verdicts(yielding)
    }

    /// Sends a chunk of the message as it is (BDAT, RFC 3030) and waits for the verdict on it; by LMTP there is one an
    /// accepted recipient after the `last`. A chunk that the server turns down before it has all of it is an error that
    /// ends the connection.
    pub fn chunk(&mut self, mut piece: &[u8], last: bool, yielding: &mut dyn Yield) -> Result<Vec<Result<Reply>>> {
        let length = piece.len() as u64;
        self.connection.push(&Command::Bdat { length, last }, 0, Instant::now())?;
        self.connection.begin_body(true, true);
        while !piece.is_empty() {
            if let Some(Event::Reply(answer)) = self.step(&mut piece, yielding)? {
                self.connection.abort();
                return Err(answer.error());
            }
        }
        self.verdicts(yielding)
    }

    fn verdicts(&mut self, yielding: &mut dyn Yield) -> Result<Vec<Result<Reply>>> {
        let mut verdicts = Vec::new();
        loop {
            let answer = match self.answer(yielding, &mut |_| true) {
                Ok(answer) => answer,
                Err(error) if verdicts.is_empty() => return Err(error),
                Err(error) => {
                    verdicts.push(Err(error));
                    return Ok(verdicts);
                }
            };
            if !answer.is_positive() && answer.end > self.connection.sent() {
                // The rest of a chunk that was turned down may never be taken.
                self.connection.abort();
                return Err(answer.error());
            }
            let more = answer.more;
            verdicts.push(if answer.is_positive() { Ok(answer.reply) } else { Err(answer.error()) });
            if !more {
                return Ok(verdicts);
            }
        }
    }

    /// After a TURN that the server took: says that nothing is served here, and QUIT in case the server has not turned
    /// after all; then closed. Waits a few seconds at most.
    ///
    /// A server that has turned waits for a greeting: 502 instead of 220 makes it give up. One that has not takes that
    /// for an unknown command.
    pub fn decline_turn(&mut self, yielding: &mut dyn Yield) {
        let connection = &mut self.connection;
        let timeouts = &mut connection.settings_mut().timeouts;
        timeouts.reply = timeouts.reply.min(QUIT_PATIENCE);
        let declined =
            connection.push(&Command::Raw("502 5.5.1 No mail is taken on this connection"), 0, Instant::now());
        if declined.and_then(|()| self.connection.push(&Command::Quit, 0, Instant::now())).is_ok() {
            while self.connection.in_flight() > 0 && self.answer(yielding, &mut |_| true).is_ok() {}
        }
        self.connection.close();
    }

    /// QUIT, then closed, whatever the answer. Waits a few seconds at most.
    pub fn quit(mut self, yielding: &mut dyn Yield) {
        if self.connection.is_ready() && !self.connection.is_body_open() {
            let _ = self.command(&Command::Quit, yielding);
        }
        self.connection.close();
    }

    /// The end of a session on which something has failed: QUIT where a command can still be said (RFC 5321 section
    /// 4.1.1.10), a reset in the middle of a message or of an answer.
    pub fn leave(mut self, yielding: &mut dyn Yield) {
        let timeouts = &mut self.connection.settings_mut().timeouts;
        timeouts.reply = timeouts.reply.min(LEAVE_PATIENCE);
        let connection = &self.connection;
        let idle = connection.in_flight() == 0 && !connection.is_body_open() && connection.farewell().is_none();
        match idle && connection.is_ready() && !self.cancel.is_cancelled() {
            true => self.quit(yielding),
            false => self.abort(),
        }
    }

    /// Says QUIT and closes without waiting for the answer.
    pub(crate) fn farewell(mut self) {
        let ready = self.connection.is_ready() && !self.connection.is_body_open();
        let now = Instant::now();
        if ready && self.connection.push(&Command::Quit, 0, now).is_ok() {
            // What does not go out at once is not worth a wait.
            let _ = self.connection.advance(now, &mut &[][..]);
        }
        self.connection.close();
    }

    /// Resets the connection: no final dot, no QUIT.
    pub fn abort(mut self) {
        self.connection.abort();
    }

    fn answer(&mut self, yielding: &mut dyn Yield, on_line: OnLine<'_>) -> Result<Answer> {
        loop {
            match self.drive(&mut &[][..], yielding)? {
                Event::Reply(answer) => return Ok(answer),
                Event::Line { .. } => {
                    let line = self.connection.line().to_vec();
                    if !on_line(&line) {
                        return Err(self.aborted(Phase::Command));
                    }
                }
                Event::Secured | Event::Authenticated | Event::Opened => {}
            }
        }
    }

    /// Drives until something happened.
    fn drive(&mut self, body: &mut &[u8], yielding: &mut dyn Yield) -> Result<Event> {
        loop {
            if let Some(event) = self.step(body, yielding)? {
                return Ok(event);
            }
        }
    }

    /// One step, with its wait; `None` when nothing happened yet or more body is wanted.
    fn step(&mut self, body: &mut &[u8], yielding: &mut dyn Yield) -> Result<Option<Event>> {
        // A message that streams without ever blocking never waits: the program's yield has its turn here as well.
        if yielding.interval().is_some_and(|left| left.is_zero()) {
            yielding.run();
        }
        turn::take_or(&self.cancel);
        if self.cancel.is_cancelled() {
            return Err(self.aborted(self.phase()));
        }
        let until = match self.connection.advance(Instant::now(), body)? {
            Step::Event(event) => return Ok(Some(event)),
            Step::NeedBody => return Ok(None),
            Step::Wait(until) => until,
        };
        let mut sources = Vec::with_capacity(2);
        self.connection.waits(&mut sources);
        let waited = wait_many(&sources, until, &self.cancel, yielding, &mut Vec::new());
        drop(sources);
        if let Waited::Cancelled = waited {
            return Err(self.aborted(self.phase()));
        }
        self.connection.woken();
        Ok(None)
    }

    fn phase(&self) -> Phase {
        self.connection.phase()
    }

    fn aborted(&mut self, phase: Phase) -> Error {
        self.connection.abort();
        let more = if self.cancel.is_of_the_parent() { "" } else { "; the connection has been reset" };
        Error::new(phase, Cause::Cancelled, format!("{}{more}", self.cancel.words()))
    }
}

/// What wakes the waits that this cancel ends.
pub(super) fn own_waker(cancel: &Cancel) -> Result<Waker> {
    cancel
        .waker()
        .map_err(|why| Error::new(Phase::Connect, Cause::NoSocket, format!("no descriptor to wait with: {why}")))
}
