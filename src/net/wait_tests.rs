//! Tests of the waiting loop.

use super::sys::borrow;
use super::tests_support::{deadline, sockets};
use super::transport::Source;
use super::wait::*;
use std::cell::Cell;
use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A cancel that is not heard shows only when the deadline wakes the wait: so it must come long before.
fn assert_prompt(started: Instant) {
    assert!(started.elapsed() < Duration::from_secs(10), "the cancel was not heard before the deadline");
}

#[cfg(unix)]
#[test]
fn an_idle_wait_costs_no_processor_time() {
    let (a, _b) = sockets();
    let before = super::tests_support::thread_cpu_time();
    let started = Instant::now();
    let until = Some(started + Duration::from_millis(300));
    let waited = wait(Source::Socket(borrow(&a)), Interest::READ, until, &Cancel::new(), &mut ());
    assert_eq!(waited, Waited::Deadline);
    assert!(started.elapsed() >= Duration::from_millis(300));
    let spent = super::tests_support::thread_cpu_time() - before;
    assert!(spent < Duration::from_millis(5), "an idle wait of 300 ms took {spent:?} of the processor");
}

#[test]
fn a_socket_ends_the_wait_when_it_has_what_is_waited_for() {
    let (a, mut b) = sockets();
    let source = Source::Socket(borrow(&a));
    assert_eq!(wait(source, Interest::WRITE, deadline(), &Cancel::new(), &mut ()), Waited::Ready);
    let past = Some(Instant::now());
    assert_eq!(wait(source, Interest::READ, past, &Cancel::new(), &mut ()), Waited::Deadline);
    b.write_all(b"x").unwrap();
    // What is there counts even when the time is over.
    assert_eq!(wait(source, Interest::READ, past, &Cancel::new(), &mut ()), Waited::Ready);
}

#[test]
fn a_closed_peer_does_not_end_a_wait_that_does_not_ask_about_it() {
    let (a, b) = sockets();
    drop(b);
    let until = Some(Instant::now() + Duration::from_millis(20));
    let waited = wait(Source::Socket(borrow(&a)), Interest::NONE, until, &Cancel::new(), &mut ());
    assert_eq!(waited, Waited::Deadline);
}

#[test]
fn cancel_ends_a_wait_from_another_thread_and_every_wait_after_it() {
    let (a, _b) = sockets();
    let cancel = Cancel::new();
    let (begun, begins) = mpsc::channel();
    let other = thread::spawn({
        let cancel = cancel.clone();
        move || {
            begins.recv().unwrap();
            cancel.cancel();
        }
    });
    let started = Instant::now();
    begun.send(()).unwrap();
    let source = Source::Socket(borrow(&a));
    assert_eq!(wait(source, Interest::READ, deadline(), &cancel, &mut ()), Waited::Cancelled);
    assert_prompt(started);
    other.join().unwrap();
    assert_eq!(wait(source, Interest::WRITE, deadline(), &cancel, &mut ()), Waited::Cancelled);
    cancel.reset();
    assert_eq!(wait(source, Interest::WRITE, deadline(), &cancel, &mut ()), Waited::Ready);
}

#[test]
fn cancel_before_the_wait_begins_is_not_lost() {
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(wait(Source::Notified, Interest::NONE, None, &cancel, &mut ()), Waited::Cancelled);
}

#[test]
fn cancel_and_the_making_of_the_waker_never_miss_each_other() {
    for _ in 0..500 {
        let started = Instant::now();
        let cancel = Cancel::new();
        let other = thread::spawn({
            let cancel = cancel.clone();
            move || cancel.cancel()
        });
        assert_eq!(wait(Source::Notified, Interest::NONE, deadline(), &cancel, &mut ()), Waited::Cancelled);
        assert_prompt(started);
        other.join().unwrap();
    }
}

#[test]
fn one_cancel_ends_the_waits_of_all_threads() {
    for _ in 0..50 {
        let started = Instant::now();
        let cancel = Cancel::new();
        let waker = cancel.waker().unwrap();
        let waits = || wait(Source::Notified, Interest::NONE, deadline(), &cancel, &mut ());
        // An ordinary wake comes at the same time; whom it reaches waits again.
        let until_cancelled = || loop {
            match waits() {
                Waited::Ready => {}
                end => return end,
            }
        };
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..4).map(|_| scope.spawn(until_cancelled)).collect();
            waker.wake();
            cancel.cancel();
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Waited::Cancelled);
            }
        });
        assert_prompt(started);
    }
}

#[test]
fn a_wake_without_cancel_says_ready_once() {
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    waker.wake();
    waker.wake();
    assert_eq!(wait(Source::Notified, Interest::NONE, deadline(), &cancel, &mut ()), Waited::Ready);
    let soon = Some(Instant::now() + Duration::from_millis(20));
    assert_eq!(wait(Source::Notified, Interest::NONE, soon, &cancel, &mut ()), Waited::Deadline);
    waker.wake();
    assert_eq!(wait(Source::Notified, Interest::NONE, deadline(), &cancel, &mut ()), Waited::Ready);
}

#[test]
fn no_wake_is_lost_between_two_threads() {
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    let (send, receive) = mpsc::channel();
    let sender = thread::spawn(move || {
        for number in 0..5000 {
            send.send(number).unwrap();
            waker.wake();
        }
    });
    let mut next = 0;
    while next < 5000 {
        match receive.try_recv() {
            Ok(number) => {
                assert_eq!(number, next);
                next += 1;
            }
            Err(_) if next < 5000 => {
                let waited = wait(Source::Notified, Interest::NONE, deadline(), &cancel, &mut ());
                assert_eq!(waited, Waited::Ready, "the wake for {next} was lost");
            }
            Err(_) => {}
        }
    }
    sender.join().unwrap();
}

#[test]
fn many_sources_say_which_of_them_is_ready() {
    let (a, _a) = sockets();
    let (b, mut b_end) = sockets();
    b_end.write_all(b"x").unwrap();
    let sources = [
        (Source::Socket(borrow(&a)), Interest::READ),
        (Source::Notified, Interest::READ),
        (Source::Socket(borrow(&b)), Interest::READ),
        (Source::Poll(Duration::from_secs(60)), Interest::READ),
    ];
    let mut ready = Vec::new();
    assert_eq!(wait_many(&sources, deadline(), &Cancel::new(), &mut (), &mut ready), Waited::Ready);
    assert_eq!(ready, [false, false, true, false]);
}

#[test]
fn what_can_only_be_polled_is_ready_after_its_time() {
    let started = Instant::now();
    let source = Source::Poll(Duration::from_millis(30));
    assert_eq!(wait(source, Interest::READ, deadline(), &Cancel::new(), &mut ()), Waited::Ready);
    assert!(started.elapsed() >= Duration::from_millis(30));
}

#[test]
fn yielding_runs_at_its_interval_and_may_cancel() {
    let cancel = Cancel::new();
    let runs = Cell::new(0);
    let mut yielding = Every::new(Duration::from_millis(10), || {
        runs.set(runs.get() + 1);
        if runs.get() == 3 {
            cancel.cancel();
        }
    });
    let started = Instant::now();
    assert_eq!(wait(Source::Notified, Interest::NONE, deadline(), &cancel, &mut yielding), Waited::Cancelled);
    assert!(started.elapsed() >= Duration::from_millis(30));
    assert_eq!(runs.get(), 3);
}

#[test]
fn an_operation_of_many_short_waits_yields_too() {
    let (a, _b) = sockets();
    let runs = Cell::new(0);
    let mut yielding = Every::new(Duration::from_millis(5), || runs.set(runs.get() + 1));
    let until = Instant::now() + Duration::from_secs(20);
    // No wait of these lasts: the socket is always writable.
    while runs.get() < 3 {
        let source = Source::Socket(borrow(&a));
        assert_eq!(wait(source, Interest::WRITE, deadline(), &Cancel::new(), &mut yielding), Waited::Ready);
        assert!(Instant::now() < until, "yielded {} times only", runs.get());
    }
}
