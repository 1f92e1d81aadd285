//! Spools without a disk: in memory, for tests and devices, and to nowhere.

use super::{Confirmation, Delivery, Envelope, Refusal, Result, Spool};
use crate::net::lock::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A mail that was stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its envelope.
    pub envelope: Envelope,
    /// The message as it came.
    pub message: Vec<u8>,
}

/// Keeps mail in memory until the program takes it out; clones are the same spool. What is confirmed is gone when the
/// program ends. When the limit is reached mails are refused with 452.
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    mails: VecDeque<Stored>,
    /// Octets of the mails stored and of those on their way.
    used: usize,
}

impl Memory {
    /// Holds at most so many octets: messages, those that are on their way too, and their envelopes, addresses and
    /// parameters with all that they take of memory.
    pub fn new(limit: usize) -> Memory {
        Memory(Arc::new(Shared { limit, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Takes out the oldest mail.
    pub fn take(&self) -> Option<Stored> {
        self.taken(&mut self.0.state.lock())
    }

    /// Takes out the oldest mail, and waits for one if there is none.
    pub fn wait(&self, limit: Duration) -> Option<Stored> {
        let mut state = self.0.state.lock();
        self.0.changed.wait_while_for(&mut state, |state| state.mails.is_empty(), limit);
        self.taken(&mut state)
    }

    /// A copy of a mail that stays; the oldest is 0.
    pub fn get(&self, index: usize) -> Option<Stored> {
        self.0.state.lock().mails.get(index).cloned()
    }

    /// Waits until so many mails are stored: whether they are.
    pub fn wait_for(&self, count: usize, limit: Duration) -> bool {
        let mut state = self.0.state.lock();
        self.0.changed.wait_while_for(&mut state, |state| state.mails.len() < count, limit);
        state.mails.len() >= count
    }

    /// Forgets all mails.
    pub fn clear(&self) {
        let mut state = self.0.state.lock();
        while self.taken(&mut state).is_some() {}
    }

    fn taken(&self, state: &mut State) -> Option<Stored> {
        let mail = state.mails.pop_front()?;
        state.used -= cost(&mail);
        Some(mail)
    }

    /// How many mails are stored.
    pub fn len(&self) -> usize {
        self.0.state.lock().mails.len()
    }

    /// No mail is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a mail takes.
fn cost(mail: &Stored) -> usize {
    size_of::<Stored>() + mail.envelope.octets() + mail.message.capacity()
}

impl Spool for Memory {
    fn blocks(&self) -> bool {
        false
    }

    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        let shared = Arc::clone(&self.0);
        let mail = Stored { envelope: envelope.clone(), message: Vec::new() };
        let octets = cost(&mail);
        let mut gathering = Gathering { shared, reserved: 0, mail: Some(mail) };
        let announced = envelope.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        if announced > self.0.limit {
            return Err(Refusal::full());
        }
        gathering.reserve(octets)?;
        Ok(Box::new(gathering))
    }
}

/// A mail on its way into memory.
struct Gathering {
    shared: Arc<Shared>,
    reserved: usize,
    /// None once it is stored.
    mail: Option<Stored>,
}

impl Gathering {
    fn reserve(&mut self, octets: usize) -> Result<()> {
        let mut state = self.shared.state.lock();
        let used = state.used.saturating_add(octets);
        if used > self.shared.limit {
            return Err(Refusal::full().because(format!("{} octets is the limit", self.shared.limit)));
        }
        state.used = used;
        self.reserved += octets;
        Ok(())
    }
}

impl Delivery for Gathering {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        let Some((length, room)) = self.mail.as_ref().map(|mail| (mail.message.len(), mail.message.capacity())) else {
            return Ok(());
        };
        let needed = length.saturating_add(piece.len());
        if needed > room {
            // A part more than now, so that it is not moved too often; where that is too much, no more than it takes.
            let roomy = needed.max(room.saturating_add(room / 2));
            let most = match self.reserve(roomy - room) {
                Ok(()) => roomy,
                Err(_) => self.reserve(needed - room).map(|()| needed)?,
            };
            if let Some(mail) = &mut self.mail {
                let why = |why| Refusal::full().because(format!("{most} octets of memory for a message: {why}"));
                mail.message.try_reserve_exact(most - length).map_err(why)?;
            }
        }
        if let Some(mail) = &mut self.mail {
            mail.message.extend_from_slice(piece);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        let Some(mut mail) = self.mail.take() else { return Err(Refusal::local("the mail was stored before")) };
        mail.message.shrink_to_fit();
        // From here on the mail accounts for itself.
        let reserved = core::mem::replace(&mut self.reserved, 0);
        let saved = format!("Kept as {}", mail.envelope.id);
        let mut state = self.shared.state.lock();
        state.used = (state.used - reserved).saturating_add(cost(&mail));
        state.mails.push_back(mail);
        drop(state);
        // Each of those who wait may wait for another number.
        self.shared.changed.notify_all();
        Ok(Confirmation::All(saved))
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.shared.state.lock().used -= self.reserved;
    }
}

/// Confirms every mail, keeps none, and counts. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Discard(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    mails: AtomicU64,
    octets: AtomicU64,
}

impl Discard {
    /// Nothing counted yet.
    pub fn new() -> Discard {
        Discard::default()
    }

    /// Mails confirmed so far.
    pub fn mails(&self) -> u64 {
        self.0.mails.load(Ordering::Acquire)
    }

    /// Octets of their messages.
    pub fn octets(&self) -> u64 {
        self.0.octets.load(Ordering::Acquire)
    }
}

impl Spool for Discard {
    fn blocks(&self) -> bool {
        false
    }

    fn begin(&self, _envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        Ok(Box::new(Discarding { counts: Arc::clone(&self.0), octets: 0 }))
    }
}

struct Discarding {
    counts: Arc<Counts>,
    octets: u64,
}

impl Delivery for Discarding {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.octets += piece.len() as u64;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Confirmation> {
        self.counts.octets.fetch_add(self.octets, Ordering::AcqRel);
        self.counts.mails.fetch_add(1, Ordering::AcqRel);
        Ok(Confirmation::All(String::from("Discarded")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::envelope;
    use super::*;

    fn store(spool: &dyn Spool, message: &[u8]) -> Result<Confirmation> {
        let mut delivery = spool.begin(&envelope(&["b@example.com"]))?;
        message.chunks(7).try_for_each(|piece| delivery.write(piece))?;
        delivery.finish()
    }

    #[test]
    fn mails_come_out_in_order() {
        let memory = Memory::new(1 << 20);
        assert!(memory.take().is_none());
        for message in [&b"one\r\n"[..], b"two\r\nlines\r\n"] {
            store(&memory, message).unwrap();
        }
        assert_eq!(memory.len(), 2);
        let first = memory.take().unwrap();
        assert_eq!((first.message, first.envelope.recipients.len()), (b"one\r\n".to_vec(), 1));
        assert_eq!(memory.wait(Duration::ZERO).unwrap().message, b"two\r\nlines\r\n");
        assert!(memory.wait(Duration::ZERO).is_none());
    }

    #[test]
    fn a_waiting_thread_is_woken() {
        let memory = Memory::new(1 << 20);
        let waiting = std::thread::spawn({
            let memory = memory.clone();
            move || memory.wait(Duration::from_secs(60)).unwrap().message
        });
        store(&memory, b"x").unwrap();
        assert_eq!(waiting.join().unwrap(), b"x");
    }

    /// What a mail with this one recipient takes besides its message.
    fn bare(to: &str) -> usize {
        cost(&Stored { envelope: envelope(&[to]), message: Vec::new() })
    }

    #[test]
    fn what_it_holds_is_bounded() {
        let memory = Memory::new(2 * bare("b@example.com") + 150);
        store(&memory, &[b'x'; 100]).unwrap();
        let refusal = store(&memory, &[b'x'; 100]).unwrap_err();
        assert_eq!((refusal.code, refusal.enhanced.to_string()), (452, "4.3.1".into()));
        store(&memory, &[b'x'; 50]).unwrap();
        assert_eq!(store(&memory, b"").unwrap_err().code, 452, "a mail costs something without a message, too");
        memory.take().unwrap();
        store(&memory, &[b'x'; 100]).unwrap();
        while memory.take().is_some() {}
        assert_eq!(memory.0.state.lock().used, 0);
    }

    #[test]
    fn mails_on_their_way_count_and_those_given_up_do_not() {
        let memory = Memory::new(bare("b@example.com") + 100);
        let mut delivery = memory.begin(&envelope(&["b@example.com"])).unwrap();
        delivery.write(&[b'x'; 60]).unwrap();
        assert!(delivery.write(&[b'x'; 60]).is_err());
        assert_eq!(store(&memory, b"").unwrap_err().code, 452);
        drop(delivery);
        assert_eq!(memory.0.state.lock().used, 0);
        store(&memory, &[b'x'; 100]).unwrap();
    }

    /// Addresses and parameters are octets as those of the message are.
    #[test]
    fn envelopes_count() {
        use crate::proto::command::Parameter;
        let memory = Memory::new(1 << 20);
        let mut mail = envelope(&[format!("{}@example.com", "b".repeat(64)).as_str(); 10]);
        let mut used = 0;
        for (length, at_least) in [(0, 10 * 64), (500, 10 * 564), (4000, 10 * 4064)] {
            for recipient in &mut mail.recipients {
                recipient.params = vec![Parameter::parse(&format!("ORCPT=rfc822;{}", "c".repeat(length))).unwrap()];
            }
            memory.begin(&mail).unwrap().finish().unwrap();
            let now = memory.0.state.lock().used;
            assert!(now - used >= at_least && now - used < at_least + 10_000, "{}", now - used);
            used = now;
        }
        mail.params = vec![Parameter::parse(&format!("ENVID={}", "x".repeat(2 << 20))).unwrap()];
        assert_eq!(memory.begin(&mail).err().unwrap().code, 452);
    }

    #[test]
    fn what_is_discarded_is_counted() {
        let discard = Discard::new();
        store(&discard, b"12345").unwrap();
        store(&discard, b"678").unwrap();
        drop(discard.begin(&envelope(&["b"])).unwrap());
        assert_eq!((discard.mails(), discard.octets()), (2, 8));
    }
}
