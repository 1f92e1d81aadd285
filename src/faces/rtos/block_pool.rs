//! `tx_block_...`: blocks of one size out of the memory that the program gave. The bookkeeping stands outside of that
//! memory.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{patience, service, stopped};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use std::collections::HashSet;
use std::sync::Arc;

/// Which blocks are free.
struct Blocks {
    name: usize,
    /// Given back, to be taken before a fresh one.
    returned: Vec<usize>,
    /// Blocks from here on were never taken.
    fresh: usize,
    taken: HashSet<usize>,
}

/// A block pool: where its memory lies, which never changes, and what is free of it.
struct Pool {
    start: usize,
    stride: usize,
    total: usize,
    blocks: Arc<Shared<Blocks>>,
}

static POOLS: Placed<Pool> = Placed::new(TX_BLOCK_POOL_ID);

impl Blocks {
    fn take(&mut self, total: usize) -> Option<usize> {
        let index = self.returned.pop().or_else(|| {
            let fresh = self.fresh;
            (fresh < total).then(|| {
                self.fresh += 1;
                fresh
            })
        })?;
        self.taken.insert(index);
        Some(index)
    }

    fn give_back(&mut self, index: usize) -> bool {
        let was_taken = self.taken.remove(&index);
        if was_taken {
            self.returned.push(index);
        }
        was_taken
    }
}

/// # Safety
/// `pool_ptr` is NULL or points to a control block.
unsafe fn pool_at(pool_ptr: *const TX_BLOCK_POOL) -> Result<Arc<Pool>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { POOLS.get(pool_ptr) }.ok_or(TX_POOL_ERROR)
}

/// Creates a pool of blocks of `block_size` bytes in `pool_size` bytes of the program's memory; each block takes one
/// pointer more than its size, as in the original.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_block_pool_create(
    pool_ptr: *mut TX_BLOCK_POOL,
    name_ptr: *mut CHAR,
    block_size: ULONG,
    pool_start: *mut VOID,
    pool_size: ULONG,
    pool_control_block_size: UINT,
) -> UINT {
    service("tx_block_pool_create", TX_POOL_ERROR, || {
        const WORD: usize = size_of::<*mut VOID>();
        if !size_is_ours(pool_control_block_size) {
            return Err(TX_POOL_ERROR);
        }
        if pool_start.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let skipped = (pool_start as usize).wrapping_neg() % WORD;
        let size = (pool_size as usize).saturating_sub(skipped);
        let stride = (block_size as usize).checked_next_multiple_of(WORD).and_then(|size| size.checked_add(WORD));
        let stride = stride.filter(|_| block_size > 0).ok_or(TX_SIZE_ERROR)?;
        let total = size / stride;
        if total == 0 {
            return Err(TX_SIZE_ERROR);
        }
        let blocks = Blocks { name: name_ptr as usize, returned: Vec::new(), fresh: 0, taken: HashSet::new() };
        let pool = Pool { start: pool_start as usize + skipped, stride, total, blocks: Arc::new(Shared::new(blocks)) };
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            POOLS.create(pool_ptr, pool).map_err(|_| TX_POOL_ERROR)?;
            (*pool_ptr).tx_block_pool_name = name_ptr;
        }
        Ok(())
    })
}

/// Deletes a block pool; threads that wait for a block get TX_DELETED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_block_pool_delete(pool_ptr: *mut TX_BLOCK_POOL) -> UINT {
    service("tx_block_pool_delete", TX_POOL_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { POOLS.remove(pool_ptr) }.map(|pool| pool.blocks.delete()).ok_or(TX_POOL_ERROR)
    })
}

/// Takes a block, waiting for one so many ticks. `*block_ptr` is NULL when there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_block_allocate(
    pool_ptr: *mut TX_BLOCK_POOL,
    block_ptr: *mut *mut VOID,
    wait_option: ULONG,
) -> UINT {
    service("tx_block_allocate", TX_POOL_ERROR, || {
        // SAFETY: the caller's promise.
        let pool = unsafe { pool_at(pool_ptr) }?;
        if block_ptr.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let taken = pool.blocks.wait(patience(wait_option)?, TX_BLOCK_MEMORY, |blocks| blocks.take(pool.total));
        let memory = taken.as_ref().map_or(0, |index| pool.start + index * pool.stride);
        // SAFETY: the caller's promise.
        unsafe { write_out(block_ptr, memory as *mut VOID) };
        taken.map(drop).map_err(|why| stopped(why, TX_NO_MEMORY))
    })
}

/// Gives a block back; TX_PTR_ERROR when no block pool has given it.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_tx_block_release(block_ptr: *mut VOID) -> UINT {
    service("tx_block_release", TX_PTR_ERROR, || {
        let address = block_ptr as usize;
        let belongs = |pool: &Arc<Pool>| (pool.start..pool.start + pool.total * pool.stride).contains(&address);
        let pool = POOLS.all().into_iter().find(belongs).ok_or(TX_PTR_ERROR)?;
        let offset = address - pool.start;
        let is_block =
            offset.is_multiple_of(pool.stride) && pool.blocks.change(|blocks| blocks.give_back(offset / pool.stride));
        if is_block { Ok(()) } else { Err(TX_PTR_ERROR) }
    })
}

/// The name, the blocks that are free and all blocks. Each pointer may be NULL. Waiting threads are not told.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn helo_rtos_tx_block_pool_info_get(
    pool_ptr: *mut TX_BLOCK_POOL,
    name: *mut *mut CHAR,
    available_blocks: *mut ULONG,
    total_blocks: *mut ULONG,
    first_suspended: *mut *mut TX_THREAD,
    suspended_count: *mut ULONG,
    next_pool: *mut *mut TX_BLOCK_POOL,
) -> UINT {
    boundary("tx_block_pool_info_get", TX_POOL_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(pool) = (unsafe { pool_at(pool_ptr) }) else { return TX_POOL_ERROR };
        let (its_name, taken) = pool.blocks.look(|blocks| (blocks.name, blocks.taken.len()));
        unsafe {
            write_out(name, its_name as *mut CHAR);
            write_out(available_blocks, (pool.total - taken) as ULONG);
            write_out(total_blocks, pool.total as ULONG);
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
    fn each_block_is_given_once_until_it_comes_back() {
        let mut blocks = Blocks { name: 0, returned: Vec::new(), fresh: 0, taken: HashSet::new() };
        assert_eq!((blocks.take(2), blocks.take(2), blocks.take(2)), (Some(0), Some(1), None));
        assert!(blocks.give_back(0) && !blocks.give_back(0) && !blocks.give_back(7));
        assert_eq!((blocks.take(2), blocks.take(2)), (Some(0), None));
    }
}
