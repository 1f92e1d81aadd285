//! Connections to the next server, used for one mail after the other.

use super::super::{Refusal, Result};
use super::{Options, answers};
use crate::client::Session;
use crate::error;
use crate::net::lock::Mutex;
use crate::net::wait::Cancel;
use crate::proto::command::Command;
use crate::proto::extension::Extensions;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

pub(super) struct Pool {
    pub options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those used last come last.
    idle: Vec<Idle>,
    /// Of the thread that closes them when their time is over, while there is one: dropped, it ends at once.
    watch: Option<Sender<()>>,
    /// Connections that mails use, and what breaks off their waits.
    used: HashMap<u64, Cancel>,
    /// The number of the next.
    next: u64,
    /// Servers that this relay serves.
    servers: usize,
    /// The last of them is over: no mail is taken, and nothing is waited for.
    closed: bool,
}

impl State {
    /// Takes out the connections that were kept for so long.
    fn stale(&mut self, idle_time: Duration) -> Vec<Idle> {
        let count = self.idle.iter().take_while(|idle| idle.since.elapsed() >= idle_time).count();
        self.idle.drain(..count).collect()
    }
}

struct Idle {
    session: Session,
    /// Ends its waits.
    cancel: Cancel,
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
        if state.closed {
            return Err(Refusal::new(451, (3, 2), "This server is going down; try again later"));
        }
        if state.used.len() >= self.options.connections_max {
            let busy = Refusal::new(451, (3, 2), "Too many mails are on their way; try again later");
            return Err(busy.because(format!("{} connections to the next server", state.used.len())));
        }
        let stale = state.stale(self.options.idle_time);
        let kept = state.idle.pop();
        let cancel = kept.as_ref().map_or_else(Cancel::new, |idle| idle.cancel.clone());
        let number = state.next;
        state.next += 1;
        state.used.insert(number, cancel.clone());
        drop(state);
        // From here on dropping the line gives its place back.
        let pool = Arc::clone(self);
        let mut line = Line { pool, number, cancel, session: None, reused: false, unfinished: false };
        stale.into_iter().for_each(|idle| idle.session.farewell());
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

    /// Has a thread close the connections that are kept when their time is over, since the next mail may not come soon.
    fn watch(self: &Arc<Self>, state: &mut State) {
        if state.watch.is_some() {
            return;
        }
        let (watch, ended) = channel::<()>();
        let (pool, mut wait) = (Arc::downgrade(self), self.options.idle_time);
        let thread = crate::net::thread::named("helo-relay").spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(wait) {
                match pool.upgrade().and_then(|pool| pool.close_stale()) {
                    Some(next) => wait = next,
                    None => return,
                }
            }
        });
        // Where there is no thread to be had, the next mail closes them.
        state.watch = thread.ok().map(|_| watch);
    }

    /// Closes the connections whose time is over: when that of the next one is, or none if none is left.
    fn close_stale(&self) -> Option<Duration> {
        let mut state = self.state.lock();
        let stale = state.stale(self.options.idle_time);
        let next = state.idle.first().map(|idle| self.options.idle_time.saturating_sub(idle.since.elapsed()));
        if next.is_none() {
            state.watch = None;
        }
        drop(state);
        stale.into_iter().for_each(|idle| idle.session.farewell());
        next
    }

    /// One more server hands its mail to this relay.
    pub fn opened(&self) {
        let mut state = self.state.lock();
        state.servers += 1;
        state.closed = false;
    }

    /// One of them is over. With the last one, every wait for the next server is.
    pub fn closed(&self) {
        let mut state = self.state.lock();
        state.servers = state.servers.saturating_sub(1);
        if state.servers > 0 {
            return;
        }
        state.closed = true;
        state.watch = None;
        let idle = core::mem::take(&mut state.idle);
        let waits: Vec<Cancel> = state.used.values().cloned().collect();
        drop(state);
        waits.iter().for_each(Cancel::cancel);
        idle.into_iter().for_each(|idle| idle.session.farewell());
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.state.get_mut().idle.drain(..).for_each(|idle| idle.session.farewell());
    }
}

/// A connection that one mail uses. Dropped, it is kept for another mail, unless it is dead or in the middle of a
/// message.
pub(super) struct Line {
    pool: Arc<Pool>,
    /// Which of the used ones it is.
    number: u64,
    /// Ends the session's waits.
    cancel: Cancel,
    session: Option<Session>,
    /// It was kept: that it is lost may be old news, which says nothing of the server.
    reused: bool,
    /// A mail has begun and not ended.
    unfinished: bool,
}

impl Line {
    /// Begins a mail, if the next server can take it: `mail` sends the command. A kept connection that turns out to be
    /// lost is replaced by a new one.
    pub fn begin(
        &mut self,
        can_take: impl Fn(&Extensions) -> Result<()>,
        mail: impl Fn(&mut Session) -> error::Result<()>,
    ) -> Result<()> {
        loop {
            if let Some(session) = &self.session {
                can_take(session.connection().extensions())?;
            }
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

    /// What the next server offers.
    pub fn extensions(&self) -> Option<&Extensions> {
        self.session.as_ref().map(|session| session.connection().extensions())
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
        self.session = Some(Session::open(target, options.settings.clone(), self.cancel.clone(), &mut ())?);
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let cancelled = self.cancel.is_cancelled();
        let usable = |session: &Session| {
            let connection = session.connection();
            !cancelled && connection.is_ready() && !connection.is_body_open() && connection.farewell().is_none()
        };
        let session = self.session.take();
        let mut state = self.pool.state.lock();
        state.used.remove(&self.number);
        match session {
            // What was sent of a message must never look like the whole of it.
            Some(session) if !usable(&session) => session.abort(),
            Some(session) if !state.closed && state.idle.len() < self.pool.options.idle_max => {
                let (cancel, unfinished) = (self.cancel.clone(), self.unfinished);
                state.idle.push(Idle { session, cancel, since: Instant::now(), unfinished });
                self.pool.watch(&mut state);
            }
            Some(session) => {
                drop(state);
                session.farewell();
            }
            None => {}
        }
    }
}
