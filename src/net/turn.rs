//! What a thread wants to have called now and then while a call of the library waits on it, whatever the call: a program in
//! a language with signals and exceptions of its own has no other moment to look at them.
//!
//! It is the thread's, not an operation's: it serves waits that begin before there is a handle, and all faces alike.

use super::wait::Cancel;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Called while this thread waits; false ends the call that waits.
pub type Function = Rc<dyn Fn() -> bool>;

struct Turn {
    function: Function,
    interval: Duration,
    last: Instant,
}

thread_local! {
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

/// From now on `function` is called every `interval` while a call waits on this thread; `None`: no longer.
pub fn set(turn: Option<(Function, Duration)>) {
    let turn = turn.map(|(function, interval)| Turn { function, interval, last: Instant::now() });
    // What was there may be the program's own, and dropping it may call us.
    let before = TURN.try_with(|place| place.replace(turn));
    drop(before);
}

/// How long from now the function wants to be called; `None` without one.
pub fn due_in() -> Option<Duration> {
    with(|turn| turn.interval.saturating_sub(turn.last.elapsed()))
}

/// Calls the function if it is time: whether the call that waits may go on.
pub fn take() -> bool {
    if due_in().is_none_or(|left| !left.is_zero()) {
        return true;
    }
    // It may call the library and wait there: nothing is borrowed meanwhile, and its own time does not count.
    let Some(function) = with(|turn| turn.function.clone()) else { return true };
    with(|turn| turn.last = Instant::now());
    let goes_on = function();
    with(|turn| turn.last = Instant::now());
    goes_on
}

/// The same, for an operation that can be cancelled.
pub fn take_or(cancel: &Cancel) {
    if !take() {
        cancel.cancel();
    }
}

fn with<T>(look: impl FnOnce(&mut Turn) -> T) -> Option<T> {
    // A thread that is ending has none any more.
    TURN.try_with(|place| place.borrow_mut().as_mut().map(look)).ok().flatten()
}
