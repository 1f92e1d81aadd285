//! Handles: small numbers that stand for objects of the library, safe against whatever a program passes back.
//!
//! A handle is a slot's number and the slot's generation, which grows each time the slot is given out again. It fits in
//! 31 bits, so that it is a positive `int` too, and is never 0. A stale handle has an old generation and is not found.
//! So that a stale copy does not come to mean another object, freed slots wait in a queue of [`QUARANTINE`] before the
//! oldest is used again: a number returns after more than a hundred million others. Each table begins at a generation of
//! its own, so that a handle of one table is not found in another, and file descriptors and other small numbers in none.
//!
//! An object belongs to the process that made it: in a child of fork its handle is none ([`HandleTable::is_foreign`]), for
//! what another thread of the parent was doing with it is never finished there.
//!
//! Objects are shared (`Arc`): a call that runs keeps its object alive when another thread removes the handle. No lock
//! of the table is held while anything else runs.

use crate::net::fork::{Inherited, Owner};
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const SLOT_BITS: u32 = 16;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;
const GENERATIONS: u32 = 1 << (31 - SLOT_BITS);

/// So many freed slots wait before one is used again, unless the table is at its limit.
const QUARANTINE: usize = 4096;

/// No table holds more objects at once.
pub const MAX_OBJECTS: usize = 1 << SLOT_BITS;

/// A handle that was given out: never 0, at most 31 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(NonZeroU32);

impl Handle {
    /// The number as C gets it; every integer type of C from 32 bits on holds it, signed or not.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The number as an `int`, positive.
    pub fn as_int(self) -> i32 {
        self.0.get().cast_signed()
    }

    fn new(slot: usize, generation: u32) -> Option<Self> {
        NonZeroU32::new(generation << SLOT_BITS | u32::try_from(slot).ok()?).map(Handle)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The table is at its limit, or memory is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFull;

impl fmt::Display for TableFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many handles are open: close some")
    }
}

impl std::error::Error for TableFull {}

/// One kind of objects and their handles. Made for a `static`.
pub struct HandleTable<T> {
    slots: Inherited<Slots<T>>,
    limit: usize,
}

#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// Freed slots, the longest free first.
    free: VecDeque<usize>,
    /// The generation a new slot begins with; 0 until the table is first used.
    first_generation: u32,
}

#[derive(Debug)]
struct Slot<T> {
    /// The generation of the object, or of the one that was here last. 1 to `GENERATIONS - 1`.
    generation: u32,
    object: Option<Arc<T>>,
    owner: Owner,
}

impl<T> HandleTable<T> {
    /// A table for as many objects as handles can tell apart.
    pub const fn new() -> Self {
        Self::with_limit(MAX_OBJECTS)
    }

    /// A table for at most `limit` objects at once.
    pub const fn with_limit(limit: usize) -> Self {
        let limit = if limit < MAX_OBJECTS { limit } else { MAX_OBJECTS };
        let slots = Slots { slots: Vec::new(), free: VecDeque::new(), first_generation: 0 };
        HandleTable { slots: Inherited::new(slots), limit }
    }

    /// Gives the object a handle.
    pub fn insert(&self, object: Arc<T>) -> Result<Handle, TableFull> {
        self.insert_with(|_| object)
    }

    /// Gives the object that `make` makes a handle, told to `make`. The table is locked meanwhile: `make` only builds.
    pub fn insert_with(&self, make: impl FnOnce(Handle) -> Arc<T>) -> Result<Handle, TableFull> {
        let mut table = self.slots.write();
        let (slot, generation) = table.pick(self.limit).ok_or(TableFull)?;
        let handle = Handle::new(slot, generation).ok_or(TableFull)?;
        let object = Some(make(handle));
        let owner = Owner::here();
        // Nothing below fails or panics: `pick` has made room.
        match table.slots.get_mut(slot) {
            Some(used) => {
                *used = Slot { generation, object, owner };
                table.free.pop_front();
            }
            None => table.slots.push(Slot { generation, object, owner }),
        }
        Ok(handle)
    }

    /// The object, unless the number is no handle of this table or its object was removed.
    pub fn get(&self, handle: usize) -> Option<Arc<T>> {
        let (slot, generation) = split(handle)?;
        let table = self.slots.read();
        let slot = table.slots.get(slot).filter(|slot| slot.generation == generation && slot.owner.is_here())?;
        slot.object.clone()
    }

    /// Whether the number is a handle of the parent process.
    pub fn is_foreign(&self, handle: usize) -> bool {
        let Some((slot, generation)) = split(handle) else { return false };
        let table = self.slots.read();
        let slot = table.slots.get(slot).filter(|slot| slot.generation == generation);
        slot.is_some_and(|slot| slot.object.is_some() && !slot.owner.is_here())
    }

    /// Takes the object out; its handle is stale from here on. Only one of several callers gets it.
    pub fn remove(&self, handle: usize) -> Option<Arc<T>> {
        let (number, generation) = split(handle)?;
        let mut table = self.slots.write();
        let slot = table.slots.get_mut(number).filter(|slot| slot.generation == generation && slot.owner.is_here())?;
        let object = slot.object.take()?;
        // Room for every slot was reserved when it was made.
        table.free.push_back(number);
        Some(object)
    }

    /// All handles and objects of this moment, in no order. The table is not locked while the caller looks at them.
    pub fn snapshot(&self) -> Vec<(Handle, Arc<T>)> {
        let table = self.slots.read();
        let live = table.slots.iter().enumerate().filter_map(|(number, slot)| {
            let object = slot.object.clone().filter(|_| slot.owner.is_here())?;
            Some((Handle::new(number, slot.generation)?, object))
        });
        live.collect()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        let table = self.slots.read();
        table.slots.len() - table.free.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for HandleTable<T> {
    fn default() -> Self {
        Self::new()
    }
}

// Derived, these would ask for objects that can be cloned.
impl<T> Clone for Slots<T> {
    fn clone(&self) -> Self {
        // Room for every slot, as `pick` has it.
        let mut free = VecDeque::with_capacity(self.slots.len());
        free.extend(&self.free);
        Slots { slots: self.slots.clone(), free, first_generation: self.first_generation }
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Slot { generation: self.generation, object: self.object.clone(), owner: self.owner }
    }
}

impl<T> Slots<T> {
    /// The slot and generation for the next object, with the memory for it reserved. A slot that is not there yet is the
    /// one after the last.
    fn pick(&mut self, limit: usize) -> Option<(usize, u32)> {
        if self.first_generation == 0 {
            self.first_generation = own_first_generation();
        }
        let may_grow = self.slots.len() < MAX_OBJECTS;
        if self.slots.len() - self.free.len() >= limit {
            return None;
        }
        if may_grow && self.free.len() < QUARANTINE {
            self.slots.try_reserve(1).ok()?;
            // So that `remove` never needs memory: the queue can hold every slot.
            let wanted = (self.slots.len() + 1).saturating_sub(self.free.len());
            self.free.try_reserve(wanted).ok()?;
            return Some((self.slots.len(), self.first_generation));
        }
        let slot = *self.free.front()?;
        Some((slot, next_generation(self.slots.get(slot)?.generation)))
    }
}

/// The generation after this one: 0 never comes.
fn next_generation(generation: u32) -> u32 {
    if generation + 1 < GENERATIONS { generation + 1 } else { 1 }
}

/// A different beginning for each table of the process, far from the others'.
fn own_first_generation() -> u32 {
    static TABLES: AtomicU32 = AtomicU32::new(0);
    // An odd number near the golden section of the range: the beginnings spread out and return only after all of it.
    let spread = TABLES.fetch_add(1, Ordering::Relaxed).wrapping_mul(20_251);
    1 + spread.wrapping_add(12_345) % (GENERATIONS - 1)
}

/// Slot and generation of a number; `None` if no handle looks like that.
fn split(handle: usize) -> Option<(usize, u32)> {
    let handle = u32::try_from(handle).ok()?;
    let generation = handle >> SLOT_BITS;
    let well_formed = generation != 0 && generation < GENERATIONS;
    well_formed.then_some(((handle & SLOT_MASK) as usize, generation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn raw(handle: Handle) -> usize {
        handle.get() as usize
    }

    #[test]
    fn an_object_is_found_until_it_is_removed_and_removed_once() {
        let table = HandleTable::new();
        let handle = table.insert(Arc::new("a")).unwrap();
        assert_eq!(table.get(raw(handle)).as_deref(), Some(&"a"));
        assert_eq!(table.remove(raw(handle)).as_deref(), Some(&"a"));
        assert_eq!(table.get(raw(handle)), None);
        assert_eq!(table.remove(raw(handle)), None);
        assert!(table.is_empty());
    }

    #[test]
    fn garbage_is_never_a_handle() {
        let table = HandleTable::new();
        let handle = table.insert(Arc::new(())).unwrap();
        for number in 0..70_000 {
            assert!(table.get(number).is_none(), "small numbers such as descriptors");
        }
        let foreign = [usize::MAX, (-1_i32) as usize, raw(handle) | 1 << 31, raw(handle) ^ 1, raw(handle) ^ 1 << 16];
        for number in foreign {
            assert!(table.get(number).is_none() && table.remove(number).is_none(), "{number:#x}");
        }
        #[cfg(target_pointer_width = "64")]
        assert!(table.get(raw(handle) | 1 << 32).is_none(), "high bits are not ignored");
    }

    #[test]
    fn handles_of_one_table_are_foreign_to_another() {
        let tables: [HandleTable<usize>; 8] = std::array::from_fn(|_| HandleTable::new());
        let handles: Vec<_> = tables.iter().map(|t| t.insert(Arc::new(0)).unwrap()).collect();
        for (i, table) in tables.iter().enumerate() {
            for (j, &handle) in handles.iter().enumerate() {
                assert_eq!(table.get(raw(handle)).is_some(), i == j);
            }
        }
    }

    #[test]
    fn handles_fit_in_31_bits_and_do_not_return() {
        let table = HandleTable::new();
        let mut seen = HashSet::new();
        for _ in 0..200_000 {
            let handle = table.insert(Arc::new(())).unwrap();
            assert!(handle.as_int() > 0);
            assert!(seen.insert(handle), "{handle:?} was given out twice");
            table.remove(raw(handle)).unwrap();
        }
        assert!(table.slots.read().slots.len() <= QUARANTINE + 1, "the table does not grow with its use");
    }

    #[test]
    fn generations_wrap_and_skip_zero() {
        assert_eq!(next_generation(1), 2);
        assert_eq!(next_generation(GENERATIONS - 1), 1);
        let last = Handle::new(MAX_OBJECTS - 1, GENERATIONS - 1).unwrap();
        assert_eq!(last.get(), i32::MAX as u32, "the largest handle");
    }

    #[test]
    fn a_full_table_refuses_and_recovers() {
        let table = HandleTable::with_limit(3);
        let handles: Vec<_> = (0..3).map(|n| table.insert(Arc::new(n)).unwrap()).collect();
        assert_eq!(table.insert(Arc::new(3)), Err(TableFull));
        assert_eq!(table.len(), 3);
        table.remove(raw(handles[1])).unwrap();
        let again = table.insert(Arc::new(4)).unwrap();
        assert_eq!(table.get(raw(again)).as_deref(), Some(&4));
        assert_eq!(table.get(raw(handles[1])), None);
    }

    #[test]
    fn the_largest_table_is_used_to_its_last_slot() {
        let table = HandleTable::new();
        let object = Arc::new(());
        let handles: Vec<_> = (0..MAX_OBJECTS).map(|_| table.insert(object.clone()).unwrap()).collect();
        assert_eq!(table.insert(object.clone()), Err(TableFull));
        table.remove(raw(handles[0])).unwrap();
        let again = table.insert(object).unwrap();
        assert_ne!(again, handles[0]);
        assert!(table.get(raw(again)).is_some() && table.get(raw(handles[0])).is_none());
    }

    #[test]
    fn an_object_in_use_outlives_its_handle() {
        let table = HandleTable::new();
        let handle = table.insert_with(Arc::new).unwrap();
        let in_use = table.get(raw(handle)).unwrap();
        drop(table.remove(raw(handle)));
        assert_eq!(*in_use, handle);
    }

    #[test]
    fn a_snapshot_has_every_object() {
        let table = HandleTable::new();
        let mut handles: Vec<_> = (0..5).map(|n| table.insert(Arc::new(n)).unwrap()).collect();
        table.remove(raw(handles.remove(2))).unwrap();
        let mut found: Vec<_> = table.snapshot().into_iter().map(|(handle, _)| handle).collect();
        found.sort();
        handles.sort();
        assert_eq!(found, handles);
    }

    #[test]
    fn many_threads_insert_and_remove_without_mixing_objects() {
        let table = Arc::new(HandleTable::new());
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let table = table.clone();
                std::thread::spawn(move || {
                    for n in 0..2_000 {
                        let handle = table.insert(Arc::new((thread, n))).unwrap();
                        assert_eq!(table.remove(raw(handle)).as_deref(), Some(&(thread, n)));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(table.is_empty());
    }
}
