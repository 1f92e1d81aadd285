//! The last error in words, one for each thread.
//!
//! The codes of the old APIs say little. A face records here what a person can act on, and gives it to C. As with
//! `errno`, a call that succeeds leaves the text of an earlier failure alone. Texts are bounded; what is recorded must
//! not hold a secret, and the core error ([`crate::error::Error`]) sees to that.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::fmt::Display;

/// Longer texts are cut here: a program shows this in a line or a box.
const LONGEST: usize = 2000;

thread_local! {
    static LAST: RefCell<Option<CString>> = const { RefCell::new(None) };
}

/// Records why the current call fails.
pub fn set(error: impl Display) {
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
