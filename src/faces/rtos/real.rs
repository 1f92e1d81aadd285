//! In the place of the layer where ThreadX and NetX are the real ones (without the cargo feature `rtos`): what the NetX
//! faces need to know of them.
#![allow(unsafe_code)]

mod clock;
mod instance;
pub mod nx_codes;
pub mod nx_types;
pub mod tx_codes;
pub mod tx_types;
mod types;

pub(crate) use clock::duration;
pub(crate) use instance::{IpInstance, Network, ipv6};
pub(crate) use nx_types::{NX_IP, NX_PACKET_POOL, NXD_ADDRESS};
pub(crate) use types::{CHAR, UINT, ULONG};

use super::placed::Placed;
use crate::net::ram::RamNetwork;
use nx_codes::{NX_IP_ID, NX_PACKET_POOL_ID};
use std::net::Ipv4Addr;

static INSTANCES: Placed<()> = Placed::new(NX_IP_ID);
static POOLS: Placed<()> = Placed::new(NX_PACKET_POOL_ID);

/// The IP instance at `ip_ptr`, if there is one.
///
/// # Safety
/// `ip_ptr` is NULL or points to a control block.
pub(crate) unsafe fn ip_instance(ip_ptr: *const NX_IP) -> Option<IpInstance> {
    // SAFETY: the caller's promise.
    unsafe { INSTANCES.is_marked(ip_ptr) }.then_some(IpInstance {
        network: Network::Foreign,
        address: Ipv4Addr::UNSPECIFIED,
        tcp: true,
        ipv6: true,
    })
}

/// Whether there is a packet pool at `pool_ptr`.
///
/// # Safety
/// `pool_ptr` is NULL or points to a control block.
pub(crate) unsafe fn is_packet_pool(pool_ptr: *const NX_PACKET_POOL) -> bool {
    // SAFETY: the caller's promise.
    unsafe { POOLS.is_marked(pool_ptr) }
}

/// Only the real ThreadX knows its threads; it starts them after the initialisation.
pub(crate) fn is_thread_context() -> bool {
    true
}

/// The real ThreadX stops its threads itself.
pub(crate) fn checkpoint() {}

/// A network of nobody: the instances of a real NetX are not on it.
pub(crate) fn ram_network() -> RamNetwork {
    RamNetwork::new()
}
