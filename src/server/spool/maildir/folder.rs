//! The folders of one Maildir, held open: where mails are written (`tmp`) and where they appear (`new`).
//!
//! Everything below the root is reached from an open folder (`openat`), so that a path that changes meanwhile leads
//! nowhere else.

use super::Syncs;
use super::group::Group;
use super::place::FolderName;
use super::unique::since_epoch;
use crate::net::fault::{self, Fault};
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, fsync, mkdirat, openat, renameat, stat, statat, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What a delivery that died left in `tmp` goes after so long: the age that Maildir's own description names.
const LEFTOVER: Duration = Duration::from_secs(36 * 3600);
/// So often it is looked for, and so many files are looked at each time.
const LOOK_AFTER: Duration = Duration::from_secs(12 * 3600);
const LOOK_AT: usize = 10_000;

/// For the owner only.
const FOLDER_MODE: Mode = Mode::RWXU;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// One Maildir, open.
#[derive(Debug)]
pub(super) struct Folder {
    tmp: OwnedFd,
    new: File,
    /// Which folders these are.
    identities: [Stat; 2],
    group: Group,
    /// A sync has failed. What it did not store the next one may pass over, and succeed.
    broken: AtomicBool,
    /// When leftovers were looked for, in seconds since 1970.
    looked: AtomicU64,
}

impl Folder {
    /// Opens the Maildir in the folder `root`, or below it. `create`: what is missing is made, else it is an error; and
    /// its folders are there for good when this returns, also those that another delivery has made just now, or a process
    /// that was killed before it could sync. Removes what deliveries that died long ago left behind.
    pub fn open(root: BorrowedFd<'_>, name: Option<&FolderName>, create: bool) -> io::Result<Folder> {
        let mut own = None;
        for part in name.into_iter().flat_map(FolderName::parts) {
            let above = own.as_ref().map_or(root, AsFd::as_fd);
            let next = open_below(above, part, create)?;
            if create {
                fsync(above)?;
            }
            own = Some(next);
        }
        let base = own.as_ref().map_or(root, AsFd::as_fd);
        // Readers want all three.
        open_below(base, "cur", create)?;
        let new = open_below(base, "new", create)?;
        let tmp = open_below(base, "tmp", create)?;
        if create {
            fsync(base)?;
        }
        let identities = [fstat(&tmp)?, fstat(&new)?];
        let new = File::from(new);
        let (broken, looked) = (AtomicBool::new(false), AtomicU64::new(0));
        let folder = Folder { tmp, new, identities, group: Group::default(), broken, looked };
        folder.remove_leftovers_in_time();
        Ok(folder)
    }

    /// Whether the Maildir at this path is this one still: not removed, not replaced, not below a disk that is gone.
    pub fn is_at(&self, path: &Path) -> bool {
        let parts = ["tmp", "new"].iter().zip(&self.identities);
        parts.into_iter().all(|(part, known)| stat(path.join(part)).is_ok_and(|now| is_same(&now, known)))
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

    /// What was published stays so when the machine stops. After a failure each call fails, also for what was published
    /// before it.
    pub fn sync(&self, how: Syncs) -> io::Result<()> {
        let sync = || {
            // Of a `File`, since that knows the systems whose plain fsync does not reach the disk.
            let done = if fault::hit(Fault::FolderSync) { Err(Errno::IO.into()) } else { self.new.sync_all() };
            self.broken.fetch_or(done.is_err(), Ordering::SeqCst);
            done?;
            // Of two that run at a time the system tells only one.
            if self.broken.load(Ordering::SeqCst) { Err(Errno::IO.into()) } else { Ok(()) }
        };
        match how {
            Syncs::Grouped => self.group.sync(sync),
            Syncs::Single => sync(),
            Syncs::Never => Ok(()),
        }
    }

    /// Takes back a file that is in `tmp`, and its room at once: without a name a file lives on as long as somebody has it
    /// open, such as a child that the program forks at that moment, and the next mail would find the disk full.
    pub fn discard(&self, tmp: &str) {
        // Where this fails the room comes back when the last has closed it.
        let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        drop(openat(&self.tmp, tmp, flags, Mode::empty()));
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

    /// Removes what deliveries that died long ago left behind, unless somebody has looked for it not long ago.
    pub fn remove_leftovers_in_time(&self) {
        let now = since_epoch();
        let looked = self.looked.load(Ordering::Relaxed);
        let due = now.as_secs().saturating_sub(looked) >= LOOK_AFTER.as_secs();
        let mine = || self.looked.compare_exchange(looked, now.as_secs(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && mine() {
            self.remove_leftovers(now.saturating_sub(LEFTOVER));
        }
    }

    fn remove_leftovers(&self, before: Duration) {
        // Nothing depends on it: what cannot be looked at stays.
        let Ok(entries) = Dir::read_from(&self.tmp) else { return };
        for entry in entries.flatten().take(LOOK_AT) {
            let Ok(stat) = statat(&self.tmp, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            if is_file && u64::try_from(stat.st_mtime).is_ok_and(|changed| changed < before.as_secs()) {
                let _ = unlinkat(&self.tmp, entry.file_name(), AtFlags::empty());
            }
        }
    }
}

/// Whether two looks were at the same file or folder.
pub(super) fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Opens the folder `name` in the folder `above`; `create`: makes it when it is missing.
fn open_below(above: BorrowedFd<'_>, name: &str, create: bool) -> io::Result<OwnedFd> {
    let open = || openat(above, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    match open() {
        Err(Errno::NOENT) if create => {}
        done => return Ok(done?),
    }
    match mkdirat(above, name, FOLDER_MODE) {
        // Another delivery was faster.
        Ok(()) | Err(Errno::EXIST) => Ok(open()?),
        Err(why) => Err(why.into()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_new(from: &OwnedFd, old: &str, to: &File, new: &str) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(from, old, to, new, rustix::fs::RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_new(_from: &OwnedFd, _old: &str, _to: &File, _new: &str) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::FileTimes;
    use std::time::SystemTime;

    #[test]
    fn leftovers_go_while_the_server_runs() {
        let root = std::env::temp_dir().join(format!("helo-leftovers-{}", std::process::id()));
        std::fs::create_dir(&root).unwrap();
        let folder = Folder::open(File::open(&root).unwrap().as_fd(), None, true).unwrap();
        let left = root.join("tmp/left");
        let file = File::create(&left).unwrap();
        file.set_times(FileTimes::new().set_modified(SystemTime::now() - LEFTOVER - LOOK_AFTER)).unwrap();
        folder.remove_leftovers_in_time();
        assert!(left.exists(), "it was looked for a moment ago");
        folder.looked.fetch_sub(LOOK_AFTER.as_secs(), Ordering::SeqCst);
        folder.remove_leftovers_in_time();
        assert!(!left.exists());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
