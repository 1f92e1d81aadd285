//! Texts, paths and structs that the program passes.

use super::refusal::Refusal;
use crate::capi::c_bytes;
use std::ffi::c_char;
use std::path::PathBuf;
use std::ptr;

/// The longest text that any function takes.
const TEXT_MAX: usize = 12 * 1024;

/// A text of the program: UTF-8, ended by a NUL.
///
/// # Safety
/// As for `capi::c_bytes`, for the length of the call that this is part of.
pub(crate) unsafe fn utf8<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Refusal> {
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { c_bytes(pointer, TEXT_MAX) }.map_err(|why| Refusal::of_argument(name, why))?;
    std::str::from_utf8(bytes).map_err(|_| Refusal::argument(format!("the {name} is not UTF-8")))
}

/// A path as the system has it: bytes on Unix, UTF-8 on Windows.
///
/// # Safety
/// As for `utf8`.
pub(crate) unsafe fn path_of(pointer: *const c_char) -> Result<PathBuf, Refusal> {
    #[cfg(unix)]
    let path = {
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: the caller's promise.
        let bytes = unsafe { crate::capi::c_bytes(pointer, 4096) }.map_err(|why| Refusal::of_argument("path", why))?;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    };
    #[cfg(not(unix))]
    // SAFETY: the caller's promise.
    let path = PathBuf::from(unsafe { utf8("path", pointer) }?);
    if path.as_os_str().is_empty() {
        return Err(Refusal::argument("the path is empty"));
    }
    Ok(path)
}

/// Copies as much of `value` as the caller's struct has room for; what it has beyond is zeroed.
///
/// # Safety
/// `place` is NULL or leads to a readable and writable struct that begins with its own size.
pub(crate) unsafe fn hand_out<T>(place: *mut T, value: T) -> Result<(), Refusal> {
    /// No struct of this face will ever be larger: a size beyond this is none.
    const LARGEST: usize = 4096;
    if place.is_null() {
        return Err(Refusal::argument("the place for the answer is NULL"));
    }
    // SAFETY: the struct begins with its size, a size_t; no alignment is assumed.
    let size = unsafe { place.cast::<usize>().read_unaligned() };
    if !(size_of::<usize>()..=LARGEST).contains(&size) {
        return Err(Refusal::argument("the struct's size member is not set: size = sizeof(the struct)"));
    }
    let copied = size.min(size_of::<T>());
    // SAFETY: the caller's struct has `size` bytes; `value` has at least `copied`. The size member is put back.
    unsafe {
        ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), place.cast::<u8>(), copied);
        place.cast::<u8>().add(copied).write_bytes(0, size - copied);
        place.cast::<usize>().write_unaligned(size);
    }
    Ok(())
}
