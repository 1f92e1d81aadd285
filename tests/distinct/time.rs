//! Timeouts: every waiting function gives up, and what a late answer does afterwards.

use crate::api::*;
use crate::support::scripted::ScriptedServer;
use std::ffi::c_int;
use std::time::{Duration, Instant};

const OPEN: &str = "S: 220 ready\nC: EHLO here.example\nS: 250 mx.example\n";

/// The shortest timeout that a program can set.
fn impatient(server: &ScriptedServer, hooks: Hooks) -> Conn {
    let conn = connect_with(server.address(), hooks.keep());
    assert_eq!(name(conn.opts(OPT_TIMEOUT, 1)), "SMTP_SUCCESS");
    conn
}

#[test]
fn every_waiting_function_times_out() {
    // All at once: each takes a second.
    std::thread::scope(|threads| {
        for (what, call) in WAITING {
            threads.spawn(move || {
                let server = ScriptedServer::start(&format!("{OPEN}HANG"));
                let conn = impatient(&server, Hooks::default());
                let begun = Instant::now();
                assert_eq!(name(call(conn)), "SMTP_TIMED_OUT", "{what}");
                let took = begun.elapsed();
                assert!(took >= Duration::from_millis(990) && took < Duration::from_secs(10), "{what}: {took:?}");
                assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
                server.finish();
            });
        }
    });
}

#[test]
fn a_late_answer_is_not_the_next_commands() {
    let server = ScriptedServer::start(&format!(
        "{OPEN}
         C: VRFY bob
         C: NOOP
         S: 550 late: no bob
         S: 250 here
         C: QUIT
         S: 221 bye
         WAIT close"
    ));
    let conn = impatient(&server, Hooks::default());
    assert_eq!(name(conn.vrfy("bob")), "SMTP_TIMED_OUT");
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(conn.reply(), ("250 here".into(), 250));
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn no_answer_after_the_message_is_a_timeout_and_the_connection_goes_on() {
    let server = ScriptedServer::start(&format!(
        "{OPEN}
         C: DATA
         S: 354 go on
         C. text\\r\\n.\\r\\n
         C: NOOP
         S: 250 late: taken
         S: 250 here
         C: QUIT
         S: 221 bye
         WAIT close"
    ));
    let conn = impatient(&server, Hooks { data: Some(source(b"text")), ..Hooks::default() });
    assert_eq!(name(conn.data()), "SMTP_TIMED_OUT");
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn after_an_unanswered_data_the_connection_is_of_no_use() {
    let server = ScriptedServer::start(&format!("{OPEN}C: DATA\nWAIT reset"));
    let conn = impatient(&server, Hooks { data: Some(source(b"text")), ..Hooks::default() });
    assert_eq!(name(conn.data()), "SMTP_TIMED_OUT");
    assert_eq!(name(conn.noop()), "SMTP_FAILURE");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn a_server_that_does_not_read_the_message_times_out() {
    let server = ScriptedServer::start(&format!("{OPEN}C: DATA\nS: 354 go on\nDEAF"));
    let endless = |_: Conn, buffer: &mut [u8]| {
        buffer.fill(b'x');
        buffer.len() as c_int
    };
    let conn = impatient(&server, Hooks { data: Some(Box::new(endless)), ..Hooks::default() });
    assert_eq!(name(conn.data()), "SMTP_TIMED_OUT");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}
