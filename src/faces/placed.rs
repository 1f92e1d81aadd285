//! Structs that the caller allocates: the library keeps what belongs to one beside it, found by its address.
//!
//! Of the caller's memory only the magic number at offset 0 is read and written, as the originals did with their
//! `..._id` fields. A struct that was never created, was deleted, was overwritten or was copied to another place is
//! therefore an error, not a crash, and the layout of everything behind the number does not matter.
#![allow(unsafe_code)]

use crate::net::fork::{Inherited, Owner};
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Arc;

/// All live structs of one kind.
pub(crate) struct Placed<T> {
    magic: u32,
    live: Inherited<BTreeMap<usize, Live<T>>>,
}

/// What a struct stands for, in the process that created it. In a child of fork it is none: the child creates its own.
struct Live<T> {
    value: Arc<T>,
    owner: Owner,
}

// Derived, it would ask for values that can be cloned.
impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Live { value: self.value.clone(), owner: self.owner }
    }
}

impl<T> Live<T> {
    fn here(&self) -> Option<&Arc<T>> {
        self.owner.is_here().then_some(&self.value)
    }
}

/// Why a struct could not be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotPlaced {
    /// The pointer is NULL or cannot point to such a struct.
    BadPointer,
    /// A live struct of this kind is there already.
    Taken,
}

impl<T> Placed<T> {
    /// A kind whose structs carry `magic`.
    pub(crate) const fn new(magic: u32) -> Self {
        Placed { magic, live: Inherited::new(BTreeMap::new()) }
    }

    /// Makes the struct at `place` a live one that stands for `value`.
    ///
    /// # Safety
    /// `place` is NULL or points to at least 4 writable bytes.
    pub(crate) unsafe fn create<S>(&self, place: *mut S, value: T) -> Result<Arc<T>, NotPlaced> {
        let id = id_field(place).ok_or(NotPlaced::BadPointer)?;
        let mut live = self.live.write();
        if live.get(&(place as usize)).is_some_and(|live| live.here().is_some()) {
            return Err(NotPlaced::Taken);
        }
        let value = Arc::new(value);
        // What the parent of a fork created there is left alone: another thread of it may have been using it.
        std::mem::forget(live.insert(place as usize, Live { value: value.clone(), owner: Owner::here() }));
        // SAFETY: the caller's promise; the alignment was checked.
        unsafe { id.write(self.magic) };
        Ok(value)
    }

    /// What the struct at `place` stands for, if it is a live one.
    ///
    /// # Safety
    /// `place` is NULL or points to at least 4 readable bytes.
    pub(crate) unsafe fn get<S>(&self, place: *const S) -> Option<Arc<T>> {
        // SAFETY: the caller's promise.
        if !unsafe { self.is_marked(place) } {
            return None;
        }
        self.at(place as usize)
    }

    /// What the struct at this address stands for, if a live one was created there; its memory is not looked at.
    pub(crate) fn at(&self, address: usize) -> Option<Arc<T>> {
        self.live.read().get(&address)?.here().cloned()
    }

    /// Whether the magic number stands at `place`, be it ours or that of a struct that another library made.
    ///
    /// # Safety
    /// `place` is NULL or points to at least 4 readable bytes.
    pub(crate) unsafe fn is_marked<S>(&self, place: *const S) -> bool {
        // SAFETY: the caller's promise; the alignment was checked.
        id_field(place.cast_mut()).is_some_and(|id| unsafe { id.read() } == self.magic)
    }

    /// Takes the struct at `place` out of the live ones and clears its magic number.
    ///
    /// # Safety
    /// `place` is NULL or points to at least 4 writable bytes.
    pub(crate) unsafe fn remove<S>(&self, place: *mut S) -> Option<Arc<T>> {
        // SAFETY: the caller's promise.
        if !unsafe { self.is_marked(place) } {
            return None;
        }
        let mut live = self.live.write();
        live.get(&(place as usize))?.here()?;
        let value = live.remove(&(place as usize))?.value;
        if let Some(id) = id_field(place) {
            // SAFETY: the caller's promise; the alignment was checked.
            unsafe { id.write(0) };
        }
        Some(value)
    }

    /// All live values, by the address of their structs.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.live.read().values().filter_map(|live| live.here().cloned()).collect()
    }
}

/// The magic number's place, if the pointer can be one to such a struct.
fn id_field<S>(place: *mut S) -> Option<NonNull<u32>> {
    NonNull::new(place.cast::<u32>()).filter(|id| id.is_aligned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: u32 = 0x1234_5678;

    #[test]
    fn a_struct_is_found_where_it_was_created_only() {
        let kind = Placed::new(MAGIC);
        let (mut here, mut there) = ([0u32; 4], [0u32; 4]);
        // SAFETY: both arrays outlive the calls.
        unsafe {
            assert!(kind.get(here.as_ptr()).is_none());
            kind.create(here.as_mut_ptr(), 7).unwrap();
            assert_eq!(kind.create(here.as_mut_ptr(), 8).unwrap_err(), NotPlaced::Taken);
            there.copy_from_slice(&here);
            assert!(kind.is_marked(there.as_ptr()) && kind.get(there.as_ptr()).is_none());
            assert_eq!(kind.get(here.as_ptr()).as_deref(), Some(&7));
            assert_eq!(kind.at(here.as_ptr().addr()).as_deref(), Some(&7));
            assert!(kind.at(there.as_ptr().addr()).is_none());
            assert_eq!(kind.remove(here.as_mut_ptr()).as_deref(), Some(&7));
            assert_eq!(here[0], 0);
            assert!(kind.get(here.as_ptr()).is_none() && kind.remove(here.as_mut_ptr()).is_none());
        }
    }

    #[test]
    fn impossible_pointers_are_refused() {
        let kind = Placed::new(MAGIC);
        let mut bytes = [0u32; 4];
        let odd = bytes.as_mut_ptr().wrapping_byte_add(1);
        // SAFETY: NULL, and a pointer that is refused before it is followed.
        unsafe {
            assert_eq!(kind.create(std::ptr::null_mut::<u32>(), ()).unwrap_err(), NotPlaced::BadPointer);
            assert_eq!(kind.create(odd, ()).unwrap_err(), NotPlaced::BadPointer);
            assert!(kind.get(std::ptr::null::<u32>()).is_none() && kind.get(odd).is_none());
        }
    }
}
