//! The addresses of an IP instance: `nx_ip_address_...`, `nx_ip_interface_...`, `nx_ip_gateway_...` and `nxd_ipv6_...`.
//! They are kept and given back. On the host's network the host chooses the address that packets leave with; on the
//! network inside the process the address is the one under which the instance is found.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::ip::{check_address, ip_at};
use super::nx_codes::*;
use super::nx_types::*;
use super::types::*;
use super::{ipv6, service};
use crate::capi::write_out;
use std::net::Ipv6Addr;

/// IPv6 addresses that an instance can have.
const MOST_IPV6_ADDRESSES: usize = 16;

fn words(address: Ipv6Addr) -> [ULONG; 4] {
    let bits = address.to_bits();
    [(bits >> 96) as ULONG, (bits >> 64) as ULONG, (bits >> 32) as ULONG, bits as ULONG]
}

/// The IPv4 address and the network's mask.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_address_get(
    ip_ptr: *mut NX_IP,
    ip_address: *mut ULONG,
    network_mask: *mut ULONG,
) -> UINT {
    service("nx_ip_address_get", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if ip_address.is_null() || network_mask.is_null() {
            return Err(NX_PTR_ERROR);
        }
        let (address, mask) = ip.look(|ip| (ip.address, ip.mask));
        // SAFETY: the caller's promise.
        unsafe {
            write_out(ip_address, address);
            write_out(network_mask, mask);
        }
        Ok(())
    })
}

/// Gives the instance another IPv4 address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_address_set(
    ip_ptr: *mut NX_IP,
    ip_address: ULONG,
    network_mask: ULONG,
) -> UINT {
    service("nx_ip_address_set", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        check_address(ip_address)?;
        ip.change(|ip| ip.set_address(ip_address, network_mask));
        Ok(())
    })
}

/// The IPv4 address and mask of an interface; there is the interface 0 only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_interface_address_get(
    ip_ptr: *mut NX_IP,
    interface_index: ULONG,
    ip_address: *mut ULONG,
    network_mask: *mut ULONG,
) -> UINT {
    if interface_index >= NX_MAX_PHYSICAL_INTERFACES {
        return NX_INVALID_INTERFACE;
    }
    // SAFETY: the caller's promise.
    unsafe { helo_rtos_nx_ip_address_get(ip_ptr, ip_address, network_mask) }
}

/// Gives an interface another IPv4 address; there is the interface 0 only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_interface_address_set(
    ip_ptr: *mut NX_IP,
    interface_index: UINT,
    ip_address: ULONG,
    network_mask: ULONG,
) -> UINT {
    if interface_index >= NX_MAX_PHYSICAL_INTERFACES {
        return NX_INVALID_INTERFACE;
    }
    // SAFETY: the caller's promise.
    unsafe { helo_rtos_nx_ip_address_set(ip_ptr, ip_address, network_mask) }
}

/// Waits for states of an interface as `nx_ip_status_check` does; there is the interface 0 only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_interface_status_check(
    ip_ptr: *mut NX_IP,
    interface_index: UINT,
    needed_status: ULONG,
    actual_status: *mut ULONG,
    wait_option: ULONG,
) -> UINT {
    if interface_index >= NX_MAX_PHYSICAL_INTERFACES {
        return NX_INVALID_INTERFACE;
    }
    // SAFETY: the caller's promise.
    unsafe { super::ip::helo_rtos_nx_ip_status_check(ip_ptr, needed_status, actual_status, wait_option) }
}

/// Notes the gateway; the host has its own routes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_gateway_address_set(ip_ptr: *mut NX_IP, ip_address: ULONG) -> UINT {
    service("nx_ip_gateway_address_set", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if ip_address == 0 {
            return Err(NX_IP_ADDRESS_ERROR);
        }
        check_address(ip_address)?;
        ip.change(|ip| ip.gateway = ip_address);
        Ok(())
    })
}

/// The gateway that was set; NX_NOT_FOUND when none was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nx_ip_gateway_address_get(ip_ptr: *mut NX_IP, ip_address: *mut ULONG) -> UINT {
    service("nx_ip_gateway_address_get", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if ip_address.is_null() {
            return Err(NX_PTR_ERROR);
        }
        let gateway = ip.look(|ip| ip.gateway);
        // SAFETY: the caller's promise.
        unsafe { write_out(ip_address, gateway) };
        if gateway == 0 { Err(NX_NOT_FOUND) } else { Ok(()) }
    })
}

/// Enables IPv6.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nxd_ipv6_enable(ip_ptr: *mut NX_IP) -> UINT {
    service("nxd_ipv6_enable", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if ip.change(|ip| std::mem::replace(&mut ip.ipv6, true)) { Err(NX_ALREADY_ENABLED) } else { Ok(()) }
    })
}

/// Enables ICMP for both versions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nxd_icmp_enable(ip_ptr: *mut NX_IP) -> UINT {
    // SAFETY: the caller's promise.
    unsafe { super::ip::helo_rtos_nx_icmp_enable(ip_ptr) }
}

/// Gives the interface 0 an IPv6 address; its number is written to `address_index`, which may be NULL. A NULL address
/// stands for the link-local one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nxd_ipv6_address_set(
    ip_ptr: *mut NX_IP,
    interface_index: UINT,
    ip_address: *mut NXD_ADDRESS,
    prefix_length: ULONG,
    address_index: *mut UINT,
) -> UINT {
    service("nxd_ipv6_address_set", NX_PTR_ERROR, || {
        const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 1);
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if interface_index >= NX_MAX_PHYSICAL_INTERFACES {
            return Err(NX_INVALID_INTERFACE);
        }
        let address = if ip_address.is_null() {
            LINK_LOCAL
        } else {
            // SAFETY: the caller's promise; all four words can be read whatever the version.
            let given = unsafe { ip_address.read_unaligned() };
            if given.nxd_ip_version != NX_IP_VERSION_V6 {
                return Err(NX_IP_ADDRESS_ERROR);
            }
            // SAFETY: as above.
            ipv6(unsafe { given.nxd_ip_address.v6 })
        };
        if prefix_length > 128 {
            return Err(NX_IP_ADDRESS_ERROR);
        }
        let index = ip.change(|ip| {
            if ip.ipv6_addresses.len() >= MOST_IPV6_ADDRESSES {
                return Err(NX_NO_MORE_ENTRIES);
            }
            ip.ipv6_addresses.push((address, prefix_length));
            Ok(ip.ipv6_addresses.len() as UINT - 1)
        })?;
        // SAFETY: the caller's promise.
        unsafe { write_out(address_index, index) };
        Ok(())
    })
}

/// An IPv6 address of the instance by its number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nxd_ipv6_address_get(
    ip_ptr: *mut NX_IP,
    address_index: UINT,
    ip_address: *mut NXD_ADDRESS,
    prefix_length: *mut ULONG,
    interface_index: *mut UINT,
) -> UINT {
    service("nxd_ipv6_address_get", NX_PTR_ERROR, || {
        // SAFETY: the caller's promise.
        let ip = unsafe { ip_at(ip_ptr) }?;
        if ip_address.is_null() || prefix_length.is_null() || interface_index.is_null() {
            return Err(NX_PTR_ERROR);
        }
        let found = ip.look(|ip| ip.ipv6_addresses.get(address_index as usize).copied());
        let (address, prefix) = found.ok_or(NX_NO_INTERFACE_ADDRESS)?;
        let nxd_ip_address = NXD_ADDRESS_UNION { v6: words(address) };
        // SAFETY: the caller's promise.
        unsafe {
            write_out(ip_address, NXD_ADDRESS { nxd_ip_version: NX_IP_VERSION_V6, nxd_ip_address });
            write_out(prefix_length, prefix);
            write_out(interface_index, 0);
        }
        Ok(())
    })
}

/// Takes a router for IPv6; the host has its own routes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_rtos_nxd_ipv6_default_router_add(
    ip_ptr: *mut NX_IP,
    router_address: *mut NXD_ADDRESS,
    router_lifetime: ULONG,
    index: UINT,
) -> UINT {
    service("nxd_ipv6_default_router_add", NX_PTR_ERROR, || {
        let _ = router_lifetime;
        // SAFETY: the caller's promise.
        unsafe { ip_at(ip_ptr) }?;
        if router_address.is_null() {
            return Err(NX_PTR_ERROR);
        }
        if index >= NX_MAX_PHYSICAL_INTERFACES {
            return Err(NX_INVALID_INTERFACE);
        }
        // SAFETY: the caller's promise.
        let version = unsafe { router_address.read_unaligned() }.nxd_ip_version;
        if version == NX_IP_VERSION_V6 { Ok(()) } else { Err(NX_IP_ADDRESS_ERROR) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_addresses_are_the_same_thing() {
        let address: Ipv6Addr = "2001:db8::1:2".parse().unwrap();
        assert_eq!(words(address), [0x2001_0DB8, 0, 0, 0x0001_0002]);
        assert_eq!(ipv6(words(address)), address);
    }
}
