//! Encoded words, RFC 2047: what is not ASCII, in a header.

use alloc::string::String;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest line that holds an encoded word.
const MAX_LINE: usize = 76;
/// Longest encoded word.
const MAX_WORD: usize = 75;

#[derive(Clone, Copy)]
enum Encoding {
    /// Base64: three octets in four characters.
    B,
    /// Readable where the text is mostly ASCII.
    Q,
}

impl Encoding {
    fn opening(self) -> &'static str {
        match self {
            Encoding::B => "=?utf-8?B?",
            Encoding::Q => "=?utf-8?Q?",
        }
    }

    /// The characters that `text` takes, without the word's frame.
    fn len(self, text: &str) -> usize {
        match self {
            Encoding::B => text.len().div_ceil(3) * 4,
            Encoding::Q => text.bytes().map(|byte| if is_literal(byte) || byte == b' ' { 1 } else { 3 }).sum(),
        }
    }

    fn append(self, text: &str, out: &mut String) {
        match self {
            Encoding::B => STANDARD.encode_string(text, out),
            Encoding::Q => {
                for byte in text.bytes() {
                    match byte {
                        b' ' => out.push('_'),
                        byte if is_literal(byte) => out.push(char::from(byte)),
                        byte => {
                            out.push('=');
                            for nibble in [byte >> 4, byte & 15] {
                                out.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What stands for itself in Q: the characters that RFC 2047 allows everywhere, in names beside addresses too.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!*+-/".contains(&byte)
}

/// Appends `text` as encoded words, each after a space or a line end and a space, and returns the column reached.
///
/// `column` is where the line stands. A character never spans two words; a reader that joins the words gets `text`.
pub(super) fn append(out: &mut String, mut column: usize, text: &str) -> usize {
    let encoding = if Encoding::Q.len(text) < Encoding::B.len(text) { Encoding::Q } else { Encoding::B };
    let frame = encoding.opening().len() + "?=".len();
    let mut rest = text;
    while !rest.is_empty() {
        // One column goes to the space before the word.
        let mut room = MAX_LINE.saturating_sub(column + 1).min(MAX_WORD).saturating_sub(frame);
        let mut taken = fitting(encoding, rest, room);
        if taken == 0 {
            out.push_str("\r\n");
            column = 0;
            room = MAX_WORD - frame;
            taken = fitting(encoding, rest, room);
        }
        let (word, after) = rest.split_at(taken);
        out.push(' ');
        out.push_str(encoding.opening());
        encoding.append(word, out);
        out.push_str("?=");
        column += 1 + frame + encoding.len(word);
        rest = after;
    }
    column
}

/// The length of the longest start of `text` that takes at most `room` characters and ends between two characters.
fn fitting(encoding: Encoding, text: &str, room: usize) -> usize {
    let mut taken = 0;
    let mut used = 0;
    for character in text.chars() {
        let end = taken + character.len_utf8();
        match encoding {
            Encoding::B => used = end.div_ceil(3) * 4,
            Encoding::Q => used += Encoding::Q.len(&text[taken..end]),
        }
        if used > room {
            break;
        }
        taken = end;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// What a reader makes of encoded words: each must be whole UTF-8 by itself.
    fn decode(words: &str) -> String {
        words.split_whitespace().map(decode_word).collect()
    }

    fn decode_word(word: &str) -> String {
        assert!(word.len() <= MAX_WORD, "{word}");
        let inner = word.strip_prefix("=?utf-8?").and_then(|word| word.strip_suffix("?=")).expect(word);
        let octets = match inner.split_at(2) {
            ("B?", text) => STANDARD.decode(text).expect(word),
            ("Q?", text) => {
                let mut octets = Vec::new();
                let mut bytes = text.bytes();
                while let Some(byte) = bytes.next() {
                    octets.push(match byte {
                        b'_' => b' ',
                        b'=' => {
                            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                            u8::from_str_radix(core::str::from_utf8(&hex).unwrap(), 16).unwrap()
                        }
                        byte => byte,
                    });
                }
                octets
            }
            other => panic!("{other:?}"),
        };
        String::from_utf8(octets).expect("a word holds whole characters")
    }

    fn encode(column: usize, text: &str) -> String {
        let mut out = String::new();
        append(&mut out, column, text);
        out
    }

    #[test]
    fn the_shorter_encoding_is_chosen() {
        assert_eq!(encode(8, "Caf\u{e9} menu for today"), " =?utf-8?Q?Caf=C3=A9_menu_for_today?=");
        assert_eq!(encode(8, "\u{65e5}\u{672c}\u{8a9e}"), " =?utf-8?B?5pel5pys6Kqe?=");
    }

    #[test]
    fn a_line_without_room_is_left() {
        assert_eq!(encode(70, "\u{e9}"), "\r\n =?utf-8?B?w6k=?=");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(text in "\\PC{1,200}", column in 0usize..90) {
            let encoded = encode(column, &text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded), text);
            for (number, line) in encoded.split("\r\n").enumerate() {
                let start = if number == 0 { column } else { 0 };
                prop_assert!(line.is_empty() || start + line.len() <= MAX_LINE, "{}", encoded);
            }
        }
    }
}
