//! The log: a line for each event, with the time, to a file or to standard error.

use helo::server::log::{Event, Log};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the lines go. Clones write to the same place.
#[derive(Clone)]
pub struct Journal(Option<Arc<Mutex<Box<dyn Write + Send>>>>);

impl Journal {
    /// To standard error.
    pub fn stderr() -> Journal {
        Journal::to(Box::new(io::stderr()))
    }

    /// Nowhere.
    pub fn none() -> Journal {
        Journal(None)
    }

    /// To the end of a file, which only its owner can read if it is made now: addresses stand in it.
    pub fn file(path: &Path) -> io::Result<Journal> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Journal::to(Box::new(options.open(path)?)))
    }

    fn to(place: Box<dyn Write + Send>) -> Journal {
        Journal(Some(Arc::new(Mutex::new(place))))
    }

    /// Writes a line of the program's own.
    pub fn line(&self, text: &str) {
        let Some(place) = &self.0 else { return };
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let line = format!("{now} {text}\n");
        // One write a line, so that lines of several threads stay whole. A log that cannot be written stops no mail.
        let _ = place.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
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
