//! The spools: what they store, what they hand on, and what they say when they cannot.

mod maildir;
mod next_hop;
mod order;
mod relay;
#[path = "../support/mod.rs"]
mod support;

use helo::proto::address::{ForwardPath, ReversePath};
use helo::server::spool::{Confirmation, Delivery, Envelope, Protocol, Recipient, Result, Spool};

fn recipient(to: &str) -> Recipient {
    Recipient::new(ForwardPath::parse(to).expect("a path"))
}

/// A mail from a@example.org to these.
fn envelope(recipients: &[&str]) -> Envelope {
    let from = ReversePath::parse("a@example.org").expect("a path");
    Envelope::new("mx.example.com", from, recipients.iter().map(|to| recipient(to)).collect())
}

/// The same with an answer for each recipient.
fn by_lmtp(recipients: &[&str]) -> Envelope {
    let mut envelope = envelope(recipients);
    envelope.protocol = Protocol::Lmtp;
    envelope
}

/// A mail begins, as a server has it begin: recipients one by one for an early spool.
fn begin(spool: &dyn Spool, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
    if !spool.early() {
        return spool.begin(envelope);
    }
    let mut delivery = spool.begin(&envelope.without_recipients())?;
    envelope.recipients.iter().try_for_each(|recipient| delivery.recipient(recipient))?;
    Ok(delivery)
}

/// A whole mail, its message in pieces of this size.
fn store(spool: &dyn Spool, envelope: &Envelope, message: &[u8], size: usize) -> Result<Confirmation> {
    let mut delivery = begin(spool, envelope)?;
    message.chunks(size).try_for_each(|piece| delivery.write(piece))?;
    delivery.finish()
}

/// The code and the enhanced code of a refusal.
#[track_caller]
fn refused<T>(result: Result<T>) -> (u16, String) {
    match result {
        Ok(_) => panic!("was not refused"),
        Err(refusal) => (refusal.code, refusal.enhanced.to_string()),
    }
}
