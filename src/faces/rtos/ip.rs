//! `nx_ip_create` and what enables the parts of an IP instance. An instance is attached to one of two networks by its
//! driver: the host's, or the network inside the process that all instances with `_nx_ram_network_driver` share.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::nx_codes::*;
use super::nx_types::*;
use super::types::*;
use super::wait::Shared;
use super::{IpInstance, Network, patience, service};
use crate::capi::write_out;
use crate::faces::placed::Placed;
use crate::net::fork::Own;
use crate::net::ram::RamNetwork;
use std::cell::Cell;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// An instance as it stands.
pub(super) struct Ip {
    network: Network,
    pub(super) address: ULONG,
    pub(super) mask: ULONG,
    pub(super) gateway: ULONG,
    /// NX_IP_..._ENABLED and the like.
    state: ULONG,
    arp: bool,
    icmp: bool,
    pub(super) ipv6: bool,
    pub(super) ipv6_addresses: Vec<(Ipv6Addr, ULONG)>,
}

static INSTANCES: Placed<Shared<Ip>> = Placed::new(NX_IP_ID);

/// The network inside the process, which all instances with `_nx_ram_network_driver` share.
pub(crate) fn ram_network() -> RamNetwork {
    static RAM: Own<RamNetwork> = Own::new();
    RAM.lock().clone()
}

/// The smallest memory for an instance's thread and ARP cache that is accepted, as in the original.
const LEAST_STACK: ULONG = 200;
const LEAST_ARP_CACHE: ULONG = 52;

/// The IP instance at `ip_ptr`, if there is one: of this layer, or one that a real NetX made.
///
/// # Safety
/// `ip_ptr` is NULL or points to a control block.
pub(crate) unsafe fn ip_instance(ip_ptr: *const NX_IP) -> Option<IpInstance> {
    // SAFETY: the caller's promise.
    if let Some(ip) = unsafe { INSTANCES.get(ip_ptr) } {
        return Some(ip.look(|ip| IpInstance {
            network: ip.network,
            address: Ipv4Addr::from(ip.address),
            tcp: ip.state & NX_IP_TCP_ENABLED != 0,
            ipv6: ip.ipv6,
        }));
    }
    let foreign = IpInstance { network: Network::Foreign, address: Ipv4Addr::UNSPECIFIED, tcp: true, ipv6: true };
    // SAFETY: the caller's promise.
    unsafe { INSTANCES.is_marked(ip_ptr) }.then_some(foreign)
}

/// # Safety
/// `ip_ptr` is NULL or points to a control block.
pub(super) unsafe fn ip_at(ip_ptr: *const NX_IP) -> Result<Arc<Shared<Ip>>, UINT> {
    // SAFETY: the caller's promise.
    unsafe { INSTANCES.get(ip_ptr) }.ok_or(NX_PTR_ERROR)
}

/// Classes A to D, as the original asks for; the rest is no address of a host.
pub(super) fn check_address(address: ULONG) -> Result<(), UINT> {
    if address >> 28 == 0xF { Err(NX_IP_ADDRESS_ERROR) } else { Ok(()) }
}

/// The network inside the process, between the IP instances that use it. Programs only name it, for `nx_ip_create`; a call
/// does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_nx_ram_network_driver(_driver_req_ptr: *mut NX_IP_DRIVER) {
    ANSWER.set(Some(Network::Ram));
}

/// The host's network. Programs only name it, for `nx_ip_create`; a call does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_nx_host_network_driver(_driver_req_ptr: *mut NX_IP_DRIVER) {
    ANSWER.set(Some(Network::Host));
}

/// A driver of a program's.
pub(super) type Driver = unsafe extern "C" fn(*mut NX_IP_DRIVER);

thread_local! {
    /// Which network the driver that was called last on this thread stands for. The drivers' addresses would not tell:
    /// functions that do the same may get one address when a program is optimized. What they say here makes them unlike.
    static ANSWER: Cell<Option<Network>> = const { Cell::new(None) };
}

/// The network of a driver, if it is one of ours. The addresses only keep strangers from being called; which of ours it
/// is, the driver itself says.
pub(super) fn network_of(driver: Driver, ours: [Option<Driver>; 2]) -> Option<Network> {
    if !ours.into_iter().flatten().any(|ours| std::ptr::fn_addr_eq(ours, driver)) {
        return None;
    }
    ANSWER.set(None);
    // SAFETY: our drivers do not look at what they are given. Whoever passes another function as ours means to have it called.
    unsafe { driver(std::ptr::null_mut()) };
    ANSWER.take()
}

/// Readies the layer; there is nothing to do.
#[unsafe(no_mangle)]
pub extern "C" fn helo_rtos_nx_system_initialize() {}

/// Creates an IP instance on the network of its driver: `_nx_ram_network_driver` or `_nx_host_network_driver`.
/// NX_NOT_SUPPORTED for another driver, which is not called. The memory is left alone; the priority is not used. Programs
/// call it as `nx_ip_create`, whose macro adds the two drivers as the program sees them and the size.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn helo_rtos_nx_ip_create(
    ip_ptr: *mut NX_IP,
    name: *mut CHAR,
    ip_address: ULONG,
    network_mask: ULONG,
    default_pool: *mut NX_PACKET_POOL,
    ip_network_driver: Option<unsafe extern "C" fn(*mut NX_IP_DRIVER)>,
    memory_ptr: *mut VOID,
    memory_size: ULONG,
    priority: UINT,
    ram_driver: Option<unsafe extern "C" fn(*mut NX_IP_DRIVER)>,
    host_driver: Option<unsafe extern "C" fn(*mut NX_IP_DRIVER)>,
    ip_control_block_size: UINT,
) -> UINT {
    service("nx_ip_create", NX_IP_INTERNAL_ERROR, || {
        // SAFETY: the caller's promise.
        let pool = unsafe { super::is_packet_pool(default_pool) };
        let Some(driver) = ip_network_driver else { return Err(NX_PTR_ERROR) };
        if !pool || memory_ptr.is_null() || !size_is_ours(ip_control_block_size) {
            return Err(NX_PTR_ERROR);
        }
        check_address(ip_address)?;
        if memory_size < LEAST_STACK {
            return Err(NX_SIZE_ERROR);
        }
        if priority >= super::tx_codes::TX_MAX_PRIORITIES {
            return Err(NX_OPTION_ERROR);
        }
        let network = network_of(driver, [ram_driver, host_driver]).ok_or(NX_NOT_SUPPORTED)?;
        let resolved = if ip_address == 0 { 0 } else { NX_IP_ADDRESS_RESOLVED };
        let ip = Ip {
            network,
            address: ip_address,
            mask: network_mask,
            gateway: 0,
            state: NX_IP_INITIALIZE_DONE | NX_IP_LINK_ENABLED | NX_IP_INTERFACE_LINK_ENABLED | resolved,
            arp: false,
            icmp: false,
            ipv6: false,
            ipv6_addresses: Vec::new(),
        };
        // SAFETY: the caller's promise; `create` refuses NULL.
        unsafe {
            INSTANCES.create(ip_ptr, Shared::new(ip)).map_err(|_| NX_PTR_ERROR)?;
            (*ip_ptr).nx_ip_name = name;
        }
        Ok(())
    })
}

/// Deletes an IP instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_delete(ip_ptr: *mut NX_IP) -> UINT {
    service("nx_ip_delete", NX_PTR_ERROR, || {
        if !super::is_thread_context() {
            return Err(NX_CALLER_ERROR);
        }
        // SAFETY: the caller's promise.
        unsafe { INSTANCES.remove(ip_ptr) }.map(|ip| ip.delete()).ok_or(NX_PTR_ERROR)
    })
}

/// Turns a part of the instance on. `switch` says whether it was on already.
///
/// # Safety
/// `ip_ptr` is NULL or points to a control block.
unsafe fn enable(ip_ptr: *const NX_IP, switch: impl FnOnce(&mut Ip) -> bool) -> Result<(), UINT> {
    // SAFETY: the caller's promise.
    let ip = unsafe { ip_at(ip_ptr) }?;
    if ip.change(switch) { Err(NX_ALREADY_ENABLED) } else { Ok(()) }
}

/// Sets flags of the state; says whether they were set.
fn set_state(ip: &mut Ip, flag: ULONG) -> bool {
    let was = ip.state & flag != 0;
    ip.state |= flag;
    was
}

/// Enables ARP. The host does its own; the cache's memory is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_arp_enable(
    ip_ptr: *mut NX_IP,
    arp_cache_memory: *mut VOID,
    arp_cache_size: ULONG,
) -> UINT {
    service("nx_arp_enable", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { ip_at(ip_ptr) }?;
        if arp_cache_memory.is_null() {
            return Err(NX_PTR_ERROR);
        }
        if arp_cache_size < LEAST_ARP_CACHE {
            return Err(NX_SIZE_ERROR);
        }
        // SAFETY: as above.
        unsafe {
            enable(ip_ptr, |ip| {
                set_state(ip, NX_IP_ARP_ENABLED);
                std::mem::replace(&mut ip.arp, true)
            })
        }
    })
}

/// Enables TCP, which SMTP needs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_tcp_enable(ip_ptr: *mut NX_IP) -> UINT {
    // SAFETY: the caller's promise.
    service("nx_tcp_enable", NX_PTR_ERROR, || unsafe { enable(ip_ptr, |ip| set_state(ip, NX_IP_TCP_ENABLED)) })
}

/// Enables UDP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_udp_enable(ip_ptr: *mut NX_IP) -> UINT {
    // SAFETY: the caller's promise.
    service("nx_udp_enable", NX_PTR_ERROR, || unsafe { enable(ip_ptr, |ip| set_state(ip, NX_IP_UDP_ENABLED)) })
}

/// Enables ICMP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_icmp_enable(ip_ptr: *mut NX_IP) -> UINT {
    service("nx_icmp_enable", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        unsafe { enable(ip_ptr, |ip| std::mem::replace(&mut ip.icmp, true)) }
    })
}

/// Waits so many ticks until the instance has all the states asked for (NX_IP_...); NX_NOT_SUCCESSFUL when it has not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_status_check(
    ip_ptr: *mut NX_IP,
    needed_status: ULONG,
    actual_status: *mut ULONG,
    wait_option: ULONG,
) -> UINT {
    service("nx_ip_status_check", NX_PTR_ERROR, || {
        const KNOWN: ULONG = 0x3FF;
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if actual_status.is_null() {
            return Err(NX_PTR_ERROR);
        }
        if needed_status == 0 || needed_status & !KNOWN != 0 {
            return Err(NX_OPTION_ERROR);
        }
        let patience = patience(wait_option).map_err(|_| NX_CALLER_ERROR)?;
        let met = ip
            .wait(patience, super::tx_codes::TX_TCP_IP, |ip| (ip.state & needed_status == needed_status).then_some(()));
        // SAFETY: the caller's promise.
        unsafe { write_out(actual_status, ip.look(|ip| ip.state)) };
        met.map_err(|_| NX_NOT_SUCCESSFUL)
    })
}

impl Ip {
    /// Says that the instance has an address now.
    pub(super) fn set_address(&mut self, address: ULONG, mask: ULONG) {
        self.address = address;
        self.mask = mask;
        self.state =
            if address == 0 { self.state & !NX_IP_ADDRESS_RESOLVED } else { self.state | NX_IP_ADDRESS_RESOLVED };
    }
}
