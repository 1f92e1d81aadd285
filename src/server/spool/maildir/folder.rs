//! The folders of one Maildir, held open: where mails are written (`tmp`) and where they appear (`new`).
//!
//! Everything below the root is reached from an open folder (`openat`), so that a path that changes meanwhile leads
//! nowhere else.

use super::Syncs;
use super::group::Group;
use super::place::FolderName;
use super::unique::since_epoch;
use crate::net::fault::{self, Fault};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fsync, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// What a delivery that died left in `tmp` goes after so long: the age that Maildir's own description names.
const LEFTOVER: Duration = Duration::from_secs(36 * 3600);

/// For the owner only.
const FOLDER_MODE: Mode = Mode::RWXU;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// One Maildir, open.
#[derive(Debug)]
pub(super) struct Folder {
    tmp: OwnedFd,
    new: OwnedFd,
    group: Group,
}

impl Folder {
    /// Opens the Maildir in the folder `root`, or below it. `create`: what is missing is made, else it is an error.
    /// Removes what deliveries that died long ago left behind.
    pub fn open(root: BorrowedFd<'_>, name: Option<&FolderName>, create: bool) -> io::Result<Folder> {
        let mut own = None;
        for part in name.into_iter().flat_map(FolderName::parts) {
            let above = own.as_ref().map_or(root, AsFd::as_fd);
            own = Some(open_below(above, part, create)?);
        }
        let base = own.as_ref().map_or(root, AsFd::as_fd);
        // Readers want all three.
        open_below(base, "cur", create)?;
        let new = open_below(base, "new", create)?;
        let tmp = open_below(base, "tmp", create)?;
        let folder = Folder { tmp, new, group: Group::default() };
        folder.remove_leftovers();
        Ok(folder)
    }

    /// A new file in `tmp`, to write and to read.
    pub fn create(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.tmp, name, flags, FILE_MODE)?.into())
    }

    /// Moves a file from `tmp` to `new`; an error if there is one of that name.
    pub fn publish(&self, tmp: &str, new: &str) -> io::Result<()> {
        match rename_new(&self.tmp, tmp, &self.new, new) {
            // The system or the file system cannot rename without overwriting: a second name fails where one exists.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
        match rustix::fs::linkat(&self.tmp, tmp, &self.new, new, AtFlags::empty()) {
            Ok(()) => {
                // Left behind it is only a second name, which goes after its time.
                let _ = unlinkat(&self.tmp, tmp, AtFlags::empty());
                Ok(())
            }
            // No links either (FAT, some network file systems): nobody else makes a name that is unlike all others.
            Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {
                Ok(renameat(&self.tmp, tmp, &self.new, new)?)
            }
            Err(why) => Err(why.into()),
        }
    }

    /// What was published stays so when the machine stops.
    pub fn sync(&self, how: Syncs) -> io::Result<()> {
        let sync = || {
            if fault::hit(Fault::FolderSync) {
                return Err(Errno::IO.into());
            }
            Ok(fsync(&self.new)?)
        };
        match how {
            Syncs::Grouped => self.group.sync(sync),
            Syncs::Single => sync(),
            Syncs::Never => Ok(()),
        }
    }

    /// Takes back a file that is in `tmp`.
    pub fn discard(&self, tmp: &str) {
        let _ = unlinkat(&self.tmp, tmp, AtFlags::empty());
    }

    /// Takes back a file that is in `new`.
    pub fn withdraw(&self, new: &str) {
        let _ = unlinkat(&self.new, new, AtFlags::empty());
    }

    /// The octets that may still be written here.
    pub fn room(&self) -> io::Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.new)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn remove_leftovers(&self) {
        // Nothing depends on it: what cannot be looked at stays.
        let Ok(entries) = Dir::read_from(&self.tmp) else { return };
        let before = since_epoch().saturating_sub(LEFTOVER).as_secs();
        for entry in entries.flatten() {
            let Ok(stat) = statat(&self.tmp, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            if is_file && u64::try_from(stat.st_mtime).is_ok_and(|changed| changed < before) {
                let _ = unlinkat(&self.tmp, entry.file_name(), AtFlags::empty());
            }
        }
    }
}

/// Opens the folder `name` in the folder `above`. One that is made here is there for good when this returns.
fn open_below(above: BorrowedFd<'_>, name: &str, create: bool) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match openat(above, name, flags, Mode::empty()) {
        Err(Errno::NOENT) if create => {}
        done => return Ok(done?),
    }
    match mkdirat(above, name, FOLDER_MODE) {
        // Another delivery was faster; it may not have synced yet.
        Ok(()) | Err(Errno::EXIST) => fsync(above)?,
        Err(why) => return Err(why.into()),
    }
    Ok(openat(above, name, flags, Mode::empty())?)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_new(from: &OwnedFd, old: &str, to: &OwnedFd, new: &str) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(from, old, to, new, rustix::fs::RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_new(_from: &OwnedFd, _old: &str, _to: &OwnedFd, _new: &str) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}
