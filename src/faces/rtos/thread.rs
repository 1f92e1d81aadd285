//! Threads: each is a thread of the host. Priorities are noted, not enforced, and the stack that the program gives is
//! left alone: the host's thread has its own.
//!
//! A thread of the host cannot be stopped from outside. What `tx_thread_suspend` and `tx_thread_terminate` ask of
//! another thread happens at that thread's next call of a service of this layer that can wait.

use super::clock::Patience;
use super::kernel;
use super::mutex;
use super::tx_codes::*;
use super::tx_types::ThreadEntry;
use super::wait::Wake;
use crate::net::fork::Owner;
use crate::net::lock::{Condvar, Mutex};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A thread that a program created.
pub(super) struct Thread {
    /// Where its control block stands.
    pub(super) address: usize,
    /// Where its name stands; never followed.
    pub(super) name: usize,
    entry: ThreadEntry,
    input: u32,
    stack_size: usize,
    control: Mutex<Control>,
    changed: Condvar,
}

/// What `tx_thread_info_get` shows and the services change.
struct Control {
    run: Run,
    /// The state that is shown while it runs: ready, or what it waits for.
    shown: u32,
    aborted: bool,
    waiting: Option<Arc<dyn Wake>>,
    noted: Noted,
    runs: u32,
}

/// What is noted and given back but not enforced.
#[derive(Clone, Copy)]
pub(super) struct Noted {
    pub(super) priority: u32,
    pub(super) threshold: u32,
    pub(super) time_slice: u32,
}

/// Where a thread's life stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Created with TX_DONT_START.
    NotStarted,
    /// Started while the system initialises: runs when that is done.
    Pending,
    /// Has a host thread.
    Running,
    /// Suspended by `tx_thread_suspend`.
    Suspended,
    /// Its function returned.
    Completed,
    /// `tx_thread_terminate` was called.
    Terminated,
}

/// What a waiting thread is to do when it is woken.
pub(super) enum Verdict {
    GoOn,
    Abort,
    Terminate,
}

thread_local! {
    /// With the process that it is of: a child that a thread forks runs none of these threads.
    static CURRENT: RefCell<Option<(Owner, Arc<Thread>)>> = const { RefCell::new(None) };
    static INITIALISING: Cell<bool> = const { Cell::new(false) };
    static TOKEN: u64 = {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// The thread of this layer that is running, if it is one.
pub(super) fn current() -> Option<Arc<Thread>> {
    CURRENT.with(|current| {
        current.borrow().as_ref().filter(|(owner, _)| owner.is_here()).map(|(_, thread)| thread.clone())
    })
}

/// A number that no other thread of the process has, created by this layer or not.
pub(super) fn token() -> u64 {
    TOKEN.with(|token| *token)
}

/// Whether the caller stands in `tx_application_define`.
pub(super) fn is_initialising() -> bool {
    INITIALISING.with(Cell::get)
}

/// Marks the caller as standing in `tx_application_define` or out of it.
pub(super) fn set_initialising(yes: bool) {
    INITIALISING.with(|flag| flag.set(yes));
}

/// Where a suspended thread stops and a terminated one ends. Every service that can wait begins with it.
pub(crate) fn checkpoint() {
    if let Some(me) = current()
        && me.must_stop()
    {
        stop_here();
    }
}

/// The end of a terminated thread: its host thread cannot be unwound through the program's own frames, so it sleeps
/// until the process ends.
pub(super) fn stop_here() -> ! {
    mutex::release_all(token());
    loop {
        std::thread::park();
    }
}

/// Lets the calling thread sleep. The error says that another thread aborted the wait.
pub(super) fn sleep(patience: Patience) -> Result<(), ()> {
    checkpoint();
    let Some(me) = current() else {
        match patience {
            Patience::None => {}
            Patience::Until(until) => std::thread::sleep(until.saturating_duration_since(std::time::Instant::now())),
            Patience::Forever => loop {
                std::thread::park();
            },
        }
        return Ok(());
    };
    let aborted = me.sleep(patience);
    checkpoint();
    if aborted { Err(()) } else { Ok(()) }
}

/// The time in which a thread waits for an object: others can end the wait.
pub(super) struct Waiting {
    thread: Option<Arc<Thread>>,
}

impl Waiting {
    /// The calling thread begins to wait.
    pub(super) fn begin(wake: Arc<dyn Wake>, shown: u32) -> Self {
        let thread = current();
        if let Some(thread) = &thread {
            let mut control = thread.control.lock();
            control.waiting = Some(wake);
            control.shown = shown;
        }
        Waiting { thread }
    }

    /// What the others want of it.
    pub(super) fn verdict(&self) -> Verdict {
        let Some(thread) = &self.thread else { return Verdict::GoOn };
        let control = thread.control.lock();
        match control.run {
            Run::Terminated => Verdict::Terminate,
            _ if control.aborted => Verdict::Abort,
            _ => Verdict::GoOn,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(thread) = &self.thread {
            let mut control = thread.control.lock();
            control.waiting = None;
            control.aborted = false;
            control.shown = TX_READY;
        }
    }
}

impl Thread {
    pub(super) fn new(
        address: usize,
        name: usize,
        entry: ThreadEntry,
        input: u32,
        stack_size: u32,
        noted: Noted,
    ) -> Self {
        let control = Control { run: Run::NotStarted, shown: TX_READY, aborted: false, waiting: None, noted, runs: 0 };
        let stack_size = stack_size as usize;
        Thread { address, name, entry, input, stack_size, control: Mutex::new(control), changed: Condvar::new() }
    }

    /// What is noted of it.
    pub(super) fn noted(&self) -> Noted {
        self.control.lock().noted
    }

    /// Changes what is noted; the old is given back.
    pub(super) fn note(&self, change: impl FnOnce(&mut Noted)) -> Noted {
        let mut control = self.control.lock();
        let old = control.noted;
        change(&mut control.noted);
        old
    }

    /// Its state and how often it was started or resumed, for `tx_thread_info_get`.
    pub(super) fn shown(&self) -> (u32, u32) {
        let control = self.control.lock();
        let state = match control.run {
            Run::NotStarted | Run::Suspended => TX_SUSPENDED,
            Run::Pending => TX_READY,
            Run::Running => control.shown,
            Run::Completed => TX_COMPLETED,
            Run::Terminated => TX_TERMINATED,
        };
        (state, control.runs)
    }

    /// Whether it has ended and can be deleted.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.control.lock().run, Run::Completed | Run::Terminated)
    }

    /// Starts it, or lets it go on after a suspension. The error is a ThreadX status.
    pub(super) fn resume(self: &Arc<Self>) -> Result<(), u32> {
        let mut control = self.control.lock();
        match control.run {
            Run::NotStarted if is_initialising() => {
                self.enter(&mut control, Run::Pending);
                kernel::start_later(self.clone());
                Ok(())
            }
            Run::NotStarted => {
                self.enter(&mut control, Run::Running);
                drop(control);
                self.spawn().inspect_err(|_| self.enter(&mut self.control.lock(), Run::NotStarted))
            }
            Run::Suspended => {
                self.enter(&mut control, Run::Running);
                Ok(())
            }
            Run::Pending | Run::Running | Run::Completed | Run::Terminated => Err(TX_RESUME_ERROR),
        }
    }

    /// Starts a thread that was resumed while the system initialised.
    pub(super) fn start_pending(self: &Arc<Self>) {
        let mut control = self.control.lock();
        if control.run != Run::Pending {
            return;
        }
        self.enter(&mut control, Run::Running);
        drop(control);
        if self.spawn().is_err() {
            self.enter(&mut self.control.lock(), Run::NotStarted);
        }
    }

    /// Suspends it: at once if it is the caller, else at its next service. The error is a ThreadX status.
    pub(super) fn suspend(self: &Arc<Self>) -> Result<(), u32> {
        {
            let mut control = self.control.lock();
            match control.run {
                Run::Pending => self.enter(&mut control, Run::NotStarted),
                Run::Running => self.enter(&mut control, Run::Suspended),
                Run::NotStarted | Run::Suspended => {}
                Run::Completed | Run::Terminated => return Err(TX_SUSPEND_ERROR),
            }
        }
        if self.is_current() {
            checkpoint();
        }
        Ok(())
    }

    /// Ends it: at once if it is the caller, else at its next service.
    pub(super) fn terminate(self: &Arc<Self>) {
        let waiting = {
            let mut control = self.control.lock();
            if matches!(control.run, Run::Completed | Run::Terminated) {
                return;
            }
            self.enter(&mut control, Run::Terminated);
            control.waiting.take()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        if self.is_current() {
            stop_here();
        }
    }

    /// Ends its wait, if it waits.
    pub(super) fn abort_wait(&self) -> Result<(), u32> {
        let waiting = {
            let mut control = self.control.lock();
            if control.run != Run::Running || (control.waiting.is_none() && control.shown != TX_SLEEP) {
                return Err(TX_WAIT_ABORT_ERROR);
            }
            control.aborted = true;
            self.changed.notify_all();
            control.waiting.clone()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        Ok(())
    }

    fn is_current(self: &Arc<Self>) -> bool {
        current().is_some_and(|me| Arc::ptr_eq(&me, self))
    }

    /// The one place where a thread's life moves on; the kernel counts those that can run.
    fn enter(&self, control: &mut Control, run: Run) {
        let can_run = |run| matches!(run, Run::Pending | Run::Running);
        kernel::count(can_run(control.run), can_run(run));
        if run == Run::Running {
            control.runs = control.runs.wrapping_add(1);
        }
        control.run = run;
        self.changed.notify_all();
    }

    /// Waits while it is suspended; says whether it was terminated.
    fn must_stop(&self) -> bool {
        let mut control = self.control.lock();
        while control.run == Run::Suspended {
            self.changed.wait(&mut control);
        }
        control.run == Run::Terminated
    }

    /// Sleeps; says whether the wait was aborted.
    fn sleep(&self, patience: Patience) -> bool {
        let mut control = self.control.lock();
        control.shown = TX_SLEEP;
        while !control.aborted && control.run != Run::Terminated {
            match patience {
                Patience::None => break,
                Patience::Forever => self.changed.wait(&mut control),
                Patience::Until(until) => {
                    if self.changed.wait_until(&mut control, until).timed_out() {
                        break;
                    }
                }
            }
        }
        control.shown = TX_READY;
        std::mem::take(&mut control.aborted)
    }

    /// Gives it a thread of the host. The error is a ThreadX status.
    fn spawn(self: &Arc<Self>) -> Result<(), u32> {
        /// The C library alone may need more than an embedded program's stack has.
        const LEAST_STACK: usize = 1 << 20;
        const MOST_STACK: usize = 64 << 20;
        let me = self.clone();
        crate::net::thread::named("helo-rtos")
            .stack_size(self.stack_size.clamp(LEAST_STACK, MOST_STACK))
            .spawn(move || {
                CURRENT.with(|current| *current.borrow_mut() = Some((Owner::here(), me.clone())));
                if me.must_stop() {
                    return;
                }
                super::api_thread::run(me.entry, me.input);
                mutex::release_all(token());
                let mut control = me.control.lock();
                if control.run != Run::Terminated {
                    me.enter(&mut control, Run::Completed);
                }
            })
            .map(drop)
            .map_err(|_| TX_NO_MEMORY)
    }
}
