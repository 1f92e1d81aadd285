//! Line ends as a mail is stored: CRLF as it came, or LF.

use memchr::memchr;

/// Turns CRLF into LF, across any split of the text. A CR that no LF follows stays.
#[derive(Debug, Default)]
pub(super) struct ToLf {
    /// The text so far ended in a CR, which is not written yet.
    pending: bool,
}

impl ToLf {
    /// Appends the piece to `out`.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        while !piece.is_empty() {
            if std::mem::take(&mut self.pending) && piece.first() != Some(&b'\n') {
                out.push(b'\r');
            }
            let Some(place) = memchr(b'\r', piece) else {
                out.extend_from_slice(piece);
                return;
            };
            out.extend_from_slice(&piece[..place]);
            piece = &piece[place + 1..];
            self.pending = true;
        }
    }

    /// The text has ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.pending) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn converted<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let (mut out, mut lines) = (Vec::new(), ToLf::default());
        pieces.for_each(|piece| lines.push(piece, &mut out));
        lines.finish(&mut out);
        out
    }

    #[test]
    fn only_crlf_becomes_lf() {
        for (text, stored) in [
            ("", ""),
            ("a\r\nb\r\n", "a\nb\n"),
            ("\r\n\r\n", "\n\n"),
            ("a\rb\nc\r", "a\rb\nc\r"),
            ("\r\r\n\r", "\r\n\r"),
        ] {
            for size in 1..4 {
                assert_eq!(converted(text.as_bytes().chunks(size)), stored.as_bytes(), "{text:?} by {size}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_what_replacing_gives(text in "[\r\nab]{0,40}", size in 1usize..10) {
            let stored = text.replace("\r\n", "\n");
            prop_assert_eq!(converted(text.as_bytes().chunks(size)), stored.as_bytes());
        }
    }
}
