//! `tx_semaphore_...`: counting semaphores.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{patience, service, stopped};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use std::sync::Arc;

struct Semaphore {
    name: usize,
    count: u32,
}

static SEMAPHORES: Placed<Shared<Semaphore>> = Placed::new(TX_SEMAPHORE_ID);

/// # Safety
/// `semaphore_ptr` is NULL or points to a control block.
unsafe fn semaphore_at(semaphore_ptr: *const TX_SEMAPHORE) -> Result<Arc<Shared<Semaphore>>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { SEMAPHORES.get(semaphore_ptr) }.ok_or(TX_SEMAPHORE_ERROR)
}

/// Creates a semaphore with `initial_count` instances.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_semaphore_create(
    semaphore_ptr: *mut TX_SEMAPHORE,
    name_ptr: *mut CHAR,
    initial_count: ULONG,
    semaphore_control_block_size: UINT,
) -> UINT {
    service("tx_semaphore_create", TX_SEMAPHORE_ERROR, || {
        if !size_is_ours(semaphore_control_block_size) {
            return Err(TX_SEMAPHORE_ERROR);
        }
        let semaphore = Shared::new(Semaphore { name: name_ptr as usize, count: initial_count });
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            SEMAPHORES.create(semaphore_ptr, semaphore).map_err(|_| TX_SEMAPHORE_ERROR)?;
            (*semaphore_ptr).tx_semaphore_name = name_ptr;
        }
        Ok(())
    })
}

/// Deletes a semaphore; threads that wait for it get TX_DELETED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_semaphore_delete(semaphore_ptr: *mut TX_SEMAPHORE) -> UINT {
    service("tx_semaphore_delete", TX_SEMAPHORE_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { SEMAPHORES.remove(semaphore_ptr) }.map(|s| s.delete()).ok_or(TX_SEMAPHORE_ERROR)
    })
}

/// Takes an instance, waiting for one so many ticks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_semaphore_get(semaphore_ptr: *mut TX_SEMAPHORE, wait_option: ULONG) -> UINT {
    service("tx_semaphore_get", TX_SEMAPHORE_ERROR, || {
        // SAFETY: the caller's promise.
        let semaphore = unsafe { semaphore_at(semaphore_ptr) }?;
        semaphore
            .wait(patience(wait_option)?, TX_SEMAPHORE_SUSP, |semaphore| {
                semaphore.count = semaphore.count.checked_sub(1)?;
                Some(())
            })
            .map_err(|why| stopped(why, TX_NO_INSTANCE))
    })
}

/// Puts an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_semaphore_put(semaphore_ptr: *mut TX_SEMAPHORE) -> UINT {
    service("tx_semaphore_put", TX_SEMAPHORE_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { semaphore_at(semaphore_ptr) }.map(|semaphore| {
            semaphore.change(|semaphore| semaphore.count = semaphore.count.wrapping_add(1));
        })
    })
}

/// Puts an instance unless there are `ceiling` of them already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_semaphore_ceiling_put(semaphore_ptr: *mut TX_SEMAPHORE, ceiling: ULONG) -> UINT {
    service("tx_semaphore_ceiling_put", TX_SEMAPHORE_ERROR, || {
        // SAFETY: the caller's promise.
        let semaphore = unsafe { semaphore_at(semaphore_ptr) }?;
        if ceiling == 0 {
            return Err(TX_INVALID_CEILING);
        }
        semaphore.change(|semaphore| {
            if semaphore.count >= ceiling {
                return Err(TX_CEILING_EXCEEDED);
            }
            semaphore.count += 1;
            Ok(())
        })
    })
}

/// The name and the count. Each pointer may be NULL. Waiting threads are not told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_semaphore_info_get(
    semaphore_ptr: *mut TX_SEMAPHORE,
    name: *mut *mut CHAR,
    current_value: *mut ULONG,
    first_suspended: *mut *mut TX_THREAD,
    suspended_count: *mut ULONG,
    next_semaphore: *mut *mut TX_SEMAPHORE,
) -> UINT {
    boundary("tx_semaphore_info_get", TX_SEMAPHORE_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(semaphore) = (unsafe { semaphore_at(semaphore_ptr) }) else { return TX_SEMAPHORE_ERROR };
        let (its_name, count) = semaphore.look(|semaphore| (semaphore.name, semaphore.count));
        unsafe {
            write_out(name, its_name as *mut CHAR);
            write_out(current_value, count);
            write_out(first_suspended, std::ptr::null_mut());
            write_out(suspended_count, 0);
            write_out(next_semaphore, std::ptr::null_mut());
        }
        TX_SUCCESS
    })
}
