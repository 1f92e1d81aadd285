//! What stands behind the exported functions: from C's parameters to Rust's, and from errors to codes.
#![allow(unsafe_code)]

use super::client::{Client, Given, invalid};
use super::codes::*;
use super::error_map;
use super::mail::{self, Mail};
use super::options::HELO_NX_SMTP_CLIENT_OPTIONS;
use crate::capi::last_error::Failure;
use crate::capi::{StringError, boundary, c_slice, c_str, last_error};
use crate::client::words::{Concerning, Context};
use crate::faces::placed::Placed;
use crate::faces::rtos::nx_codes::*;
use crate::faces::rtos::*;
use crate::faces::wishes::Wishes;
use crate::sasl::Secret;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The program's control block; only the number at its beginning is touched.
#[allow(non_camel_case_types, clippy::upper_case_acronyms)]
pub(crate) type NX_SMTP_CLIENT = u32;

static CLIENTS: Placed<Client> = Placed::new(NX_SMTP_CLIENT_ID);

/// The longest address that is looked at, and the longest subject.
const MAX_ADDRESS: usize = 1024;
const MAX_SUBJECT: usize = 64 * 1024;

/// Whether a service makes the checks that NX_DISABLE_ERROR_CHECKING leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    All,
    Needed,
}

impl Checks {
    fn caller(self) -> Result<(), UINT> {
        if self == Checks::All && !is_thread_context() { Err(NX_CALLER_ERROR) } else { Ok(()) }
    }
}

/// What `helo.h` has set for the client whose control block is at this place. Only the address is looked at.
pub(crate) fn wishes(place: usize) -> Option<Arc<Wishes>> {
    CLIENTS.at(place).map(|client| client.wishes.clone())
}

pub(super) fn service(name: &'static str, work: impl FnOnce() -> Result<(), UINT>) -> UINT {
    boundary(name, NX_SMTP_INTERNAL_ERROR, || {
        let before = last_error::take();
        let Err(code) = work() else {
            last_error::put_back(before);
            return NX_SUCCESS;
        };
        if !last_error::is_set() {
            last_error::set(format_args!("{name}: {}", words_of(code)));
        }
        code
    })
}

/// Words for the codes that the checks of parameters give without any.
fn words_of(code: UINT) -> &'static str {
    match code {
        NX_PTR_ERROR => {
            "NX_PTR_ERROR: a pointer is NULL, or leads to no IP instance, no packet pool, no client, or (in a create) \
             to a client that exists already"
        }
        NX_SMTP_CLIENT_NOT_INITIALIZED => {
            "NX_SMTP_CLIENT_NOT_INITIALIZED: this is no client: never created, deleted, or copied to another place"
        }
        NX_IP_ADDRESS_ERROR => "NX_IP_ADDRESS_ERROR: the server's address is 0, or none",
        NX_CALLER_ERROR => "NX_CALLER_ERROR: call this from a thread, not from tx_application_define",
        NX_NOT_ENABLED => "NX_NOT_ENABLED: enable TCP (and IPv6 for such a server) on the IP instance first",
        _ => "the parameters cannot be used",
    }
}

/// A string parameter: NULL is a bad pointer, too long a bad parameter.
///
/// # Safety
/// `pointer` is NULL or leads to a string.
unsafe fn string(pointer: *const CHAR, max: usize) -> Result<String, UINT> {
    // SAFETY: the caller's promise.
    unsafe { c_str(pointer, max) }.map_err(|why| match why {
        StringError::Null => NX_PTR_ERROR,
        why => invalid(why),
    })
}

/// # Safety
/// Pointers are NULL or lead to what their names say.
#[allow(clippy::too_many_arguments)] // the original's
pub(super) unsafe fn create(
    client_ptr: *mut NX_SMTP_CLIENT,
    ip_ptr: *const NX_IP,
    pool_ptr: *const NX_PACKET_POOL,
    strings: [*const CHAR; 4],
    authentication_type: UINT,
    address: Result<IpAddr, UINT>,
    port: UINT,
    options: HELO_NX_SMTP_CLIENT_OPTIONS,
) -> Result<(), UINT> {
    let [username, password, from_address, domain] = strings;
    // SAFETY: the caller's promise, here and below.
    let ip = unsafe { ip_instance(ip_ptr) }.ok_or(NX_PTR_ERROR)?;
    if client_ptr.is_null() || !unsafe { is_packet_pool(pool_ptr) } || from_address.is_null() || domain.is_null() {
        return Err(NX_PTR_ERROR);
    }
    let anonymous = authentication_type == NX_SMTP_CLIENT_AUTH_NONE;
    let credential = |pointer: *const CHAR, max: ULONG| match pointer.is_null() && anonymous {
        true => Ok(String::new()),
        false => unsafe { string(pointer, max as usize) },
    };
    let (username, password) =
        (credential(username, options.max_username)?, Secret::new(credential(password, options.max_password)?));
    let address = address?;
    let port =
        u16::try_from(port).ok().filter(|port| *port != 0).ok_or_else(|| invalid("the port is not 1 to 65535"))?;
    let given = Given {
        ip,
        server: SocketAddr::new(address, port),
        username,
        password,
        from_address: unsafe { string(from_address, MAX_ADDRESS) }?,
        domain: unsafe { string(domain, options.max_username as usize) }?,
        authentication_type,
        options,
        place: client_ptr.addr(),
    };
    unsafe { CLIENTS.create(client_ptr, Client::new(given)?) }.map(drop).map_err(|_| NX_PTR_ERROR)
}

/// An IPv4 address as NetX has it.
pub(super) fn ipv4_address(address: ULONG) -> Result<IpAddr, UINT> {
    // 0 and what lies beyond class D is no address of a server.
    if address == 0 || address >> 28 == 0xF { Err(NX_IP_ADDRESS_ERROR) } else { Ok(Ipv4Addr::from(address).into()) }
}

/// # Safety
/// `address` is NULL or leads to an NXD_ADDRESS.
pub(super) unsafe fn nxd_address(address: *const NXD_ADDRESS) -> Result<IpAddr, UINT> {
    if address.is_null() {
        return Err(NX_PTR_ERROR);
    }
    // SAFETY: the caller's promise; whatever the version, all words are there to read.
    let address = unsafe { address.read_unaligned() };
    match address.nxd_ip_version {
        // SAFETY: both forms are plain numbers.
        NX_IP_VERSION_V4 => ipv4_address(unsafe { address.nxd_ip_address.v4 }),
        NX_IP_VERSION_V6 => match ipv6(unsafe { address.nxd_ip_address.v6 }) {
            address if address.is_unspecified() => Err(NX_IP_ADDRESS_ERROR),
            address => Ok(address.into()),
        },
        _ => Err(NX_IP_ADDRESS_ERROR),
    }
}

/// The options of a program: those of a header that knew fewer are completed with defaults.
///
/// # Safety
/// `options` is NULL or leads to options of the size that stands in them.
pub(super) unsafe fn options_at(options: *const HELO_NX_SMTP_CLIENT_OPTIONS) -> HELO_NX_SMTP_CLIENT_OPTIONS {
    let known = HELO_NX_SMTP_CLIENT_OPTIONS::default();
    // SAFETY: the caller's promise.
    match options.is_null() || unsafe { options.cast::<ULONG>().read_unaligned() } < known.size {
        true => known,
        false => unsafe { options.read_unaligned() },
    }
}

/// # Safety
/// `client_ptr` is NULL or points to a control block.
pub(super) unsafe fn delete(client_ptr: *mut NX_SMTP_CLIENT, checks: Checks) -> Result<(), UINT> {
    checks.caller()?;
    // SAFETY: the caller's promise.
    unsafe { CLIENTS.remove(client_ptr) }.map(|client| client.cancel()).ok_or(NX_PTR_ERROR)
}

/// # Safety
/// Pointers are NULL or lead to what their names say.
pub(super) unsafe fn mail_send(
    client_ptr: *mut NX_SMTP_CLIENT,
    recipient_address: *const CHAR,
    priority: UINT,
    subject: *const CHAR,
    mail_body: *const CHAR,
    mail_body_length: UINT,
    checks: Checks,
) -> Result<(), UINT> {
    if client_ptr.is_null() || recipient_address.is_null() || subject.is_null() || mail_body.is_null() {
        return Err(NX_PTR_ERROR);
    }
    // SAFETY: the caller's promise, here and below.
    let client = unsafe { CLIENTS.get(client_ptr) }.ok_or(NX_SMTP_CLIENT_NOT_INITIALIZED)?;
    if checks == Checks::All && mail_body_length == 0 {
        return Err(invalid("the mail has no body"));
    }
    checks.caller()?;
    checkpoint();
    let recipient = unsafe { string(recipient_address, MAX_ADDRESS) }?;
    let subject = unsafe { string(subject, MAX_SUBJECT) }?;
    let body = unsafe { c_slice(mail_body.cast(), mail_body_length) }.map_err(invalid)?;
    let mail = Mail { recipient: &recipient, subject: &subject, priority, body };
    let mut context = Context::default();
    let sent = client.begin().and_then(|sending| mail::send(&client, &mail, &sending.cancel, &mut context));
    sent.map_err(|error| {
        let words = context.words(&error, Concerning::Recipient(&recipient));
        last_error::set_with(words, Some(Failure::from(&error)));
        error_map::code(&error)
    })
}
