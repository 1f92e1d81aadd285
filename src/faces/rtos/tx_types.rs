//! The control blocks of `tx_api.h`: the magic number and the name; the rest is the library's.
#![allow(non_camel_case_types, non_snake_case, clippy::upper_case_acronyms)]

use super::types::*;

/// A thread's control block, allocated by the program, filled by `tx_thread_create`.
#[repr(C)]
pub struct TX_THREAD_STRUCT {
    /// `TX_THREAD_ID` while the thread exists.
    pub tx_thread_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_thread_name: *mut CHAR,
}
/// A thread's control block.
pub type TX_THREAD = TX_THREAD_STRUCT;

/// A mutex's control block, filled by `tx_mutex_create`.
#[repr(C)]
pub struct TX_MUTEX_STRUCT {
    /// `TX_MUTEX_ID` while the mutex exists.
    pub tx_mutex_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_mutex_name: *mut CHAR,
}
/// A mutex's control block.
pub type TX_MUTEX = TX_MUTEX_STRUCT;

/// A counting semaphore's control block, filled by `tx_semaphore_create`.
#[repr(C)]
pub struct TX_SEMAPHORE_STRUCT {
    /// `TX_SEMAPHORE_ID` while the semaphore exists.
    pub tx_semaphore_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_semaphore_name: *mut CHAR,
}
/// A counting semaphore's control block.
pub type TX_SEMAPHORE = TX_SEMAPHORE_STRUCT;

/// An event flags group's control block, filled by `tx_event_flags_create`.
#[repr(C)]
pub struct TX_EVENT_FLAGS_GROUP_STRUCT {
    /// `TX_EVENT_FLAGS_ID` while the group exists.
    pub tx_event_flags_group_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_event_flags_group_name: *mut CHAR,
}
/// An event flags group's control block.
pub type TX_EVENT_FLAGS_GROUP = TX_EVENT_FLAGS_GROUP_STRUCT;

/// A message queue's control block, filled by `tx_queue_create`.
#[repr(C)]
pub struct TX_QUEUE_STRUCT {
    /// `TX_QUEUE_ID` while the queue exists.
    pub tx_queue_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_queue_name: *mut CHAR,
}
/// A message queue's control block.
pub type TX_QUEUE = TX_QUEUE_STRUCT;

/// A byte pool's control block, filled by `tx_byte_pool_create`.
#[repr(C)]
pub struct TX_BYTE_POOL_STRUCT {
    /// `TX_BYTE_POOL_ID` while the pool exists.
    pub tx_byte_pool_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_byte_pool_name: *mut CHAR,
}
/// A byte pool's control block.
pub type TX_BYTE_POOL = TX_BYTE_POOL_STRUCT;

/// A block pool's control block, filled by `tx_block_pool_create`.
#[repr(C)]
pub struct TX_BLOCK_POOL_STRUCT {
    /// `TX_BLOCK_POOL_ID` while the pool exists.
    pub tx_block_pool_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub tx_block_pool_name: *mut CHAR,
}
/// A block pool's control block.
pub type TX_BLOCK_POOL = TX_BLOCK_POOL_STRUCT;
/// What a thread runs.
pub(crate) type ThreadEntry = unsafe extern "C" fn(ULONG);

assert_control_blocks! {
    TX_THREAD TX_MUTEX TX_SEMAPHORE TX_EVENT_FLAGS_GROUP TX_QUEUE TX_BYTE_POOL TX_BLOCK_POOL
}
