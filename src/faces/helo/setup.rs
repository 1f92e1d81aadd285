//! Making a delivery and saying how it is to go.

use super::arguments::utf8;
use super::codes::{HeloLevel, HeloPhase, HeloStatus};
use super::delivery::{CONNECTIONS_MAX, DELIVERIES, Delivery};
use super::refusal::{Refusal, call, call_at_once};
use super::results::{HeloProgressFn, HeloResultFn, HeloTraceFn};
use crate::capi::{Callback, boundary, last_error};
use crate::policy::target::MailServer;
use crate::proto::command::Command;
use crate::sasl::Secret;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::time::Duration;

/// The handle of a delivery: a list of mails and how to send it. Never 0. Any thread may use it, one at a time or many
/// at once; while helo_run() is at work, calls that would change it return HELO_IN_PROGRESS.
///
/// In a child process made by fork() the parent's deliveries are bad handles: make deliveries after it.
#[allow(non_camel_case_types)] // as C writes it
pub type helo_delivery = u32;

/// Makes a delivery; 0 if it cannot be made, helo_last_error() says why.
///
/// `server` is `smtp://host:port`, `smtp://user:password@host`, `lmtp://host:port`, a host alone or with a port, or
/// `unix:/path` and `lmtp+unix:/path` for sockets of the file system. NULL: mails go over connections that
/// helo_add_transport() gives, or to the server that the site's policy names. Free it with helo_free().
///
/// The site's policy may send a host's mails elsewhere, and what it says of encryption, login, limits of time and the like
/// comes before what helo_set_login() and the others say. helo_set_key() comes before the policy. Not for LMTP and
/// sockets of the file system.
///
/// # Safety
/// `server` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_new(server: *const c_char) -> helo_delivery {
    boundary("helo_new", 0, || {
        let made = (|| {
            let server = match server.is_null() {
                true => None,
                // SAFETY: not NULL, so a text by this function's own contract.
                false => Some(MailServer::parse(unsafe { utf8("server", server) }?).map_err(Refusal::of_text)?),
            };
            let full = |why: crate::capi::TableFull| Refusal::new(HeloStatus::HeloNoMemory, why.to_string());
            DELIVERIES.insert_with(|handle| Arc::new(Delivery::new(handle.get(), server))).map_err(full)
        })();
        match made {
            Ok(handle) => handle.get(),
            Err(refusal) => {
                last_error::set(format_args!("helo_new: {}", refusal.words));
                0
            }
        }
    })
}

/// Frees a delivery with its mails and results; the handle is invalid from here on. HELO_IN_PROGRESS while it runs:
/// helo_cancel() it and let helo_run() return first.
#[unsafe(no_mangle)]
pub extern "C" fn helo_free(delivery: helo_delivery) -> HeloStatus {
    call("helo_free", || Delivery::free(delivery))
}

/// Forgets all mails and results, so that the delivery can be used for the next list. Everything else stays as set.
#[unsafe(no_mangle)]
pub extern "C" fn helo_clear(delivery: helo_delivery) -> HeloStatus {
    call("helo_clear", || {
        let delivery = Delivery::of(delivery)?;
        delivery.idle()?.clear();
        delivery.cancel.reset();
        Ok(())
    })
}

/// How much is sent before the answers to it are in: a helo_level. HELO_LEVEL_ENVELOPE unless set.
#[unsafe(no_mangle)]
pub extern "C" fn helo_set_level(delivery: helo_delivery, level: c_int) -> HeloStatus {
    call_at_once("helo_set_level", || {
        let level = HeloLevel::engine(level).ok_or_else(|| Refusal::argument("there is no such level"))?;
        Delivery::of(delivery)?.idle()?.level = level;
        Ok(())
    })
}

/// Over how many connections at once the mails may go, 1 to 256; 1 unless set.
#[unsafe(no_mangle)]
pub extern "C" fn helo_set_connections(delivery: helo_delivery, count: u32) -> HeloStatus {
    call_at_once("helo_set_connections", || {
        if !(1..=CONNECTIONS_MAX).contains(&count) {
            return Err(Refusal::argument(format!("the number of connections is not 1 to {CONNECTIONS_MAX}")));
        }
        Delivery::of(delivery)?.idle()?.connections = count as usize;
        Ok(())
    })
}

/// How many mails and bytes may be unanswered on a connection before no further mail is begun; 1000 mails and 1 MiB
/// unless set. A mail larger than the window goes out alone.
#[unsafe(no_mangle)]
pub extern "C" fn helo_set_window(delivery: helo_delivery, mails: u32, bytes: u64) -> HeloStatus {
    call_at_once("helo_set_window", || {
        if mails == 0 || bytes == 0 {
            return Err(Refusal::argument("a window of nothing sends nothing"));
        }
        let delivery = Delivery::of(delivery)?;
        let mut state = delivery.idle()?;
        (state.window_mails, state.window_bytes) = (mails as usize, bytes);
        Ok(())
    })
}

/// How long a phase (helo_phase) may go without progress, in milliseconds; 0 puts back what is usual: 30 s to connect,
/// 5 minutes for the greeting and for each reply, 3 minutes for each part of the body, 10 minutes for the answer to a
/// message (RFC 5321 section 4.5.3.2; giving up early there makes duplicates). HELO_PHASE_NONE sets all phases.
/// HELO_PHASE_HELLO, AUTH, MAIL, RCPT, COMMAND, QUIT and TLS have one limit in common.
#[unsafe(no_mangle)]
pub extern "C" fn helo_set_timeout(delivery: helo_delivery, phase: c_int, milliseconds: u32) -> HeloStatus {
    call_at_once("helo_set_timeout", || {
        let phase = HeloPhase::from_number(phase).ok_or_else(|| Refusal::argument("there is no such phase"))?;
        let limit = (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()));
        Delivery::of(delivery)?.idle()?.set_timeout(phase, limit);
        Ok(())
    })
}

/// The name by which the library introduces this computer (EHLO). Unless set, its address.
///
/// # Safety
/// `name` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_hello_name(delivery: helo_delivery, name: *const c_char) -> HeloStatus {
    call_at_once("helo_set_hello_name", || {
        // SAFETY: as this function's own contract has it.
        let name = unsafe { utf8("name", name) }?;
        // An empty name stands for "unless set".
        if !name.is_empty() {
            Command::Ehlo(name).encode(&mut Vec::new())?;
        }
        name.clone_into(&mut Delivery::of(delivery)?.idle()?.hello_name);
        Ok(())
    })
}

/// The user and password to log in with, in place of those in the server's URL. They go out encrypted where the server
/// offers TLS, in the clear where it does not: "tls" as "always" (helo_set_key()) forbids that. A login of the site's policy
/// comes before it.
///
/// # Safety
/// `user` and `password` are NULL or lead to texts that end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_login(
    delivery: helo_delivery,
    user: *const c_char,
    password: *const c_char,
) -> HeloStatus {
    call("helo_set_login", || {
        // SAFETY: as this function's own contract has it.
        let (user, password) = unsafe { (utf8("user", user)?, utf8("password", password)?) };
        Delivery::of(delivery)?.idle()?.set_login(user.to_owned(), Secret::new(password.to_owned()))
    })
}

/// The function that is told each recipient's result, and the pointer that it gets; NULL for none.
///
/// Callbacks come on the thread that is in helo_run(), one at a time, and the library holds no lock meanwhile. They may
/// call helo_cancel(), helo_get_result(), helo_get_progress(), and anything on other deliveries; what would change this
/// one returns HELO_IN_PROGRESS. They must return: no longjmp() and no exception may leave them.
#[unsafe(no_mangle)]
pub extern "C" fn helo_on_result(delivery: helo_delivery, function: HeloResultFn, user: *mut c_void) -> HeloStatus {
    call_at_once("helo_on_result", || {
        Delivery::of(delivery)?.idle()?.on_result = Callback::new(function, user);
        Ok(())
    })
}

/// The function that is told how the run goes on; NULL for none. As for helo_on_result().
#[unsafe(no_mangle)]
pub extern "C" fn helo_on_progress(delivery: helo_delivery, function: HeloProgressFn, user: *mut c_void) -> HeloStatus {
    call_at_once("helo_on_progress", || {
        Delivery::of(delivery)?.idle()?.on_progress = Callback::new(function, user);
        Ok(())
    })
}

/// The function that is shown the traffic, without passwords; NULL for none. As for helo_on_result().
#[unsafe(no_mangle)]
pub extern "C" fn helo_on_trace(delivery: helo_delivery, function: HeloTraceFn, user: *mut c_void) -> HeloStatus {
    call_at_once("helo_on_trace", || {
        Delivery::of(delivery)?.idle()?.on_trace = Callback::new(function, user);
        Ok(())
    })
}

/// Ends the run that is at work on this delivery, as soon as its thread notices, which is at once when it waits. From
/// any thread and from inside callbacks. When no run is at work, the next one ends at once: a cancel that comes a
/// moment before the run is not lost. helo_clear() takes it back.
#[unsafe(no_mangle)]
pub extern "C" fn helo_cancel(delivery: helo_delivery) -> HeloStatus {
    call("helo_cancel", || {
        Delivery::of(delivery)?.cancel.cancel();
        Ok(())
    })
}
