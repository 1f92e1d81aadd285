//! The server's half of SMTP and LMTP as a state machine: bytes in, events and bytes out. No sockets, no clock.
//!
//! The owner calls [`Dialogue::advance`] with what has arrived and does what the [`Event`] says. Some events ask a
//! question: the owner gives a reply with [`Dialogue::answer`], now or later, and nothing more is taken before; what
//! the client has pipelined stays in the owner's buffer, which therefore bounds it. What is to be sent gathers in
//! [`Dialogue::output`]; when too much of it waits, nothing more is taken either. How long the client may take for
//! what it is to do next says [`Dialogue::time_limit`].
//!
//! What may come when:
//!
//! ```text
//! greeting -> EHLO/HELO/LHLO -> MAIL -> RCPT... -> DATA, body, final dot  -> MAIL ...
//!                                               -> BDAT chunk... LAST     -> MAIL ...
//! EHLO -> STARTTLS, handshake: back to before EHLO;  EHLO -> AUTH, its exchange: back to after EHLO
//! RSET, EHLO: back to after the greeting's EHLO;  QUIT, or a fault that cannot be mended: closed
//! ```
//!
//! A loop around it:
//!
//! ```text
//! loop {
//!     match dialogue.advance(&mut input) {
//!         NeedMore    => send the output, read more (within the time limit), or dialogue.time_out()
//!         OutputFull  => send some output first, and read nothing
//!         Unanswered  => wait for the answer, and read no more than the buffer holds
//!         Handshake   => send all output, do the handshake of TLS, dialogue.secured()
//!         Closed      => send what is left of the output, close; the session is over
//!         Body(part)  => store it
//!         Abandoned, AuthCancelled => forget the mail, the exchange
//!         Refused(what) => write it down
//!         a question  => find the answer, now or later: dialogue.answer(&reply)
//!     }
//! }
//! ```

mod answers;
mod config;
mod dialogue;
mod envelope;
mod event;
mod foreign;
mod options;
mod refused;
mod request;

pub use config::{AuthOffer, Config, Timeouts};
pub use dialogue::Dialogue;
pub use event::{AuthText, End, Event, TimeLimit, Waiting};
pub use foreign::Foreign;
pub use options::{BodyType, MailOptions, Notify, OriginalRecipient, RcptOptions, Return};
pub use refused::Refused;

#[cfg(test)]
mod tests;
