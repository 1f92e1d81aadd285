//! A mail's file in one Maildir: written as the mail comes, then renamed to where readers look.

use super::Syncs;
use super::folder::Folder;
use super::lines::ToLf;
use super::unique::{append, number, since_epoch};
use crate::net::fault::{self, Fault};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

/// So much of a mail is gathered before it is written.
const BUFFER: usize = 64 * 1024;

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
    /// A new file in `tmp` of the mail's Maildir number `place`, with what stands on top of the message.
    pub fn create(folder: &Arc<Folder>, place: usize, top: &str, to_lf: bool, host: &str) -> io::Result<Copy> {
        let tmp = unique_name(host);
        let file = folder.create(&tmp)?;
        let entry = Entry { place, folder: Arc::clone(folder), octets: 0, tmp, new: None, kept: false };
        let mut copy = Copy { entry, file, buffer: Vec::new(), lines: to_lf.then(ToLf::default), top: 0 };
        copy.push(top.as_bytes())?;
        copy.top = copy.entry.octets + copy.buffer.len() as u64;
        Ok(copy)
    }

    /// Which of the mail's Maildirs this is in.
    pub fn place(&self) -> usize {
        self.entry.place
    }

    /// The next piece of the message.
    pub fn push(&mut self, mut piece: &[u8]) -> io::Result<()> {
        while !piece.is_empty() {
            let (now, rest) = piece.split_at(piece.len().min(BUFFER));
            match &mut self.lines {
                Some(lines) => lines.push(now, &mut self.buffer),
                None => self.buffer.extend_from_slice(now),
            }
            piece = rest;
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
        self.file.write_all(&self.buffer)?;
        self.entry.octets += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
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
        first.file.seek(SeekFrom::Start(first.top))?;
        let mut file = &self.file;
        self.entry.octets += io::copy(&mut first.file, &mut file)?;
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
