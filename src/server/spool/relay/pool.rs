//! Connections to the next server, used for one mail after the other.
//!
//! There are so many of them, and a client that has begun a mail may take its time. So a mail has its connection while
//! something is done for it, and [parks](Pool::park) it here between two calls. Who finds none free takes one that is
//! parked, from the mail that has not moved for the longest time: an envelope is said again over another connection when
//! it goes on, which its client does not notice; a message that has begun cannot be, and is given up when it has not moved
//! for [`Options::hold`]. One client has no more than half of the connections.

use super::super::{Envelope, Peer, Refusal, Result};
use super::Options;
use super::line::Line;
use crate::client::Session;
use crate::net::lock::{Condvar, Mutex};
use crate::net::wait::Cancel;
use crate::server::clients::{Clients, Group, is_this_machine};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// An envelope keeps its connection at least so long from one step to the next.
const STEP: Duration = Duration::from_secs(1);
/// So many mails wait for each of the connections: they hold workers meanwhile.
const WAITING: usize = 4;
/// A mail waits so long for a connection.
const WAIT: Duration = Duration::from_secs(15);

pub(super) struct Pool {
    pub options: Options,
    state: Mutex<State>,
    /// A connection was given back, or parked, or it is over.
    freed: Condvar,
    clients: Arc<Clients<AtomicUsize>>,
}

/// A connection between two calls for its mail.
struct Parked {
    line: Line,
    /// Since when, and since when the mail has it.
    since: Instant,
    taken: Instant,
    /// The message has begun.
    in_message: bool,
}

impl Parked {
    /// When somebody else may have it.
    fn due(&self, hold: Duration) -> Instant {
        match self.in_message {
            true => self.since + hold,
            false => (self.since + STEP).min((self.taken + hold).max(self.since)),
        }
    }
}

#[derive(Default)]
struct State {
    /// Those used last come last.
    idle: Vec<Idle>,
    /// Of the thread that closes them when their time is over, while there is one: dropped, it ends at once.
    watch: Option<Sender<()>>,
    /// Connections that mails use, and what breaks off their waits.
    used: HashMap<u64, Cancel>,
    /// Those of them whose mail waits for its client.
    parked: HashMap<u64, Parked>,
    /// Mails that wait for a connection.
    waiting: usize,
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

/// A connection that no mail uses.
pub(super) struct Idle {
    pub session: Session,
    /// Ends its waits.
    pub cancel: Cancel,
    pub since: Instant,
    /// A mail was begun and given up: RSET comes first.
    pub unfinished: bool,
}

/// What becomes of a mail that asks for a connection.
enum Turn {
    /// A place, with a connection that was kept, if there is one, and those whose time is over.
    Place(u64, Option<Box<Idle>>, Vec<Idle>),
    /// One that another mail had.
    Taken(Box<Parked>),
    /// Nothing before this time.
    Wait(Instant),
}

impl Pool {
    pub fn new(options: Options) -> Pool {
        Pool { options, state: Mutex::default(), freed: Condvar::new(), clients: Clients::new() }
    }

    /// A connection for a mail: one that was kept, one that a mail does not use now, or a new one. Waits for one.
    pub fn line(self: &Arc<Self>, mail: &Envelope) -> Result<Line> {
        let until = Instant::now() + WAIT;
        let client = if let Peer::Internet(address) = mail.peer { Some(address.ip()) } else { None };
        let client = client.filter(|client| !is_this_machine(*client));
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return Err(Refusal::new(451, (3, 2), "This server is going down; try again later"));
            }
            let now = Instant::now();
            match self.turn(&mut state, client, now) {
                Turn::Place(number, kept, stale) => {
                    drop(state);
                    stale.into_iter().for_each(|idle| idle.session.farewell());
                    return Line::new(self, number, client, kept.map(|idle| *idle));
                }
                Turn::Taken(parked) => {
                    drop(state);
                    return parked.line.for_another(client);
                }
                Turn::Wait(next) => {
                    if now >= until || state.waiting >= WAITING * self.options.connections_max {
                        return Err(self.busy(state.used.len(), self.is_over(client)));
                    }
                    state.waiting += 1;
                    let _ = self.freed.wait_until(&mut state, next.min(until));
                    state.waiting -= 1;
                }
            }
        }
    }

    fn turn(&self, state: &mut State, client: Option<IpAddr>, now: Instant) -> Turn {
        let over = self.is_over(client);
        if !over && state.used.len() < self.options.connections_max {
            let stale = state.stale(self.options.idle_time);
            let kept = state.idle.pop().map(Box::new);
            let cancel = kept.as_ref().map_or_else(Cancel::new, |idle| idle.cancel.clone());
            let number = state.next;
            state.next += 1;
            state.used.insert(number, cancel);
            return Turn::Place(number, kept, stale);
        }
        // Who has his share already can only have one of his own.
        let own = client.and_then(|client| Group::of(client).next());
        let group = |parked: &Parked| parked.line.client().and_then(|client| Group::of(client).next());
        let may = state.parked.iter().filter(|(_, parked)| !over || group(parked) == own);
        let first = may.map(|(number, parked)| (parked.due(self.options.hold), parked.since, *number)).min();
        match first {
            Some((due, _, number)) if due <= now => match state.parked.remove(&number) {
                Some(parked) => Turn::Taken(Box::new(parked)),
                None => Turn::Wait(now),
            },
            Some((due, ..)) => Turn::Wait(due),
            None => Turn::Wait(now + WAIT),
        }
    }

    /// Whether this client has its share of the connections.
    fn is_over(&self, client: Option<IpAddr>) -> bool {
        let share = self.options.connections_max.div_ceil(2);
        client.is_some_and(|client| {
            let known = self.clients.of(client);
            known.counters().any(|(used, wider)| {
                used.load(Ordering::Relaxed) >= share.saturating_mul(usize::try_from(wider).unwrap_or(usize::MAX))
            })
        })
    }

    fn busy(&self, used: usize, over: bool) -> Refusal {
        let text = match over {
            true => "Too many mails from your address are on their way; try again later",
            false => "Too many mails are on their way; try again later",
        };
        Refusal::new(451, (3, 2), text).because(format!("{used} connections to the next server"))
    }

    /// Keeps a connection until its mail goes on. Who needs one may take it meanwhile.
    pub fn park(&self, line: Line, in_message: bool) {
        let (number, taken) = (line.number(), line.taken());
        let parked = Parked { line, since: Instant::now(), taken, in_message };
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            return drop(parked);
        }
        state.parked.insert(number, parked);
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.freed.notify_all();
        }
    }

    /// The parked connection of this number, unless another mail has it now.
    pub fn unpark(&self, number: u64) -> Option<Line> {
        self.state.lock().parked.remove(&number).map(|parked| parked.line)
    }

    /// The number of a connection whose mail is another one now.
    pub fn renumber(&self, before: u64) -> u64 {
        let mut state = self.state.lock();
        let number = state.next;
        state.next += 1;
        if let Some(cancel) = state.used.remove(&before) {
            state.used.insert(number, cancel);
        }
        number
    }

    /// What ends the waits of the connection at this place.
    pub fn cancel_of(&self, number: u64) -> Cancel {
        self.state.lock().used.get(&number).cloned().unwrap_or_default()
    }

    /// Who counts the lines of clients.
    pub fn clients(&self) -> &Arc<Clients<AtomicUsize>> {
        &self.clients
    }

    /// A mail has done with a connection: it is kept for another one, if it can be used and there is room.
    pub fn give_back(self: &Arc<Self>, number: u64, idle: Option<Idle>) {
        let mut state = self.state.lock();
        state.used.remove(&number);
        let left = match idle {
            Some(idle) if !state.closed && state.idle.len() < self.options.idle_max => {
                state.idle.push(idle);
                self.watch(&mut state);
                None
            }
            other => other,
        };
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.freed.notify_all();
        }
        if let Some(idle) = left {
            idle.session.farewell();
        }
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
        let parked = core::mem::take(&mut state.parked);
        drop(state);
        self.freed.notify_all();
        drop(parked);
        waits.iter().for_each(Cancel::cancel);
        idle.into_iter().for_each(|idle| idle.session.farewell());
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.state.get_mut().idle.drain(..).for_each(|idle| idle.session.farewell());
    }
}
