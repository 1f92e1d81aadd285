//! Crossing into C, once for all faces: the panic boundary, handle tables, strings, callbacks, and the last error in
//! words.
//!
//! An exported function of a face is some fifteen lines made of these:
//!
//! ```text
//! /// Sends the sender's address. ...
//! #[unsafe(no_mangle)]
//! pub unsafe extern "system" fn smtp_mail(handle: usize, sender: *const c_char) -> c_int {
//!     boundary("smtp_mail", SMTP_FAILURE, || {
//!         let Some(connection) = CONNECTIONS.get(handle) else { return SMTP_INVALID_HANDLE };
//!         // SAFETY: the caller passes NULL or a NUL-terminated string, as the header says.
//!         let Ok(sender) = (unsafe { c_str(sender, MAX_PATH) }) else { return SMTP_BAD_ARGUMENT };
//!         status(connection.mail(&sender))
//!     })
//! }
//! ```
//!
//! The functions here that take raw pointers check what can be checked (NULL, lengths, alignment); that a pointer which
//! is not NULL leads to memory of the caller is the caller's promise, stated in each header.
#![allow(unsafe_code)]

pub mod boundary;
pub mod callback;
#[cfg(windows)]
pub mod console;
pub mod handle;
pub mod last_error;
pub mod process;
pub mod rights;
pub mod string;

pub use boundary::{at_once, boundary, guard};
pub use callback::{Callback, User};
pub use handle::{Handle, HandleTable, TableFull};
pub use rights::rights;
pub use string::{StringError, c_bytes, c_slice, c_str, copy_out, text, write_out};
