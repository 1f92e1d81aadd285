//! The body of a message on its way to the wire and back: line ends and dots (RFC 5321, 2.3.8 and 4.5.2).
//!
//! Both directions are streams without a buffer. What need not change is handed out as slices of the caller's memory,
//! as long as can be; only what is inserted is new.

use core::fmt;
use memchr::memchr2;

#[cfg(test)]
mod tests;

const CRLF: &[u8] = b"\r\n";

/// Whether dots at the start of a line are doubled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dots {
    /// For DATA.
    #[default]
    Stuff,
    /// For BDAT, and for programs that double them themselves.
    Off,
}

/// A part of what goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A part of the input.
    Slice(&'a [u8]),
    /// What the input lacks.
    Insert(&'static [u8]),
}

impl<'a> Piece<'a> {
    /// The bytes to send.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Piece::Slice(bytes) => bytes,
            Piece::Insert(bytes) => bytes,
        }
    }
}

/// Body to wire: makes every line end CRLF and doubles dots.
#[derive(Clone, Debug)]
pub struct BodyEncoder {
    mode: Mode,
    /// Octets of the line that is going out, as far as it has come.
    column: usize,
    /// The longest complete line.
    longest: usize,
    /// The input ended in a CR that is not sent: the next byte decides what it is.
    held_cr: bool,
    /// The dot at the front of the input has been sent once and goes out once more.
    dot_doubled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Text(Dots),
    Binary,
}

impl BodyEncoder {
    /// For a text.
    pub fn new(dots: Dots) -> Self {
        BodyEncoder { mode: Mode::Text(dots), column: 0, longest: 0, held_cr: false, dot_doubled: false }
    }

    /// For a body that is declared BINARYMIME: nothing is changed.
    pub fn binary() -> Self {
        BodyEncoder { mode: Mode::Binary, ..Self::new(Dots::Off) }
    }

    /// The next piece to send, and the front of `input` that it stands for is taken off. `None` when the input is used
    /// up. A CR that ends the input is held back until the next byte is known, so that any split gives the same.
    ///
    /// A dot is doubled without an insertion: one slice ends with it and the next begins with it.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        let data = *input;
        let first = *data.first()?;
        let dots = match self.mode {
            Mode::Text(dots) => dots,
            Mode::Binary => {
                *input = &[];
                return Some(Piece::Slice(data));
            }
        };
        if self.held_cr || first == b'\n' || (first == b'\r' && data.get(1).is_some_and(|&b| b != b'\n')) {
            if !self.held_cr || first == b'\n' {
                *input = &data[1..];
            }
            self.held_cr = false;
            self.end_line();
            return Some(Piece::Insert(CRLF));
        }
        if dots == Dots::Stuff && first == b'.' && self.column == 0 && !self.dot_doubled {
            self.dot_doubled = true;
            return Some(Piece::Slice(&data[..1]));
        }
        self.dot_doubled = false;

        // One slice as far as every line end is CRLF and no dot comes at the start of a line.
        let mut line = 0;
        while let Some(end) = memchr2(b'\r', b'\n', &data[line..]).map(|found| line + found) {
            self.column += end - line;
            let rest = &data[end..];
            if rest.starts_with(CRLF) {
                self.end_line();
                line = end + 2;
                if dots == Dots::Stuff && data.get(line) == Some(&b'.') {
                    self.dot_doubled = true;
                    *input = &data[line..];
                    return Some(Piece::Slice(&data[..=line]));
                }
                continue;
            }
            self.held_cr = rest == b"\r";
            *input = if self.held_cr { &[] } else { rest };
            // Empty only if the input is nothing but the CR that is held.
            return (end > 0).then_some(Piece::Slice(&data[..end]));
        }
        self.column += data.len() - line;
        *input = &[];
        Some(Piece::Slice(data))
    }

    /// What completes the last line: nothing, or CRLF. The caller adds the final dot. The encoder is then at the start
    /// of another body.
    pub fn finish(&mut self) -> &'static [u8] {
        let complete = self.mode == Mode::Binary || (self.column == 0 && !self.held_cr);
        self.end_line();
        (self.held_cr, self.dot_doubled) = (false, false);
        if complete { b"" } else { CRLF }
    }

    /// How long the pieces for `input` are together, what [`finish`](Self::finish) gives not included. Changes nothing.
    pub fn encoded_len(&self, input: &[u8]) -> u64 {
        let (mut encoder, mut rest, mut length) = (self.clone(), input, 0);
        while let Some(piece) = encoder.next(&mut rest) {
            length += piece.bytes().len() as u64;
        }
        length
    }

    /// The longest line so far in octets, without its end and without a doubled dot. A server need not take lines
    /// over 998.
    pub fn longest_line(&self) -> usize {
        self.longest.max(self.column)
    }

    fn end_line(&mut self) {
        self.longest = self.longest.max(self.column);
        self.column = 0;
    }
}

/// What is done about a CR or an LF of its own in a message that arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BareEnds {
    /// It becomes CRLF. What then looks like an end of the message is text.
    #[default]
    Normalize,
    /// The message is refused.
    Refuse,
}

/// Why what arrives is not a body, where [bare ends](BareEnds) are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// A CR that no LF follows.
    BareCr,
    /// An LF that no CR precedes.
    BareLf,
    /// A line that is a dot and NULs only: whoever drops NULs takes it for the end.
    HiddenEnd,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BodyError::HiddenEnd => "the message holds a line of one dot and NULs",
            BodyError::BareCr => "the message holds a carriage return without its line feed",
            BodyError::BareLf => "the message holds a line feed without its carriage return",
        })
    }
}

impl core::error::Error for BodyError {}

/// A part of a body that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A part of the input that belongs to the body.
    Slice(&'a [u8]),
    /// Belongs to the body: it was held back from an earlier input, or stands for a bare line end.
    Insert(&'static [u8]),
    /// The input is used up.
    NeedMore,
    /// The final dot: the body is complete, what follows it is still in the input.
    End,
}

/// Wire to body. For DATA it takes the doubled dots out and ends at CRLF.CRLF and at nothing else; for chunks, dots are text
/// and the end is not in the text.
///
/// Other servers take a good many other things for an end of the message. Behind a bare CR or LF, a dot is a dot: it is
/// neither taken out nor the end. A line of NULs with one dot among them, which is an end for whoever drops NULs, gets a
/// blank. So what is handed on from here cannot hold an end that only the next server sees.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    place: Place,
    bare: BareEnds,
    /// Dots at the start of a line have a meaning.
    dots: bool,
}

/// Where in the body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Behind CRLF, or at the beginning.
    LineStart,
    /// Behind a bare CR or LF.
    BareStart,
    /// After a dot that began a line.
    Dot,
    /// After such a dot and a CR.
    DotCr,
    /// In a line that is NULs so far.
    Nuls,
    /// In a line that is one dot and NULs so far. (No flag beside `Nuls`: optimized, it is looked at where it is not
    /// set, and valgrind complains.)
    DotNuls,
    InLine,
    /// After a CR that is held back.
    Cr,
    Broken(BodyError),
}

impl Default for BodyDecoder {
    fn default() -> Self {
        Self::new(BareEnds::Normalize)
    }
}

impl BodyDecoder {
    /// At the start of a body by DATA.
    pub fn new(bare: BareEnds) -> Self {
        BodyDecoder { place: Place::LineStart, bare, dots: true }
    }

    /// At the start of a body that comes in chunks and is text.
    pub fn chunks(bare: BareEnds) -> Self {
        BodyDecoder { dots: false, ..BodyDecoder::new(bare) }
    }

    /// The next part of the body; what it stands for is taken off the front of `input`. After [`Decoded::End`] the
    /// decoder is at the start of another body; after an error it gives the same error for ever.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Decoded<'a>, BodyError> {
        while let Some(&first) = input.first() {
            match self.place {
                Place::Broken(error) => return Err(error),
                Place::LineStart if first == b'.' && self.dots => self.place = Place::Dot,
                Place::LineStart | Place::BareStart | Place::Nuls if first == 0 => {
                    return Ok(self.octet(input, Place::Nuls));
                }
                // The dot before is taken out: here the line is NULs so far.
                Place::Dot if first == 0 && self.bare == BareEnds::Normalize => {
                    return Ok(self.octet(input, Place::Nuls));
                }
                Place::Dot | Place::DotNuls if first == 0 => return Ok(self.octet(input, Place::DotNuls)),
                Place::Nuls if first == b'.' => return Ok(self.octet(input, Place::DotNuls)),
                Place::DotNuls if matches!(first, b'\r' | b'\n') => {
                    return self.insert(BodyError::HiddenEnd, b" ", Place::InLine);
                }
                Place::Dot if first == b'\r' => self.place = Place::DotCr,
                Place::Dot if first == b'\n' => {
                    let line = self.insert(BodyError::BareLf, b".\r\n", Place::BareStart)?;
                    *input = &input[1..];
                    return Ok(line);
                }
                Place::LineStart | Place::BareStart | Place::InLine | Place::Nuls if *input == b"\r" => {
                    self.place = Place::Cr;
                }
                Place::DotCr if first != b'\n' => {
                    return self.insert(BodyError::BareCr, b".\r\n", Place::BareStart);
                }
                Place::Cr if first != b'\n' => return self.insert(BodyError::BareCr, CRLF, Place::BareStart),
                Place::DotCr => {
                    *input = &input[1..];
                    self.place = Place::LineStart;
                    return Ok(Decoded::End);
                }
                Place::Cr => {
                    *input = &input[1..];
                    self.place = Place::LineStart;
                    return Ok(Decoded::Insert(CRLF));
                }
                Place::LineStart | Place::BareStart | Place::Dot | Place::Nuls | Place::DotNuls | Place::InLine => {
                    return self.text(input);
                }
            }
            *input = &input[1..];
        }
        Ok(Decoded::NeedMore)
    }

    /// The last chunk has been decoded: what is still missing of the body; none when nothing is. Ask until there is none.
    pub fn finish(&mut self) -> Result<Option<&'static [u8]>, BodyError> {
        let missing = match self.place {
            Place::Broken(error) => return Err(error),
            Place::Cr => self.insert(BodyError::BareCr, CRLF, Place::LineStart)?,
            Place::DotNuls => self.insert(BodyError::HiddenEnd, b" ", Place::InLine)?,
            _ => Decoded::NeedMore,
        };
        Ok(if let Decoded::Insert(missing) = missing { Some(missing) } else { None })
    }

    /// An octet of a line that may come to hide an end.
    fn octet<'a>(&mut self, input: &mut &'a [u8], next: Place) -> Decoded<'a> {
        let (octet, rest) = input.split_at(1);
        (self.place, *input) = (next, rest);
        Decoded::Slice(octet)
    }

    /// What is put in place of something that is an error where that is wanted.
    fn insert<'a>(&mut self, error: BodyError, text: &'static [u8], next: Place) -> Result<Decoded<'a>, BodyError> {
        match self.bare {
            BareEnds::Normalize => {
                self.place = next;
                Ok(Decoded::Insert(text))
            }
            BareEnds::Refuse => {
                self.place = Place::Broken(error);
                Err(error)
            }
        }
    }

    /// The longest slice that holds whole line ends, no dot to take out, and no line that begins with NUL. `input` is not
    /// empty, and not a CR alone.
    fn text<'a>(&mut self, input: &mut &'a [u8]) -> Result<Decoded<'a>, BodyError> {
        let data = *input;
        let mut line = 0;
        self.place = Place::InLine;
        let end = loop {
            let Some(end) = memchr2(b'\r', b'\n', &data[line..]).map(|found| line + found) else { break data.len() };
            let rest = &data[end..];
            if !rest.starts_with(CRLF) {
                if end > 0 {
                    break end; // first what is sound; the next call judges the rest
                }
                let error = if rest[0] == b'\n' { BodyError::BareLf } else { BodyError::BareCr };
                let inserted = self.insert(error, CRLF, Place::BareStart)?;
                *input = &data[1..];
                return Ok(inserted);
            }
            line = end + 2;
            if data.get(line).is_none_or(|next| *next == 0 || (*next == b'.' && self.dots)) {
                self.place = Place::LineStart;
                break line;
            }
        };
        *input = &data[end..];
        Ok(Decoded::Slice(&data[..end]))
    }
}
