//! The native face: what no old API can say. Its header is `helo.h`; a delivery is `delivery::Delivery`, the rest
//! translates.
#![allow(unsafe_code)] // exported symbols, and pointers of the program

pub mod codes;
pub(crate) mod delivery;
mod handles;
pub mod mails;
pub mod policy;
mod refusal;
pub mod results;
pub mod run;
pub mod send;
#[cfg(feature = "native-server")]
pub mod server;
pub mod setup;
pub mod transport;
pub mod waiting;
pub mod watch;

use crate::capi::last_error;
use std::ffi::{CStr, c_char};

pub use codes::*;
pub use mails::*;
pub use policy::*;
pub use results::*;
pub use run::*;
pub use send::*;
#[cfg(feature = "native-server")]
pub use server::*;
pub use setup::*;
pub use transport::*;
pub use waiting::*;
pub use watch::*;

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

/// Why the last failing call of this thread failed, in words; empty if none has failed. Never NULL. Valid until this
/// thread's next failing call.
#[unsafe(no_mangle)]
pub extern "C" fn helo_last_error() -> *const c_char {
    last_error::as_ptr()
}
