//! The exported creates. All are one: the checks that a program may switch off cost nothing here.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers
#![allow(clippy::too_many_arguments)] // the original's

use super::api::{NX_SMTP_CLIENT, create, ipv4_address, nxd_address, options_at, service};
use super::options::HELO_NX_SMTP_CLIENT_OPTIONS;
use crate::faces::rtos::*;
use std::ptr::null;

/// Creates a client for the server at an IPv4 address. Nothing is sent yet. Programs call it as `nx_smtp_client_create`,
/// whose macro adds the options.
///
/// A user name and a password that are both empty mean no authentication, as NX_SMTP_CLIENT_AUTH_NONE does. All strings
/// are copied.
///
/// NX_PTR_ERROR: a pointer is NULL, or leads to no IP instance, no packet pool, or a client that exists already.
/// NX_IP_ADDRESS_ERROR: 0, or not an address. NX_SMTP_INVALID_PARAM: a port that is none, a string that is too long or
/// holds control characters, a sender that is no address. NX_NOT_ENABLED: TCP (or, for such a server, IPv6) is not enabled on the IP
/// instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_nx_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: ULONG,
    server_port: UINT,
    options: *const HELO_NX_SMTP_CLIENT_OPTIONS,
) -> UINT {
    let strings = [username, password, from_address, client_domain].map(|string| string.cast_const());
    // SAFETY: the caller's promise.
    service("nx_smtp_client_create", || unsafe {
        let (address, options) = (ipv4_address(server_address), options_at(options));
        create(client_ptr, ip_ptr, client_packet_pool_ptr, strings, authentication_type, address, server_port, options)
    })
}

/// Creates a client for the server at an IPv4 or IPv6 address, else as `nx_smtp_client_create`. Programs call it as
/// `nxd_smtp_client_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_nxd_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: *mut NXD_ADDRESS,
    server_port: UINT,
    options: *const HELO_NX_SMTP_CLIENT_OPTIONS,
) -> UINT {
    let strings = [username, password, from_address, client_domain].map(|string| string.cast_const());
    // SAFETY: the caller's promise.
    service("nxd_smtp_client_create", || unsafe {
        let (address, options) = (nxd_address(server_address), options_at(options));
        create(client_ptr, ip_ptr, client_packet_pool_ptr, strings, authentication_type, address, server_port, options)
    })
}

/// The same with the guide's options, for programs that do not use this header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nx_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: ULONG,
    server_port: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    unsafe {
        helo_nx_smtp_client_create(
            client_ptr,
            ip_ptr,
            client_packet_pool_ptr,
            username,
            password,
            from_address,
            client_domain,
            authentication_type,
            server_address,
            server_port,
            null(),
        )
    }
}

/// The same, for object files that were made with the original's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nxe_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: ULONG,
    server_port: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    unsafe {
        helo_nx_smtp_client_create(
            client_ptr,
            ip_ptr,
            client_packet_pool_ptr,
            username,
            password,
            from_address,
            client_domain,
            authentication_type,
            server_address,
            server_port,
            null(),
        )
    }
}

/// The same, for object files that were made with the original's header and NX_DISABLE_ERROR_CHECKING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nx_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: ULONG,
    server_port: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    unsafe {
        helo_nx_smtp_client_create(
            client_ptr,
            ip_ptr,
            client_packet_pool_ptr,
            username,
            password,
            from_address,
            client_domain,
            authentication_type,
            server_address,
            server_port,
            null(),
        )
    }
}

/// The same with the guide's options, for programs that do not use this header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nxd_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: *mut NXD_ADDRESS,
    server_port: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    unsafe {
        helo_nxd_smtp_client_create(
            client_ptr,
            ip_ptr,
            client_packet_pool_ptr,
            username,
            password,
            from_address,
            client_domain,
            authentication_type,
            server_address,
            server_port,
            null(),
        )
    }
}

/// The same, for object files that were made with the original's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nxde_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: *mut NXD_ADDRESS,
    server_port: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    unsafe {
        helo_nxd_smtp_client_create(
            client_ptr,
            ip_ptr,
            client_packet_pool_ptr,
            username,
            password,
            from_address,
            client_domain,
            authentication_type,
            server_address,
            server_port,
            null(),
        )
    }
}

/// The same, for object files that were made with the original's header and NX_DISABLE_ERROR_CHECKING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nxd_smtp_client_create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *mut NX_IP,
    client_packet_pool_ptr: *mut NX_PACKET_POOL,
    username: *mut CHAR,
    password: *mut CHAR,
    from_address: *mut CHAR,
    client_domain: *mut CHAR,
    authentication_type: UINT,
    server_address: *mut NXD_ADDRESS,
    server_port: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    unsafe {
        helo_nxd_smtp_client_create(
            client_ptr,
            ip_ptr,
            client_packet_pool_ptr,
            username,
            password,
            from_address,
            client_domain,
            authentication_type,
            server_address,
            server_port,
            null(),
        )
    }
}
