//! The control blocks and addresses of `nx_api.h`.
#![allow(non_camel_case_types, non_snake_case, clippy::upper_case_acronyms)]

use super::types::*;

/// A packet pool's control block, filled by `nx_packet_pool_create`.
#[repr(C)]
pub struct NX_PACKET_POOL_STRUCT {
    /// `NX_PACKET_POOL_ID` while the pool exists.
    pub nx_packet_pool_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub nx_packet_pool_name: *mut CHAR,
}
/// A packet pool's control block.
pub type NX_PACKET_POOL = NX_PACKET_POOL_STRUCT;

/// An IP instance's control block, filled by `nx_ip_create`.
#[repr(C)]
pub struct NX_IP_STRUCT {
    /// `NX_IP_ID` while the instance exists.
    pub nx_ip_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// The name that was given.
    pub nx_ip_name: *mut CHAR,
}
/// An IP instance's control block.
pub type NX_IP = NX_IP_STRUCT;

/// A TCP socket's control block: here only so that structs that hold one can be declared.
#[repr(C)]
pub struct NX_TCP_SOCKET_STRUCT {
    /// Not used.
    pub nx_tcp_socket_id: ULONG,
    /// The library's.
    pub helo_reserved: [ULONG; 5],
    /// Not used.
    pub nx_tcp_socket_name: *mut CHAR,
}
/// A TCP socket's control block.
pub type NX_TCP_SOCKET = NX_TCP_SOCKET_STRUCT;

/// A packet: here only so that pointers to one can be declared.
pub struct NX_PACKET_STRUCT {
    _opaque: (),
}
/// A packet.
pub type NX_PACKET = NX_PACKET_STRUCT;

/// A request to a network driver: here only so that drivers can be declared.
pub struct NX_IP_DRIVER_STRUCT {
    _opaque: (),
}
/// A request to a network driver.
pub type NX_IP_DRIVER = NX_IP_DRIVER_STRUCT;

/// The two forms of an address; which one counts is said beside it.
#[repr(C)]
#[derive(Clone, Copy)]
pub union NXD_ADDRESS_UNION {
    /// An IPv4 address, its first byte highest.
    pub v4: ULONG,
    /// An IPv6 address, its first four bytes first, each word with its first byte highest.
    pub v6: [ULONG; 4],
}

/// An IPv4 or IPv6 address.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NXD_ADDRESS_STRUCT {
    /// `NX_IP_VERSION_V4` or `NX_IP_VERSION_V6`.
    pub nxd_ip_version: ULONG,
    /// The address.
    pub nxd_ip_address: NXD_ADDRESS_UNION,
}
/// An IPv4 or IPv6 address.
pub type NXD_ADDRESS = NXD_ADDRESS_STRUCT;

assert_control_blocks! { NX_PACKET_POOL NX_IP NX_TCP_SOCKET }
const _: () = assert!(size_of::<NXD_ADDRESS>() == 20);
