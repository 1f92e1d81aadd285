//! Children made by `fork`: what they have of their parent, and how they come by it whole.
//!
//! A child has its parent's memory and one thread. A lock that another thread held stays held in it for ever, and a
//! connection that both have would get both processes' commands. So there are three rules:
//!
//! - **What is set for the whole process is inherited whole.** It stands behind locks that are [`process_wide`]
//!   (`super::lock`): whoever holds one has a [`Pass`], and a fork waits, for at most [`PATIENCE`], until nobody has one.
//!   These locks are held for moments only, and never while anything of the program runs. What every call reads stands in
//!   an [`Inherited`], where reading needs no pass.
//! - **What serves threads and connections is the process's own.** It stands in an [`Own`], which is made anew in a child:
//!   helpers, the driver, kept TLS sessions.
//! - **Objects belong to the process that made them.** Handles of the parent are refused in a child, its sockets are not
//!   written to, its waits end: each keeps the [`generation`] it was made in.
//!
//! `capi::process` has the system call [`before`], [`after_in_parent`] and [`after_in_child`]. A child of vfork or
//! posix_spawn is untouched by all this.
//!
//! [`process_wide`]: super::lock::Mutex::process_wide

use super::lock::{Mutex, MutexGuard};
use std::cell::Cell;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// So long a fork waits for those who have a pass, and they for the fork. Nobody keeps one for longer than it takes to
/// write a line to a file; if that hangs, the program is not to hang with it, and the child is told ([`is_unsound`]).
const PATIENCE: Duration = Duration::from_secs(2);

/// So long a fork waits for lookups of names. The system's resolver has locks of its own, which it holds for moments at the
/// beginning and the end, and not while it waits for an answer, which may take long.
const PATIENCE_WITH_LOOKUPS: Duration = Duration::from_millis(20);

/// Above the count of passes: the count of forks that are under way.
const FORK: u32 = 1 << 20;

/// The passes that are out, and the forks under way.
static PASSES: AtomicU32 = AtomicU32::new(0);
/// How many threads are in the system's resolver.
static LOOKUPS: AtomicU32 = AtomicU32::new(0);
/// How often a fork has led to this process, from the first that had the library.
static GENERATION: AtomicU32 = AtomicU32::new(0);
/// A fork did not wait until nobody had a pass.
static UNSOUND: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The passes of this thread: it may fork itself while it has some, in a handler of a signal.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// What error texts say of a connection or a handle of another process.
pub const OF_THE_PARENT: &str =
    "belongs to the parent process, from before the fork: the child makes its own (docs/processes.md)";

/// What error texts say where [`is_unsound`].
pub const UNSOUND_WORDS: &str = "this process was forked while another thread of its parent was held up inside the \
     library: nothing of the library can be used here (docs/processes.md)";

/// Leave to change what the whole process shares: no fork happens meanwhile. It is this thread's.
#[must_use = "the pass is given back when it is dropped"]
pub struct Pass(std::marker::PhantomData<*const ()>);

/// Waits for a fork that is under way, and keeps the next one waiting.
#[inline]
pub fn pass() -> Pass {
    let held = HELD.get();
    HELD.set(held + 1);
    let taken = PASSES.fetch_add(1, Ordering::SeqCst);
    // Who has a pass already is what the fork waits for.
    if taken >= FORK && held == 0 {
        wait_for_forks(&PASSES);
    }
    Pass(std::marker::PhantomData)
}

impl Drop for Pass {
    #[inline]
    fn drop(&mut self) {
        PASSES.fetch_sub(1, Ordering::SeqCst);
        HELD.set(HELD.get().saturating_sub(1));
    }
}

/// Steps back from this count while a fork is under way.
#[cold]
fn wait_for_forks(count: &AtomicU32) {
    let since = Instant::now();
    loop {
        count.fetch_sub(1, Ordering::SeqCst);
        pause(since, PATIENCE, || PASSES.load(Ordering::SeqCst) < FORK);
        count.fetch_add(1, Ordering::SeqCst);
        // A program's own handler may stand between, and wait for this very thread.
        if PASSES.load(Ordering::SeqCst) < FORK || since.elapsed() >= PATIENCE {
            return;
        }
    }
}

/// A lookup of a name by the system, whose locks a child would find held for ever.
#[must_use = "the lookup is over when it is dropped"]
pub struct LookupUnderWay(());

/// Waits for a fork that is under way. The next one waits a little for the lookup that begins here.
pub fn begin_lookup() -> LookupUnderWay {
    LOOKUPS.fetch_add(1, Ordering::SeqCst);
    if PASSES.load(Ordering::SeqCst) >= FORK {
        wait_for_forks(&LOOKUPS);
    }
    LookupUnderWay(())
}

impl Drop for LookupUnderWay {
    fn drop(&mut self) {
        LOOKUPS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until `done`, or the patience since then is over.
fn pause(since: Instant, patience: Duration, done: impl Fn() -> bool) {
    let mut rounds = 0_u32;
    while !done() && since.elapsed() < patience {
        rounds += 1;
        if rounds < 100 {
            std::thread::yield_now();
        } else {
            // Who holds it up may have a lower priority than this thread.
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

/// To be called before a fork, on the thread that forks.
pub fn before() {
    PASSES.fetch_add(FORK, Ordering::SeqCst);
    let own = HELD.get();
    pause(Instant::now(), PATIENCE, || PASSES.load(Ordering::SeqCst) % FORK <= own);
    pause(Instant::now(), PATIENCE_WITH_LOOKUPS, || LOOKUPS.load(Ordering::SeqCst) == 0);
}

/// To be called after a fork, in the process that forked.
pub fn after_in_parent() {
    PASSES.fetch_sub(FORK, Ordering::SeqCst);
}

/// To be called after a fork, in the new process. Touches nothing but numbers.
pub fn after_in_child() {
    let own = HELD.get();
    if PASSES.swap(own, Ordering::SeqCst) % FORK > own {
        UNSOUND.store(true, Ordering::SeqCst);
    }
    LOOKUPS.store(0, Ordering::SeqCst);
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// Which process this is: a number that a child of fork has one higher than its parent.
#[inline]
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Whether locks may be held here that nobody will ever release.
#[inline]
pub fn is_unsound() -> bool {
    UNSOUND.load(Ordering::Relaxed)
}

/// The process that something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u32);

impl Owner {
    /// This process.
    pub fn here() -> Owner {
        Owner(generation())
    }

    /// Whether it is this process.
    #[inline]
    pub fn is_here(self) -> bool {
        self.0 == generation()
    }
}

impl Default for Owner {
    fn default() -> Self {
        Owner::here()
    }
}

/// What each process has for itself: a child of fork begins anew. What it has of its parent is left alone, not dropped:
/// threads that are no more may have held parts of it.
#[derive(Debug)]
pub struct Own<T>(Mutex<Slot<T>>);

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T: Default> Own<T> {
    /// Made when it is first asked for.
    pub const fn new() -> Own<T> {
        Own(Mutex::process_wide(Slot { generation: 0, value: None }))
    }

    /// This process's, for a moment.
    pub fn lock(&self) -> OwnGuard<'_, T> {
        let mut guard = self.0.lock();
        let generation = generation();
        if guard.generation != generation {
            guard.generation = generation;
            mem::forget(guard.value.take());
        }
        guard.value.get_or_insert_default();
        OwnGuard(guard)
    }
}

impl<T: Default> Default for Own<T> {
    fn default() -> Self {
        Own::new()
    }
}

/// Keeps an [`Own`] locked.
pub struct OwnGuard<'a, T>(MutexGuard<'a, Slot<T>>);

impl<T> Deref for OwnGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // `lock` has filled it, and nobody empties it while it is locked.
        self.0.value.as_ref().unwrap_or_else(|| unreachable!())
    }
}

impl<T> DerefMut for OwnGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.value.as_mut().unwrap_or_else(|| unreachable!())
    }
}

/// What every call reads, changed seldom, and inherited whole. Who only reads has no pass: in a child the parent's lock may
/// stay locked for reading for ever. There it can still be read, and who is the first to change something gets a copy
/// behind a lock of its own.
#[derive(Debug)]
pub struct Inherited<T> {
    /// The process that changes this copy.
    generation: u32,
    value: RwLock<T>,
    /// The copy of the nearest descendant of that process that has changed something.
    copy: OnceLock<Box<Inherited<T>>>,
}

impl<T: Clone> Inherited<T> {
    /// Begins with `value`, in the process that has the library first.
    pub const fn new(value: T) -> Inherited<T> {
        Inherited { generation: 0, value: RwLock::new(value), copy: OnceLock::new() }
    }

    /// To be kept for a moment only, and nothing else is waited for meanwhile.
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.newest().value.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be kept for a moment only.
    pub fn write(&self) -> InheritedGuard<'_, T> {
        let pass = pass();
        let (newest, generation) = (self.newest(), generation());
        let own = match newest.generation == generation {
            true => newest,
            false => newest.copy.get_or_init(|| {
                let value = newest.value.read().unwrap_or_else(PoisonError::into_inner).clone();
                Box::new(Inherited { generation, value: RwLock::new(value), copy: OnceLock::new() })
            }),
        };
        InheritedGuard { guard: own.value.write().unwrap_or_else(PoisonError::into_inner), _pass: pass }
    }

    #[inline]
    fn newest(&self) -> &Inherited<T> {
        let mut newest = self;
        while let Some(copy) = newest.copy.get() {
            newest = copy;
        }
        newest
    }
}

/// Keeps an [`Inherited`] locked for changing. Released before the pass, since fields are dropped in their order.
pub struct InheritedGuard<'a, T> {
    guard: RwLockWriteGuard<'a, T>,
    _pass: Pass,
}

impl<T> Deref for InheritedGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for InheritedGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}
