//! One connection serves one call at a time; many connections serve many.

use crate::api::*;
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{Options, Sink, Then, When};
use crate::support::wait::LONG;
use std::ffi::c_int;

const OPEN: &str = "S: 220 ready\nC: EHLO here.example\nS: 250 mx.example\n";

type Call = (&'static str, fn(Conn) -> c_int);

/// Every function that needs the connection for itself.
fn calls() -> [Call; 15] {
    [
        ("mail", |conn| conn.mail("a@a.example")),
        ("send", |conn| conn.send("a@a.example")),
        ("soml", |conn| conn.soml("a@a.example")),
        ("saml", |conn| conn.saml("a@a.example")),
        ("rcpt", |conn| conn.rcpt("a@a.example")),
        ("data", |conn| conn.data()),
        ("data_buf", |conn| conn.data_buf(b"text")),
        ("direct", |conn| conn.direct("XHELLO").0),
        ("expn", |conn| conn.expn("list")),
        ("help", |conn| conn.help(None)),
        ("noop", |conn| conn.noop()),
        ("rset", |conn| conn.rset()),
        ("turn", |conn| conn.turn()),
        ("vrfy", |conn| conn.vrfy("bob")),
        ("quit", |conn| conn.quit()),
    ]
}

#[test]
fn a_busy_connection_refuses_every_other_call() {
    let sink = Sink::start(Options::default().rule(When::Command(2), Then::Hold));
    let conn = connect(sink.address());
    let waiting = std::thread::spawn(move || conn.noop());
    assert!(sink.wait_held(LONG), "the server has the command");
    for (what, call) in calls() {
        assert_eq!(name(call(conn)), "SMTP_IN_PROGRESS", "{what}");
    }
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    // The aborted call may still be on its way back: the handle is invalid all the same.
    for (what, call) in calls() {
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
        for (what, call) in calls() {
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

/// How many of 64 programs' mails were confirmed, aborted, and begun but not answered before the abort.
#[test]
fn many_connections_at_once_while_one_more_thread_cancels_at_random() {
    const THREADS: usize = 64;
    const MAILS: usize = 100;
    let sink = Sink::start(Options::default());
    let address = sink.address();
    let open: Vec<_> = (0..THREADS).map(|_| std::sync::atomic::AtomicUsize::new(0)).collect();
    let over = std::sync::atomic::AtomicUsize::new(0);
    let confirmed = std::sync::atomic::AtomicU64::new(0);
    let aborted = std::sync::atomic::AtomicU64::new(0);
    use std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|threads| {
        for place in &open {
            let (over, confirmed, aborted) = (&over, &confirmed, &aborted);
            threads.spawn(move || {
                let text = |_: Conn, _: &mut [u8]| 0;
                let hooks = Hooks { data: Some(Box::new(text)), ..Hooks::default() }.keep();
                let mut conn = NO_CONN;
                for mail in 0..MAILS {
                    if conn == NO_CONN {
                        conn = connect_with(address, hooks);
                        place.store(conn.0, SeqCst);
                    }
                    let steps: [&dyn Fn() -> c_int; 3] =
                        [&|| conn.mail(&format!("m{mail}@a.example")), &|| conn.rcpt("b@b.example"), &|| conn.data()];
                    match steps.iter().map(|step| step()).find(|code| *code != SMTP_SUCCESS) {
                        None => {
                            confirmed.fetch_add(1, SeqCst);
                        }
                        Some(code) => {
                            // Aborted between two calls is refused by xquit, so no other result is possible.
                            assert_eq!(name(code), "SMTP_ABORTED");
                            assert_eq!(name(conn.noop()), "SMTP_INVALID_HANDLE");
                            aborted.fetch_add(1, SeqCst);
                            conn = NO_CONN;
                        }
                    }
                }
                if conn != NO_CONN {
                    let code = conn.quit();
                    assert!(matches!(code, SMTP_SUCCESS), "{}", name(code));
                }
                over.fetch_add(1, SeqCst);
            });
        }
        threads.spawn(|| {
            let mut seed = 1_u64;
            while over.load(SeqCst) < THREADS {
                // A generator of Knuth's: which connection is hit need not be unpredictable.
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let conn = Conn(open[(seed >> 33) as usize % THREADS].load(SeqCst));
                let code = conn.xquit();
                assert!(matches!(code, SMTP_SUCCESS | SMTP_FAILURE | SMTP_INVALID_HANDLE), "{}", name(code));
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
    });
    let (confirmed, aborted) = (confirmed.load(SeqCst), aborted.load(SeqCst));
    assert_eq!(confirmed + aborted, (THREADS * MAILS) as u64, "every mail has its result");
    assert!(confirmed > 0 && aborted > 0, "{confirmed} confirmed, {aborted} aborted");
    // What was confirmed has arrived; an abort may come too late to keep a mail back.
    let arrived = sink.count();
    assert!(arrived >= confirmed && arrived <= confirmed + aborted, "{confirmed} confirmed, {arrived} arrived");
}
