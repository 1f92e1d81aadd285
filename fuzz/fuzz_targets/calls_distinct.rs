//! Random calls of Distinct SMTP-32, also from inside every callback, to a server on this machine that does anything:
//! nothing crashes or hangs, `smtp_xhelo`'s status comes exactly once, and every handle can be closed in the end.
#![no_main]

#[path = "../../tests/support/erratic.rs"]
#[allow(dead_code)]
mod erratic;

use erratic::{Chances, Erratic, Known, Rules};
use helo::faces::distinct::close::{smtp_quit, smtp_xquit};
use helo::faces::distinct::codes::*;
use helo::faces::distinct::commands::{smtp_noop, smtp_rply, smtp_rset, smtp_vrfy};
use helo::faces::distinct::data::{smtp_data, smtp_data_buf};
use helo::faces::distinct::direct::smtp_direct;
use helo::faces::distinct::listing::{smtp_expn, smtp_help};
use helo::faces::distinct::mail::{smtp_mail, smtp_rcpt, smtp_saml, smtp_send, smtp_soml};
use helo::faces::distinct::open::{smtp_helo, smtp_xhelo};
use helo::faces::distinct::turn::smtp_turn;
use helo::faces::helo::helo_policy_text;
use helo::net::transport::Transport;
use libfuzzer_sys::fuzz_target;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char, c_int, c_void};
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ptr;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

type Handle = *mut c_void;

const TEXTS: [&std::ffi::CStr; 8] =
    [c"a@example.org", c"b@example.org", c"", c"x\r\ny", c"MAIL FROM:<d@example.org>", c"NOOP", c"RSET", c"<c@example.org>"];

thread_local! {
    static CHANCES: RefCell<Chances> = RefCell::default();
    static HANDLES: RefCell<Vec<Handle>> = const { RefCell::new(Vec::new()) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Openings in the background whose status has not come.
static OPENING: AtomicI64 = AtomicI64::new(0);
/// What the server does in this run.
static SERVER: Mutex<Option<Chances>> = Mutex::new(None);

fn next() -> u8 {
    CHANCES.with_borrow(Chances::next)
}

fn handle() -> Handle {
    let which = usize::from(next());
    HANDLES.with_borrow(|all| match all.is_empty() || which > 250 {
        true => ptr::without_provenance_mut(which),
        false => all[which % all.len()],
    })
}

fn text() -> *const c_char {
    match next() {
        255 => ptr::null(),
        which => TEXTS[usize::from(which) % TEXTS.len()].as_ptr(),
    }
}

fn call_back() {
    if next() % 4 == 3 && DEPTH.get() < 3 {
        DEPTH.set(DEPTH.get() + 1);
        act();
        DEPTH.set(DEPTH.get() - 1);
    }
}

unsafe extern "system" fn on_buffer(_: Handle, buffer: *mut c_char, length: c_int, _: usize) -> c_int {
    call_back();
    let octet = next();
    if octet == 0 || buffer.is_null() {
        return 0;
    }
    // As a data callback it fills the buffer; what a debug callback writes changes nothing.
    let count = length.clamp(0, c_int::from(octet % 50));
    unsafe { ptr::write_bytes(buffer, b'.', count as usize) };
    if octet == 255 { -1 } else { count }
}

/// The status comes on a thread of the library's.
unsafe extern "system" fn on_status(connection: Handle, status: c_int, _: usize) -> c_int {
    if status == SMTP_SUCCESS {
        unsafe { smtp_noop(connection) };
    }
    OPENING.fetch_sub(1, SeqCst);
    0
}

type Function = unsafe extern "system" fn() -> isize;

fn buffer_function() -> Option<Function> {
    let function = on_buffer as unsafe extern "system" fn(Handle, *mut c_char, c_int, usize) -> c_int;
    (next() != 255).then(|| unsafe { std::mem::transmute::<_, Function>(function) })
}

fn status_function() -> Option<Function> {
    let function = on_status as unsafe extern "system" fn(Handle, c_int, usize) -> c_int;
    Some(unsafe { std::mem::transmute::<_, Function>(function) })
}

fn act() {
    let (connection, argument) = (handle(), text());
    let mut reply = [0 as c_char; 40];
    let (mut code, mut length) = (0, 40);
    unsafe {
        match next() % 23 {
            0 | 1 => open(false),
            2 => open(true),
            3 => drop(smtp_quit(connection)),
            4 => drop(smtp_xquit(connection)),
            5 | 6 => drop(smtp_mail(connection, argument)),
            7 | 8 => drop(smtp_rcpt(connection, argument)),
            9 => drop(smtp_data(connection, buffer_function())),
            10 => drop(smtp_data_buf(connection, c"x\n.\ny".as_ptr(), 5)),
            11 => drop(smtp_data_buf(connection, ptr::null(), 0)),
            12 => drop(smtp_rply(connection, reply.as_mut_ptr(), c_int::from(next() % 41), &raw mut code)),
            13 => drop(smtp_direct(connection, argument, reply.as_mut_ptr(), &raw mut length)),
            14 => drop(smtp_noop(connection)),
            15 => drop(smtp_rset(connection)),
            16 => drop(smtp_vrfy(connection, argument)),
            17 => drop(smtp_expn(connection, argument, buffer_function())),
            18 => drop(smtp_help(connection, argument, buffer_function())),
            19 => drop(smtp_send(connection, argument)),
            20 => drop(smtp_soml(connection, argument)),
            21 => drop(smtp_saml(connection, argument)),
            _ => drop(smtp_turn(connection)),
        }
    }
}

fn open(in_background: bool) {
    let host = CString::new(format!("smtp://127.0.0.1:{}", server_port())).expect("no NUL");
    let mut connection = ptr::null_mut();
    let (host, local, place) = (host.as_ptr(), c"me".as_ptr(), &raw mut connection);
    let debug = buffer_function().filter(|_| next() % 2 == 0);
    if in_background {
        OPENING.fetch_add(1, SeqCst);
        // Its debug callback comes on another thread, whose calls are not this run's.
        if unsafe { smtp_xhelo(host, local, place, None, status_function(), 0) } != SMTP_SUCCESS {
            OPENING.fetch_sub(1, SeqCst);
        }
    } else {
        unsafe { smtp_helo(host, local, place, debug, 0) };
    }
    if !connection.is_null() {
        HANDLES.with_borrow_mut(|all| all.push(connection));
    }
}

/// The port of a server that does what the run's chances say.
fn server_port() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(chances) = SERVER.lock().expect("no panic").clone() else { continue };
                std::thread::spawn(move || serve(stream, &chances));
            }
        });
        port
    })
}

fn serve(mut stream: TcpStream, chances: &Chances) {
    let rules = Rules { lmtp: false, pipelining: true, chunking: true, not_ahead: false };
    let mut server = Erratic::new(rules, chances, &Known::default());
    let mut buffer = [0; 4096];
    loop {
        loop {
            match server.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) if stream.write_all(&buffer[..count]).is_ok() => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                _ => return,
            }
        }
        let Ok(count @ 1..) = stream.read(&mut buffer) else { return };
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            match server.write(&[IoSlice::new(rest)]) {
                Ok(taken) => rest = &rest[taken..],
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    static POLICY: OnceLock<()> = OnceLock::new();
    POLICY.get_or_init(|| {
        assert_eq!(unsafe { helo_policy_text(c"timeout = 20 ms\n".as_ptr()) }, helo::faces::helo::HeloStatus::HeloOk);
    });
    let (server, calls) = data.split_at(data.len() / 2);
    *SERVER.lock().expect("no panic") = Some(Chances::new(server));
    CHANCES.set(Chances::new(calls));
    for _ in 0..calls.len().min(60) {
        act();
    }
    CHANCES.set(Chances::default());
    let end = Instant::now() + Duration::from_secs(20);
    while OPENING.load(SeqCst) > 0 {
        assert!(Instant::now() < end, "a status never came");
        std::thread::sleep(Duration::from_micros(200));
    }
    for connection in HANDLES.take() {
        // The function that was told of it may not have returned yet.
        while unsafe { smtp_quit(connection) } == SMTP_IN_PROGRESS {
            assert!(Instant::now() < end, "a call that never ends");
            std::thread::sleep(Duration::from_micros(200));
        }
        assert_eq!(unsafe { smtp_noop(connection) }, SMTP_INVALID_HANDLE, "closed");
    }
});
