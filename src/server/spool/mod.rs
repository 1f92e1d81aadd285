//! Where received mail goes: the trait [`Spool`] with streaming writes, and what implements it.
//!
//! One mail is one [`Delivery`]:
//!
//! ```text
//! Spool::begin(envelope) -> Delivery      once the envelope is complete, or before its recipients (Spool::early)
//!     recipient(r)...                     only of an early spool: each recipient as RCPT names it
//!     write(piece)...                     the message as it arrives
//!     finish() -> Confirmation            the mail is safe: now it is confirmed with 250
//!     (dropped without finish)            the mail is given up: nothing of it remains
//! ```
//!
//! Every call may block, for a disk or another server; the server makes them on its pool of workers, those of one
//! delivery one after the other, not always on the same thread. Every refusal says what the client is told:
//! [`Refusal`].

mod callback;
mod confirmation;
mod envelope;
#[cfg(unix)]
pub mod maildir;
mod memory;
mod refusal;
pub mod relay;
#[cfg(test)]
mod tests_support;
mod trace;
mod unique;

pub use callback::Callback;
pub use confirmation::Confirmation;
pub use envelope::{Envelope, Head, Named, Peer, Protocol, Recipient, TlsFacts};
#[cfg(unix)]
pub use maildir::Maildir;
pub use memory::{Discard, Memory, Stored};
pub use refusal::{Refusal, Result};
pub use relay::Relay;
pub use unique::new_id;

/// Takes mail. One serves all sessions of a server at once.
pub trait Spool: Send + Sync {
    /// Whether [`Spool::begin`] wants to be called at the first RCPT, with an envelope that has no recipients yet, so
    /// that [`Delivery::recipient`] can take or refuse each while the client waits for the answer to its RCPT. False
    /// (one call fewer a recipient): `begin` is called when the body comes, with every recipient, and what it says
    /// concerns all of them.
    fn early(&self) -> bool {
        false
    }

    /// Whether the calls may wait for anything. False: the server makes them on the thread that serves all sessions,
    /// at the cost of a function call, and they must return at once.
    fn blocks(&self) -> bool {
        true
    }

    /// A server begins to use this spool; it has places to listen at and no clients yet. Each server calls it once for
    /// each place.
    fn opened(&self) {}

    /// The server is over, for one of its places: its sessions have ended, and nobody waits any more for those of its
    /// calls that are still under way. When there is no other server, they should come back soon, with a refusal.
    fn closed(&self) {}

    /// A mail begins. A refusal answers the RCPT of an early spool, else DATA or the first BDAT.
    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>>;
}

/// One mail on its way into a spool. Dropped without [`finish`](Delivery::finish), nothing of it remains; dropping may
/// block, too.
pub trait Delivery: Send {
    /// One more recipient, as RCPT names it; only of a spool that is [early](Spool::early). Refused, the recipient is
    /// not part of the mail, and others may follow.
    fn recipient(&mut self, recipient: &Recipient) -> Result<()> {
        let text = "Recipients are not taken here";
        Err(Refusal::new(451, (3, 5), text).because(format!("{} for an early spool without recipient()", recipient.to)))
    }

    /// The next bytes of the message: dots unstuffed, lines ending in CRLF (binary mails: as they are), split anywhere.
    /// After a refusal nothing more is written: the server reads the rest of the message, drops it and gives this
    /// answer to its end.
    fn write(&mut self, piece: &[u8]) -> Result<()>;

    /// What it holds of memory now, in octets, besides the envelope: it counts in the budget of the sessions.
    fn held(&self) -> usize {
        0
    }

    /// The message is complete. When this returns a confirmation, the mail survives a crash of the program and of the
    /// machine, as far as the spool promises that. A refusal is the answer for every recipient, and nothing remains of
    /// the mail.
    fn finish(self: Box<Self>) -> Result<Confirmation>;
}
