//! Sender and recipients: `smtp_mail` and its three kin, `smtp_rcpt`.

use super::codes::Refusal;
use super::ctypes::{GLOBALHANDLE, LPCSTR, argument};
use super::entry::{call, shown_with};
use super::handle::{About, Operation, Work};
use crate::client::envelope::Sender;
use crate::error::{Cause, Error, Hint, Phase};
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::{ArgumentError, Command, Verb};
use std::ffi::c_int;

/// Begins a message: says who sends it. from is an address with or without < >; an empty string is the empty sender of
/// bounces. Where the server offers 8BITMIME, it is declared; an address that is not ASCII needs a server with SMTPUTF8.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_mail(hConn: GLOBALHANDLE, from: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call("smtp_mail", || unsafe { shown_with(hConn, from) }, || unsafe { sender(hConn, from, Verb::Mail) })
}

/// As smtp_mail, but the message is for the recipients' terminals. Hardly any server knows this today.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_send(hConn: GLOBALHANDLE, from: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call("smtp_send", || unsafe { shown_with(hConn, from) }, || unsafe { sender(hConn, from, Verb::Send) })
}

/// As smtp_mail, but the message is for the terminals of recipients who are there, and for the mailboxes of the others.
/// Hardly any server knows this today.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_soml(hConn: GLOBALHANDLE, from: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call("smtp_soml", || unsafe { shown_with(hConn, from) }, || unsafe { sender(hConn, from, Verb::Soml) })
}

/// As smtp_mail, but the message is for the recipients' terminals and for their mailboxes. Hardly any server knows this
/// today.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_saml(hConn: GLOBALHANDLE, from: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call("smtp_saml", || unsafe { shown_with(hConn, from) }, || unsafe { sender(hConn, from, Verb::Saml) })
}

/// Adds a recipient to the message; to be called for each. One that is refused does not spoil the others.
///
/// A recipient that is not ASCII needs a server with SMTPUTF8, and should be the first: the server must be told with the
/// sender, so the library begins the message anew, which it can only as long as no recipient was accepted.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_rcpt(hConn: GLOBALHANDLE, to: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call("smtp_rcpt", || unsafe { shown_with(hConn, to) }, || unsafe { recipient(hConn, to) })
}

/// A mail whose sender was accepted.
pub(crate) struct Begun {
    from: ReversePath,
    verb: Verb,
    /// SMTPUTF8 was declared.
    utf8: bool,
    /// A recipient was accepted.
    named: bool,
}

/// # Safety
/// `from` is NULL or a string.
unsafe fn sender(handle: GLOBALHANDLE, from: LPCSTR, verb: Verb) -> Result<(), Refusal> {
    Operation::begin(handle)?.run(|work| {
        // SAFETY: the caller's promise.
        let from = unsafe { argument("sender", from, Phase::Mail) }?;
        work.about = About::Sender(from.clone());
        let from = ReversePath::parse(&from).map_err(|why| not_sent(Phase::Mail, why))?;
        begin(work, from, verb, false)
    })
}

/// MAIL or one of its kin, with the parameters that the server and the addresses call for.
fn begin(work: &mut Work<'_>, from: ReversePath, verb: Verb, utf8_recipients: bool) -> Result<(), Error> {
    work.begun = None;
    let sender = Sender { verb, ascii_recipients: !utf8_recipients, ..Sender::new(&from) };
    work.session.mail(&sender, work.pause)?;
    let utf8 = utf8_recipients || !from.is_ascii();
    work.begun = Some(Begun { from, verb, utf8, named: false });
    Ok(())
}

/// # Safety
/// `to` is NULL or a string.
unsafe fn recipient(handle: GLOBALHANDLE, to: LPCSTR) -> Result<(), Refusal> {
    Operation::begin(handle)?.run(|work| {
        // SAFETY: the caller's promise.
        let to = unsafe { argument("recipient", to, Phase::Rcpt) }?;
        work.about = About::Recipient(to.clone());
        let to = ForwardPath::parse(&to).map_err(|why| not_sent(Phase::Rcpt, why))?;
        if !to.is_ascii() {
            allow_utf8(work)?;
        }
        work.session.command(&Command::Rcpt { to: &to, params: &[] }, work.pause)?;
        if let Some(begun) = &mut work.begun {
            begun.named = true;
        }
        Ok(())
    })
}

/// Sees to it that the mail's sender was given with SMTPUTF8, before a recipient needs it.
fn allow_utf8(work: &mut Work<'_>) -> Result<(), Error> {
    let lacks = |words| Err(Error::new(Phase::Rcpt, Cause::NotSupported, words).hinting(Hint::NoUtf8));
    if !work.session.connection().extensions().smtputf8 {
        return lacks("the recipient is not ASCII, and the server does not offer SMTPUTF8");
    }
    match work.begun.take() {
        Some(Begun { from, verb, utf8: false, named: false }) => {
            work.session.command(&Command::Rset, work.pause)?;
            begin(work, from, verb, true)
        }
        Some(begun) if !begun.utf8 => {
            work.begun = Some(begun);
            lacks("the recipient is not ASCII: name it before the others, since the server must be told first")
        }
        // Declared already; or there is no sender, and the server will say so.
        begun => {
            work.begun = begun;
            Ok(())
        }
    }
}

fn not_sent(phase: Phase, why: ArgumentError) -> Error {
    Error::new(phase, Cause::BadArgument, format!("not sent: {why}"))
}
