//! `nx_packet_pool_...`. The engine brings its own buffers, so a pool is checked and kept, and no packet is ever taken
//! from it.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::nx_codes::*;
use super::nx_types::*;
use super::service;
use super::types::*;
use crate::capi::write_out;
use crate::faces::placed::Placed;

struct PacketPool {
    packets: ULONG,
}

static POOLS: Placed<PacketPool> = Placed::new(NX_PACKET_POOL_ID);

/// Whether a packet pool stands at `pool_ptr`: one of this layer or one that a real NetX made.
///
/// # Safety
/// `pool_ptr` is NULL or points to a control block.
pub(crate) unsafe fn is_packet_pool(pool_ptr: *const NX_PACKET_POOL) -> bool {
    // SAFETY: the caller's promise.
    unsafe { POOLS.is_marked(pool_ptr) }
}

/// Creates a pool of packets of `payload_size` bytes in `pool_size` bytes of the program's memory, which is left alone.
/// NX_SIZE_ERROR when not one packet fits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_packet_pool_create(
    pool_ptr: *mut NX_PACKET_POOL,
    name: *mut CHAR,
    payload_size: ULONG,
    pool_start: *mut VOID,
    pool_size: ULONG,
    pool_control_block_size: UINT,
) -> UINT {
    service("nx_packet_pool_create", NX_PTR_ERROR, || {
        if pool_start.is_null() || !size_is_ours(pool_control_block_size) {
            return Err(NX_PTR_ERROR);
        }
        let packet = payload_size.checked_add(NX_PACKET_HEADER_SIZE).ok_or(NX_SIZE_ERROR)?;
        let packets = pool_size / packet;
        if payload_size == 0 || packets == 0 {
            return Err(NX_SIZE_ERROR);
        }
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            POOLS.create(pool_ptr, PacketPool { packets }).map_err(|_| NX_PTR_ERROR)?;
            (*pool_ptr).nx_packet_pool_name = name;
        }
        Ok(())
    })
}

/// Deletes a packet pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_packet_pool_delete(pool_ptr: *mut NX_PACKET_POOL) -> UINT {
    service("nx_packet_pool_delete", NX_PTR_ERROR, || {
        if !super::is_thread_context() {
            return Err(NX_CALLER_ERROR);
        }
        // SAFETY: the caller's promise.
        unsafe { POOLS.remove(pool_ptr) }.map(drop).ok_or(NX_PTR_ERROR)
    })
}

/// How many packets the pool has; all of them are always free. Each pointer may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_packet_pool_info_get(
    pool_ptr: *mut NX_PACKET_POOL,
    total_packets: *mut ULONG,
    free_packets: *mut ULONG,
    empty_pool_requests: *mut ULONG,
    empty_pool_suspensions: *mut ULONG,
    invalid_packet_releases: *mut ULONG,
) -> UINT {
    service("nx_packet_pool_info_get", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let pool = unsafe { POOLS.get(pool_ptr) }.ok_or(NX_PTR_ERROR)?;
        unsafe {
            write_out(total_packets, pool.packets);
            write_out(free_packets, pool.packets);
            write_out(empty_pool_requests, 0);
            write_out(empty_pool_suspensions, 0);
            write_out(invalid_packet_releases, 0);
        }
        Ok(())
    })
}
