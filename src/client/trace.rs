//! Who may watch a connection's traffic, and what is hidden from them.

use crate::proto::command::Verb;

/// Sees a copy of all traffic with credentials as `<hidden>`.
///
/// Called without any lock held, on the thread that drives the connection.
pub trait Observer: Send {
    /// Bytes for the server: whole command lines, or a piece of a message.
    fn sent(&mut self, bytes: &[u8]);
    /// Bytes from the server: whole reply lines.
    fn received(&mut self, bytes: &[u8]);
    /// False: nobody looks at present, spare the copies.
    fn enabled(&self) -> bool {
        true
    }
    /// Something worth knowing that is neither.
    fn note(&mut self, _text: &str) {}
}

/// What stands for a credential in every output.
pub const HIDDEN: &str = "<hidden>";

/// A command line as it may be shown: AUTH keeps its mechanism and loses its initial response.
pub fn shown(line: &[u8], in_auth: bool) -> Vec<u8> {
    if in_auth {
        return [HIDDEN.as_bytes(), b"\r\n"].concat();
    }
    if Verb::parse(line) == Verb::Auth {
        let mut words = line.trim_ascii().split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty());
        let (auth, mechanism) = (words.next().unwrap_or(b"AUTH"), words.next().unwrap_or(b""));
        let mut shown = [auth, b" ", mechanism].concat();
        if words.next().is_some() {
            shown.push(b' ');
            shown.extend_from_slice(HIDDEN.as_bytes());
        }
        shown.extend_from_slice(b"\r\n");
        return shown;
    }
    line.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mechanism_is_shown_and_the_response_is_not() {
        assert_eq!(shown(b"AUTH PLAIN AGEAYg==\r\n", false), b"AUTH PLAIN <hidden>\r\n");
        assert_eq!(shown(b"auth  LOGIN\r\n", false), b"auth LOGIN\r\n");
        assert_eq!(shown(b"c2VjcmV0\r\n", true), b"<hidden>\r\n");
        assert_eq!(shown(b"MAIL FROM:<a@b>\r\n", false), b"MAIL FROM:<a@b>\r\n");
    }
}
