//! The server's half of SMTP and LMTP as a state machine: bytes in, events and bytes out. No sockets, no clock.
//!
//! The owner calls [`Dialogue::advance`] with what has arrived and does what the [`Event`] says. Some events ask a
//! question: the owner gives a reply with [`Dialogue::answer`], now or later, and nothing more is taken before. What is
//! to be sent gathers in [`Dialogue::output`].
//!
//! What may come when:
//!
//! ```text
//! greeting -> EHLO/HELO/LHLO -> MAIL -> RCPT... -> DATA, body, final dot  -> MAIL ...
//!                                               -> BDAT chunk... LAST     -> MAIL ...
//! RSET, EHLO: back to after the greeting's EHLO;  QUIT, or a fault that cannot be mended: closed
//! ```

use super::address::{ForwardPath, ReversePath};
use super::command::{Parameter, Verb};
use alloc::string::String;
use alloc::vec::Vec;

mod dialogue;
mod envelope;
mod request;

pub use dialogue::Dialogue;

#[cfg(test)]
mod tests;

/// What a server offers and how much it takes.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server's name, as the greeting has it.
    pub name: String,
    /// LMTP (RFC 2033): LHLO instead of EHLO, and after the body an answer for each recipient.
    pub lmtp: bool,
    /// The largest message in octets, offered with SIZE; 0 for no limit.
    pub size: u64,
    /// Offer PIPELINING.
    pub pipelining: bool,
    /// Offer 8BITMIME.
    pub eight_bit_mime: bool,
    /// Offer SMTPUTF8.
    pub smtputf8: bool,
    /// Offer DSN.
    pub dsn: bool,
    /// Offer CHUNKING.
    pub chunking: bool,
    /// Offer BINARYMIME; needs CHUNKING.
    pub binary_mime: bool,
    /// Offer ENHANCEDSTATUSCODES, and put such codes into the replies.
    pub enhanced_status_codes: bool,
    /// Take SEND, SOML and SAML as well as MAIL.
    pub terminals: bool,
    /// The longest command line.
    pub line_max: usize,
    /// The most recipients of a mail.
    pub recipients_max: usize,
    /// How many faulty commands between two mails end the session.
    pub errors_max: usize,
    /// How many commands that lead nowhere (NOOP, RSET, EHLO, VRFY, ...) between two mails end the session.
    pub idle_max: usize,
}

impl Config {
    /// Everything on offer, with the usual limits, and no limit to the size.
    pub fn new(name: impl Into<String>) -> Self {
        Config {
            name: name.into(),
            lmtp: false,
            size: 0,
            pipelining: true,
            eight_bit_mime: true,
            smtputf8: true,
            dsn: true,
            chunking: true,
            binary_mime: true,
            enhanced_status_codes: true,
            terminals: false,
            line_max: 4096,
            recipients_max: 1000,
            errors_max: 100,
            idle_max: 1000,
        }
    }
}

/// What [`Dialogue::advance`] came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// All input is used up.
    NeedMore,
    /// A question is open: [`Dialogue::answer`] it first.
    Unanswered,
    /// Too much waits to be sent: send some of [`Dialogue::output`] first.
    OutputFull,
    /// The session is over: send what is left of the output and close. Further input is dropped.
    Closed,
    /// Question: is the sender welcome? 2xx begins a mail.
    Mail {
        /// MAIL, or SEND, SOML, SAML.
        verb: Verb,
        /// The sender.
        from: ReversePath,
        /// The parameters, checked.
        params: Vec<Parameter>,
    },
    /// Question: is the recipient welcome? 2xx adds it to the mail.
    Rcpt {
        /// The recipient.
        to: ForwardPath,
        /// The parameters, checked.
        params: Vec<Parameter>,
    },
    /// Question: may the body come? 2xx or 3xx lets it (the dialogue says 354 itself).
    Begin,
    /// A part of the body. [`Dialogue::refuse`] turns the rest of it down.
    Body(&'a [u8]),
    /// Question: the body is complete, is the mail taken? By LMTP an answer for each recipient is due, in their order:
    /// [`Dialogue::answers_due`].
    Complete,
    /// The mail that was begun will not be completed: forget its sender, recipients and body.
    Abandoned,
    /// Question: VRFY, EXPN or HELP, and its argument (empty for HELP alone).
    Ask {
        /// Which of the three.
        verb: Verb,
        /// About whom or what.
        about: String,
    },
}
