//! The one error of the engine: where it happened, what happened, and the server's reply if one came.
//!
//! Every face has a total table from [`Phase`] and [`Cause`] to its own codes, without a catch-all arm, so that a new
//! cause cannot be forgotten.

use crate::proto::reply::{EnhancedCode, Reply};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::ffi::CStr;
use core::fmt;

/// Where in a session something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Looking up the name, connecting, and the proxy's dialogue.
    Connect,
    /// Waiting for the server's 220.
    Greeting,
    /// STARTTLS or the TLS handshake.
    Tls,
    /// EHLO, HELO or LHLO.
    Hello,
    /// AUTH and its challenges.
    Auth,
    /// MAIL, SEND, SOML or SAML.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, the body, and BDAT chunks before the last.
    Data,
    /// The answer to the end of the message: the final dot or the last chunk.
    Message,
    /// Any other command: RSET, NOOP, VRFY, EXPN, HELP, TURN, a raw one.
    Command,
    /// QUIT and closing.
    Quit,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The deadline of the phase passed.
    TimedOut,
    /// The server said no (4xx or 5xx, or a code that the command does not have); the reply is kept.
    Refused,
    /// The connection was lost.
    BrokenOff,
    /// An argument cannot be sent: a control character, too long, not an address, ...
    BadArgument,
    /// A call out of order, such as a recipient without a sender; nothing was sent.
    BadSequence,
    /// Cancelled by the program: from another thread or by a callback's result.
    Cancelled,
    /// What arrived is not SMTP, or beyond a limit.
    Protocol,
    /// No memory, or a table is full.
    NoMemory,
    /// The host's name does not resolve.
    UnknownHost,
    /// The system gave no socket.
    NoSocket,
    /// The socket could not be bound to the local address or port.
    NoBind,
    /// No address of the host took the connection.
    NotResponding,
    /// The proxy refused, or does not speak its protocol.
    Proxy,
    /// The system could not take outgoing data (a local failure, not a closed connection).
    CannotSend,
    /// The server lacks an extension that the mail needs.
    NotSupported,
    /// The message's end was sent and the answer did not come: delivered or not, nobody here knows.
    OutcomeUnknown,
    /// The mail was not begun, or not ended: certainly not delivered, safe to send again.
    Unsent,
    /// The source of the body failed (file or callback).
    Source,
    /// Another operation is running on the same connection.
    InProgress,
    /// TLS failed: no offer, handshake, certificate.
    Tls,
    /// The policy forbids it or is itself wrong.
    Policy,
}

/// What the cause alone does not tell apart, though each has a cure of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Clear text came where TLS was to begin.
    ClearWhereTls,
    /// TLS came where clear text was to begin.
    TlsWhereClear,
    /// What answers there speaks another protocol: SSH, POP3, HTTP, ...
    OtherProtocol,
    /// The server offers no STARTTLS, and it is demanded.
    NoStartTls,
    /// Both sides speak TLS and have no version or cipher in common, or the server refuses for another reason.
    NoCommonTls,
    /// The certificate is for another name.
    CertificateName,
    /// The certificate, or one that it leads to, has expired or does not hold yet.
    CertificateTime,
    /// The certificate's issuer is not trusted.
    CertificateIssuer,
    /// The certificate has vouched for itself.
    SelfSigned,
    /// The server's key is another than the one demanded.
    CertificatePin,
    /// Something else is wrong with the certificate.
    Certificate,
    /// The server wants a certificate of this side, or another one.
    OwnCertificate,
    /// The program names an address only, and nobody says whose certificate it should be.
    NoTlsName,
    /// The server offers no authentication at all.
    NoAuth,
    /// The server offers authentication, but none of the mechanisms that are wanted.
    NoMechanism,
    /// User and password would go without encryption.
    ClearCredentials,
    /// The message is larger than the server has announced that it takes.
    TooBig,
    /// An address is not ASCII, and the server has no SMTPUTF8.
    NoUtf8,
}

/// What went wrong, where, and the server's own words.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    /// Where.
    pub phase: Phase,
    /// What.
    pub cause: Cause,
    /// The server's reply, when one caused it.
    pub reply: Option<Box<Reply>>,
    /// What was tried and what came back, in plain words. Never holds a secret.
    pub detail: String,
    /// What tells it from others of the same cause, where their cures differ.
    pub hint: Option<Hint>,
}

impl Error {
    /// An error without a reply.
    pub fn new(phase: Phase, cause: Cause, detail: impl Into<String>) -> Self {
        Error { phase, cause, reply: None, detail: detail.into(), hint: None }
    }

    /// The server refused: `reply` says how.
    pub fn refused(phase: Phase, reply: Reply) -> Self {
        let detail = reply.text();
        Error { phase, cause: Cause::Refused, reply: Some(Box::new(reply)), detail, hint: None }
    }

    /// The same error with the server's last reply kept beside it.
    pub fn with_reply(mut self, reply: Option<Reply>) -> Self {
        if self.reply.is_none() {
            self.reply = reply.map(Box::new);
        }
        self
    }

    /// The same error, told apart from others of its cause.
    pub fn hinting(mut self, hint: impl Into<Option<Hint>>) -> Self {
        self.hint = hint.into().or(self.hint);
        self
    }

    /// The same error, with these words behind its own.
    pub(crate) fn adding(mut self, words: &str) -> Self {
        self.detail.push_str(words);
        self
    }

    /// The message is larger than the server has said it takes (RFC 1870): nothing was sent.
    pub fn too_large(size: u64, limit: u64) -> Self {
        let words = format!("the message has {size} octets, the server takes {limit}");
        Error::new(Phase::Mail, Cause::Refused, words).hinting(Hint::TooBig)
    }

    /// Whether it is [`Error::too_large`]: a refusal that needed no reply.
    pub fn is_too_large(&self) -> bool {
        self.hint == Some(Hint::TooBig)
    }

    /// The reply that decided. With every other cause the reply is only the last one that came before.
    pub fn decided_by(&self) -> Option<&Reply> {
        match self.cause {
            Cause::Refused | Cause::Unsent => self.reply.as_deref(),
            Cause::TimedOut
            | Cause::BrokenOff
            | Cause::BadArgument
            | Cause::BadSequence
            | Cause::Cancelled
            | Cause::Protocol
            | Cause::NoMemory
            | Cause::UnknownHost
            | Cause::NoSocket
            | Cause::NoBind
            | Cause::NotResponding
            | Cause::Proxy
            | Cause::CannotSend
            | Cause::NotSupported
            | Cause::OutcomeUnknown
            | Cause::Source
            | Cause::InProgress
            | Cause::Tls
            | Cause::Policy => None,
        }
    }

    /// The code of the reply that decided, 0 if none did.
    pub fn code(&self) -> u16 {
        self.decided_by().map_or(0, Reply::code)
    }

    /// The enhanced code of the reply that decided; of a message that is too large, 5.3.4 (RFC 3463), which the server
    /// would have said.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        const TOO_LARGE: EnhancedCode = EnhancedCode { class: 5, subject: 3, detail: 4 };
        if self.is_too_large() { Some(TOO_LARGE) } else { self.decided_by().and_then(Reply::enhanced) }
    }
}

impl Hint {
    /// Every hint.
    pub const ALL: [Hint; 18] = [
        Hint::ClearWhereTls,
        Hint::TlsWhereClear,
        Hint::OtherProtocol,
        Hint::NoStartTls,
        Hint::NoCommonTls,
        Hint::CertificateName,
        Hint::CertificateTime,
        Hint::CertificateIssuer,
        Hint::SelfSigned,
        Hint::CertificatePin,
        Hint::Certificate,
        Hint::OwnCertificate,
        Hint::NoTlsName,
        Hint::NoAuth,
        Hint::NoMechanism,
        Hint::ClearCredentials,
        Hint::TooBig,
        Hint::NoUtf8,
    ];
}

impl Phase {
    /// Every phase, in the order of the numbers that C has for them, from 1.
    pub const ALL: [Phase; 11] = [
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

    /// The phase in words: the one list of them, for C, for error texts and for traces.
    pub const fn c_name(self) -> &'static CStr {
        match self {
            Phase::Connect => c"connect",
            Phase::Greeting => c"greeting",
            Phase::Tls => c"TLS",
            Phase::Hello => c"hello",
            Phase::Auth => c"authentication",
            Phase::Mail => c"MAIL",
            Phase::Rcpt => c"RCPT",
            Phase::Data => c"DATA",
            Phase::Message => c"end of message",
            Phase::Command => c"command",
            Phase::Quit => c"QUIT",
        }
    }

    /// The same.
    pub fn name(self) -> &'static str {
        self.c_name().to_str().unwrap_or_default()
    }
}

impl Cause {
    /// Every cause, in the order of the numbers that C has for them, from 1.
    pub const ALL: [Cause; 21] = [
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

    /// The cause in words: the one list of them, for C, for error texts and for traces.
    pub const fn c_name(self) -> &'static CStr {
        match self {
            Cause::TimedOut => c"timed out",
            Cause::Refused => c"refused by the server",
            Cause::BrokenOff => c"connection lost",
            Cause::BadArgument => c"bad argument",
            Cause::BadSequence => c"call out of order",
            Cause::Cancelled => c"cancelled",
            Cause::Protocol => c"protocol violation",
            Cause::NoMemory => c"no memory",
            Cause::UnknownHost => c"unknown host",
            Cause::NoSocket => c"no socket",
            Cause::NoBind => c"cannot bind",
            Cause::NotResponding => c"host does not respond",
            Cause::Proxy => c"proxy failed",
            Cause::CannotSend => c"cannot send",
            Cause::NotSupported => c"not supported by the server",
            Cause::OutcomeUnknown => c"outcome unknown",
            Cause::Unsent => c"not sent",
            Cause::Source => c"body could not be read",
            Cause::InProgress => c"operation in progress",
            Cause::Tls => c"TLS failed",
            Cause::Policy => c"policy",
        }
    }

    /// The same.
    pub fn name(self) -> &'static str {
        self.c_name().to_str().unwrap_or_default()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.phase.name(), self.cause.name())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        // Where no reply decided, the last one is worth showing when it was a no: it may be why the server went away.
        let beside = matches!(
            self.cause,
            Cause::TimedOut
                | Cause::BrokenOff
                | Cause::CannotSend
                | Cause::OutcomeUnknown
                | Cause::Cancelled
                | Cause::Tls
        );
        if let Some(reply) = self.reply.as_ref().filter(|reply| !beside || reply.code() >= 400) {
            let text = reply.text().to_string();
            if !self.detail.contains(text.as_str()) {
                write!(f, " (server said: {text})")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {}

/// The engine's result.
pub type Result<T> = core::result::Result<T, Error>;
