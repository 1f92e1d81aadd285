//! Envelopes for the tests of this room.

use super::{Envelope, Peer, Protocol, Recipient, new_id};
use crate::proto::address::{ForwardPath, ReversePath};

/// A recipient without parameters.
pub fn recipient(to: &str) -> Recipient {
    Recipient { to: ForwardPath::parse(to).unwrap(), params: Vec::new() }
}

/// A mail from a@example.org to these.
pub fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        id: new_id(),
        server: "mx.example.com".into(),
        hello: "client.example.org".into(),
        peer: Peer::Internet(([192, 0, 2, 7], 4711).into()),
        local: Some(([192, 0, 2, 1], 25).into()),
        user: None,
        tls: None,
        protocol: Protocol::Esmtp,
        from: ReversePath::parse("a@example.org").unwrap(),
        params: Vec::new(),
        recipients: recipients.iter().map(|to| recipient(to)).collect(),
    }
}
