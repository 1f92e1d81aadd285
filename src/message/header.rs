//! One header field: checked, encoded where it is not ASCII, folded.
//!
//! Every function appends whole lines that end in CRLF, or refuses and appends nothing.

use super::encoded_word;
use crate::proto::address::Mailbox;
use crate::proto::command::ArgumentError;
use alloc::string::String;

/// Where lines fold, as RFC 5322 advises (2.1.1).
const MAX_LINE: usize = 78;
/// Longest run without a place to fold; longer ones are encoded, which can be folded anywhere. It keeps every line
/// below the 998 octets that SMTP carries.
const MAX_RUN: usize = 400;
/// Longest field name.
const MAX_NAME: usize = 76;
/// Longest value.
const MAX_VALUE: usize = 64 * 1024;
/// Longest display name that is quoted in one piece.
const MAX_QUOTED: usize = 60;

/// A mailbox and the name that is shown for it.
#[derive(Clone, Copy)]
pub struct Addressee<'a> {
    /// "Alice Smith"; empty for none.
    pub name: &'a str,
    /// Where the mail goes.
    pub mailbox: &'a Mailbox,
}

impl<'a> From<&'a Mailbox> for Addressee<'a> {
    fn from(mailbox: &'a Mailbox) -> Self {
        Addressee { name: "", mailbox }
    }
}

/// Whether a text can be a header's value: no line end, no NUL, no other control character than a tab, at most 64 KiB.
pub fn check_header_value(text: &str) -> Result<(), ArgumentError> {
    let refuse = |why| Err(ArgumentError::new("header value", why));
    if text.len() > MAX_VALUE {
        return refuse("longer than 64 KiB");
    }
    match text.bytes().find(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        None => Ok(()),
        Some(b'\r' | b'\n') => refuse("holds a line end"),
        Some(_) => refuse("holds a control character"),
    }
}

/// Whether a text can be a header's name: printable ASCII without a colon.
pub fn check_header_name(name: &str) -> Result<(), ArgumentError> {
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return Err(ArgumentError::new("header name", "is not 1 to 76 printable ASCII characters without a colon"));
    }
    Ok(())
}

/// Appends a field of free text, such as Subject. Text that is already encoded is ASCII and goes out as it is.
pub fn append_unstructured(out: &mut String, name: &str, text: &str) -> Result<(), ArgumentError> {
    check_header_name(name)?;
    check_header_value(text)?;
    let mut line = Folder::begin(out, name);
    if text.is_ascii() && runs(text).all(|(space, word)| space.len() <= MAX_RUN && word.len() <= MAX_RUN) {
        for (number, (space, word)) in runs(text).enumerate() {
            // The separator after the colon is a space of its own, so that the text's first space is not lost.
            if number == 0 {
                line.put(" ");
                line.put(space);
                line.put(word);
            } else if word.is_empty() {
                // A line of white space alone could be taken for the end of the headers.
                line.put(space);
            } else {
                line.put_or_fold(space, &[word]);
            }
        }
    } else {
        line.put_encoded(text);
    }
    line.end();
    Ok(())
}

/// Appends a field of addresses, such as To. An empty list appends nothing.
///
/// An address that is not ASCII stands as it is (RFC 6532): such a mail needs SMTPUTF8.
pub fn append_addresses(out: &mut String, name: &str, list: &[Addressee<'_>]) -> Result<(), ArgumentError> {
    check_header_name(name)?;
    for addressee in list {
        check_header_value(addressee.name)?;
    }
    if list.is_empty() {
        return Ok(());
    }
    let mut line = Folder::begin(out, name);
    for (number, addressee) in list.iter().enumerate() {
        let comma = if number + 1 < list.len() { "," } else { "" };
        let address = addressee.mailbox.as_str();
        let shown = addressee.name.trim();
        if shown.is_empty() {
            line.put_or_fold(" ", &[address, comma]);
            continue;
        }
        if shown.is_ascii() && shown.len() <= MAX_QUOTED {
            line.put_or_fold(" ", &[&phrase(shown)]);
        } else {
            line.put_encoded(shown);
        }
        line.put_or_fold(" ", &["<", address, ">", comma]);
    }
    line.end();
    Ok(())
}

/// Splits a text into pairs of white space and what follows it; the last word is empty when the text ends in space.
fn runs(mut text: &str) -> impl Iterator<Item = (&str, &str)> {
    core::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let is_space = |c: char| c == ' ' || c == '\t';
        let (space, rest) = text.split_at(text.find(|c| !is_space(c)).unwrap_or(text.len()));
        let (word, rest) = rest.split_at(rest.find(is_space).unwrap_or(rest.len()));
        text = rest;
        Some((space, word))
    })
}

/// A display name, quoted if it holds more than plain words.
fn phrase(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    // What looks like an encoded word would be decoded by the reader if it stood unquoted.
    if name.chars().all(plain) && !name.contains("=?") {
        return String::from(name);
    }
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for character in name.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// A field that is being written, and the column reached.
struct Folder<'a> {
    out: &'a mut String,
    column: usize,
}

impl<'a> Folder<'a> {
    fn begin(out: &'a mut String, name: &str) -> Self {
        let mut folder = Folder { out, column: 0 };
        folder.put(name);
        folder.put(":");
        folder
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.len();
    }

    /// Puts white space and a word of several pieces, on a new line if this one has no room left.
    fn put_or_fold(&mut self, space: &str, pieces: &[&str]) {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if self.column + space.len() + length > MAX_LINE {
            self.out.push_str("\r\n");
            self.column = 0;
        }
        self.put(space);
        for piece in pieces {
            self.put(piece);
        }
    }

    fn put_encoded(&mut self, text: &str) {
        self.column = encoded_word::append(self.out, self.column, text);
    }

    fn end(self) {
        self.out.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests;
