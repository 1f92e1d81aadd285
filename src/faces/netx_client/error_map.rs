//! From the engine's errors to the original's codes.

use super::codes::*;
use crate::error::{Cause, Error, Phase};
use crate::faces::rtos::nx_codes::{NX_IN_PROGRESS, NX_NO_FREE_PORTS, NX_NOT_CONNECTED, NX_WAIT_ABORTED};

/// "Bigger than I take": to MAIL with SIZE, DATA and the message (RFC 1870 section 6).
const TOO_BIG: u16 = 552;

/// The code for an error of the engine.
pub(super) fn code(error: &Error) -> u32 {
    let sized = matches!(error.phase, Phase::Mail | Phase::Data | Phase::Message);
    // Without a reply it was the engine that held the mail against the size that the server had announced.
    let too_big = error.code() == TOO_BIG || error.is_too_large();
    if error.cause == Cause::Refused && sized && too_big {
        return NX_SMTP_OVERSIZE_MAIL_DATA;
    }
    table(error.phase, error.cause)
}

/// The table: for every cause, in every phase, one code.
pub(super) fn table(phase: Phase, cause: Cause) -> u32 {
    match cause {
        Cause::Refused if phase == Phase::Auth => NX_SMTP_AUTHENTICATION_ERROR,
        Cause::TimedOut | Cause::BrokenOff | Cause::Refused => no_good_reply(phase),
        Cause::Protocol if phase == Phase::Auth => NX_SMTP_INVALID_SERVER_CHALLENGE,
        Cause::Protocol => NX_SMTP_INVALID_SERVER_REPLY,
        Cause::NotSupported if phase == Phase::Auth => NX_SMTP_AUTH_REPLY_ERROR,
        Cause::NotSupported => NX_SMTP_SERVER_ERROR_REPLY,
        Cause::OutcomeUnknown => NX_SMTP_MESSAGE_REPLY_ERROR,
        Cause::BadArgument => NX_SMTP_INVALID_PARAM,
        Cause::NoMemory => NX_SMTP_PACKET_ALLOCATE_ERROR,
        Cause::CannotSend | Cause::Unsent => NX_SMTP_TRANSMIT_ERROR,
        Cause::UnknownHost | Cause::NotResponding | Cause::Proxy | Cause::Tls => NX_NOT_CONNECTED,
        Cause::NoBind => NX_NO_FREE_PORTS,
        Cause::Cancelled => NX_WAIT_ABORTED,
        Cause::InProgress => NX_IN_PROGRESS,
        Cause::NoSocket | Cause::BadSequence | Cause::Source | Cause::Policy => NX_SMTP_INTERNAL_ERROR,
    }
}

/// The phase's answer did not come, or it was a no.
fn no_good_reply(phase: Phase) -> u32 {
    match phase {
        Phase::Connect | Phase::Tls => NX_NOT_CONNECTED,
        Phase::Greeting => NX_SMTP_GREET_REPLY_ERROR,
        Phase::Hello => NX_SMTP_HELLO_REPLY_ERROR,
        Phase::Auth => NX_SMTP_AUTH_REPLY_ERROR,
        Phase::Mail => NX_SMTP_MAIL_REPLY_ERROR,
        Phase::Rcpt => NX_SMTP_RCPT_REPLY_ERROR,
        Phase::Data => NX_SMTP_DATA_REPLY_ERROR,
        Phase::Message => NX_SMTP_MESSAGE_REPLY_ERROR,
        Phase::Command | Phase::Quit => NX_SMTP_SERVER_ERROR_CODE_RECEIVED,
    }
}
