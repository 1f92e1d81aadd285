//! The file that monitoring reads: written anew every few seconds, whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So often it is written.
pub const EVERY: Duration = Duration::from_secs(5);

/// A file, and whether it could be written last time.
pub struct Status {
    path: PathBuf,
    written: bool,
}

impl Status {
    pub fn new(path: &Path) -> Status {
        Status { path: path.to_owned(), written: true }
    }

    /// Puts the text in the place of what was there. What is wrong, where that was not so last time.
    pub fn write(&mut self, text: &str) -> Option<String> {
        let done = self.replace(text);
        let before = std::mem::replace(&mut self.written, done.is_ok());
        let why = done.err().filter(|_| before)?;
        Some(format!("status {} cannot be written: {why}", self.path.display()))
    }

    /// Whoever reads it sees the old or the new, never a part.
    fn replace(&self, text: &str) -> io::Result<()> {
        let next = self.next();
        // What a server that was killed has left; never what somebody else has put there to be written through.
        match fs::remove_file(&next) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
        options.open(&next)?.write_all(text.as_bytes())?;
        fs::rename(&next, &self.path)
    }

    /// Beside it, with a name that collectors of `*.prom` pass over.
    fn next(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".tmp");
        name.into()
    }

    /// The server is over: nothing old stays.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
