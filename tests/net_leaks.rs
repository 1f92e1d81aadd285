//! Nothing is left behind: descriptors and threads of this process are counted, so this is a program of its own with
//! a single test.
#![cfg(target_os = "linux")]

use helo::net::connect::{ConnectOptions, Connecting, Proxy, ProxyVersion, Target};
use helo::net::ram::RamNetwork;
use helo::net::transport::Transport;
use helo::net::wait::{Cancel, Interest, Waited, wait, wait_many};
use std::io::{IoSlice, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

fn count(folder: &str) -> usize {
    std::fs::read_dir(folder).expect("Linux has it").count()
}

fn descriptors() -> usize {
    count("/proc/self/fd")
}

fn threads() -> usize {
    count("/proc/self/task")
}

/// Drives a connect for at most a moment.
fn connect(target: Target, options: ConnectOptions, cancel: &Cancel) -> Option<Box<dyn Transport>> {
    let waker = cancel.waker().expect("a descriptor is free");
    let end = Instant::now() + Duration::from_millis(50);
    let mut connecting = Connecting::new(target, options, waker, Instant::now());
    loop {
        match connecting.advance(Instant::now()) {
            Ok(Some(transport)) => return Some(transport),
            Ok(None) => {}
            Err(_) => return None,
        }
        let mut sources = Vec::new();
        let until = connecting.waits(&mut sources).map_or(end, |until| until.min(end));
        if wait_many(&sources, Some(until), cancel, &mut (), &mut Vec::new()) == Waited::Cancelled
            || Instant::now() >= end
        {
            return None;
        }
    }
}

fn host(address: SocketAddr) -> Target {
    Target::Host { host: address.ip().to_string(), port: address.port() }
}

/// Everything that takes a descriptor or a thread, once.
fn everything() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let cancel = Cancel::new();

    // A connection used and closed, one broken off, one dropped.
    for way in 0..3 {
        let mut client = connect(host(address), ConnectOptions::default(), &cancel).expect("it listens");
        let (mut server, _) = listener.accept().expect("it connected");
        client.write(&[IoSlice::new(b"x")]).expect("room for one octet");
        match way {
            0 => client.close(),
            1 => client.abort(),
            _ => drop(client),
        }
        let _ = server.read(&mut [0; 8]);
    }
    // Refused; through a proxy that never answers; through one that is not there.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port");
    assert!(connect(host(closed), ConnectOptions::default(), &cancel).is_none());
    for proxy in [address, closed] {
        let proxy = Some(Proxy::new(ProxyVersion::Socks5, proxy.ip().to_string(), proxy.port()));
        let options = ConnectOptions { proxy, ..ConnectOptions::default() };
        assert!(connect(host(closed), options, &cancel).is_none());
    }
    // Names, found and not.
    for name in ["localhost", "nobody.invalid"] {
        let target = Target::Host { host: name.to_owned(), port: closed.port() };
        assert!(connect(target, ConnectOptions::default(), &cancel).is_none());
    }
    // Inside the process.
    let network = RamNetwork::new();
    let address = SocketAddr::from(([10, 0, 0, 1], 25));
    let ram = network.listen(address).expect("nobody listens there");
    let client = connect(Target::Ram { network, address }, ConnectOptions::default(), &cancel).expect("it listens");
    let server = ram.accept().expect("it connected");
    drop((client, server));
    // A connect that is cancelled.
    cancel.cancel();
    let silent = Target::Host { host: "localhost".to_owned(), port: 1 };
    assert!(connect(silent, ConnectOptions::default(), &cancel).is_none());
}

#[test]
fn no_descriptor_and_no_thread_is_left_behind() {
    everything();
    let settled = |most_descriptors: usize, most_threads: usize| {
        // Helpers that still look up a name end by themselves: they are waited for, not counted.
        let until = Instant::now() + Duration::from_secs(20);
        let cancel = Cancel::new();
        while Instant::now() < until {
            let pause = Some(Instant::now() + Duration::from_millis(10));
            if threads() <= most_threads && descriptors() <= most_descriptors + 1 {
                return;
            }
            let source = helo::net::transport::Source::Notified;
            wait(source, Interest::NONE, pause, &cancel, &mut ());
        }
        panic!("{} descriptors of {most_descriptors}, {} threads of {most_threads}", descriptors(), threads());
    };
    // The test's own thread and its harness.
    settled(descriptors(), 2);
    let before = descriptors();
    for _ in 0..20 {
        everything();
    }
    settled(before, 2);
}
