//! One mail on its way into a Maildir, or into several.

use super::copy::{Copy, Entry};
use super::folder::Folder;
use super::{FolderName, LineEnds, Mailboxes, Shared};
use crate::client::clock;
use crate::proto::server::BodyType;
use crate::server::spool::trace::Seam;
use crate::server::spool::{Confirmation, Delivery, Envelope, Recipient, Refusal, Result, trace};
use std::fmt::Write;
use std::io;
use std::sync::Arc;

/// So many Maildirs one mail may go to: each has descriptors open until the mail is confirmed.
const PLACES_MAX: usize = 250;

/// A mail that is being stored.
pub(super) struct Storing {
    shared: Arc<Shared>,
    envelope: Envelope,
    /// Where it goes.
    places: Vec<Place>,
    /// The copy that the message is written to as it comes; the others are made of it at the end.
    first: Option<Copy>,
    seam: Seam,
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
        let mut storing = Storing { shared, envelope, places: Vec::new(), first: None, seam: Seam::default() };
        match storing.shared.options.mailboxes {
            Mailboxes::One => {
                let folder = storing.shared.open.folder(None)?;
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
        let index = self.envelope.recipients.len();
        let names = self.names(recipient)?;
        let places = self.places.len();
        for name in names {
            if let Err(refusal) = self.join(name, index) {
                // Who does not get it whole does not get it.
                self.places.truncate(places);
                self.places.iter_mut().for_each(|place| place.recipients.retain(|known| *known != index));
                return Err(refusal);
            }
        }
        self.envelope.recipients.push(recipient.clone());
        Ok(())
    }

    /// The Maildirs of a recipient: several where it stands for others.
    fn names(&self, recipient: &Recipient) -> Result<Vec<Option<FolderName>>> {
        let Mailboxes::Each { find, .. } = &self.shared.options.mailboxes else { return Ok(vec![None]) };
        let Some(targets) = self.shared.options.aliases.as_ref().and_then(|expand| expand(&recipient.to)) else {
            let name = find(&recipient.to).ok_or_else(Refusal::unknown_mailbox)?;
            return Ok(vec![Some(self.shared.open.as_named(name, &recipient.to))]);
        };
        let names = targets.iter().map(|target| {
            let name = find(target).ok_or_else(Refusal::unknown_mailbox)?;
            let name = self.shared.open.as_named(name, target);
            // Whoever sends cannot mend it.
            let folder = self
                .shared
                .open
                .folder(Some(&name))
                .map_err(|why| Refusal::local(format!("the alias stands for {target}: {}", why.cause)));
            folder.map(|_| Some(name))
        });
        names.collect()
    }

    /// The recipient of this place in the list has the mail in this Maildir, too.
    fn join(&mut self, name: Option<FolderName>, index: usize) -> Result<()> {
        match self.places.iter().position(|place| place.name == name) {
            Some(place) if self.places[place].recipients.contains(&index) => {}
            Some(place) => self.places[place].recipients.push(index),
            None if self.places.len() >= PLACES_MAX => {
                // RFC 5321 section 4.5.3.1.10: the client sends another mail to those who are left.
                return Err(Refusal::new(452, (5, 3), "Too many mailboxes for one mail: send it to these in another"));
            }
            None => {
                let folder = self.shared.open.folder(name.as_ref())?;
                self.places.push(Place { name, folder, recipients: vec![index], failed: None });
                if let Err(refusal) = self.check_room(self.places.len() - 1) {
                    self.places.pop();
                    return Err(refusal);
                }
            }
        }
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
            if let Some(refusal) = &self.places[at].failed {
                last = refusal.clone();
                continue;
            }
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

    /// The file that the message is written to takes no more. With an answer for each recipient, another place goes on
    /// with what is in it: one full mailbox must not keep the mail from the others, time after time.
    fn go_elsewhere(&mut self, why: &io::Error) -> Result<()> {
        let Some(mut full) = self.first.take() else { return Ok(()) };
        let mut refusal = self.failed(full.place(), "writing a file", why);
        if !self.envelope.answers_each() {
            return Err(refusal);
        }
        let mut at = full.place();
        loop {
            self.places[at].failed = Some(refusal);
            self.open_first()?;
            let Some(mut next) = self.first.take() else { return Ok(()) };
            let Err(why) = full.hand_over(&mut next) else {
                self.first = Some(next);
                return Ok(());
            };
            at = next.place();
            refusal = self.failed(at, "going on with a file", &why);
        }
    }

    /// A file in a place, with what stands on top of the message.
    fn copy_for(&self, at: usize) -> Result<Copy> {
        let place = &self.places[at];
        let all = &self.envelope.recipients;
        let recipients: Vec<&Recipient> = place.recipients.iter().filter_map(|&index| all.get(index)).collect();
        let top = |text: &mut dyn Write| trace::delivered(&self.envelope, &recipients, clock::now(), text);
        let options = &self.shared.options;
        let to_lf = options.line_ends == LineEnds::Lf && self.envelope.body() != BodyType::Binary;
        let copy = Copy::create(&place.folder, at, top, to_lf, &self.envelope.server);
        copy.map_err(|why| self.failed(at, "creating a file", &why))
    }

    /// The refusal for what the system said of a place.
    fn failed(&self, at: usize, what: &str, why: &io::Error) -> Refusal {
        let place = &self.places[at];
        self.shared.open.forget(&place.folder);
        Refusal::system(&format!("{what} in {}", self.shared.open.path(place.name.as_ref()).display()), why)
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

    /// Writes and syncs every copy. No more than two files are open at a time.
    fn write_all(&mut self) -> Result<Vec<Entry>> {
        let sync = self.shared.options.sync;
        while let Some(first) = &mut self.first {
            let Err(why) = first.end() else { break };
            self.go_elsewhere(&why)?;
        }
        let Some(mut first) = self.first.take() else { return Err(Refusal::local("a mail without a file")) };
        // What the disk says to have lost of the first file no other can get from it.
        first.sync(sync).map_err(|why| self.failed(first.place(), "syncing a file", &why))?;
        let mut entries = Vec::with_capacity(self.places.len());
        for at in 0..self.places.len() {
            if at == first.place() || self.places[at].failed.is_some() {
                continue;
            }
            let made = match self.copy_for(at) {
                Ok(mut copy) => {
                    let done = copy.fill_from(&mut first).and_then(|()| copy.sync(sync));
                    self.step(at, "copying a file", done)?.then(|| copy.close())
                }
                Err(refusal) if self.envelope.answers_each() => {
                    self.places[at].failed = Some(refusal);
                    None
                }
                Err(refusal) => return Err(refusal),
            };
            entries.extend(made);
        }
        entries.push(first.close());
        Ok(entries)
    }

    /// Runs a step for every entry; those for which it fails are taken back.
    fn for_all(
        &mut self,
        entries: &mut Vec<Entry>,
        what: &str,
        mut step: impl FnMut(&mut Entry) -> io::Result<()>,
    ) -> Result<()> {
        let mut at = 0;
        while at < entries.len() {
            let entry = &mut entries[at];
            let (place, done) = (entry.place, step(entry));
            if self.step(place, what, done)? { at += 1 } else { drop(entries.swap_remove(at)) }
        }
        Ok(())
    }
}

impl Delivery for Storing {
    fn recipient(&mut self, recipient: &Recipient) -> Result<()> {
        self.add(recipient)
    }

    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.open_first()?;
        for mut part in self.seam.join(piece) {
            while let Some(first) = &mut self.first {
                let Err(why) = first.push(&mut part) else { break };
                self.go_elsewhere(&why)?;
            }
        }
        Ok(())
    }

    fn held(&self) -> usize {
        let places = self.places.iter().map(|place| {
            let name = place.name.as_ref().map_or(0, |name| name.as_str().len());
            size_of::<Place>() + name + size_of_val(place.recipients.as_slice())
        });
        let list = size_of_val(self.envelope.recipients.as_slice());
        size_of::<Storing>() + list + places.sum::<usize>() + self.first.as_ref().map_or(0, Copy::held)
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        // An empty message has not been written to.
        self.open_first()?;
        // Dropped before they are kept, entries take themselves back: after a failure, all of them.
        let mut entries = self.write_all()?;
        let sync = self.shared.options.sync;
        self.for_all(&mut entries, "renaming a file", Entry::publish)?;
        self.for_all(&mut entries, "syncing the folder", |entry| entry.folder.sync(sync))?;
        entries.into_iter().for_each(Entry::keep);
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
