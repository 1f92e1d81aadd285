//! A server that listens.

use super::address::Place;
use super::counts::Counts;
use super::door::{Access, Open};
use super::event_loop::{Entrance, EventLoop, MAILBOX};
use super::service::Service;
use super::shared::{Limits, Mailbox, Message, Shared};
use super::spool::Spool;
use super::watched::Watcher;
use crate::net::lock::{Condvar, Mutex};
use crate::net::sys::words;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A place to listen at, and what is served there.
#[derive(Clone)]
pub struct Listen {
    /// Where.
    pub place: Place,
    /// TLS from the first byte on, as on port 465.
    pub implicit_tls: bool,
    /// What is served there.
    pub service: Arc<Service>,
}

/// Where a server listens: one for each socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The address with the port that it got, or the path.
    pub place: Place,
    /// TLS from the first byte on.
    pub implicit_tls: bool,
    /// LMTP, not SMTP.
    pub lmtp: bool,
}

impl Listening {
    /// The protocol in a word: `smtp`, `smtps`, `lmtp` or `lmtps`.
    pub fn protocol(&self) -> &'static str {
        match (self.lmtp, self.implicit_tls) {
            (false, false) => "smtp",
            (false, true) => "smtps",
            (true, false) => "lmtp",
            (true, true) => "lmtps",
        }
    }
}

/// A server that listens, on threads of its own. Dropped, it breaks off all sessions.
pub struct Server {
    shared: Arc<Shared>,
    listening: Vec<Listening>,
    counts: Arc<Counts>,
    /// Of certificates and users.
    watcher: Option<Watcher>,
    loops: Arc<Loops>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Of each place, until the loops have ended.
    spools: Mutex<Vec<Arc<dyn Spool>>>,
}

/// How many loops run.
#[derive(Default)]
struct Loops {
    running: Mutex<usize>,
    ended: Condvar,
}

/// Counts a loop for as long as its thread runs, whatever becomes of it.
struct Running(Arc<Loops>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.running.lock() -= 1;
        self.0.ended.notify_all();
    }
}

/// How long functions of the program are waited for when the sessions have ended: what they still do is asked for by
/// nobody.
pub const CALLS_END: Duration = Duration::from_secs(5);

impl Server {
    /// Listens at all these places, or at none: the error says in words at which it cannot.
    pub fn start(listens: &[Listen], limits: Limits) -> Result<Server, String> {
        let mut open = Vec::with_capacity(listens.len());
        check(listens)?;
        for listen in listens {
            open.push((Open::at(&listen.place, &Access::default())?, listen.clone()));
        }
        Server::start_at(open, limits)
    }

    /// Serves at these sockets, which listen already.
    pub fn start_at(open: Vec<(Open, Listen)>, limits: Limits) -> Result<Server, String> {
        let listens: Vec<Listen> = open.iter().map(|(_, listen)| listen.clone()).collect();
        check(&listens)?;
        let first = listens.first().ok_or("a server needs a place to listen at")?;
        let (log, floods) = (first.service.log.clone(), first.service.floods.clone());
        let counts = first.service.counts.clone();
        let mut entrances = Vec::with_capacity(listens.len());
        let mut notices = Vec::new();
        for (Open(opened), listen) in open {
            notices.extend(opened.notice);
            for door in opened.doors {
                let (service, implicit_tls) = (listen.service.clone(), listen.implicit_tls);
                entrances.push(Entrance { door, service, implicit_tls, knocked: true });
            }
        }
        let listening = entrances.iter().map(|entrance| Listening {
            place: entrance.door.place().clone(),
            implicit_tls: entrance.implicit_tls,
            lmtp: entrance.service.dialogue.lmtp,
        });
        let listening = listening.collect();
        let failed = |why: io::Error| format!("the server cannot be started: {}", words(&why));

        let mut polls = Vec::new();
        let mut mailboxes = Vec::new();
        for _ in 0..threads(limits.threads) {
            let poll = mio::Poll::new().map_err(failed)?;
            mailboxes.push(Mailbox::new(mio::Waker::new(poll.registry(), MAILBOX).map_err(failed)?));
            polls.push(poll);
        }
        let limits = Limits { login_threads: login_threads(limits.login_threads, &listens), ..limits };
        let spools: Vec<_> = listens.iter().map(|listen| listen.service.spool.clone()).collect();
        spools.iter().for_each(|spool| spool.opened());
        let watched = first.service.watched.clone();
        let watcher = watched.map(|watched| Watcher::start(watched, log.clone(), counts.clone()).map_err(failed));
        let watcher = watcher.transpose()?;
        let server = Server {
            shared: Arc::new(Shared::new(limits, log, floods, mailboxes)),
            listening,
            counts: counts.clone(),
            watcher,
            loops: Arc::default(),
            threads: Mutex::default(),
            spools: Mutex::new(spools),
        };
        notices.iter().for_each(|notice| server.shared.notice(notice));
        for (number, poll) in polls.into_iter().enumerate() {
            let doors = core::mem::take(&mut entrances);
            let events = EventLoop::new(poll, server.shared.clone(), number, doors).map_err(failed)?;
            let thread = crate::net::thread::named(format!("helo-server-{number}"));
            *server.loops.running.lock() += 1;
            let running = Running(server.loops.clone());
            let spawned = thread.spawn(move || {
                let _running = running;
                events.run();
            });
            server.threads.lock().push(spawned.map_err(failed)?);
        }
        Ok(server)
    }

    /// Where it listens, in the order of [`Server::start`]; [`Place::Everywhere`] is two where the machine has both IPv6
    /// and IPv4.
    pub fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// The same without the protocols.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.listening.iter().map(|listening| &listening.place)
    }

    /// Reads certificates and users again, changed or not; what came of it is told to the log, soon. They are read by
    /// themselves when their files change.
    pub fn reload(&self) {
        if let Some(watcher) = &self.watcher {
            watcher.look_now();
        }
    }

    /// What has happened, as monitoring systems read it: the counts of all its places that count together, which is what
    /// [`settings`](super::settings) makes.
    pub fn status(&self) -> String {
        self.counts.text(self.connections() as u64)
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.open()
    }

    /// Ends it in order: no new connections, each session ends when its mail is answered, and those that are left
    /// `within` this time are broken off. Comes back when all that is done. Nothing that was confirmed is lost.
    ///
    /// False: a function of the program (a decision, a spool, a log) has not come back, [`CALLS_END`] after that time. It
    /// still runs, on a thread that is left behind.
    pub fn stop(self, within: Duration) -> bool {
        self.begin_stop(within);
        self.wait(Some(later(later(Instant::now(), within), CALLS_END)))
    }

    /// Begins [`stop`](Server::stop) and does not wait for its end. Called again, the earlier time counts.
    pub fn begin_stop(&self, within: Duration) {
        let until = later(Instant::now(), within);
        self.shared.end();
        for mailbox in &self.shared.mailboxes {
            mailbox.post(Message::Stop(until));
        }
    }

    /// Waits until the server has ended, because somebody stopped it: whether it has by this time. Any number of threads
    /// may wait, but none of the server's own.
    pub fn wait(&self, until: Option<Instant>) -> bool {
        let mut running = self.loops.running.lock();
        while *running > 0 {
            match until {
                None => self.loops.ended.wait(&mut running),
                Some(until) if self.loops.ended.wait_until(&mut running, until).timed_out() => return *running == 0,
                Some(_) => {}
            }
        }
        drop(running);
        for thread in self.threads.lock().drain(..) {
            let _ = thread.join();
        }
        if let Some(watcher) = &self.watcher {
            watcher.end();
        }
        self.shared.end_log();
        // What workers still wait for serves nobody.
        let spools = core::mem::take(&mut *self.spools.lock());
        spools.iter().for_each(|spool| spool.closed());
        // Both, whatever the first comes to.
        self.shared.pool.close(until) & self.shared.logins.close(until)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.begin_stop(Duration::ZERO);
        self.wait(Some(later(Instant::now(), CALLS_END)));
    }
}

fn check(listens: &[Listen]) -> Result<(), String> {
    match listens.iter().find(|listen| listen.implicit_tls && listen.service.tls.is_none()) {
        Some(listen) => Err(format!("TLS from the first byte at {} needs a certificate and a key", listen.place)),
        None => Ok(()),
    }
}

/// A time that is never too far away to be said.
fn later(time: Instant, after: Duration) -> Instant {
    time.checked_add(after).unwrap_or(time + Duration::from_secs(365 * 24 * 3600))
}

fn threads(wanted: usize) -> usize {
    if wanted == 0 { (processors() / 2).clamp(1, 8) } else { wanted.min(256) }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

/// How many threads for logins, where they wait for somebody as well.
const LOGINS_THAT_WAIT: usize = 32;

/// What only takes the processor's time leaves half of it to others.
fn login_threads(wanted: usize, listens: &[Listen]) -> usize {
    let waits = |listen: &Listen| listen.service.realm.as_ref().is_some_and(|realm| realm.get().authority.blocks());
    match wanted {
        0 if listens.iter().any(waits) => LOGINS_THAT_WAIT,
        0 => (processors() / 2).max(1),
        wanted => wanted.min(256),
    }
}
