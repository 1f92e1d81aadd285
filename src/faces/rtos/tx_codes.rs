//! Status codes and constants of ThreadX, with the values of its headers. `tx_api.h` defines them from here.

// ThreadX: status codes

/// 0x00: Done.
pub const TX_SUCCESS: u32 = 0x00;
/// 0x01: The object was deleted while the thread waited for it.
pub const TX_DELETED: u32 = 0x01;
/// 0x02: Not a byte or block pool.
pub const TX_POOL_ERROR: u32 = 0x02;
/// 0x03: A pointer is NULL or not what it should be.
pub const TX_PTR_ERROR: u32 = 0x03;
/// 0x04: Waiting is not possible here.
pub const TX_WAIT_ERROR: u32 = 0x04;
/// 0x05: A size is too small or too large.
pub const TX_SIZE_ERROR: u32 = 0x05;
/// 0x06: Not an event flags group.
pub const TX_GROUP_ERROR: u32 = 0x06;
/// 0x07: The event flags did not come in time.
pub const TX_NO_EVENTS: u32 = 0x07;
/// 0x08: An option has no such value.
pub const TX_OPTION_ERROR: u32 = 0x08;
/// 0x09: Not a queue.
pub const TX_QUEUE_ERROR: u32 = 0x09;
/// 0x0A: No message came in time.
pub const TX_QUEUE_EMPTY: u32 = 0x0A;
/// 0x0B: No room came free in time.
pub const TX_QUEUE_FULL: u32 = 0x0B;
/// 0x0C: Not a semaphore.
pub const TX_SEMAPHORE_ERROR: u32 = 0x0C;
/// 0x0D: The semaphore was not put in time.
pub const TX_NO_INSTANCE: u32 = 0x0D;
/// 0x0E: Not a thread.
pub const TX_THREAD_ERROR: u32 = 0x0E;
/// 0x0F: A priority is not below TX_MAX_PRIORITIES.
pub const TX_PRIORITY_ERROR: u32 = 0x0F;
/// 0x10: No memory came free in time, or the system has none for a thread.
pub const TX_NO_MEMORY: u32 = 0x10;
/// 0x10: Neither TX_AUTO_START nor TX_DONT_START.
pub const TX_START_ERROR: u32 = 0x10;
/// 0x11: The thread has not ended.
pub const TX_DELETE_ERROR: u32 = 0x11;
/// 0x12: The thread is not suspended.
pub const TX_RESUME_ERROR: u32 = 0x12;
/// 0x13: The service cannot be called from here.
pub const TX_CALLER_ERROR: u32 = 0x13;
/// 0x14: The thread has ended.
pub const TX_SUSPEND_ERROR: u32 = 0x14;
/// 0x18: The preemption threshold is lower than the priority.
pub const TX_THRESH_ERROR: u32 = 0x18;
/// 0x1A: Another thread ended the wait with tx_thread_wait_abort.
pub const TX_WAIT_ABORTED: u32 = 0x1A;
/// 0x1B: The thread does not wait.
pub const TX_WAIT_ABORT_ERROR: u32 = 0x1B;
/// 0x1C: Not a mutex.
pub const TX_MUTEX_ERROR: u32 = 0x1C;
/// 0x1D: The mutex did not come free in time.
pub const TX_NOT_AVAILABLE: u32 = 0x1D;
/// 0x1E: The mutex belongs to another thread.
pub const TX_NOT_OWNED: u32 = 0x1E;
/// 0x1F: Neither TX_INHERIT nor TX_NO_INHERIT.
pub const TX_INHERIT_ERROR: u32 = 0x1F;
/// 0x21: The semaphore stands at its ceiling.
pub const TX_CEILING_EXCEEDED: u32 = 0x21;
/// 0x22: A ceiling of 0.
pub const TX_INVALID_CEILING: u32 = 0x22;

// ThreadX: options, states and limits

/// Do not wait.
pub const TX_NO_WAIT: u32 = 0;
/// Wait as long as it takes.
pub(crate) const TX_WAIT_FOREVER: u32 = 0xFFFF_FFFF;
/// All of the flags.
pub const TX_AND: u32 = 2;
/// All of the flags, and clear them.
pub const TX_AND_CLEAR: u32 = 3;
/// Any of the flags.
pub const TX_OR: u32 = 0;
/// Any of the flags, and clear them.
pub const TX_OR_CLEAR: u32 = 1;
/// Messages of one ULONG.
pub const TX_1_ULONG: u32 = 1;
/// Messages of two.
pub const TX_2_ULONG: u32 = 2;
/// Messages of four.
pub const TX_4_ULONG: u32 = 4;
/// Messages of eight.
pub const TX_8_ULONG: u32 = 8;
/// Messages of sixteen.
pub const TX_16_ULONG: u32 = 16;
/// No time slice.
pub const TX_NO_TIME_SLICE: u32 = 0;
/// Start the thread at once.
pub const TX_AUTO_START: u32 = 1;
/// Start the thread with tx_thread_resume.
pub const TX_DONT_START: u32 = 0;
/// Priority inheritance: noted.
pub const TX_INHERIT: u32 = 1;
/// No priority inheritance.
pub const TX_NO_INHERIT: u32 = 0;
/// Priorities are 0 to 31.
pub const TX_MAX_PRIORITIES: u32 = 32;
/// The smallest stack that is accepted.
pub const TX_MINIMUM_STACK: u32 = 200;
/// The smallest byte pool.
pub const TX_BYTE_POOL_MIN: u32 = 100;
/// A thread's state: can run.
pub const TX_READY: u32 = 0;
/// A thread's state: its function returned.
pub const TX_COMPLETED: u32 = 1;
/// A thread's state: terminated.
pub const TX_TERMINATED: u32 = 2;
/// A thread's state: suspended or not started.
pub const TX_SUSPENDED: u32 = 3;
/// A thread's state: sleeps.
pub const TX_SLEEP: u32 = 4;
/// A thread's state: waits for a queue.
pub const TX_QUEUE_SUSP: u32 = 5;
/// A thread's state: waits for a semaphore.
pub const TX_SEMAPHORE_SUSP: u32 = 6;
/// A thread's state: waits for event flags.
pub const TX_EVENT_FLAG: u32 = 7;
/// A thread's state: waits for a block.
pub const TX_BLOCK_MEMORY: u32 = 8;
/// A thread's state: waits for bytes.
pub const TX_BYTE_MEMORY: u32 = 9;
/// A thread's state: waits for the network.
pub const TX_TCP_IP: u32 = 12;
/// A thread's state: waits for a mutex.
pub const TX_MUTEX_SUSP: u32 = 13;
/// Ticks in a second.
pub const TX_TIMER_TICKS_PER_SECOND: u32 = 100;
/// The magic number of a thread.
pub const TX_THREAD_ID: u32 = 0x5448_5244;
/// The magic number of a mutex.
pub const TX_MUTEX_ID: u32 = 0x4D55_5445;
/// The magic number of a semaphore.
pub const TX_SEMAPHORE_ID: u32 = 0x5345_4D41;
/// The magic number of an event flags group.
pub const TX_EVENT_FLAGS_ID: u32 = 0x4456_444E;
/// The magic number of a queue.
pub const TX_QUEUE_ID: u32 = 0x5155_4555;
/// The magic number of a byte pool.
pub const TX_BYTE_POOL_ID: u32 = 0x4259_5445;
/// The magic number of a block pool.
pub const TX_BLOCK_POOL_ID: u32 = 0x424C_4F43;
