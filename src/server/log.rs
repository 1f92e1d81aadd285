//! What the server tells of itself: one line an event, without secrets.

mod flood;
mod queue;

pub(super) use flood::{Floods, Lines};
pub use queue::{Entry, Queue};

use super::clients::Group;
use super::decide::Client;
use super::ending::Why;
use super::spool::{Envelope, Peer, Refusal};
use crate::error::Error;
use crate::proto::reply::Reply;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes what happens. Called on the threads of the server, without a lock held: it must not wait for anything. What may
/// wait, such as a file, takes it behind a [`Queue`].
pub trait Log: Send + Sync {
    /// Whether anybody looks: false spares the words.
    fn enabled(&self) -> bool {
        true
    }

    /// Something happened. Its text (`Display`) is one line without control characters.
    fn event(&self, event: &Event<'_>);
}

/// Tells it, if anybody looks. What a client can have as many of as it likes goes by [`Floods`] first. A log that panics
/// over a line loses that line: no session and no thread of the server ends of it.
pub(super) fn tell(log: &dyn Log, client: Option<&Client>, what: What<'_>) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if log.enabled() {
            log.event(&Event { client, what });
        }
    }));
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
        /// The answer; none where the client did not wait for one.
        reply: Option<&'a Reply>,
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
    /// The server itself has refused something: a command that breaks the rules, or goes beyond a limit.
    Rejected {
        /// The client's words, without secrets. Empty: it was the message, or the session as a whole.
        command: &'a str,
        /// The mail it belongs to.
        mail: Option<&'a Envelope>,
        /// The answer.
        reply: &'a Reply,
    },
    /// The client took too long.
    TimedOut {
        /// With what.
        waiting: &'a str,
    },
    /// The client has closed the connection without QUIT. Some always do; a mail under way is given up.
    Closed,
    /// The connection was lost.
    Lost(&'a str),
    /// The session is over.
    Ended {
        /// How many mails were taken.
        mails: u64,
        /// Why.
        why: Why,
    },
    /// Something that concerns the server as a whole.
    Notice(&'a str),
    /// There were more such lines of one client than are shown.
    Unsaid {
        /// How many.
        lines: u64,
        /// Of this client; none: of this session, or of clients besides those that are named.
        of: Option<Group>,
    },
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
            What::NotSecured(why) => write!(f, "no TLS: {}", Clean(&why.detail)),
            What::Authenticated { mechanism } => {
                let user = self.client.and_then(|client| client.user.as_deref()).unwrap_or_default();
                write!(f, "authenticated: {} by {}", Clean(user), Clean(mechanism))
            }
            What::NotAuthenticated { mechanism, why, reply } => {
                // The address stands here too, for those who block whoever guesses passwords by such lines.
                f.write_str("not authenticated: ")?;
                if let Some(peer) = peer {
                    write!(f, "{peer} ")?;
                }
                write!(f, "by {}: {}", Clean(mechanism), Clean(why))?;
                if let Some(reply) = reply {
                    write!(f, ": {}", Clean(&reply.text()))?;
                }
                // Some clients offer what they cannot do, and do not try the next.
                if mechanism.ends_with("-PLUS") { f.write_str(NO_BINDING) } else { Ok(()) }
            }
            What::Taken { mail, octets, text } => write!(
                f,
                "{}: taken: from <{}> for {}, {octets} octets: {}",
                Clean(&mail.id),
                Clean(sender(mail)),
                Recipients(mail),
                Clean(text)
            ),
            What::Refused { what, about, mail, refusal } => {
                if let Some(mail) = mail {
                    write!(f, "{}: ", Clean(&mail.id))?;
                }
                // What concerns a mail as a whole is about nobody.
                let space = if about.is_empty() { "" } else { " " };
                write!(f, "refused: {what}{space}{}: {}", Clean(about), Clean(&refusal.to_string()))?;
                from(peer, f)
            }
            What::Rejected { command, mail, reply } => {
                if let Some(mail) = mail {
                    write!(f, "{}: ", Clean(&mail.id))?;
                }
                let space = if command.is_empty() { "" } else { " " };
                let what = rejected(command, reply);
                write!(f, "refused: {what}{space}{}: {}", Clean(command), Clean(&reply.text()))?;
                from(peer, f)
            }
            What::TimedOut { waiting } => write!(f, "timed out: {waiting}"),
            What::Closed => f.write_str("closed by the client without QUIT"),
            What::Lost(why) => write!(f, "lost: {}", Clean(why)),
            What::Ended { mails: 1, why } => write!(f, "ended: 1 mail taken ({why})"),
            What::Ended { mails, why } => write!(f, "ended: {mails} mails taken ({why})"),
            What::Notice(text) => write!(f, "{}", Clean(text)),
            What::Unsaid { lines, of: Some(client) } => write!(f, "{lines} more lines of {client} are not shown"),
            What::Unsaid { lines, of: None } if self.client.is_some() => {
                write!(f, "{lines} more lines of this session are not shown")
            }
            What::Unsaid { lines, of: None } => write!(f, "{lines} more lines of other clients are not shown"),
        }
    }
}

/// What the server itself has refused, in a word, by the command and the answer.
pub(super) fn rejected(command: &str, reply: &Reply) -> &'static str {
    match (command.is_empty(), reply.code()) {
        (false, _) => "command",
        (true, 421) => "session",
        (true, _) => "message",
    }
}

/// What is said besides of a login by SCRAM-...-PLUS that failed.
const NO_BINDING: &str = "; if this client never gets in, it cannot bind a login to the connection: leave the names                           with -PLUS out of --mechanisms";

/// Whose fault it was, at the end of the line, where nothing of the client's choice comes behind it.
fn from(peer: Option<Peer>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match peer {
        Some(peer) => write!(f, ", from {peer}"),
        None => Ok(()),
    }
}

fn sender(mail: &Envelope) -> &str {
    mail.from.mailbox().map_or("", |mailbox| mailbox.as_str())
}

/// Whom a mail is for: the first of them, and how many more.
struct Recipients<'a>(&'a Envelope);

/// So many recipients are named.
const NAMED: usize = 3;

impl fmt::Display for Recipients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.0.recipients;
        for (number, recipient) in all.iter().take(NAMED).enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}<{}>", Clean(recipient.to.as_str()))?;
        }
        match all.len().saturating_sub(NAMED) {
            0 if all.is_empty() => f.write_str("nobody"),
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
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
            if c.is_control() || is_unseen(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Separators of lines, and what is not seen itself: characters that change the order in which others are shown, that
/// join and part them, or that hide among them.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::super::spool::Recipient;
    use super::*;
    use crate::proto::address::{ForwardPath, ReversePath};

    fn line(what: What<'_>) -> String {
        Event { client: None, what }.to_string()
    }

    #[test]
    fn a_clients_text_makes_no_second_line() {
        let refusal = Refusal::new(550, (1, 1), "No\nsuch").because("user \"a\r\nb\"");
        let what = What::Refused { what: "recipient", about: "x\u{1b}[31m\u{202e}y\n", mail: None, refusal: &refusal };
        assert_eq!(
            line(what),
            "refused: recipient x\\u{1b}[31m\\u{202e}y\\u{a}: 550 5.1.1 No / such (user \"a\\u{d}\\u{a}b\")"
        );
        let long = "é".repeat(1000);
        assert_eq!(line(What::Notice(&long)).chars().count(), SHOWN + 3);
    }

    /// Whatever a client or another server chooses to say, wherever it stands in a line.
    #[test]
    fn nothing_that_moves_a_terminals_cursor_or_the_order_of_letters() {
        let bad: Vec<char> = (0..0x20u8).chain(0x7f..=0x9f).map(char::from).collect();
        let bad = bad.into_iter().chain("\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}".chars());
        let bad: String = bad.chain("\u{2066}\u{2069}\u{feff}\u{fffa}\u{ad}\u{e0041}".chars()).collect();
        let text = format!("a{bad}z");
        let refusal = Refusal::new(550, (1, 1), &text).because(&text);
        let mut mail = Envelope::new("mx", ReversePath::parse("<>").unwrap(), Vec::new());
        mail.id = text.clone();
        let error = Error::new(crate::error::Phase::Tls, crate::error::Cause::Tls, &*text);
        let client = Client {
            session: 1,
            peer: Peer::Local,
            local: None,
            hello: text.clone(),
            user: Some(text.clone()),
            tls: Some(super::super::spool::TlsFacts { version: text.clone(), cipher: text.clone(), client: None }),
        };
        for what in [
            What::Secured,
            What::NotSecured(&error),
            What::Authenticated { mechanism: &text },
            What::NotAuthenticated { mechanism: &text, why: &text, reply: None },
            What::Taken { mail: &mail, octets: 1, text: &text },
            What::Refused { what: "message", about: &text, mail: Some(&mail), refusal: &refusal },
            What::Lost(&text),
            What::Rejected { command: &text, mail: Some(&mail), reply: &Reply::new(501, "5.5.2 no") },
            What::Notice(&text),
        ] {
            let line = Event { client: Some(&client), what }.to_string();
            assert!(line.contains("a\\u{0}\\u{1}"), "{line:?}");
            assert!(!line.chars().any(|c| c.is_control() || is_unseen(c)), "{line:?}");
        }
    }

    #[test]
    fn whom_a_mail_is_for() {
        let to = |name: &str| Recipient::new(ForwardPath::parse(&format!("<{name}@b.test>")).unwrap());
        let recipients = ["a", "b", "c", "d", "e"].map(to);
        for (count, shown) in [
            (0, "nobody"),
            (1, "<a@b.test>"),
            (3, "<a@b.test>, <b@b.test>, <c@b.test>"),
            (5, "<a@b.test>, <b@b.test>, <c@b.test> and 2 more"),
        ] {
            let from = ReversePath::parse("<x@y.test>").unwrap();
            let mut mail = Envelope::new("mx", from, recipients[..count].to_vec());
            mail.id = "1".to_owned();
            let what = What::Taken { mail: &mail, octets: 7, text: "Ok" };
            assert_eq!(line(what), format!("1: taken: from <x@y.test> for {shown}, 7 octets: Ok"));
        }
    }

    #[test]
    fn a_refusal_that_is_about_nobody() {
        let refusal = Refusal::full();
        let what = What::Refused { what: "message", about: "", mail: None, refusal: &refusal };
        assert!(line(what).starts_with("refused: message: 452 4.3.1 "));
    }
}
