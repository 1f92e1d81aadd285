//! Files that the policy is in or that it names: opened without surprises, and judged by who else gets at them.

use super::Rights;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// What a file holds; it decides who besides its owner may read it and write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing to hide and nothing that is run.
    Settings,
    /// A command that the library runs.
    Command,
    /// A private key: a group may have it, as the one that some systems make for such keys.
    Key,
    /// A password or a token.
    Secret,
}

/// What changes when a file does: its contents, its rights, or the file behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, number and time of change on Unix.
    identity: (u64, u64, i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp { length: metadata.len(), modified: metadata.modified().ok(), identity: identity(metadata) }
    }

    /// The stamp of the file behind a name as it is now; `None` when there is none.
    pub(super) fn now(path: &Path) -> Option<Stamp> {
        fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// The files that a policy names and that are read with it.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Each file, as it was when it was read.
    pub(super) read: Vec<(PathBuf, Stamp)>,
    /// Of the process that uses them.
    pub(super) rights: Rights,
}

impl Files {
    /// A file's contents, wiped after use; or why it cannot be used, in words that follow its key.
    pub(super) fn read(&mut self, path: &Path, limit: usize, holds: Holds) -> Result<Zeroizing<Vec<u8>>, String> {
        let (octets, metadata) = read(path, limit).map_err(|why| format!("names a file that cannot be read: {why}"))?;
        check(path, &metadata, holds, self.rights).map_err(|why| format!("names a file that {why}"))?;
        self.read.push((path.to_owned(), Stamp::of(&metadata)));
        Ok(octets)
    }
}

/// A file's contents, wiped after use, and what it was when they were read; or why not, in words that follow "it cannot
/// be read:".
pub(super) fn read(path: &Path, limit: usize) -> Result<(Zeroizing<Vec<u8>>, Metadata), String> {
    let (file, metadata) = open(path)?;
    if metadata.len() > limit as u64 {
        return Err(format!("it is larger than {}", size(limit)));
    }
    // As large as the file from the start: growing would leave parts of a secret behind.
    let mut octets = Zeroizing::new(Vec::with_capacity((metadata.len() as usize).min(limit) + 1));
    // One octet more than is allowed, to notice a file that grew.
    file.take(limit as u64 + 1).read_to_end(&mut octets).map_err(|why| why.to_string())?;
    if octets.len() > limit {
        return Err(format!("it is larger than {}", size(limit)));
    }
    Ok((octets, metadata))
}

fn size(limit: usize) -> String {
    if limit >= 1024 * 1024 { format!("{} MiB", limit >> 20) } else { format!("{} KiB", limit >> 10) }
}

/// Opens a plain file. What is checked is what was opened, not what its name stood for a moment before.
fn open(path: &Path) -> Result<(File, Metadata), String> {
    // Opening a device can do things: what does not look like a plain file is not even opened.
    if !fs::metadata(path).map_err(|why| why.to_string())?.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    at_once(&mut options);
    let file = options.open(path).map_err(|why| why.to_string())?;
    let metadata = file.metadata().map_err(|why| why.to_string())?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err("it is not a plain file".to_owned()) }
}

/// Opening a pipe or a terminal neither waits nor takes it over.
#[cfg(unix)]
fn at_once(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
}

#[cfg(not(unix))]
fn at_once(_: &mut OpenOptions) {}

/// Whether a file may be believed and its secrets used; or who else gets at it and what mends that, in words that follow
/// "a file that". On Windows nothing is checked: access lists are the administrator's.
#[cfg(unix)]
pub(super) fn check(path: &Path, metadata: &Metadata, holds: Holds, rights: Rights) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let (owner, mode) = (metadata.uid(), metadata.mode());
    let shown = path.display();
    let user = rustix::process::geteuid().as_raw();
    if rights == Rights::Raised && owner != 0 {
        return Err(format!(
            "belongs to user {owner}; a program with more rights than its user's takes only root's: chown root {shown}"
        ));
    }
    if holds != Holds::Settings && owner != 0 && owner != user {
        return Err(format!("belongs to user {owner}, not to this one ({user}) or root: chown {user} {shown}"));
    }
    if holds == Holds::Secret && mode & 0o066 != 0 {
        return Err(format!("others than its owner can read or write: chmod 600 {shown}"));
    }
    if holds == Holds::Key && mode & 0o004 != 0 {
        return Err(format!("has a private key in it, and others can read it: chmod o-r {shown}"));
    }
    let followed = holds == Holds::Command || rights == Rights::Raised;
    if followed && mode & 0o022 != 0 {
        return Err(format!("others than its owner can write to: chmod go-w {shown}"));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &Metadata, _: Holds, _: Rights) -> Result<(), String> {
    Ok(())
}
