//! Files that lines are added to, as logs and traces are: for their owner only, and kept from growing without end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How large a file may grow, in octets, before it makes place for a new one.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A file that is written at its end only. Several processes may share it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Where the file goes when it has grown too long: one older file is kept.
    old: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the file, or makes it, for its owner only. A link is not followed, and what is no plain file of this user is
    /// refused: in a folder that others can write to, a name could lead elsewhere.
    pub fn open(path: &Path, old: &Path) -> io::Result<Journal> {
        Ok(Journal { path: path.to_owned(), old: old.to_owned(), file: open(path)? })
    }

    /// Adds whole lines, in one write. The file makes place for a new one first when it has grown too long.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length > 0 && length + lines.len() as u64 > LONGEST {
            // Another process may have done so already.
            if self.is_there() {
                fs::rename(&self.path, &self.old)?;
            }
            self.file = open(&self.path)?;
        }
        self.file.write_all(lines)
    }

    /// Goes on in a new file if this one was taken away meanwhile, as programs that rotate logs do.
    pub fn refresh(&mut self) -> io::Result<()> {
        if !self.is_there() {
            self.file = open(&self.path)?;
        }
        Ok(())
    }

    /// Whether the file still has its name.
    #[cfg(unix)]
    fn is_there(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let (Ok(ours), Ok(named)) = (self.file.metadata(), fs::symlink_metadata(&self.path)) else { return false };
        (ours.dev(), ours.ino()) == (named.dev(), named.ino())
    }

    #[cfg(not(unix))]
    fn is_there(&self) -> bool {
        self.path.exists()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    private(&mut options);
    let file = options.open(path)?;
    let strange = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    match file.metadata()? {
        metadata if !metadata.is_file() => strange("it is not a plain file"),
        metadata if !is_own(&metadata) => strange("it belongs to another user"),
        _ => Ok(file),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

#[cfg(unix)]
fn is_own(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
#[path = "journal_tests.rs"]
mod tests;
