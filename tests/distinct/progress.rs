//! One connection serves one call at a time; many connections serve many.

use crate::api::*;
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{Options, Sink, Then, When};
use crate::support::wait::LONG;

const OPEN: &str = "S: 220 ready\nC: EHLO here.example\nS: 250 mx.example\n";

/// It, too, needs the connection for itself.
const CLOSING: [Call; 1] = [("quit", |conn| conn.quit())];

#[test]
fn a_busy_connection_refuses_every_other_call() {
    let sink = Sink::start(Options::default().rule(When::Command(2), Then::Hold));
    let conn = connect(sink.address());
    let waiting = std::thread::spawn(move || conn.noop());
    assert!(sink.wait_held(LONG), "the server has the command");
    for (what, call) in WAITING.into_iter().chain(CLOSING) {
        assert_eq!(name(call(conn)), "SMTP_IN_PROGRESS", "{what}");
    }
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    // The aborted call may still be on its way back: the handle is invalid all the same.
    for (what, call) in WAITING.into_iter().chain(CLOSING) {
        assert_eq!(name(call(conn)), "SMTP_INVALID_HANDLE", "{what}");
    }
    assert_eq!(name(waiting.join().unwrap()), "SMTP_ABORTED");
}

#[test]
fn callbacks_get_in_progress_for_their_own_connection_and_may_use_others() {
    let other = ScriptedServer::start(&format!("{OPEN}C: NOOP\nS: 250 here\nC: QUIT\nS: 221 bye\nWAIT close"));
    let server =
        ScriptedServer::start(&format!("{OPEN}C: DATA\nS: 354 go on\nC. .\\r\\n\nS: 250 taken\nC: QUIT\nS: 221 bye"));
    let elsewhere = other.address();
    let data = move |conn: Conn, _: &mut [u8]| {
        for (what, call) in WAITING.into_iter().chain(CLOSING) {
            assert_eq!(name(call(conn)), "SMTP_IN_PROGRESS", "{what}");
        }
        let second = connect(elsewhere);
        assert_eq!(name(second.noop()), "SMTP_SUCCESS");
        assert_eq!(name(second.quit()), "SMTP_SUCCESS");
        0
    };
    let conn = connect_with(server.address(), Hooks { data: Some(Box::new(data)), ..Hooks::default() }.keep());
    assert_eq!(name(conn.data()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
    other.finish();
}
