//! smtp_opts: every option, also while a call runs.

use crate::api::*;
use crate::support::scripted::ScriptedServer;
use crate::support::wait::{LONG, until};
use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const OPEN: &str = "S: 220 ready\nC: EHLO here.example\nS: 250 mx.example\n";
const CLOSE: &str = "\nC: QUIT\nS: 221 bye\nWAIT close";

fn number(function: FarProc) -> usize {
    function.map_or(0, |function| (function as *const ()).expose_provenance())
}

#[test]
fn the_parameter_is_given_and_changed() {
    let server = ScriptedServer::start(&format!("{OPEN}{CLOSE}"));
    let hooks = Hooks::default().keep();
    let conn = connect_with(server.address(), hooks);
    let mut now = 0_usize;
    let place = std::ptr::from_mut(&mut now).expose_provenance();
    assert_eq!(name(conn.opts(OPT_GET_PARAM, place)), "SMTP_SUCCESS");
    assert_eq!(now, hooks.parameter());
    assert_eq!(name(conn.opts(OPT_SET_PARAM, usize::MAX)), "SMTP_SUCCESS");
    assert_eq!(name(conn.opts(OPT_GET_PARAM, place)), "SMTP_SUCCESS");
    assert_eq!(now, usize::MAX, "as wide as a pointer");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn what_is_no_option_is_refused() {
    let server = ScriptedServer::start(&format!("{OPEN}{CLOSE}"));
    let conn = connect(server.address());
    for (option, value) in
        [(0, 0), (7, 0), (999, 1), (OPT_TIMEOUT, 0), (OPT_TIMEOUT, 1000), (OPT_TIMEOUT, usize::MAX), (OPT_GET_PARAM, 0)]
    {
        assert_eq!(name(conn.opts(option, value)), "SMTP_INVALID_OPTION", "{option} {value}");
    }
    for (option, value) in [(OPT_TIMEOUT, 1), (OPT_TIMEOUT, 999), (OPT_YIELD_OFF, 0), (OPT_YIELD_ON, 0), (OPT_DEBUG, 0)]
    {
        assert_eq!(name(conn.opts(option, value)), "SMTP_SUCCESS", "{option} {value}");
    }
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.opts(OPT_TIMEOUT, 1)), "SMTP_INVALID_HANDLE");
    server.finish();
}

#[test]
fn the_debug_callback_sees_both_directions_and_can_be_changed() {
    let server = ScriptedServer::start(&format!(
        "{OPEN}
         C: NOOP
         S: 250-a
         S: 250 b
         C: NOOP
         S: 250 unseen
         C: DATA
         S: 354 go on
         C. ..text\\r\\n.\\r\\n
         S: 250 taken
         {CLOSE}"
    ));
    let seen = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&seen);
    let debug = move |conn: Conn, text: &mut [u8]| {
        // SAFETY: the header promises a NUL behind the text.
        assert_eq!(unsafe { text.as_ptr().add(text.len()).read() }, 0, "a NUL stands behind the text");
        assert_ne!(conn, NO_CONN);
        shown.lock().unwrap().push_str(std::str::from_utf8(text).unwrap());
        text.fill(b'!'); // a copy: what the program does with it is its own affair
        -1 // ignored
    };
    let hooks = Hooks { debug: Some(Box::new(debug)), data: Some(source(b".text")), ..Hooks::default() };
    let conn = connect_with(server.address(), hooks.keep());
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(name(conn.opts(OPT_DEBUG, 0)), "SMTP_SUCCESS");
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(name(conn.opts(OPT_DEBUG, number(debug_proc()))), "SMTP_SUCCESS");
    assert_eq!(name(conn.data()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
    let expected = "220 ready\r\nEHLO here.example\r\n250 mx.example\r\nNOOP\r\n250-a\r\n250 b\r\n\
        DATA\r\n354 go on\r\n..text\r\n.\r\n250 taken\r\nQUIT\r\n221 bye\r\n";
    assert_eq!(*seen.lock().unwrap(), expected);
}

static YIELDED: AtomicUsize = AtomicUsize::new(0);
static TO_QUIT: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" fn yielding() -> isize {
    if YIELDED.fetch_add(1, Ordering::SeqCst) >= 5 {
        let conn = Conn(TO_QUIT.load(Ordering::SeqCst));
        assert_eq!(name(conn.noop()), "SMTP_IN_PROGRESS");
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    }
    0
}

#[test]
fn the_programs_yield_is_called_often_while_a_call_waits_and_may_abort_it() {
    let server = ScriptedServer::start(&format!("{OPEN}C: NOOP\nWAIT reset"));
    let conn = connect(server.address());
    TO_QUIT.store(conn.0, Ordering::SeqCst);
    assert_eq!(name(conn.opts(OPT_YIELD_ON, number(Some(yielding)))), "SMTP_SUCCESS");
    assert_eq!(name(conn.noop()), "SMTP_ABORTED");
    assert_eq!(YIELDED.load(Ordering::SeqCst), 6);
    assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
    server.finish();
}

static COUNTED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" fn counting() -> isize {
    COUNTED.fetch_add(1, Ordering::SeqCst);
    0
}

#[test]
fn yielding_can_be_switched_on_in_mid_wait_and_off_again() {
    let server = ScriptedServer::start(&format!("{OPEN}C: NOOP\nHANG"));
    let conn = connect(server.address());
    let waiting = std::thread::spawn(move || conn.noop_while_watched());
    until("the call to begin", LONG, || conn.is_busy().then_some(()));
    assert_eq!(name(conn.opts(OPT_YIELD_ON, number(Some(counting)))), "SMTP_SUCCESS");
    until("the yield function", LONG, || (COUNTED.load(Ordering::SeqCst) > 2).then_some(()));
    assert_eq!(name(conn.opts(OPT_YIELD_OFF, 0)), "SMTP_SUCCESS");
    // `is_busy` may have failed meanwhile, which is what smtp_rply tells of then.
    assert!([250, 0].contains(&conn.reply().1), "smtp_rply works meanwhile");
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    assert_eq!(name(waiting.join().unwrap()), "SMTP_ABORTED");
    server.finish();
}

#[test]
fn options_change_from_inside_a_callback() {
    let server = ScriptedServer::start(&format!("{OPEN}C: DATA\nS: 354 go on\nC. x\\r\\n.\\r\\n\nHANG"));
    let text = source(b"x");
    let data = move |conn: Conn, buffer: &mut [u8]| -> c_int {
        assert_eq!(name(conn.opts(OPT_TIMEOUT, 1)), "SMTP_SUCCESS");
        assert_eq!(conn.reply(), ("354 go on".into(), 354), "the last reply, up to date");
        text(conn, buffer)
    };
    let conn = connect_with(server.address(), Hooks { data: Some(Box::new(data)), ..Hooks::default() }.keep());
    let begun = std::time::Instant::now();
    assert_eq!(name(conn.data()), "SMTP_TIMED_OUT");
    assert!(begun.elapsed().as_secs() < 15, "the default of 20 seconds did not hold");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}
