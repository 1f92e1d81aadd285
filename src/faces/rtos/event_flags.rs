//! `tx_event_flags_...`: 32 flags that threads set and wait for.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{patience, service, stopped};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use std::sync::Arc;

struct Flags {
    name: usize,
    set: u32,
}

static GROUPS: Placed<Shared<Flags>> = Placed::new(TX_EVENT_FLAGS_ID);

impl Flags {
    /// The flags that are set, if they satisfy what is asked for.
    fn take(&mut self, asked: u32, option: u32) -> Option<u32> {
        let (all, clear) = (option & TX_AND != 0, option & TX_OR_CLEAR != 0);
        let there = self.set & asked;
        if there == 0 || (all && there != asked) {
            return None;
        }
        let set = self.set;
        if clear {
            self.set &= !asked;
        }
        Some(set)
    }
}

/// # Safety
/// `group_ptr` is NULL or points to a control block.
unsafe fn group_at(group_ptr: *const TX_EVENT_FLAGS_GROUP) -> Result<Arc<Shared<Flags>>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { GROUPS.get(group_ptr) }.ok_or(TX_GROUP_ERROR)
}

/// Creates a group of event flags, none of them set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_event_flags_create(
    group_ptr: *mut TX_EVENT_FLAGS_GROUP,
    name_ptr: *mut CHAR,
    event_control_block_size: UINT,
) -> UINT {
    service("tx_event_flags_create", TX_GROUP_ERROR, || {
        if !size_is_ours(event_control_block_size) {
            return Err(TX_GROUP_ERROR);
        }
        let group = Shared::new(Flags { name: name_ptr as usize, set: 0 });
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            GROUPS.create(group_ptr, group).map_err(|_| TX_GROUP_ERROR)?;
            (*group_ptr).tx_event_flags_group_name = name_ptr;
        }
        Ok(())
    })
}

/// Deletes a group; threads that wait for it get TX_DELETED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_event_flags_delete(group_ptr: *mut TX_EVENT_FLAGS_GROUP) -> UINT {
    service("tx_event_flags_delete", TX_GROUP_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { GROUPS.remove(group_ptr) }.map(|group| group.delete()).ok_or(TX_GROUP_ERROR)
    })
}

/// Sets flags (TX_OR) or keeps only those given (TX_AND).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_event_flags_set(
    group_ptr: *mut TX_EVENT_FLAGS_GROUP,
    flags_to_set: ULONG,
    set_option: UINT,
) -> UINT {
    service("tx_event_flags_set", TX_GROUP_ERROR, || {
        // SAFETY: the caller's promise.
        let group = unsafe { group_at(group_ptr) }?;
        match set_option {
            TX_OR => group.change(|flags| flags.set |= flags_to_set),
            TX_AND => group.change(|flags| flags.set &= flags_to_set),
            _ => return Err(TX_OPTION_ERROR),
        }
        Ok(())
    })
}

/// Waits so many ticks for flags: any of those asked for (TX_OR) or all (TX_AND), cleared then or not. All flags that
/// were set are written to `actual_flags_ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_event_flags_get(
    group_ptr: *mut TX_EVENT_FLAGS_GROUP,
    requested_flags: ULONG,
    get_option: UINT,
    actual_flags_ptr: *mut ULONG,
    wait_option: ULONG,
) -> UINT {
    service("tx_event_flags_get", TX_GROUP_ERROR, || {
        // SAFETY: the caller's promise.
        let group = unsafe { group_at(group_ptr) }?;
        if actual_flags_ptr.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let patience = patience(wait_option)?;
        if get_option > TX_AND_CLEAR {
            return Err(TX_OPTION_ERROR);
        }
        let flags = group
            .wait(patience, TX_EVENT_FLAG, |flags| flags.take(requested_flags, get_option))
            .map_err(|why| stopped(why, TX_NO_EVENTS))?;
        // SAFETY: the caller's promise.
        unsafe { write_out(actual_flags_ptr, flags) };
        Ok(())
    })
}

/// The name and the flags that are set. Each pointer may be NULL. Waiting threads are not told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_event_flags_info_get(
    group_ptr: *mut TX_EVENT_FLAGS_GROUP,
    name: *mut *mut CHAR,
    current_flags: *mut ULONG,
    first_suspended: *mut *mut TX_THREAD,
    suspended_count: *mut ULONG,
    next_group: *mut *mut TX_EVENT_FLAGS_GROUP,
) -> UINT {
    boundary("tx_event_flags_info_get", TX_GROUP_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(group) = (unsafe { group_at(group_ptr) }) else { return TX_GROUP_ERROR };
        let (its_name, set) = group.look(|flags| (flags.name, flags.set));
        unsafe {
            write_out(name, its_name as *mut CHAR);
            write_out(current_flags, set);
            write_out(first_suspended, std::ptr::null_mut());
            write_out(suspended_count, 0);
            write_out(next_group, std::ptr::null_mut());
        }
        TX_SUCCESS
    })
}
