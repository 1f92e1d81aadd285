//! Locks. They do not poison: what is behind them is changed in one step, so it is whole after a panic too.
//!
//! They are the standard library's, which keep nothing beside themselves: a child of fork can use every lock that was
//! free in its parent. Those of the whole process ([`Mutex::process_wide`]) are always free when the process forks.

use super::fork::{self, Pass};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{self, PoisonError};
use std::time::{Duration, Instant};

/// A lock for one thread at a time.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    /// A fork waits until it is free.
    process_wide: bool,
    lock: sync::Mutex<T>,
}

/// Keeps a [`Mutex`] locked.
#[must_use = "the lock is released when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    /// There but while a [`Condvar`] waits. Released before the pass, since fields are dropped in their order.
    guard: Option<sync::MutexGuard<'a, T>>,
    _pass: Option<Pass>,
}

impl<T> Mutex<T> {
    /// A lock for an object of one process.
    pub const fn new(value: T) -> Self {
        Mutex { process_wide: false, lock: sync::Mutex::new(value) }
    }

    /// A lock that is held for moments only and is always free when the process forks. No [`Condvar`] waits with it.
    pub const fn process_wide(value: T) -> Self {
        Mutex { process_wide: true, lock: sync::Mutex::new(value) }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let pass = self.process_wide.then(fork::pass);
        MutexGuard { guard: Some(self.lock.lock().unwrap_or_else(PoisonError::into_inner)), _pass: pass }
    }

    /// The lock if it is free.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let pass = self.process_wide.then(fork::pass);
        let guard = match self.lock.try_lock() {
            Ok(guard) => guard,
            Err(sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(sync::TryLockError::WouldBlock) => return None,
        };
        Some(MutexGuard { guard: Some(guard), _pass: pass })
    }

    /// What is behind it: nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.lock.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Mutex<T> {
    /// What is behind it.
    pub fn into_inner(self) -> T {
        self.lock.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock.fmt(f)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.guard.as_ref().unwrap_or_else(|| unreachable!())
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().unwrap_or_else(|| unreachable!())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A lock for many who read or one who writes.
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    process_wide: bool,
    lock: sync::RwLock<T>,
}

/// Keeps an [`RwLock`] locked for reading.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    guard: sync::RwLockReadGuard<'a, T>,
    _pass: Option<Pass>,
}

/// Keeps an [`RwLock`] locked for writing.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    guard: sync::RwLockWriteGuard<'a, T>,
    _pass: Option<Pass>,
}

impl<T> RwLock<T> {
    /// A lock for an object of one process.
    pub const fn new(value: T) -> Self {
        RwLock { process_wide: false, lock: sync::RwLock::new(value) }
    }

    /// A lock that is held for moments only and is always free when the process forks.
    pub const fn process_wide(value: T) -> Self {
        RwLock { process_wide: true, lock: sync::RwLock::new(value) }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until nobody writes.
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let pass = self.process_wide.then(fork::pass);
        RwLockReadGuard { guard: self.lock.read().unwrap_or_else(PoisonError::into_inner), _pass: pass }
    }

    /// Waits until nobody else reads or writes.
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let pass = self.process_wide.then(fork::pass);
        RwLockWriteGuard { guard: self.lock.write().unwrap_or_else(PoisonError::into_inner), _pass: pass }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock.fmt(f)
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Waits for what another thread does to what is behind a [`Mutex`], one that is not of the whole process.
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

/// How a wait with an end has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut(bool);

impl TimedOut {
    /// Whether the time was over.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Nobody waits.
    pub const fn new() -> Self {
        Condvar(sync::Condvar::new())
    }

    /// Wakes one who waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }

    /// Waits, with the lock released meanwhile. May return without a cause.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        debug_assert!(guard._pass.is_none(), "a wait with a lock of the whole process would hold up every fork");
        if let Some(inner) = guard.guard.take() {
            guard.guard = Some(self.0.wait(inner).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The same for at most `limit`.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) -> TimedOut {
        debug_assert!(guard._pass.is_none(), "a wait with a lock of the whole process would hold up every fork");
        let Some(inner) = guard.guard.take() else { return TimedOut(true) };
        let (inner, waited) = self.0.wait_timeout(inner, limit).unwrap_or_else(PoisonError::into_inner);
        guard.guard = Some(inner);
        TimedOut(waited.timed_out())
    }

    /// The same until then.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> TimedOut {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { TimedOut(true) } else { self.wait_for(guard, left) }
    }

    /// Waits while `condition` holds, at most for `limit`.
    pub fn wait_while_for<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        limit: Duration,
    ) -> TimedOut {
        let until = Instant::now() + limit;
        while condition(guard) {
            if self.wait_until(guard, until).timed_out() {
                return TimedOut(condition(guard));
            }
        }
        TimedOut(false)
    }
}
