//! The words of the library's own failures, for programs that show nothing but what `smtp_rply` gives.

use std::cell::RefCell;

/// How long a line is, code included: what windows and terminals of those programs show.
const LINE: usize = 78;

thread_local! {
    /// Why this thread's last opening has failed that gave no handle.
    static OPENING: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A failure in the form of a reply, with a code that no server sends: lines of words, CRLF between them.
pub(crate) fn own_reply(words: &str) -> Vec<u8> {
    let words = format!("libhelo: {words}");
    let mut lines = vec![String::new()];
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let length = lines.last().map_or(0, String::len);
        if length > 0 && "000-".len() + length + 1 + word.len() > LINE {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let last = lines.len() - 1;
    let coded = lines.iter().enumerate().map(|(at, line)| format!("000{}{line}", if at < last { '-' } else { ' ' }));
    coded.collect::<Vec<_>>().join("\r\n").into_bytes()
}

/// An opening of this thread has ended: why it failed, or nothing to say.
pub(crate) fn note_opening(failed: Option<&str>) {
    let _ = OPENING.try_with(|opening| opening.replace(failed.map(str::to_owned)));
}

/// Why this thread's last opening failed, if it did.
pub(crate) fn opening_failed() -> Option<String> {
    OPENING.try_with(|opening| opening.borrow().clone()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::reply::Reply;

    #[test]
    fn it_has_the_form_of_a_reply() {
        let reply = |words: &str| String::from_utf8(own_reply(words)).unwrap();
        assert_eq!(reply("no route"), "000 libhelo: no route");
        assert_eq!(reply("a\r\nb\0c  d"), "000 libhelo: a b c d");
        let long = reply(&"several words ".repeat(40));
        let lines: Vec<&str> = long.split("\r\n").collect();
        assert!(lines.len() > 5 && lines.iter().all(|line| line.len() <= LINE), "{long}");
        let (last, others) = lines.split_last().unwrap();
        assert!(last.starts_with("000 ") && others.iter().all(|line| line.starts_with("000-")), "{long}");
        assert!(reply(&"x".repeat(200)).starts_with("000-libhelo:\r\n000 xxx"));
        // The form is a reply's but for the code, which no server may send.
        assert_eq!(Reply::new(250, "x").raw(), b"250 x");
    }

    #[test]
    fn an_opening_that_worked_leaves_nothing_to_say() {
        note_opening(Some("unknown host"));
        assert_eq!(opening_failed().as_deref(), Some("unknown host"));
        std::thread::spawn(|| assert_eq!(opening_failed(), None)).join().unwrap();
        note_opening(None);
        assert_eq!(opening_failed(), None);
    }
}
