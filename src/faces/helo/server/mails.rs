//! Mails that the key `memory` keeps, for the program that tests with them.

use super::facts::{Facts, HeloFacts};
use super::run::HELO_FOREVER;
use super::setup::helo_server;
use super::state::OwnServer;
use crate::capi::{Callback, copy_out};
use crate::faces::helo::codes::HeloStatus;
use crate::faces::helo::refusal::{Refusal, call};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// Shown a mail: who sent it to whom, and the message, `length` octets as they came, lines ending in CRLF. All of it is
/// valid until the function returns.
pub type HeloStoredFn =
    Option<unsafe extern "C" fn(user: *mut c_void, facts: *const HeloFacts, message: *const c_char, length: usize)>;

/// How many mails the server keeps by its key "memory": 0 when there are none, or when mail goes elsewhere.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_mail_count(server: helo_server) -> u32 {
    let mut count = 0;
    call("helo_server_mail_count", || {
        count = OwnServer::of(server)?.memory().map_or(0, |memory| memory.len());
        Ok(())
    });
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Waits until it keeps so many mails by its key "memory", at most so many milliseconds; HELO_FOREVER for no end.
///
/// HELO_IN_PROGRESS: the time is over, or this thread is in one of its callbacks. HELO_BAD_ARGUMENT: mail does not go to
/// memory there.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_wait_mails(server: helo_server, count: u32, milliseconds: u32) -> HeloStatus {
    call("helo_server_wait_mails", || {
        let within = (milliseconds != HELO_FOREVER).then(|| Duration::from_millis(milliseconds.into()));
        OwnServer::of(server)?.wait_mails(count as usize, within)
    })
}

/// Shows a mail that it keeps by its key "memory" to a function, on this thread; the mail stays. `index` counts from 0, the
/// oldest first. Also after the server was stopped, until it is started again or freed.
///
/// HELO_NO_RESULT: there is no such mail. HELO_BAD_ARGUMENT: mail does not go to memory there, or the function is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_get_mail(
    server: helo_server,
    index: u32,
    function: HeloStoredFn,
    user: *mut c_void,
) -> HeloStatus {
    call("helo_server_get_mail", || {
        let callback = Callback::new(function, user).ok_or_else(|| Refusal::argument("the function is NULL"))?;
        let kept = OwnServer::of(server)?.memory().ok_or_else(no_memory)?;
        let Some(mail) = kept.get(index as usize) else {
            let words = format!("there are {} mails, counted from 0", kept.len());
            return Err(Refusal::new(HeloStatus::HeloNoResult, words));
        };
        let facts = Facts::of_mail(server, &mail.envelope).octets(mail.message.len() as u64);
        let message = mail.message.as_ptr().cast();
        // SAFETY: the program gave this function for this purpose; facts and message live until it returns.
        unsafe { (callback.function)(callback.user.as_ptr(), facts.shown(), message, mail.message.len()) };
        Ok(())
    })
}

/// Forgets the mails that it keeps by its key "memory".
///
/// HELO_BAD_ARGUMENT: mail does not go to memory there.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_clear_mails(server: helo_server) -> HeloStatus {
    call("helo_server_clear_mails", || {
        OwnServer::of(server)?.memory().ok_or_else(no_memory)?.clear();
        Ok(())
    })
}

/// Reads certificate, key and users again, changed or not: from the files of the keys "tls-certificate", "tls-key" and
/// "users", soon and on a thread of the library. What cannot be used leaves the old in force; the log and the counts tell.
/// They are read by themselves too, within two seconds of a change. HELO_OK also when it does not run.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_reload(server: helo_server) -> HeloStatus {
    call("helo_server_reload", || {
        OwnServer::of(server)?.reload();
        Ok(())
    })
}

/// What has happened since the server was made, as monitoring systems read it: the text format of Prometheus, lines ending
/// in LF. It is written to `buffer`; returns the length that the whole needs without the NUL: if that is `size` or more, the
/// buffer is too small and what was written is cut. 0: this is no server.
///
/// # Safety
/// `buffer` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_status(server: helo_server, buffer: *mut c_char, size: usize) -> usize {
    let mut length = 0;
    call("helo_server_status", || {
        let text = OwnServer::of(server)?.status();
        // SAFETY: as this function's own contract has it.
        length = unsafe { copy_out(&text, buffer, size) };
        Ok(())
    });
    length
}

pub(super) fn no_memory() -> Refusal {
    Refusal::argument("mail does not go to memory here: set the key \"memory\", and start the server")
}
