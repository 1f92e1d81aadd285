//! `tx_queue_...`: messages of 1 to 16 ULONGs, first in, first out.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::tx_codes::*;
use super::tx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{patience, service, stopped};
use crate::capi::{boundary, write_out};
use crate::faces::placed::Placed;
use std::collections::VecDeque;
use std::sync::Arc;

/// The longest message, in ULONGs.
const LONGEST: usize = 16;

type Message = [ULONG; LONGEST];

struct Queue {
    name: usize,
    /// Messages that fit into the memory which the program gave.
    capacity: usize,
    messages: VecDeque<Message>,
}

/// A queue and the length of its messages, which never changes.
struct Sized {
    words: usize,
    queue: Arc<Shared<Queue>>,
}

static QUEUES: Placed<Sized> = Placed::new(TX_QUEUE_ID);

/// # Safety
/// `queue_ptr` is NULL or points to a control block.
unsafe fn queue_at(queue_ptr: *const TX_QUEUE) -> Result<Arc<Sized>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { QUEUES.get(queue_ptr) }.ok_or(TX_QUEUE_ERROR)
}

/// Creates a queue of messages of `message_size` ULONGs, as many as `queue_size` bytes hold. The memory is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_create(
    queue_ptr: *mut TX_QUEUE,
    name_ptr: *mut CHAR,
    message_size: UINT,
    queue_start: *mut VOID,
    queue_size: ULONG,
    queue_control_block_size: UINT,
) -> UINT {
    service("tx_queue_create", TX_QUEUE_ERROR, || {
        if !size_is_ours(queue_control_block_size) {
            return Err(TX_QUEUE_ERROR);
        }
        if queue_start.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let words = message_size as usize;
        let capacity = (queue_size as usize / 4).checked_div(words).unwrap_or(0);
        if words > LONGEST || capacity == 0 {
            return Err(TX_SIZE_ERROR);
        }
        let queue = Queue { name: name_ptr as usize, capacity, messages: VecDeque::new() };
        let queue = Sized { words, queue: Arc::new(Shared::new(queue)) };
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            QUEUES.create(queue_ptr, queue).map_err(|_| TX_QUEUE_ERROR)?;
            (*queue_ptr).tx_queue_name = name_ptr;
        }
        Ok(())
    })
}

/// Deletes a queue; threads that wait for it get TX_DELETED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_delete(queue_ptr: *mut TX_QUEUE) -> UINT {
    service("tx_queue_delete", TX_QUEUE_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { QUEUES.remove(queue_ptr) }.map(|sized| sized.queue.delete()).ok_or(TX_QUEUE_ERROR)
    })
}

/// Empties a queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_flush(queue_ptr: *mut TX_QUEUE) -> UINT {
    service("tx_queue_flush", TX_QUEUE_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { queue_at(queue_ptr) }.map(|sized| sized.queue.change(|queue| queue.messages.clear()))
    })
}

/// # Safety
/// `queue_ptr` is NULL or points to a control block, `source_ptr` NULL or to a message.
unsafe fn send(
    queue_ptr: *mut TX_QUEUE,
    source_ptr: *mut VOID,
    wait_option: ULONG,
    add: fn(&mut VecDeque<Message>, Message),
) -> Result<(), UINT> {
    // SAFETY: the caller's promise.
    let sized = unsafe { queue_at(queue_ptr) }?;
    if source_ptr.is_null() {
        return Err(TX_PTR_ERROR);
    }
    let mut message = [0; LONGEST];
    // SAFETY: the caller's promise: a message of this queue's length; `words` is at most LONGEST.
    unsafe { message.as_mut_ptr().cast::<u8>().copy_from(source_ptr.cast(), sized.words * size_of::<ULONG>()) };
    sized
        .queue
        .wait(patience(wait_option)?, TX_QUEUE_SUSP, |queue| {
            (queue.messages.len() < queue.capacity).then(|| add(&mut queue.messages, message))
        })
        .map_err(|why| stopped(why, TX_QUEUE_FULL))
}

/// Sends a message, waiting for room so many ticks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_send(
    queue_ptr: *mut TX_QUEUE,
    source_ptr: *mut VOID,
    wait_option: ULONG,
) -> UINT {
    service("tx_queue_send", TX_QUEUE_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { send(queue_ptr, source_ptr, wait_option, VecDeque::push_back) }
    })
}

/// Sends a message before all that wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_front_send(
    queue_ptr: *mut TX_QUEUE,
    source_ptr: *mut VOID,
    wait_option: ULONG,
) -> UINT {
    service("tx_queue_front_send", TX_QUEUE_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { send(queue_ptr, source_ptr, wait_option, VecDeque::push_front) }
    })
}

/// Receives the oldest message, waiting for one so many ticks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_receive(
    queue_ptr: *mut TX_QUEUE,
    destination_ptr: *mut VOID,
    wait_option: ULONG,
) -> UINT {
    service("tx_queue_receive", TX_QUEUE_ERROR, || {
        // SAFETY: the caller's promise.
        let sized = unsafe { queue_at(queue_ptr) }?;
        if destination_ptr.is_null() {
            return Err(TX_PTR_ERROR);
        }
        let message = sized
            .queue
            .wait(patience(wait_option)?, TX_QUEUE_SUSP, |queue| queue.messages.pop_front())
            .map_err(|why| stopped(why, TX_QUEUE_EMPTY))?;
        // SAFETY: the caller's promise: room for a message of this queue's length.
        unsafe {
            destination_ptr.cast::<u8>().copy_from(message.as_ptr().cast(), sized.words * size_of::<ULONG>());
        }
        Ok(())
    })
}

/// The name, the messages that wait and the room that is left. Each pointer may be NULL. Waiting threads are not told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_tx_queue_info_get(
    queue_ptr: *mut TX_QUEUE,
    name: *mut *mut CHAR,
    enqueued: *mut ULONG,
    available_storage: *mut ULONG,
    first_suspended: *mut *mut TX_THREAD,
    suspended_count: *mut ULONG,
    next_queue: *mut *mut TX_QUEUE,
) -> UINT {
    boundary("tx_queue_info_get", TX_QUEUE_ERROR, || {
        // SAFETY: the caller's promise, for this and all that follows.
        let Ok(sized) = (unsafe { queue_at(queue_ptr) }) else { return TX_QUEUE_ERROR };
        let (its_name, waiting, room) = sized.queue.look(|queue| {
            let waiting = queue.messages.len();
            (queue.name, waiting as ULONG, (queue.capacity - waiting) as ULONG)
        });
        unsafe {
            write_out(name, its_name as *mut CHAR);
            write_out(enqueued, waiting);
            write_out(available_storage, room);
            write_out(first_suspended, std::ptr::null_mut());
            write_out(suspended_count, 0);
            write_out(next_queue, std::ptr::null_mut());
        }
        TX_SUCCESS
    })
}
