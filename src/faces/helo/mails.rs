//! The mails of a delivery: senders, recipients, parameters, bodies.

use super::arguments::{path_of, utf8};
use super::codes::HeloStatus;
use super::delivery::Delivery;
use super::refusal::{Refusal, call, call_at_once};
use super::setup::helo_delivery;
use super::transport::{HeloReadFn, count};
use crate::capi::{Callback, c_slice, copy_out, write_out};
use crate::client::body::Body;
use crate::proto::command::xtext;
use std::ffi::{c_char, c_void};

/// Adds a mail from `sender`: `alice@example.com`, or "" for notifications, which have none. Its number, counted from
/// 0, goes to `mail` unless that is NULL.
///
/// It needs a recipient and a body before helo_run().
///
/// # Safety
/// `sender` is NULL or leads to a text that ends in a NUL; `mail` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_add_mail(delivery: helo_delivery, sender: *const c_char, mail: *mut u32) -> HeloStatus {
    call_at_once("helo_add_mail", || {
        // SAFETY: as this function's own contract has it.
        let sender = unsafe { utf8("sender", sender) }?;
        let number = Delivery::of(delivery)?.idle()?.add_mail(sender)?;
        // SAFETY: as above; NULL means that nobody asks.
        unsafe { write_out(mail, number) };
        Ok(())
    })
}

/// Adds a recipient to a mail: `bob@example.com`. Its number within the mail, counted from 0, goes to `number` unless
/// that is NULL.
///
/// # Safety
/// `recipient` is NULL or leads to a text that ends in a NUL; `number` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_add_recipient(
    delivery: helo_delivery,
    mail: u32,
    recipient: *const c_char,
    number: *mut u32,
) -> HeloStatus {
    call_at_once("helo_add_recipient", || {
        // SAFETY: as this function's own contract has it.
        let recipient = unsafe { utf8("recipient", recipient) }?;
        let added = Delivery::of(delivery)?.idle()?.add_recipient(mail, recipient)?;
        // SAFETY: as above; NULL means that nobody asks.
        unsafe { write_out(number, added) };
        Ok(())
    })
}

/// Sets a parameter of a mail's MAIL command: `RET=HDRS`, `ENVID=...`, `BODY=8BITMIME`, `SMTPUTF8`, `BY=3600;R`,
/// `MT-PRIORITY=3`, `REQUIRETLS`, ... It goes out where the server has the extension, and is left out where that does
/// no harm; `BODY=BINARYMIME`, `BY=...;R` and `REQUIRETLS` are demands, and the mail fails without them. SIZE and
/// SMTPUTF8 are set by the library where they are needed. The values of ENVID and ORCPT are xtext: see helo_xtext().
///
/// # Safety
/// `parameter` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_mail_parameter(
    delivery: helo_delivery,
    mail: u32,
    parameter: *const c_char,
) -> HeloStatus {
    call_at_once("helo_set_mail_parameter", || {
        // SAFETY: as this function's own contract has it.
        let parameter = unsafe { utf8("parameter", parameter) }?;
        Delivery::of(delivery)?.idle()?.set_mail_parameter(mail, parameter)
    })
}

/// Sets a parameter of a recipient's RCPT command: `NOTIFY=FAILURE,DELAY`, `ORCPT=rfc822;bob@example.com`, ... As for
/// helo_set_mail_parameter().
///
/// # Safety
/// `parameter` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_recipient_parameter(
    delivery: helo_delivery,
    mail: u32,
    recipient: u32,
    parameter: *const c_char,
) -> HeloStatus {
    call_at_once("helo_set_recipient_parameter", || {
        // SAFETY: as this function's own contract has it.
        let parameter = unsafe { utf8("parameter", parameter) }?;
        Delivery::of(delivery)?.idle()?.set_recipient_parameter(mail, recipient, parameter)
    })
}

/// Bytes of the program, lent until the run that sends them is over.
struct Lent {
    start: *const u8,
    length: usize,
}

// SAFETY: the bytes are only read, and the program promises that they stay as they are while they are lent.
unsafe impl Send for Lent {}
// SAFETY: as above.
unsafe impl Sync for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: checked by `c_slice` when it was made; lent by the program's promise.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// The message is in memory: headers, an empty line, text. Line ends may be LF or CRLF, dots are the library's business.
///
/// The bytes are lent, not copied: they stay as they are until the helo_run() that sends them has returned, or until
/// helo_clear() or helo_free().
///
/// # Safety
/// `bytes` is NULL or leads to `length` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_body(
    delivery: helo_delivery,
    mail: u32,
    bytes: *const c_void,
    length: usize,
) -> HeloStatus {
    call("helo_set_body", || {
        // SAFETY: as this function's own contract has it.
        let lent = unsafe { c_slice(bytes.cast(), length) }.map_err(|why| Refusal::of_argument("body", why))?;
        let lent = Lent { start: lent.as_ptr(), length: lent.len() };
        Delivery::of(delivery)?.idle()?.set_body(mail, Body::memory(Box::new(lent)))
    })
}

/// The message is in a file, which is opened when the mail's turn comes and read piece by piece. As much of it is sent as
/// there is then: a file that grows ends where it did, one that becomes shorter is an error of its mail (HELO_CAUSE_SOURCE) and
/// nothing of it is delivered. Where the server wants to know the size, the line ends are counted first, in files up to
/// 256 MiB. A pipe or a device is read to its end and has no size.
///
/// # Safety
/// `path` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_body_file(delivery: helo_delivery, mail: u32, path: *const c_char) -> HeloStatus {
    call("helo_set_body_file", || {
        // SAFETY: as this function's own contract has it.
        let path = unsafe { path_of(path) }?;
        Delivery::of(delivery)?.idle()?.set_body(mail, Body::file(path))
    })
}

/// The message comes from a function, which is called on the thread that is in helo_run() until it returns 0. It may
/// block, and holds up all mails of the run when it does. A mail whose body began to be read this way is not begun
/// again over another connection when the server closes the first (421).
#[unsafe(no_mangle)]
pub extern "C" fn helo_set_body_callback(
    delivery: helo_delivery,
    mail: u32,
    function: HeloReadFn,
    user: *mut c_void,
) -> HeloStatus {
    call("helo_set_body_callback", || {
        let callback = Callback::new(function, user).ok_or_else(|| Refusal::argument("the function is NULL"))?;
        let body = Body::reader(Box::new(move |buffer| {
            // SAFETY: the program gave the function for this purpose, and the buffer is as long as it is told.
            let returned =
                unsafe { (callback.function)(callback.user.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
            count(returned)
        }));
        Delivery::of(delivery)?.idle()?.set_body(mail, body)
    })
}

/// Writes `text` as xtext (RFC 3461) to `buffer`, as the values of ENVID and ORCPT want it. Returns the length that the
/// whole needs without the NUL: if that is `size` or more, the buffer is too small and what was written is cut. 0 if
/// `text` is NULL or not UTF-8.
///
/// # Safety
/// `text` is NULL or leads to a text that ends in a NUL; `buffer` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_xtext(text: *const c_char, buffer: *mut c_char, size: usize) -> usize {
    let mut length = 0;
    call_at_once("helo_xtext", || {
        // SAFETY: as this function's own contract has it.
        length = unsafe { copy_out(&xtext(utf8("text", text)?), buffer, size) };
        Ok(())
    });
    length
}
