//! One mail on its way into a Maildir, or into several.

use super::folder::Folder;
use super::lines::ToLf;
use super::unique::{append, number, since_epoch};
use super::{FolderName, LineEnds, Mailboxes, Shared, Syncs};
use crate::client::clock;
use crate::net::fault::{self, Fault};
use crate::proto::server::BodyType;
use crate::server::spool::{Confirmation, Delivery, Envelope, Recipient, Refusal, Result, trace};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

/// So much of a mail is gathered before it is written.
const BUFFER: usize = 64 * 1024;

/// A mail that is being stored.
pub(super) struct Storing {
    shared: Arc<Shared>,
    envelope: Envelope,
    /// Where it goes.
    places: Vec<Place>,
    /// The copy that the message is written to as it comes; the others are made of it at the end.
    first: Option<Copy>,
}

/// A Maildir and for whom the mail goes there.
struct Place {
    name: Option<FolderName>,
    folder: Arc<Folder>,
    /// Places in the envelope's list.
    recipients: Vec<usize>,
    /// Why it cannot be stored here.
    failed: Option<Refusal>,
}

impl Storing {
    /// A mail for the recipients that the envelope has so far.
    pub fn begin(shared: Arc<Shared>, mut envelope: Envelope) -> Result<Storing> {
        let known = std::mem::take(&mut envelope.recipients);
        let mut storing = Storing { shared, envelope, places: Vec::new(), first: None };
        match storing.shared.options.mailboxes {
            Mailboxes::One => {
                let folder = storing.shared.folder(None)?;
                let recipients = (0..known.len()).collect();
                storing.envelope.recipients = known;
                storing.places.push(Place { name: None, folder, recipients, failed: None });
                storing.check_room(0)?;
            }
            Mailboxes::Each { .. } => known.iter().try_for_each(|recipient| storing.add(recipient))?,
        }
        Ok(storing)
    }

    fn add(&mut self, recipient: &Recipient) -> Result<()> {
        let name = match &self.shared.options.mailboxes {
            Mailboxes::One => None,
            Mailboxes::Each { find, .. } => Some(find(&recipient.to).ok_or_else(Refusal::unknown_mailbox)?),
        };
        let index = self.envelope.recipients.len();
        match self.places.iter().position(|place| place.name == name) {
            Some(place) => self.places[place].recipients.push(index),
            None => {
                let folder = self.shared.folder(name.clone())?;
                self.places.push(Place { name, folder, recipients: vec![index], failed: None });
                if let Err(refusal) = self.check_room(self.places.len() - 1) {
                    self.places.pop();
                    return Err(refusal);
                }
            }
        }
        self.envelope.recipients.push(recipient.clone());
        Ok(())
    }

    /// Whether the disk has room for what MAIL announced, once for each copy.
    fn check_room(&self, place: usize) -> Result<()> {
        let keep = self.shared.options.keep_free;
        let announced = self.envelope.size().unwrap_or(0).saturating_mul(self.places.len() as u64);
        if keep == 0 && announced == 0 {
            return Ok(());
        }
        let folder = &self.places[place].folder;
        // A system that does not know lets the mail try.
        match folder.room() {
            Ok(room) if room < keep.saturating_add(announced) => {
                Err(Refusal::full().because(format!("{room} octets free, {announced} announced, {keep} to stay free")))
            }
            _ => Ok(()),
        }
    }

    /// Opens a file for the first place that can have one. With one answer for all, each place must.
    fn open_first(&mut self) -> Result<()> {
        if self.first.is_some() {
            return Ok(());
        }
        let mut last = Refusal::local("a mail without recipients");
        for at in 0..self.places.len() {
            match self.copy_for(at) {
                Ok(copy) => {
                    self.first = Some(copy);
                    return Ok(());
                }
                Err(refusal) if self.envelope.answers_each() => {
                    self.places[at].failed = Some(refusal.clone());
                    last = refusal;
                }
                Err(refusal) => return Err(refusal),
            }
        }
        Err(last)
    }

    /// A file in a place, with what stands on top of the message.
    fn copy_for(&self, at: usize) -> Result<Copy> {
        let place = &self.places[at];
        let all = &self.envelope.recipients;
        let recipients: Vec<&Recipient> = place.recipients.iter().filter_map(|&index| all.get(index)).collect();
        let top = trace::delivered(&self.envelope, &recipients, clock::now());
        let options = &self.shared.options;
        let to_lf = options.line_ends == LineEnds::Lf && self.envelope.body() != BodyType::Binary;
        let copy = Copy::create(&place.folder, at, &top, to_lf, &self.envelope.server);
        copy.map_err(|why| self.failed(at, "creating a file", &why))
    }

    /// The refusal for what the system said of a place.
    fn failed(&self, at: usize, what: &str, why: &io::Error) -> Refusal {
        let place = &self.places[at];
        self.shared.forget(&place.folder);
        let name = place.name.as_ref().map_or("", FolderName::as_str);
        Refusal::system(&format!("{what} in {}", self.shared.path.join(name).display()), why)
    }

    /// Runs a step for a copy. Where each recipient has an answer a failure concerns that place only.
    fn step(&mut self, at: usize, what: &str, done: io::Result<()>) -> Result<bool> {
        let Err(why) = done else { return Ok(true) };
        let refusal = self.failed(at, what, &why);
        if !self.envelope.answers_each() {
            return Err(refusal);
        }
        self.places[at].failed = Some(refusal);
        Ok(false)
    }

    /// Writes and syncs every copy.
    fn write_all(&mut self, mut first: Copy) -> Result<Vec<Copy>> {
        let written = first.end();
        let stored = written.and_then(|()| first.sync(self.shared.options.sync));
        // What the first file does not hold no other can get.
        stored.map_err(|why| self.failed(first.place, "writing a file", &why))?;
        let mut copies = Vec::with_capacity(self.places.len());
        for at in 0..self.places.len() {
            if at == first.place || self.places[at].failed.is_some() {
                continue;
            }
            let made = match self.copy_for(at) {
                Ok(mut copy) => {
                    let done = copy.fill_from(&mut first).and_then(|()| copy.sync(self.shared.options.sync));
                    self.step(at, "copying a file", done)?.then_some(copy)
                }
                Err(refusal) if self.envelope.answers_each() => {
                    self.places[at].failed = Some(refusal);
                    None
                }
                Err(refusal) => return Err(refusal),
            };
            copies.extend(made);
        }
        copies.push(first);
        Ok(copies)
    }
}

impl Delivery for Storing {
    fn recipient(&mut self, recipient: &Recipient) -> Result<()> {
        self.add(recipient)
    }

    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.open_first()?;
        let Some(copy) = &mut self.first else { return Ok(()) };
        let (at, done) = (copy.place, copy.push(piece));
        done.map_err(|why| self.failed(at, "writing a file", &why))
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        // An empty message has not been written to.
        self.open_first()?;
        let Some(first) = self.first.take() else { return Err(Refusal::local("a mail without a file")) };
        // Dropped before they are kept, copies take themselves back: after a failure, all of them.
        let mut copies = self.write_all(first)?;
        let mut at = 0;
        while at < copies.len() {
            let copy = &mut copies[at];
            let (place, done) = (copy.place, copy.publish());
            if self.step(place, "renaming a file", done)? { at += 1 } else { drop(copies.swap_remove(at)) }
        }
        at = 0;
        while at < copies.len() {
            let place = copies[at].place;
            let done = copies[at].folder.sync(self.shared.options.sync);
            if self.step(place, "syncing the folder", done)? { at += 1 } else { drop(copies.swap_remove(at)) }
        }
        copies.into_iter().for_each(Copy::keep);
        let saved = format!("Saved as {}", self.envelope.id);
        if !self.envelope.answers_each() {
            return Ok(Confirmation::All(saved));
        }
        let mut answers = vec![Ok(saved); self.envelope.recipients.len()];
        for place in &self.places {
            for &index in &place.recipients {
                if let (Some(refusal), Some(answer)) = (&place.failed, answers.get_mut(index)) {
                    *answer = Err(refusal.clone());
                }
            }
        }
        Ok(Confirmation::Each(answers))
    }
}

/// A mail's file in one Maildir. Dropped before it is [kept](Copy::keep) it goes, also from `new`.
struct Copy {
    place: usize,
    folder: Arc<Folder>,
    file: File,
    buffer: Vec<u8>,
    lines: Option<ToLf>,
    /// What stands on top of the message has so many octets.
    top: u64,
    /// Octets written so far.
    octets: u64,
    tmp: String,
    new: Option<String>,
    kept: bool,
}

impl Copy {
    fn create(folder: &Arc<Folder>, place: usize, top: &str, to_lf: bool, host: &str) -> io::Result<Copy> {
        let tmp = unique_name(host);
        let file = folder.create(&tmp)?;
        let mut copy = Copy {
            place,
            folder: Arc::clone(folder),
            file,
            buffer: Vec::new(),
            lines: to_lf.then(ToLf::default),
            top: 0,
            octets: 0,
            tmp,
            new: None,
            kept: false,
        };
        copy.push(top.as_bytes())?;
        copy.top = copy.octets + copy.buffer.len() as u64;
        Ok(copy)
    }

    fn push(&mut self, mut piece: &[u8]) -> io::Result<()> {
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
        self.octets += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The message is complete.
    fn end(&mut self) -> io::Result<()> {
        if let Some(lines) = &mut self.lines {
            lines.finish(&mut self.buffer);
        }
        self.flush()?;
        self.buffer = Vec::new();
        Ok(())
    }

    /// The message that `first` holds, which is complete.
    fn fill_from(&mut self, first: &mut Copy) -> io::Result<()> {
        self.flush()?;
        first.file.seek(SeekFrom::Start(first.top))?;
        let mut file = &self.file;
        self.octets += io::copy(&mut first.file, &mut file)?;
        Ok(())
    }

    fn sync(&self, how: Syncs) -> io::Result<()> {
        match how {
            Syncs::Never => Ok(()),
            Syncs::Grouped | Syncs::Single if fault::hit(Fault::Sync) => Err(rustix::io::Errno::IO.into()),
            Syncs::Grouped | Syncs::Single => self.file.sync_all(),
        }
    }

    fn publish(&mut self) -> io::Result<()> {
        let new = format!("{},S={}", self.tmp, self.octets);
        self.folder.publish(&self.tmp, &new)?;
        self.new = Some(new);
        Ok(())
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Copy {
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
