//! A mail's file in one Maildir: written as the mail comes, then renamed to where readers look.

use super::Syncs;
use super::folder::Folder;
use super::lines::ToLf;
use super::unique::{append, number, since_epoch};
use crate::net::fault::{self, Fault};
use rustix::process::{Resource, getrlimit};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

/// So much of a mail is gathered before it is written, while a piece of it is at hand: between two pieces nothing is kept.
const BUFFER: usize = 64 * 1024;

/// So much is not worth a write of its own.
const KEPT: usize = 4096;

/// A file that is being written.
pub(super) struct Copy {
    entry: Entry,
    file: File,
    buffer: Vec<u8>,
    lines: Option<ToLf>,
    /// What stands on top of the message has so many octets.
    top: u64,
}

impl Copy {
    /// A new file in `tmp` of the mail's Maildir number `place`, with what stands on top of the message: what `top` writes.
    pub fn create(
        folder: &Arc<Folder>,
        place: usize,
        top: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
        to_lf: bool,
        host: &str,
    ) -> io::Result<Copy> {
        let tmp = unique_name(host);
        let file = folder.create(&tmp)?;
        let entry = Entry { place, folder: Arc::clone(folder), octets: 0, tmp, new: None, kept: false };
        let mut copy = Copy { entry, file, buffer: Vec::new(), lines: to_lf.then(ToLf::default), top: 0 };
        let mut text = Text { copy: &mut copy, failed: None };
        // It fails for no other reason.
        let written = top(&mut text);
        if let (Err(_), failed) = (written, text.failed) {
            return Err(failed.unwrap_or_else(|| io::ErrorKind::InvalidData.into()));
        }
        copy.top = copy.entry.octets + copy.buffer.len() as u64;
        Ok(copy)
    }

    /// Which of the mail's Maildirs this is in.
    pub fn place(&self) -> usize {
        self.entry.place
    }

    /// Takes the next piece of the message: all of it, or as much as was taken when this fails. What is small is kept and
    /// written with the next.
    pub fn push(&mut self, piece: &mut &[u8]) -> io::Result<()> {
        self.gather(piece)?;
        if self.buffer.len() >= KEPT {
            self.flush()?;
            self.buffer = Vec::new();
        }
        Ok(())
    }

    /// What it holds of memory, in octets.
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    fn gather(&mut self, piece: &mut &[u8]) -> io::Result<()> {
        while !piece.is_empty() {
            let (now, rest) = piece.split_at(piece.len().min(BUFFER));
            match &mut self.lines {
                Some(lines) => lines.push(now, &mut self.buffer),
                None => self.buffer.extend_from_slice(now),
            }
            *piece = rest;
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if fault::hit(Fault::Disk) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        self.may_grow(self.buffer.len() as u64)?;
        self.file.write_all(&self.buffer)?;
        self.entry.octets += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Where files may not grow beyond a limit (`ulimit -f`), a write that tries would end the program by SIGXFSZ.
    fn may_grow(&self, octets: u64) -> io::Result<()> {
        let limit = getrlimit(Resource::Fsize).current;
        match limit {
            Some(limit) if self.entry.octets.saturating_add(octets) > limit => Err(rustix::io::Errno::FBIG.into()),
            _ => Ok(()),
        }
    }

    /// The message is complete.
    pub fn end(&mut self) -> io::Result<()> {
        if let Some(lines) = &mut self.lines {
            lines.finish(&mut self.buffer);
        }
        self.flush()?;
        self.buffer = Vec::new();
        Ok(())
    }

    /// The message that `first` holds, which is complete.
    pub fn fill_from(&mut self, first: &mut Copy) -> io::Result<()> {
        self.flush()?;
        self.may_grow(first.entry.octets.saturating_sub(first.top))?;
        first.file.seek(SeekFrom::Start(first.top))?;
        self.entry.octets += io::copy(&mut first.file, &mut &self.file)?;
        Ok(())
    }

    /// This one cannot be written to any more. The other, which is new, goes on with all that it was given.
    pub fn hand_over(&mut self, other: &mut Copy) -> io::Result<()> {
        other.flush()?;
        // What is not on the disk might not come back as it was.
        self.file.sync_all()?;
        self.file.seek(SeekFrom::Start(self.top))?;
        let written = self.entry.octets.saturating_sub(self.top);
        other.may_grow(written)?;
        let copied = io::copy(&mut Read::take(&self.file, written), &mut &other.file)?;
        if copied != written {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        other.entry.octets += copied;
        // Its own top may not have been written yet.
        let unwritten = usize::try_from(self.top.saturating_sub(self.entry.octets)).unwrap_or(usize::MAX);
        other.buffer.extend_from_slice(self.buffer.get(unwritten..).unwrap_or_default());
        other.lines = self.lines.take();
        Ok(())
    }

    /// The disk has it when this returns. Never tried again: after a failure the system takes what was lost for written.
    pub fn sync(&self, how: Syncs) -> io::Result<()> {
        match how {
            Syncs::Never => Ok(()),
            Syncs::Grouped | Syncs::Single if fault::hit(Fault::Sync) => Err(rustix::io::Errno::IO.into()),
            Syncs::Grouped | Syncs::Single => self.file.sync_all(),
        }
    }

    /// Nothing more is written or read.
    pub fn close(self) -> Entry {
        self.entry
    }
}

/// Text that goes into the file, and what the system said when it did not.
struct Text<'a> {
    copy: &'a mut Copy,
    failed: Option<io::Error>,
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.copy.gather(&mut text.as_bytes()).map_err(|why| {
            self.failed = Some(why);
            fmt::Error
        })
    }
}

/// A mail's name in one Maildir. Dropped before it is [kept](Entry::keep) it goes, also from `new`.
pub(super) struct Entry {
    /// Which of the mail's Maildirs this is in.
    pub place: usize,
    /// That Maildir.
    pub folder: Arc<Folder>,
    /// Octets written so far.
    octets: u64,
    tmp: String,
    new: Option<String>,
    kept: bool,
}

impl Entry {
    /// Moves it to where readers look.
    pub fn publish(&mut self) -> io::Result<()> {
        let new = format!("{},S={}", self.tmp, self.octets);
        self.folder.publish(&self.tmp, &new)?;
        self.new = Some(new);
        Ok(())
    }

    /// It stays.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        match &self.new {
            _ if self.kept => {}
            Some(new) => self.folder.withdraw(new),
            None => self.folder.discard(&self.tmp),
        }
    }
}

/// A name that no other mail has, here or on another machine that shares the folder.
fn unique_name(host: &str) -> String {
    let now = since_epoch();
    let mut name = format!("{}.M{:06}P{}Q", now.as_secs(), now.subsec_micros(), std::process::id());
    append(&mut name, number(), 10);
    name.push('.');
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    name.extend(host.chars().take(64).map(plain));
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn another_goes_on_where_one_is_full() {
        let root = std::env::temp_dir().join(format!("helo-copy-{}", std::process::id()));
        std::fs::create_dir(&root).unwrap();
        let folder = Arc::new(Folder::open(File::open(&root).unwrap().as_fd(), None, true, None).unwrap());
        let message: String = (0..40_000).map(|line| format!("line {line}\r\n")).collect();
        // Full at once, after a part of it, at its end; a split between CR and LF among them.
        for at in [0, 5, 7, 100_000, 300_000, message.len()] {
            let mut first = Copy::create(&folder, 0, |top| top.write_str("First: top\r\n"), true, "mx").unwrap();
            first.push(&mut &message.as_bytes()[..at]).unwrap();
            let mut rest = &message.as_bytes()[at..];
            {
                let _full = fault::on_this_thread(Fault::Disk);
                assert!(first.push(&mut rest).and_then(|()| first.end()).is_err());
            }
            let mut other = Copy::create(&folder, 1, |top| top.write_str("Other: and longer\r\n"), true, "mx").unwrap();
            first.hand_over(&mut other).unwrap();
            other.push(&mut rest).unwrap();
            other.end().unwrap();
            let mut entry = other.close();
            entry.publish().unwrap();
            let name = entry.new.clone().unwrap();
            let stored = std::fs::read_to_string(root.join("new").join(&name)).unwrap();
            assert!(stored == format!("Other: and longer\n{}", message.replace("\r\n", "\n")), "full at {at}");
            assert!(name.ends_with(&format!(",S={}", stored.len())), "{name}");
        }
        assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn names_are_plain() {
        for (host, shown) in
            [("mx.example.com", "mx.example.com"), ("a/b:c,d", "a_b_c_d"), ("b\u{fc}ro..", "b_ro.."), ("", "")]
        {
            let name = unique_name(host);
            assert!(name.ends_with(&format!(".{shown}")) && !name.contains(['/', ':', ',']), "{name}");
        }
        assert!(unique_name(&"h".repeat(1000)).len() < 150, "with its size it must be shorter than 255");
    }
}
