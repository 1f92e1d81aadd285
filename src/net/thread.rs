//! The one place where threads of the library come from.
//!
//! Code that a thread runs must stay where it is. A program may unload the library at any time, while a name is being
//! looked up for a call that has timed out long ago: so before the first thread the library is made to stay
//! (`capi::process`), for as long as the process lives.

use std::sync::OnceLock;
use std::thread::Builder;

/// What makes the library stay.
static STAY: OnceLock<fn()> = OnceLock::new();

/// Says how the library is made to stay; a program that has it inside needs nothing.
pub fn before_the_first(stay: fn()) {
    let _ = STAY.set(stay);
}

/// A thread of this name (15 letters at most are shown), to be spawned.
pub fn named(name: impl Into<String>) -> Builder {
    if let Some(stay) = STAY.get() {
        stay();
    }
    Builder::new().name(name.into())
}
