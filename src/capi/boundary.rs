//! The panic boundary: no panic of the library reaches C, where it would end the program.
//!
//! Every exported function runs inside [`boundary`]; threads and callbacks of the library that the program does not
//! call run inside [`guard`]. A panic there is a defect of the library. The program gets the face's failure code, and
//! the error text says where it happened, so that it can be reported.
//!
//! What a panic says may hold what the caller passed, a password even: "byte index 3 is not a char boundary of ..."
//! quotes the string. So a message made at run time is not shown at all, a constant one is; and the standard library's
//! hook, which prints messages to the program's standard error, is kept from running for panics inside the boundary.

use super::{last_error, process, rights};
use crate::net::tls::distrust_environment;
use crate::net::{fault, fork};
use crate::policy::Rights;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// How many boundaries this thread is inside of. A callback may call the library again.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic inside a boundary happened, from the hook to the one who catches it.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs an exported function's work. A panic becomes `failure`, and this thread's last error says where it was.
#[inline]
pub fn boundary<R>(function: &'static str, failure: R, work: impl FnOnce() -> R) -> R {
    let _cancellable = process::Cancellable::suspend();
    at_once(function, failure, work)
}

/// The same for work that only reads and changes memory: it never waits, and calls neither the program nor anything of the
/// system at which a thread that is cancelled ends. So pthread_cancel need not be kept away, which costs as much as the
/// rest of such a call.
#[inline]
pub fn at_once<R>(function: &'static str, failure: R, work: impl FnOnce() -> R) -> R {
    match protected(function, work) {
        Ok(result) => result,
        Err(words) => {
            last_error::set(words);
            failure
        }
    }
}

/// Runs work that no C function waits for, on a thread of the library. A panic becomes an error text.
pub fn guard<R>(function: &'static str, work: impl FnOnce() -> R) -> Result<R, String> {
    let _cancellable = process::Cancellable::suspend();
    protected(function, work)
}

#[inline]
fn protected<R>(function: &'static str, work: impl FnOnce() -> R) -> Result<R, String> {
    begin();
    if fork::is_unsound() {
        return Err(format!("{function}: {}", fork::UNSOUND_WORDS));
    }
    let _inside = Inside::enter();
    // Unwind safety: after a panic only the failure code leaves here. What the work shared stays behind locks that do
    // not poison, and every face's state is changed in one step once an operation is decided.
    let watched = || {
        let passing = Passing(function);
        let result = work();
        std::mem::forget(passing);
        result
    };
    panic::catch_unwind(AssertUnwindSafe(watched)).map_err(|payload| describe(function, payload))
}

/// Sees what unwinds the library's frames.
struct Passing(&'static str);

impl Drop for Passing {
    /// A panic is caught. Anything else was begun by a callback, which has ended its thread or thrown an exception of
    /// another language. It can neither go on, since what the call was doing would stay undone for ever, nor be caught: so
    /// the process ends here, and says why.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let words = format!(
                "libhelo: a callback in {} did not return: it ended its thread or threw an exception, which the library \
                 cannot outlive (docs/processes.md)\n",
                self.0
            );
            let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
            std::process::abort();
        }
    }
}

/// Counts a boundary for as long as it lives, panic or not.
struct Inside;

impl Inside {
    fn enter() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// What is done once, before the work of the first function.
fn begin() {
    static BEGUN: Once = Once::new();
    if BEGUN.is_completed() {
        return;
    }
    process::watch_forks();
    // A child that is forked in the middle would wait for ever.
    let _pass = fork::pass();
    BEGUN.call_once(|| {
        process::begin();
        match rights() {
            Rights::Ordinary => fault::from_environment(),
            Rights::Raised => distrust_environment(),
        }
        quiet_hook();
    });
}

/// Puts our panic hook before the one that is there: silent inside a boundary, handing on outside of it.
fn quiet_hook() {
    if std::thread::panicking() {
        return; // The hook may not be changed now. This once the default hook speaks.
    }
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
            return previous(info);
        }
        let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        let _ = PLACE.try_with(|cell| cell.replace(place));
    }));
}

/// The error text for a panic: the function, the place, and the message if it is a constant of the source.
fn describe(function: &str, payload: Box<dyn Any + Send>) -> String {
    let place = PLACE.try_with(|cell| cell.take()).unwrap_or_default();
    let place = if place.is_empty() { "an unknown place" } else { &place };
    let message = payload.downcast_ref::<&'static str>().map_or_else(String::new, |m| format!(" ({m})"));
    if !payload.is::<&'static str>() && !payload.is::<String>() {
        // An object of unknown type could panic again when it is dropped, here outside of any boundary.
        std::mem::forget(payload);
    }
    format!("internal error in {function} at {place}{message}: please report it; the connection may be unusable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_passes_through() {
        assert_eq!(boundary("f", -1, || 7), 7);
    }

    #[test]
    fn a_panic_becomes_the_failure_code_and_the_text_says_where() {
        last_error::clear();
        assert_eq!(boundary("smtp_test", -1, || panic!("the table is bent")), -1);
        let words = last_error::get();
        assert!(words.contains("smtp_test") && words.contains("the table is bent"), "{words}");
        assert!(words.contains("boundary.rs:"), "{words}");
    }

    #[test]
    fn a_message_made_at_run_time_is_not_shown() {
        let password = String::from("hunter2");
        assert_eq!(boundary("smtp_test", 1, || panic!("no such user: {password}")), 1);
        let words = last_error::get();
        assert!(!words.contains("hunter2") && words.contains("boundary.rs:"), "{words}");
    }

    #[test]
    fn boundaries_nest_and_each_catches_its_own() {
        let outer = boundary("outer", 1, || {
            let inner = boundary("inner", 2, || panic!("inner"));
            assert_eq!(inner, 2);
            inner + 10
        });
        assert_eq!(outer, 12);
        assert_eq!(DEPTH.with(Cell::get), 0);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_does_no_harm() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        assert_eq!(boundary("smtp_test", 3, || panic::panic_any(Bomb)), 3);
    }

    #[test]
    fn guard_gives_the_text_to_its_caller() {
        let words = guard("the driver", || panic!("x")).map(|()| 0).unwrap_err();
        assert!(words.starts_with("internal error in the driver at "), "{words}");
    }
}
