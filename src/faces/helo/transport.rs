//! A connection that the program provides as functions.

use super::codes::HeloStatus;
use super::delivery::Delivery;
use super::refusal::{Refusal, call};
use super::setup::helo_delivery;
use crate::capi::{Callback, User};
use crate::net::callback::{CallbackTransport, Callbacks, CloseFunction, Closing, Readiness};
use crate::net::transport::{Borrowed, WakeSlot};
use std::ffi::{c_int, c_void};
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

/// What the functions of a transport return when nothing can be read or written now.
pub const HELO_TRY_AGAIN: isize = -1;

/// Fills `buffer` with at most `size` bytes and returns how many; 0 at the end. Negative: it failed. A transport's
/// function returns HELO_TRY_AGAIN when nothing is there now; a body's function waits instead.
pub type HeloReadFn = Option<unsafe extern "C" fn(user: *mut c_void, buffer: *mut c_void, size: usize) -> isize>;

/// Takes at most `size` bytes and returns how many. HELO_TRY_AGAIN (or 0): none can be taken now. Other negative
/// numbers: the connection is lost.
pub type HeloWriteFn = Option<unsafe extern "C" fn(user: *mut c_void, bytes: *const c_void, size: usize) -> isize>;

/// Ends the connection; called exactly once. `abort` 1: at once, dropping what is not sent. 0: in order.
pub type HeloCloseFn = Option<unsafe extern "C" fn(user: *mut c_void, abort: c_int)>;

/// A connection to a server that the program has made: functions that must not block, and how to wait for it.
#[repr(C)]
pub struct HeloTransport {
    /// sizeof(helo_transport).
    pub size: usize,
    /// Handed to the functions.
    pub user: *mut c_void,
    /// Reads what has arrived.
    pub read: HeloReadFn,
    /// Writes what can go out now.
    pub write: HeloWriteFn,
    /// Ends the connection; may be NULL.
    pub close: HeloCloseFn,
    /// A socket (on Windows a SOCKET) or other descriptor that poll() can watch and that stays open until `close` is
    /// called; -1 if there is none.
    pub descriptor: isize,
    /// Without a descriptor: try again after so many milliseconds. 0: only after helo_wake().
    pub retry_ms: u32,
}

/// Gives the delivery a connection of the program's own. Each is used for one connection of a run, the first given
/// first; what was given replaces the server named to helo_new(). The library closes it by its `close`, once, in any case:
/// also where this call fails, unless the struct cannot be read (NULL, a wrong size).
///
/// The functions are called on the thread that is in helo_run(), `close` also on one that is in helo_free() or in a call
/// that fails.
///
/// # Safety
/// `transport` is NULL or leads to a helo_transport whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_add_transport(delivery: helo_delivery, transport: *const HeloTransport) -> HeloStatus {
    call("helo_add_transport", || {
        // SAFETY: as this function's own contract has it.
        let transport = unsafe { transport_of(transport) }.and_then(|transport| made_of(&transport));
        let delivery = Delivery::of(delivery)?;
        // Dropped, and so closed, after the lock on the state: `close` may call back.
        let mut transport = Some(transport?);
        let mut state = delivery.idle()?;
        state.add_transport(&mut transport)
    })
}

/// A copy of the struct that C passed.
///
/// # Safety
/// `transport` is NULL or leads to a helo_transport whose `size` is set.
pub(crate) unsafe fn transport_of(transport: *const HeloTransport) -> Result<HeloTransport, Refusal> {
    // SAFETY: the caller's promise is the same.
    unsafe { taken("helo_transport", transport) }?.ok_or_else(|| Refusal::argument("the transport is NULL"))
}

/// A copy of a struct that C has filled in, `None` for NULL.
///
/// # Safety
/// `place` is NULL or leads to a `T`, a `repr(C)` struct of pointers, functions and integers whose first member is its
/// size.
pub(crate) unsafe fn taken<T>(name: &str, place: *const T) -> Result<Option<T>, Refusal> {
    if place.is_null() {
        return Ok(None);
    }
    // SAFETY: it begins with its size, by the caller's promise; no alignment is assumed.
    let size = unsafe { place.cast::<usize>().read_unaligned() };
    if size != size_of::<T>() {
        return Err(Refusal::argument(format!("the struct's size member is not sizeof({name})")));
    }
    // SAFETY: a whole one is there; all bit patterns but those of the functions, which C has filled in, are values.
    Ok(Some(unsafe { place.read_unaligned() }))
}

/// Tells the run that a transport without a descriptor can be tried again. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn helo_wake(delivery: helo_delivery) -> HeloStatus {
    call("helo_wake", || {
        let delivery = Delivery::of(delivery)?;
        let waker = delivery.cancel.waker();
        waker
            .map_err(|why| Refusal::new(HeloStatus::HeloNoMemory, format!("no descriptor to wake with: {why}")))?
            .wake();
        Ok(())
    })
}

/// The transport that these functions are. Where they cannot be one, they are told that it is over.
pub(crate) fn made_of(transport: &HeloTransport) -> Result<CallbackTransport, Refusal> {
    let close = Callback::new(transport.close, transport.user);
    let close = move |how: Closing| {
        if let Some(close) = close {
            // SAFETY: the program gave the function for this purpose; it is called once.
            unsafe { (close.function)(close.user.as_ptr(), (how == Closing::Abort).into()) }
        }
    };
    checked(transport, Box::new(close)).inspect_err(|_| close(Closing::Abort))
}

fn checked(transport: &HeloTransport, close: CloseFunction) -> Result<CallbackTransport, Refusal> {
    let missing = || Refusal::argument("a transport needs a read and a write function");
    let read = Callback::new(transport.read, transport.user).ok_or_else(missing)?;
    let write = Callback::new(transport.write, transport.user).ok_or_else(missing)?;
    let readiness = match (transport.descriptor, transport.retry_ms) {
        (-1, 0) => Readiness::Notified(WakeSlot::new()),
        (-1, milliseconds) => Readiness::Poll(Duration::from_millis(milliseconds.into())),
        (descriptor, _) => Readiness::Descriptor(borrowed(descriptor)?),
    };
    Ok(CallbackTransport::new(Callbacks {
        // SAFETY: the program gave the function for this purpose, and the buffer is as long as it is told.
        read: Box::new(move |buffer| {
            count(unsafe { (read.function)(read.user.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) })
        }),
        write: Box::new(move |slices| write_all(slices, write.function, write.user)),
        close,
        readiness,
        peer: String::from("the program's own connection"),
        local: String::from("the program"),
        secure: false,
    }))
}

/// Slice after slice, as long as each is taken whole.
fn write_all(
    slices: &[IoSlice<'_>],
    function: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> isize,
    user: User,
) -> io::Result<usize> {
    let mut taken = 0;
    for slice in slices.iter().filter(|slice| !slice.is_empty()) {
        // SAFETY: the program gave the function for this purpose, and the slice is as long as it is told.
        let outcome = count(unsafe { function(user.as_ptr(), slice.as_ptr().cast(), slice.len()) });
        match outcome {
            Ok(count) if count > slice.len() => return Err(io::Error::other("more bytes taken than were given")),
            Ok(count) => taken += count,
            // What was taken before counts; the trouble comes up again with the next call.
            Err(_) if taken > 0 => break,
            Err(why) => return Err(why),
        }
        if !matches!(outcome, Ok(count) if count == slice.len()) {
            break;
        }
    }
    Ok(taken)
}

/// What a function of the program returned.
pub(crate) fn count(returned: isize) -> io::Result<usize> {
    match usize::try_from(returned) {
        Ok(count) => Ok(count),
        Err(_) if returned == HELO_TRY_AGAIN => Err(ErrorKind::WouldBlock.into()),
        Err(_) => Err(io::Error::other(format!("the program's function says that it failed ({returned})"))),
    }
}

#[cfg(unix)]
fn borrowed(descriptor: isize) -> Result<Borrowed<'static>, Refusal> {
    let descriptor = std::os::fd::RawFd::try_from(descriptor).ok().filter(|number| *number >= 0);
    let descriptor = descriptor.ok_or_else(|| Refusal::argument("the transport's descriptor is not a descriptor"))?;
    // SAFETY: the program keeps it open until `close` is called, as the header says; it is only polled.
    Ok(unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) })
}

#[cfg(windows)]
fn borrowed(descriptor: isize) -> Result<Borrowed<'static>, Refusal> {
    // SAFETY: as on Unix.
    Ok(unsafe { std::os::windows::io::BorrowedSocket::borrow_raw(descriptor.cast_unsigned() as _) })
}
