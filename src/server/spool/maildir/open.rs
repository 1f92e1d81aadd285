//! The Maildirs that are open, and opening them: the root itself, or many below it.

use super::folder::{Folder, is_same, of_folder};
use super::place::FolderName;
use crate::net::lock::Mutex;
use crate::proto::address::ForwardPath;
use crate::server::spool::{Refusal, Result};
use rustix::fs::{Mode, OFlags, Stat, fstat, fsync, open, stat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many Maildirs stay open when no mail is on its way into them.
const OPEN_MAX: usize = 64;

/// All Maildirs of a spool, by name; the root has none.
pub(super) struct Open {
    path: PathBuf,
    /// Folders below the root are made when they are missing.
    create: bool,
    /// The rights of files that are made.
    mode: Option<u32>,
    /// What the root was at the start.
    first: Stat,
    root: Mutex<Arc<OwnedFd>>,
    folders: Mutex<HashMap<Option<FolderName>, Arc<Folder>>>,
}

impl Open {
    /// Opens the root, and makes it, when it is missing. `below`: it holds Maildirs that are made when they are missing
    /// (true) or not (false); none: it is one itself, and is made whole.
    pub fn new(root: &Path, below: Option<bool>, mode: Option<u32>) -> io::Result<Open> {
        let path = std::path::absolute(root)?;
        make_root(&path, mode)?;
        let root = open_root(&path)?;
        let first = fstat(&root)?;
        let mut folders = HashMap::new();
        if below.is_none() {
            folders.insert(None, Arc::new(Folder::open(root.as_fd(), None, true, mode)?));
        }
        let (root, folders) = (Mutex::new(Arc::new(root)), Mutex::new(folders));
        Ok(Open { path, create: below.unwrap_or(false), mode, first, root, folders })
    }

    /// The path of a Maildir, for the log and to look where it is.
    pub fn path(&self, name: Option<&FolderName>) -> PathBuf {
        name.map_or_else(|| self.path.clone(), |name| self.path.join(name))
    }

    /// The root, or the Maildir below it.
    pub fn folder(&self, name: Option<&FolderName>) -> Result<Arc<Folder>> {
        let path = self.path(name);
        let known = self.folders.lock().get(&name.cloned()).cloned();
        if let Some(folder) = known {
            if folder.is_at(&path) {
                folder.remove_leftovers_in_time();
                return Ok(folder);
            }
            // It was removed, or another stands in its place.
            self.forget(&folder);
        }
        let folder = Arc::new(self.open(name).map_err(|why| self.refused(name, &path, &why))?);
        let mut folders = self.folders.lock();
        if folders.len() >= OPEN_MAX {
            folders.retain(|_, folder| Arc::strong_count(folder) > 1);
        }
        // Two who opened it at the same time share one, and with it its syncs.
        Ok(Arc::clone(folders.entry(name.cloned()).or_insert(folder)))
    }

    /// The folder of this name, or the one where its domain is written in letters, if only that one is there.
    pub fn as_named(&self, name: FolderName, recipient: &ForwardPath) -> FolderName {
        let in_letters =
            FolderName::in_letters(recipient).filter(|_| FolderName::of(recipient).as_ref() == Some(&name));
        match in_letters {
            Some(other) if !self.path(Some(&name)).exists() && self.path(Some(&other)).exists() => other,
            _ => name,
        }
    }

    /// Something failed there: the next delivery opens the folder anew.
    pub fn forget(&self, folder: &Arc<Folder>) {
        self.folders.lock().retain(|_, known| !Arc::ptr_eq(known, folder));
    }

    fn open(&self, name: Option<&FolderName>) -> io::Result<Folder> {
        let root = self.root()?;
        let create = self.create && name.is_some() && is_same(&fstat(&root)?, &self.first);
        Folder::open(root.as_fd(), name, create, self.mode)
    }

    /// The root. Where another stands in its place, that one is taken; it is never made here.
    fn root(&self) -> io::Result<Arc<OwnedFd>> {
        let known = Arc::clone(&self.root.lock());
        if is_same(&stat(&self.path)?, &fstat(&known)?) {
            return Ok(known);
        }
        let fresh = Arc::new(open_root(&self.path)?);
        *self.root.lock() = Arc::clone(&fresh);
        Ok(fresh)
    }

    /// Why a Maildir cannot be had. Nobody is turned away for good while the root is not what it was: it may be the bare
    /// mount point of a disk that is gone.
    fn refused(&self, name: Option<&FolderName>, path: &Path, why: &io::Error) -> Refusal {
        let missing = matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        if name.is_none() || !missing {
            return Refusal::system(&format!("opening the Maildir {}", path.display()), why);
        }
        let cause = format!("no Maildir {}: no folder with new, cur and tmp in it", path.display());
        if stat(&self.path).is_ok_and(|root| is_same(&root, &self.first)) {
            return Refusal::unknown_mailbox().because(cause);
        }
        Refusal::local(format!(
            "{cause}, and {} is not the folder that it was at the start: if that is meant, start the server again",
            self.path.display()
        ))
    }
}

/// Makes the root, if the folder above it is there. It is there for good when this returns.
fn make_root(path: &Path, mode: Option<u32>) -> io::Result<()> {
    let made = match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(why) if why.kind() == ErrorKind::AlreadyExists && path.is_dir() => false,
        Err(why) if why.kind() == ErrorKind::NotFound => return Err(above_missing(path)),
        made => made.map(|()| true)?,
    };
    if let Some(mode) = mode.filter(|_| made) {
        std::fs::set_permissions(path, Permissions::from_mode(of_folder(mode)))?;
    }
    // Another process may have made the root a moment ago. A folder that may not be read was not made by one of ours.
    let synced = path.parent().map_or(Ok(()), |above| fsync(open_root(above)?).map_err(io::Error::from));
    if made { synced } else { Ok(()) }
}

/// Whether the root is there, or could be made.
pub(super) fn check(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Errno::NOTDIR.into()),
        Err(why) if why.kind() == ErrorKind::NotFound => match std::path::absolute(path)?.parent() {
            Some(above) if above.is_dir() => Ok(()),
            _ => Err(above_missing(path)),
        },
        Err(why) => Err(why),
    }
}

fn above_missing(path: &Path) -> io::Error {
    let above = path.parent().unwrap_or(path).display();
    io::Error::new(ErrorKind::NotFound, format!("the folder {above} is not there: make it first"))
}

fn open_root(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
