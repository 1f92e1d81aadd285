//! The kernel: on a host it starts the program's threads and waits until none of them can run any more.

use super::thread::{self, Thread};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;

struct Kernel {
    /// Threads that run or are about to.
    can_run: usize,
    /// Started while the system initialises.
    pending: Vec<Arc<Thread>>,
    entered: bool,
}

static KERNEL: Mutex<Kernel> = Mutex::new(Kernel { can_run: 0, pending: Vec::new(), entered: false });
static CHANGED: Condvar = Condvar::new();

/// A thread's life moved on.
pub(super) fn count(could_run: bool, can_run: bool) {
    if could_run == can_run {
        return;
    }
    let mut kernel = KERNEL.lock();
    kernel.can_run = if can_run { kernel.can_run + 1 } else { kernel.can_run.saturating_sub(1) };
    CHANGED.notify_all();
}

/// Notes a thread that is to start when the initialisation is done.
pub(super) fn start_later(thread: Arc<Thread>) {
    KERNEL.lock().pending.push(thread);
}

/// Runs `define` as the system's initialisation, starts the threads it made ready, those of the highest priority
/// (the smallest number) first, and returns when no thread can run any more: all have ended, or what is left is
/// suspended and nobody is there to resume it. Says whether it was done: not when the kernel runs already.
pub(super) fn enter(define: impl FnOnce()) -> bool {
    {
        let mut kernel = KERNEL.lock();
        if kernel.entered || thread::current().is_some() {
            return false;
        }
        kernel.entered = true;
    }
    thread::set_initialising(true);
    define();
    thread::set_initialising(false);

    let mut pending = std::mem::take(&mut KERNEL.lock().pending);
    pending.sort_by_key(|thread| thread.noted().priority);
    for thread in pending {
        thread.start_pending();
    }
    let mut kernel = KERNEL.lock();
    while kernel.can_run > 0 {
        CHANGED.wait(&mut kernel);
    }
    kernel.entered = false;
    true
}
