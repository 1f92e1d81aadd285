//! When which session wants to be looked at: a heap in which each has hardly more than one entry.
//!
//! A deadline that moves back, as those of a session do with each command, costs nothing: its entry stays where it was,
//! and is put back to its new place when its time has come. Only a deadline that moves forward makes a new entry.

use super::slots::Key;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The deadline of one session, kept beside it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadline {
    at: Option<Instant>,
    /// The time of the entry in the heap that counts.
    armed: Option<Instant>,
}

/// So many entries may be left of sessions that have ended, and as many as there are sessions.
const LEFT: usize = 1024;

impl Deadline {
    /// Whether the entry of this time is the one that counts.
    pub(super) fn has(&self, entry: Instant) -> bool {
        self.armed == Some(entry)
    }
}

/// The deadlines of many.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Key)>>,
}

impl Timers {
    /// A session's deadline is at this time from now on, or there is none.
    pub(super) fn set(&mut self, key: Key, deadline: &mut Deadline, at: Option<Instant>) {
        deadline.at = at;
        let Some(at) = at else { return };
        if deadline.armed.is_none_or(|armed| at < armed) {
            deadline.armed = Some(at);
            self.heap.push(Reverse((at, key)));
        }
    }

    /// When the first entry is due. It may be of a deadline that has moved.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the first entry that is due: whose it is and its time. [`Timers::is_due`] says whether it means something.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Key, Instant)> {
        let Reverse((at, key)) = self.heap.peek().copied()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        Some((key, at))
    }

    /// An entry of this session with this time was taken: is its deadline over? If it is later now, it is put back.
    pub(super) fn is_due(&mut self, key: Key, deadline: &mut Deadline, entry: Instant, now: Instant) -> bool {
        if !deadline.has(entry) {
            return false; // an earlier one has taken its place
        }
        deadline.armed = None;
        match deadline.at {
            None => false,
            Some(at) if at <= now => true,
            later => {
                self.set(key, deadline, later);
                false
            }
        }
    }

    /// Forgets the entries that mean nothing any more when there are many of them beside those of the `live` sessions:
    /// clients that only come and go would fill the memory with what is due in minutes. `counts` says of an entry whether
    /// its session [has](Deadline::has) it still.
    pub(super) fn tidy(&mut self, live: usize, mut counts: impl FnMut(Key, Instant) -> bool) {
        if self.heap.len() > LEFT + 2 * live {
            self.heap.retain(|Reverse((at, key))| counts(*key, *at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::slots::Slots;
    use super::*;
    use std::time::Duration;

    #[test]
    fn deadlines_move_both_ways() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut slots = Slots::new();
        let key = slots.insert(());
        let (mut timers, mut deadline) = (Timers::default(), Deadline::default());
        for later in [10, 11, 12, 5, 20] {
            timers.set(key, &mut deadline, Some(at(later)));
        }
        // 10 and 5: the deadline moved forward once.
        assert_eq!(timers.heap.len(), 2);
        let mut due = Vec::new();
        for second in 0..30 {
            while let Some((key, entry)) = timers.pop(at(second)) {
                if timers.is_due(key, &mut deadline, entry, at(second)) {
                    due.push(second);
                }
            }
        }
        assert_eq!(due, [20]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn without_a_deadline_nothing_is_due() {
        let now = Instant::now();
        let key = Slots::new().insert(());
        let (mut timers, mut deadline) = (Timers::default(), Deadline::default());
        timers.set(key, &mut deadline, Some(now));
        timers.set(key, &mut deadline, None);
        let (key, entry) = timers.pop(now).unwrap();
        assert!(!timers.is_due(key, &mut deadline, entry, now));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn sessions_that_have_ended_leave_little() {
        let now = Instant::now();
        let later = |seconds| Some(now + Duration::from_secs(seconds));
        let (mut slots, mut timers) = (Slots::new(), Timers::default());
        let staying = slots.insert(Deadline::default());
        timers.set(staying, slots.get_mut(staying).unwrap(), later(300));
        for number in 0..10 * LEFT as u64 {
            let key = slots.insert(Deadline::default());
            timers.set(key, slots.get_mut(key).unwrap(), later(300 + number));
            slots.remove(key);
            timers.tidy(slots.len(), |key, at| slots.get_mut(key).is_some_and(|deadline| deadline.has(at)));
            assert!(timers.heap.len() <= LEFT + 2);
        }
        timers.set(staying, slots.get_mut(staying).unwrap(), later(1));
        let (key, entry) = timers.pop(now + Duration::from_secs(2)).unwrap();
        assert!(key == staying && timers.is_due(key, slots.get_mut(key).unwrap(), entry, entry));
    }
}
