//! `tx_byte_...`: memory of any size out of the memory that the program gave. The bookkeeping stands outside of that
//! memory, so that a program which writes past its block harms its own blocks only.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{patience, service, stopped};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Blocks begin and end at multiples of this, so that anything can stand in them.
const ALIGNMENT: usize = 16;

/// The free and the taken parts of a stretch of memory, in offsets.
struct Space {
    name: usize,
    free: BTreeMap<usize, usize>,
    taken: HashMap<usize, usize>,
}

/// A byte pool: where its memory lies, which never changes, and what is free of it.
struct Pool {
    start: usize,
    size: usize,
    space: Arc<Shared<Space>>,
}

static POOLS: Placed<Pool> = Placed::new(TX_BYTE_POOL_ID);

impl Space {
    fn new(name: usize, size: usize) -> Self {
        Space { name, free: BTreeMap::from([(0, size)]), taken: HashMap::new() }
    }

    /// The first free part that is large enough.
    fn take(&mut self, size: usize) -> Option<usize> {
        let size = size.max(1).checked_next_multiple_of(ALIGNMENT)?;
        let (offset, length) = self.free.iter().map(|(o, l)| (*o, *l)).find(|(_, length)| *length >= size)?;
        self.free.remove(&offset);
        if length > size {
            self.free.insert(offset + size, length - size);
        }
        self.taken.insert(offset, size);
        Some(offset)
    }

    /// Gives a part back and joins it with its free neighbours. False when none begins there.
    fn give_back(&mut self, offset: usize) -> bool {
        let Some(mut length) = self.taken.remove(&offset) else { return false };
        let mut start = offset;
        if let Some(next) = self.free.remove(&(offset + length)) {
            length += next;
        }
        if let Some((&before, &its_length)) = self.free.range(..offset).next_back()
            && before + its_length == offset
        {
            start = before;
            length += its_length;
        }
        self.free.insert(start, length);
        true
    }

    fn available(&self) -> usize {
        self.free.values().sum()
    }
}

/// # Safety
/// `pool_ptr` is NULL or points to a control block.
unsafe fn pool_at(pool_ptr: *const TX_BYTE_POOL) -> Result<Arc<Pool>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { POOLS.get(pool_ptr) }.ok_or(TX_POOL_ERROR)
}

/// Creates a byte pool in `pool_size` bytes of the program's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_byte_pool_create(
    pool_ptr: *mut TX_BYTE_POOL,
    name_ptr: *mut CHAR,
    pool_start: *mut VOID,
    pool_size: ULONG,
    pool_control_block_size: UINT,
) -> UINT {
    service("tx_byte_pool_create", TX_POOL_ERROR, || {
        if !size_is_ours(pool_control_block_size) {
            return Err(TX_POOL_ERROR);
        }
        if pool_start.is_null() {
            return Err(TX_PTR_ERROR);
        }
        if pool_size < TX_BYTE_POOL_MIN {
            return Err(TX_SIZE_ERROR);
        }
        let skipped = (pool_start as usize).wrapping_neg() % ALIGNMENT;
        let size = (pool_size as usize - skipped) / ALIGNMENT * ALIGNMENT;
        let space = Arc::new(Shared::new(Space::new(name_ptr as usize, size)));
        let pool = Pool { start: pool_start as usize + skipped, size, space };
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            POOLS.create(pool_ptr, pool).map_err(|_| TX_POOL_ERROR)?;
            (*pool_ptr).tx_byte_pool_name = name_ptr;
        }
        Ok(())
    })
}

/// Deletes a byte pool; threads that wait for its memory get TX_DELETED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_byte_pool_delete(pool_ptr: *mut TX_BYTE_POOL) -> UINT {
    service("tx_byte_pool_delete", TX_POOL_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { POOLS.remove(pool_ptr) }.map(|pool| pool.space.delete()).ok_or(TX_POOL_ERROR)
    })
}

/// Takes `memory_size` bytes, waiting for them so many ticks. `*memory_ptr` is NULL when there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_byte_allocate(
    pool_ptr: *mut TX_BYTE_POOL,
    memory_ptr: *mut *mut VOID,
    memory_size: ULONG,
    wait_option: ULONG,
) -> UINT {
    service("tx_byte_allocate", TX_POOL_ERROR, || {
        // SAFETY: the caller's promise.
        let pool = unsafe { pool_at(pool_ptr) }?;
        if memory_ptr.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let size = memory_size as usize;
        if size == 0 || size > pool.size {
            return Err(TX_SIZE_ERROR);
        }
        let taken = pool.space.wait(patience(wait_option)?, TX_BYTE_MEMORY, |space| space.take(size));
        let memory = taken.as_ref().map_or(0, |offset| pool.start + offset);
        // SAFETY: the caller's promise.
        unsafe { write_out(memory_ptr, memory as *mut VOID) };
        taken.map(drop).map_err(|why| stopped(why, TX_NO_MEMORY))
    })
}

/// Gives memory back; TX_PTR_ERROR when no byte pool has given it.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_byte_release(memory_ptr: *mut VOID) -> UINT {
    service("tx_byte_release", TX_PTR_ERROR, || {
        let address = memory_ptr as usize;
        let pool = POOLS.all().into_iter().find(|pool| (pool.start..pool.start + pool.size).contains(&address));
        let pool = pool.ok_or(TX_PTR_ERROR)?;
        if pool.space.change(|space| space.give_back(address - pool.start)) { Ok(()) } else { Err(TX_PTR_ERROR) }
    })
}

/// The name, the bytes that are free and in how many pieces. Each pointer may be NULL. Waiting threads are not told.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn helo_rtos_tx_byte_pool_info_get(
    pool_ptr: *mut TX_BYTE_POOL,
    name: *mut *mut CHAR,
    available_bytes: *mut ULONG,
    fragments: *mut ULONG,
    first_suspended: *mut *mut TX_THREAD,
    suspended_count: *mut ULONG,
    next_pool: *mut *mut TX_BYTE_POOL,
) -> UINT {
    boundary("tx_byte_pool_info_get", TX_POOL_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(pool) = (unsafe { pool_at(pool_ptr) }) else { return TX_POOL_ERROR };
        let (its_name, available, pieces) =
            pool.space.look(|space| (space.name, space.available(), space.free.len() + space.taken.len()));
        unsafe {
            write_out(name, its_name as *mut CHAR);
            write_out(available_bytes, available as ULONG);
            write_out(fragments, pieces as ULONG);
            write_out(first_suspended, std::ptr::null_mut());
            write_out(suspended_count, 0);
            write_out(next_pool, std::ptr::null_mut());
        }
        TX_SUCCESS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again_as_a_whole() {
        let mut space = Space::new(0, 160);
        let parts: Vec<_> = (0..10).map(|_| space.take(1).unwrap()).collect();
        assert_eq!(space.take(1), None);
        for offset in parts.iter().rev().step_by(2).chain(parts.iter().step_by(2)) {
            assert!(space.give_back(*offset));
        }
        assert_eq!((space.free.len(), space.available()), (1, 160));
        assert_eq!(space.take(160), Some(0));
        assert!(!space.give_back(16) && space.give_back(0) && !space.give_back(0));
    }
}
