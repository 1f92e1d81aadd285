//! Workers for what may block: callbacks of the program, and disks.
//!
//! What strangers can cause by logging in has a pool of its own, with few threads: it never waits in one queue with mail.
//! There, those come first who have not failed lately: [`Turn`].
//!
//! A session has at most one job, so the queue is never longer than there are sessions. A few workers share the jobs as
//! long as they get on. When jobs wait for them, because all of them wait for something themselves (a slow callback, a
//! disk that hangs), more are started: who is slow holds up nobody else before there are as many as there may be.

use crate::net::lock::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A worker that had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(10);

/// So many workers are started at once when there is work for them.
const ENOUGH: usize = 32;
/// Beyond these one more is started for each job that has waited so long.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a worker does. It must not panic; if it does, its session is ended by whoever waits for the job.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// A bounded number of threads, started when there is work for them. Clones are the same pool.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    threads_max: usize,
    /// They give way to all other threads of the machine.
    yielding: bool,
    state: Mutex<State>,
    work: Condvar,
    /// A worker has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// Jobs, and since when they wait, for each turn.
    queues: [VecDeque<(Instant, Job)>; 3],
    threads: usize,
    idle: usize,
    /// A thread looks after jobs that wait too long.
    watched: bool,
    closed: bool,
}

/// Whose job comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    First,
    /// When there is none that comes first.
    Second,
    Last,
}

impl State {
    fn waiting(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    fn next(&mut self) -> Option<(Instant, Job)> {
        self.queues.iter_mut().find_map(VecDeque::pop_front)
    }
}

/// Lets this thread run when the others leave it time. On Linux a thread has a niceness of its own.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

impl Pool {
    pub(super) fn new(threads_max: usize) -> Pool {
        Pool::with(threads_max, false)
    }

    /// One for work that others must not suffer from.
    pub(super) fn yielding(threads_max: usize) -> Pool {
        Pool::with(threads_max, true)
    }

    fn with(threads_max: usize, yielding: bool) -> Pool {
        Pool(Arc::new(Shared {
            threads_max: threads_max.max(1),
            yielding,
            state: Mutex::default(),
            work: Condvar::new(),
            ended: Condvar::new(),
        }))
    }

    /// Has a worker do this. The job comes back when there is no worker and none can be started.
    pub(super) fn submit(&self, job: Job) -> Result<(), (Job, io::Error)> {
        self.submit_as(job, Turn::First)
    }

    /// The same for a job that has this turn.
    pub(super) fn submit_as(&self, job: Job, turn: Turn) -> Result<(), (Job, io::Error)> {
        let shared = &self.0;
        let mut state = shared.state.lock();
        let busy = state.waiting() >= state.idle;
        if busy && state.threads < shared.threads_max.min(ENOUGH) {
            match self.start(&mut state) {
                Err(why) if state.threads == 0 => return Err((job, why)),
                // Where there are others, they will come to it.
                _ => {}
            }
        } else if busy && state.threads < shared.threads_max && !state.watched {
            let own = self.clone();
            let watch = crate::net::thread::named("helo-workers");
            state.watched = watch.spawn(move || own.watch()).is_ok();
        }
        state.queues[turn as usize].push_back((Instant::now(), job));
        drop(state);
        shared.work.notify_one();
        Ok(())
    }

    /// How many jobs wait that are done before another one of this turn.
    pub(super) fn waiting(&self, turn: Turn) -> usize {
        self.0.state.lock().queues[..=turn as usize].iter().map(VecDeque::len).sum()
    }

    fn start(&self, state: &mut State) -> io::Result<()> {
        let own = self.clone();
        crate::net::thread::named("helo-worker").spawn(move || own.work())?;
        state.threads += 1;
        Ok(())
    }

    /// Starts workers for jobs that wait too long, until there have been none to do for a while.
    fn watch(&self) {
        let mut state = self.0.state.lock();
        let mut used = Instant::now();
        while !state.closed && used.elapsed() < IDLE {
            let _ = self.0.ended.wait_for(&mut state, PATIENCE);
            let late = state.queues[0].iter().take_while(|(since, _)| since.elapsed() >= PATIENCE).count();
            for _ in 0..late.min(self.0.threads_max.saturating_sub(state.threads)) {
                // If there is no thread to be had, those who are there will come to it.
                let _ = self.start(&mut state);
            }
            if state.waiting() > 0 {
                used = Instant::now();
            }
        }
        state.watched = false;
    }

    fn work(&self) {
        let shared = &self.0;
        if shared.yielding {
            give_way();
        }
        let mut state = shared.state.lock();
        loop {
            if let Some((_, job)) = state.next() {
                drop(state);
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = shared.state.lock();
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let waited = shared.work.wait_for(&mut state, IDLE);
            state.idle -= 1;
            if waited.timed_out() && state.waiting() == 0 {
                break;
            }
        }
        state.threads -= 1;
        drop(state);
        shared.ended.notify_all();
    }

    /// Lets the workers finish what is in the queue and end, and waits until they have (true) or the time has come.
    pub(super) fn close(&self, until: Option<Instant>) -> bool {
        let mut state = self.0.state.lock();
        state.closed = true;
        self.0.work.notify_all();
        while state.threads > 0 {
            match until {
                None => self.0.ended.wait(&mut state),
                Some(until) if self.0.ended.wait_until(&mut state, until).timed_out() => return state.threads == 0,
                Some(_) => {}
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_slow_job_holds_up_no_other() {
        let pool = Pool::new(2);
        let (release, held) = mpsc::channel::<()>();
        let (done, finished) = mpsc::channel();
        pool.submit(Box::new(move || assert!(held.recv().is_err()))).map_err(|(_, why)| why).unwrap();
        for number in 0..10 {
            let done = done.clone();
            pool.submit(Box::new(move || done.send(number).unwrap())).map_err(|(_, why)| why).unwrap();
        }
        let mut numbers: Vec<i32> = (0..10).map(|_| finished.recv().unwrap()).collect();
        numbers.sort();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        drop(release);
        assert!(pool.close(None));
        assert_eq!(pool.0.state.lock().threads, 0);
    }

    #[test]
    fn jobs_that_all_wait_hold_up_no_other() {
        let pool = Pool::new(2 * ENOUGH + 1);
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        for _ in 0..2 * ENOUGH {
            let held = held.clone();
            pool.submit(Box::new(move || assert!(held.lock().recv().is_err()))).map_err(|(_, why)| why).unwrap();
        }
        let (done, finished) = mpsc::channel();
        pool.submit(Box::new(move || done.send(()).unwrap())).map_err(|(_, why)| why).unwrap();
        finished.recv().unwrap();
        drop(release);
        assert!(pool.close(None));
        assert_eq!(pool.0.state.lock().threads, 0);
    }

    #[test]
    fn who_is_trusted_comes_first() {
        let pool = Pool::yielding(1);
        let (release, held) = mpsc::channel::<()>();
        let (done, finished) = mpsc::channel();
        pool.submit(Box::new(move || assert!(held.recv().is_err()))).map_err(|(_, why)| why).unwrap();
        let turns = [(1, Turn::Last), (2, Turn::Second), (3, Turn::First), (4, Turn::Last), (5, Turn::First)];
        for (number, turn) in turns {
            let done = done.clone();
            pool.submit_as(Box::new(move || done.send(number).unwrap()), turn).map_err(|(_, why)| why).unwrap();
        }
        // The first job may not have been taken yet.
        assert!(pool.waiting(Turn::Last) >= 5 && pool.waiting(Turn::First) >= 2);
        drop(release);
        assert!(pool.close(None));
        assert_eq!(finished.try_iter().collect::<Vec<i32>>(), [3, 5, 2, 1, 4]);
    }

    #[test]
    fn a_panic_ends_no_worker_and_closing_waits_for_the_queue() {
        let pool = Pool::new(1);
        let (done, finished) = mpsc::channel();
        pool.submit(Box::new(|| std::panic::resume_unwind(Box::new("on purpose")))).map_err(|(_, why)| why).unwrap();
        for _ in 0..5 {
            let done = done.clone();
            pool.submit(Box::new(move || done.send(()).unwrap())).map_err(|(_, why)| why).unwrap();
        }
        assert!(pool.close(None));
        assert_eq!(finished.try_iter().count(), 5);
    }
}
