//! Callbacks of the program: a function pointer and the pointer that the program wants to get back with it.

use std::ffi::c_void;

/// The program's own pointer, handed back to its callbacks and never looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct User(*mut c_void);

// SAFETY: the library only stores the pointer and gives it back; it never reads or writes through it. Which thread a
// callback comes on is written in each face's header, so what the program does with it there is the program's knowledge.
unsafe impl Send for User {}
// SAFETY: as above; sharing the value of a pointer that is never followed is harmless.
unsafe impl Sync for User {}

impl User {
    /// Keeps the program's pointer.
    pub fn new(pointer: *mut c_void) -> Self {
        User(pointer)
    }

    /// The pointer to hand to a callback.
    pub fn as_ptr(self) -> *mut c_void {
        self.0
    }
}

/// A callback that was given: the function, not NULL, and the program's pointer.
///
/// `F` is the type of the function pointer, `unsafe extern "C" fn(...) -> ...`. Calling it is the face's business and is
/// done with no lock held: a callback may call the library again.
#[derive(Clone, Copy)]
pub struct Callback<F: Copy> {
    /// The program's function.
    pub function: F,
    /// The program's pointer.
    pub user: User,
}

impl<F: Copy> Callback<F> {
    /// What C passed: a NULL function is no callback.
    pub fn new(function: Option<F>, user: *mut c_void) -> Option<Self> {
        function.map(|function| Callback { function, user: User::new(user) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn add_one(user: *mut c_void) {
        // SAFETY: the test passes a pointer to its own integer and waits for the thread.
        unsafe { *user.cast::<i32>() += 1 };
    }

    #[test]
    fn a_callback_travels_to_another_thread_with_its_pointer() {
        let mut count = 41;
        let callback = Callback::new(Some(add_one as unsafe extern "C" fn(*mut c_void)), (&raw mut count).cast());
        let callback = callback.expect("a function was given");
        std::thread::spawn(move || {
            // SAFETY: `count` lives until the thread has been joined.
            unsafe { (callback.function)(callback.user.as_ptr()) }
        })
        .join()
        .unwrap();
        assert_eq!(count, 42);
    }

    #[test]
    fn no_function_is_no_callback() {
        assert!(Callback::<unsafe extern "C" fn(*mut c_void)>::new(None, std::ptr::null_mut()).is_none());
    }
}
