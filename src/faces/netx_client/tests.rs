//! The table from the engine's errors to the original's codes. The services are tested from C, in
//! `tests/c/netx-client`.

use super::codes::*;
use super::error_map::{code, table};
use crate::error::{Cause, Error, Phase};
use crate::faces::rtos::nx_codes::*;
use crate::proto::reply::Reply;

/// The phases of a mail, in order, and the code when the phase's answer is missing or a no.
const PHASES: [(Phase, u32); 11] = [
    (Phase::Connect, NX_NOT_CONNECTED),
    (Phase::Greeting, NX_SMTP_GREET_REPLY_ERROR),
    (Phase::Tls, NX_NOT_CONNECTED),
    (Phase::Hello, NX_SMTP_HELLO_REPLY_ERROR),
    (Phase::Auth, NX_SMTP_AUTH_REPLY_ERROR),
    (Phase::Mail, NX_SMTP_MAIL_REPLY_ERROR),
    (Phase::Rcpt, NX_SMTP_RCPT_REPLY_ERROR),
    (Phase::Data, NX_SMTP_DATA_REPLY_ERROR),
    (Phase::Message, NX_SMTP_MESSAGE_REPLY_ERROR),
    (Phase::Command, NX_SMTP_SERVER_ERROR_CODE_RECEIVED),
    (Phase::Quit, NX_SMTP_SERVER_ERROR_CODE_RECEIVED),
];

/// The causes whose code is the same in every phase but AUTH; what it is there comes last.
const CAUSES: [(Cause, u32, u32); 18] = [
    (Cause::BadArgument, NX_SMTP_INVALID_PARAM, NX_SMTP_INVALID_PARAM),
    (Cause::BadSequence, NX_SMTP_INTERNAL_ERROR, NX_SMTP_INTERNAL_ERROR),
    (Cause::Cancelled, NX_WAIT_ABORTED, NX_WAIT_ABORTED),
    (Cause::Protocol, NX_SMTP_INVALID_SERVER_REPLY, NX_SMTP_INVALID_SERVER_CHALLENGE),
    (Cause::NoMemory, NX_SMTP_PACKET_ALLOCATE_ERROR, NX_SMTP_PACKET_ALLOCATE_ERROR),
    (Cause::UnknownHost, NX_NOT_CONNECTED, NX_NOT_CONNECTED),
    (Cause::NoSocket, NX_SMTP_INTERNAL_ERROR, NX_SMTP_INTERNAL_ERROR),
    (Cause::NoBind, NX_NO_FREE_PORTS, NX_NO_FREE_PORTS),
    (Cause::NotResponding, NX_NOT_CONNECTED, NX_NOT_CONNECTED),
    (Cause::Proxy, NX_NOT_CONNECTED, NX_NOT_CONNECTED),
    (Cause::CannotSend, NX_SMTP_TRANSMIT_ERROR, NX_SMTP_TRANSMIT_ERROR),
    (Cause::NotSupported, NX_SMTP_SERVER_ERROR_REPLY, NX_SMTP_AUTH_REPLY_ERROR),
    (Cause::OutcomeUnknown, NX_SMTP_MESSAGE_REPLY_ERROR, NX_SMTP_MESSAGE_REPLY_ERROR),
    (Cause::Unsent, NX_SMTP_TRANSMIT_ERROR, NX_SMTP_TRANSMIT_ERROR),
    (Cause::Source, NX_SMTP_INTERNAL_ERROR, NX_SMTP_INTERNAL_ERROR),
    (Cause::InProgress, NX_IN_PROGRESS, NX_IN_PROGRESS),
    (Cause::Tls, NX_NOT_CONNECTED, NX_NOT_CONNECTED),
    (Cause::Policy, NX_SMTP_INTERNAL_ERROR, NX_SMTP_INTERNAL_ERROR),
];

#[test]
fn every_phase_and_cause_has_its_code() {
    for (phase, no_good_reply) in PHASES {
        assert_eq!(table(phase, Cause::TimedOut), no_good_reply, "{phase:?}");
        assert_eq!(table(phase, Cause::BrokenOff), no_good_reply, "{phase:?}");
        let refused = if phase == Phase::Auth { NX_SMTP_AUTHENTICATION_ERROR } else { no_good_reply };
        assert_eq!(table(phase, Cause::Refused), refused, "{phase:?}");
        for (cause, elsewhere, in_auth) in CAUSES {
            let wanted = if phase == Phase::Auth { in_auth } else { elsewhere };
            assert_eq!(table(phase, cause), wanted, "{phase:?} {cause:?}");
        }
    }
}

#[test]
fn what_is_too_big_has_a_code_of_its_own() {
    for phase in [Phase::Mail, Phase::Data, Phase::Message] {
        let error = Error::refused(phase, Reply::new(552, "5.3.4 too big"));
        assert_eq!(code(&error), NX_SMTP_OVERSIZE_MAIL_DATA, "{phase:?}");
    }
    assert_eq!(code(&Error::too_large(200, 100)), NX_SMTP_OVERSIZE_MAIL_DATA);
    // 552 to RCPT is a full mailbox.
    let full = Error::refused(Phase::Rcpt, Reply::new(552, "5.2.2 mailbox full"));
    assert_eq!(code(&full), NX_SMTP_RCPT_REPLY_ERROR);
    let refused = Error::refused(Phase::Mail, Reply::new(550, "no"));
    assert_eq!(code(&refused), NX_SMTP_MAIL_REPLY_ERROR);
}
