//! The C types of this face, and calls of the program's functions.
//!
//! The types stand in `windows.h`, the system's own on Windows and ours elsewhere, so they are not for the generated
//! header.

use crate::capi::{StringError, c_str};
use crate::error::{Cause, Error, Phase};
use std::ffi::{c_char, c_int, c_void};

/// A handle: as wide as a pointer.
pub(crate) type GLOBALHANDLE = *mut c_void;
/// A string that is only read. `LPSTR` in the manual: programs that have one can pass it.
pub(crate) type LPCSTR = *const c_char;
/// A buffer for a string.
pub(crate) type LPSTR = *mut c_char;
/// A number as wide as a pointer. `DWORD` in the manual, which is the same on 32 bits and in our `windows.h`.
pub(crate) type DWORD_PTR = usize;
/// A short number.
pub(crate) type WORD = u16;
/// A function of the program, of whatever kind: the manual says which where it is passed.
pub(crate) type FARPROC = Option<AnyFunction>;

type AnyFunction = unsafe extern "system" fn() -> isize;
type BufferFunction = unsafe extern "system-unwind" fn(GLOBALHANDLE, *mut c_char, c_int, DWORD_PTR) -> c_int;
type StatusFunction = unsafe extern "system-unwind" fn(GLOBALHANDLE, c_int, DWORD_PTR) -> c_int;
type YieldFunction = unsafe extern "system-unwind" fn() -> c_int;

/// The longest argument of a command that is looked at; what may be sent is shorter still.
const MAX_ARGUMENT: usize = 16 * 1024;

/// A handle's number as C passes it.
pub(crate) fn number_of(handle: GLOBALHANDLE) -> usize {
    handle.addr()
}

/// A number as the handle that C gets.
pub(crate) fn handle_of(number: usize) -> GLOBALHANDLE {
    std::ptr::without_provenance_mut(number)
}

/// A function of the program that gets a piece of text: debug, data and line callbacks, which differ only in who writes
/// to the buffer.
#[derive(Clone, Copy)]
pub(crate) struct BufferProc(BufferFunction);

impl BufferProc {
    pub(crate) fn new(function: FARPROC) -> Option<Self> {
        // SAFETY: function pointers have one size. That the function takes these arguments is what the manual asks of the
        // program.
        function.map(|function| BufferProc(unsafe { std::mem::transmute::<AnyFunction, BufferFunction>(function) }))
    }

    /// The same from the number that `smtp_opts` takes.
    pub(crate) fn from_number(number: DWORD_PTR) -> Option<Self> {
        Self::new(function_of(number))
    }

    /// Calls it with a buffer that it may read and write.
    pub(crate) fn call(self, handle: usize, buffer: &mut [u8], length: usize, parameter: usize) -> c_int {
        let length = c_int::try_from(length.min(buffer.len())).unwrap_or(c_int::MAX);
        // SAFETY: the buffer is ours and as long as the function is told; the program keeps to that.
        unsafe { (self.0)(handle_of(handle), buffer.as_mut_ptr().cast(), length, parameter) }
    }

    /// Calls it with a copy of `text` and a NUL behind it that is not counted.
    pub(crate) fn call_with_text(self, handle: usize, text: &[u8], parameter: usize) -> c_int {
        let mut copy = Vec::with_capacity(text.len() + 1);
        copy.extend_from_slice(text);
        copy.push(0);
        self.call(handle, &mut copy, text.len(), parameter)
    }
}

/// The program's status callback.
#[derive(Clone, Copy)]
pub(crate) struct StatusProc(StatusFunction);

impl StatusProc {
    pub(crate) fn new(function: FARPROC) -> Option<Self> {
        // SAFETY: as for `BufferProc::new`.
        function.map(|function| StatusProc(unsafe { std::mem::transmute::<AnyFunction, StatusFunction>(function) }))
    }

    pub(crate) fn call(self, handle: usize, result: c_int, parameter: usize) {
        // SAFETY: the program gave a function of this kind. What it returns is ignored.
        unsafe { (self.0)(handle_of(handle), result, parameter) };
    }
}

/// The program's yield callback.
#[derive(Clone, Copy)]
pub(crate) struct YieldProc(YieldFunction);

impl YieldProc {
    pub(crate) fn from_number(number: DWORD_PTR) -> Option<Self> {
        // SAFETY: as for `BufferProc::new`.
        function_of(number)
            .map(|function| YieldProc(unsafe { std::mem::transmute::<AnyFunction, YieldFunction>(function) }))
    }

    pub(crate) fn call(self) {
        // SAFETY: the program gave a function of this kind. What it returns is ignored.
        unsafe { (self.0)() };
    }
}

/// A function whose address the program passed as a number.
fn function_of(number: DWORD_PTR) -> FARPROC {
    // SAFETY: an `Option` of a function pointer has the pointer's size and is `None` for 0; that another number is the
    // address of a function is what the manual asks of the program.
    unsafe { std::mem::transmute::<usize, FARPROC>(number) }
}

/// An argument of a command.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string.
pub(crate) unsafe fn argument(name: &str, pointer: LPCSTR, phase: Phase) -> Result<String, Error> {
    // SAFETY: the caller's promise is the same.
    unsafe { c_str(pointer, MAX_ARGUMENT) }
        .map_err(|why: StringError| Error::new(phase, Cause::BadArgument, format!("the {name} {why}")))
}

/// Copies bytes into the program's buffer with a NUL behind them, cut if they do not fit; the length that they need with
/// the NUL.
///
/// # Safety
/// `buffer` is NULL or leads to `size` writable bytes.
pub(crate) unsafe fn copy_bytes(bytes: &[u8], buffer: LPSTR, size: usize) -> usize {
    if !buffer.is_null() && size > 0 {
        let length = bytes.len().min(size - 1);
        // SAFETY: `length` is less than `size`, and a buffer of the program cannot overlap memory of ours.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), length);
            buffer.add(length).write(0);
        }
    }
    bytes.len() + 1
}
