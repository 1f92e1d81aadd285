//! What the NetX faces ask this layer for. The services themselves are tested from C, in `tests/c/rtos`.
#![allow(unsafe_code)]

use super::ip::{
    Driver, helo_rtos_nx_host_network_driver as host_driver, helo_rtos_nx_ram_network_driver as ram_driver,
};
use super::*;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A control block as a program has it: anything may stand in it before its create.
#[repr(C, align(8))]
struct Block([u8; 64]);

impl Block {
    fn new() -> Box<Self> {
        Box::new(Block([0xA5; 64]))
    }

    fn at<T>(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}

const CONTROL_BLOCK: u32 = size_of::<NX_IP>() as u32;

fn create_ip(ip: &mut Block, pool: &mut Block, driver: unsafe extern "C" fn(*mut nx_types::NX_IP_DRIVER)) -> u32 {
    let mut memory = [0u8; 512];
    let (ram, host) = (Some(ram_driver as _), Some(host_driver as _));
    // SAFETY: all pointers lead to what their names say.
    unsafe {
        packet_pool::helo_rtos_nx_packet_pool_create(
            pool.at(),
            std::ptr::null_mut(),
            128,
            memory.as_mut_ptr().cast(),
            512,
            CONTROL_BLOCK,
        );
        let stack = memory.as_mut_ptr().cast();
        ip::helo_rtos_nx_ip_create(
            ip.at(),
            std::ptr::null_mut(),
            0x0102_0305,
            0xFFFF_FF00,
            pool.at(),
            Some(driver),
            stack,
            512,
            1,
            ram,
            host,
            CONTROL_BLOCK,
        )
    }
}

#[test]
fn an_instance_is_on_its_drivers_network() {
    let drivers = [(ram_driver as unsafe extern "C" fn(_), Network::Ram), (host_driver as _, Network::Host)];
    for (driver, network) in drivers {
        let (mut ip, mut pool) = (Block::new(), Block::new());
        assert_eq!(create_ip(&mut ip, &mut pool, driver), nx_codes::NX_SUCCESS);
        // SAFETY: as above.
        let instance = unsafe { ip_instance(ip.at()) }.expect("it was created");
        assert_eq!(instance.network, network);
        assert_eq!(instance.address, Ipv4Addr::new(1, 2, 3, 5));
        assert!(!instance.tcp && !instance.ipv6);
        // SAFETY: as above.
        unsafe {
            assert!(is_packet_pool(pool.at()));
            assert_eq!(ip::helo_rtos_nx_tcp_enable(ip.at()), nx_codes::NX_SUCCESS);
            assert!(ip_instance(ip.at()).is_some_and(|ip| ip.tcp));
            ip::helo_rtos_nx_ip_delete(ip.at());
            packet_pool::helo_rtos_nx_packet_pool_delete(pool.at());
            assert!(ip_instance(ip.at()).is_none() && !is_packet_pool(pool.at()));
        }
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

extern "C" fn empty_driver(_: *mut nx_types::NX_IP_DRIVER) {}

/// As a driver of a board is: it may count on what it is given.
extern "C" fn busy_driver(_: *mut nx_types::NX_IP_DRIVER) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_programs_own_driver_is_refused_and_not_called() {
    for driver in [empty_driver as unsafe extern "C" fn(_), busy_driver] {
        let (mut ip, mut pool) = (Block::new(), Block::new());
        assert_eq!(create_ip(&mut ip, &mut pool, driver), nx_codes::NX_NOT_SUPPORTED);
        // SAFETY: as above.
        assert!(unsafe { ip_instance(ip.at()) }.is_none());
        // SAFETY: as above.
        unsafe { packet_pool::helo_rtos_nx_packet_pool_delete(pool.at()) };
    }
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
}

/// As if they had one address: which is which, they say themselves, also after a call of the program's own.
#[test]
fn drivers_are_told_by_what_they_say() {
    ram_driver(std::ptr::null_mut());
    for (driver, network) in [(host_driver as Driver, Network::Host), (ram_driver as Driver, Network::Ram)] {
        assert_eq!(ip::network_of(driver, [Some(driver), Some(driver)]), Some(network));
        assert_eq!(ip::network_of(driver, [None, Some(driver)]), Some(network));
        assert_eq!(ip::network_of(driver, [Some(empty_driver), None]), None);
    }
    assert_eq!(ip::network_of(empty_driver, [Some(empty_driver), Some(host_driver)]), None, "it says nothing");
}

#[test]
fn an_instance_that_a_real_netx_made_is_foreign() {
    let mut ip = Block::new();
    ip.0[..4].copy_from_slice(&nx_codes::NX_IP_ID.to_ne_bytes());
    // SAFETY: as above.
    let instance = unsafe { ip_instance(ip.at()) }.expect("it has the number");
    assert_eq!(instance.network, Network::Foreign);
}

#[test]
fn what_was_never_created_is_no_instance_and_no_pool() {
    let mut garbage = Block::new();
    // SAFETY: as above, and NULL.
    unsafe {
        assert!(ip_instance(garbage.at()).is_none() && ip_instance(std::ptr::null()).is_none());
        assert!(!is_packet_pool(garbage.at()) && !is_packet_pool(std::ptr::null()));
    }
}
