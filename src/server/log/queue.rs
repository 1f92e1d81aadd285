//! Between those who have something to tell and whoever takes it: a bounded queue, and a thread that takes.
//!
//! A log may be a pipe that nobody reads, a full disk or a function that waits. Whoever puts a line in never waits for any
//! of that: where there is no room the line is lost, and how many were stands in their place once the rest is taken.

use crate::net::lock::{Condvar, Mutex};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// Without anything to do for so long the thread ends; the next line starts another.
const IDLE: Duration = Duration::from_secs(10);

/// Longer than anybody waits.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<T> {
    /// What was put in.
    Line(T),
    /// So many were lost here, for want of room.
    Lost(u64),
}

/// Takes a batch of them, in their order.
type Take<T> = Box<dyn FnMut(Vec<Entry<T>>) + Send>;

/// Lines on their way to who takes them. Dropped, the rest of them is still taken.
pub struct Queue<T: Send + 'static>(Arc<Shared<T>>);

struct Shared<T> {
    /// The thread's.
    name: &'static str,
    /// So many octets may wait.
    room: usize,
    state: Mutex<State<T>>,
    /// Something was put in, or it is over.
    come: Condvar,
    /// Something was taken, or the thread has ended.
    gone: Condvar,
}

struct State<T> {
    waiting: VecDeque<Entry<T>>,
    octets: usize,
    /// Lost since there was room last.
    lost: u64,
    /// How many were put in, and how many of these are taken.
    put: u64,
    taken: u64,
    thread: Option<ThreadId>,
    /// Who takes: with the thread while there is one.
    take: Option<Take<T>>,
    closed: bool,
}

impl<T: Send + 'static> Queue<T> {
    /// Room for so many octets. `take` is called on a thread of this name, with all that waits; when it panics, that is lost.
    pub fn new(name: &'static str, room: usize, take: impl FnMut(Vec<Entry<T>>) + Send + 'static) -> Queue<T> {
        let state = State {
            waiting: VecDeque::new(),
            octets: 0,
            lost: 0,
            put: 0,
            taken: 0,
            thread: None,
            take: Some(Box::new(take)),
            closed: false,
        };
        let (come, gone) = (Condvar::new(), Condvar::new());
        Queue(Arc::new(Shared { name, room, state: Mutex::new(state), come, gone }))
    }

    /// Puts a line of so many octets in, or loses it. It never waits.
    pub fn put(&self, octets: usize, line: T) {
        let mut state = self.0.state.lock();
        let octets = octets.saturating_add(size_of::<Entry<T>>());
        if state.closed || state.octets.saturating_add(octets) > self.0.room {
            state.lost += 1;
            return;
        }
        state.tell_lost();
        state.waiting.push_back(Entry::Line(line));
        state.octets += octets;
        state.put += 1;
        self.start(&mut state);
        drop(state);
        self.0.come.notify_one();
    }

    /// Has a thread take, unless there is one. Where none can be had now, the next line tries again.
    fn start(&self, state: &mut State<T>) {
        let Some(take) = state.take.take() else { return };
        let place = Arc::new(Mutex::new(Some(take)));
        let (shared, given) = (Arc::clone(&self.0), Arc::clone(&place));
        let spawned = crate::net::thread::named(self.0.name).spawn(move || {
            let take = given.lock().take();
            if let Some(take) = take {
                shared.work(take);
            }
        });
        match spawned {
            Ok(thread) => state.thread = Some(thread.thread().id()),
            Err(_) => state.take = place.lock().take(),
        }
    }

    /// Waits until all that was put in so far is taken: whether it is, within this time. Called by who takes it does not
    /// wait.
    pub fn flush(&self, within: Duration) -> bool {
        let until = Instant::now() + within.min(FOREVER);
        let mut state = self.0.state.lock();
        let put = state.put + u64::from(state.lost > 0);
        while state.taken < put {
            let own = state.thread == Some(std::thread::current().id());
            if own {
                return false;
            }
            if self.0.gone.wait_until(&mut state, until).timed_out() {
                return state.taken >= put;
            }
        }
        true
    }

    /// Takes nothing any more, and waits until what there is has been taken; after this time the rest of it is lost. True:
    /// nobody is at work any more.
    pub fn close(&self, within: Duration) -> bool {
        let flushed = self.flush(within);
        let mut state = self.0.state.lock();
        state.closed = true;
        if !flushed {
            state.waiting.clear();
        }
        self.0.come.notify_all();
        let own = state.thread == Some(std::thread::current().id());
        let until = Instant::now() + within.min(IDLE);
        while flushed && !own && state.thread.is_some() {
            if self.0.gone.wait_until(&mut state, until).timed_out() {
                break;
            }
        }
        state.thread.is_none()
    }
}

impl<T> State<T> {
    /// Puts in how many were lost, if some were.
    fn tell_lost(&mut self) {
        if self.lost > 0 {
            let lost = core::mem::take(&mut self.lost);
            self.waiting.push_back(Entry::Lost(lost));
            self.put += 1;
        }
    }
}

impl<T> Shared<T> {
    /// The thread: takes until there is nothing for a while, or until it is over.
    fn work(&self, mut take: Take<T>) {
        let mut state = self.state.lock();
        let mut since = Instant::now();
        loop {
            if state.waiting.is_empty() {
                state.tell_lost();
            }
            if !state.waiting.is_empty() {
                let (batch, put) = (core::mem::take(&mut state.waiting), state.put);
                // What is being taken and what waits meanwhile are together no more than twice the room.
                state.octets = 0;
                drop(state);
                let _ = catch_unwind(AssertUnwindSafe(|| take(batch.into())));
                state = self.state.lock();
                state.taken = put;
                self.gone.notify_all();
                since = Instant::now();
                continue;
            }
            if state.closed || since.elapsed() >= IDLE {
                break;
            }
            let _ = self.come.wait_for(&mut state, IDLE);
        }
        state.thread = None;
        state.take = Some(take);
        drop(state);
        self.gone.notify_all();
    }
}

impl<T: Send + 'static> Drop for Queue<T> {
    fn drop(&mut self) {
        self.0.state.lock().closed = true;
        self.0.come.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        let (tell, told) = channel();
        let queue =
            Queue::new("helo-test", 1 << 20, move |batch| batch.into_iter().for_each(|line| tell.send(line).unwrap()));
        for number in 0..1000 {
            queue.put(10, number);
        }
        assert!(queue.flush(LONG));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), (0..1000).map(Entry::Line).collect::<Vec<_>>());
        queue.put(10, 1000);
        assert!(queue.close(LONG));
        queue.put(10, 1001);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [Entry::Line(1000)]);
    }

    /// Who puts in does not wait for who takes; what there was no room for is counted, where it is missing.
    #[test]
    fn nobody_waits_and_what_is_lost_is_told() {
        let ((tell, told), (go_on, held)) = (channel(), channel::<()>());
        let queue = Queue::new("helo-test", 2000, move |batch| {
            let _ = held.recv();
            batch.into_iter().for_each(|line| tell.send(line).unwrap());
        });
        for number in 0..1000 {
            queue.put(100, number);
        }
        assert!(!queue.flush(Duration::from_millis(10)));
        drop(go_on);
        assert!(queue.flush(LONG));
        queue.put(100, 1000);
        assert!(queue.close(LONG));
        let (mut next, mut lost) = (0, 0);
        for entry in told.try_iter() {
            match entry {
                Entry::Lost(count) => (next, lost) = (next + count, lost + count),
                Entry::Line(number) => {
                    assert_eq!(number, next);
                    next += 1;
                }
            }
        }
        assert_eq!(next, 1001);
        assert!((900..1000).contains(&lost), "{lost} lost");
    }

    #[test]
    fn who_takes_may_panic_or_flush_and_the_end_is_not_waited_for_for_ever() {
        let (go_on, held) = channel::<()>();
        let queue = Arc::new_cyclic(|this: &std::sync::Weak<Queue<u8>>| {
            let this = this.clone();
            Queue::new("helo-test", 2000, move |batch| match batch.as_slice() {
                [Entry::Line(0), ..] => std::panic::resume_unwind(Box::new("on purpose")),
                [Entry::Line(1), ..] => assert!(this.upgrade().is_none_or(|queue| !queue.flush(LONG))),
                _ => drop(held.recv()),
            })
        });
        queue.put(1, 0);
        assert!(queue.flush(LONG));
        queue.put(1, 1);
        assert!(queue.flush(LONG));
        queue.put(1, 2);
        queue.put(1, 3);
        assert!(!queue.close(Duration::from_millis(10)), "it is held up");
        drop(go_on);
    }
}
