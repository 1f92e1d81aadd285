//! Strings and buffers across the boundary: in with a bound and as UTF-8, out with a NUL and never beyond the buffer.

use std::ffi::c_char;
use std::fmt;

/// Why a string or buffer of the caller cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringError {
    /// The pointer is NULL.
    Null,
    /// There is no NUL within the bound: too long, or no string at all.
    TooLong,
    /// The length is negative, or larger than memory can be.
    BadLength,
}

impl fmt::Display for StringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StringError::Null => "is NULL",
            StringError::TooLong => "is too long, or its end is missing",
            StringError::BadLength => "has an impossible length",
        })
    }
}

impl std::error::Error for StringError {}

/// The bytes of a C string without its NUL. At most `max` bytes and the NUL are looked at.
///
/// # Safety
/// `pointer` is NULL, or leads to a NUL or to `max + 1` readable bytes, which nobody changes while `'a` lasts.
pub unsafe fn c_bytes<'a>(pointer: *const c_char, max: usize) -> Result<&'a [u8], StringError> {
    if pointer.is_null() {
        return Err(StringError::Null);
    }
    // SAFETY: strnlen reads up to the first NUL and at most `max + 1` bytes, which the caller promises.
    let length = unsafe { libc::strnlen(pointer, max.saturating_add(1)) };
    if length > max {
        return Err(StringError::TooLong);
    }
    // SAFETY: these bytes were just read; the caller promises that they stay as they are.
    Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) })
}

/// A C string as text, copied; see [`text`] for bytes that are not UTF-8.
///
/// # Safety
/// As for [`c_bytes`], for the length of this call.
pub unsafe fn c_str(pointer: *const c_char, max: usize) -> Result<String, StringError> {
    // SAFETY: the caller's promise is the same; the slice is gone when this returns.
    unsafe { c_bytes(pointer, max) }.map(text)
}

/// The caller's buffer of a stated length. Length 0 is an empty slice whatever the pointer; NULL with another length is
/// refused, and so is a negative length.
///
/// # Safety
/// `pointer` is NULL, or leads to `length` readable bytes, which nobody changes while `'a` lasts.
pub unsafe fn c_slice<'a>(pointer: *const c_char, length: impl TryInto<usize>) -> Result<&'a [u8], StringError> {
    let length = length.try_into().map_err(|_| StringError::BadLength)?;
    match length {
        0 => Ok(&[]),
        _ if pointer.is_null() => Err(StringError::Null),
        // No object is larger; a slice that were would be undefined behaviour.
        _ if length > isize::MAX as usize => Err(StringError::BadLength),
        // SAFETY: not NULL, not too large, and readable by the caller's promise; bytes need no alignment.
        _ => Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) }),
    }
}

/// Text from a program that may be older than UTF-8.
///
/// Bytes that are valid UTF-8 are taken as that. Others are Windows-1252, which is Latin-1 with letters and signs in
/// place of most of the controls from 0x80 to 0x9F; the five bytes that it leaves undefined stay controls, which no
/// command takes.
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| windows_1252(byte)).collect(),
    }
}

/// One byte of Windows-1252.
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', //
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Copies text into the caller's buffer with a NUL at the end, cut between characters if it does not fit.
///
/// Returns the length of the whole text without the NUL: the buffer was too small if that is `size` or more. With NULL
/// or a size of 0 nothing is written.
///
/// # Safety
/// `buffer` is NULL or leads to `size` writable bytes.
pub unsafe fn copy_out(text: &str, buffer: *mut c_char, size: usize) -> usize {
    if !buffer.is_null() && size > 0 {
        let length = cut_at_character(text.as_bytes(), size - 1);
        // SAFETY: `length` is less than `size`, and the caller's buffer cannot overlap a Rust string of ours.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), length);
            buffer.add(length).write(0);
        }
    }
    text.len()
}

/// Stores a value where the caller wants it; whether there was a place. Alignment does not matter.
///
/// # Safety
/// `place` is NULL or leads to writable memory for a `T`.
pub unsafe fn write_out<T: Copy>(place: *mut T, value: T) -> bool {
    if place.is_null() {
        return false;
    }
    // SAFETY: not NULL, writable by the caller's promise, and no alignment is assumed.
    unsafe { place.write_unaligned(value) };
    true
}

/// Where to cut text so that at most `max` bytes stay and no UTF-8 character is halved.
pub(super) fn cut_at_character(text: &[u8], max: usize) -> usize {
    if text.len() <= max {
        return text.len();
    }
    let mut cut = max;
    while cut > 0 && text[cut] & 0xc0 == 0x80 {
        cut -= 1;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::{null, null_mut};

    // SAFETY for the calls of this module: every pointer is NULL or leads to an array of the test, with its length.

    #[test]
    fn null_is_an_error_and_never_followed() {
        assert_eq!(unsafe { c_str(null(), 10) }, Err(StringError::Null));
        assert_eq!(unsafe { c_slice(null(), 3_i32) }, Err(StringError::Null));
        assert_eq!(unsafe { c_slice(null(), 0_i32) }, Ok(&[][..]));
    }

    #[test]
    fn a_string_ends_within_its_bound() {
        let text = c"abcd";
        assert_eq!(unsafe { c_str(text.as_ptr(), 4) }.as_deref(), Ok("abcd"));
        assert_eq!(unsafe { c_str(text.as_ptr(), 3) }, Err(StringError::TooLong));
        let endless = [b'x'; 8]; // No NUL: only the bound keeps the read inside.
        assert_eq!(unsafe { c_bytes(endless.as_ptr().cast(), 7) }, Err(StringError::TooLong));
    }

    #[test]
    fn lengths_are_checked() {
        let bytes = b"abc";
        assert_eq!(unsafe { c_slice(bytes.as_ptr().cast(), 2_u32) }, Ok(&b"ab"[..]));
        assert_eq!(unsafe { c_slice(bytes.as_ptr().cast(), -1_i32) }, Err(StringError::BadLength));
        assert_eq!(unsafe { c_slice(bytes.as_ptr().cast(), usize::MAX) }, Err(StringError::BadLength));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_windows_1252() {
        assert_eq!(text("Grüße".as_bytes()), "Grüße");
        assert_eq!(text(b"Gr\xfc\xdfe"), "Grüße");
        assert_eq!(text(b"\x80 5, \x93so\x94"), "€ 5, “so”");
        assert_eq!(text(b"\x81"), "\u{81}");
    }

    #[test]
    fn what_does_not_fit_is_cut_and_the_length_needed_is_told() {
        let mut buffer = [b'#' as c_char; 6];
        let mut out = |text: &str, size| {
            buffer.fill(b'#' as c_char);
            let needed = unsafe { copy_out(text, buffer.as_mut_ptr(), size) };
            (needed, buffer.map(|c| c as u8))
        };
        assert_eq!(out("abc", 4), (3, *b"abc\0##"));
        assert_eq!(out("abc", 3), (3, *b"ab\0###"));
        assert_eq!(out("abc", 1), (3, *b"\0#####"));
        assert_eq!(out("abc", 0), (3, *b"######"));
        assert_eq!(out("aü", 3), (3, *b"a\0####"), "ü is two bytes and must not be halved");
        assert_eq!(unsafe { copy_out("abc", null_mut(), 10) }, 3);
    }

    #[test]
    fn values_go_to_any_address_but_null() {
        let mut bytes = [0u8; 9];
        let crooked = bytes[1..].as_mut_ptr().cast::<u64>();
        assert!(unsafe { write_out(crooked, u64::MAX) });
        assert_eq!(bytes, [0, 255, 255, 255, 255, 255, 255, 255, 255]);
        assert!(!unsafe { write_out(null_mut::<u32>(), 1) });
    }
}
