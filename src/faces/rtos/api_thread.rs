//! `tx_kernel_enter`, `tx_thread_...` and `tx_time_...`.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::clock::{self, Patience};
use super::thread::{self, Noted, Thread};
use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::{kernel, service};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use crate::net::lock::Mutex;
use std::alloc::{Layout, alloc_zeroed};
use std::sync::Arc;

/// The memory that `tx_application_define` got. Control blocks, names and stacks may lie in it for as long as the process
/// lives, so it is never given back. The system maps it only as it is touched.
static GIVEN_MEMORY: Mutex<Vec<usize>> = Mutex::process_wide(Vec::new());

static THREADS: Placed<Thread> = Placed::new(TX_THREAD_ID);

/// Runs a thread's function.
pub(super) fn run(entry: ThreadEntry, input: ULONG) {
    // SAFETY: the program gave this function to tx_thread_create for exactly this call.
    unsafe { entry(input) };
}

/// The thread at `thread_ptr`, or TX_THREAD_ERROR.
///
/// # Safety
/// `thread_ptr` is NULL or points to a control block.
unsafe fn thread_at(thread_ptr: *const TX_THREAD) -> Result<Arc<Thread>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { THREADS.get(thread_ptr) }.ok_or(TX_THREAD_ERROR)
}

/// Runs `tx_application_define` on `memory_size` bytes of zeroed memory that are the program's until it ends, starts
/// the threads that it created, and returns when none of them can run any more: all have ended or are suspended with
/// nobody left to resume them. (The original never returns; a host program's `main` has to end.) A call from a thread
/// or while another one has not returned does nothing. Programs call it as `tx_kernel_enter()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_kernel_enter(
    application_define: Option<unsafe extern "C" fn(*mut VOID)>,
    memory_size: usize,
) {
    boundary("tx_kernel_enter", (), || {
        let Some(define) = application_define else { return };
        let layout = memory_size.checked_next_multiple_of(16).and_then(|size| Layout::from_size_align(size, 16).ok());
        let Some(layout) = layout.filter(|layout| layout.size() > 0) else { return };
        kernel::enter(|| {
            // SAFETY: the size is not 0.
            let first_unused_memory = unsafe { alloc_zeroed(layout) };
            if first_unused_memory.is_null() {
                return;
            }
            GIVEN_MEMORY.lock().push(first_unused_memory as usize);
            // SAFETY: the program's own function, called as ThreadX does.
            unsafe { define(first_unused_memory.cast()) };
        });
    });
}

/// Creates a thread. It runs on a thread of the host with a stack of its own: `stack_start` is left alone. Priority,
/// threshold and time slice are noted, not enforced: threads of different priorities run at the same time.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn helo_rtos_tx_thread_create(
    thread_ptr: *mut TX_THREAD,
    name_ptr: *mut CHAR,
    entry_function: Option<unsafe extern "C" fn(ULONG)>,
    entry_input: ULONG,
    stack_start: *mut VOID,
    stack_size: ULONG,
    priority: UINT,
    preempt_threshold: UINT,
    time_slice: ULONG,
    auto_start: UINT,
    thread_control_block_size: UINT,
) -> UINT {
    service("tx_thread_create", TX_THREAD_ERROR, || {
        if !size_is_ours(thread_control_block_size) {
            return Err(TX_THREAD_ERROR);
        }
        let entry = entry_function.filter(|_| !stack_start.is_null()).ok_or(TX_PTR_ERROR)?;
        if stack_size < TX_MINIMUM_STACK {
            return Err(TX_SIZE_ERROR);
        }
        check_priority(priority)?;
        if preempt_threshold > priority {
            return Err(TX_THRESH_ERROR);
        }
        if auto_start != TX_AUTO_START && auto_start != TX_DONT_START {
            return Err(TX_START_ERROR);
        }
        let noted = Noted { priority, threshold: preempt_threshold, time_slice };
        let thread = Thread::new(thread_ptr as usize, name_ptr as usize, entry, entry_input, stack_size, noted);
        // SAFETY: the caller's promise.
        let thread = unsafe { THREADS.create(thread_ptr, thread) }.map_err(|_| TX_THREAD_ERROR)?;
        // SAFETY: as above; `create` has refused NULL.
        unsafe { (*thread_ptr).tx_thread_name = name_ptr };
        if auto_start == TX_AUTO_START
            && let Err(code) = thread.resume()
        {
            // SAFETY: as above.
            unsafe { THREADS.remove(thread_ptr) };
            return Err(code);
        }
        Ok(())
    })
}

fn check_priority(priority: UINT) -> Result<(), UINT> {
    if priority < TX_MAX_PRIORITIES { Ok(()) } else { Err(TX_PRIORITY_ERROR) }
}

/// Deletes a thread that has ended; TX_DELETE_ERROR for another.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_thread_delete(thread_ptr: *mut TX_THREAD) -> UINT {
    service("tx_thread_delete", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { thread_at(thread_ptr) }.and_then(|thread| {
            if !thread.has_ended() {
                return Err(TX_DELETE_ERROR);
            }
            // SAFETY: as above.
            unsafe { THREADS.remove(thread_ptr) }.map(drop).ok_or(TX_THREAD_ERROR)
        })
    })
}

/// Starts a thread that was created with TX_DONT_START, or lets a suspended one go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_thread_resume(thread_ptr: *mut TX_THREAD) -> UINT {
    service("tx_thread_resume", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { thread_at(thread_ptr) }.and_then(|thread| thread.resume())
    })
}

/// Suspends a thread: the caller at once, another one at its next call of a service that can wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_thread_suspend(thread_ptr: *mut TX_THREAD) -> UINT {
    service("tx_thread_suspend", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { thread_at(thread_ptr) }.and_then(|thread| thread.suspend())
    })
}

/// Ends a thread: the caller at once, another one at its next call of a service that can wait. Its mutexes are
/// released; its host thread sleeps until the process ends, since a thread cannot be unwound through a C program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_thread_terminate(thread_ptr: *mut TX_THREAD) -> UINT {
    service("tx_thread_terminate", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { thread_at(thread_ptr) }.map(|thread| thread.terminate())
    })
}

/// Ends the wait of another thread: the service that it waits in returns TX_WAIT_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_thread_wait_abort(thread_ptr: *mut TX_THREAD) -> UINT {
    service("tx_thread_wait_abort", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { thread_at(thread_ptr) }.and_then(|thread| thread.abort_wait())
    })
}

/// Lets the caller sleep for so many ticks, 100 a second. A host program's own threads may call it too.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_thread_sleep(timer_ticks: ULONG) -> UINT {
    boundary("tx_thread_sleep", TX_CALLER_ERROR, || {
        if thread::is_initialising() {
            return TX_CALLER_ERROR;
        }
        match thread::sleep(Patience::from_ticks(timer_ticks)) {
            Ok(()) => TX_SUCCESS,
            Err(()) => TX_WAIT_ABORTED,
        }
    })
}

/// Lets other threads run.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_thread_relinquish() {
    boundary("tx_thread_relinquish", (), || {
        thread::checkpoint();
        std::thread::yield_now();
    });
}

/// The calling thread's control block, NULL for a thread that `tx_thread_create` did not make.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_thread_identify() -> *mut TX_THREAD {
    boundary("tx_thread_identify", std::ptr::null_mut(), || {
        thread::current().map_or(std::ptr::null_mut(), |me| me.address as *mut TX_THREAD)
    })
}

/// What is known of a thread. Each pointer may be NULL. No thread is ever given as the next one.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn helo_rtos_tx_thread_info_get(
    thread_ptr: *mut TX_THREAD,
    name: *mut *mut CHAR,
    state: *mut UINT,
    run_count: *mut ULONG,
    priority: *mut UINT,
    preemption_threshold: *mut UINT,
    time_slice: *mut ULONG,
    next_thread: *mut *mut TX_THREAD,
    next_suspended_thread: *mut *mut TX_THREAD,
) -> UINT {
    boundary("tx_thread_info_get", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(thread) = (unsafe { thread_at(thread_ptr) }) else { return TX_THREAD_ERROR };
        let (shown, runs) = thread.shown();
        let noted = thread.noted();
        unsafe {
            write_out(name, thread.name as *mut CHAR);
            write_out(state, shown);
            write_out(run_count, runs);
            write_out(priority, noted.priority);
            write_out(preemption_threshold, noted.threshold);
            write_out(time_slice, noted.time_slice);
            write_out(next_thread, std::ptr::null_mut());
            write_out(next_suspended_thread, std::ptr::null_mut());
        }
        TX_SUCCESS
    })
}

/// Notes another priority, and the same as threshold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_thread_priority_change(
    thread_ptr: *mut TX_THREAD,
    new_priority: UINT,
    old_priority: *mut UINT,
) -> UINT {
    service("tx_thread_priority_change", TX_THREAD_ERROR, || {
        // SAFETY: the caller's promise.
        let thread = unsafe { thread_at(thread_ptr) }?;
        check_priority(new_priority)?;
        if old_priority.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let old = thread.note(|noted| {
            noted.priority = new_priority;
            noted.threshold = new_priority;
        });
        // SAFETY: the caller's promise.
        unsafe { write_out(old_priority, old.priority) };
        Ok(())
    })
}

/// Ticks, 100 a second.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_time_get() -> ULONG {
    boundary("tx_time_get", 0, clock::now)
}

/// Sets the tick counter.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_time_set(new_time: ULONG) {
    boundary("tx_time_set", (), || clock::set(new_time));
}
