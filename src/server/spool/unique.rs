//! Marks that no other mail has: not in this process, not in a child that it forks, not on this machine.

use crate::net::fork;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Digits and small letters without those that are mistaken for others, in the order of ASCII.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A mark for a mail ([`super::Envelope::id`]): 21 letters and digits; marks of later microseconds sort behind.
pub fn new_id() -> String {
    let micros = since_epoch().as_micros() as u64;
    let mut id = String::with_capacity(21);
    append(&mut id, micros, 11);
    append(&mut id, number(), 10);
    id
}

/// The time since 1970; zero where the clock is not set.
pub(super) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A number that this process has not had in 2^50 calls, and that others hardly ever have at the same time.
pub(super) fn number() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // The keys of the standard library's hash tables come from the system's entropy.
    let pass = fork::pass();
    let seed = *SEED.get_or_init(|| RandomState::new().build_hasher().finish());
    drop(pass);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    // An odd factor takes each count to another number. A forked child counts on from the same seed: its id differs.
    let number = count.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed);
    (number ^ (u64::from(std::process::id()) << 17)) & ((1 << 50) - 1)
}

/// The last `digits` digits of `value`, five bits each.
pub(super) fn append(text: &mut String, value: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = value >> (5 * place) & 31;
        text.push(char::from(DIGITS[digit as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_mark_comes_twice_among_threads() {
        let threads: Vec<_> =
            (0..16).map(|_| std::thread::spawn(|| (0..1000).map(|_| new_id()).collect::<Vec<_>>())).collect();
        let all: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert!(all.iter().all(|id| id.len() == 21 && id.bytes().all(|b| b.is_ascii_alphanumeric())));
        let unlike: HashSet<&String> = all.iter().collect();
        assert_eq!(unlike.len(), 16_000);
    }

    #[test]
    fn later_marks_sort_behind() {
        let first = new_id();
        let moment = since_epoch();
        while since_epoch() <= moment + Duration::from_micros(1) {}
        assert!(first < new_id());
    }
}
