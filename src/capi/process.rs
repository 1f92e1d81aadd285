//! The process around the library: it forks, and it unloads what it has loaded.
//!
//! What a fork means is written in [`crate::net::fork`]; here its functions are given to the system. They are so when the
//! library is loaded, before any handler of the program: of those that come before a fork the last given is called first,
//! so a program's own handlers still may call the library and wait for threads that do. Where the library is unloaded
//! again, the system forgets them with it.

use crate::net::thread;

/// What is done once, before the work of the first function.
pub(super) fn begin() {
    thread::before_the_first(stay);
    // What threads keep for themselves is not given back there: a program that loads and frees the library for each mail
    // would come to the end of it.
    if cfg!(windows) {
        stay();
    }
}

/// Has the system's allocator take its memory from one place. That of glibc reserves 64 MiB of addresses for each of many
/// threads: where addresses are limited (`ulimit -v`) nothing is left of them for what is really used. For a program that
/// is all the library's; before its first thread.
pub fn save_addresses() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it sets a number of the allocator.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Has the system tell of every fork.
#[cfg(unix)]
pub(super) fn watch_forks() {
    use crate::net::fork;
    use std::sync::atomic::{AtomicBool, Ordering};
    static WATCHED: AtomicBool = AtomicBool::new(false);
    extern "C" fn prepare() {
        fork::before();
    }
    extern "C" fn parent() {
        fork::after_in_parent();
    }
    extern "C" fn child() {
        fork::after_in_child();
    }
    // Two threads may both come here; told twice, nothing is different. A thread that waited for another could be cut
    // off in the middle by the very fork that this is for.
    if WATCHED.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: the three functions touch numbers and call nothing that could wait for the thread that forks.
    unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    WATCHED.store(true, Ordering::Release);
}

#[cfg(not(unix))]
pub(super) fn watch_forks() {}

/// Called by the loader.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
#[used]
// SAFETY: an array of functions without parameters that it reads; ours needs nothing that is not there yet.
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        watch_forks();
    }
    at_load
};

/// Whether pthread_cancel may end the thread: not while it stands in the library, whose frames cannot be unwound from
/// outside. A thread that is cancelled meanwhile ends behind the call, where the program has it do so.
pub(super) struct Cancellable {
    #[cfg(all(unix, not(target_os = "android")))]
    before: libc::c_int,
}

#[cfg(all(unix, not(target_os = "android")))]
mod cancelling {
    use super::Cancellable;
    use libc::c_int;

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    /// PTHREAD_CANCEL_DISABLE.
    const SUSPENDED: c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

    impl Cancellable {
        pub(in crate::capi) fn suspend() -> Cancellable {
            let mut before = 0;
            // SAFETY: a state that the system knows, and a place of ours.
            unsafe { pthread_setcancelstate(SUSPENDED, &mut before) };
            Cancellable { before }
        }
    }

    impl Drop for Cancellable {
        fn drop(&mut self) {
            // SAFETY: the state that it was in.
            unsafe { pthread_setcancelstate(self.before, &mut 0) };
        }
    }
}

#[cfg(not(all(unix, not(target_os = "android"))))]
impl Cancellable {
    pub(super) fn suspend() -> Cancellable {
        Cancellable {}
    }
}

/// Makes the library stay where it is until the process ends, whatever dlclose or FreeLibrary is told.
fn stay() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static STAYS: AtomicBool = AtomicBool::new(false);
    if !STAYS.load(Ordering::Acquire) {
        pin();
        STAYS.store(true, Ordering::Release);
    }
}

#[cfg(unix)]
fn pin() {
    // SAFETY: all zeros is a valid Dl_info.
    let mut found: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: any address may be asked about; `found` is ours.
    let known = unsafe { libc::dladdr(pin as *const libc::c_void, &mut found) } != 0;
    if known && !found.dli_fname.is_null() {
        // The handle is kept, which holds the library also where the system does not know RTLD_NODELETE. In a program that
        // holds the library itself it is the program's, which stays anyway.
        // SAFETY: the loader's own string; nothing is loaded that is not.
        unsafe { libc::dlopen(found.dli_fname, libc::RTLD_NOW | libc::RTLD_NOLOAD | NODELETE) };
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd"))]
const NODELETE: libc::c_int = libc::RTLD_NODELETE;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd"))))]
const NODELETE: libc::c_int = 0;

#[cfg(windows)]
fn pin() {
    use std::ffi::c_void;
    const PIN: u32 = 1;
    const FROM_ADDRESS: u32 = 4;
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
    }
    let mut module = std::ptr::null_mut();
    // SAFETY: the address is of our own code; `module` is ours.
    unsafe { GetModuleHandleExW(PIN | FROM_ADDRESS, pin as *const c_void, &mut module) };
}

#[cfg(not(any(unix, windows)))]
fn pin() {}
