//! `smtp_turn`: the two ends change roles.

use super::codes::Refusal;
use super::ctypes::GLOBALHANDLE;
use super::entry::{call, shown_handle};
use super::handle::Operation;
use crate::error::{Cause, Error, Phase};
use crate::proto::command::Command;
use std::ffi::c_int;

/// Asks the server to send its mail for this machine over this connection. Hardly any server does so today: the command
/// is an invitation to steal mail.
///
/// A server that agrees finds nobody here who takes its mail: it is told so, the connection is closed, and the call
/// returns SMTP_FAILURE; the handle should then be closed with smtp_quit. After a refusal the connection can be used as
/// before.
///
/// Returns SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or SMTP_ABORTED.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_turn(hConn: GLOBALHANDLE) -> c_int {
    call(
        "smtp_turn",
        || shown_handle(hConn),
        || -> Result<(), Refusal> {
            Operation::begin(hConn)?.run(|work| {
                work.session.command(&Command::Turn, work.pause)?;
                work.session.decline_turn(work.pause);
                let words = "the server agreed to send its mail, but nobody takes mail here: the connection is closed";
                Err(Error::new(Phase::Command, Cause::NotSupported, words))
            })
        },
    )
}
