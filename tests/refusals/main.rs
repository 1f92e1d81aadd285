//! What the server's no means for the connection and for the rest of a list: in the middle of a message, to commands that
//! were sent ahead, with 421, at the opening; and what is said to it then.

#[path = "../support/mod.rs"]
mod support;

mod closing;
mod middle;
mod opening;
mod sent_ahead;
mod stepwise;
mod strange;

use helo::client::body::Body;
use helo::client::delivery::{Mail, Outcome};
use std::collections::HashSet;
use support::engine::mail_to;
use support::picky::Picky;

/// So many mails of one recipient each, one of them with a body of so many octets.
fn list(count: usize, large: usize, octets: usize, body: impl Fn(Vec<u8>) -> Body) -> Vec<Mail> {
    let text = |number: usize| {
        let mut text = format!("Subject: {number}\r\n\r\n").into_bytes();
        let octets = if number == large { octets } else { 100 };
        while text.len() < octets {
            text.extend_from_slice(b"a line of the message, as long as lines often are\r\n");
        }
        text
    };
    (0..count).map(|number| mail_to(number, 1, body(text(number)))).collect()
}

fn memory(bytes: Vec<u8>) -> Body {
    Body::memory(Box::new(bytes))
}

/// Who was told "delivered" has the mail once, everybody else has not; nobody is told that it is not known.
fn check(server: &Picky, outcomes: &[Vec<Outcome>]) {
    let taken = server.taken();
    let unique: HashSet<_> = taken.iter().collect();
    assert_eq!(unique.len(), taken.len(), "somebody got a mail twice: {taken:?}");
    for (number, mail) in outcomes.iter().enumerate() {
        for (recipient, outcome) in mail.iter().enumerate() {
            let place = (format!("s{number}@example.org"), format!("r{number}-{recipient}@example.org"));
            assert_eq!(unique.contains(&place), outcome.is_delivered(), "{place:?}: {outcome:?}");
        }
    }
}
