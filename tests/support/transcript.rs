//! What a scripted server said and heard.

use super::script::escape;
use std::fmt;

/// What was said and heard, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    pub entries: Vec<Entry>,
}

/// One thing that happened on a connection (1 is the first).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub connection: usize,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Said(Vec<u8>),
    Heard(Vec<u8>),
    Event(&'static str),
}

impl Transcript {
    /// All bytes that the client sent on one connection.
    pub fn heard(&self, connection: usize) -> Vec<u8> {
        let of = self.entries.iter().filter(|entry| entry.connection == connection);
        of.flat_map(|entry| if let What::Heard(bytes) = &entry.what { &bytes[..] } else { &[] }).copied().collect()
    }

    /// The lines that the client sent on one connection, without line ends, what is not UTF-8 replaced.
    pub fn lines(&self, connection: usize) -> Vec<String> {
        String::from_utf8_lossy(&self.heard(connection)).split_terminator("\r\n").map(Into::into).collect()
    }

    pub fn add(&mut self, connection: usize, what: What) {
        self.entries.push(Entry { connection, what });
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { connection, what } in &self.entries {
            match what {
                What::Said(bytes) => writeln!(f, "  {connection} S {}", escape(bytes))?,
                What::Heard(bytes) => writeln!(f, "  {connection} C {}", escape(bytes))?,
                What::Event(text) => writeln!(f, "  {connection} - {text}")?,
            }
        }
        Ok(())
    }
}
