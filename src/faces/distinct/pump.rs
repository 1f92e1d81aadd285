//! The library's own yielding: on Windows the calling thread's messages are handled while it waits, so that a window
//! program does not freeze. There is nothing of the kind elsewhere.

#[cfg(not(windows))]
mod system {
    /// Nothing to pump: waits are undisturbed.
    pub(crate) const EXISTS: bool = false;

    pub(crate) fn run() {}
}

#[cfg(windows)]
mod system {
    use std::ffi::c_void;

    pub(crate) const EXISTS: bool = true;

    const PM_REMOVE: u32 = 1;
    const WM_QUIT: u32 = 0x12;
    /// A flood of messages must not hold the connection up.
    const MOST: usize = 100;

    /// Windows's MSG.
    #[repr(C)]
    struct Message {
        window: *mut c_void,
        message: u32,
        w: usize,
        l: isize,
        time: u32,
        x: i32,
        y: i32,
        /// Part of the struct on some versions; room for it does no harm.
        private: u32,
    }

    #[link(name = "user32")]
    unsafe extern "system" {
        fn PeekMessageA(message: *mut Message, window: *mut c_void, first: u32, last: u32, remove: u32) -> i32;
        fn PeekMessageW(message: *mut Message, window: *mut c_void, first: u32, last: u32, remove: u32) -> i32;
        fn IsWindowUnicode(window: *mut c_void) -> i32;
        fn TranslateMessage(message: *const Message) -> i32;
        fn DispatchMessageA(message: *const Message) -> isize;
        fn DispatchMessageW(message: *const Message) -> isize;
        fn PostQuitMessage(code: i32);
    }

    /// Handles the messages that are waiting for this thread.
    pub(crate) fn run() {
        let mut message =
            Message { window: std::ptr::null_mut(), message: 0, w: 0, l: 0, time: 0, x: 0, y: 0, private: 0 };
        for _ in 0..MOST {
            // Looked at first without taking it: whether its window speaks Unicode decides how it is taken.
            // SAFETY: `message` is a whole MSG; NULL stands for all windows of this thread.
            if unsafe { PeekMessageW(&mut message, std::ptr::null_mut(), 0, 0, 0) } == 0 {
                return;
            }
            // SAFETY: as above; a window that is gone by now makes the calls fail, no more.
            unsafe {
                let unicode = IsWindowUnicode(message.window) != 0;
                let took = match unicode {
                    true => PeekMessageW(&mut message, std::ptr::null_mut(), 0, 0, PM_REMOVE),
                    false => PeekMessageA(&mut message, std::ptr::null_mut(), 0, 0, PM_REMOVE),
                };
                if took == 0 {
                    return;
                }
                if message.message == WM_QUIT {
                    // The program's own loop must see it: put it back, and leave the rest to that loop.
                    PostQuitMessage(message.w as i32);
                    return;
                }
                TranslateMessage(&message);
                match unicode {
                    true => DispatchMessageW(&message),
                    false => DispatchMessageA(&message),
                };
            }
        }
    }
}

pub(crate) use system::{EXISTS, run};
