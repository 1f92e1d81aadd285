//! The message: `smtp_data`, which asks a callback for it, and `smtp_data_buf`, which takes it piece by piece.

use super::codes::{Refusal, SMTP_FAILURE};
use super::ctypes::{BufferProc, FARPROC, GLOBALHANDLE, LPCSTR};
use super::entry::{call, shown_handle};
use super::handle::{Operation, Work};
use crate::capi::c_slice;
use crate::error::{Cause, Error, Phase};
use std::ffi::c_int;

/// What the callback is given to fill. Larger buffers do not make mail faster.
const BUFFER: usize = 32 * 1024;

/// Sends the message, headers and all, to the recipients named, and waits until the server has taken it.
///
/// proc is called for more until it returns 0:
///
///     int WINAPI proc(GLOBALHANDLE hConn, char *buf, int len, DWORD_PTR lParam)
///
/// It puts at most len bytes into buf and returns their number. -1, or a number larger than len, aborts: the connection is
/// reset, nothing is delivered, and the handle is invalid. It is called on the thread of this call.
///
/// Line ends may be LF, CR or CRLF and lines may begin with a dot: the library sees to both. A last line without an end
/// gets one.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED. SMTP_TIMED_OUT after the whole message was sent means that nobody knows whether the server kept it:
/// sending it again may make a duplicate. The manual's 20 seconds are short for this wait: message_timeout in the site's
/// policy file makes it longer.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_data(hConn: GLOBALHANDLE, proc: FARPROC) -> c_int {
    call(
        "smtp_data",
        || shown_handle(hConn),
        || {
            let operation = Operation::begin(hConn)?;
            let source = BufferProc::new(proc)
                .ok_or_else(|| Refusal::new(SMTP_FAILURE, "proc is NULL: there is nothing to ask for the message"));
            match source {
                Ok(source) => operation.run(|work| send_from(source, work)),
                Err(refusal) => operation.refuse(refusal),
            }
        },
    )
}

/// Sends a piece of the message. The first piece begins it; a call with len 0 ends it and waits until the server has taken
/// it. Some of a piece may still be on its way when the call returns, but buf is the program's again.
///
/// Line ends and dots are seen to as by smtp_data, wherever the pieces are cut. Between the first piece and the end only
/// this function, smtp_quit and smtp_xquit do anything: other commands return SMTP_FAILURE.
///
/// Returns what smtp_data returns.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_data_buf(hConn: GLOBALHANDLE, buf: LPCSTR, len: c_int) -> c_int {
    call(
        "smtp_data_buf",
        || format!("{}, {len} bytes", shown_handle(hConn)),
        || {
            Operation::begin(hConn)?.run(|work| {
                // SAFETY: the caller passes NULL or `len` readable bytes, which stay as they are during the call.
                let piece = unsafe { c_slice(buf, len) };
                let piece =
                    piece.map_err(|why| Error::new(Phase::Data, Cause::BadArgument, format!("the buffer {why}")))?;
                send_piece(piece, work)
            })
        },
    )
}

/// The whole dialogue of a message that a callback gives.
fn send_from(source: BufferProc, work: &mut Work<'_>) -> Result<(), Error> {
    begin(work)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = source.call(work.shared.handle(), &mut buffer, BUFFER, work.shared.parameter());
        match usize::try_from(count).ok().and_then(|count| buffer.get(..count)) {
            Some([]) => break,
            Some(piece) => work.session.body(piece, work.pause)?,
            None => {
                let words = format!("the data callback returned {count}; the connection has been reset");
                return Err(Error::new(Phase::Data, Cause::Cancelled, words));
            }
        }
    }
    // The callback may have called smtp_opts.
    work.sync();
    work.session.end_data(work.pause).map(drop)
}

fn send_piece(piece: &[u8], work: &mut Work<'_>) -> Result<(), Error> {
    if !work.session.connection().is_body_open() {
        begin(work)?;
    }
    if piece.is_empty() {
        return work.session.end_data(work.pause).map(drop);
    }
    work.session.body(piece, work.pause)
}

/// The command that the message follows, and the server's consent.
fn begin(work: &mut Work<'_>) -> Result<(), Error> {
    work.begun = None;
    work.session.begin_data(work.pause)?;
    work.sync();
    Ok(())
}
