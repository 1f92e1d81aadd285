//! The log: a line for each event, with the time, to a file or to standard error.

use helo::server::log::{Event, Log};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the lines go. Clones write to the same place.
#[derive(Clone)]
pub struct Journal {
    place: Option<Arc<Mutex<Box<dyn Write + Send>>>>,
    /// The file, if it is one.
    path: Option<PathBuf>,
}

impl Journal {
    /// To standard error.
    pub fn stderr() -> Journal {
        Journal { place: Some(Arc::new(Mutex::new(Box::new(io::stderr())))), path: None }
    }

    /// Nowhere.
    pub fn none() -> Journal {
        Journal { place: None, path: None }
    }

    /// To the end of a file, which only its owner can read if it is made now: addresses stand in it.
    pub fn file(path: &Path) -> io::Result<Journal> {
        let place: Box<dyn Write + Send> = Box::new(open(path)?);
        Ok(Journal { place: Some(Arc::new(Mutex::new(place))), path: Some(path.to_owned()) })
    }

    /// Whether it is a file, which may be moved away.
    pub fn is_file(&self) -> bool {
        self.path.is_some()
    }

    /// Opens the file of this name anew: the old one was moved away. Where it cannot be opened the old one goes on.
    pub fn reopen(&self) {
        let (Some(place), Some(path)) = (&self.place, &self.path) else { return };
        match open(path) {
            Ok(file) => *place.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(file),
            Err(why) => self.line(&format!("the log goes on here: {} cannot be opened: {why}", path.display())),
        }
    }

    /// Writes a line of the program's own.
    pub fn line(&self, text: &str) {
        let Some(place) = &self.place else { return };
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let line = format!("{now} {text}\n");
        // One write a line, so that lines of several threads stay whole. A log that cannot be written stops no mail.
        let _ = place.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}

impl Log for Journal {
    fn enabled(&self) -> bool {
        self.place.is_some()
    }

    fn event(&self, event: &Event<'_>) {
        self.line(&event.to_string());
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
