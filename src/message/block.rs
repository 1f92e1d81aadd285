//! The headers of one message, field by field.

use super::date::Date;
use super::header::{self, Addressee};
use crate::proto::command::ArgumentError;
use alloc::string::{String, ToString};

/// How urgent a mail is, as its reader's program shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Shown as urgent.
    High,
    /// Not shown; no header is needed.
    Normal,
    /// Can wait.
    Low,
}

/// Collects header fields, in the order in which they are added. A refused field leaves the others as they are.
#[derive(Default)]
pub struct HeaderBlock {
    text: String,
}

impl HeaderBlock {
    /// A block without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds From.
    pub fn from(&mut self, sender: Addressee<'_>) -> Result<&mut Self, ArgumentError> {
        self.addresses("From", &[sender])
    }

    /// Adds To.
    pub fn to(&mut self, recipients: &[Addressee<'_>]) -> Result<&mut Self, ArgumentError> {
        self.addresses("To", recipients)
    }

    /// Adds Subject.
    pub fn subject(&mut self, text: &str) -> Result<&mut Self, ArgumentError> {
        self.field("Subject", text)
    }

    /// Adds Date.
    pub fn date(&mut self, date: Date) -> Result<&mut Self, ArgumentError> {
        self.field("Date", &date.to_string())
    }

    /// Adds Message-ID, from [`message_id`](super::message_id()).
    pub fn message_id(&mut self, id: &str) -> Result<&mut Self, ArgumentError> {
        self.field("Message-ID", id)
    }

    /// Adds what tells readers of the priority. There is no standard header of that meaning: X-Priority is what most
    /// programs look at, Importance (RFC 2156) what Exchange does, Priority what some gateways do.
    pub fn priority(&mut self, priority: Priority) -> Result<&mut Self, ArgumentError> {
        let (number, importance, urgency) = match priority {
            Priority::High => ("1 (Highest)", "high", "urgent"),
            Priority::Normal => return Ok(self),
            Priority::Low => ("5 (Lowest)", "low", "non-urgent"),
        };
        self.field("X-Priority", number)?.field("Importance", importance)?.field("Priority", urgency)
    }

    /// Adds the MIME fields of a plain text body in UTF-8, sent as it is.
    pub fn text_utf8(&mut self) -> Result<&mut Self, ArgumentError> {
        self.field("MIME-Version", "1.0")?
            .field("Content-Type", "text/plain; charset=utf-8")?
            .field("Content-Transfer-Encoding", "8bit")
    }

    /// Adds a field of free text.
    pub fn field(&mut self, name: &str, text: &str) -> Result<&mut Self, ArgumentError> {
        header::append_unstructured(&mut self.text, name, text).map(|()| self)
    }

    /// Adds a field of addresses; nothing for an empty list.
    pub fn addresses(&mut self, name: &str, list: &[Addressee<'_>]) -> Result<&mut Self, ArgumentError> {
        header::append_addresses(&mut self.text, name, list).map(|()| self)
    }

    /// The block, with the empty line that ends it.
    pub fn finish(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::message_id;
    use crate::proto::address::Mailbox;

    #[test]
    fn a_whole_block() {
        let alice = Mailbox::parse("alice@example.com").unwrap();
        let bob = Mailbox::parse("<bob@example.net>").unwrap();
        let mut block = HeaderBlock::new();
        block.to(&[(&bob).into()]).unwrap();
        block.from(Addressee { name: "Alice", mailbox: &alice }).unwrap();
        block.subject("Gr\u{fc}\u{df}e").unwrap();
        block.date(Date::new(880_127_706, -360)).unwrap();
        block.message_id(&message_id([7; 16], "example.com")).unwrap();
        block.priority(Priority::High).unwrap();
        block.text_utf8().unwrap();
        assert_eq!(
            block.finish(),
            "To: bob@example.net\r\n\
             From: Alice <alice@example.com>\r\n\
             Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\
             Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n\
             Message-ID: <07070707070707070707070707070707@example.com>\r\n\
             X-Priority: 1 (Highest)\r\n\
             Importance: high\r\n\
             Priority: urgent\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\
             \r\n"
        );
    }

    #[test]
    fn a_refused_field_leaves_the_others() {
        let mut block = HeaderBlock::new();
        block.subject("one").unwrap();
        assert!(block.field("X-Two", "a\r\nBcc: b").is_err());
        block.priority(Priority::Normal).unwrap();
        block.priority(Priority::Low).unwrap();
        assert_eq!(
            block.finish(),
            "Subject: one\r\nX-Priority: 5 (Lowest)\r\nImportance: low\r\nPriority: non-urgent\r\n\r\n"
        );
    }
}
