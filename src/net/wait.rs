//! The one waiting loop: readiness, deadline, cancellation from any thread, and yielding, without spending time.

use super::fork::{OF_THE_PARENT, Owner};
use super::sys::{Bell, Borrowed};
use super::transport::Source;
use super::turn;
use crate::net::lock::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// No pass waits longer; a longer wait is several passes. Some systems refuse more than 24 days.
const LONGEST_PASS: Duration = Duration::from_secs(3600);

/// How long a pass is when there is nothing to be woken by, since the system has no descriptor left.
const BLIND_PASS: Duration = Duration::from_millis(20);

/// What a transport is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Something arrived, or the connection ended.
    pub readable: bool,
    /// Something can be sent, or the connection broke.
    pub writable: bool,
}

impl Interest {
    /// Wait to read.
    pub const READ: Interest = Interest { readable: true, writable: false };
    /// Wait to write.
    pub const WRITE: Interest = Interest { readable: false, writable: true };
    /// Wait for either.
    pub const BOTH: Interest = Interest { readable: true, writable: true };
    /// Wait for neither: only the waker, the deadline and the cancel count.
    pub const NONE: Interest = Interest { readable: false, writable: false };
}

/// Ends a wait from anywhere. Clones wake the same wait.
///
/// A wake is never lost: one that comes before the wait ends it at once. When two threads wait on one waker, a wake may
/// reach one of them only; a cancel reaches all.
#[derive(Clone, Debug)]
pub struct Waker(Arc<WakerState>);

#[derive(Debug)]
struct WakerState {
    bell: Bell,
    /// Rung and not yet heard: rings in between need no system call.
    rung: AtomicBool,
}

impl Waker {
    /// A new waker; it takes one descriptor of the system.
    pub fn new() -> io::Result<Self> {
        Ok(Waker(Arc::new(WakerState { bell: Bell::new()?, rung: AtomicBool::new(false) })))
    }

    /// Ends the wait that holds this waker, or the next one.
    pub fn wake(&self) {
        if !self.0.rung.swap(true, Ordering::AcqRel) {
            self.0.bell.ring();
        }
    }

    /// Whether both wake the same wait.
    pub fn is(&self, other: &Waker) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes back what was rung. The bell first: a ring that comes between the two is either seen by the caller, who
    /// looks at everything after a wait, or rings anew.
    fn silence(&self) {
        self.0.bell.silence();
        self.0.rung.swap(false, Ordering::AcqRel);
    }

    fn source(&self) -> Borrowed<'_> {
        self.0.bell.source()
    }
}

/// Cancels an operation from any thread, before or while it waits. Clones cancel the same operation.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    /// In a child of fork the waits of its parent are over: the descriptors are the parent's, and what they waited for
    /// happens there.
    owner: Owner,
    cancelled: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Cancel {
    /// Not cancelled. Costs no descriptor until it is waited with.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels: the wait that holds it ends, and so does every later one until `reset`.
    pub fn cancel(&self) {
        // Flag before waker, as `waker` makes it before the flag is looked at: one of the two sides sees the other.
        self.0.cancelled.store(true, Ordering::SeqCst);
        let waker = self.0.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst) || self.is_of_the_parent()
    }

    /// Whether it was made before the fork to which this process owes its life.
    pub fn is_of_the_parent(&self) -> bool {
        !self.0.owner.is_here()
    }

    /// Why an operation that it has ended has ended, for people.
    pub fn words(&self) -> String {
        match self.is_of_the_parent() {
            true => format!("the connection {OF_THE_PARENT}"),
            false => "cancelled by the program".to_owned(),
        }
    }

    /// The waker of the waits that hold this, made on first use. It also takes wakes that do not cancel.
    pub fn waker(&self) -> io::Result<Waker> {
        let mut place = self.0.waker.lock();
        if let Some(waker) = place.as_ref() {
            return Ok(waker.clone());
        }
        let waker = Waker::new()?;
        *place = Some(waker.clone());
        Ok(waker)
    }

    /// Ready for the next operation. Its first wait may end as [`Waited::Ready`] without a cause.
    pub fn reset(&self) {
        self.0.cancelled.store(false, Ordering::SeqCst);
    }
}

/// What runs now and then while a wait lasts: a message loop, a caller's function.
pub trait Yield {
    /// How long from now `run` wants to be called, `None` if never: then a wait sleeps as long as it needs.
    fn interval(&self) -> Option<Duration>;
    /// Does what is to be done. It may cancel the operation.
    fn run(&mut self);
}

/// No yielding.
impl Yield for () {
    fn interval(&self) -> Option<Duration> {
        None
    }
    fn run(&mut self) {}
}

/// Runs a function at an interval. It counts over many waits, so an operation that never waits long yields too.
pub struct Every<F: FnMut()> {
    interval: Duration,
    last: Instant,
    function: F,
}

impl<F: FnMut()> Every<F> {
    /// `function` every `interval`, for the first time after one interval from now.
    pub fn new(interval: Duration, function: F) -> Self {
        // Never quite zero: that would be a wait that never sleeps.
        Every { interval: interval.max(Duration::from_millis(1)), last: Instant::now(), function }
    }
}

impl<F: FnMut()> Yield for Every<F> {
    fn interval(&self) -> Option<Duration> {
        Some(self.interval.saturating_sub(self.last.elapsed()))
    }
    fn run(&mut self) {
        (self.function)();
        self.last = Instant::now();
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Something may be ready, or the waker rang: try again.
    Ready,
    /// The time is over.
    Deadline,
    /// It was cancelled.
    Cancelled,
}

/// Waits for one source until it is ready, the time is over, or it is cancelled.
///
/// A ring of `cancel`'s waker that does not cancel ends the wait as [`Waited::Ready`].
pub fn wait(
    source: Source<'_>,
    interest: Interest,
    until: Option<Instant>,
    cancel: &Cancel,
    yielding: &mut dyn Yield,
) -> Waited {
    wait_many(&[(source, interest)], until, cancel, yielding, &mut Vec::new())
}

/// Waits for the first of several sources. `ready` is filled with one entry a source: whether it may be ready.
///
/// After a ring of `cancel`'s waker all [`Source::Notified`] count as ready.
pub fn wait_many(
    sources: &[(Source<'_>, Interest)],
    until: Option<Instant>,
    cancel: &Cancel,
    yielding: &mut dyn Yield,
    ready: &mut Vec<bool>,
) -> Waited {
    let waker = cancel.waker().ok();
    let mut list = PollList::new(sources, waker.as_ref());
    loop {
        ready.clear();
        ready.resize(sources.len(), false);
        if cancel.is_cancelled() {
            return Waited::Cancelled;
        }
        let now = Instant::now();
        let mut pass = LONGEST_PASS;
        if let Some(until) = until {
            pass = pass.min(until.saturating_duration_since(now));
        }
        for interval in [yielding.interval(), turn::due_in()].into_iter().flatten() {
            pass = pass.min(interval);
        }
        if let Some(retry) = list.retry {
            pass = pass.min(retry);
        }
        if waker.is_none() {
            pass = pass.min(BLIND_PASS);
        }

        let mut hit = list.poll(pass, ready);
        if list.woken
            && let Some(waker) = &waker
        {
            waker.silence();
            // Others may wait with the same cancel: it stays rung for them.
            if cancel.is_cancelled() {
                waker.wake();
            }
        }
        if cancel.is_cancelled() {
            return Waited::Cancelled;
        }
        if yielding.interval().is_some_and(|interval| interval.is_zero()) {
            yielding.run();
        }
        turn::take_or(cancel);
        if cancel.is_cancelled() {
            return Waited::Cancelled;
        }
        // What can only be tried again is ready when its time has come; without a waker, whatever is notified is too.
        let waited = now.elapsed();
        for ((source, _), ready) in sources.iter().zip(ready.iter_mut()) {
            *ready |= match source {
                Source::Socket(_) => false,
                Source::Notified => list.woken || waker.is_none(),
                Source::Poll(after) => waited >= *after,
            };
            hit |= *ready;
        }
        if hit {
            return Waited::Ready;
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            return Waited::Deadline;
        }
    }
}

/// The descriptors of one wait, put together once and polled once a pass.
struct PollList<'a> {
    descriptors: Vec<PollFd<'a>>,
    /// Which source a descriptor is; the waker's comes last and has none.
    of: Vec<usize>,
    /// The soonest that something wants to be tried again.
    retry: Option<Duration>,
    /// The waker rang in the last pass.
    woken: bool,
}

impl<'a> PollList<'a> {
    fn new(sources: &[(Source<'a>, Interest)], waker: Option<&'a Waker>) -> Self {
        let mut list = PollList {
            descriptors: Vec::with_capacity(sources.len() + 1),
            of: Vec::with_capacity(sources.len()),
            retry: None,
            woken: false,
        };
        for (index, (source, interest)) in sources.iter().enumerate() {
            match source {
                // A broken socket would end every pass at once, so it is left out when nobody asks about it.
                Source::Socket(_) if *interest == Interest::NONE => {}
                Source::Socket(socket) => {
                    let mut flags = PollFlags::empty();
                    flags.set(PollFlags::IN, interest.readable);
                    flags.set(PollFlags::OUT, interest.writable);
                    list.descriptors.push(PollFd::from_borrowed_fd(*socket, flags));
                    list.of.push(index);
                }
                Source::Notified => {}
                Source::Poll(after) => list.retry = Some(list.retry.map_or(*after, |r| r.min(*after))),
            }
        }
        if let Some(waker) = waker {
            list.descriptors.push(PollFd::from_borrowed_fd(waker.source(), PollFlags::IN));
        }
        list
    }

    /// One pass of at most `pass`; whether anything is ready.
    fn poll(&mut self, pass: Duration, ready: &mut [bool]) -> bool {
        self.woken = false;
        if self.descriptors.is_empty() {
            // Some systems refuse an empty list.
            std::thread::sleep(pass);
            return false;
        }
        let timeout = Timespec { tv_sec: pass.as_secs() as _, tv_nsec: pass.subsec_nanos() as _ };
        match poll(&mut self.descriptors, Some(&timeout)) {
            Ok(0) => false,
            Ok(_) => {
                for (position, descriptor) in self.descriptors.iter().enumerate() {
                    if descriptor.revents().is_empty() {
                        continue;
                    }
                    match self.of.get(position) {
                        Some(&index) => ready[index] = true,
                        None => self.woken = true,
                    }
                }
                true
            }
            Err(rustix::io::Errno::INTR) => false,
            // The system could not look (no memory, a socket that is gone): let the caller find out by trying, but
            // not in a tight loop.
            Err(_) => {
                std::thread::sleep(pass.min(BLIND_PASS));
                ready.fill(true);
                true
            }
        }
    }
}
