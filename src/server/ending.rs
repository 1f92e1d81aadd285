//! Why a session is over, for the log and the counts.

use crate::proto::server::End;
use std::fmt;

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The client has said QUIT.
    Quit,
    /// The client has closed the connection without QUIT.
    Closed,
    /// The client took too long.
    TimedOut,
    /// A limit of the server, in the words that the client was told: too many errors.
    Limit(&'static str),
    /// What the client sent leaves no way to go on, in the words that it was told.
    Protocol(&'static str),
    /// TLS could not begin.
    NotSecured,
    /// The connection was lost.
    Lost,
    /// The program, or the next server, has said 421.
    Refused,
    /// The server ends.
    Shutdown,
    /// The server ends, and the session was not over in time.
    BrokenOff,
}

impl Why {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// One of each, in the order of [`number`](Why::number).
    pub const ALL: [Why; Why::COUNT] = [
        Why::Quit,
        Why::Closed,
        Why::TimedOut,
        Why::Limit(""),
        Why::Protocol(""),
        Why::NotSecured,
        Why::Lost,
        Why::Refused,
        Why::Shutdown,
        Why::BrokenOff,
    ];

    /// Its number, below [`Why::COUNT`].
    pub fn number(self) -> usize {
        match self {
            Why::Quit => 0,
            Why::Closed => 1,
            Why::TimedOut => 2,
            Why::Limit(_) => 3,
            Why::Protocol(_) => 4,
            Why::NotSecured => 5,
            Why::Lost => 6,
            Why::Refused => 7,
            Why::Shutdown => 8,
            Why::BrokenOff => 9,
        }
    }

    /// In a word, for counts.
    pub fn word(self) -> &'static str {
        ["quit", "closed", "timeout", "limit", "protocol", "tls", "lost", "refused", "shutdown", "broken-off"]
            [self.number()]
    }
}

impl From<End> for Why {
    fn from(end: End) -> Why {
        match end {
            End::Quit => Why::Quit,
            End::Limit(words) => Why::Limit(words),
            End::Protocol(words) => Why::Protocol(words),
            End::TimedOut => Why::TimedOut,
            End::Refused => Why::Refused,
            End::Stopped => Why::Shutdown,
            // Whoever does that without saying why has been told to break it off.
            End::Shut => Why::BrokenOff,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Quit => f.write_str("quit"),
            Why::Closed => f.write_str("closed by the client"),
            Why::TimedOut => f.write_str("timeout"),
            Why::Limit(words) => {
                // "Too many errors" stands in the middle of a line here.
                let mut letters = words.chars();
                let first = letters.next().map(|letter| letter.to_ascii_lowercase());
                write!(f, "limit: {}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
            }
            Why::Protocol(words) => write!(f, "protocol: {words}"),
            Why::NotSecured => f.write_str("no TLS"),
            Why::Lost => f.write_str("lost"),
            Why::Refused => f.write_str("sent away"),
            Why::Shutdown => f.write_str("shutdown"),
            Why::BrokenOff => f.write_str("shutdown, broken off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words() {
        for (number, why) in Why::ALL.into_iter().enumerate() {
            assert_eq!(why.number(), number);
            assert!(!why.word().is_empty());
        }
        assert_eq!(Why::Limit("Too many errors").to_string(), "limit: too many errors");
    }
}
