//! What a function of the program answers: a code, and a text in the room that it is given.

use crate::proto::reply::EnhancedCode;
use crate::server::spool::{Refusal, Result};
use std::ffi::c_char;
use std::ffi::c_int;

/// So many bytes of text a function may answer with, the NUL included.
pub(crate) const TEXT: usize = 1024;

/// The room for a function's text.
pub(crate) struct Room([u8; TEXT]);

impl Room {
    pub(crate) fn new() -> Room {
        Room([0; TEXT])
    }

    /// Where the function writes.
    pub(crate) fn place(&mut self) -> *mut c_char {
        self.0.as_mut_ptr().cast()
    }

    /// What it wrote, as it can be sent: lines of printable ASCII with `\n` between them.
    fn text(&self) -> String {
        let written = self.0.split(|&byte| byte == 0).next().unwrap_or_default();
        let written = written.strip_suffix(b"\n").unwrap_or(written);
        let sendable = |&byte: &u8| match byte {
            b'\n' | b' '..=b'~' => char::from(byte),
            _ => '?',
        };
        written.iter().filter(|&&byte| byte != b'\r').map(sendable).collect()
    }
}

/// What the answer is about, for the codes and words that it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A decision: who and what is welcome.
    Welcome,
    /// The spool: whether the mail could be kept.
    Keeping,
}

/// A yes with its text, which may be empty, or a refusal. 0 and 2xx are a yes. A code that is none at all is a defect of
/// the program: its client is told to try again later, and the log what was answered.
pub(crate) fn answer(function: &str, about: About, code: c_int, room: &Room) -> Result<(u16, String)> {
    let text = room.text();
    match u16::try_from(code) {
        Ok(code @ (0 | 200..=299)) => Ok((code, text)),
        Ok(code @ 400..=599) => Err(refusal(about, code, &text)),
        _ => Err(Refusal::local(format!("the program's {function} function answered {code}, which is no reply code"))),
    }
}

/// The text may begin with an enhanced code; its class is always that of the code.
fn refusal(about: About, code: u16, text: &str) -> Refusal {
    let (enhanced, words) = match EnhancedCode::parse(text.lines().next().unwrap_or_default().as_bytes()) {
        Some(enhanced) => {
            let words = text.split_once([' ', '\n']).map_or("", |(_, words)| words);
            ((enhanced.subject, enhanced.detail), words)
        }
        None => (usual(about, code), text),
    };
    let words = match (words, code) {
        ("", 421) => "Closing the connection",
        ("", 400..=499) => "Not now; try again later",
        ("", _) => "Not taken here",
        (words, _) => words,
    };
    Refusal::new(code, enhanced, words)
}

fn usual(about: About, code: u16) -> (u16, u16) {
    match (about, code) {
        (_, 421) => (3, 2),
        (About::Welcome, _) => (7, 1),
        (About::Keeping, 452) => (3, 1),
        (About::Keeping, 552) => (2, 2),
        (About::Keeping, _) => (3, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: c_int, text: &[u8]) -> String {
        let mut room = Room::new();
        room.0[..text.len()].copy_from_slice(text);
        match answer("recipient", About::Welcome, code, &room) {
            Ok((code, text)) => format!("yes {code} {text}"),
            Err(refusal) => String::from_utf8_lossy(refusal.reply(true).raw()).into_owned(),
        }
    }

    #[test]
    fn codes_and_texts() {
        assert_eq!(answered(0, b""), "yes 0 ");
        assert_eq!(answered(252, b"maybe"), "yes 252 maybe");
        assert_eq!(answered(550, b""), "550 5.7.1 Not taken here");
        assert_eq!(answered(550, b"5.1.1 nobody\nhere\n"), "550-5.1.1 nobody\r\n550 5.1.1 here");
        assert_eq!(answered(550, b"5.1.1\nno such user"), "550 5.1.1 no such user", "a line of its own");
        assert_eq!(answered(450, b"5.1.1 nobody"), "450 4.1.1 nobody", "the class follows the code");
        assert_eq!(answered(421, b""), "421 4.3.2 Closing the connection");
        assert_eq!(answered(452, b"5 disks are full"), "452 4.7.1 5 disks are full");
    }

    #[test]
    fn a_text_cannot_say_more_than_one_reply() {
        assert_eq!(answered(550, b"no\r\n250 yes\r\n"), "550-5.7.1 no\r\n550 5.7.1 250 yes");
        assert_eq!(answered(550, b"a\x01\x7f\xc3\xbc\0hidden"), "550 5.7.1 a????");
        assert_eq!(answered(550, &[b'x'; TEXT]).len(), 10 + TEXT);
    }

    #[test]
    fn a_code_that_is_none_is_later() {
        for code in [1, 199, 300, 354, 600, -1, c_int::MIN, c_int::MAX] {
            assert!(answered(code, b"x").starts_with("451 4.3.0 "), "{code}");
        }
    }
}
