//! Distinct SMTP-32 from many threads at once. Run by itself also under the thread sanitizer, then smaller.

mod support;

#[path = "distinct/api.rs"]
#[allow(dead_code, unused_imports)] // written for tests/distinct.rs
mod api;

use api::*;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;
use support::sink::{Options, Sink};
use support::wait::LONG;

/// Threads, mails for each, and connections made in the background.
fn sizes() -> (usize, usize, usize) {
    if support::process::is_sanitized() { (8, 20, 20) } else { (64, 100, 200) }
}

/// A generator of Knuth's: which connection is hit need not be unpredictable.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*seed >> 33) as usize
}

/// Sends mails over connections of its own, which `place` shows to who aborts them. Gives how many were confirmed and how
/// many aborted.
fn send_many(address: std::net::SocketAddr, mails: usize, place: &AtomicUsize) -> (u64, u64) {
    let empty = |_: Conn, _: &mut [u8]| 0;
    let hooks = Hooks { data: Some(Box::new(empty)), ..Hooks::default() }.keep();
    let (mut confirmed, mut aborted) = (0, 0);
    let mut conn = NO_CONN;
    for mail in 0..mails {
        if conn == NO_CONN {
            conn = connect_with(address, hooks);
            place.store(conn.0, SeqCst);
        }
        let steps: [&dyn Fn() -> c_int; 3] =
            [&|| conn.mail(&format!("m{mail}@a.example")), &|| conn.rcpt("b@b.example"), &|| conn.data()];
        match steps.iter().map(|step| step()).find(|code| *code != SMTP_SUCCESS) {
            None => confirmed += 1,
            Some(code) => {
                // Between two calls smtp_xquit does nothing, so there is no other result.
                assert_eq!(name(code), "SMTP_ABORTED");
                assert_eq!(name(conn.noop()), "SMTP_INVALID_HANDLE");
                aborted += 1;
                conn = NO_CONN;
            }
        }
    }
    if conn != NO_CONN {
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    }
    (confirmed, aborted)
}

#[test]
fn many_connections_at_once_while_one_more_thread_cancels_at_random() {
    let (threads, mails, _) = sizes();
    let sink = Sink::start(Options::default());
    let address = sink.address();
    let open: Vec<_> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
    let (over, confirmed, aborted) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for place in &open {
            let (over, confirmed, aborted) = (&over, &confirmed, &aborted);
            scope.spawn(move || {
                let results = send_many(address, mails, place);
                confirmed.fetch_add(results.0, SeqCst);
                aborted.fetch_add(results.1, SeqCst);
                over.fetch_add(1, SeqCst);
            });
        }
        scope.spawn(|| {
            let mut seed = 1;
            while over.load(SeqCst) < threads {
                let code = Conn(open[next(&mut seed) % threads].load(SeqCst)).xquit();
                assert!([SMTP_SUCCESS, SMTP_FAILURE, SMTP_INVALID_HANDLE].contains(&code), "{}", name(code));
                // A pace, not a wait: so that most mails get through.
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    });
    let (confirmed, aborted) = (confirmed.into_inner(), aborted.into_inner());
    assert_eq!(confirmed + aborted, (threads * mails) as u64, "every mail has its result");
    assert!(confirmed > 0 && aborted > 0, "{confirmed} confirmed, {aborted} aborted");
    // What was confirmed has arrived; an abort may come too late to keep a mail back.
    let arrived = sink.count();
    assert!(arrived >= confirmed && arrived <= confirmed + aborted, "{confirmed} confirmed, {arrived} arrived");
}

#[test]
fn two_hundred_made_in_the_background_at_once() {
    let (_, _, many) = sizes();
    let sink = Sink::start(Options::default());
    let (told, hears) = mpsc::channel();
    let status = move |conn: Conn, result: c_int| told.send((conn, name(result), name(conn.quit()))).unwrap();
    let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
    let mut open: Vec<Conn> = (0..many)
        .map(|_| {
            let (code, conn) = xhelo(&host(sink.address()), "here.example", hooks);
            assert_eq!(name(code), "SMTP_SUCCESS");
            conn
        })
        .collect();
    for _ in 0..many {
        let (conn, result, quit) = hears.recv_timeout(LONG).expect("every status callback");
        assert_eq!((result, quit), ("SMTP_SUCCESS", "SMTP_SUCCESS"));
        open.retain(|one| *one != conn);
    }
    assert!(open.is_empty(), "each handle was told of once");
}

#[test]
fn connections_made_in_the_background_are_aborted_at_random_and_each_is_told_of_once() {
    let (_, _, many) = sizes();
    let sink = Sink::start(Options::default());
    let (told, hears) = mpsc::channel();
    let status = move |conn: Conn, result: c_int| {
        if result == SMTP_SUCCESS {
            assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
        }
        told.send((conn, name(result))).unwrap();
    };
    let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
    let mut open = Vec::new();
    let mut seed = 2;
    for _ in 0..many {
        let (code, conn) = xhelo(&host(sink.address()), "here.example", hooks);
        assert_eq!(name(code), "SMTP_SUCCESS");
        let stopped = next(&mut seed).is_multiple_of(2) && conn.xquit() == SMTP_SUCCESS;
        open.push((conn, stopped));
    }
    for _ in 0..many {
        let (conn, result) = hears.recv_timeout(LONG).expect("every status callback");
        let at = open.iter().position(|(one, _)| *one == conn).expect("told of once");
        let (_, stopped) = open.swap_remove(at);
        assert_eq!(result, if stopped { "SMTP_ABORTED" } else { "SMTP_SUCCESS" });
    }
}
