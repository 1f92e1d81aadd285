//! The numbers of the server's calls. They are never changed and never used for anything else: programs hold them.

use crate::server::log::What;
use std::ffi::c_int;

/// What a program is asked, see helo_server_on_ask().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloAsk {
    /// A client has connected: the peer is known.
    Connection = 0,
    /// It says hello; its name stands in `about`. It may do so again, after STARTTLS for one.
    Hello = 1,
    /// A mail begins: the sender and its parameters are known.
    Sender = 2,
    /// One more recipient, in `about` and `about_parameters`.
    Recipient = 3,
    /// The message has come whole: all recipients and `octets` are known. A yes lets the spool confirm it.
    Message = 4,
    /// VRFY: does the address in `about` exist? 250 and 251 say yes, 252 (which 0 stands for) that it will be tried; with the
    /// text of the reply.
    Verify = 5,
    /// EXPN: who is on the list in `about`? 250 with a line for each. Without a function it is refused.
    Expand = 6,
}

/// How a client speaks.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloProtocol {
    /// No mail is under way.
    None = 0,
    /// SMTP after HELO.
    Smtp = 1,
    /// SMTP after EHLO.
    Esmtp = 2,
    /// LMTP: an answer for each recipient.
    Lmtp = 3,
}

/// What MAIL said of the body.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloBody {
    /// 7BIT, or nothing.
    SevenBit = 0,
    /// 8BITMIME.
    EightBit = 1,
    /// BINARYMIME: not in lines.
    Binary = 2,
}

/// What is spoken on a connection that helo_server_serve() is given.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloServe {
    /// SMTP.
    Smtp = 0,
    /// SMTP with TLS from the first byte.
    Smtps = 1,
    /// LMTP.
    Lmtp = 2,
}

/// What happened, for the log of a server.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeloEvent {
    /// A session begins.
    Connected = 0,
    /// TLS is on.
    Secured = 1,
    /// TLS could not begin.
    NotSecured = 2,
    /// The client has logged in.
    Authenticated = 3,
    /// It could not.
    NotAuthenticated = 4,
    /// A mail is in the spool, confirmed.
    Taken = 5,
    /// Something was refused: the line says what and why.
    Refused = 6,
    /// The client took too long.
    TimedOut = 7,
    /// The client has closed the connection without QUIT.
    Closed = 8,
    /// The connection was lost.
    Lost = 9,
    /// The session is over.
    Ended = 10,
    /// Something that concerns the server as a whole.
    Notice = 11,
}

impl HeloAsk {
    /// Every question, in the order of the numbers.
    pub(crate) const ALL: [HeloAsk; 7] = [
        HeloAsk::Connection,
        HeloAsk::Hello,
        HeloAsk::Sender,
        HeloAsk::Recipient,
        HeloAsk::Message,
        HeloAsk::Verify,
        HeloAsk::Expand,
    ];

    /// The question of a number that C passed.
    pub(crate) fn from_number(number: c_int) -> Option<HeloAsk> {
        usize::try_from(number).ok().and_then(|at| HeloAsk::ALL.get(at).copied())
    }

    /// For the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            HeloAsk::Connection => "connection",
            HeloAsk::Hello => "hello",
            HeloAsk::Sender => "sender",
            HeloAsk::Recipient => "recipient",
            HeloAsk::Message => "message",
            HeloAsk::Verify => "verify",
            HeloAsk::Expand => "expand",
        }
    }
}

impl HeloServe {
    /// What is spoken, of a number that C passed.
    pub(crate) fn from_number(number: c_int) -> Option<HeloServe> {
        [HeloServe::Smtp, HeloServe::Smtps, HeloServe::Lmtp].into_iter().find(|known| *known as c_int == number)
    }
}

impl From<&What<'_>> for HeloEvent {
    fn from(what: &What<'_>) -> Self {
        match what {
            What::Connected => HeloEvent::Connected,
            What::Secured => HeloEvent::Secured,
            What::NotSecured(_) => HeloEvent::NotSecured,
            What::Authenticated { .. } => HeloEvent::Authenticated,
            What::NotAuthenticated { .. } => HeloEvent::NotAuthenticated,
            What::Taken { .. } => HeloEvent::Taken,
            What::Refused { .. } | What::Rejected { .. } => HeloEvent::Refused,
            What::TimedOut { .. } => HeloEvent::TimedOut,
            What::Closed => HeloEvent::Closed,
            What::Lost(_) => HeloEvent::Lost,
            What::Ended { .. } => HeloEvent::Ended,
            What::Notice(_) | What::Unsaid { .. } => HeloEvent::Notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_the_order_of_the_numbers() {
        for (number, ask) in HeloAsk::ALL.iter().enumerate() {
            assert_eq!(*ask as usize, number);
            assert_eq!(HeloAsk::from_number(number as c_int), Some(*ask));
        }
        for odd in [-1, 7, c_int::MAX, c_int::MIN] {
            assert_eq!((HeloAsk::from_number(odd), HeloServe::from_number(odd)), (None, None));
        }
    }
}
