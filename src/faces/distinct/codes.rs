//! The numbers of this face, and the one table from the engine's errors to them.
//!
//! No copy of the original's headers is known, so the numbers are this library's own. They are never changed and never
//! used for anything else: programs hold them.

use crate::capi::last_error::Failure;
use crate::client::words::{Concerning, Context};
use crate::error::{Cause, Error, Phase};
use std::ffi::{CStr, c_int};

/// Done.
pub const SMTP_SUCCESS: c_int = 0;
/// The handle is of no connection: never given out, closed, aborted, or NULL.
pub const SMTP_INVALID_HANDLE: c_int = 1;
/// The server refused: smtp_rply has its words. Also when an argument cannot be sent, when the connection is lost, and
/// when the call makes no sense at this point.
pub const SMTP_FAILURE: c_int = 2;
/// The library or the site's policy file cannot be used.
pub const SMTP_CANNOT_INITIALIZE: c_int = 3;
/// The system's network support cannot be used.
pub const SMTP_CANNOT_INIT_WINSOCK: c_int = 4;
/// No memory for one more connection, or too many handles are open.
pub const SMTP_OUT_OF_MEMORY: c_int = 5;
/// The host's name does not resolve, or is no name.
pub const SMTP_UNKNOWN_HOST: c_int = 6;
/// The system gave no socket: often too many files are open.
pub const SMTP_CANNOT_ALLOC_SOCKET: c_int = 7;
/// The socket could not be bound to the local address.
pub const SMTP_CANNOT_BIND_SOCKET: c_int = 8;
/// No address of the host took the connection.
pub const SMTP_HOST_NOT_RESPONDING: c_int = 9;
/// The system took no outgoing data.
pub const SMTP_CANNOT_SEND_COMMAND: c_int = 10;
/// The server did not answer in time. After the end of a message nobody knows then whether the server kept it: sending it
/// again may make a duplicate.
pub const SMTP_TIMED_OUT: c_int = 11;
/// Another call is running on this connection, or smtp_xhelo has not made it yet.
pub const SMTP_IN_PROGRESS: c_int = 12;
/// The operation was aborted by a callback or by smtp_xquit. The connection is reset and its handle no longer valid.
pub const SMTP_ABORTED: c_int = 13;
/// There is no such option, or its value is out of range.
pub const SMTP_INVALID_OPTION: c_int = 14;
/// The reply is longer than the buffer: it was cut, and the length needed stands where the buffer's length stood.
pub const SMTP_INSUFFICIENT_LENGTH: c_int = 15;

/// Why a call is not done: the code, and words for the log and `helo_last_error()`.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: c_int,
    pub(crate) words: String,
    /// Where it happened, if it was on the connection.
    pub(crate) failure: Option<Failure>,
}

impl Refusal {
    pub(crate) fn new(code: c_int, words: impl Into<String>) -> Self {
        Refusal { code, words: words.into(), failure: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::of(&error, &Context::default(), Concerning::Connection)
    }
}

impl Refusal {
    /// A failure of the engine, in all its words.
    pub(crate) fn of(error: &Error, context: &Context, concerning: Concerning<'_>) -> Self {
        let words = context.words(error, concerning);
        Refusal { code: code_of(error), words, failure: Some(Failure::from(error)) }
    }
}

/// What the program gets for an error of the engine. Every cause has its line; none is "all others".
pub(crate) fn code_of(error: &Error) -> c_int {
    // Codes for opening a connection are told apart from those for using one: the manual lists the former for the
    // opening calls only.
    let opening = match error.phase {
        Phase::Connect | Phase::Greeting | Phase::Tls | Phase::Hello | Phase::Auth => true,
        Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Message | Phase::Command | Phase::Quit => false,
    };
    let connecting = error.phase == Phase::Connect;
    match error.cause {
        Cause::TimedOut => SMTP_TIMED_OUT,
        // The message went out whole and its answer is missing: it may have been delivered. SMTP_FAILURE would invite the
        // program to send it again; a timeout is what it looks like from here, and what the manual has for it.
        Cause::OutcomeUnknown => SMTP_TIMED_OUT,
        Cause::Refused | Cause::Protocol | Cause::NotSupported => SMTP_FAILURE,
        Cause::BrokenOff if connecting => SMTP_HOST_NOT_RESPONDING,
        Cause::BrokenOff => SMTP_FAILURE,
        // While connecting the only argument is the host.
        Cause::BadArgument if connecting => SMTP_UNKNOWN_HOST,
        Cause::BadArgument | Cause::BadSequence => SMTP_FAILURE,
        Cause::Cancelled => SMTP_ABORTED,
        Cause::NoMemory if opening => SMTP_OUT_OF_MEMORY,
        Cause::NoMemory => SMTP_FAILURE,
        Cause::UnknownHost => SMTP_UNKNOWN_HOST,
        Cause::NoSocket => SMTP_CANNOT_ALLOC_SOCKET,
        Cause::NoBind => SMTP_CANNOT_BIND_SOCKET,
        Cause::NotResponding => SMTP_HOST_NOT_RESPONDING,
        Cause::Proxy => SMTP_FAILURE,
        Cause::CannotSend => SMTP_CANNOT_SEND_COMMAND,
        Cause::Unsent | Cause::Source => SMTP_FAILURE,
        Cause::InProgress => SMTP_IN_PROGRESS,
        Cause::Tls => SMTP_FAILURE,
        Cause::Policy if opening => SMTP_CANNOT_INITIALIZE,
        Cause::Policy => SMTP_FAILURE,
    }
}

/// Every code and its name, in the order of the numbers; for the log and for tests.
pub(crate) const NAMES: [(c_int, &CStr); 16] = [
    (SMTP_SUCCESS, c"SMTP_SUCCESS"),
    (SMTP_INVALID_HANDLE, c"SMTP_INVALID_HANDLE"),
    (SMTP_FAILURE, c"SMTP_FAILURE"),
    (SMTP_CANNOT_INITIALIZE, c"SMTP_CANNOT_INITIALIZE"),
    (SMTP_CANNOT_INIT_WINSOCK, c"SMTP_CANNOT_INIT_WINSOCK"),
    (SMTP_OUT_OF_MEMORY, c"SMTP_OUT_OF_MEMORY"),
    (SMTP_UNKNOWN_HOST, c"SMTP_UNKNOWN_HOST"),
    (SMTP_CANNOT_ALLOC_SOCKET, c"SMTP_CANNOT_ALLOC_SOCKET"),
    (SMTP_CANNOT_BIND_SOCKET, c"SMTP_CANNOT_BIND_SOCKET"),
    (SMTP_HOST_NOT_RESPONDING, c"SMTP_HOST_NOT_RESPONDING"),
    (SMTP_CANNOT_SEND_COMMAND, c"SMTP_CANNOT_SEND_COMMAND"),
    (SMTP_TIMED_OUT, c"SMTP_TIMED_OUT"),
    (SMTP_IN_PROGRESS, c"SMTP_IN_PROGRESS"),
    (SMTP_ABORTED, c"SMTP_ABORTED"),
    (SMTP_INVALID_OPTION, c"SMTP_INVALID_OPTION"),
    (SMTP_INSUFFICIENT_LENGTH, c"SMTP_INSUFFICIENT_LENGTH"),
];

/// A code's name.
pub(crate) fn name_of(code: c_int) -> &'static str {
    let known = NAMES.iter().find(|(number, _)| *number == code);
    known.and_then(|(_, name)| name.to_str().ok()).unwrap_or("an unknown code")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 11] = [
        Phase::Connect,
        Phase::Greeting,
        Phase::Tls,
        Phase::Hello,
        Phase::Auth,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Data,
        Phase::Message,
        Phase::Command,
        Phase::Quit,
    ];

    const CAUSES: [Cause; 21] = [
        Cause::TimedOut,
        Cause::Refused,
        Cause::BrokenOff,
        Cause::BadArgument,
        Cause::BadSequence,
        Cause::Cancelled,
        Cause::Protocol,
        Cause::NoMemory,
        Cause::UnknownHost,
        Cause::NoSocket,
        Cause::NoBind,
        Cause::NotResponding,
        Cause::Proxy,
        Cause::CannotSend,
        Cause::NotSupported,
        Cause::OutcomeUnknown,
        Cause::Unsent,
        Cause::Source,
        Cause::InProgress,
        Cause::Tls,
        Cause::Policy,
    ];

    fn code(phase: Phase, cause: Cause) -> c_int {
        code_of(&Error::new(phase, cause, ""))
    }

    #[test]
    fn the_numbers_are_distinct_and_positive_and_success_is_zero() {
        for (place, (number, name)) in NAMES.iter().enumerate() {
            assert_eq!(usize::try_from(*number), Ok(place), "{name:?}");
        }
    }

    #[test]
    fn no_error_is_success_and_every_code_is_named() {
        for phase in PHASES {
            for cause in CAUSES {
                let code = code(phase, cause);
                assert_ne!(code, SMTP_SUCCESS, "{phase:?} {cause:?}");
                assert!(name_of(code).starts_with("SMTP_"), "{phase:?} {cause:?}");
            }
        }
    }

    #[test]
    fn codes_of_opening_do_not_come_from_using_a_connection() {
        for phase in &PHASES[5..] {
            // What only connecting can fail with cannot come later; the rest must be codes of the manual's lists there.
            let impossible = [Cause::UnknownHost, Cause::NoSocket, Cause::NoBind, Cause::NotResponding];
            for cause in CAUSES.iter().filter(|cause| !impossible.contains(cause)) {
                let listed = [SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS, SMTP_ABORTED];
                assert!(listed.contains(&code(*phase, *cause)), "{phase:?} {cause:?}");
            }
        }
    }

    #[test]
    fn the_lines_that_programs_depend_on() {
        assert_eq!(code(Phase::Connect, Cause::UnknownHost), SMTP_UNKNOWN_HOST);
        assert_eq!(code(Phase::Connect, Cause::BadArgument), SMTP_UNKNOWN_HOST);
        assert_eq!(code(Phase::Connect, Cause::NotResponding), SMTP_HOST_NOT_RESPONDING);
        assert_eq!(code(Phase::Connect, Cause::NoSocket), SMTP_CANNOT_ALLOC_SOCKET);
        assert_eq!(code(Phase::Connect, Cause::NoBind), SMTP_CANNOT_BIND_SOCKET);
        assert_eq!(code(Phase::Connect, Cause::NoMemory), SMTP_OUT_OF_MEMORY);
        assert_eq!(code(Phase::Connect, Cause::Policy), SMTP_CANNOT_INITIALIZE);
        assert_eq!(code(Phase::Connect, Cause::TimedOut), SMTP_TIMED_OUT);
        assert_eq!(code(Phase::Greeting, Cause::Refused), SMTP_FAILURE);
        assert_eq!(code(Phase::Rcpt, Cause::Refused), SMTP_FAILURE);
        assert_eq!(code(Phase::Rcpt, Cause::BrokenOff), SMTP_FAILURE);
        assert_eq!(code(Phase::Data, Cause::Cancelled), SMTP_ABORTED);
        assert_eq!(code(Phase::Message, Cause::OutcomeUnknown), SMTP_TIMED_OUT);
        assert_eq!(code(Phase::Mail, Cause::CannotSend), SMTP_CANNOT_SEND_COMMAND);
    }
}
