//! Waiting for an object: one mechanism for mutexes, semaphores, event flags, queues and both kinds of pools.

use super::clock::Patience;
use super::thread::{self, Verdict};
use crate::net::lock::{Condvar, Mutex};
use std::sync::Arc;

/// An object that several threads share and wait for.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    value: T,
    deleted: bool,
}

/// Why a wait ended without what it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The time passed.
    TimedOut,
    /// The object was deleted.
    Deleted,
    /// `tx_thread_wait_abort` was called for the waiting thread.
    Aborted,
}

/// What a waiting thread can be woken through.
pub(super) trait Wake: Send + Sync {
    /// Makes whoever waits look again.
    fn wake(&self);
}

impl<T> Shared<T> {
    /// A new object.
    pub(super) fn new(value: T) -> Self {
        Shared { state: Mutex::new(State { value, deleted: false }), changed: Condvar::new() }
    }

    /// Changes the object; whoever waits for it looks again.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut state = self.state.lock();
        let result = change(&mut state.value);
        self.changed.notify_all();
        result
    }

    /// Looks at the object.
    pub(super) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.state.lock().value)
    }

    /// Marks the object as deleted: whoever waits for it stops.
    pub(super) fn delete(&self) {
        self.state.lock().deleted = true;
        self.changed.notify_all();
    }
}

impl<T: Send> Wake for Shared<T> {
    fn wake(&self) {
        // With the lock held nobody stands between the look at the verdict and the wait.
        let _state = self.state.lock();
        self.changed.notify_all();
    }
}

impl<T: Send + 'static> Shared<T> {
    /// Tries `attempt` until it gives something, at most as long as `patience` says. `state` is what
    /// `tx_thread_info_get` shows of the thread meanwhile.
    pub(super) fn wait<R>(
        self: &Arc<Self>,
        mut patience: Patience,
        state: u32,
        mut attempt: impl FnMut(&mut T) -> Option<R>,
    ) -> Result<R, Stopped> {
        thread::checkpoint();
        let waiting = thread::Waiting::begin(self.clone(), state);
        let mut inner = self.state.lock();
        loop {
            if inner.deleted {
                return Err(Stopped::Deleted);
            }
            match waiting.verdict() {
                Verdict::GoOn => {}
                Verdict::Abort => return Err(Stopped::Aborted),
                Verdict::Terminate => {
                    drop(inner);
                    thread::stop_here();
                }
            }
            if let Some(result) = attempt(&mut inner.value) {
                // What one waiter leaves may be enough for the next.
                self.changed.notify_all();
                return Ok(result);
            }
            match patience {
                Patience::None => return Err(Stopped::TimedOut),
                Patience::Forever => self.changed.wait(&mut inner),
                Patience::Until(until) => {
                    if self.changed.wait_until(&mut inner, until).timed_out() {
                        // A last look: what came together with the end of the time still counts.
                        patience = Patience::None;
                    }
                }
            }
        }
    }
}
