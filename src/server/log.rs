//! What the server tells of itself: one line an event, without secrets.

use super::decide::Client;
use super::spool::{Envelope, Refusal};
use crate::error::Error;
use std::fmt;

/// Takes what happens. Called on the threads of the server, without a lock held; it should not wait for long.
pub trait Log: Send + Sync {
    /// Whether anybody looks: false spares the words.
    fn enabled(&self) -> bool {
        true
    }

    /// Something happened. Its text (`Display`) is one line without control characters.
    fn event(&self, event: &Event<'_>);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Log for Silent {
    fn enabled(&self) -> bool {
        false
    }

    fn event(&self, _event: &Event<'_>) {}
}

/// An event, of one session or of the server.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Whose session; none for the server itself.
    pub client: Option<&'a Client>,
    /// What.
    pub what: What<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// A session begins.
    Connected,
    /// TLS is on.
    Secured,
    /// TLS could not begin.
    NotSecured(&'a Error),
    /// The client is who it says.
    Authenticated {
        /// The mechanism.
        mechanism: &'a str,
    },
    /// It could not prove it.
    NotAuthenticated {
        /// The mechanism.
        mechanism: &'a str,
        /// Why not, without secrets.
        why: &'a str,
    },
    /// A mail is in the spool.
    Taken {
        /// The mail.
        mail: &'a Envelope,
        /// Its size in octets.
        octets: u64,
        /// What the spool said.
        text: &'a str,
    },
    /// Something was refused.
    Refused {
        /// What: the connection, a hello, a sender, a recipient, a message.
        what: &'a str,
        /// About whom.
        about: &'a str,
        /// The mail it belongs to.
        mail: Option<&'a Envelope>,
        /// The answer, and why.
        refusal: &'a Refusal,
    },
    /// The client took too long.
    TimedOut {
        /// With what.
        waiting: &'a str,
    },
    /// The connection was lost.
    Lost(&'a str),
    /// The session is over.
    Ended {
        /// How many mails were taken.
        mails: u64,
    },
    /// Something that concerns the server as a whole.
    Notice(&'a str),
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(client) = self.client {
            write!(f, "{}: ", client.session)?;
        }
        let peer = self.client.map(|client| client.peer);
        match self.what {
            What::Connected => match peer {
                Some(peer) => write!(f, "connected: {peer}"),
                None => f.write_str("connected"),
            },
            What::Secured => match self.client.and_then(|client| client.tls.as_ref()) {
                Some(tls) => write!(f, "TLS: {} {}", Clean(&tls.version), Clean(&tls.cipher)),
                None => f.write_str("TLS"),
            },
            What::NotSecured(why) => write!(f, "no TLS: {}", Clean(&why.to_string())),
            What::Authenticated { mechanism } => {
                let user = self.client.and_then(|client| client.user.as_deref()).unwrap_or_default();
                write!(f, "authenticated: {} by {}", Clean(user), Clean(mechanism))
            }
            What::NotAuthenticated { mechanism, why } => {
                write!(f, "not authenticated: {}: {}", Clean(mechanism), Clean(why))
            }
            What::Taken { mail, octets, text } => write!(
                f,
                "{}: taken: from <{}>, {} recipients, {octets} octets: {}",
                Clean(&mail.id),
                Clean(sender(mail)),
                mail.recipients.len(),
                Clean(text)
            ),
            What::Refused { what, about, mail, refusal } => {
                if let Some(mail) = mail {
                    write!(f, "{}: ", Clean(&mail.id))?;
                }
                write!(f, "refused: {what} {}: {}", Clean(about), Clean(&refusal.to_string()))
            }
            What::TimedOut { waiting } => write!(f, "timed out: {waiting}"),
            What::Lost(why) => write!(f, "lost: {}", Clean(why)),
            What::Ended { mails } => write!(f, "ended: {mails} mails taken"),
            What::Notice(text) => write!(f, "{}", Clean(text)),
        }
    }
}

fn sender(mail: &Envelope) -> &str {
    mail.from.mailbox().map_or("", |mailbox| mailbox.as_str())
}

/// Text of a client's choice, cut and without what would make another line or colour a terminal.
struct Clean<'a>(&'a str);

/// So many characters of a text are shown.
const SHOWN: usize = 300;

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for (count, c) in self.0.chars().enumerate() {
            if count == SHOWN {
                return f.write_str("...");
            }
            if c.is_control() || is_direction(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Separators of lines, and characters that change the order in which others are shown.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_text_makes_no_second_line() {
        let refusal = Refusal::new(550, (1, 1), "No\nsuch").because("user \"a\r\nb\"");
        let what = What::Refused { what: "recipient", about: "x\u{1b}[31m\u{202e}y\n", mail: None, refusal: &refusal };
        let line = Event { client: None, what }.to_string();
        assert_eq!(
            line,
            "refused: recipient x\\u{1b}[31m\\u{202e}y\\u{a}: 550 5.1.1 No / such (user \"a\\u{d}\\u{a}b\")"
        );
        let long = "é".repeat(1000);
        let line = Event { client: None, what: What::Notice(&long) }.to_string();
        assert_eq!(line.chars().count(), SHOWN + 3);
    }
}
