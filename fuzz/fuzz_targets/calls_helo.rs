//! Random calls of `helo.h`, also from inside every callback: nothing crashes, hangs or leaks, each transport is closed
//! exactly once, each recipient has exactly one result, and HELO_OK means that all of them have their mail.
#![no_main]

#[path = "../../tests/support/erratic.rs"]
#[allow(dead_code)]
mod erratic;

use erratic::{Chances, Erratic, Known, Rules};
use helo::faces::helo::*;
use helo::net::transport::Transport;
use libfuzzer_sys::fuzz_target;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::io::IoSlice;
use std::ptr;

const TEXTS: [&std::ffi::CStr; 8] =
    [c"a@example.org", c"b@example.org", c"", c"x\r\ny", c"BODY=8BITMIME", c"RET=HDRS", c"alice", c"<c@example.org>"];

thread_local! {
    static CHANCES: RefCell<Chances> = RefCell::default();
    static DELIVERIES: RefCell<Vec<helo_delivery>> = const { RefCell::new(Vec::new()) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static OPEN: Cell<i64> = const { Cell::new(0) };
    static RESULTS: Cell<u64> = const { Cell::new(0) };
}

fn next() -> u8 {
    CHANCES.with_borrow(Chances::next)
}

fn delivery() -> helo_delivery {
    let which = usize::from(next());
    DELIVERIES.with_borrow(|all| all.get(which % 4).copied().unwrap_or(which as helo_delivery))
}

fn text() -> *const std::ffi::c_char {
    match next() {
        255 => ptr::null(),
        which => TEXTS[usize::from(which) % TEXTS.len()].as_ptr(),
    }
}

/// A call from inside a callback, sometimes.
fn call_back() {
    if next() % 4 == 3 && DEPTH.get() < 3 {
        DEPTH.set(DEPTH.get() + 1);
        act();
        DEPTH.set(DEPTH.get() - 1);
    }
}

struct Wire(Erratic);

fn said(outcome: std::io::Result<usize>) -> isize {
    match outcome {
        Ok(count) => count as isize,
        Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => HELO_TRY_AGAIN,
        Err(_) => -9,
    }
}

unsafe extern "C" fn read(user: *mut c_void, buffer: *mut c_void, size: usize) -> isize {
    call_back();
    let wire = unsafe { &mut *user.cast::<Wire>() };
    said(wire.0.read(unsafe { std::slice::from_raw_parts_mut(buffer.cast(), size) }))
}

unsafe extern "C" fn write(user: *mut c_void, bytes: *const c_void, size: usize) -> isize {
    call_back();
    let wire = unsafe { &mut *user.cast::<Wire>() };
    said(wire.0.write(&[IoSlice::new(unsafe { std::slice::from_raw_parts(bytes.cast(), size) })]))
}

unsafe extern "C" fn close(user: *mut c_void, _abort: c_int) {
    call_back();
    // A second close would free it twice, which the address sanitizer sees.
    drop(unsafe { Box::from_raw(user.cast::<Wire>()) });
    OPEN.set(OPEN.get() - 1);
}

unsafe extern "C" fn body(_: *mut c_void, buffer: *mut c_void, size: usize) -> isize {
    call_back();
    match next() {
        octet @ 1..=100 => {
            let count = size.min(usize::from(octet));
            unsafe { ptr::write_bytes(buffer.cast::<u8>(), b'.', count) };
            count as isize
        }
        101..=110 => -1,
        111 => size as isize + 1,
        _ => 0,
    }
}

unsafe extern "C" fn on_result(_: *mut c_void, _: *const HeloResult) {
    RESULTS.set(RESULTS.get() + 1);
    call_back();
}

unsafe extern "C" fn on_progress(_: *mut c_void, _: *const HeloProgress) {
    call_back();
}

unsafe extern "C" fn on_trace(_: *mut c_void, _: u32, _: HeloTrace, _: *const std::ffi::c_char, _: usize) {
    call_back();
}

fn add_transport() {
    let rules = Rules { lmtp: false, pipelining: next() % 2 == 0, chunking: next() % 2 == 0, not_ahead: next() % 8 == 7 };
    let wire = CHANCES.with_borrow(|chances| Wire(Erratic::new(rules, chances, &Known::default())));
    OPEN.set(OPEN.get() + 1);
    let mut transport = HeloTransport {
        size: size_of::<HeloTransport>(),
        user: Box::into_raw(Box::new(wire)).cast(),
        read: Some(read),
        write: Some(write),
        close: Some(close),
        descriptor: -1,
        retry_ms: 1,
    };
    if next() == 255 {
        transport.read = None;
    }
    unsafe { helo_add_transport(delivery(), &raw const transport) };
}

fn act() {
    let mut number = 0u32;
    let mut result = std::mem::MaybeUninit::<HeloResult>::zeroed();
    let mut progress = std::mem::MaybeUninit::<HeloProgress>::zeroed();
    unsafe {
        match next() % 26 {
            0 | 1 => add_transport(),
            2 | 3 => drop(helo_add_mail(delivery(), text(), &raw mut number)),
            4 | 5 => drop(helo_add_recipient(delivery(), u32::from(next() % 3), text(), ptr::null_mut())),
            6 => drop(helo_set_body(delivery(), u32::from(next() % 3), c"x\n.\ny".as_ptr().cast(), 5)),
            7 => drop(helo_set_body_callback(delivery(), u32::from(next() % 3), Some(body), ptr::null_mut())),
            8 => drop(helo_set_body_file(delivery(), u32::from(next() % 3), c"/dev/null".as_ptr())),
            9 | 10 | 11 => run(),
            12 => drop(helo_clear(delivery())),
            13 => drop(helo_cancel(delivery())),
            14 => drop(helo_set_level(delivery(), c_int::from(next() % 5) - 1)),
            15 => drop(helo_set_connections(delivery(), u32::from(next() % 4))),
            16 => drop(helo_on_result(delivery(), Some(on_result), ptr::null_mut())),
            17 => drop(helo_on_progress(delivery(), Some(on_progress), ptr::null_mut())),
            18 => drop(helo_on_trace(delivery(), Some(on_trace), ptr::null_mut())),
            19 => drop(helo_set_mail_parameter(delivery(), u32::from(next() % 3), text())),
            20 => drop(helo_set_recipient_parameter(delivery(), u32::from(next() % 3), u32::from(next() % 3), text())),
            21 => drop(helo_get_result(delivery(), u32::from(next() % 3), u32::from(next() % 3), result.as_mut_ptr())),
            22 => drop(helo_get_progress(delivery(), progress.as_mut_ptr())),
            23 => drop(helo_wake(delivery())),
            24 => drop(helo_set_window(delivery(), u32::from(next() % 3), u64::from(next()))),
            _ => renew(),
        }
    }
    assert!(!helo_last_error().is_null());
}

fn run() {
    let delivery = delivery();
    let (before, left_out) = (RESULTS.get(), undelivered(delivery));
    if helo_run(delivery) == HeloStatus::HeloOk {
        // Those of runs before stay as they were.
        assert_eq!(undelivered(delivery), left_out, "HELO_OK, and somebody has no mail");
    }
    assert!(RESULTS.get() >= before);
}

/// How many recipients have a result, and no mail.
fn undelivered(delivery: helo_delivery) -> usize {
    let mut count = 0;
    for mail in 0..64 {
        for recipient in 0..64 {
            let mut result = std::mem::MaybeUninit::<HeloResult>::zeroed();
            unsafe { (&raw mut (*result.as_mut_ptr()).size).write(size_of::<HeloResult>()) };
            match unsafe { helo_get_result(delivery, mail, recipient, result.as_mut_ptr()) } {
                HeloStatus::HeloOk => count += usize::from(unsafe { (*result.as_ptr()).delivered } == 0),
                HeloStatus::HeloNoResult => {}
                _ => break,
            }
        }
    }
    count
}

/// A handle is freed, and another takes its place.
fn renew() {
    let at = usize::from(next() % 4);
    let Some(old) = DELIVERIES.with_borrow(|all| all.get(at).copied()) else { return };
    if helo_free(old) == HeloStatus::HeloOk {
        let fresh = made();
        match DELIVERIES.with_borrow_mut(|all| all.get_mut(at).map(|place| *place = fresh)) {
            Some(()) => {}
            // The last ones are being freed: this call came from inside that.
            None => assert_eq!(helo_free(fresh), HeloStatus::HeloOk),
        }
    }
}

fn made() -> helo_delivery {
    let delivery = unsafe { helo_new(ptr::null()) };
    assert_ne!(delivery, 0);
    for phase in 0..11 {
        helo_set_timeout(delivery, phase, 1);
    }
    delivery
}

fuzz_target!(|data: &[u8]| {
    CHANCES.set(Chances::new(data));
    DELIVERIES.set((0..4).map(|_| made()).collect());
    for _ in 0..data.len().min(300) {
        act();
    }
    for delivery in DELIVERIES.take() {
        assert_eq!(helo_free(delivery), HeloStatus::HeloOk);
    }
    assert_eq!(OPEN.get(), 0, "each transport was closed");
});
