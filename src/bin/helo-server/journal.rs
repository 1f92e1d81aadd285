//! The log: a line for each event, with the time, to a file or to standard error.
//!
//! Whoever has something to tell puts it into a bounded queue, and a thread of its own writes it: a pipe that nobody reads, a
//! full disk or a FIFO holds up no mail and not the end either. What is lost of it is counted, and told once it can be.

use helo::server::log::{Entry, Event, Log, Queue};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// So many octets of lines may wait to be written.
const ROOM: usize = 4 << 20;
/// So much is written at a time, when so much waits.
const PIECE: usize = 64 << 10;
/// At the end the lines that wait have so long to be written.
const END: Duration = Duration::from_secs(2);
/// A place that takes nothing now and cannot be waited for is tried again after so long.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the lines go. Clones write to the same place.
#[derive(Clone)]
pub struct Journal(Option<Inside>);

#[derive(Clone)]
struct Inside {
    queue: Arc<Queue<String>>,
    /// The file of this name is to be opened anew; none: it is no file.
    reopen: Option<Arc<AtomicBool>>,
}

impl Journal {
    /// To standard error.
    pub fn stderr() -> Journal {
        Journal::to(Writer::new(Some(Box::new(io::stderr())), None), None)
    }

    /// Nowhere.
    pub fn none() -> Journal {
        Journal(None)
    }

    /// To the end of a file, which only its owner can read if it is made now: addresses stand in it. A FIFO is opened when
    /// somebody reads it.
    pub fn file(path: &Path) -> io::Result<Journal> {
        let file: Option<Box<dyn Write + Send>> = if is_fifo(path) { None } else { Some(Box::new(open(path)?)) };
        let reopen = Arc::new(AtomicBool::new(false));
        let of_writer = Some((path.to_owned(), Arc::clone(&reopen)));
        Ok(Journal::to(Writer::new(file, of_writer), Some(reopen)))
    }

    fn to(mut writer: Writer, reopen: Option<Arc<AtomicBool>>) -> Journal {
        let queue = Queue::new("helo-log", ROOM, move |lines| writer.take(lines));
        Journal(Some(Inside { queue: Arc::new(queue), reopen }))
    }

    /// Whether it is a file, which may be moved away.
    pub fn is_file(&self) -> bool {
        self.0.as_ref().is_some_and(|inside| inside.reopen.is_some())
    }

    /// Opens the file of this name anew, before the next line: the old one was moved away. Where it cannot be opened the old
    /// one goes on.
    pub fn reopen(&self) {
        if let Some(reopen) = self.0.as_ref().and_then(|inside| inside.reopen.as_ref()) {
            reopen.store(true, Ordering::SeqCst);
        }
    }

    /// Puts a line of the program's own in.
    pub fn line(&self, text: &str) {
        let Some(inside) = &self.0 else { return };
        let line = stamped(text);
        inside.queue.put(line.len(), line);
    }

    /// Waits for the lines that are on their way, as long as they may take at the end of the program.
    pub fn end(&self) {
        if let Some(inside) = &self.0 {
            inside.queue.flush(END);
        }
    }
}

impl Log for Journal {
    fn enabled(&self) -> bool {
        self.0.is_some()
    }

    fn event(&self, event: &Event<'_>) {
        self.line(&event.to_string());
    }
}

fn stamped(text: &str) -> String {
    format!("{} {text}\n", chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

/// What writes them, on the queue's thread, where it may wait.
struct Writer {
    /// None before a FIFO is open.
    place: Option<Box<dyn Write + Send>>,
    /// The file's path, and whether to open it anew.
    path: Option<(PathBuf, Arc<AtomicBool>)>,
    /// Lines that were lost, and by what.
    lost: u64,
    why: String,
    /// What was written last is a part of a line.
    cut: bool,
}

impl Writer {
    fn new(place: Option<Box<dyn Write + Send>>, path: Option<(PathBuf, Arc<AtomicBool>)>) -> Writer {
        Writer { place, path, lost: 0, why: String::new(), cut: false }
    }

    fn take(&mut self, entries: Vec<Entry<String>>) {
        self.open_anew();
        let mut lines: Vec<String> = Vec::new();
        let mut octets = 0;
        for entry in entries {
            match entry {
                Entry::Line(line) => {
                    octets += line.len();
                    lines.push(line);
                }
                Entry::Lost(count) => {
                    self.write(&mut lines);
                    octets = 0;
                    self.lose(count, "it was not taken in time");
                }
            }
            if octets >= PIECE {
                self.write(&mut lines);
                octets = 0;
            }
        }
        self.write(&mut lines);
    }

    fn lose(&mut self, count: u64, why: &str) {
        if self.lost == 0 {
            why.clone_into(&mut self.why);
        }
        self.lost = self.lost.saturating_add(count);
    }

    /// Writes them and forgets them, and before them how many were lost.
    fn write(&mut self, lines: &mut Vec<String>) {
        if self.lost > 0 {
            let (lost, why) = (core::mem::take(&mut self.lost), core::mem::take(&mut self.why));
            let told = stamped(&format!("{lost} lines of the log were lost: {why}"));
            if let Err((_, why)) = self.put(&[told]) {
                self.lose(lost, &why.to_string());
            }
        }
        if !lines.is_empty()
            && let Err((written, why)) = self.put(lines)
        {
            let left = lines.len() - written;
            self.lose(left as u64, &why.to_string());
        }
        lines.clear();
    }

    /// Writes lines, as many as there are at once. When it fails: how many of them were written.
    fn put(&mut self, lines: &[String]) -> Result<(), (usize, io::Error)> {
        let mut text = String::with_capacity(1 + lines.iter().map(String::len).sum::<usize>());
        if self.cut {
            text.push('\n');
        }
        let front = text.len();
        lines.iter().for_each(|line| text.push_str(line));
        let (mut left, mut failed) = (text.as_bytes(), None);
        while !left.is_empty() {
            match self.place().and_then(|place| place.write(left)) {
                Ok(0) => failed = Some(ErrorKind::WriteZero.into()),
                Ok(count) => left = left.get(count..).unwrap_or_default(),
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                // Somebody else has made the pipe one that does not wait.
                Err(why) if why.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                Err(why) => failed = Some(why),
            }
            if let Some(why) = failed.take() {
                let written = text.len() - left.len();
                if written > 0 {
                    self.cut = text.as_bytes().get(written - 1) != Some(&b'\n');
                }
                let mut end = front;
                let whole = lines.iter().take_while(|line| {
                    end += line.len();
                    end <= written
                });
                let whole = whole.count();
                if why.kind() == ErrorKind::BrokenPipe && self.is_fifo() {
                    self.place = None;
                }
                return Err((whole, why));
            }
        }
        self.cut = false;
        Ok(())
    }

    fn place(&mut self) -> io::Result<&mut Box<dyn Write + Send>> {
        let opened = match (self.place.take(), &self.path) {
            (Some(place), _) => place,
            (None, Some((path, _))) => Box::new(open(path)?) as Box<dyn Write + Send>,
            (None, None) => return Err(ErrorKind::NotFound.into()),
        };
        Ok(self.place.insert(opened))
    }

    fn is_fifo(&self) -> bool {
        self.path.as_ref().is_some_and(|(path, _)| is_fifo(path))
    }

    fn open_anew(&mut self) {
        let Some((path, reopen)) = &self.path else { return };
        if !reopen.swap(false, Ordering::SeqCst) {
            return;
        }
        match open(path) {
            Ok(file) => {
                self.place = Some(Box::new(file));
                self.cut = false;
            }
            Err(why) => {
                let told = stamped(&format!("the log goes on here: {} cannot be opened: {why}", path.display()));
                self.write(&mut vec![told]);
            }
        }
    }
}

/// A FIFO is opened for writing when somebody reads it, which may be never.
fn is_fifo(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
