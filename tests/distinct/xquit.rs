//! smtp_xquit: from another thread and from inside each callback, at every kind of wait. The aborted call returns
//! SMTP_ABORTED, the handle is invalid at once, and the server sees a reset: no final dot, no farewell.

use crate::api::*;
use crate::support::listeners::FullBacklog;
use crate::support::process;
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{Options, Sink, Then, When};
use crate::support::wait::{LONG, until};
use std::ffi::c_int;
use std::time::{Duration, Instant};

const OPEN: &str = "S: 220 ready\nC: EHLO here.example\nS: 250 mx.example\n";

/// Callbacks that abort their own connection.
fn aborting() -> Hooks {
    let abort = |conn: Conn, _: &mut [u8]| {
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
        assert_eq!(name(conn.noop()), "SMTP_INVALID_HANDLE", "at once");
        assert_eq!(name(conn.rply(10).0), "SMTP_INVALID_HANDLE");
        assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
        assert_eq!(name(conn.xquit()), "SMTP_FAILURE", "aborted already");
        0
    };
    Hooks { data: Some(Box::new(abort)), line: Some(Box::new(abort)), ..Hooks::default() }
}

#[test]
fn every_waiting_call_is_aborted_from_another_thread() {
    for (what, call) in WAITING {
        // EHLO is the first command, the call's the second.
        let sink = Sink::start(Options::default().rule(When::Command(2), Then::Hold));
        let conn = connect(sink.address());
        assert_eq!(name(conn.opts(OPT_TIMEOUT, 60)), "SMTP_SUCCESS");
        let waiting = std::thread::spawn(move || call(conn));
        assert!(sink.wait_held(LONG), "{what}: the server has the command");
        let begun = Instant::now();
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS", "{what}");
        assert_eq!(name(waiting.join().unwrap()), "SMTP_ABORTED", "{what}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}: long before the timeout");
        assert_eq!(name(conn.xquit()), "SMTP_INVALID_HANDLE", "{what}");
    }
}

#[test]
fn the_farewell_is_cut_short_and_succeeds_all_the_same() {
    let sink = Sink::start(Options::default().rule(When::Command(2), Then::Hold));
    let conn = connect(sink.address());
    let waiting = std::thread::spawn(move || conn.quit());
    assert!(sink.wait_held(LONG), "the server has the command");
    let begun = Instant::now();
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    assert_eq!(name(waiting.join().unwrap()), "SMTP_SUCCESS");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn the_data_callback_aborts_by_xquit() {
    let server = ScriptedServer::start(&format!("{OPEN}C: DATA\nS: 354 go on\nWAIT reset"));
    let conn = connect_with(server.address(), aborting().keep());
    assert_eq!(name(conn.data()), "SMTP_ABORTED");
    assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
    server.finish();
}

#[test]
fn the_data_callback_aborts_by_what_it_returns() {
    for returned in [-1, -2, c_int::MIN, c_int::MAX, 1_000_000] {
        let server = ScriptedServer::start(&format!("{OPEN}C: DATA\nS: 354 go on\nWAIT reset"));
        let data = move |_: Conn, _: &mut [u8]| returned;
        let conn = connect_with(server.address(), Hooks { data: Some(Box::new(data)), ..Hooks::default() }.keep());
        assert_eq!(name(conn.data()), "SMTP_ABORTED", "{returned}");
        assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
        server.finish();
    }
}

#[test]
fn the_line_callback_aborts_by_xquit() {
    for answer in ["S: 250-one\nS: 250 two\nWAIT reset", "S: 250 one\nWAIT reset"] {
        let server = ScriptedServer::start(&format!("{OPEN}C: EXPN list\n{answer}"));
        let conn = connect_with(server.address(), aborting().keep());
        assert_eq!(name(conn.expn("list")), "SMTP_ABORTED");
        assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
        server.finish();
    }
}

#[test]
fn the_line_callback_aborts_by_minus_one() {
    for answer in ["S: 214-one\nS: 214 two\nWAIT reset", "S: 214 one\nWAIT reset"] {
        let server = ScriptedServer::start(&format!("{OPEN}C: HELP\n{answer}"));
        let line = |_: Conn, _: &mut [u8]| -1;
        let conn = connect_with(server.address(), Hooks { line: Some(Box::new(line)), ..Hooks::default() }.keep());
        assert_eq!(name(conn.help(None)), "SMTP_ABORTED");
        assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
        server.finish();
    }
}

#[test]
fn the_debug_callback_aborts() {
    // Before the command is out, and when its answer is in.
    for (word, script) in [("NOOP", "WAIT reset"), ("250 here", "C: NOOP\nS: 250 here\nWAIT reset")] {
        let server = ScriptedServer::start(&format!("{OPEN}{script}"));
        let debug = move |conn: Conn, text: &mut [u8]| {
            if text.starts_with(word.as_bytes()) {
                assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
            }
            0
        };
        let conn = connect_with(server.address(), Hooks { debug: Some(Box::new(debug)), ..Hooks::default() }.keep());
        assert_eq!(name(conn.noop()), "SMTP_ABORTED", "{word}");
        assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
        server.finish();
    }
}

#[test]
fn the_debug_callback_aborts_smtp_helo() {
    let server = ScriptedServer::start("S: 220 ready\nWAIT reset");
    let debug = |conn: Conn, _: &mut [u8]| {
        assert_eq!(name(conn.noop()), "SMTP_IN_PROGRESS");
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
        0
    };
    let hooks = Hooks { debug: Some(Box::new(debug)), ..Hooks::default() }.keep();
    let (code, conn) = helo(&host(server.address()), "here.example", hooks);
    assert_eq!((name(code), conn), ("SMTP_ABORTED", NO_CONN));
    // Whether the reply to the greeting was on its way already does not matter.
    let _ = server.outcome();
}

#[test]
fn a_message_in_pieces_is_aborted_between_them() {
    let server = ScriptedServer::start(&format!("{OPEN}C: DATA\nS: 354 go on\nWAIT reset"));
    let conn = connect(server.address());
    assert_eq!(name(conn.data_buf(b"half a mess")), "SMTP_SUCCESS");
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.data_buf(b"age")), "SMTP_INVALID_HANDLE");
    server.finish();
}

#[test]
fn nothing_in_progress_nothing_aborted() {
    let server = ScriptedServer::start(&format!("{OPEN}C: NOOP\nS: 250 here\nC: QUIT\nS: 221 bye\nWAIT close"));
    let conn = connect(server.address());
    assert_eq!(name(conn.xquit()), "SMTP_FAILURE");
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.xquit()), "SMTP_INVALID_HANDLE");
    server.finish();
}

#[test]
fn smtp_helo_is_aborted_from_another_thread_while_it_connects() {
    use std::sync::atomic::{AtomicPtr, Ordering};
    let full = FullBacklog::new();
    let place = AtomicPtr::<std::ffi::c_void>::new(std::ptr::null_mut());
    let begun = Instant::now();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let conn = until("the handle, which is there while the call runs", LONG, || {
                Some(place.load(Ordering::SeqCst)).filter(|conn| !conn.is_null())
            });
            assert_eq!(name(Conn(conn.addr()).xquit()), "SMTP_SUCCESS");
        });
        let host = std::ffi::CString::new(host(full.address())).unwrap();
        // SAFETY: strings with their NUL, and a place for a handle.
        let code = unsafe {
            helo::faces::distinct::open::smtp_helo(host.as_ptr(), c"here.example".as_ptr(), place.as_ptr(), None, 0)
        };
        assert_eq!(name(code), "SMTP_ABORTED");
    });
    assert!(place.load(Ordering::SeqCst).is_null());
    assert!(begun.elapsed() < Duration::from_secs(10), "long before the timeout: {:?}", begun.elapsed());
}

/// A connect to a full backlog, an answer that never comes, a data callback: each aborted, each quickly.
fn abort_each(full: &str, silent: &Sink, taking: &Sink) {
    let begun = Instant::now();
    let (told, hears) = std::sync::mpsc::channel();
    let status = move |_: Conn, result: c_int| told.send(result).unwrap();
    let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
    let (code, conn) = xhelo(full, "here.example", hooks);
    assert_eq!((name(code), name(conn.xquit())), ("SMTP_SUCCESS", "SMTP_SUCCESS"));
    assert_eq!(name(hears.recv_timeout(LONG).unwrap()), "SMTP_ABORTED");

    let conn = connect(silent.address());
    let waiting = std::thread::spawn(move || conn.noop_while_watched());
    while !conn.is_busy() {
        std::thread::yield_now();
    }
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    assert_eq!(name(waiting.join().unwrap()), "SMTP_ABORTED");

    let conn = connect_with(taking.address(), aborting().keep());
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("b@b.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.data()), "SMTP_ABORTED");
    assert!(begun.elapsed() < Duration::from_secs(5), "long before any timeout: {:?}", begun.elapsed());
}

#[test]
fn nothing_is_left_behind() {
    if !crate::child::is_this() {
        crate::child::run("xquit::nothing_is_left_behind", &[]);
        return;
    }
    let full = FullBacklog::new();
    let full = host(full.address());
    let silent = Sink::start(Options::default().rule(When::Command(2), Then::Silence));
    let taking = Sink::start(Options::default());
    let rest = |limit: usize| {
        until("descriptors to go", LONG, || (process::open_descriptors() <= limit).then_some(()));
    };
    // What stays for good is made first: the background driver's waker.
    abort_each(&full, &silent, &taking);
    let before = process::open_descriptors();
    for _ in 0..20 {
        abort_each(&full, &silent, &taking);
    }
    rest(before);
}
