//! A table of sessions: a free place is used again, and an old key of it finds nothing.

/// The key of an entry, never that of another one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) index: usize,
    generation: u32,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    entry: Option<T>,
}

/// Entries by key.
#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Slots { slots: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The key that the next [`insert`](Slots::insert) will give.
    pub(super) fn next_key(&self) -> Key {
        let index = self.free.last().copied().unwrap_or(self.slots.len());
        Key { index, generation: self.slots.get(index).map_or(0, |slot| slot.generation) }
    }

    pub(super) fn insert(&mut self, entry: T) -> Key {
        let key = self.next_key();
        match self.free.pop() {
            Some(index) => self.slots[index].entry = Some(entry),
            None => self.slots.push(Slot { generation: 0, entry: Some(entry) }),
        }
        key
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.slots.get_mut(key.index).filter(|slot| slot.generation == key.generation)?.entry.as_mut()
    }

    /// The key of the entry that is at this place now.
    pub(super) fn key_at(&self, index: usize) -> Option<Key> {
        let slot = self.slots.get(index).filter(|slot| slot.entry.is_some())?;
        Some(Key { index, generation: slot.generation })
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index).filter(|slot| slot.generation == key.generation)?;
        let entry = slot.entry.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        Some(entry)
    }

    /// The keys of all entries.
    pub(super) fn keys(&self) -> Vec<Key> {
        (0..self.slots.len()).filter_map(|index| self.key_at(index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_keys_find_nothing() {
        let mut slots = Slots::new();
        let (a, b) = (slots.insert('a'), slots.insert('b'));
        assert_eq!(slots.remove(a), Some('a'));
        assert_eq!((slots.remove(a), slots.get_mut(a)), (None, None));
        let next = slots.next_key();
        let c = slots.insert('c');
        assert_eq!((c, c.index), (next, a.index));
        assert_eq!((slots.get_mut(a).copied(), slots.len()), (None, 2));
        assert_eq!((slots.get_mut(b).copied(), slots.get_mut(c).copied()), (Some('b'), Some('c')));
        assert_eq!(slots.keys(), [c, b]);
    }
}
