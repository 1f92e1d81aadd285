//! Faults made on purpose, for tests of results that nothing else can provoke. Off, and then the cost is one load.
//!
//! A test switches a fault on for its own thread ([`on_this_thread`]) or for the process ([`set`]). A program under
//! test takes them from the environment variable `HELO_FAULT`: names separated by commas, each with an optional
//! `@N` that lets N calls pass first (`send@3`). `capi` reads the variable once, before its first function's work, and
//! not at all in a process that runs with more rights than its user.

use crate::net::lock::Mutex;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The system gives no socket.
    Socket,
    /// A socket cannot be bound.
    Bind,
    /// The system takes no outgoing data.
    Send,
    /// There is no memory for a connection.
    Memory,
    /// The library cannot be initialised.
    Initialize,
    /// Winsock cannot be initialised.
    Winsock,
    /// The system gives no thread.
    Thread,
    /// The disk takes no more bytes of a mail.
    Disk,
    /// The disk does not say that it has a mail.
    Sync,
    /// The disk does not say that it has a mail's name.
    FolderSync,
}

const ALL: [(&str, Fault); 10] = [
    ("socket", Fault::Socket),
    ("bind", Fault::Bind),
    ("send", Fault::Send),
    ("memory", Fault::Memory),
    ("initialize", Fault::Initialize),
    ("winsock", Fault::Winsock),
    ("thread", Fault::Thread),
    ("disk", Fault::Disk),
    ("sync", Fault::Sync),
    ("folder-sync", Fault::FolderSync),
];

/// Some thread has faults of its own; their count is in the bits from here up.
const THREAD: u32 = 1 << 16;

static PROCESS: Switches = Switches::new();

thread_local! {
    static HERE: Cell<u32> = const { Cell::new(0) };
}

impl Fault {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Whether this call is to fail.
#[inline]
pub fn hit(fault: Fault) -> bool {
    PROCESS.state.load(Ordering::Acquire) != 0 && look(fault)
}

#[cold]
fn look(fault: Fault) -> bool {
    HERE.get() & fault.bit() != 0 || PROCESS.hit(fault)
}

/// Switches a fault on or off for the whole process; `pass` calls succeed first.
pub fn set(fault: Fault, on: bool, pass: u32) {
    PROCESS.set(fault, on, pass);
}

/// Switches on the faults that `HELO_FAULT` names. Not for processes with more rights than their user.
pub fn from_environment() {
    PROCESS.take(&std::env::var("HELO_FAULT").unwrap_or_default());
}

/// Switches a fault on for the calls of this thread, until the guard is dropped.
pub fn on_this_thread(fault: Fault) -> Guard {
    PROCESS.state.fetch_add(THREAD, Ordering::AcqRel);
    let before = HERE.get();
    HERE.set(before | fault.bit());
    Guard { before, _here: core::marker::PhantomData }
}

/// Keeps a fault of one thread switched on.
#[must_use = "the fault is switched off when the guard is dropped"]
pub struct Guard {
    before: u32,
    /// It belongs to its thread.
    _here: core::marker::PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        HERE.set(self.before);
        PROCESS.state.fetch_sub(THREAD, Ordering::AcqRel);
    }
}

/// The faults of a process.
struct Switches {
    state: AtomicU32,
    /// How many calls pass first, for each fault.
    pass: Mutex<[u32; ALL.len()]>,
}

impl Switches {
    const fn new() -> Self {
        Switches { state: AtomicU32::new(0), pass: Mutex::process_wide([0; ALL.len()]) }
    }

    fn hit(&self, fault: Fault) -> bool {
        if self.state.load(Ordering::Acquire) & fault.bit() == 0 {
            return false;
        }
        let mut pass = self.pass.lock();
        let left = &mut pass[fault as usize];
        let fails = *left == 0;
        *left = left.saturating_sub(1);
        fails
    }

    fn set(&self, fault: Fault, on: bool, pass: u32) {
        self.pass.lock()[fault as usize] = pass;
        if on {
            self.state.fetch_or(fault.bit(), Ordering::AcqRel);
        } else {
            self.state.fetch_and(!fault.bit(), Ordering::AcqRel);
        }
    }

    fn take(&self, names: &str) {
        parse(names).for_each(|(fault, pass)| self.set(fault, true, pass));
    }
}

fn parse(text: &str) -> impl Iterator<Item = (Fault, u32)> {
    text.split(',').filter_map(|word| {
        let (name, count) = word.trim().split_once('@').unwrap_or((word.trim(), "0"));
        let (_, fault) = ALL.iter().find(|(known, _)| *known == name)?;
        Some((*fault, count.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_one_thread_is_its_own_and_ends_with_its_guard() {
        assert!(!hit(Fault::Winsock));
        {
            let _guard = on_this_thread(Fault::Winsock);
            let _inner = on_this_thread(Fault::Initialize);
            assert!(hit(Fault::Winsock) && hit(Fault::Initialize));
            let elsewhere = std::thread::spawn(|| hit(Fault::Winsock)).join();
            assert!(!elsewhere.unwrap_or(true));
        }
        assert!(!hit(Fault::Winsock) && !hit(Fault::Initialize));
    }

    #[test]
    fn a_fault_of_the_process_can_let_calls_pass_first() {
        let process = Switches::new();
        process.set(Fault::Memory, true, 2);
        let hits: Vec<_> = (0..4).map(|_| process.hit(Fault::Memory)).collect();
        assert_eq!(hits, [false, false, true, true]);
        process.set(Fault::Memory, false, 0);
        assert!(!process.hit(Fault::Memory));
    }

    #[test]
    fn names_switch_on_and_nonsense_is_passed_over() {
        let process = Switches::new();
        process.take("socket, send@1,,nonsense,bind@x");
        assert!(process.hit(Fault::Socket));
        assert_eq!([process.hit(Fault::Send), process.hit(Fault::Send)], [false, true]);
        assert!(!process.hit(Fault::Bind) && !process.hit(Fault::Memory));
    }
}
