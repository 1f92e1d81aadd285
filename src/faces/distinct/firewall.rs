//! `smtp_fw_helo`: a connection through a firewall that speaks SOCKS.

use super::ctypes::{BufferProc, DWORD_PTR, FARPROC, GLOBALHANDLE, LPCSTR, argument};
use super::entry::call;
use super::numbers;
use super::open::{connect, local_name};
use super::site::{self, Plan};
use crate::error::{Cause, Error, Phase};
use crate::net::options::{Proxy, ProxyMethods, ProxyVersion, Resolve};
use crate::net::resolve::literal;
use crate::policy::Kind;
use crate::sasl::Secret;
use std::ffi::{c_char, c_int, c_uchar, c_ushort};

/// The firewall speaks SOCKS version 4. Together with FW_VERSION5: the library finds out.
pub const FW_VERSION4: c_int = 1;
/// The firewall speaks SOCKS version 5.
pub const FW_VERSION5: c_int = 2;

/// dest_host holds an IPv4 address.
pub const FW_ADDR_IP4: c_int = 1;
/// domain_name holds the server's name, which the firewall looks up.
pub const FW_ADDR_DNS: c_int = 3;
/// dest_host holds an IPv6 address.
pub const FW_ADDR_IP6: c_int = 4;

/// SOCKS's own port, for fw_port 0.
const DEFAULT_PORT: u16 = 1080;
/// The mail port, for dest_port 0.
const MAIL_PORT: u16 = 25;

/// The manual's reserve in the struct.
const RESERVED: usize =
    256 - 6 * size_of::<*const c_char>() - 2 * size_of::<c_uchar>() - 2 * size_of::<c_ushort>() - size_of::<c_int>();

/// The firewall and the server behind it. For C it stands by hand in the template: there one field has two names.
#[repr(C)]
#[allow(missing_docs)] // d32-fw.h says what each is.
pub struct fw_param {
    pub methods: *const c_char,
    pub n_methods: c_uchar,
    pub addr_type: c_uchar,
    pub domain_name: *const c_char,
    pub fw_host: *const c_char,
    pub dest_host: *const c_char,
    pub fw_port: c_ushort,
    pub dest_port: c_ushort,
    pub username: *const c_char,
    pub passwd: *const c_char,
    pub socks_ver: c_int,
    pub reserved: [c_char; RESERVED],
}

// The header asserts the same numbers in C.
const _: () = assert!(size_of::<fw_param>() == if size_of::<usize>() == 8 { 272 } else { 260 });

/// Opens a connection through a firewall and waits until the server is ready for mail.
///
/// local, conn, proc, lParam: as for smtp_helo.
///
/// fw: the firewall, the server and how to get through; see fw_param. It is read before the call returns and never
/// written.
///
/// Returns what smtp_helo returns. SMTP_FAILURE is also the firewall's refusal; smtp_rply has no words then.
/// SMTP_HOST_NOT_RESPONDING is about the firewall or the server.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_fw_helo(
    local: LPCSTR,
    conn: *mut GLOBALHANDLE,
    proc: FARPROC,
    lParam: DWORD_PTR,
    fw: *const fw_param,
) -> c_int {
    // SAFETY: the caller passes NULL or a string, NULL or a place for a handle, NULL or a whole struct with NULL or strings.
    call(
        "smtp_fw_helo",
        || unsafe { shown(fw) },
        || unsafe { connect(conn, BufferProc::new(proc), lParam, || plan(&local_name(local)?, fw)) },
    )
}

/// The struct, with our numbers in place of the program's.
///
/// # Safety
/// `fw` leads to a whole struct.
unsafe fn read(fw: *const fw_param) -> fw_param {
    // SAFETY: the caller's promise; no alignment is assumed.
    let mut fw = unsafe { fw.read_unaligned() };
    let kind = numbers::from_program(Kind::Address, c_int::from(fw.addr_type));
    fw.addr_type = c_uchar::try_from(kind).unwrap_or(0);
    fw.socks_ver = numbers::from_program(Kind::Version, fw.socks_ver);
    fw
}

/// The plan for what the struct asks for.
///
/// # Safety
/// `fw` is NULL or leads to a whole struct, whose pointers are NULL or strings.
unsafe fn plan(local: &str, fw: *const fw_param) -> Result<Plan, Error> {
    if fw.is_null() {
        return Err(wrong("fw is NULL"));
    }
    // SAFETY: not NULL.
    let fw = unsafe { read(fw) };
    // SAFETY: the strings are the caller's promise.
    let (destination, resolve) = unsafe { destination(&fw) }?;
    // The site may send the connection elsewhere, and still through the firewall.
    let port = if fw.dest_port == 0 { MAIL_PORT } else { fw.dest_port };
    let mut plan = site::plan(&site::place(&destination, port), local)?;
    // SAFETY: as above.
    plan.settings.connect.proxy = Some(unsafe { proxy(&fw, resolve) }?);
    Ok(plan)
}

/// The server, and who looks up its name.
///
/// # Safety
/// The struct's pointers are NULL or strings.
unsafe fn destination(fw: &fw_param) -> Result<(String, Resolve), Error> {
    // SAFETY: the caller's promise is the same.
    let text = |name: &'static str, pointer| unsafe { argument(name, pointer, Phase::Connect) };
    match c_int::from(fw.addr_type) {
        FW_ADDR_DNS => Ok((text("domain_name", fw.domain_name)?, Resolve::Remote)),
        kind @ (FW_ADDR_IP4 | FW_ADDR_IP6) => {
            let host = text("dest_host", fw.dest_host)?;
            match literal(&host) {
                Some(address) if address.is_ipv4() == (kind == FW_ADDR_IP4) => Ok((host, Resolve::Local)),
                _ => Err(Error::new(
                    Phase::Connect,
                    Cause::BadArgument,
                    "dest_host is no address of the kind that addr_type says",
                )),
            }
        }
        _ => Err(wrong("addr_type is none of FW_ADDR_IP4, FW_ADDR_DNS, FW_ADDR_IP6")),
    }
}

/// The firewall.
///
/// # Safety
/// The struct's pointers are NULL or strings.
unsafe fn proxy(fw: &fw_param, resolve: Resolve) -> Result<Proxy, Error> {
    // SAFETY: the caller's promise is the same.
    let text = |name: &'static str, pointer| unsafe { argument(name, pointer, Phase::Connect) };
    let optional =
        |name, pointer: *const c_char| if pointer.is_null() { Ok(None) } else { text(name, pointer).map(Some) };
    let by_name = c_int::from(fw.addr_type) == FW_ADDR_DNS;
    let version = match fw.socks_ver {
        // Version 4 has no names; its extension 4a has, and a firewall that is told a name must know it.
        FW_VERSION4 if by_name => ProxyVersion::Socks4a,
        FW_VERSION4 => ProxyVersion::Socks4,
        FW_VERSION5 => ProxyVersion::Socks5,
        both if both == FW_VERSION4 | FW_VERSION5 => ProxyVersion::Auto,
        _ => return Err(wrong("socks_ver is none of FW_VERSION4, FW_VERSION5 and both together")),
    };
    if version_is_4(version) && c_int::from(fw.addr_type) == FW_ADDR_IP6 {
        return Err(wrong("SOCKS version 4 has no IPv6 addresses"));
    }
    let host = text("fw_host", fw.fw_host)?;
    let port = if fw.fw_port == 0 { DEFAULT_PORT } else { fw.fw_port };
    let user = optional("username", fw.username)?;
    let password = optional("passwd", fw.passwd)?.map(Secret::new);
    let mut proxy = Proxy { user, resolve, ..Proxy::new(version, host, port) };
    if !version_is_4(version) {
        let named = optional("methods", fw.methods)?.ok_or_else(|| wrong("methods is NULL"))?;
        proxy.methods = methods(&named, fw.n_methods)?;
        if proxy.methods.password && (proxy.user.is_none() || password.is_none()) {
            return Err(wrong("method 2 needs username and passwd"));
        }
        proxy.password = password;
    }
    Ok(proxy)
}

fn version_is_4(version: ProxyVersion) -> bool {
    matches!(version, ProxyVersion::Socks4 | ProxyVersion::Socks4a)
}

/// "0", "1", "2" and any combination: none, GSSAPI, user and password.
fn methods(text: &str, count: c_uchar) -> Result<ProxyMethods, Error> {
    // The count is the manual's; what stands behind it does not count.
    let named: Vec<char> = text.chars().take(usize::from(count)).collect();
    if named.len() < usize::from(count) || named.iter().any(|method| !matches!(method, '0' | '1' | '2')) {
        return Err(wrong("methods is not made of n_methods digits 0, 1 and 2"));
    }
    let methods = ProxyMethods { none: named.contains(&'0'), password: named.contains(&'2') };
    if !methods.none && !methods.password {
        let words = "methods names none that is supported: 0 (none) and 2 (username and passwd) are, 1 (GSSAPI) is not";
        return Err(Error::new(Phase::Connect, Cause::Proxy, words));
    }
    Ok(methods)
}

/// A struct that makes no sense: SMTP_FAILURE, as for a firewall that refuses.
fn wrong(words: &str) -> Error {
    Error::new(Phase::Connect, Cause::Proxy, words)
}

/// The places for the log; never user and password.
///
/// # Safety
/// As for [`plan`].
unsafe fn shown(fw: *const fw_param) -> String {
    if fw.is_null() {
        return "NULL".to_owned();
    }
    // SAFETY: not NULL; the strings are the caller's promise.
    let (fw, server) = unsafe {
        let fw = read(fw);
        let server = destination(&fw).map(|(server, _)| server);
        (argument("fw_host", fw.fw_host, Phase::Connect), server)
    };
    format!("{:?} through {:?}", server.as_deref().unwrap_or("?"), fw.as_deref().unwrap_or("?"))
}
