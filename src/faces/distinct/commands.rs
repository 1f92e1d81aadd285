//! Commands of one line and one answer, and the last answer: `smtp_rset`, `smtp_noop`, `smtp_vrfy`, `smtp_rply`.

use super::codes::{Refusal, SMTP_INVALID_HANDLE};
use super::ctypes::{GLOBALHANDLE, LPCSTR, LPSTR, argument, copy_bytes, number_of};
use super::entry::{call, shown_handle, shown_with};
use super::handle::{Operation, Slot};
use super::words;
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
/// Where a call has failed and the server has not said why (the connection was lost or not made, nobody answered in time,
/// an argument cannot be sent, a certificate or the policy is wrong), the library says it in the same form, with the
/// code 000 that no server sends: "000-libhelo: connect: host does not respond: ...". What the last call to fail was
/// about is there, never the reply to an earlier one.
///
/// code: gets the reply's code, 0 before the first reply and for the library's own words; or NULL.
///
/// Returns SMTP_SUCCESS or SMTP_INVALID_HANDLE, and SMTP_IN_PROGRESS while smtp_xhelo is making the connection. With the
/// NULL that smtp_helo, smtp_fw_helo or smtp_xhelo has given instead of a handle it is SMTP_INVALID_HANDLE, and the words
/// of that failure are in the buffer all the same: those of the last such call of this thread.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_rply(hConn: GLOBALHANDLE, reply: LPSTR, len: c_int, code: *mut c_int) -> c_int {
    call(
        "smtp_rply",
        || shown_handle(hConn),
        || {
            let size = usize::try_from(len).unwrap_or(0);
            if let Some(opening) = words::opening_failed().filter(|_| number_of(hConn) == 0) {
                // SAFETY: as below.
                unsafe {
                    copy_bytes(&words::own_reply(&opening), reply, size);
                    write_out(code, 0);
                }
                return Err(Refusal::new(SMTP_INVALID_HANDLE, opening));
            }
            let (text, number) = Slot::connected(hConn)?.shared.reply();
            // SAFETY: the caller passes NULL or a buffer of `len` bytes, and NULL or a place for a number.
            unsafe {
                copy_bytes(&text, reply, size);
                write_out(code, number as c_int);
            }
            Ok(())
        },
    )
}
