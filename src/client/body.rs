//! Where a message's bytes come from.

use crate::proto::dot::{BodyEncoder, Dots};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

/// So much of a file or a callback's data is held at a time.
const BUFFER: usize = 256 * 1024;

/// The line ends of files up to this size are counted before they are sent: a tenth of a second, and no more than a moment
/// from a slow disk. Beyond it SIZE is what the file has, an estimate as RFC 1870 section 5 allows it.
const COUNTED_MAX: u64 = 256 * 1024 * 1024;

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
    /// None when all of a file is read: a list of mails holds no descriptor for each that waits for its answer.
    from: Option<R>,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    touched: bool,
    /// So many bytes are still to come, no more and no fewer; `None`: as many as there are.
    left: Option<u64>,
}

impl<R> Part<R> {
    fn new(from: R, left: Option<u64>) -> Self {
        Part { from: Some(from), buffer: Vec::new(), at: 0, ended: false, touched: false, left }
    }

    /// Fills the buffer to the brim or to the end, when it is empty.
    fn fill(&mut self, read: impl FnMut(&mut R, &mut [u8]) -> io::Result<usize>) -> io::Result<(&[u8], bool)> {
        if self.at == self.buffer.len() && !self.ended {
            self.touched = true;
            self.at = 0;
            let from = self.from.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            let result = fill_buffer(from, &mut self.buffer, &mut self.left, read);
            self.ended = result.inspect_err(|_| self.buffer.clear())?;
        }
        Ok((&self.buffer[self.at..], self.ended))
    }
}

/// Fills `buffer` from its front, as far as it may hold and there is something; whether that was the last.
fn fill_buffer<R>(
    from: &mut R,
    buffer: &mut Vec<u8>,
    left: &mut Option<u64>,
    mut read: impl FnMut(&mut R, &mut [u8]) -> io::Result<usize>,
) -> io::Result<bool> {
    let room = left.map_or(BUFFER, |left| usize::try_from(left).map_or(BUFFER, |left| left.min(BUFFER)));
    buffer.resize(room, 0);
    let mut filled = 0;
    while filled < room {
        match read(from, &mut buffer[filled..]) {
            Ok(0) if left.is_some() => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, SHRUNK)),
            Ok(0) => break,
            Ok(count) if count <= room - filled => filled += count,
            Ok(_) => return Err(io::Error::other("the callback returned more bytes than it was asked for")),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    buffer.truncate(filled);
    match left {
        Some(left) => {
            *left -= filled as u64;
            Ok(*left == 0)
        }
        None => Ok(filled < room),
    }
}

/// What a file is told off for that lost bytes after its mail had begun: nobody knows what it is meant to be.
const SHRUNK: &str = "the file has become shorter since its mail was begun";

/// A file's mail begins: as much of it is sent as there is now. A file that grows is somebody's who goes on writing; the
/// size that MAIL has said holds. Pipes and devices have no size, and the files that a kernel makes up say 0.
fn open(path: &Path) -> io::Result<Part<File>> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    let size = Some(about.len()).filter(|size| about.is_file() && *size > 0);
    Ok(Part::new(file, size))
}

/// What is known of a body before it is sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// So many octets go over the wire: line ends completed, dots not doubled (RFC 1870 section 3).
    pub(crate) size: Option<u64>,
    /// It is in memory, and every line ends in CRLF: but for dots it goes out as it is.
    pub(crate) unchanged: bool,
}

/// How long a text becomes by its line ends.
struct Count {
    encoder: BodyEncoder,
    octets: u64,
}

impl Count {
    fn new() -> Count {
        Count { encoder: BodyEncoder::new(Dots::Off), octets: 0 }
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while let Some(piece) = self.encoder.next(&mut bytes) {
            self.octets += piece.bytes().len() as u64;
        }
    }

    fn finish(mut self) -> u64 {
        self.octets + self.encoder.finish().len() as u64
    }
}

impl Part<File> {
    /// Counts a file of this size, which is at its beginning and stays there. What fits the buffer is read once.
    fn count(&mut self, size: u64) -> io::Result<u64> {
        let mut count = Count::new();
        if size <= BUFFER as u64 {
            count.add(self.fill(|file, buffer| file.read(buffer))?.0);
            return Ok(count.finish());
        }
        let (mut buffer, mut left) = (Vec::new(), Some(size));
        let from = self.from.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        while !fill_buffer(from, &mut buffer, &mut left, |file, buffer| file.read(buffer))? {
            count.add(&buffer);
        }
        count.add(&buffer);
        from.rewind()?;
        Ok(count.finish())
    }

    /// Counts a file that says that it is empty, if it ends within the buffer; a pipe is not asked.
    fn count_at_hand(&mut self, is_text: bool) -> io::Result<Option<u64>> {
        if !self.from.as_ref().is_some_and(|file| file.metadata().is_ok_and(|about| about.is_file())) {
            return Ok(None);
        }
        let (bytes, last) = self.fill(|file, buffer| file.read(buffer))?;
        let mut count = Count::new();
        count.add(bytes);
        let size = if is_text { count.finish() } else { bytes.len() as u64 };
        Ok(last.then_some(size))
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
        Body::Reader { part: Part::new(reader, None) }
    }

    /// What is known of the body before it is sent, at the beginning of its mail: a file is opened here. A text's line
    /// ends are counted, but in a file that is beyond `limit` (it grows by them, and is too large as it is) or beyond
    /// what can be looked through in a moment.
    pub(crate) fn measure(&mut self, is_text: bool, limit: Option<u64>) -> io::Result<Measured> {
        match self {
            Body::Memory { bytes, .. } => {
                let bytes = (**bytes).as_ref();
                let mut count = Count::new();
                match is_text {
                    true => count.add(bytes),
                    false => return Ok(Measured { size: Some(bytes.len() as u64), unchanged: false }),
                }
                let size = count.finish();
                Ok(Measured { size: Some(size), unchanged: size == bytes.len() as u64 })
            }
            Body::File { path, part } => {
                let part = match part {
                    Some(part) => part,
                    None => part.insert(open(path)?),
                };
                let size = match part.left {
                    Some(size) if is_text && size <= limit.unwrap_or(COUNTED_MAX).min(COUNTED_MAX) => {
                        Some(part.count(size)?)
                    }
                    None => part.count_at_hand(is_text)?,
                    size => size,
                };
                // Whoever writes into it may do so between this and the sending.
                Ok(Measured { size, unchanged: false })
            }
            Body::Reader { .. } => Ok(Measured::default()),
        }
    }

    /// The next bytes, the same until they are consumed, and whether they are the last; empty and last at the end.
    pub fn fill(&mut self) -> io::Result<(&[u8], bool)> {
        match self {
            Body::Memory { bytes, at } => Ok(((**bytes).as_ref().get(*at..).unwrap_or(&[]), true)),
            Body::File { path, part } => {
                let part = match part {
                    Some(part) => part,
                    None => part.insert(open(path)?),
                };
                if part.fill(|file, buffer| file.read(buffer))?.1 && part.left.is_some() {
                    part.from = None;
                }
                Ok((&part.buffer[part.at..], part.ended))
            }
            Body::Reader { part } => part.fill(|reader, buffer| reader(buffer)),
        }
    }

    /// `count` bytes of the last [`Body::fill`] are taken.
    pub fn consume(&mut self, count: usize) {
        match self {
            Body::Memory { at, .. } => *at += count,
            Body::File { part: Some(part), .. } => {
                part.at = (part.at + count).min(part.buffer.len());
                if part.ended && part.at == part.buffer.len() {
                    (part.buffer, part.at) = (Vec::new(), 0);
                }
            }
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
                if part.as_ref().is_some_and(|part| !part.touched) {
                    return true;
                }
                let rewound = part.as_mut().is_none_or(|part| match &mut part.from {
                    Some(file) => file.rewind().is_ok(),
                    None => true, // it has a size: it is opened anew
                });
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

    /// A file of this test's own.
    fn file_of(name: &str, text: &[u8]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("helo-body-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn the_size_is_that_on_the_wire() {
        let rows: [(&[u8], u64); 9] = [
            (b"", 0),
            (b"a\r\n", 3),
            (b"a", 3),
            (b"a\nb\n", 6),
            (b"a\rb", 6),
            (b"a\r", 3),
            (b"..\r\n.\r\n", 7),
            (b"\n\n\n", 6),
            (b"\r\r\n\n", 6),
        ];
        for (index, (text, size)) in rows.into_iter().enumerate() {
            let path = file_of(&format!("size-{index}"), text);
            let measured = Body::memory(Box::new(text.to_vec())).measure(true, None).unwrap();
            assert_eq!(measured, Measured { size: Some(size), unchanged: size == text.len() as u64 }, "{text:?}");
            let mut file = Body::file(path.clone());
            assert_eq!(file.measure(true, None).unwrap(), Measured { size: Some(size), unchanged: false }, "{text:?}");
            assert_eq!(read_all(&mut file, 1), text);
            let raw = Some(text.len() as u64);
            for (is_text, limit) in [(false, None), (true, Some(1))].iter().filter(|_| text.len() > 1) {
                assert_eq!(Body::file(path.clone()).measure(*is_text, *limit).unwrap().size, raw, "{text:?}");
            }
            std::fs::remove_file(path).unwrap();
        }
    }

    /// Line ends that the pieces cut, in a file beyond the buffer.
    #[test]
    fn a_large_file_is_counted_and_then_sent_from_its_beginning() {
        for tail in ["", "x", "\r", "\n"] {
            let mut text = b"y\r\nzz\n".repeat(BUFFER / 6 * 2 / 7 * 7 + 1);
            text.extend_from_slice(tail.as_bytes());
            let path = file_of(&format!("large-{}", tail.len() + tail.bytes().next().unwrap_or(0) as usize), &text);
            let in_memory = Body::memory(Box::new(text.clone())).measure(true, None).unwrap();
            let mut file = Body::file(path.clone());
            assert_eq!(file.measure(true, None).unwrap().size, in_memory.size);
            assert!(file.rewind());
            assert!(read_all(&mut file, usize::MAX) == text);
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_that_grows_ends_where_it_did() {
        for size in [10, BUFFER, BUFFER + 1, 3 * BUFFER] {
            let text = vec![b'x'; size];
            let path = file_of(&format!("grows-{size}"), &text);
            for is_measured in [false, true] {
                let mut body = Body::file(path.clone());
                match is_measured {
                    true => assert_eq!(body.measure(true, None).unwrap().size, Some(size as u64 + 2)),
                    false => assert_eq!(body.fill().unwrap().0.len(), size.min(BUFFER)),
                }
                let mut writer = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
                io::Write::write_all(&mut writer, b"more\r\n").unwrap();
                assert!(read_all(&mut body, usize::MAX) == text, "{size}");
                std::fs::write(&path, &text).unwrap();
            }
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let text = vec![b'x'; 3 * BUFFER];
        for left in [0, 10, BUFFER, 3 * BUFFER - 1] {
            let path = file_of(&format!("shrinks-{left}"), &text);
            let mut body = Body::file(path.clone());
            body.measure(true, None).unwrap();
            std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(left as u64).unwrap();
            let failed = loop {
                match body.fill() {
                    Ok((bytes, last)) => {
                        assert!(!last, "{left}");
                        let taken = bytes.len();
                        body.consume(taken);
                    }
                    Err(why) => break why,
                }
            };
            assert_eq!(failed.to_string(), SHRUNK);
            std::fs::remove_file(path).unwrap();
        }
    }

    /// What the kernel makes up says that it is empty, and is not; a device has no size.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_says_no_size_is_read_to_its_end() {
        let mut made_up = Body::file(PathBuf::from("/proc/self/status"));
        let size = made_up.measure(false, None).unwrap().size.unwrap();
        let text = read_all(&mut made_up, 100);
        assert!(text.starts_with(b"Name:") && text.len() as u64 == size);
        assert!(made_up.rewind());
        let mut device = Body::file(PathBuf::from("/dev/null"));
        assert_eq!(device.measure(true, None).unwrap(), Measured::default());
        assert_eq!(read_all(&mut device, 1), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_opened_once_and_cannot_begin_again() {
        let path = std::env::temp_dir().join(format!("helo-body-{}-pipe", std::process::id()));
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let writer = std::thread::spawn({
            let path = path.clone();
            move || std::fs::write(path, b"through the pipe")
        });
        let mut body = Body::file(path.clone());
        assert_eq!(body.measure(true, None).unwrap(), Measured::default());
        assert!(body.rewind(), "nothing of it has been read");
        assert_eq!(read_all(&mut body, usize::MAX), b"through the pipe");
        assert!(!body.rewind());
        writer.join().unwrap().unwrap();
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_callback_that_lies_about_its_count_is_an_error() {
        let mut body = Body::reader(Box::new(|buffer| Ok(buffer.len() + 1)));
        assert!(body.fill().is_err());
    }

    #[test]
    fn a_missing_file_is_an_error_and_not_an_empty_mail() {
        assert!(Body::file(PathBuf::from("/no/such/file")).fill().is_err());
        assert!(Body::file(PathBuf::from("/no/such/file")).measure(true, None).is_err());
    }
}
