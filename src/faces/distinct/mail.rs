//! Sender and recipients: `smtp_mail` and its three kin, `smtp_rcpt`.

use super::codes::Refusal;
use super::ctypes::{GLOBALHANDLE, LPCSTR, argument};
use super::entry::{call, shown_with};
use super::handle::{Operation, Work};
use crate::client::envelope::{self, BodyKind};
use crate::error::{Cause, Error, Phase};
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
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
/// SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_rcpt(hConn: GLOBALHANDLE, to: LPCSTR) -> c_int {
    // SAFETY: the caller passes NULL or a string.
    call("smtp_rcpt", || unsafe { shown_with(hConn, to) }, || unsafe { recipient(hConn, to) })
}

/// # Safety
/// `from` is NULL or a string.
unsafe fn sender(handle: GLOBALHANDLE, from: LPCSTR, verb: Verb) -> Result<(), Refusal> {
    Operation::begin(handle)?.run(|work| {
        // SAFETY: the caller's promise.
        let from = unsafe { argument("sender", from, Phase::Mail) }?;
        let from = ReversePath::parse(&from).map_err(|why| not_sent(Phase::Mail, why))?;
        say_sender(work, &from, verb, true)
    })
}

/// MAIL or one of its kin, with the parameters that the server and the addresses call for.
fn say_sender(work: &mut Work<'_>, from: &ReversePath, verb: Verb, ascii_recipients: bool) -> Result<(), Error> {
    let extensions = work.session.connection().extensions();
    let parameters = envelope::mail_parameters(extensions, from, ascii_recipients, &[], None, BodyKind::Unknown)?;
    let command = Command::Mail { verb, from, params: &parameters };
    work.session.command(&command, work.pause)?;
    Ok(())
}

/// # Safety
/// `to` is NULL or a string.
unsafe fn recipient(handle: GLOBALHANDLE, to: LPCSTR) -> Result<(), Refusal> {
    Operation::begin(handle)?.run(|work| {
        // SAFETY: the caller's promise.
        let to = unsafe { argument("recipient", to, Phase::Rcpt) }?;
        let to = ForwardPath::parse(&to).map_err(|why| not_sent(Phase::Rcpt, why))?;
        work.session.command(&Command::Rcpt { to: &to, params: &[] }, work.pause)?;
        Ok(())
    })
}

fn not_sent(phase: Phase, why: ArgumentError) -> Error {
    Error::new(phase, Cause::BadArgument, format!("not sent: {why}"))
}
