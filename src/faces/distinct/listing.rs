//! Answers of many lines, handed to a callback as they come: `smtp_expn` and `smtp_help`.

use super::codes::Refusal;
use super::ctypes::{BufferProc, FARPROC, GLOBALHANDLE, LPCSTR, argument};
use super::entry::{call, shown_with};
use super::handle::{Operation, Work};
use crate::error::{Error, Phase};
use crate::proto::command::Command;
use std::ffi::c_int;

/// Asks the server who is on a mailing list. proc is called for each address:
///
///     int WINAPI proc(GLOBALHANDLE hConn, char *line, int len, DWORD_PTR lParam)
///
/// line is the text of one line without the reply code, len its length; a NUL stands behind it. If proc returns -1 the
/// connection is reset and its handle invalid. proc may be NULL: smtp_rply has the whole answer too. It is called on the
/// thread of this call.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_expn(hConn: GLOBALHANDLE, name: LPCSTR, proc: FARPROC) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call(
        "smtp_expn",
        || unsafe { shown_with(hConn, name) },
        || {
            run(hConn, |work| {
                // SAFETY: as above.
                let name = unsafe { argument("name", name, Phase::Command) }?;
                list(work, &Command::Expn(&name), BufferProc::new(proc))
            })
        },
    )
}

/// Asks the server for help on a command, or for a list of its commands if topic is NULL or empty. proc is called for
/// each line, as by smtp_expn.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_help(hConn: GLOBALHANDLE, topic: LPCSTR, proc: FARPROC) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call(
        "smtp_help",
        || unsafe { shown_with(hConn, topic) },
        || {
            run(hConn, |work| {
                let topic = match topic.is_null() {
                    true => String::new(),
                    // SAFETY: as above.
                    false => unsafe { argument("topic", topic, Phase::Command) }?,
                };
                let topic = Some(topic.as_str()).filter(|topic| !topic.is_empty());
                list(work, &Command::Help(topic), BufferProc::new(proc))
            })
        },
    )
}

fn run(handle: GLOBALHANDLE, work: impl FnOnce(&mut Work<'_>) -> Result<(), Error>) -> Result<(), Refusal> {
    Operation::begin(handle)?.run(work)
}

fn list(work: &mut Work<'_>, command: &Command<'_>, each: Option<BufferProc>) -> Result<(), Error> {
    let shared = work.shared;
    let mut on_line = |line: &[u8]| {
        // Every result but -1 is ignored, as the manual has it.
        each.is_none_or(|each| each.call_with_text(shared.handle(), line, shared.parameter()) != -1)
    };
    work.session.listing(command, work.pause, &mut on_line).map(drop)
}
