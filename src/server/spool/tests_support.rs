//! Envelopes for the tests of this room.

use super::{Envelope, Peer, Recipient};
use crate::proto::address::{ForwardPath, ReversePath};

/// A recipient without parameters.
pub fn recipient(to: &str) -> Recipient {
    Recipient::new(ForwardPath::parse(to).unwrap())
}

/// A mail from a@example.org to these.
pub fn envelope(recipients: &[&str]) -> Envelope {
    let from = ReversePath::parse("a@example.org").unwrap();
    let recipients = recipients.iter().map(|to| recipient(to)).collect();
    let mut envelope = Envelope::new("mx.example.com", from, recipients);
    envelope.peer = Peer::Internet(([192, 0, 2, 7], 4711).into());
    envelope.hello = "client.example.org".into();
    envelope
}
