//! The last error in words, one for each thread.
//!
//! The codes of the old APIs say little. A face records here what a person can act on, and gives it to C. As with
//! `errno`, a call that succeeds leaves the text of an earlier failure alone. Texts are bounded; what is recorded must
//! not hold a secret, and the core error ([`crate::error::Error`]) sees to that.

use crate::error::{Cause, Error, Phase};
use crate::proto::reply::EnhancedCode;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};
use std::fmt::Display;

/// Longer texts are cut here: a program shows this in a line or a box.
const LONGEST: usize = 2000;

thread_local! {
    static LAST: RefCell<Option<CString>> = const { RefCell::new(None) };
    static FAILURE: Cell<Option<Failure>> = const { Cell::new(None) };
}

/// What a program can act on of a failure that happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub phase: Phase,
    /// Why.
    pub cause: Cause,
    /// The reply code that decided it; 0 if no reply did.
    pub code: u16,
    /// That reply's enhanced code.
    pub enhanced: Option<EnhancedCode>,
}

/// What was recorded at one time.
pub struct Recorded {
    words: Option<CString>,
    failure: Option<Failure>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Failure { phase: error.phase, cause: error.cause, code: error.code(), enhanced: error.enhanced() }
    }
}

/// Records why the current call fails, when no connection has to do with it.
pub fn set(error: impl Display) {
    set_with(error, None);
}

/// Records why the current call fails, and where if it was on a connection.
pub fn set_with(error: impl Display, failure: Option<Failure>) {
    let _ = FAILURE.try_with(|last| last.set(failure));
    let mut words = error.to_string().into_bytes();
    let cut = super::string::cut_at_character(&words, LONGEST);
    words.truncate(cut);
    // What is shown is one line of text: a NUL would end it early, other controls could drive a terminal.
    for byte in &mut words {
        if byte.is_ascii_control() {
            *byte = b' ';
        }
    }
    let words = CString::new(words).ok();
    // At the end of a thread its storage may be gone already: then nobody is left who could ask.
    let _ = LAST.try_with(|last| last.replace(words));
}

/// Forgets it.
pub fn clear() {
    let _ = LAST.try_with(|last| last.take());
    let _ = FAILURE.try_with(|last| last.take());
}

/// What was recorded, taken out for [`put_back`] in case that the call which begins now succeeds.
pub fn take() -> Recorded {
    Recorded {
        words: LAST.try_with(|last| last.take()).ok().flatten(),
        failure: FAILURE.try_with(Cell::take).ok().flatten(),
    }
}

/// The call has not failed: what was recorded before it stands.
pub fn put_back(before: Recorded) {
    let _ = LAST.try_with(|last| last.replace(before.words));
    let _ = FAILURE.try_with(|last| last.set(before.failure));
}

/// Whether something is recorded.
pub fn is_set() -> bool {
    LAST.try_with(|last| last.borrow().is_some()).unwrap_or(false)
}

/// Where the last failing call of this thread failed; `None` if it was not on a connection.
pub fn failure() -> Option<Failure> {
    FAILURE.try_with(Cell::get).ok().flatten()
}

/// The text, empty if nothing has failed in this thread.
pub fn get() -> String {
    LAST.try_with(|last| last.borrow().as_ref().map(|words| words.to_string_lossy().into_owned()))
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The text for C, never NULL. It stays valid until this thread's next failing call or its end.
pub fn as_ptr() -> *const c_char {
    LAST.try_with(|last| last.borrow().as_ref().map(|words| words.as_ptr())).ok().flatten().unwrap_or(c"".as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn each_thread_has_its_own() {
        set("here");
        std::thread::spawn(|| assert_eq!(get(), "")).join().unwrap();
        assert_eq!(get(), "here");
        clear();
        assert_eq!(get(), "");
    }

    #[test]
    fn where_it_failed_belongs_to_the_words() {
        let error = Error::new(Phase::Tls, Cause::Tls, "no name");
        set_with(&error, Some(Failure::from(&error)));
        assert_eq!(failure().map(|failure| (failure.phase, failure.cause)), Some((Phase::Tls, Cause::Tls)));
        set("an argument");
        assert_eq!(failure(), None);
        clear();
        assert!(!is_set());
    }

    #[test]
    fn the_pointer_is_never_null_and_holds_the_text() {
        clear();
        // SAFETY: `as_ptr` gives a NUL-terminated string that lives until the next `set` of this thread.
        let words = |pointer| unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_owned();
        assert_eq!(words(as_ptr()), "");
        set("no route");
        assert_eq!(words(as_ptr()), "no route");
    }

    #[test]
    fn controls_are_blanked_and_long_texts_cut_between_characters() {
        set("a\0b\r\nc\x1b[2J");
        assert_eq!(get(), "a b  c [2J");
        set("ü".repeat(LONGEST));
        assert_eq!(get(), "ü".repeat(LONGEST / 2));
        set(format!("x{}", "ü".repeat(LONGEST)));
        assert_eq!(get(), format!("x{}", "ü".repeat(LONGEST / 2 - 1)));
    }
}
