//! The folder from which the library was loaded.

use std::path::PathBuf;

/// The folder, if the system tells. In a program that holds the library itself it is the program's.
#[cfg(unix)]
pub(crate) fn library_folder() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: all zeros is a valid Dl_info.
    let mut found: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: any address may be asked about; `found` is ours.
    let known = unsafe { libc::dladdr(library_folder as *const libc::c_void, &mut found) } != 0;
    if !known || found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's own string, which lives as long as the library is loaded.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    // A program is named as it was called, which may be by a relative path or by no path at all.
    let path = if path.is_absolute() { path } else { std::env::current_exe().ok()? };
    path.parent().map(PathBuf::from)
}

#[cfg(windows)]
pub(crate) fn library_folder() -> Option<PathBuf> {
    use std::ffi::{OsString, c_void};
    use std::os::windows::ffi::OsStringExt;

    const FROM_ADDRESS: u32 = 4;
    const UNCHANGED_COUNT: u32 = 2;
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
        fn GetModuleFileNameW(module: *mut c_void, name: *mut u16, size: u32) -> u32;
    }

    let mut module = std::ptr::null_mut();
    // SAFETY: the address is of our own code; `module` is ours.
    let known =
        unsafe { GetModuleHandleExW(FROM_ADDRESS | UNCHANGED_COUNT, library_folder as *const c_void, &mut module) };
    if known == 0 {
        return None;
    }
    let mut name = [0u16; 1024];
    // SAFETY: the buffer has the size that is told.
    let length = unsafe { GetModuleFileNameW(module, name.as_mut_ptr(), name.len() as u32) } as usize;
    if length == 0 || length >= name.len() {
        return None;
    }
    PathBuf::from(OsString::from_wide(&name[..length])).parent().map(PathBuf::from)
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    fn the_tests_hold_the_library_themselves() {
        let program = std::env::current_exe().unwrap();
        let folder = super::library_folder().unwrap();
        assert_eq!(folder.canonicalize().unwrap(), program.parent().unwrap().canonicalize().unwrap());
    }
}
