//! A server of the program: what C's handle stands for. Everything here is safe Rust; the exported functions call it.

use super::ask::{Asker, Asks};
use super::codes::HeloAsk;
use super::inside::{Inside, is_inside};
use super::log::{self, Line, Told};
use super::{mails, spool, users};
use crate::capi::HandleTable;
use crate::faces::helo::codes::HeloStatus;
use crate::faces::helo::refusal::Refusal;
use crate::net::fork;
use crate::net::lock::{Condvar, Mutex, MutexGuard};
use crate::net::turn;
use crate::server::log::Queue;
use crate::server::settings::{Handed, Own, Settings, Setup};
use crate::server::spool::Memory;
use crate::server::{CALLS_END, Counts, Ending, Listening, Server};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All servers of the program.
pub(crate) static SERVERS: HandleTable<OwnServer> = HandleTable::with_limit(4096);

/// What a handle stands for.
pub(crate) struct OwnServer {
    pub(crate) handle: u32,
    state: Mutex<State>,
    /// A session on a thread of the program has ended.
    served: Condvar,
    counts: Arc<Counts>,
    /// Made of what is set when it is first needed, and at each start. Locked while it is made, which may take its time, and nothing of the
    /// program is called.
    setup: Mutex<Option<Arc<Setup>>>,
}

/// What the functions read and change. Never locked while a callback runs.
pub(crate) struct State {
    phase: Phase,
    freed: bool,
    /// Sessions on threads of the program.
    serving: Vec<(u64, Ending)>,
    serving_next: u64,
    pub(crate) settings: Settings,
    pub(crate) asks: Asks,
    pub(crate) spool: Option<spool::Functions>,
    pub(crate) users: Option<users::Functions>,
    pub(crate) log: Option<Arc<Queue<Line>>>,
}

enum Phase {
    Idle,
    /// helo_server_start() is at work.
    Starting,
    /// It listens, or it is being stopped: in the process of this number.
    Running(Arc<Server>, u32),
}

impl OwnServer {
    /// A server that nothing is known of.
    pub(crate) fn new(handle: u32) -> OwnServer {
        let state = State {
            phase: Phase::Idle,
            freed: false,
            serving: Vec::new(),
            serving_next: 0,
            settings: Settings::new(),
            asks: [None; HeloAsk::ALL.len()],
            spool: None,
            users: None,
            log: None,
        };
        let (served, counts, setup) = (Condvar::new(), Arc::default(), Mutex::default());
        OwnServer { handle, state: Mutex::new(state), served, counts, setup }
    }

    /// The server of a handle.
    pub(crate) fn of(handle: u32) -> Result<Arc<OwnServer>, Refusal> {
        SERVERS.get(handle as usize).ok_or_else(|| match SERVERS.is_foreign(handle as usize) {
            true => Refusal::new(HeloStatus::HeloBadHandle, format!("this server {}", fork::OF_THE_PARENT)),
            false => bad_handle(),
        })
    }

    /// Changes what is set: not while it runs.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State) -> Result<(), Refusal>) -> Result<(), Refusal> {
        let mut state = self.idle()?;
        change(&mut state)?;
        drop(state);
        *self.setup.lock() = None;
        Ok(())
    }

    fn idle(&self) -> Result<MutexGuard<'_, State>, Refusal> {
        let state = self.state.lock();
        if state.freed {
            return Err(bad_handle());
        }
        if !matches!(state.phase, Phase::Idle) || !state.serving.is_empty() {
            return Err(in_progress("the server is running: helo_server_stop() it first"));
        }
        Ok(state)
    }

    /// What the server is made of, by what is set.
    fn setup(&self) -> Result<Arc<Setup>, Refusal> {
        let mut place = self.setup.lock();
        if let Some(setup) = &*place {
            return Ok(setup.clone());
        }
        let state = self.state.lock();
        let (server, settings) = (self.handle, state.settings.clone());
        let asks = state.asks;
        let mut own = Own { counts: Some(self.counts.clone()), ..Own::default() };
        if let Some(lines) = &state.log {
            own.log = Some(Arc::new(Told { lines: lines.clone() }));
        }
        if let Some(functions) = state.spool {
            own.spool = Some(Arc::new(spool::OwnSpool { server, functions }));
        }
        if let Some(functions) = state.users {
            own.users = Some((Box::new(users::OwnUsers { server, functions }), functions.mechanisms()));
        }
        drop(state);
        if asks.iter().any(Option::is_some) {
            let asker = Asker { server, asks };
            own.decides_recipients = asker.asks_for(HeloAsk::Recipient);
            own.decides_hellos = asker.asks_for(HeloAsk::Hello);
            own.knows_lists = asker.asks_for(HeloAsk::Expand);
            own.decide = Some(Arc::new(asker));
        }
        let setup = Arc::new(settings.setup(own).map_err(Refusal::argument)?);
        *place = Some(setup.clone());
        Ok(setup)
    }

    /// Listens.
    pub(crate) fn start(&self) -> Result<(), Refusal> {
        let mut state = self.idle()?;
        state.phase = Phase::Starting;
        let settings = state.settings.clone();
        drop(state);
        // What the settings name (certificates, users) may be another than last time.
        *self.setup.lock() = None;
        let started = self.setup().and_then(|setup| {
            settings.check_addresses().map_err(Refusal::argument)?;
            let opened = settings.open(&mut Handed::new()).and_then(|opened| setup.serve(opened, setup.limits));
            opened.map_err(|why| Refusal::new(HeloStatus::HeloFailed, why))
        });
        let mut state = self.state.lock();
        match started {
            Ok(server) => {
                state.phase = Phase::Running(Arc::new(server), std::process::id());
                Ok(())
            }
            Err(refusal) => {
                state.phase = Phase::Idle;
                Err(refusal)
            }
        }
    }

    /// Ends it in order, sessions on threads of the program too, and waits for that; from inside one of its functions only
    /// begins it.
    pub(crate) fn stop(&self, within: Duration) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        state.forget_parents();
        if let Phase::Starting = state.phase {
            return Err(in_progress("the server is being started: stop it when helo_server_start() has returned"));
        }
        if let Phase::Running(server, _) = &state.phase {
            server.begin_stop(within);
        }
        for (_, ending) in &state.serving {
            ending.stop(within);
        }
        drop(state);
        if is_inside(self.handle) {
            return Ok(());
        }
        let until = Instant::now().checked_add(within).and_then(|until| until.checked_add(CALLS_END));
        if self.ended(until)? {
            return Ok(());
        }
        let words = "the time is over, but a function of the program has not returned: it is still at work, and what it \
                     uses must stay";
        Err(in_progress(words))
    }

    /// Waits until somebody has stopped it.
    pub(crate) fn wait(&self, within: Option<Duration>) -> Result<(), Refusal> {
        if is_inside(self.handle) {
            return Err(in_progress("this thread is in a function that the server called: it cannot wait for its end"));
        }
        let until = within.map(|within| Instant::now().checked_add(within));
        match self.ended(until.flatten())? {
            true => Ok(()),
            false => Err(in_progress("the server is still running")),
        }
    }

    /// Whether all of it has ended by this time, unless the thread's own function (`net::turn`) wants no more of the wait.
    fn ended(&self, until: Option<Instant>) -> Result<bool, Refusal> {
        loop {
            let turn = turn::due_in().and_then(|left| Instant::now().checked_add(left));
            let next = [until, turn].into_iter().flatten().min();
            if self.ended_by(next) && self.told_by(next) {
                return Ok(true);
            }
            if !turn::take() {
                let words = "the wait was ended by the function of helo_on_wait(); the server is not touched by that";
                return Err(Refusal::new(HeloStatus::HeloCancelled, words));
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
        }
    }

    /// Whether all of it has ended by this time.
    fn ended_by(&self, until: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        state.forget_parents();
        loop {
            if let Phase::Running(server, _) = &state.phase {
                let server = server.clone();
                drop(state);
                if !server.wait(until) {
                    return false;
                }
                state = self.state.lock();
                // Another thread may have been first, and may even have started it again.
                if matches!(&state.phase, Phase::Running(now, _) if Arc::ptr_eq(now, &server)) {
                    state.phase = Phase::Idle;
                }
            }
            if state.serving.is_empty() && !matches!(state.phase, Phase::Running(..)) {
                return true;
            }
            if matches!(state.phase, Phase::Running(..)) {
                continue;
            }
            match until {
                None => self.served.wait(&mut state),
                Some(until) if self.served.wait_until(&mut state, until).timed_out() => {
                    return state.serving.is_empty();
                }
                Some(_) => {}
            }
        }
    }

    /// Whether the log has been told by this time of all that was to tell.
    fn told_by(&self, until: Option<Instant>) -> bool {
        let lines = self.state.lock().log.clone();
        let within = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        lines.is_none_or(|lines| lines.flush(within))
    }

    /// Serves a session by what `serve` does with what it is given, on this thread.
    pub(crate) fn serve<R>(
        &self,
        serve: impl FnOnce(&Arc<Setup>, &Ending) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let mut state = self.state.lock();
        if state.freed {
            return Err(bad_handle());
        }
        let (number, ending) = (state.serving_next, Ending::new());
        state.serving_next += 1;
        state.serving.push((number, ending.clone()));
        drop(state);
        let _registered = Registered { server: self, number };
        // All that is called on this thread from here on, the transport's functions too, is within the session.
        let _inside = Inside::of(self.handle);
        let served = serve(&self.setup()?, &ending);
        self.told_by(Instant::now().checked_add(CALLS_END));
        served
    }

    /// Tells sessions on threads of the program that their transports can go on.
    pub(crate) fn wake(&self) -> Result<(), Refusal> {
        let endings: Vec<Ending> = self.state.lock().serving.iter().map(|(_, ending)| ending.clone()).collect();
        for ending in endings {
            let waker = ending.waker();
            waker
                .map_err(|why| Refusal::new(HeloStatus::HeloNoMemory, format!("no descriptor to wake with: {why}")))?
                .wake();
        }
        Ok(())
    }

    /// Where it listens; nothing when it does not run.
    pub(crate) fn listening(&self) -> Vec<Listening> {
        match &self.state.lock().phase {
            Phase::Running(server, _) => server.listening().to_vec(),
            Phase::Idle | Phase::Starting => Vec::new(),
        }
    }

    /// What has happened.
    pub(crate) fn counts(&self) -> super::log::HeloServerCounts {
        let state = self.state.lock();
        let listening = if let Phase::Running(server, _) = &state.phase { server.connections() } else { 0 };
        let open = listening + state.serving.len();
        drop(state);
        log::shown(&self.counts, open as u64)
    }

    /// The same for monitoring systems.
    pub(crate) fn status(&self) -> String {
        self.counts.text(self.counts().open)
    }

    /// Reads certificates and users again.
    pub(crate) fn reload(&self) {
        if let Phase::Running(server, _) = &self.state.lock().phase {
            server.reload();
        }
    }

    /// The mails that are kept, if mail goes to memory.
    pub(crate) fn memory(&self) -> Option<Memory> {
        self.setup.lock().as_ref().and_then(|setup| setup.memory().cloned())
    }

    /// Waits until so many mails are kept, unless the thread's own function (`net::turn`) wants no more of the wait.
    pub(crate) fn wait_mails(&self, count: usize, within: Option<Duration>) -> Result<(), Refusal> {
        if is_inside(self.handle) {
            return Err(in_progress("this thread is in a function that the server called: it cannot wait for mails"));
        }
        let memory = self.memory().ok_or_else(mails::no_memory)?;
        let until = within.and_then(|within| Instant::now().checked_add(within));
        loop {
            let now = Instant::now();
            let left = until.map(|until| until.saturating_duration_since(now));
            let limit = [left, turn::due_in()].into_iter().flatten().min().unwrap_or(Duration::from_secs(3600));
            if memory.wait_for(count, limit) {
                return Ok(());
            }
            if !turn::take() {
                return Err(Refusal::new(
                    HeloStatus::HeloCancelled,
                    "the wait was ended by the function of helo_on_wait()",
                ));
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(in_progress(&format!("the time is over, and {} mails have come", memory.len())));
            }
        }
    }

    /// Takes the server's handle away, after it has been stopped at once.
    pub(crate) fn free(handle: u32) -> Result<(), Refusal> {
        let server = OwnServer::of(handle)?;
        if is_inside(handle) {
            return Err(in_progress("this thread is in a function that the server called: free it from elsewhere"));
        }
        server.stop(Duration::ZERO)?;
        let lines = {
            let mut state = server.idle()?;
            state.freed = true;
            state.log.take()
        };
        // Nothing more comes, so its thread has nothing to do but to end.
        if let Some(lines) = lines {
            lines.close(CALLS_END);
        }
        SERVERS.remove(handle as usize);
        Ok(())
    }
}

impl State {
    /// In a child made by fork: the threads of a server that runs are the parent's, and waiting for them would have no end.
    /// What it holds is left alone, since dropping it waits too.
    fn forget_parents(&mut self) {
        if matches!(self.phase, Phase::Running(_, process) if process != std::process::id())
            && let Phase::Running(server, _) = std::mem::replace(&mut self.phase, Phase::Idle)
        {
            std::mem::forget(server);
        }
    }
}

/// A session on a thread of the program, for as long as it lives.
struct Registered<'a> {
    server: &'a OwnServer,
    number: u64,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.server.state.lock().serving.retain(|(number, _)| *number != self.number);
        self.server.served.notify_all();
    }
}

fn bad_handle() -> Refusal {
    Refusal::new(HeloStatus::HeloBadHandle, "this is no server, or it has been freed")
}

fn in_progress(words: &str) -> Refusal {
    Refusal::new(HeloStatus::HeloInProgress, words)
}
