//! `tx_mutex_...`: owned by a thread, counted, free for the next when the owner has put it as often as it got it.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::thread;
use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{patience, service, stopped};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use std::sync::Arc;

struct Mutex {
    name: usize,
    /// The owner's token, see [`thread::token`].
    owner: u64,
    count: u32,
}

static MUTEXES: Placed<Shared<Mutex>> = Placed::new(TX_MUTEX_ID);

impl Mutex {
    fn get(&mut self, who: u64) -> Option<()> {
        if self.count > 0 && self.owner != who {
            return None;
        }
        self.owner = who;
        self.count = self.count.saturating_add(1);
        Some(())
    }

    fn put(&mut self, who: u64) -> Result<(), UINT> {
        if self.count == 0 || self.owner != who {
            return Err(TX_NOT_OWNED);
        }
        self.count -= 1;
        Ok(())
    }
}

/// Releases whatever mutexes the thread with this token owns: it ends.
pub(super) fn release_all(who: u64) {
    for mutex in MUTEXES.all() {
        if mutex.look(|m| m.count > 0 && m.owner == who) {
            mutex.change(|m| m.count = 0);
        }
    }
}

/// # Safety
/// `mutex_ptr` is NULL or points to a control block.
unsafe fn mutex_at(mutex_ptr: *const TX_MUTEX) -> Result<Arc<Shared<Mutex>>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { MUTEXES.get(mutex_ptr) }.ok_or(TX_MUTEX_ERROR)
}

/// Creates a mutex. Priority inheritance is noted, not done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_mutex_create(
    mutex_ptr: *mut TX_MUTEX,
    name_ptr: *mut CHAR,
    inherit: UINT,
    mutex_control_block_size: UINT,
) -> UINT {
    service("tx_mutex_create", TX_MUTEX_ERROR, || {
        if !size_is_ours(mutex_control_block_size) {
            return Err(TX_MUTEX_ERROR);
        }
        if inherit != TX_INHERIT && inherit != TX_NO_INHERIT {
            return Err(TX_INHERIT_ERROR);
        }
        let mutex = Shared::new(Mutex { name: name_ptr as usize, owner: 0, count: 0 });
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            MUTEXES.create(mutex_ptr, mutex).map_err(|_| TX_MUTEX_ERROR)?;
            (*mutex_ptr).tx_mutex_name = name_ptr;
        }
        Ok(())
    })
}

/// Deletes a mutex; threads that wait for it get TX_DELETED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_mutex_delete(mutex_ptr: *mut TX_MUTEX) -> UINT {
    service("tx_mutex_delete", TX_MUTEX_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { MUTEXES.remove(mutex_ptr) }.map(|mutex| mutex.delete()).ok_or(TX_MUTEX_ERROR)
    })
}

/// Gets the mutex, waiting for it so many ticks. Its owner may get it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_mutex_get(mutex_ptr: *mut TX_MUTEX, wait_option: ULONG) -> UINT {
    service("tx_mutex_get", TX_MUTEX_ERROR, || {
        // SAFETY: the caller's promise.
        let mutex = unsafe { mutex_at(mutex_ptr) }?;
        let who = thread::token();
        mutex
            .wait(patience(wait_option)?, TX_MUTEX_SUSP, |mutex| mutex.get(who))
            .map_err(|why| stopped(why, TX_NOT_AVAILABLE))
    })
}

/// Puts the mutex back; TX_NOT_OWNED when it is another thread's or nobody's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_mutex_put(mutex_ptr: *mut TX_MUTEX) -> UINT {
    service("tx_mutex_put", TX_MUTEX_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { mutex_at(mutex_ptr) }.and_then(|mutex| mutex.change(|mutex| mutex.put(thread::token())))
    })
}

/// The name and how often the owner has the mutex. Each pointer may be NULL. Owner and waiting threads are not told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_mutex_info_get(
    mutex_ptr: *mut TX_MUTEX,
    name: *mut *mut CHAR,
    count: *mut ULONG,
    owner: *mut *mut TX_THREAD,
    first_suspended: *mut *mut TX_THREAD,
    suspended_count: *mut ULONG,
    next_mutex: *mut *mut TX_MUTEX,
) -> UINT {
    boundary("tx_mutex_info_get", TX_MUTEX_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(mutex) = (unsafe { mutex_at(mutex_ptr) }) else { return TX_MUTEX_ERROR };
        let (its_name, its_count) = mutex.look(|mutex| (mutex.name, mutex.count));
        unsafe {
            write_out(name, its_name as *mut CHAR);
            write_out(count, its_count);
            write_out(owner, std::ptr::null_mut());
            write_out(first_suspended, std::ptr::null_mut());
            write_out(suspended_count, 0);
            write_out(next_mutex, std::ptr::null_mut());
        }
        TX_SUCCESS
    })
}
