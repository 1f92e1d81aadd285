//! The ThreadX and NetX names that a host lacks, as far as SMTP applications use them, on threads and sockets of the
//! host. The headers map every name to a symbol that begins with `helo_rtos_`, so a firmware with the real ThreadX and
//! NetX never meets this layer.
//!
//! - `thread`, `kernel`, `wait`, `clock`: threads, waiting and ticks;
//! - `api_thread`, `mutex`, `semaphore`, `event_flags`, `queue`, `byte_pool`, `block_pool`: `tx_api.h`;
//! - `packet_pool`, `ip`, `ip_address`: `nx_api.h`.
//!
//! What the NetX faces need of it is in this file: [`ip_instance`], [`is_packet_pool`], [`is_thread_context`]. Without the
//! cargo feature `rtos`, for firmware that has the real ones, `real.rs` stands in the place of this file.

mod api_thread;
mod block_pool;
mod byte_pool;
mod clock;
mod event_flags;
mod instance;
mod ip;
mod ip_address;
mod kernel;
mod mutex;
pub mod nx_codes;
pub mod nx_types;
mod packet_pool;
mod queue;
mod semaphore;
mod thread;
pub mod tx_codes;
pub mod tx_types;
mod types;
mod wait;

pub(crate) use clock::duration;
pub(crate) use instance::{IpInstance, Network, ipv6};
pub(crate) use ip::{ip_instance, ram_network};
pub(crate) use nx_types::{NX_IP, NX_PACKET_POOL, NXD_ADDRESS};
pub(crate) use packet_pool::is_packet_pool;
pub(crate) use thread::checkpoint;
pub(crate) use types::{CHAR, UINT, ULONG};

use crate::capi::boundary;
use clock::Patience;
use wait::Stopped;

/// Whether services that only threads may call can be called here. On a host `main` and the program's own threads count
/// as threads; only `tx_application_define` does not.
pub(crate) fn is_thread_context() -> bool {
    !thread::is_initialising()
}

/// Runs a service: its status is 0 or the error's.
fn service(name: &'static str, failure: u32, work: impl FnOnce() -> Result<(), u32>) -> u32 {
    boundary(name, failure, || work().err().unwrap_or(tx_codes::TX_SUCCESS))
}

/// A wait option. Nothing can be waited for while the system initialises.
fn patience(wait_option: u32) -> Result<Patience, u32> {
    if wait_option != tx_codes::TX_NO_WAIT && thread::is_initialising() {
        return Err(tx_codes::TX_WAIT_ERROR);
    }
    Ok(Patience::from_ticks(wait_option))
}

/// The status of a wait that ended without success; `late` when its time was over.
fn stopped(why: Stopped, late: u32) -> u32 {
    match why {
        Stopped::TimedOut => late,
        Stopped::Deleted => tx_codes::TX_DELETED,
        Stopped::Aborted => tx_codes::TX_WAIT_ABORTED,
    }
}

#[cfg(test)]
mod tests;
