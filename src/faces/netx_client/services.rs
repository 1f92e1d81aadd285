//! The exported delete and send, in their families.
#![allow(unsafe_code, clippy::missing_safety_doc)] // the header says once what holds for all pointers

use super::api::{Checks, NX_SMTP_CLIENT, delete, mail_send, service};
use crate::faces::rtos::*;

/// Deletes a client. A mail that another thread is sending with it is given up: that thread gets NX_WAIT_ABORTED.
///
/// NX_PTR_ERROR: no client. NX_CALLER_ERROR: called from tx_application_define.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nx_smtp_client_delete(client_ptr: *mut NX_SMTP_CLIENT) -> UINT {
    // SAFETY: the caller's promise.
    service("nx_smtp_client_delete", || unsafe { delete(client_ptr, Checks::All) })
}

/// The same, for object files that were made with the original's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nxe_smtp_client_delete(client_ptr: *mut NX_SMTP_CLIENT) -> UINT {
    // SAFETY: the caller's promise.
    service("_nxe_smtp_client_delete", || unsafe { delete(client_ptr, Checks::All) })
}

/// The same without the check of the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nx_smtp_client_delete(client_ptr: *mut NX_SMTP_CLIENT) -> UINT {
    // SAFETY: the caller's promise.
    service("_nx_smtp_client_delete", || unsafe { delete(client_ptr, Checks::Needed) })
}

/// Sends a mail over a connection of its own and returns when the server has taken it, or has not.
///
/// The header block is made here: To, From, Subject (encoded when it is not ASCII), Date, Message-ID, what shows the
/// priority, and MIME's for plain text in UTF-8. In the body bare line ends become CRLF and dots at the beginnings of lines are
/// doubled. A priority that is not known is normal.
///
/// NX_SUCCESS: the server has taken the mail. NX_PTR_ERROR: a pointer is NULL. NX_SMTP_CLIENT_NOT_INITIALIZED: no client,
/// or a deleted one. NX_SMTP_INVALID_PARAM: an empty body, a recipient that is no address, a subject with control
/// characters. NX_CALLER_ERROR: called from tx_application_define. NX_IN_PROGRESS: another thread is sending with this
/// client. NX_NOT_CONNECTED: the server cannot be reached. Else one of the NX_SMTP_ codes above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nx_smtp_mail_send(
    client_ptr: *mut NX_SMTP_CLIENT,
    recipient_address: *mut CHAR,
    priority: UINT,
    subject: *mut CHAR,
    mail_body: *mut CHAR,
    mail_body_length: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    service("nx_smtp_mail_send", || unsafe {
        mail_send(client_ptr, recipient_address, priority, subject, mail_body, mail_body_length, Checks::All)
    })
}

/// The same, for object files that were made with the original's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nxe_smtp_mail_send(
    client_ptr: *mut NX_SMTP_CLIENT,
    recipient_address: *mut CHAR,
    priority: UINT,
    subject: *mut CHAR,
    mail_body: *mut CHAR,
    mail_body_length: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    service("_nxe_smtp_mail_send", || unsafe {
        mail_send(client_ptr, recipient_address, priority, subject, mail_body, mail_body_length, Checks::All)
    })
}

/// The same without the checks of the caller and of an empty body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nx_smtp_mail_send(
    client_ptr: *mut NX_SMTP_CLIENT,
    recipient_address: *mut CHAR,
    priority: UINT,
    subject: *mut CHAR,
    mail_body: *mut CHAR,
    mail_body_length: UINT,
) -> UINT {
    // SAFETY: the caller's promise.
    service("_nx_smtp_mail_send", || unsafe {
        mail_send(client_ptr, recipient_address, priority, subject, mail_body, mail_body_length, Checks::Needed)
    })
}
