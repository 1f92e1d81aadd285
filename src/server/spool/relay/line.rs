//! A connection to the next server that one mail uses.

use super::super::Result;
use super::answers;
use super::pool::{Idle, Pool};
use crate::client::Session;
use crate::error;
use crate::net::wait::Cancel;
use crate::proto::command::Command;
use crate::proto::extension::Extensions;
use crate::server::clients::Known;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A connection that one mail uses. Dropped, it is kept for another mail, unless it is dead or in the middle of a
/// message.
pub(super) struct Line {
    pool: Arc<Pool>,
    /// Which of the used ones it is.
    number: u64,
    /// Since when its mail has it.
    taken: Instant,
    /// Whose mail it is, and the counters of that.
    client: Option<(IpAddr, Known<AtomicUsize>)>,
    /// Ends the session's waits.
    cancel: Cancel,
    session: Option<Session>,
    /// It was kept: that it is lost may be old news, which says nothing of the server.
    reused: bool,
    /// A mail has begun and not ended.
    unfinished: bool,
}

impl Line {
    /// The connection at this place of the pool: the one that was kept, or a new one.
    pub fn new(pool: &Arc<Pool>, number: u64, client: Option<IpAddr>, kept: Option<Idle>) -> Result<Line> {
        let cancel = pool.cancel_of(number);
        let pool = Arc::clone(pool);
        let (taken, unfinished) = (Instant::now(), kept.as_ref().is_some_and(|idle| idle.unfinished));
        // From here on dropping the line gives its place back.
        let mut line =
            Line { pool, number, taken, client: None, cancel, session: None, reused: kept.is_some(), unfinished };
        line.belong_to(client);
        match kept {
            Some(idle) => line.session = Some(idle.session),
            None => line.renew().map_err(|error| answers::refusal(&error))?,
        }
        Ok(line)
    }

    /// The same for another mail: that of before has lost it.
    pub fn for_another(mut self, client: Option<IpAddr>) -> Result<Line> {
        self.number = self.pool.renumber(self.number);
        self.taken = Instant::now();
        self.belong_to(client);
        self.reused = true;
        if !self.session.as_ref().is_some_and(|session| self.is_usable(session)) {
            if let Some(session) = self.session.take() {
                session.abort();
            }
            self.renew().map_err(|error| answers::refusal(&error))?;
        }
        Ok(self)
    }

    fn belong_to(&mut self, client: Option<IpAddr>) {
        self.leave();
        self.client = client.map(|client| (client, self.pool.clients().of(client)));
        for (used, _) in self.client.iter().flat_map(|(_, known)| known.counters()) {
            used.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn leave(&mut self) {
        for (used, _) in self.client.iter().flat_map(|(_, known)| known.counters()) {
            used.fetch_sub(1, Ordering::Relaxed);
        }
        self.client = None;
    }

    /// Which of the used ones it is.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Since when its mail has it.
    pub fn taken(&self) -> Instant {
        self.taken
    }

    /// Whose mail it is; none for those of this machine.
    pub fn client(&self) -> Option<IpAddr> {
        self.client.as_ref().map(|(client, _)| *client)
    }

    /// Another mail can go over the connection, after RSET where one has begun.
    fn is_usable(&self, session: &Session) -> bool {
        let connection = session.connection();
        let open = connection.is_ready() && !connection.is_body_open() && connection.farewell().is_none();
        open && !self.cancel.is_cancelled()
    }

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
        self.leave();
        let kept = match self.session.take() {
            Some(session) if self.is_usable(&session) => {
                let (cancel, unfinished) = (self.cancel.clone(), self.unfinished);
                Some(Idle { session, cancel, since: Instant::now(), unfinished })
            }
            // What was sent of a message must never look like the whole of it.
            Some(session) => {
                session.abort();
                None
            }
            None => None,
        };
        self.pool.give_back(self.number, kept);
    }
}
