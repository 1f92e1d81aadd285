//! `trace_file`: the dialogues of all connections under a policy, in a file, with credentials as `<hidden>`.
//!
//! ```text
//! 2026-11-22 09:55:06.123 4711-1 * connected to 192.0.2.1:587
//! 2026-11-22 09:55:06.147 4711-1 S 220 mail.example.com ESMTP
//! 2026-11-22 09:55:06.147 4711-1 C EHLO gateway.example.com
//! ```
//!
//! Time, process and connection, who speaks, the line. Of a message only the beginning is written. What goes wrong with
//! the file never fails a mail.

use super::trace_place::Place;
use crate::client::clock;
use crate::client::trace::{Observer, Watch};
use crate::net::lock::{Mutex, MutexGuard};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much of a message is written, in octets: its header, as a rule.
const BODY_SHOWN: usize = 2048;

/// How much of a line is written.
const LINE_SHOWN: usize = 1000;

/// Connections of this process, counted.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// A file that connections are traced to.
#[derive(Clone, Debug)]
pub struct TraceFile(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// `None`: standard error.
    path: Option<PathBuf>,
    state: Mutex<State>,
    /// What it begins with, in words; nothing is said again when it is opened again.
    beginning: Mutex<Option<fn() -> String>>,
    /// Whoever asked what is wrong was told.
    told: AtomicBool,
}

#[derive(Debug)]
enum State {
    /// Not needed yet.
    Closed,
    Open(Place),
    /// Why it cannot be written: nothing more is tried until the next connection.
    Failed(String),
}

impl TraceFile {
    pub(super) fn new(path: PathBuf) -> TraceFile {
        TraceFile::at(Some(path), None)
    }

    /// A trace that begins with these words.
    pub(super) fn announced(path: PathBuf, beginning: fn() -> String) -> TraceFile {
        TraceFile::at(Some(path), Some(beginning))
    }

    /// The same on the program's standard error.
    pub(super) fn standard_error(beginning: fn() -> String) -> TraceFile {
        TraceFile::at(None, Some(beginning))
    }

    fn at(path: Option<PathBuf>, beginning: Option<fn() -> String>) -> TraceFile {
        let (state, beginning) = (Mutex::process_wide(State::Closed), Mutex::process_wide(beginning));
        TraceFile(Arc::new(Shared { path, state, beginning, told: AtomicBool::new(false) }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path.as_deref().unwrap_or(Path::new("stderr"))
    }

    /// Adds a remark that belongs to no connection.
    pub(super) fn remark(&self, words: &str) {
        self.0.begin();
        self.0.write(&lines(0, '*', words.as_bytes()));
    }

    /// Why the file cannot be written, as it turned out last.
    pub fn problem(&self) -> Option<String> {
        match &*self.0.lock() {
            State::Failed(why) => Some(why.clone()),
            State::Closed | State::Open(_) => None,
        }
    }
}

impl Watch for TraceFile {
    fn complaint(&self) -> Option<String> {
        self.problem().filter(|_| !self.0.told.swap(true, Ordering::Relaxed))
    }

    fn observer(&self, host: &str, port: u16) -> Option<Box<dyn Observer>> {
        self.0.begin();
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
        let mut tracer = Tracer { file: self.0.clone(), number, body: Body::default() };
        tracer.note(&format!("connecting to {host}, port {port}"));
        Some(Box::new(tracer))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Opens the file for one more connection, if it is not open.
    fn begin(&self) {
        let mut state = self.lock();
        let ready = match &mut *state {
            State::Open(place) => place.refresh(),
            State::Closed | State::Failed(_) => {
                Place::open(self.path.as_deref()).map(|place| *state = State::Open(place))
            }
        };
        let is_ready = ready.is_ok();
        self.note(&mut state, ready);
        drop(state);
        if is_ready {
            let beginning = self.beginning.lock().take();
            if let Some(beginning) = beginning {
                self.write(&lines(0, '*', beginning().as_bytes()));
            }
        }
    }

    fn write(&self, lines: &str) {
        let mut state = self.lock();
        if let State::Open(place) = &mut *state {
            let written = place.write(lines);
            self.note(&mut state, written);
        }
    }

    fn note(&self, state: &mut State, result: io::Result<()>) {
        if let Err(why) = result {
            *state = State::Failed(match &self.path {
                Some(path) => format!("the trace file {} cannot be written: {why}", path.display()),
                None => format!("the trace cannot be written to standard error: {why}"),
            });
        }
    }
}

/// One connection's dialogue on its way into the file.
struct Tracer {
    file: Arc<Shared>,
    number: u64,
    body: Body,
}

/// What was seen of a message that is under way.
#[derive(Default)]
struct Body {
    begun: Vec<u8>,
    seen: u64,
}

/// Lines of a trace: time, process and connection, who speaks, the line.
fn lines(connection: u64, who: char, octets: &[u8]) -> String {
    let now = clock::stamp();
    let mut text = String::new();
    for line in octets.strip_suffix(b"\n").unwrap_or(octets).split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let _ = write!(text, "{now} {}-{connection} {who} ", std::process::id());
        // The library's own remarks are whole: they end in what to try next.
        let shown = if who == '*' { line.len() } else { line.len().min(LINE_SHOWN) };
        for c in String::from_utf8_lossy(&line[..shown]).chars() {
            if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
        }
        if line.len() > shown {
            let _ = write!(text, " ... {} octets in all", line.len());
        }
        text.push_str(if cfg!(windows) { "\r\n" } else { "\n" });
    }
    text
}

impl Tracer {
    fn lines(&self, who: char, octets: &[u8]) -> String {
        lines(self.number, who, octets)
    }

    /// The message is over, or something comes in between.
    fn end_of_body(&mut self) -> String {
        let Body { begun, seen } = std::mem::take(&mut self.body);
        let mut text = if begun.is_empty() { String::new() } else { self.lines('C', &begun) };
        let more = seen.saturating_sub(begun.len() as u64);
        if more > 0 {
            text += &self.lines('*', format!("... and {more} octets more of the message").as_bytes());
        }
        text
    }

    fn say(&mut self, who: char, octets: &[u8]) {
        let text = self.end_of_body() + &self.lines(who, octets);
        self.file.write(&text);
    }
}

impl Observer for Tracer {
    fn sent(&mut self, bytes: &[u8]) {
        self.say('C', bytes);
    }

    fn body(&mut self, bytes: &[u8]) {
        let room = BODY_SHOWN.saturating_sub(self.body.begun.len());
        self.body.begun.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.body.seen += bytes.len() as u64;
    }

    fn received(&mut self, bytes: &[u8]) {
        self.say('S', bytes);
    }

    fn note(&mut self, text: &str) {
        self.say('*', text.as_bytes());
    }

    fn enabled(&self) -> bool {
        matches!(&*self.file.lock(), State::Open(_))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let text = self.end_of_body();
        if !text.is_empty() {
            self.file.write(&text);
        }
    }
}

#[cfg(all(test, unix))]
#[path = "trace_file_tests.rs"]
mod tests;
