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
    AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Uid, fchmod, fchown, fstat, fsync, mkdirat, openat, renameat,
    stat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
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
    /// Whom files are given to: the folder's owner, where that is a user and this process is root.
    owner: Option<Owner>,
    /// The rights of files.
    mode: Option<u32>,
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
    pub fn open(
        root: BorrowedFd<'_>,
        name: Option<&FolderName>,
        create: bool,
        mode: Option<u32>,
    ) -> io::Result<Folder> {
        let making = create.then_some(Making { mode, owner: None });
        let mut own = None;
        for part in name.into_iter().flat_map(FolderName::parts) {
            let above = own.as_ref().map_or(root, AsFd::as_fd);
            let next = open_below(above, part, making, None)?;
            if create {
                fsync(above)?;
            }
            own = Some(next);
        }
        let base = own.as_ref().map_or(root, AsFd::as_fd);
        // Readers want all three.
        let owner = Owner::of(base)?;
        let making = making.map(|making| Making { owner, ..making });
        open_below(base, "cur", making, owner)?;
        let new = open_below(base, "new", making, owner)?;
        let tmp = open_below(base, "tmp", making, owner)?;
        if create {
            fsync(base)?;
        }
        let identities = [fstat(&tmp)?, fstat(&new)?];
        let new = File::from(new);
        let (broken, looked) = (AtomicBool::new(false), AtomicU64::new(0));
        let folder = Folder { tmp, new, owner, mode, identities, group: Group::default(), broken, looked };
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
        let file = openat(&self.tmp, name, flags, FILE_MODE)?;
        self.give(&file).inspect_err(|_| unlinkat(&self.tmp, name, AtFlags::empty()).unwrap_or_default())?;
        Ok(file.into())
    }

    /// What was made belongs to the Maildir's owner, with the rights that were asked for.
    fn give(&self, file: &OwnedFd) -> io::Result<()> {
        if let Some(owner) = self.owner {
            owner.give(file)?;
        }
        match self.mode {
            Some(mode) => Ok(fchmod(file, Mode::from_raw_mode(mode))?),
            None => Ok(()),
        }
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
        // In a user's folder root does not open what may be another file by now.
        if self.owner.is_none() {
            drop(openat(&self.tmp, tmp, flags, Mode::empty()));
        }
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

/// The user and the group that a Maildir belongs to.
#[derive(Clone, Copy, Debug)]
struct Owner(Uid, Gid);

impl Owner {
    /// Whom a folder's files are given to. Only root can give; a folder of root's own needs no giving.
    fn of(folder: BorrowedFd<'_>) -> io::Result<Option<Owner>> {
        let about = fstat(folder)?;
        let given = geteuid().is_root() && about.st_uid != 0;
        Ok(given.then(|| Owner(Uid::from_raw(about.st_uid), Gid::from_raw(about.st_gid))))
    }

    fn give(self, file: &OwnedFd) -> io::Result<()> {
        Ok(fchown(file, Some(self.0), Some(self.1))?)
    }
}

/// How folders are made that are missing.
#[derive(Clone, Copy)]
struct Making {
    mode: Option<u32>,
    owner: Option<Owner>,
}

/// The rights of a folder whose files have these: who may read may enter.
pub(super) fn of_folder(mode: u32) -> u32 {
    mode | (mode & 0o444) >> 2
}

/// Opens the folder `name` in the folder `above`, and makes it when it is missing. In a Maildir of a user's it must be the
/// user's own and no link: root would write elsewhere by it.
fn open_below(above: BorrowedFd<'_>, name: &str, making: Option<Making>, owner: Option<Owner>) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let flags = if owner.is_some() { flags | OFlags::NOFOLLOW } else { flags };
    let open = || -> io::Result<OwnedFd> {
        let folder = openat(above, name, flags, Mode::empty())?;
        match owner {
            Some(Owner(uid, _)) if fstat(&folder)?.st_uid != uid.as_raw() => {
                Err(io::Error::other(format!("{name} does not belong to the owner of the folder it is in")))
            }
            _ => Ok(folder),
        }
    };
    let make = |making: Making| -> io::Result<()> {
        mkdirat(above, name, FOLDER_MODE)?;
        let made = openat(above, name, flags | OFlags::NOFOLLOW, Mode::empty())?;
        if let Some(mode) = making.mode {
            fchmod(&made, Mode::from_raw_mode(of_folder(mode)))?;
        }
        making.owner.map_or(Ok(()), |owner| owner.give(&made))
    };
    let making = match (open(), making) {
        (Err(why), Some(making)) if why.kind() == io::ErrorKind::NotFound => making,
        (done, _) => return done,
    };
    match make(making) {
        // Another delivery was faster.
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => Err(why),
        _ => open(),
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
        let folder = Folder::open(File::open(&root).unwrap().as_fd(), None, true, None).unwrap();
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
