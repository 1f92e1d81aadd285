//! Tests of the lookup and its helpers. Each test that needs a slow resolver has a pool of its own.

use super::fault::{Fault, on_this_thread};
use super::helpers::{HELPERS, Pool, QUEUE};
use super::resolve::*;
use super::tests_support::deadline;
use super::transport::Source;
use super::wait::{Cancel, Interest, Waited, wait};
use crate::error::{Cause, Result};
use crate::net::lock::{Condvar, Mutex};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Waits for the answer of a lookup.
fn answer(lookup: &mut Lookup, cancel: &Cancel) -> Result<Vec<SocketAddr>> {
    loop {
        if let Some(answer) = lookup.poll() {
            return answer;
        }
        let waited = wait(Source::Notified, Interest::NONE, deadline(), cancel, &mut ());
        assert_eq!(waited, Waited::Ready, "no answer came");
    }
}

fn one(_: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])
}

/// Holds those who ask until it is opened, and counts them.
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
    inside: AtomicUsize,
    most: AtomicUsize,
    asked: AtomicUsize,
}

impl Gate {
    const fn new() -> Self {
        Gate {
            open: Mutex::new(false),
            opened: Condvar::new(),
            inside: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
        }
    }

    fn pass(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        let mut open = self.open.lock();
        self.opened.notify_all();
        while !*open {
            assert!(!self.opened.wait_for(&mut open, Duration::from_secs(20)).timed_out(), "the gate stays shut");
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    /// Returns when so many stand before the gate.
    fn wait_for(&self, count: usize) {
        let mut open = self.open.lock();
        while self.inside.load(Ordering::SeqCst) < count {
            assert!(!self.opened.wait_for(&mut open, Duration::from_secs(20)).timed_out(), "they do not come");
        }
    }

    fn open(&self) {
        *self.open.lock() = true;
        self.opened.notify_all();
    }
}

#[test]
fn addresses_are_answered_at_once_in_every_form() {
    static POOL: Pool = lookup_pool();
    let resolver: Resolver = |_, _| panic!("an address was looked up");
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    for (host, address) in [("192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("[::1]", "::1"), ("[192.0.2.1]", "192.0.2.1")]
    {
        let mut lookup = Lookup::start_in(&POOL, resolver, host, 25, &waker);
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(lookup.poll().unwrap().unwrap(), [SocketAddr::new(address, 25)]);
        assert!(lookup.poll().is_none(), "an answer is given once");
    }
}

#[test]
fn localhost_is_found_by_the_system() {
    let cancel = Cancel::new();
    let mut lookup = Lookup::start("localhost", 587, &cancel.waker().unwrap());
    let addresses = answer(&mut lookup, &cancel).unwrap();
    assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 587), "{addresses:?}");
}

#[test]
fn a_host_without_an_address_and_a_failing_resolver_are_unknown_hosts() {
    static POOL: Pool = lookup_pool();
    let empty: Resolver = |_, _| Ok(Vec::new());
    let failing: Resolver = |_, _| Err(io::Error::other("the name server is on holiday"));
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    for (resolver, word) in [(empty, "no address"), (failing, "holiday")] {
        let error = answer(&mut Lookup::start_in(&POOL, resolver, "mail.example", 25, &waker), &cancel).unwrap_err();
        assert_eq!(error.cause, Cause::UnknownHost);
        assert!(error.detail.contains("mail.example") && error.detail.contains(word), "{error}");
    }
}

#[test]
fn helpers_are_bounded_and_everyone_is_answered_in_the_end() {
    static GATE: Gate = Gate::new();
    static POOL: Pool = lookup_pool();
    let resolver: Resolver = |host, port| {
        GATE.pass();
        one(host, port)
    };
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    let mut lookups: Vec<_> =
        (1..=3 * HELPERS as u16).map(|port| Lookup::start_in(&POOL, resolver, "mail.example", port, &waker)).collect();
    GATE.wait_for(HELPERS);
    assert!(lookups.iter_mut().all(|lookup| lookup.poll().is_none()));
    GATE.open();
    for (lookup, port) in lookups.iter_mut().zip(1..) {
        assert_eq!(answer(lookup, &cancel).unwrap()[0].port(), port);
    }
    assert_eq!(GATE.most.load(Ordering::SeqCst), HELPERS);
}

#[test]
fn an_abandoned_lookup_that_waits_is_never_asked() {
    static GATE: Gate = Gate::new();
    static POOL: Pool = lookup_pool();
    let resolver: Resolver = |host, port| {
        GATE.pass();
        one(host, port)
    };
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    let busy: Vec<_> = (0..HELPERS).map(|_| Lookup::start_in(&POOL, resolver, "hangs.example", 25, &waker)).collect();
    GATE.wait_for(HELPERS);
    drop(Lookup::start_in(&POOL, resolver, "abandoned.example", 25, &waker));
    let mut last = Lookup::start_in(&POOL, resolver, "last.example", 25, &waker);
    // Those under way are abandoned too: their helpers go on to what waits.
    drop(busy);
    GATE.open();
    assert!(answer(&mut last, &cancel).is_ok());
    assert_eq!(GATE.asked.load(Ordering::SeqCst), HELPERS + 1);
}

#[test]
fn when_all_helpers_hang_and_the_queue_is_full_it_is_an_error() {
    static GATE: Gate = Gate::new();
    static POOL: Pool = lookup_pool();
    let resolver: Resolver = |host, port| {
        GATE.pass();
        one(host, port)
    };
    let cancel = Cancel::new();
    let waker = cancel.waker().unwrap();
    let start = || Lookup::start_in(&POOL, resolver, "hangs.example", 25, &waker);
    let mut lookups: Vec<_> = (0..HELPERS).map(|_| start()).collect();
    GATE.wait_for(HELPERS);
    lookups.extend((0..QUEUE).map(|_| start()));
    let error = start().poll().unwrap().unwrap_err();
    assert_eq!(error.cause, Cause::NoMemory);
    // One that gives up makes room for another.
    lookups.pop();
    let mut fits = start();
    assert!(fits.poll().is_none());
    GATE.open();
    assert!(answer(&mut fits, &cancel).is_ok());
}

#[test]
fn a_system_without_threads_is_an_error() {
    static POOL: Pool = lookup_pool();
    let cancel = Cancel::new();
    let _guard = on_this_thread(Fault::Thread);
    let error = Lookup::start_in(&POOL, one, "mail.example", 25, &cancel.waker().unwrap()).poll().unwrap().unwrap_err();
    assert_eq!(error.cause, Cause::NoMemory);
    assert!(error.detail.contains("thread"), "{error}");
}

/// Names of interfaces behind any address, which the system's own reading has behind link-local ones only; numbers; with
/// brackets and without.
#[cfg(target_os = "linux")]
#[test]
fn a_zone_is_an_interface_by_name_or_number() {
    let cancel = Cancel::new();
    let look_up = |host: &str| answer(&mut Lookup::start(host, 25, &cancel.waker().unwrap()), &cancel);
    let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let found = answer(&mut Lookup::start("[::1%lo]", port, &cancel.waker().unwrap()), &cancel).unwrap();
    std::net::TcpStream::connect(found.as_slice()).unwrap();
    let number: u32 = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap().trim().parse().unwrap();
    let by_number = [format!("::1%{number}"), format!("[fe80::1%{number}]")];
    for host in ["[::1%lo]", "::1%lo", "fe80::1%lo", "[fe80::1%lo]"].into_iter().chain(by_number.iter().map(|h| &**h)) {
        let found = look_up(host).unwrap_or_else(|why| panic!("{host}: {why}"));
        let address = if host.contains("::1%") && !host.contains("fe80") { "::1" } else { "fe80::1" };
        let wanted = std::net::SocketAddrV6::new(address.parse().unwrap(), 25, 0, number);
        assert_eq!(found, [SocketAddr::from(wanted)], "{host}");
    }
    for (host, zone) in [
        ("[::1%nope7]", "nope7"),
        ("fe80::1%nope7", "nope7"),
        ("fe80::1%4000000", "4000000"),
        ("::1%0", "0"),
        ("::1%", ""),
    ] {
        let error = look_up(host).unwrap_err();
        assert_eq!(error.cause, Cause::UnknownHost, "{host}");
        let words = format!("{host}: this machine has no network interface {zone:?}");
        assert!(error.detail.contains(&words), "{}", error.detail);
    }
}
