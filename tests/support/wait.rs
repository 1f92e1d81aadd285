//! Waiting for an event with a deadline.

use std::time::{Duration, Instant};

/// How long a test waits for what must happen before it fails.
pub const LONG: Duration = Duration::from_secs(20);

/// Looks every few milliseconds until `look` gives something, for events that nothing announces (a file of another
/// process). Panics with `what` after `limit`.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {limit:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
