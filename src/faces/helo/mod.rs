//! The native face: what no old API can say. Its header is `helo.h`; a delivery is `delivery::Delivery`, the rest
//! translates. Any face has the calls that are for handles of any face (errors, watching, policy); deliveries are the
//! feature `native`.
#![allow(unsafe_code)] // exported symbols, and pointers of the program

mod arguments;
pub mod codes;
#[cfg(feature = "native")]
pub(crate) mod delivery;
mod handles;
#[cfg(feature = "native")]
pub mod mails;
pub mod policy;
mod refusal;
#[cfg(feature = "native")]
pub mod results;
#[cfg(feature = "native")]
pub mod run;
#[cfg(feature = "native")]
pub mod send;
#[cfg(feature = "native-server")]
pub mod server;
#[cfg(feature = "native")]
pub mod setup;
#[cfg(feature = "native")]
pub mod transport;
pub mod waiting;
pub mod watch;

use crate::capi::last_error;
use std::ffi::{CStr, c_char};

pub use codes::*;
#[cfg(feature = "native")]
pub use mails::*;
pub use policy::*;
#[cfg(feature = "native")]
pub use results::*;
#[cfg(feature = "native")]
pub use run::*;
#[cfg(feature = "native")]
pub use send::*;
#[cfg(feature = "native-server")]
pub use server::*;
#[cfg(feature = "native")]
pub use setup::*;
#[cfg(feature = "native")]
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
