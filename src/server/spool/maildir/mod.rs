//! A Maildir that is safe to confirm.
//!
//! A mail is written to `tmp` under a name that no other has, synced, renamed into `new` without overwriting, and
//! the folder is synced; only then it is confirmed. Whatever fails on the way, nothing of the mail is left: not in
//! `new`, and not in `tmp` unless the process dies, when the next start removes it after 36 hours.
//!
//! On top of the message stand Return-Path, Delivered-To for each recipient that the copy is for, X-Envelope-From
//! and X-Envelope-To with the DSN parameters if there were any, and Received. The message itself is stored as it came:
//! with [`LineEnds::Crlf`] byte for byte, with [`LineEnds::Lf`] but for its line ends; a binary mail always byte for
//! byte. File names are `time.M..P..Q...host,S=octets,W=octets`, where W counts line ends as two.
//!
//! For Unix systems: Windows has no folder sync, and no `:` in file names, which readers of Maildirs want.

mod delivery;
mod folder;
mod group;
mod lines;
mod place;

pub use place::{Find, FolderName, Mailboxes};

use super::unique;
use super::{Delivery, Envelope, Refusal, Result, Spool};
use delivery::Storing;
use folder::Folder;
use parking_lot::Mutex;
use rustix::fs::{Mode, OFlags, open};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many Maildirs stay open when no mail is on its way into them.
const OPEN_MAX: usize = 64;

/// How lines end in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineEnds {
    /// LF, which readers of Maildirs expect.
    #[default]
    Lf,
    /// CRLF, as the mail came.
    Crlf,
}

/// When a mail is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Syncs {
    /// When file and folder are synced; deliveries that wait for the folder at the same time share its sync. ext4
    /// groups syncs itself, and there the two ways are equally fast (`benches/spool.rs`).
    #[default]
    Grouped,
    /// The same, but each delivery syncs the folder itself.
    Single,
    /// At once: what is confirmed is lost when the machine stops. For tests.
    Never,
}

/// How a [`Maildir`] stores.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose mail goes where.
    pub mailboxes: Mailboxes,
    /// How lines end.
    pub line_ends: LineEnds,
    /// When a mail is confirmed.
    pub sync: Syncs,
    /// A mail is refused with 452 unless it leaves so many octets of the disk free; only known beforehand where MAIL
    /// says the size.
    pub keep_free: u64,
}

impl Default for Options {
    /// One Maildir for all, LF, grouped syncs, the disk may become full.
    fn default() -> Self {
        Options { mailboxes: Mailboxes::One, line_ends: LineEnds::Lf, sync: Syncs::Grouped, keep_free: 0 }
    }
}

/// A spool that stores mail in one or more Maildirs.
pub struct Maildir {
    shared: Arc<Shared>,
}

/// What deliveries need of it.
struct Shared {
    path: PathBuf,
    options: Options,
    root: Mutex<Arc<OwnedFd>>,
    folders: Mutex<HashMap<Option<FolderName>, Arc<Folder>>>,
}

impl Maildir {
    /// Opens the Maildir `root`, or the folder of the users' Maildirs, and makes what is missing. It must not be on a
    /// file system that comes and goes: what is missing later is not made again.
    pub fn open(root: impl Into<PathBuf>, options: Options) -> io::Result<Maildir> {
        let path = root.into();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&path)?;
        let root = open_root(&path)?;
        let mut folders = HashMap::new();
        if let Mailboxes::One = options.mailboxes {
            folders.insert(None, Arc::new(Folder::open(root.as_fd(), None, true)?));
        }
        let (root, folders) = (Mutex::new(Arc::new(root)), Mutex::new(folders));
        Ok(Maildir { shared: Arc::new(Shared { path, options, root, folders }) })
    }
}

impl Spool for Maildir {
    /// With a folder for each recipient: who has none is refused at RCPT.
    fn early(&self) -> bool {
        matches!(self.shared.options.mailboxes, Mailboxes::Each { .. })
    }

    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        Ok(Box::new(Storing::begin(Arc::clone(&self.shared), envelope.clone())?))
    }
}

impl Shared {
    /// An open Maildir: the root, or the folder below it.
    fn folder(&self, name: Option<FolderName>) -> Result<Arc<Folder>> {
        if let Some(folder) = self.folders.lock().get(&name) {
            return Ok(Arc::clone(folder));
        }
        let create = matches!(self.options.mailboxes, Mailboxes::Each { create: true, .. });
        let folder = match self.open_folder(name.as_ref(), create) {
            Ok(folder) => Arc::new(folder),
            Err(why) => {
                let shown = name.as_ref().map_or(self.path.clone(), |name| self.path.join(name.as_str()));
                // Not there, or its parent is a file.
                if name.is_some() && matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
                    return Err(Refusal::unknown_mailbox().because(format!("no Maildir {}", shown.display())));
                }
                return Err(Refusal::system(&format!("opening the Maildir {}", shown.display()), &why));
            }
        };
        let mut folders = self.folders.lock();
        if folders.len() >= OPEN_MAX {
            folders.retain(|_, folder| Arc::strong_count(folder) > 1);
        }
        // Two who opened it at the same time share one, and with it its syncs.
        Ok(Arc::clone(folders.entry(name).or_insert(folder)))
    }

    fn open_folder(&self, name: Option<&FolderName>, create: bool) -> io::Result<Folder> {
        let root = Arc::clone(&self.root.lock());
        match Folder::open(root.as_fd(), name, create) {
            // The root itself may have been replaced; another is taken if it is there, and never made here.
            Err(why) if why.kind() == ErrorKind::NotFound => {
                let fresh = Arc::new(open_root(&self.path)?);
                *self.root.lock() = Arc::clone(&fresh);
                Folder::open(fresh.as_fd(), name, create)
            }
            done => done,
        }
    }

    /// Something failed there: the next delivery opens the folder anew.
    fn forget(&self, folder: &Arc<Folder>) {
        self.folders.lock().retain(|_, known| !Arc::ptr_eq(known, folder));
    }
}

fn open_root(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
