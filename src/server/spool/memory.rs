//! Spools without a disk: in memory, for tests and devices, and to nowhere.

use super::{Confirmation, Delivery, Envelope, Refusal, Result, Spool};
use crate::net::lock::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Besides its message a mail counts for so many octets, and each recipient for so many more.
const MAIL_COST: usize = 1024;
const RECIPIENT_COST: usize = 512;

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
    /// Holds at most so many octets: messages, those that are on their way too, and 1024 for each mail and 512 for
    /// each recipient.
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

    fn taken(&self, state: &mut State) -> Option<Stored> {
        let mail = state.mails.pop_front()?;
        state.used -= cost(&mail.envelope) + mail.message.len();
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

fn cost(envelope: &Envelope) -> usize {
    MAIL_COST + envelope.recipients.len() * RECIPIENT_COST
}

impl Spool for Memory {
    fn blocks(&self) -> bool {
        false
    }

    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        let shared = Arc::clone(&self.0);
        let mail = Some(Stored { envelope: envelope.clone(), message: Vec::new() });
        let mut gathering = Gathering { shared, reserved: 0, mail };
        let announced = envelope.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        if announced > self.0.limit {
            return Err(Refusal::full());
        }
        gathering.reserve(cost(envelope))?;
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
        self.reserve(piece.len())?;
        if let Some(mail) = &mut self.mail {
            mail.message.extend_from_slice(piece);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        let Some(mail) = self.mail.take() else { return Err(Refusal::local("the mail was stored before")) };
        // From here on the mail accounts for itself.
        self.reserved = 0;
        let saved = format!("Kept as {}", mail.envelope.id);
        self.shared.state.lock().mails.push_back(mail);
        self.shared.changed.notify_one();
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

    #[test]
    fn what_it_holds_is_bounded() {
        let memory = Memory::new(2 * (MAIL_COST + RECIPIENT_COST) + 150);
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
        let memory = Memory::new(MAIL_COST + RECIPIENT_COST + 100);
        let mut delivery = memory.begin(&envelope(&["b"])).unwrap();
        delivery.write(&[b'x'; 60]).unwrap();
        assert!(delivery.write(&[b'x'; 60]).is_err());
        assert_eq!(store(&memory, b"").unwrap_err().code, 452);
        drop(delivery);
        store(&memory, &[b'x'; 100]).unwrap();
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
