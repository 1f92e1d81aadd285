//! Replies: what a server says. [`Reply`] is one complete reply, [`ReplyParser`] makes them from bytes as they arrive.
//!
//! The parser takes each byte once, judges it when it comes, and keeps one buffer that becomes the reply's own: a
//! reply that arrives whole costs one allocation. Which error an input gives does not depend on how it was split.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use memchr::{memchr, memchr2, memmem};

#[cfg(test)]
mod tests;

/// An enhanced status code (RFC 2034, RFC 3463), such as 5.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    /// 2 success, 4 try again later, 5 permanent.
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 7 security, ...
    pub subject: u16,
    /// The precise condition.
    pub detail: u16,
}

impl EnhancedCode {
    /// The code at the front of a reply's text: three numbers with dots, then a space or the end.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let word = memchr(b' ', text).map_or(text, |end| &text[..end]);
        let mut numbers = word.split(|&b| b == b'.').map(|digits| {
            let valid = (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
            valid.then(|| digits.iter().fold(0u16, |n, d| n * 10 + u16::from(d - b'0')))
        });
        let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        if numbers.next().is_some() || !matches!(class, 2 | 4 | 5) {
            return None;
        }
        Some(EnhancedCode { class: class as u8, subject, detail })
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One complete reply of a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    raw: Vec<u8>,
}

/// The longest [`Reply::text`], in characters.
const TEXT_MAX: usize = 1000;

impl Reply {
    /// A reply from a code and a text whose lines end at `\n`. A code beyond 200 to 599 becomes the nearest that is
    /// one; carriage returns and NULs in the text become question marks, so that it always is one reply.
    pub fn new(code: u16, text: &str) -> Reply {
        let code = code.clamp(200, 599);
        let digits = [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut raw = Vec::with_capacity(text.len() + 8);
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
        while let Some(line) = lines.next() {
            let more = lines.peek().is_some();
            raw.extend_from_slice(&digits);
            raw.push(if more { b'-' } else { b' ' });
            match memchr2(b'\r', 0, line.as_bytes()) {
                None => raw.extend_from_slice(line.as_bytes()),
                Some(_) => raw.extend(line.bytes().map(|b| if matches!(b, b'\r' | 0) { b'?' } else { b })),
            }
            if more {
                raw.extend_from_slice(b"\r\n");
            }
        }
        Reply { code, raw }
    }

    /// The code, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The code's first digit: 2 done, 3 go on, 4 not now, 5 no.
    pub fn class(&self) -> u8 {
        (self.code / 100) as u8
    }

    /// 2xx.
    pub fn is_success(&self) -> bool {
        self.class() == 2
    }

    /// 3xx.
    pub fn is_intermediate(&self) -> bool {
        self.class() == 3
    }

    /// 4xx.
    pub fn is_transient(&self) -> bool {
        self.class() == 4
    }

    /// 5xx.
    pub fn is_permanent(&self) -> bool {
        self.class() == 5
    }

    /// All lines as they came, codes included, joined with CRLF, without a last CRLF.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The reply with an enhanced code of its class at the front of each line. `detail` is what follows the class:
    /// `1.5`.
    pub fn with_enhanced(&self, detail: &str) -> Reply {
        let mut raw = Vec::with_capacity(self.raw.len() + detail.len() + 4);
        for line in self.whole_lines() {
            if !raw.is_empty() {
                raw.extend_from_slice(b"\r\n");
            }
            let (code, text) = line.split_at(line.len().min(3));
            let (separator, text) = text.split_first().unwrap_or((&b' ', &[]));
            raw.extend_from_slice(code);
            raw.extend_from_slice(&[*separator, b'0' + self.class(), b'.']);
            raw.extend_from_slice(detail.as_bytes());
            raw.push(b' ');
            raw.extend_from_slice(text);
        }
        Reply { code: self.code, raw }
    }

    /// Appends the reply as it goes over the wire: all lines, each with CRLF.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.raw.len() + 2);
        out.extend_from_slice(&self.raw);
        out.extend_from_slice(b"\r\n");
    }

    /// The lines' texts: what follows `250-` or `250 `. There is at least one.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.whole_lines().map(|line| line.get(4..).unwrap_or_default())
    }

    /// The lines, codes included.
    fn whole_lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(self.raw.as_slice());
        core::iter::from_fn(move || {
            let raw = rest?;
            // The parser lets no other CR into a reply, so that CRLF is where a line ends.
            let line = match memchr(b'\r', raw) {
                Some(end) => {
                    rest = raw.get(end + 2..);
                    &raw[..end]
                }
                None => {
                    rest = None;
                    raw
                }
            };
            Some(line)
        })
    }

    /// The enhanced status code of the last line, if it has one and its class is the reply's.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        let start = memmem::rfind(&self.raw, b"\r\n").map_or(0, |end| end + 2);
        let code = EnhancedCode::parse(self.raw.get(start + 4..)?)?;
        (code.class == self.class()).then_some(code)
    }

    /// The reply for people: the code, then the lines joined with " / ". What is not UTF-8 or cannot be printed is
    /// replaced; at most about 1000 characters.
    pub fn text(&self) -> String {
        let mut text = alloc::format!("{}", self.code);
        let mut room = TEXT_MAX;
        for (number, line) in self.lines().enumerate() {
            text.push_str(if number == 0 { " " } else { " / " });
            for c in line.utf8_chunks().flat_map(|chunk| {
                let bad = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
                chunk.valid().chars().chain(bad)
            }) {
                if room == 0 {
                    text.push_str("...");
                    return text;
                }
                room -= 1;
                text.push(if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER });
            }
            room = room.saturating_sub(3);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Neither a control character nor one that changes the direction of what is shown after it.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({:?})", self.text())
    }
}

/// How much of a reply is taken before it is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLimits {
    /// Octets of a line, its end included.
    pub line: usize,
    /// Lines of a reply.
    pub lines: usize,
    /// Octets of a reply.
    pub total: usize,
}

impl ReplyLimits {
    /// For answers that list something (EXPN, HELP).
    pub const LISTING: ReplyLimits = ReplyLimits { line: 4096, lines: 20_000, total: 1 << 20 };

    /// For challenges: 12288 octets of base64 in a line (RFC 4954 section 4), the code before it and the end.
    pub const CHALLENGE: ReplyLimits = ReplyLimits { line: 12_288 + 6, lines: 1000, total: 64 << 10 };
}

impl Default for ReplyLimits {
    fn default() -> Self {
        ReplyLimits { line: 4096, lines: 1000, total: 64 << 10 }
    }
}

/// Why bytes are not a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// A line does not begin with a code of 200 to 599 and a space, a hyphen or its end.
    NoCode,
    /// The lines of one reply have different codes.
    CodeChanged,
    /// A line over the limit.
    LineTooLong,
    /// More lines than the limit.
    TooManyLines,
    /// More octets than the limit.
    TooLong,
    /// A NUL.
    BadByte,
    /// A carriage return without its line feed.
    BareCr,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReplyError::NoCode => "the server's answer does not begin with an SMTP reply code",
            ReplyError::CodeChanged => "the lines of the server's reply have different codes",
            ReplyError::LineTooLong => "a line of the server's reply is too long",
            ReplyError::TooManyLines => "the server's reply has too many lines",
            ReplyError::TooLong => "the server's reply is too long",
            ReplyError::BadByte => "the server's reply holds a NUL",
            ReplyError::BareCr => "the server's reply holds a carriage return that ends no line",
        })
    }
}

impl core::error::Error for ReplyError {}

/// What [`ReplyParser::feed`] came to.
#[derive(Debug, PartialEq, Eq)]
pub enum ReplyStep {
    /// All input is used up and the reply is not complete.
    NeedMore,
    /// One more line that others follow is complete: [`ReplyParser::last_line`].
    Line,
    /// The reply is complete; what follows it is still in the input.
    Reply(Reply),
}

/// Makes replies from bytes.
#[derive(Debug, Default)]
pub struct ReplyParser {
    limits: ReplyLimits,
    /// The complete lines of the reply, each with CRLF, and the line that is arriving.
    raw: Vec<u8>,
    /// Where the arriving line begins in `raw`.
    start: usize,
    /// Where the text of the last complete line begins in `raw`; it ends before the CRLF that stands before `start`.
    last_text: usize,
    /// How many lines are complete.
    lines: usize,
    /// The reply's code, once a line is complete.
    code: u16,
    /// Once broken, always broken.
    failed: Option<ReplyError>,
    /// What broke it: the line before, if there was one, and the line itself as far as it was there.
    stray: Vec<u8>,
}

/// The longest [`ReplyParser::stray`].
const STRAY_MAX: usize = 200;

impl ReplyParser {
    /// A parser with the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Other limits, from the next byte on.
    pub fn set_limits(&mut self, limits: ReplyLimits) {
        self.limits = limits;
    }

    /// Nothing of a reply has arrived yet.
    pub fn is_idle(&self) -> bool {
        self.raw.is_empty() && self.failed.is_none()
    }

    /// How many octets of an incomplete reply are held.
    pub fn buffered(&self) -> usize {
        self.raw.len()
    }

    /// The text of the line that the last [`ReplyStep::Line`] told of.
    pub fn last_line(&self) -> &[u8] {
        self.start.checked_sub(2).and_then(|end| self.raw.get(self.last_text..end)).unwrap_or_default()
    }

    /// The code of the reply that is arriving, 0 before its first line is complete.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Takes from the front of `input` until a line or a reply is complete or the input is used up. What follows stays
    /// in `input`. After an error the parser gives the same error for ever: the connection is of no more use.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<ReplyStep, ReplyError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let step = self.step(input);
        if let Err(error) = step {
            self.failed = Some(error);
            self.keep_stray(input);
            self.raw = Vec::new();
            (self.start, self.last_text) = (0, 0);
        }
        step
    }

    /// What the server said in place of a reply, for people: empty before an error.
    pub fn stray(&self) -> &[u8] {
        &self.stray
    }

    fn keep_stray(&mut self, input: &[u8]) {
        let line_before = if self.lines > 0 { self.last_text.saturating_sub(4) } else { self.start };
        let held = self.raw.get(line_before..).unwrap_or_default();
        let line = memchr(b'\n', input).map_or(input, |end| &input[..end]);
        self.stray = held.iter().chain(line).copied().take(STRAY_MAX).collect();
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<ReplyStep, ReplyError> {
        if input.is_empty() {
            return Ok(ReplyStep::NeedMore);
        }
        let held = self.raw.len() - self.start;
        let room_line = self.limits.line.saturating_sub(held);
        let room_total = self.limits.total.saturating_sub(self.raw.len());
        let room = room_line.min(room_total);
        if room > 0 && held > 0 && self.raw.ends_with(b"\r") && input[0] != b'\n' {
            return Err(ReplyError::BareCr);
        }
        let window = &input[..room.min(input.len())];
        let end = memchr(b'\n', window);
        let taken = end.map_or(window, |end| &window[..=end]);

        // Judge the front of the line as far as it is there, then the text, so that the first wrong byte decides.
        if held < 4 {
            let mut front = [0; 4];
            let known = (held + taken.len()).min(4);
            front[..held].copy_from_slice(&self.raw[self.start..]);
            front[held..known].copy_from_slice(&taken[..known - held]);
            self.check_front(&front[..known])?;
        }
        let text = taken.strip_suffix(b"\n").unwrap_or(taken);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        match memchr2(0, b'\r', text) {
            Some(at) if text[at] == 0 => return Err(ReplyError::BadByte),
            Some(_) => return Err(ReplyError::BareCr),
            None => {}
        }
        if end.is_none() && room < input.len() {
            return Err(if room_line <= room_total { ReplyError::LineTooLong } else { ReplyError::TooLong });
        }
        *input = &input[taken.len()..];
        if end.is_none() {
            self.raw.extend_from_slice(taken);
            return Ok(ReplyStep::NeedMore);
        }
        // The CR may have come with an earlier piece.
        if text.is_empty() && self.raw.len() > self.start && self.raw.ends_with(b"\r") {
            self.raw.pop();
        }
        self.raw.extend_from_slice(text);
        self.end_line()
    }

    /// Checks as many of a line's first four bytes as are known.
    fn check_front(&self, front: &[u8]) -> Result<(), ReplyError> {
        for (place, &byte) in front.iter().enumerate() {
            let fits = match place {
                0 => (b'2'..=b'5').contains(&byte),
                1 | 2 => byte.is_ascii_digit(),
                _ => matches!(byte, b' ' | b'-' | b'\r' | b'\n'),
            };
            if !fits {
                return Err(ReplyError::NoCode);
            }
            if place == 2 && self.lines > 0 && code_of(front) != self.code {
                return Err(ReplyError::CodeChanged);
            }
        }
        Ok(())
    }

    /// The line that was arriving is complete in `raw`, without its end.
    fn end_line(&mut self) -> Result<ReplyStep, ReplyError> {
        let line = &self.raw[self.start..];
        self.code = code_of(line);
        if line.get(3) != Some(&b'-') {
            let reply = Reply { code: self.code, raw: core::mem::take(&mut self.raw) };
            (self.start, self.last_text, self.lines, self.code) = (0, 0, 0, 0);
            return Ok(ReplyStep::Reply(reply));
        }
        self.lines += 1;
        if self.lines >= self.limits.lines {
            return Err(ReplyError::TooManyLines);
        }
        self.last_text = self.start + 4;
        self.raw.extend_from_slice(b"\r\n");
        self.start = self.raw.len();
        Ok(ReplyStep::Line)
    }
}

/// The code at the front of a line whose front was checked.
fn code_of(line: &[u8]) -> u16 {
    line.iter().take(3).fold(0, |code, &digit| code * 10 + u16::from(digit.wrapping_sub(b'0')))
}
