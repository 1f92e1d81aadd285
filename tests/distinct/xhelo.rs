//! smtp_xhelo: the status callback comes exactly once, and says what became of the connection.

use crate::api::*;
use crate::support::listeners::{FullBacklog, refusing};
use crate::support::process;
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{Options, Sink, Then, When};
use crate::support::wait::{LONG, until};
use helo::net::fault::{Fault, on_this_thread};
use std::ffi::c_int;
#[cfg(feature = "tls")]
use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Hooks whose status callback reports here.
fn reporting() -> (Hooks, Receiver<(Conn, c_int)>) {
    let (told, hears) = channel();
    let status = move |conn: Conn, result: c_int| {
        let _ = told.send((conn, result));
    };
    (Hooks { status: Some(Box::new(status)), ..Hooks::default() }, hears)
}

/// Opens, and what the status callback says.
#[track_caller]
fn outcome(host: &str) -> (Conn, &'static str) {
    let (hooks, hears) = reporting();
    let (code, conn) = xhelo(host, "here.example", hooks.keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    let (told, result) = hears.recv_timeout(LONG).expect("the status callback");
    assert_eq!(told, conn);
    assert!(hears.recv_timeout(Duration::from_millis(50)).is_err(), "once and not again");
    (conn, name(result))
}

#[test]
fn a_connection_that_comes_about_is_there_for_its_callback() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO here.example
         S: 250 mx.example
         C: NOOP
         S: 250 from the callback
         C: NOOP
         S: 250 from outside
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let (told, hears) = channel();
    let status = move |conn: Conn, result: c_int| {
        assert_eq!(name(conn.xquit()), "SMTP_FAILURE", "nothing is in progress any more");
        told.send((conn, name(result), name(conn.noop()))).unwrap();
    };
    let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
    let (code, conn) = xhelo(&host(server.address()), "here.example", hooks);
    assert_eq!(name(code), "SMTP_SUCCESS");
    assert_eq!(hears.recv_timeout(LONG).unwrap(), (conn, "SMTP_SUCCESS", "SMTP_SUCCESS"));
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn what_can_become_of_it() {
    let server = ScriptedServer::start("S: 554 away\nC: QUIT\nS: 221 bye\nWAIT close");
    let (conn, result) = outcome(&host(server.address()));
    assert_eq!((result, conn.reply()), ("SMTP_FAILURE", ("554 away".into(), 554)));
    assert_eq!(name(conn.noop()), "SMTP_FAILURE");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();

    for (host, expected) in [
        (host(refusing()), "SMTP_HOST_NOT_RESPONDING"),
        ("no-such-host.invalid".into(), "SMTP_UNKNOWN_HOST"),
        ("two words".into(), "SMTP_UNKNOWN_HOST"),
        ("https://127.0.0.1".into(), "SMTP_UNKNOWN_HOST"),
    ] {
        let (conn, result) = outcome(&host);
        assert_eq!(result, expected, "{host}");
        assert_eq!(name(conn.noop()), "SMTP_FAILURE");
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS", "a failed handle is freed by either");
        assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
    }
}

#[test]
fn until_it_is_made_every_call_is_in_progress() {
    let full = FullBacklog::new();
    let (hooks, hears) = reporting();
    let (code, conn) = xhelo(&host(full.address()), "here.example", hooks.keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    let calls: [(&str, c_int); 18] = [
        ("mail", conn.mail("a@a.example")),
        ("send", conn.send("a@a.example")),
        ("soml", conn.soml("a@a.example")),
        ("saml", conn.saml("a@a.example")),
        ("rcpt", conn.rcpt("a@a.example")),
        ("data", conn.data()),
        ("data_buf", conn.data_buf(b"x")),
        ("direct", conn.direct("XHELLO").0),
        ("expn", conn.expn("list")),
        ("help", conn.help(None)),
        ("noop", conn.noop()),
        ("rset", conn.rset()),
        ("turn", conn.turn()),
        ("vrfy", conn.vrfy("bob")),
        ("rply", conn.rply(10).0),
        ("opts", conn.opts(OPT_TIMEOUT, 5)),
        ("opts", conn.opts(0, 0)),
        ("quit", conn.quit()),
    ];
    for (what, code) in calls {
        assert_eq!(name(code), "SMTP_IN_PROGRESS", "{what}");
    }
    let begun = Instant::now();
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    let second = name(conn.xquit());
    assert!(matches!(second, "SMTP_FAILURE" | "SMTP_INVALID_HANDLE"), "aborted already, or gone: {second}");
    for code in [conn.noop(), conn.rply(10).0, conn.quit()] {
        assert_eq!(name(code), "SMTP_INVALID_HANDLE");
    }
    let (told, result) = hears.recv_timeout(LONG).expect("the status callback");
    assert_eq!((told, name(result)), (conn, "SMTP_ABORTED"));
    assert!(begun.elapsed() < Duration::from_secs(10), "not the timeout ended it");
    assert!(hears.recv_timeout(Duration::from_millis(50)).is_err(), "once and not again");
}

#[test]
fn it_is_aborted_while_the_greeting_or_the_answer_to_ehlo_is_waited_for() {
    for silent_at in [When::Greeting(1), When::Command(1)] {
        let sink = Sink::start(Options::default().rule(silent_at, Then::Hold));
        let (hooks, hears) = reporting();
        let (code, conn) = xhelo(&host(sink.address()), "here.example", hooks.keep());
        assert_eq!(name(code), "SMTP_SUCCESS");
        assert!(sink.wait_held(LONG), "the server is silent");
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
        assert_eq!(name(hears.recv_timeout(LONG).unwrap().1), "SMTP_ABORTED");
    }
}

/// A server that reads what a handshake begins with and says nothing: its port, when it has read, and how its connection
/// ended.
#[cfg(feature = "tls")]
fn silent_in_the_handshake() -> (u16, Receiver<()>, std::thread::JoinHandle<bool>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, hears) = channel();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let begun = stream.read(&mut [0; 5]).unwrap() == 5;
        told.send(()).unwrap();
        // Until it ends: in order, or by a reset.
        let ended = std::io::copy(&mut stream, &mut std::io::sink());
        begun && ended.map_or_else(|why| why.kind() == std::io::ErrorKind::ConnectionReset, |_| true)
    });
    (port, hears, thread)
}

#[cfg(feature = "tls")]
#[test]
fn it_is_aborted_in_the_middle_of_a_handshake() {
    let (port, begun, server) = silent_in_the_handshake();
    let (hooks, hears) = reporting();
    let (code, conn) = xhelo(&format!("smtps://127.0.0.1:{port}"), "here.example", hooks.keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    begun.recv_timeout(LONG).expect("the handshake has begun");
    assert_eq!(name(conn.noop()), "SMTP_IN_PROGRESS");
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    assert_eq!(name(hears.recv_timeout(LONG).unwrap().1), "SMTP_ABORTED");
    assert!(server.join().unwrap(), "the server's side has ended");
}

#[test]
fn its_debug_callback_may_abort_it() {
    let server = ScriptedServer::start("S: 220 ready\nWAIT reset");
    let (mut hooks, hears) = reporting();
    let debug = |conn: Conn, _: &mut [u8]| {
        assert_eq!(name(conn.noop()), "SMTP_IN_PROGRESS");
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
        0
    };
    hooks.debug = Some(Box::new(debug));
    let (code, conn) = xhelo(&host(server.address()), "here.example", hooks.keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    let (told, result) = hears.recv_timeout(LONG).expect("the status callback");
    assert_eq!((told, name(result)), (conn, "SMTP_ABORTED"));
    // The greeting was shown; whether EHLO went out before the abort was noticed does not matter.
    let _ = server.outcome();
}

#[test]
fn a_slow_status_callback_holds_up_nobody() {
    let sink = Sink::start(Options::default());
    let together = Arc::new(Barrier::new(8));
    let (told, hears) = channel();
    for _ in 0..8 {
        let (told, together) = (told.clone(), Arc::clone(&together));
        let status = move |conn: Conn, result: c_int| {
            // All eight callbacks are running before any of them goes on.
            together.wait();
            told.send((conn, name(result), name(conn.quit()))).unwrap();
        };
        let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
        assert_eq!(name(xhelo(&host(sink.address()), "here.example", hooks).0), "SMTP_SUCCESS");
    }
    for _ in 0..8 {
        let (_, result, quit) = hears.recv_timeout(LONG).expect("all at once");
        assert_eq!((result, quit), ("SMTP_SUCCESS", "SMTP_SUCCESS"));
    }
}

#[test]
fn without_a_thread_there_is_no_opening() {
    // A driver that runs for another test would need no new thread.
    if !crate::child::is_this() {
        crate::child::run("xhelo::without_a_thread_there_is_no_opening", &[]);
        return;
    }
    let _fault = on_this_thread(Fault::Thread);
    let (hooks, hears) = reporting();
    let (code, conn) = xhelo(&host(refusing()), "here.example", hooks.keep());
    assert_eq!((name(code), conn), ("SMTP_CANNOT_INITIALIZE", NO_CONN));
    assert!(hears.try_recv().is_err());
}

#[test]
fn when_all_is_told_no_thread_and_no_descriptor_is_left() {
    if !crate::child::is_this() {
        crate::child::run("xhelo::when_all_is_told_no_thread_and_no_descriptor_is_left", &[]);
        return;
    }
    let sink = Sink::start(Options::default());
    let once = || {
        let (hooks, hears) = reporting();
        let (_, conn) = xhelo(&host(sink.address()), "here.example", hooks.keep());
        assert_eq!(name(hears.recv_timeout(LONG).unwrap().1), "SMTP_SUCCESS");
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
        let (hooks, hears) = reporting();
        let (_, conn) = xhelo(&host(sink.address()), "here.example", hooks.keep());
        conn.xquit();
        hears.recv_timeout(LONG).unwrap();
        conn.quit();
    };
    // The sink's threads and sockets end in their own time.
    let at_rest = || (process::threads(), process::open_descriptors());
    let rest = |limit: (u64, usize)| {
        until("threads and descriptors to go", LONG, || {
            let (threads, descriptors) = at_rest();
            (threads <= limit.0 && descriptors <= limit.1).then_some(())
        });
    };
    let before = at_rest();
    once(); // What stays for good is made: the driver's waker.
    rest((before.0, before.1 + 1));
    let before = at_rest();
    for _ in 0..20 {
        once();
    }
    rest(before);
}
