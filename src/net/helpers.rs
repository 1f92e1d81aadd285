//! Work that may block and cannot be cancelled (the system's resolver, a program that is asked for a password) runs on
//! detached helper threads: a bounded number for each kind of work, whatever hangs. Who no longer wants an answer drops
//! its [`Helped`]; the helper ends when it can.

use super::fault::{self, Fault};
use super::fork::Own;
use super::lock::Mutex;
use super::options::failure;
use super::transport::WakeSlot;
use super::wait::Waker;
use crate::error::{Cause, Result};
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many pieces of work of one kind are under way at a time in a process.
pub(crate) const HELPERS: usize = 16;
/// So many more may wait for a helper.
pub(crate) const QUEUE: usize = 1024;

/// The helpers for one kind of work.
pub(crate) struct Pool {
    /// The threads' name.
    name: &'static str,
    /// What the work is, in words: "look up the name".
    what: &'static str,
    /// A child of fork has none of its parent's threads.
    state: Own<State>,
}

#[derive(Default)]
struct State {
    helpers: usize,
    queue: VecDeque<Arc<dyn Work>>,
}

/// Work that has been given to a pool. Dropping it gives it up.
pub(crate) struct Helped<T>(Arc<Job<T>>);

type Task<T> = Box<dyn FnOnce() -> Result<T> + Send>;

struct Job<T> {
    what: &'static str,
    task: Mutex<Option<Task<T>>>,
    waker: WakeSlot,
    answer: Mutex<Option<Result<T>>>,
    abandoned: AtomicBool,
}

/// A job whatever its answer is.
trait Work: Send + Sync {
    fn is_abandoned(&self) -> bool;
    fn run(&self);
}

impl<T: Send> Work for Job<T> {
    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    fn run(&self) {
        let Some(task) = self.task.lock().take() else { return };
        let answer = catch_unwind(AssertUnwindSafe(task)).unwrap_or_else(|_| {
            Err(failure(Cause::Protocol, format!("a defect met in the try to {}: please report it", self.what)))
        });
        *self.answer.lock() = Some(answer);
        self.waker.wake();
    }
}

impl<T> Helped<T> {
    /// The answer, once, when it is there.
    pub(crate) fn poll(&mut self) -> Option<Result<T>> {
        self.0.answer.lock().take()
    }

    /// Whom to ring from now on when the answer is there; one that is there already does not ring.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.0.waker.set(waker);
    }
}

impl<T> Drop for Helped<T> {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::Release);
        // An answer that nobody took may be a secret: it goes now, not with the helper.
        self.0.answer.lock().take();
    }
}

impl Pool {
    /// A pool without a helper yet. `name` is its threads' (15 letters at most), `what` the work for error texts.
    pub(crate) const fn new(name: &'static str, what: &'static str) -> Self {
        Pool { name, what, state: Own::new() }
    }

    /// Has `task` done; `waker` rings when its answer is there.
    pub(crate) fn start<T: Send + 'static>(
        &'static self,
        waker: &Waker,
        task: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<Helped<T>> {
        let job = Arc::new(Job {
            what: self.what,
            task: Mutex::new(Some(Box::new(task) as Task<T>)),
            waker: WakeSlot::new(),
            answer: Mutex::new(None),
            abandoned: AtomicBool::new(false),
        });
        job.waker.set(waker);
        self.submit(job.clone())?;
        Ok(Helped(job))
    }

    fn submit(&'static self, job: Arc<dyn Work>) -> Result<()> {
        let mut state = self.state.lock();
        if state.queue.len() >= QUEUE {
            state.queue.retain(|job| !job.is_abandoned());
        }
        if state.queue.len() >= QUEUE {
            let detail = format!("too many threads wait to {}: nothing answers them", self.what);
            return Err(failure(Cause::NoMemory, detail));
        }
        state.queue.push_back(job);
        if state.helpers < HELPERS {
            let spawned = match fault::hit(Fault::Thread) {
                true => Err(io::Error::from(io::ErrorKind::OutOfMemory)),
                false => crate::net::thread::named(self.name).spawn(move || self.help()),
            };
            match spawned {
                Ok(_) => state.helpers += 1,
                // The helpers that there are will come to it.
                Err(_) if state.helpers > 0 => {}
                Err(error) => {
                    state.queue.pop_back();
                    let detail = format!("the system gave no thread to {}: {error}", self.what);
                    return Err(failure(Cause::NoMemory, detail));
                }
            }
        }
        Ok(())
    }

    /// A helper's life: it works until nothing is left to do.
    fn help(&self) {
        loop {
            let job = {
                let mut state = self.state.lock();
                match state.queue.pop_front() {
                    Some(job) => job,
                    None => {
                        state.helpers -= 1;
                        return;
                    }
                }
            };
            if !job.is_abandoned() {
                job.run();
            }
        }
    }
}
