//! Closing: `smtp_quit` in order, `smtp_xquit` at once.

use super::codes::Refusal;
use super::ctypes::GLOBALHANDLE;
use super::entry::{call, shown_handle};
use super::handle;
use std::ffi::c_int;

/// Closes a connection in order and frees its handle. The server's answer is waited for a few seconds at most.
///
/// A message begun with smtp_data_buf and not ended is not delivered.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE or SMTP_IN_PROGRESS.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_quit(hConn: GLOBALHANDLE) -> c_int {
    call("smtp_quit", || shown_handle(hConn), || handle::quit(hConn))
}

/// Aborts what is in progress on a connection: the call that runs, from another thread or from one of its callbacks; a
/// connection that smtp_xhelo is making; a message begun with smtp_data_buf.
///
/// The connection is reset, nothing more is sent, and the handle is invalid as soon as this returns. The aborted call
/// returns SMTP_ABORTED; of smtp_xhelo the status callback gets it. The program must not end before that.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, or SMTP_FAILURE if nothing is in progress (the connection stays as it is) or
/// this was called already.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_xquit(hConn: GLOBALHANDLE) -> c_int {
    call("smtp_xquit", || shown_handle(hConn), || -> Result<(), Refusal> { handle::abort(hConn) })
}
