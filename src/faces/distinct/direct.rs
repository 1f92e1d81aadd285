//! `smtp_direct`: any command that the other functions do not have.

use super::codes::{Refusal, SMTP_INSUFFICIENT_LENGTH};
use super::ctypes::{GLOBALHANDLE, LPCSTR, LPSTR, argument, copy_bytes, number_of};
use super::entry::call;
use super::handle::{Operation, Work};
use crate::capi::write_out;
use crate::client::trace;
use crate::error::{Cause, Error, Phase};
use crate::proto::command::{Command, Verb};
use crate::proto::reply::Reply;
use std::ffi::c_int;

/// Sends a command line and gives the reply: for commands that the library has no function for, and for authentication.
///
/// msg: the line without its end. Line ends in it are refused. QUIT, DATA, BDAT, STARTTLS and TURN are refused too: use
/// smtp_quit, smtp_data, smtp_turn.
///
/// rep_buf: a buffer of *len bytes for the reply's lines, codes included, with CRLF between them and a NUL behind them; or
/// NULL. A reply that does not fit is cut, and *len then says how many bytes it needs with the NUL.
///
/// Returns SMTP_SUCCESS if the reply's code is below 400, SMTP_INSUFFICIENT_LENGTH if it was cut besides; SMTP_INVALID_HANDLE,
/// SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_direct(hConn: GLOBALHANDLE, msg: LPCSTR, rep_buf: LPSTR, len: *mut c_int) -> c_int {
    // What follows an AUTH is a credential that cannot be told from a command here: the log has the verb only.
    // SAFETY: the caller passes NULL or a string.
    call(
        "smtp_direct",
        || format!("{:#x}, {}", number_of(hConn), unsafe { shown_verb(msg) }),
        || {
            let operation = Operation::begin(hConn)?;
            let mut reply = None;
            let mut size = None;
            let result = operation.run(|work| {
                // SAFETY: as above, and NULL or a place for a number.
                size = unsafe { size_of_buffer(len) }?;
                // SAFETY: as above.
                let line = unsafe { argument("command", msg, Phase::Command) }?;
                match send(work, &line) {
                    Ok(positive) => {
                        reply = Some(positive);
                        Ok(())
                    }
                    Err(error) => {
                        reply = error.reply.as_deref().filter(|_| error.cause == Cause::Refused).cloned();
                        Err(error)
                    }
                }
            });
            let Some(reply) = reply else { return result };
            // SAFETY: the caller passes NULL or a buffer of `*len` bytes.
            let needed = unsafe { copy_bytes(reply.raw(), rep_buf, size.unwrap_or(0)) };
            let Some(size) = size.filter(|size| needed > *size || rep_buf.is_null()) else { return result };
            // SAFETY: not NULL, since it held a size.
            unsafe { write_out(len, c_int::try_from(needed).unwrap_or(c_int::MAX)) };
            result?;
            let words = format!("the reply needs {needed} bytes, the buffer has {size}");
            Err(Refusal::new(SMTP_INSUFFICIENT_LENGTH, words))
        },
    )
}

/// The size of the caller's buffer; `None` when the caller wants no reply.
///
/// # Safety
/// `len` is NULL or leads to a number.
unsafe fn size_of_buffer(len: *const c_int) -> Result<Option<usize>, Error> {
    if len.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; no alignment is assumed.
    let size = usize::try_from(unsafe { len.read_unaligned() });
    size.map(Some).map_err(|_| refused("the length of the buffer is negative"))
}

fn send(work: &mut Work<'_>, line: &str) -> Result<Reply, Error> {
    let in_exchange = work.session.connection().is_in_auth();
    if !in_exchange {
        check(line)?;
    }
    // It may concern the mail that was begun.
    work.begun = None;
    let command = Command::Raw(line);
    let reply = work.session.ask(&command, work.pause)?;
    // A code that this command does not have, but not a refusal, is no error: the program knows what it asked.
    if reply.code() < 400 { Ok(reply) } else { Err(Error::refused(command.verb().phase(), reply)) }
}

/// Refuses what would change the connection behind the library's back.
fn check(line: &str) -> Result<(), Error> {
    match Verb::parse(line.as_bytes()) {
        Verb::Quit => Err(refused("smtp_quit closes a connection")),
        Verb::Data | Verb::Bdat => Err(refused("smtp_data sends a message")),
        Verb::StartTls => Err(refused("the library itself sees to TLS")),
        Verb::Turn => Err(refused("smtp_turn does that")),
        Verb::Other if line.trim().is_empty() => Err(refused("there is no command")),
        Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml | Verb::Rcpt => Ok(()),
        Verb::Rset | Verb::Noop | Verb::Vrfy | Verb::Expn | Verb::Help | Verb::Auth | Verb::Other => Ok(()),
    }
}

fn refused(words: &str) -> Error {
    Error::new(Phase::Command, Cause::BadArgument, format!("not sent: {words}"))
}

/// The command's verb for the log, if it is one; anything else may be a credential.
///
/// # Safety
/// `msg` is NULL or a string.
unsafe fn shown_verb(msg: LPCSTR) -> &'static str {
    // SAFETY: the caller's promise is the same.
    match unsafe { argument("command", msg, Phase::Command) }.map(|line| Verb::parse(line.as_bytes())) {
        Ok(Verb::Other) | Err(_) => trace::HIDDEN,
        Ok(verb) => verb.name(),
    }
}
