//! The native face: what no old API can say.
#![allow(unsafe_code)] // exported symbols

use std::ffi::{CStr, c_char};

/// The version as C text, made once when the library is compiled.
const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the package's version holds a NUL"),
};

/// The library's version, such as "0.1.0". The text is the library's own and stays valid.
#[unsafe(no_mangle)]
pub extern "C" fn helo_version() -> *const c_char {
    VERSION.as_ptr()
}
