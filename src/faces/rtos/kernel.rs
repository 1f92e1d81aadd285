//! The kernel: on a host it starts the program's threads and waits until none of them can run any more.

use super::thread::{self, Thread};
use crate::net::fork::Own;
use crate::net::lock::{Condvar, Mutex};
use std::sync::Arc;

#[derive(Default)]
struct Kernel {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Threads that run or are about to.
    can_run: usize,
    /// Started while the system initialises.
    pending: Vec<Arc<Thread>>,
    entered: bool,
}

/// A child of fork has none of its parent's threads, and so a kernel of its own.
static KERNEL: Own<Arc<Kernel>> = Own::new();

fn kernel() -> Arc<Kernel> {
    KERNEL.lock().clone()
}

/// A thread's life moved on.
pub(super) fn count(could_run: bool, can_run: bool) {
    if could_run == can_run {
        return;
    }
    let kernel = kernel();
    let mut state = kernel.state.lock();
    state.can_run = if can_run { state.can_run + 1 } else { state.can_run.saturating_sub(1) };
    kernel.changed.notify_all();
}

/// Notes a thread that is to start when the initialisation is done.
pub(super) fn start_later(thread: Arc<Thread>) {
    kernel().state.lock().pending.push(thread);
}

/// Runs `define` as the system's initialisation, starts the threads it made ready, those of the highest priority
/// (the smallest number) first, and returns when no thread can run any more: all have ended, or what is left is
/// suspended and nobody is there to resume it. Says whether it was done: not when the kernel runs already.
pub(super) fn enter(define: impl FnOnce()) -> bool {
    let kernel = kernel();
    {
        let mut state = kernel.state.lock();
        if state.entered || thread::current().is_some() {
            return false;
        }
        state.entered = true;
    }
    thread::set_initialising(true);
    define();
    thread::set_initialising(false);

    let mut pending = std::mem::take(&mut kernel.state.lock().pending);
    pending.sort_by_key(|thread| thread.noted().priority);
    for thread in pending {
        thread.start_pending();
    }
    let mut state = kernel.state.lock();
    while state.can_run > 0 {
        kernel.changed.wait(&mut state);
    }
    state.entered = false;
    true
}
