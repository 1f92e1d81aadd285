//! Which servers' functions this thread is in: what such a function calls must not wait for its own end.

use std::cell::RefCell;

thread_local! {
    /// The innermost last: a function may serve a session of another server, whose functions are called from there.
    static INSIDE: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// This thread is in a function of the program for as long as it lives.
pub(crate) struct Inside;

impl Inside {
    /// A function that the program gave to this server is about to be called.
    pub(crate) fn of(server: u32) -> Inside {
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().push(server));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().pop());
    }
}

/// Whether the caller is in a function that this server has called.
pub(crate) fn is_inside(server: u32) -> bool {
    INSIDE.try_with(|inside| inside.borrow().contains(&server)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_within_functions() {
        assert!(!is_inside(1));
        let one = Inside::of(1);
        {
            let _two = Inside::of(2);
            assert!(is_inside(1) && is_inside(2));
        }
        assert!(is_inside(1) && !is_inside(2));
        std::thread::spawn(|| assert!(!is_inside(1))).join().unwrap();
        drop(one);
        assert!(!is_inside(1));
    }
}
