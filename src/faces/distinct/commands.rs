//! Commands of one line and one answer, and the last answer: `smtp_rset`, `smtp_noop`, `smtp_vrfy`, `smtp_rply`.

use super::codes::Refusal;
use super::ctypes::{GLOBALHANDLE, LPCSTR, LPSTR, argument, copy_bytes};
use super::entry::{call, shown_handle, shown_with};
use super::handle::{Operation, Slot};
use crate::capi::write_out;
use crate::error::Phase;
use crate::proto::command::Command;
use std::ffi::c_int;

/// Forgets the message that was begun, at the server.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_rset(hConn: GLOBALHANDLE) -> c_int {
    call(
        "smtp_rset",
        || shown_handle(hConn),
        || {
            Operation::begin(hConn)?.run(|work| {
                work.begun = None;
                work.session.command(&Command::Rset, work.pause).map(drop)
            })
        },
    )
}

/// Does nothing but ask the server for an answer: whether it is still there.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT or SMTP_IN_PROGRESS,
/// and SMTP_ABORTED if smtp_xquit was called meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_noop(hConn: GLOBALHANDLE) -> c_int {
    call(
        "smtp_noop",
        || shown_handle(hConn),
        || -> Result<(), Refusal> {
            Operation::begin(hConn)?.run(|work| work.session.command(&Command::Noop(None), work.pause).map(drop))
        },
    )
}

/// Asks the server whether it knows a mailbox; smtp_rply has the answer in words. Many servers do not tell.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_vrfy(hConn: GLOBALHANDLE, name: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call(
        "smtp_vrfy",
        || unsafe { shown_with(hConn, name) },
        || {
            Operation::begin(hConn)?.run(|work| {
                // SAFETY: as above.
                let name = unsafe { argument("name", name, Phase::Command) }?;
                work.session.command(&Command::Vrfy(&name), work.pause).map(drop)
            })
        },
    )
}

/// Gives the server's last reply, also while another call runs on the connection.
///
/// reply: a buffer of len bytes, or NULL. It gets the reply's lines as they came, codes included, with CRLF between them
/// and a NUL behind them; what does not fit is cut. Before the first reply it gets an empty string.
///
/// code: gets the reply's code, 0 before the first reply; or NULL.
///
/// Returns SMTP_SUCCESS or SMTP_INVALID_HANDLE, and SMTP_IN_PROGRESS while smtp_xhelo is making the connection.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_rply(hConn: GLOBALHANDLE, reply: LPSTR, len: c_int, code: *mut c_int) -> c_int {
    call(
        "smtp_rply",
        || shown_handle(hConn),
        || {
            let (text, number) = Slot::connected(hConn)?.shared.reply();
            let size = usize::try_from(len).unwrap_or(0);
            // SAFETY: the caller passes NULL or a buffer of `len` bytes, and NULL or a place for a number.
            unsafe {
                copy_bytes(&text, reply, size);
                write_out(code, number as c_int);
            }
            Ok(())
        },
    )
}
