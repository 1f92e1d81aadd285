//! Syncs that several deliveries share.
//!
//! A folder's sync stores every name that was put there before it began. While one runs, those who come gather for the
//! next: one of them makes it, for all.

use crate::net::lock::{Condvar, Mutex};
use std::io::{self, ErrorKind};
use std::sync::{Arc, OnceLock};

#[derive(Debug, Default)]
pub(super) struct Group {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The round that has not begun.
    gathering: Arc<Round>,
    running: bool,
}

/// One sync and what came of it, for all who share it. A failure is kept for them: the next sync may succeed and still
/// not have stored what this one did not.
#[derive(Debug, Default)]
struct Round(OnceLock<Result<(), Failure>>);

#[derive(Clone, Copy, Debug)]
struct Failure(ErrorKind, Option<i32>);

impl Group {
    /// Returns when a sync that began after this call has ended, with its result.
    pub fn sync(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state.lock();
        let mine = Arc::clone(&state.gathering);
        while mine.0.get().is_none() && state.running {
            self.ended.wait(&mut state);
        }
        if mine.0.get().is_none() {
            // Nobody runs one, so that this round is still the one that gathers.
            state.running = true;
            state.gathering = Arc::default();
            drop(state);
            let outcome = sync().map_err(|why| Failure(why.kind(), why.raw_os_error()));
            let _ = mine.0.set(outcome);
            self.state.lock().running = false;
            self.ended.notify_all();
        }
        match mine.0.get() {
            Some(Err(Failure(_, Some(errno)))) => Err(io::Error::from_raw_os_error(*errno)),
            Some(Err(Failure(kind, None))) => Err((*kind).into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn those_who_come_during_a_sync_share_the_next() {
        let group = Arc::new(Group::default());
        let syncs = Arc::new(AtomicUsize::new(0));
        let (begun, wait_begun) = channel();
        let (go, wait_go) = channel::<()>();
        let first = thread::spawn({
            let (group, syncs) = (Arc::clone(&group), Arc::clone(&syncs));
            move || {
                group.sync(|| {
                    syncs.fetch_add(1, Ordering::SeqCst);
                    begun.send(()).unwrap();
                    wait_go.recv().unwrap();
                    Err(io::Error::other("the first"))
                })
            }
        });
        wait_begun.recv().unwrap();
        let others: Vec<_> = (0..8)
            .map(|_| {
                let (group, syncs) = (Arc::clone(&group), Arc::clone(&syncs));
                thread::spawn(move || {
                    group.sync(|| {
                        syncs.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                })
            })
            .collect();
        // The group and eight threads hold the round that gathers.
        while Arc::strong_count(&group.state.lock().gathering) < 9 {
            thread::yield_now();
        }
        go.send(()).unwrap();
        assert!(first.join().unwrap().is_err(), "whoever shared the failed one hears of it");
        for other in others {
            other.join().unwrap().unwrap();
        }
        assert_eq!(syncs.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn failures_come_to_all_and_pass() {
        let group = Group::default();
        let why = group.sync(|| Err(io::Error::from_raw_os_error(5))).unwrap_err();
        assert_eq!(why.raw_os_error(), Some(5));
        group.sync(|| Ok(())).unwrap();
    }
}
