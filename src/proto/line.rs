//! Command lines as a server takes them: each ends at CRLF and at nothing else, and none is longer than a limit.
//!
//! (What a client takes is judged more mildly and has codes to look at: see [`reply`](super::reply).)

use alloc::vec::Vec;
use core::fmt;
use memchr::memchr2;
use zeroize::{Zeroize, Zeroizing};

#[cfg(test)]
mod tests;

/// What [`LineReader::feed`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStep<'a> {
    /// All input is used up and the line is not complete.
    NeedMore,
    /// A line without its end; what follows it is still in the input.
    Line(&'a [u8]),
}

/// Why bytes are not a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// Longer than the limit.
    TooLong,
    /// A CR that no LF follows.
    BareCr,
    /// An LF that no CR precedes.
    BareLf,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LineError::TooLong => "line too long",
            LineError::BareCr => "carriage return without its line feed",
            LineError::BareLf => "line feed without its carriage return",
        })
    }
}

impl core::error::Error for LineError {}

/// So much of a line that is none is kept, for whoever writes down what was refused.
const START: usize = 256;

/// Makes lines from bytes. A line that arrives whole is not copied.
#[derive(Debug)]
pub struct LineReader {
    limit: usize,
    held: Vec<u8>,
    /// `held` is the line that was given out last.
    given: bool,
    failed: Option<LineError>,
    /// Octets of a line that is too long, so far, and whether the last of them is a CR.
    skipped: usize,
    after_cr: bool,
}

impl LineReader {
    /// Takes lines of up to `limit` octets, their ends included.
    pub fn new(limit: usize) -> Self {
        LineReader { limit, held: Vec::new(), given: false, failed: None, skipped: 0, after_cr: false }
    }

    /// Another limit, from the next byte on.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// What it holds of memory, in octets.
    pub fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Whether the line that comes next begins with these octets, as far as can be told from what has come.
    pub fn begins(&self, input: &[u8], with: &[u8]) -> bool {
        let held: &[u8] = if self.given { &[] } else { &self.held };
        held.iter().chain(input).take(with.len()).eq(with)
    }

    /// How the line began that could not be taken, after an error: at most 256 octets. It may hold a secret, and is wiped
    /// with what comes back.
    pub fn take_start(&mut self) -> Zeroizing<Vec<u8>> {
        let start = match self.failed {
            Some(_) => core::mem::take(&mut self.held),
            None => Vec::new(),
        };
        Zeroizing::new(start)
    }

    /// Wipes the line that was given out last: it held a secret.
    pub fn wipe(&mut self) {
        if self.given {
            self.held.zeroize();
            self.held = Vec::new();
            self.given = false;
        }
    }

    /// Takes from the front of `input` until a line is complete or the input is used up. After an error it gives the
    /// same error for ever: where the next line begins is not known, unless [`skip`](Self::skip) finds it.
    pub fn feed<'s, 'i: 's>(&'s mut self, input: &mut &'i [u8]) -> Result<LineStep<'s>, LineError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.given {
            self.held.clear();
            self.given = false;
        }
        let data = *input;
        match self.take(input) {
            Ok(None) => Ok(LineStep::NeedMore),
            Ok(Some(line)) if self.held.is_empty() => Ok(LineStep::Line(line)),
            Ok(Some(line)) => {
                self.held.extend_from_slice(line);
                self.given = true;
                Ok(LineStep::Line(self.held.strip_suffix(b"\r").unwrap_or(&self.held)))
            }
            Err(error) => {
                self.failed = Some(error);
                (self.skipped, self.after_cr) = (self.held.len(), self.held.ends_with(b"\r"));
                self.keep_start(data);
                Err(error)
            }
        }
    }

    /// Drops the rest of a line that was [too long](LineError::TooLong); true when its end has gone by and `feed` reads
    /// lines again. A line of more than `most` octets is an error for ever, as a bare CR or LF is.
    pub fn skip(&mut self, input: &mut &[u8], most: usize) -> Result<bool, LineError> {
        self.held.zeroize();
        self.held = Vec::new();
        match self.failed {
            None => return Ok(true),
            Some(LineError::TooLong) if self.skipped <= most => {}
            Some(error) => return Err(error),
        }
        while let Some(&first) = input.first() {
            if self.after_cr {
                if first != b'\n' {
                    return self.fail(LineError::BareCr);
                }
                *input = &input[1..];
                (self.failed, self.after_cr) = (None, false);
                return Ok(true);
            }
            let data = *input;
            let end = memchr2(b'\r', b'\n', data).unwrap_or(data.len());
            self.skipped = self.skipped.saturating_add(end);
            if self.skipped > most {
                return self.fail(LineError::TooLong);
            }
            match data.get(end) {
                Some(b'\n') => return self.fail(LineError::BareLf),
                Some(_) => (self.after_cr, *input) = (true, &data[end + 1..]),
                None => *input = &[],
            }
        }
        Ok(false)
    }

    /// Keeps how a line began that is none.
    fn keep_start(&mut self, data: &[u8]) {
        let end = memchr2(b'\r', b'\n', data).unwrap_or(data.len());
        let mut start = Vec::with_capacity(START);
        start.extend_from_slice(&self.held[..self.held.len().min(START)]);
        start.extend_from_slice(&data[..end.min(START - start.len())]);
        self.held.zeroize(); // it may be the beginning of a secret
        self.held = start;
    }

    fn fail<T>(&mut self, error: LineError) -> Result<T, LineError> {
        self.failed = Some(error);
        Err(error)
    }

    /// The rest of the line without its end, once it is complete. The CR before may already be held.
    fn take<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<&'i [u8]>, LineError> {
        let data = *input;
        let Some(&first) = data.first() else { return Ok(None) };
        let room = self.limit.saturating_sub(self.held.len());
        if room > 0 && self.held.ends_with(b"\r") {
            *input = &data[1..];
            return if first == b'\n' { Ok(Some(&[])) } else { Err(LineError::BareCr) };
        }
        let window = &data[..room.min(data.len())];
        if let Some(end) = memchr2(b'\r', b'\n', window) {
            match &window[end..] {
                [b'\r', b'\n', ..] => {
                    *input = &data[end + 2..];
                    return Ok(Some(&data[..end]));
                }
                [b'\r'] => {} // the next byte decides
                [b'\r', ..] => return Err(LineError::BareCr),
                _ => return Err(LineError::BareLf),
            }
        }
        if window.len() < data.len() {
            return Err(LineError::TooLong);
        }
        self.held.extend_from_slice(data);
        *input = &[];
        Ok(None)
    }
}
