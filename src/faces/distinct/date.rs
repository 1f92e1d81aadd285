//! `smtp_date`: the date of a header.

use super::ctypes::{LPSTR, copy_bytes};
use crate::capi::boundary;
use crate::client::clock;
use std::ffi::c_int;

/// The longest date with its NUL.
const LONGEST: usize = 37;

/// Puts this moment's date and time, such as "Fri, 21 Nov 1997 09:55:06 -0600", into a buffer of at least 37 bytes, with a
/// NUL behind it.
///
/// Returns the length without the NUL, 0 if date is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_date(date: LPSTR) -> c_int {
    boundary("smtp_date", 0, || {
        if date.is_null() {
            return 0;
        }
        let text = clock::now().to_string();
        // SAFETY: the caller's buffer has as many bytes as the header asks for.
        unsafe { copy_bytes(text.as_bytes(), date, LONGEST) };
        text.len() as c_int
    })
}
