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
    use std::ffi::{CStr, c_char, c_void};
    use std::mem::transmute;
    use std::sync::OnceLock;

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

    type Peek = unsafe extern "system" fn(*mut Message, *mut c_void, u32, u32, u32) -> i32;
    type Ask = unsafe extern "system" fn(*mut c_void) -> i32;
    type Translate = unsafe extern "system" fn(*const Message) -> i32;
    type Dispatch = unsafe extern "system" fn(*const Message) -> isize;
    type Post = unsafe extern "system" fn(i32);

    /// What user32.dll has of messages. It is not imported: a program that has loaded it has windows, or may have; to one that
    /// has not, the console tells more (that its user logs off, that the system goes down), and that is not to be spoiled.
    struct User {
        peek_a: Peek,
        peek_w: Peek,
        is_unicode: Ask,
        translate: Translate,
        dispatch_a: Dispatch,
        dispatch_w: Dispatch,
        post_quit: Post,
    }

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleExA(flags: u32, name: *const c_char, module: *mut *mut c_void) -> i32;
        fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    /// The same, as soon as the program has it; it stays then.
    fn user() -> Option<&'static User> {
        static USER: OnceLock<User> = OnceLock::new();
        if let Some(user) = USER.get() {
            return Some(user);
        }
        const PIN: u32 = 1;
        let mut module = std::ptr::null_mut();
        // SAFETY: names that end in NUL, and a place of ours. What is found is the function of that name, whose signature
        // Windows keeps, and whose code stays.
        let found = unsafe {
            if GetModuleHandleExA(PIN, c"user32.dll".as_ptr(), &mut module) == 0 {
                return None;
            }
            let find = |name: &CStr| Some(GetProcAddress(module, name.as_ptr())).filter(|found| !found.is_null());
            User {
                peek_a: transmute::<*mut c_void, Peek>(find(c"PeekMessageA")?),
                peek_w: transmute::<*mut c_void, Peek>(find(c"PeekMessageW")?),
                is_unicode: transmute::<*mut c_void, Ask>(find(c"IsWindowUnicode")?),
                translate: transmute::<*mut c_void, Translate>(find(c"TranslateMessage")?),
                dispatch_a: transmute::<*mut c_void, Dispatch>(find(c"DispatchMessageA")?),
                dispatch_w: transmute::<*mut c_void, Dispatch>(find(c"DispatchMessageW")?),
                post_quit: transmute::<*mut c_void, Post>(find(c"PostQuitMessage")?),
            }
        };
        Some(USER.get_or_init(|| found))
    }

    /// Handles the messages that are waiting for this thread.
    pub(crate) fn run() {
        let Some(user) = user() else { return };
        let mut message =
            Message { window: std::ptr::null_mut(), message: 0, w: 0, l: 0, time: 0, x: 0, y: 0, private: 0 };
        for _ in 0..MOST {
            // Looked at first without taking it: whether its window speaks Unicode decides how it is taken.
            // SAFETY: `message` is a whole MSG; NULL stands for all windows of this thread.
            if unsafe { (user.peek_w)(&mut message, std::ptr::null_mut(), 0, 0, 0) } == 0 {
                return;
            }
            // SAFETY: as above; a window that is gone by now makes the calls fail, no more.
            unsafe {
                let unicode = (user.is_unicode)(message.window) != 0;
                let took = match unicode {
                    true => (user.peek_w)(&mut message, std::ptr::null_mut(), 0, 0, PM_REMOVE),
                    false => (user.peek_a)(&mut message, std::ptr::null_mut(), 0, 0, PM_REMOVE),
                };
                if took == 0 {
                    return;
                }
                if message.message == WM_QUIT {
                    // The program's own loop must see it: put it back, and leave the rest to that loop.
                    (user.post_quit)(message.w as i32);
                    return;
                }
                (user.translate)(&message);
                match unicode {
                    true => (user.dispatch_w)(&message),
                    false => (user.dispatch_a)(&message),
                };
            }
        }
    }
}

pub(crate) use system::{EXISTS, run};
