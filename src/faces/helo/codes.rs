//! The numbers of the native face. They are never changed and never used for anything else: programs hold them.

use crate::client::settings::Level;
use crate::error::{Cause, Phase};
use std::ffi::{CStr, c_int};

/// What a function of the library returns.
///
/// For everything but HELO_OK, helo_last_error() says in words what is wrong and what to do.
///
/// cbindgen:rename-all=ScreamingSnakeCase
#[repr(C)]
#[allow(clippy::enum_variant_names)] // the prefix is C's namespace
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloStatus {
    /// Done. From helo_run(): every recipient's mail was taken by the server.
    HeloOk = 0,
    /// The run is over and at least one recipient's mail was not taken: the results say whose and why.
    HeloFailed = 1,
    /// The handle is no delivery, or no server where one is wanted: never given out, or freed.
    HeloBadHandle = 2,
    /// An argument cannot be used: NULL, out of range, not an address, ... Nothing has changed and nothing was sent.
    HeloBadArgument = 3,
    /// The delivery is running: this call must wait until helo_run() has returned. A server likewise: until it has been
    /// stopped.
    HeloInProgress = 4,
    /// There is no result yet.
    HeloNoResult = 5,
    /// helo_cancel() ended the run. What was confirmed before stays confirmed: see the results.
    HeloCancelled = 6,
    /// No memory, or a limit of the library is reached.
    HeloNoMemory = 7,
    /// This version of the library cannot do that.
    HeloNotSupported = 8,
    /// A defect of the library: please report what helo_last_error() says.
    HeloInternal = 9,
    /// The site's policy cannot be used, or the keys that were set do not go together: helo_last_error() names file, line
    /// and key. Nothing was sent, and mails stay where they are.
    HeloBadPolicy = 10,
}

/// Why a recipient's mail was not taken.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloCause {
    /// It was taken: there is nothing to explain.
    None = 0,
    /// The time allowed for the phase has passed.
    TimedOut = 1,
    /// The server said no: the reply's code and text say why. 4xx: try again later. 5xx: do not.
    Refused = 2,
    /// The connection was lost.
    BrokenOff = 3,
    /// Something cannot be sent as it is.
    BadArgument = 4,
    /// A call out of order.
    BadSequence = 5,
    /// Cancelled by the program.
    Cancelled = 6,
    /// What the server sent is not SMTP, or beyond a limit.
    Protocol = 7,
    /// No memory.
    NoMemory = 8,
    /// The server's name does not resolve.
    UnknownHost = 9,
    /// The system gave no socket.
    NoSocket = 10,
    /// The socket could not be bound to the local address.
    NoBind = 11,
    /// No address of the server took the connection.
    NotResponding = 12,
    /// The proxy refused, or does not speak its protocol.
    Proxy = 13,
    /// The system could not take outgoing data.
    CannotSend = 14,
    /// The server lacks an extension that the mail needs.
    NotSupported = 15,
    /// The whole message was sent and the answer to it did not come: delivered or not, nobody here knows. Sending it
    /// again may make a duplicate, not sending it may lose it: let a person or the recipient decide.
    OutcomeUnknown = 16,
    /// The mail was not begun, or not ended: certainly not delivered, safe to send again.
    Unsent = 17,
    /// The body could not be read.
    Source = 18,
    /// Another operation is running on the same connection.
    InProgress = 19,
    /// TLS failed.
    Tls = 20,
    /// The site's policy forbids it or is itself wrong.
    Policy = 21,
}

/// Where in a session something happened. Also whose deadline helo_set_timeout() sets.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloPhase {
    /// Nowhere. For helo_set_timeout(): all phases.
    None = 0,
    /// Looking up the name and connecting.
    Connect = 1,
    /// Waiting for the server's greeting.
    Greeting = 2,
    /// The TLS handshake.
    Tls = 3,
    /// EHLO, HELO or LHLO.
    Hello = 4,
    /// AUTH.
    Auth = 5,
    /// MAIL: the sender.
    Mail = 6,
    /// RCPT: a recipient.
    Rcpt = 7,
    /// DATA, the body, and chunks before the last.
    Data = 8,
    /// The answer to the end of the message.
    Message = 9,
    /// Another command.
    Command = 10,
    /// QUIT and closing.
    Quit = 11,
}

/// How much is sent before the answers to it are in.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloLevel {
    /// Every command waits for its reply.
    None = 0,
    /// One round trip a mail, by the letter of RFC 2920 and RFC 3030. This is the default.
    Envelope = 1,
    /// Mail after mail without waiting, where the server has PIPELINING and CHUNKING; else as HELO_LEVEL_ENVELOPE. The
    /// fastest by far. For servers that you know: one that does not read a refused chunk away, against RFC 3030, would
    /// take the text of the mail for commands.
    Full = 2,
}

/// Whose handle is meant, where a function takes handles of any of the library's APIs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloFace {
    /// No handle in particular: everything that the library does in this process.
    All = 0,
    /// This header: a helo_delivery, as HELO_HANDLE(delivery).
    Helo = 1,
    /// d32-smtp.h: the handle of a connection.
    Distinct = 2,
    /// nx_smtp_client.h: the address of an NX_SMTP_CLIENT.
    NetxClient = 3,
}

/// What a trace callback is shown.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloTrace {
    /// Sent to the server.
    Sent = 0,
    /// Received from the server.
    Received = 1,
    /// A remark of the library.
    Note = 2,
}

impl HeloCause {
    /// Every cause, in the order of the numbers.
    pub(crate) const ALL: [HeloCause; 22] = [
        HeloCause::None,
        HeloCause::TimedOut,
        HeloCause::Refused,
        HeloCause::BrokenOff,
        HeloCause::BadArgument,
        HeloCause::BadSequence,
        HeloCause::Cancelled,
        HeloCause::Protocol,
        HeloCause::NoMemory,
        HeloCause::UnknownHost,
        HeloCause::NoSocket,
        HeloCause::NoBind,
        HeloCause::NotResponding,
        HeloCause::Proxy,
        HeloCause::CannotSend,
        HeloCause::NotSupported,
        HeloCause::OutcomeUnknown,
        HeloCause::Unsent,
        HeloCause::Source,
        HeloCause::InProgress,
        HeloCause::Tls,
        HeloCause::Policy,
    ];

    fn name(self) -> &'static CStr {
        (self as usize).checked_sub(1).and_then(|at| Cause::ALL.get(at)).map_or(c"none", |cause| cause.c_name())
    }
}

impl From<Cause> for HeloCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::TimedOut => HeloCause::TimedOut,
            Cause::Refused => HeloCause::Refused,
            Cause::BrokenOff => HeloCause::BrokenOff,
            Cause::BadArgument => HeloCause::BadArgument,
            Cause::BadSequence => HeloCause::BadSequence,
            Cause::Cancelled => HeloCause::Cancelled,
            Cause::Protocol => HeloCause::Protocol,
            Cause::NoMemory => HeloCause::NoMemory,
            Cause::UnknownHost => HeloCause::UnknownHost,
            Cause::NoSocket => HeloCause::NoSocket,
            Cause::NoBind => HeloCause::NoBind,
            Cause::NotResponding => HeloCause::NotResponding,
            Cause::Proxy => HeloCause::Proxy,
            Cause::CannotSend => HeloCause::CannotSend,
            Cause::NotSupported => HeloCause::NotSupported,
            Cause::OutcomeUnknown => HeloCause::OutcomeUnknown,
            Cause::Unsent => HeloCause::Unsent,
            Cause::Source => HeloCause::Source,
            Cause::InProgress => HeloCause::InProgress,
            Cause::Tls => HeloCause::Tls,
            Cause::Policy => HeloCause::Policy,
        }
    }
}

impl HeloPhase {
    /// Every phase, in the order of the numbers.
    pub(crate) const ALL: [HeloPhase; 12] = [
        HeloPhase::None,
        HeloPhase::Connect,
        HeloPhase::Greeting,
        HeloPhase::Tls,
        HeloPhase::Hello,
        HeloPhase::Auth,
        HeloPhase::Mail,
        HeloPhase::Rcpt,
        HeloPhase::Data,
        HeloPhase::Message,
        HeloPhase::Command,
        HeloPhase::Quit,
    ];

    fn name(self) -> &'static CStr {
        (self as usize).checked_sub(1).and_then(|at| Phase::ALL.get(at)).map_or(c"none", |phase| phase.c_name())
    }

    /// The phase of a number that C passed.
    pub(crate) fn from_number(number: c_int) -> Option<HeloPhase> {
        usize::try_from(number).ok().and_then(|at| HeloPhase::ALL.get(at).copied())
    }
}

impl From<Phase> for HeloPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Connect => HeloPhase::Connect,
            Phase::Greeting => HeloPhase::Greeting,
            Phase::Tls => HeloPhase::Tls,
            Phase::Hello => HeloPhase::Hello,
            Phase::Auth => HeloPhase::Auth,
            Phase::Mail => HeloPhase::Mail,
            Phase::Rcpt => HeloPhase::Rcpt,
            Phase::Data => HeloPhase::Data,
            Phase::Message => HeloPhase::Message,
            Phase::Command => HeloPhase::Command,
            Phase::Quit => HeloPhase::Quit,
        }
    }
}

impl HeloLevel {
    /// The engine's level for a number that C passed.
    pub(crate) fn engine(number: c_int) -> Option<Level> {
        match number {
            n if n == HeloLevel::None as c_int => Some(Level::None),
            n if n == HeloLevel::Envelope as c_int => Some(Level::Envelope),
            n if n == HeloLevel::Full as c_int => Some(Level::Full),
            _ => None,
        }
    }
}

/// The name of a number in `names`, whatever C passed.
fn name_of<T: Copy>(number: c_int, all: &[T], name: impl Fn(T) -> &'static CStr) -> *const std::ffi::c_char {
    let known = usize::try_from(number).ok().and_then(|at| all.get(at));
    known.map_or(c"unknown", |&one| name(one)).as_ptr()
}

/// A cause (helo_cause) in words, those of helo_last_error(): "timed out". Never NULL; "unknown" for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn helo_cause_name(cause: c_int) -> *const std::ffi::c_char {
    name_of(cause, &HeloCause::ALL, HeloCause::name)
}

/// A phase (helo_phase) in words, those of helo_last_error(): "greeting". Never NULL; "unknown" for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn helo_phase_name(phase: c_int) -> *const std::ffi::c_char {
    name_of(phase, &HeloPhase::ALL, HeloPhase::name)
}

/// A status (helo_status) in words: "bad handle". Never NULL; "unknown" for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn helo_status_name(status: c_int) -> *const std::ffi::c_char {
    const NAMES: [&CStr; 11] = [
        c"ok",
        c"failed",
        c"bad handle",
        c"bad argument",
        c"in progress",
        c"no result",
        c"cancelled",
        c"no memory",
        c"not supported",
        c"internal error",
        c"bad policy",
    ];
    name_of(status, &NAMES, |name| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_the_order_of_the_numbers_and_agree_with_the_engine() {
        for (number, cause) in HeloCause::ALL.iter().enumerate() {
            assert_eq!(*cause as usize, number);
        }
        for (number, phase) in HeloPhase::ALL.iter().enumerate() {
            assert_eq!(*phase as usize, number);
        }
        assert_eq!((HeloCause::ALL.len(), HeloPhase::ALL.len()), (Cause::ALL.len() + 1, Phase::ALL.len() + 1));
        for (number, cause) in (1..).zip(Cause::ALL) {
            assert_eq!(HeloCause::from(cause) as usize, number, "{cause:?}");
            assert_eq!(HeloCause::from(cause).name().to_str(), Ok(cause.name()));
        }
        for (number, phase) in (1..).zip(Phase::ALL) {
            assert_eq!(HeloPhase::from(phase) as usize, number, "{phase:?}");
            assert_eq!(HeloPhase::from(phase).name().to_str(), Ok(phase.name()));
        }
    }
}
