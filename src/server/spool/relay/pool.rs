//! Connections to the next server, used for one mail after the other.

use super::super::{Refusal, Result};
use super::{Options, answers};
use crate::client::Session;
use crate::error;
use crate::net::wait::Cancel;
use crate::proto::command::Command;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Instant;

pub(super) struct Pool {
    pub options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those used last come last.
    idle: Vec<Idle>,
    /// Connections that mails use.
    used: usize,
}

struct Idle {
    session: Session,
    since: Instant,
    /// A mail was begun and given up: RSET comes first.
    unfinished: bool,
}

impl Pool {
    pub fn new(options: Options) -> Pool {
        Pool { options, state: Mutex::default() }
    }

    /// A connection for a mail: one that was kept, or a new one.
    pub fn line(self: &Arc<Self>) -> Result<Line> {
        let mut state = self.state.lock();
        if state.used >= self.options.connections_max {
            let busy = Refusal::new(451, (3, 2), "Too many mails are on their way; try again later");
            return Err(busy.because(format!("{} connections to the next server", state.used)));
        }
        state.used += 1;
        let stale = state.idle.iter().take_while(|idle| idle.since.elapsed() >= self.options.idle_time).count();
        let stale: Vec<Idle> = state.idle.drain(..stale).collect();
        let kept = state.idle.pop();
        drop(state);
        // From here on dropping the line gives its place back.
        let mut line = Line { pool: Arc::clone(self), session: None, reused: false, unfinished: false };
        stale.into_iter().for_each(|idle| idle.session.quit(&mut ()));
        match kept {
            Some(idle) => {
                line.unfinished = idle.unfinished;
                line.session = Some(idle.session);
                line.reused = true;
            }
            None => line.renew().map_err(|error| answers::refusal(&error))?,
        }
        Ok(line)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.state.get_mut().idle.drain(..).for_each(|idle| idle.session.quit(&mut ()));
    }
}

/// A connection that one mail uses. Dropped, it is kept for another mail, unless it is dead or in the middle of a
/// message.
pub(super) struct Line {
    pool: Arc<Pool>,
    session: Option<Session>,
    /// It was kept: that it is lost may be old news, which says nothing of the server.
    reused: bool,
    /// A mail has begun and not ended.
    unfinished: bool,
}

impl Line {
    /// Begins a mail: `mail` sends the command. A kept connection that turns out to be lost is replaced by a new one.
    pub fn begin(&mut self, mail: impl Fn(&mut Session) -> error::Result<()>) -> Result<()> {
        loop {
            let unfinished = self.unfinished;
            self.unfinished = true;
            let begun = self.session().and_then(|session| {
                if unfinished {
                    session.command(&Command::Rset, &mut ())?;
                }
                mail(session)
            });
            match begun {
                Ok(()) => return Ok(()),
                Err(error) if self.reused && self.is_lost(&error) => {
                    self.renew().map_err(|error| answers::refusal(&error))?;
                }
                Err(error) => return Err(answers::refusal(&error)),
            }
        }
    }

    /// Does something with the session.
    pub fn run<T>(&mut self, step: impl FnOnce(&mut Session) -> error::Result<T>) -> Result<T> {
        self.session().and_then(step).map_err(|error| answers::refusal(&error))
    }

    /// The mail has its verdict: the connection is ready for the next.
    pub fn ended(&mut self) {
        self.unfinished = false;
    }

    fn session(&mut self) -> error::Result<&mut Session> {
        let lost = || error::Error::new(error::Phase::Command, error::Cause::BrokenOff, "the connection was lost");
        self.session.as_mut().ok_or_else(lost)
    }

    fn is_lost(&self, error: &error::Error) -> bool {
        error.code() == 421 || self.session.as_ref().is_none_or(|session| !session.connection().is_ready())
    }

    fn renew(&mut self) -> error::Result<()> {
        (self.session, self.reused, self.unfinished) = (None, false, false);
        let options = &self.pool.options;
        let target = (options.next_hop)();
        self.session = Some(Session::open(target, options.settings.clone(), Cancel::new(), &mut ())?);
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let usable = |session: &Session| {
            let connection = session.connection();
            connection.is_ready() && !connection.is_body_open() && connection.farewell().is_none()
        };
        let session = self.session.take();
        let mut state = self.pool.state.lock();
        state.used -= 1;
        match session {
            // What was sent of a message must never look like the whole of it.
            Some(session) if !usable(&session) => session.abort(),
            Some(session) if state.idle.len() < self.pool.options.idle_max => {
                state.idle.push(Idle { session, since: Instant::now(), unfinished: self.unfinished });
            }
            Some(session) => {
                drop(state);
                session.quit(&mut ());
            }
            None => {}
        }
    }
}
