//! The one background thread: it opens connections for which no caller waits.
//!
//! The thread is started on demand and drives all openings with one wait over all of them; it ends when there is none
//! left. Traffic is shown to observers on it. What became of an opening is told on a thread of its own that lives as long
//! as the telling, so that one slow listener holds up nobody else.
//!
//! A child of fork has a driver of its own, started at its first opening; openings that were under way stay the parent's.
//! The library stays loaded from the first thread on (`net::thread`): nothing of it is gone under them.

use crate::client::connection::Step;
use crate::client::session::Session;
use crate::client::settings::Settings;
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::connect::Target;
use crate::net::fault::{self, Fault};
use crate::net::fork::Own;
use crate::net::lock::Mutex;
use crate::net::wait::{Cancel, Waited, wait_many};
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// What is told once, when the session is open or will never be.
pub type Done = Box<dyn FnOnce(Result<Session>) + Send>;

static DRIVER: Own<Arc<Driver>> = Own::new();

#[derive(Default)]
struct Driver {
    queue: Mutex<Queue>,
    /// Its waker ends the driver's wait. It is never cancelled.
    bell: Cancel,
}

#[derive(Default)]
struct Queue {
    fresh: Vec<Opening>,
    /// The driver's thread runs.
    runs: bool,
}

/// A connection being opened.
struct Opening {
    session: Session,
    done: Done,
    /// When it wants to be looked at without anything having happened.
    until: Option<Instant>,
    /// Its places in the last wait's list.
    waits: Range<usize>,
    /// Look at it whatever the wait said.
    fresh: bool,
}

/// Opens a session in the background and tells `done`, on another thread, exactly once.
///
/// An error here means that nothing was begun and `done` is not told. After `cancel` is cancelled, call [`wake`].
pub fn open(
    target: Target,
    settings: Settings,
    cancel: Cancel,
    observer: Option<Box<dyn Observer>>,
    done: Done,
) -> Result<()> {
    let failed = |why: io::Error| Error::new(Phase::Connect, Cause::NoMemory, format!("no background thread: {why}"));
    let driver = DRIVER.lock().clone();
    let waker = driver.bell.waker().map_err(failed)?;
    let mut session = Session::begin_woken_by(target, settings, cancel, waker);
    session.connection_mut().set_observer(observer);
    let opening = Opening { session, done, until: None, waits: 0..0, fresh: true };
    let mut queue = driver.queue.lock();
    if !queue.runs {
        start(driver.clone()).map_err(failed)?;
        queue.runs = true;
    }
    queue.fresh.push(opening);
    drop(queue);
    wake();
    Ok(())
}

/// Tells a result that is known already in the same way as [`open`] does.
pub fn tell(done: Done, result: Result<Session>) {
    // The closure is lost when no thread can be had, so it is kept where both sides find it.
    let kept = Arc::new(Mutex::new(Some((done, result))));
    let taken = kept.clone();
    let spawned = spawn("helo-status", move || {
        let told = taken.lock().take();
        if let Some((done, result)) = told {
            done(result);
        }
    });
    if spawned.is_err() {
        let told = kept.lock().take();
        if let Some((done, result)) = told {
            done(result);
        }
    }
}

/// Makes the driver look at all openings: one of them may have been cancelled.
pub fn wake() {
    let driver = DRIVER.lock().clone();
    if let Ok(waker) = driver.bell.waker() {
        waker.wake();
    }
}

fn start(driver: Arc<Driver>) -> io::Result<()> {
    spawn("helo-driver", move || drive(&driver))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    if fault::hit(Fault::Thread) {
        return Err(io::Error::other("a fault made on purpose"));
    }
    crate::net::thread::named(name).spawn(work).map(drop)
}

fn drive(driver: &Driver) {
    let mut openings: Vec<Opening> = Vec::new();
    let mut ready = Vec::new();
    loop {
        let mut queue = driver.queue.lock();
        openings.append(&mut queue.fresh);
        if openings.is_empty() {
            queue.runs = false;
            return;
        }
        drop(queue);

        let now = Instant::now();
        let mut at = 0;
        while let Some(opening) = openings.get_mut(at) {
            match opening.look(now, &ready) {
                None => at += 1,
                Some(result) => {
                    let Opening { session, done, .. } = openings.swap_remove(at);
                    tell(done, result.map(|()| session));
                }
            }
        }

        if openings.is_empty() {
            continue;
        }
        let mut sources = Vec::new();
        let mut until = None;
        for opening in &mut openings {
            let start = sources.len();
            opening.session.connection().waits(&mut sources);
            opening.waits = start..sources.len();
            until = [until, opening.until].into_iter().flatten().min();
        }
        // Woken, timed out or ready: each opening finds out for itself.
        let _: Waited = wait_many(&sources, until, &driver.bell, &mut (), &mut ready);
    }
}

impl Opening {
    /// Goes on with it if there is reason to; the result when it is over.
    fn look(&mut self, now: Instant, ready: &[bool]) -> Option<Result<()>> {
        if self.session.is_cancelled() {
            return Some(Err(self.session.cancelled()));
        }
        let moved = ready.get(self.waits.clone()).is_some_and(|places| places.contains(&true));
        if !moved && !self.fresh && self.until.is_none_or(|until| now < until) {
            return None;
        }
        self.fresh = false;
        // A panic, be it of an observer, ends this opening and not all of them.
        let session = &mut self.session;
        let advanced = catch_unwind(AssertUnwindSafe(|| advance(session, now)));
        let defect = || Error::new(Phase::Connect, Cause::Protocol, "a defect of the library: please report it");
        match advanced.unwrap_or_else(|_| Err(defect())) {
            Ok(Some(until)) => {
                self.until = until;
                // Cancelled by an observer: the bell has rung for it, or will.
                None
            }
            Ok(None) => Some(self.session.wake_by_own_waker()),
            Err(error) => {
                let last = self.session.last_reply().cloned();
                Some(Err(error.with_reply(last)))
            }
        }
    }
}

/// Advances as far as it goes: until when to wait, `None` when the session is open.
fn advance(session: &mut Session, now: Instant) -> Result<Option<Option<Instant>>> {
    let connection = session.connection_mut();
    connection.woken();
    loop {
        match connection.advance(now, &mut &[][..])? {
            Step::Wait(until) => return Ok(Some(until)),
            // `Opened` is the first thing that happens to a connection that nobody has commands for.
            Step::Event(_) | Step::NeedBody => {
                if connection.is_ready() {
                    return Ok(None);
                }
            }
        }
    }
}
