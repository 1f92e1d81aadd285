//! The one way in for all functions that return a code: panic boundary, log, last error.

use super::codes::{Refusal, SMTP_FAILURE};
use super::ctypes::{GLOBALHANDLE, LPCSTR, number_of};
use super::handle::code;
use super::{log, numbers};
use crate::capi::{boundary, c_str, last_error};
use std::ffi::c_int;

/// Does the work of an exported function and gives its code as the program knows it. `arguments` puts into words what it was called with, for the log; it is only
/// asked when calls are logged, before the work.
pub(crate) fn call(
    function: &'static str,
    arguments: impl FnOnce() -> String,
    work: impl FnOnce() -> Result<(), Refusal>,
) -> c_int {
    let code = boundary(function, SMTP_FAILURE, || {
        let arguments = if log::wants_calls() { arguments() } else { String::new() };
        let result = work();
        let code = code(&result);
        log::returned(function, &arguments, code, &recorded(result));
        code
    });
    numbers::code_for_program(code)
}

/// Records why a call fails for this thread; the words, which are empty when it does not.
pub(crate) fn recorded(result: Result<(), Refusal>) -> String {
    let Err(refusal) = result else { return String::new() };
    last_error::set_with(&refusal.words, refusal.failure);
    refusal.words
}

/// A handle in the log.
pub(crate) fn shown_handle(handle: GLOBALHANDLE) -> String {
    format!("{:#x}", number_of(handle))
}

/// A handle and a string in the log.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string.
pub(crate) unsafe fn shown_with(handle: GLOBALHANDLE, text: LPCSTR) -> String {
    // SAFETY: the caller's promise is the same.
    match unsafe { c_str(text, 1024) } {
        Ok(text) => format!("{:#x}, {text:?}", number_of(handle)),
        Err(why) => format!("{:#x}, a string that {why}", number_of(handle)),
    }
}
