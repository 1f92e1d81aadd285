//! Where a message's bytes come from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// So much of a file or a callback's data is held at a time.
const BUFFER: usize = 256 * 1024;

/// Memory that a message may be read from while it is being sent.
pub type Memory = Box<dyn AsRef<[u8]> + Send + Sync>;

/// A caller's function that fills a buffer: the number of bytes, 0 at the end.
pub type Reader = Box<dyn FnMut(&mut [u8]) -> io::Result<usize> + Send>;

/// The bytes of a message, from wherever they come.
pub enum Body {
    /// Bytes in memory, never copied as a whole.
    Memory {
        /// The bytes.
        bytes: Memory,
        /// How many have been taken.
        at: usize,
    },
    /// A file, opened when its mail's turn comes.
    File {
        /// Its path.
        path: PathBuf,
        /// The part being sent.
        part: Option<Part<File>>,
    },
    /// A callback. It cannot be asked twice.
    Reader {
        /// The part being sent.
        part: Part<Reader>,
    },
}

/// A buffered part of something read in order.
pub struct Part<R> {
    from: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    touched: bool,
}

impl<R> Part<R> {
    fn new(from: R) -> Self {
        Part { from, buffer: Vec::new(), at: 0, ended: false, touched: false }
    }

    /// Fills the buffer to the brim or to the end, when it is empty.
    fn fill(&mut self, mut read: impl FnMut(&mut R, &mut [u8]) -> io::Result<usize>) -> io::Result<(&[u8], bool)> {
        if self.at == self.buffer.len() && !self.ended {
            self.touched = true;
            self.at = 0;
            self.buffer.resize(BUFFER, 0);
            let mut filled = 0;
            while filled < BUFFER {
                match read(&mut self.from, &mut self.buffer[filled..]) {
                    Ok(0) => {
                        self.ended = true;
                        break;
                    }
                    Ok(count) if count <= BUFFER - filled => filled += count,
                    Ok(_) => return Err(io::Error::other("the callback returned more bytes than it was asked for")),
                    Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                    Err(why) => {
                        self.buffer.clear();
                        return Err(why);
                    }
                }
            }
            self.buffer.truncate(filled);
        }
        Ok((&self.buffer[self.at..], self.ended))
    }
}

impl Body {
    /// A body in memory.
    pub fn memory(bytes: Memory) -> Body {
        Body::Memory { bytes, at: 0 }
    }

    /// A body in a file.
    pub fn file(path: PathBuf) -> Body {
        Body::File { path, part: None }
    }

    /// A body that a function gives piece by piece.
    pub fn reader(reader: Reader) -> Body {
        Body::Reader { part: Part::new(reader) }
    }

    /// The bytes in memory, when all of them are there.
    pub fn in_memory(&self) -> Option<&[u8]> {
        match self {
            Body::Memory { bytes, .. } => Some((**bytes).as_ref()),
            Body::File { .. } | Body::Reader { .. } => None,
        }
    }

    /// How many bytes there are, as far as that is known before reading.
    pub fn size(&self) -> Option<u64> {
        match self {
            Body::Memory { bytes, .. } => Some((**bytes).as_ref().len() as u64),
            Body::File { path, .. } => std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len()),
            Body::Reader { .. } => None,
        }
    }

    /// The next bytes, the same until they are consumed, and whether they are the last; empty and last at the end.
    pub fn fill(&mut self) -> io::Result<(&[u8], bool)> {
        match self {
            Body::Memory { bytes, at } => Ok(((**bytes).as_ref().get(*at..).unwrap_or(&[]), true)),
            Body::File { path, part } => {
                let part = match part {
                    Some(part) => part,
                    None => part.insert(Part::new(File::open(path)?)),
                };
                part.fill(|file, buffer| file.read(buffer))
            }
            Body::Reader { part } => part.fill(|reader, buffer| reader(buffer)),
        }
    }

    /// `count` bytes of the last [`Body::fill`] are taken.
    pub fn consume(&mut self, count: usize) {
        match self {
            Body::Memory { at, .. } => *at += count,
            Body::File { part: Some(part), .. } => part.at = (part.at + count).min(part.buffer.len()),
            Body::File { part: None, .. } => {}
            Body::Reader { part } => part.at = (part.at + count).min(part.buffer.len()),
        }
    }

    /// Back to the first byte; false when the source cannot be read twice.
    pub fn rewind(&mut self) -> bool {
        match self {
            Body::Memory { at, .. } => {
                *at = 0;
                true
            }
            Body::File { part, .. } => {
                let rewound = part.as_mut().is_none_or(|p| p.from.seek(SeekFrom::Start(0)).is_ok());
                *part = None;
                rewound
            }
            Body::Reader { part } => !part.touched,
        }
    }

    /// The mail is done with: give back what reading it held.
    pub fn release(&mut self) {
        match self {
            Body::Memory { .. } => {}
            Body::File { part, .. } => *part = None,
            Body::Reader { part } => part.buffer = Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(body: &mut Body, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let (bytes, last) = body.fill().unwrap();
            let taken = bytes.len().min(step);
            all.extend_from_slice(&bytes[..taken]);
            let rest = bytes.len() - taken;
            body.consume(taken);
            if last && rest == 0 {
                return all;
            }
        }
    }

    #[test]
    fn every_kind_gives_the_same_bytes_at_every_step() {
        let text: Vec<u8> = (0..600_000u32).map(|i| (i % 251) as u8).collect();
        let dir = std::env::temp_dir().join(format!("helo-body-{}", std::process::id()));
        std::fs::write(&dir, &text).unwrap();
        for step in [1000, 262_144, usize::MAX] {
            assert!(read_all(&mut Body::memory(Box::new(text.clone())), step) == text);
            let mut file = Body::file(dir.clone());
            assert!(read_all(&mut file, step) == text);
            assert!(file.rewind());
            assert!(read_all(&mut file, step) == text);
            let mut from = io::Cursor::new(text.clone());
            let mut reader = Body::reader(Box::new(move |buffer| from.read(buffer)));
            assert!(read_all(&mut reader, step) == text);
            assert!(!reader.rewind(), "a callback that has been asked cannot begin again");
        }
        std::fs::remove_file(dir).unwrap();
    }

    #[test]
    fn a_callback_that_lies_about_its_count_is_an_error() {
        let mut body = Body::reader(Box::new(|buffer| Ok(buffer.len() + 1)));
        assert!(body.fill().is_err());
    }

    #[test]
    fn a_missing_file_is_an_error_and_not_an_empty_mail() {
        assert!(Body::file(PathBuf::from("/no/such/file")).fill().is_err());
    }
}
