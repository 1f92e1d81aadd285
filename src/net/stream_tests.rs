//! Tests of the transports without a descriptor: inside the process, and over a caller's functions.

use super::callback::*;
use super::connect::{ConnectOptions, Target};
use super::ram::{self, RamNetwork};
use super::tests_support::*;
use super::transport::{Source, Transport, WakeSlot};
use super::wait::{Cancel, Interest, Waited, Waker, wait};
use crate::error::Cause;
use crate::net::lock::Mutex;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn kind<T: core::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.expect_err("it must fail").kind()
}

#[test]
fn a_ram_connection_carries_bytes_between_two_threads() {
    let network = RamNetwork::new();
    for address in ["10.1.2.3:25", "[2001:db8::25]:587"] {
        let listener = network.listen(at(address)).unwrap();
        let cancel = Cancel::new();
        let target = Target::Ram { network: network.clone(), address: at(address) };
        let mut client = connect(target, ConnectOptions::default(), &cancel).unwrap();
        assert_eq!(client.peer(), address);
        let mut server = listener.accept().unwrap();
        assert_eq!(server.peer(), client.local());
        // More than the buffers hold, so that both sides wait for each other.
        let sent: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
        let length = sent.len();
        let reader = thread::spawn(move || {
            let cancel = Cancel::new();
            let got = read_exactly(&mut server, &cancel, length);
            write_all(&mut server, &cancel, b"thanks");
            got
        });
        write_all(client.as_mut(), &cancel, &sent);
        assert_eq!(read_exactly(client.as_mut(), &cancel, 6), b"thanks");
        assert!(reader.join().unwrap() == sent);
    }
}

#[test]
fn ram_buffers_are_bounded_and_vectored_writes_fill_them() {
    let (mut a, mut b) = ram::pair_with(10);
    let sent = a.write(&[IoSlice::new(b"12345"), IoSlice::new(b"6789"), IoSlice::new(b"abc")]).unwrap();
    assert_eq!(sent, 10);
    assert_eq!(kind(a.write(&[IoSlice::new(b"x")])), ErrorKind::WouldBlock);
    let mut got = [0; 4];
    assert_eq!(b.read(&mut got).unwrap(), 4);
    assert_eq!(&got, b"1234");
    assert_eq!(a.write(&[IoSlice::new(b"bcdefg")]).unwrap(), 4);
    let mut rest = [0; 32];
    assert_eq!(b.read(&mut rest).unwrap(), 10);
    assert_eq!(&rest[..10], b"56789abcde");
    assert_eq!(a.write(&[]).unwrap(), 0);
}

#[test]
fn closing_and_breaking_off_a_ram_connection() {
    let (mut a, mut b) = ram::pair();
    let cancel = Cancel::new();
    b.set_waker(&cancel.waker().unwrap());
    a.write(&[IoSlice::new(b"last")]).unwrap();
    a.close();
    assert_eq!(read_exactly(&mut b, &cancel, 4), b"last");
    assert_eq!(b.read(&mut [0; 4]).unwrap(), 0);
    assert_eq!(kind(b.write(&[IoSlice::new(b"x")])), ErrorKind::BrokenPipe);
    assert_eq!(kind(a.read(&mut [0; 4])), ErrorKind::NotConnected);

    let (mut a, mut b) = ram::pair();
    b.set_waker(&cancel.waker().unwrap());
    a.write(&[IoSlice::new(b"lost")]).unwrap();
    let other = thread::spawn(move || a.abort());
    assert_eq!(wait(b.source(), Interest::READ, deadline(), &cancel, &mut ()), Waited::Ready);
    other.join().unwrap();
    assert_eq!(kind(b.read(&mut [0; 4])), ErrorKind::ConnectionReset);
    assert_eq!(kind(b.write(&[IoSlice::new(b"x")])), ErrorKind::ConnectionReset);

    let (a, mut b) = ram::pair();
    drop(a);
    assert_eq!(b.read(&mut [0; 4]).unwrap(), 0);
}

#[test]
fn ram_ports_are_taken_once_and_free_again_after() {
    let network = RamNetwork::new();
    let waker = Waker::new().unwrap();
    let listener = network.listen(at("10.0.0.1:25")).unwrap();
    assert_eq!(kind(network.listen(at("10.0.0.1:25"))), ErrorKind::AddrInUse);
    assert_eq!(kind(network.connect(None, at("10.0.0.2:25"), &waker)), ErrorKind::ConnectionRefused);
    assert_eq!(kind(RamNetwork::new().connect(None, at("10.0.0.1:25"), &waker)), ErrorKind::ConnectionRefused);
    drop(listener);
    assert_eq!(kind(network.connect(None, at("10.0.0.1:25"), &waker)), ErrorKind::ConnectionRefused);

    let every = network.listen(at("0.0.0.0:25")).unwrap();
    let client = network.connect(Some(at("10.9.9.9:0").ip()), at("10.0.0.1:25"), &waker).unwrap();
    assert!(client.local().starts_with("10.9.9.9:"), "{}", client.local());
    assert_eq!(every.accept().unwrap().local(), "10.0.0.1:25");
    assert_eq!(kind(every.accept()), ErrorKind::WouldBlock);
    let (one, other) = (network.listen(at("10.0.0.1:0")).unwrap(), network.listen(at("10.0.0.1:0")).unwrap());
    assert_ne!(one.local_addr(), other.local_addr());
}

#[test]
fn a_ram_listener_that_goes_away_resets_those_it_did_not_accept() {
    let network = RamNetwork::new();
    let listener = network.listen(at("10.0.0.1:25")).unwrap();
    let mut client = network.connect(None, at("10.0.0.1:25"), &Waker::new().unwrap()).unwrap();
    drop(listener);
    assert_eq!(kind(client.read(&mut [0; 4])), ErrorKind::ConnectionReset);
}

#[test]
fn a_connect_to_a_full_ram_backlog_waits_and_can_be_cancelled() {
    let network = RamNetwork::new();
    let address = at("10.0.0.1:25");
    let listener = network.listen_with(address, 1).unwrap();
    let _first = network.connect(None, address, &Waker::new().unwrap()).unwrap();
    let target = || Target::Ram { network: network.clone(), address };

    let cancel = Cancel::new();
    let other = thread::spawn({
        let cancel = cancel.clone();
        move || cancel.cancel()
    });
    assert_eq!(connect(target(), ConnectOptions::default(), &cancel).err().unwrap().cause, Cause::Cancelled);
    other.join().unwrap();

    let accepting = thread::spawn(move || (listener.accept().unwrap(), listener));
    let client = connect(target(), ConnectOptions::default(), &Cancel::new()).unwrap();
    let (_server, listener) = accepting.join().unwrap();
    assert_eq!(listener.accept().unwrap().peer(), client.local());
    assert_eq!(
        refusal(Target::Ram { network: RamNetwork::new(), address }, ConnectOptions::default()).cause,
        Cause::NotResponding
    );
}

#[test]
fn a_ram_listener_wakes_who_waits_for_connections() {
    let network = RamNetwork::new();
    let listener = network.listen(at("10.0.0.1:25")).unwrap();
    let cancel = Cancel::new();
    listener.set_waker(&cancel.waker().unwrap());
    let other = thread::spawn(move || network.connect(None, at("10.0.0.1:25"), &Waker::new().unwrap()).unwrap());
    assert_eq!(wait(Source::Notified, Interest::READ, deadline(), &cancel, &mut ()), Waited::Ready);
    assert!(listener.accept().is_ok());
    other.join().unwrap();
}

/// What a set of test functions reads from and writes to.
#[derive(Default)]
struct Ends {
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    closed: Vec<Closing>,
}

fn functions(ends: &Arc<Mutex<Ends>>, readiness: Readiness) -> Callbacks {
    let (reads, writes, closes) = (ends.clone(), ends.clone(), ends.clone());
    Callbacks {
        read: Box::new(move |buf| {
            let mut ends = reads.lock();
            let count = ends.incoming.len().min(buf.len());
            buf[..count].copy_from_slice(&ends.incoming[..count]);
            ends.incoming.drain(..count);
            if count == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(count) }
        }),
        write: Box::new(move |bufs| {
            let first = bufs.first().map_or(&[][..], |buf| buf);
            writes.lock().outgoing.extend_from_slice(first);
            Ok(first.len())
        }),
        close: Box::new(move |how| closes.lock().closed.push(how)),
        readiness,
        peer: "a pigeon".to_owned(),
        local: "the roof".to_owned(),
        secure: true,
    }
}

#[test]
fn callbacks_carry_bytes_and_are_closed_once() {
    let ends = Arc::new(Mutex::new(Ends::default()));
    let slot = WakeSlot::new();
    let transport = CallbackTransport::new(functions(&ends, Readiness::Notified(slot.clone())));
    let cancel = Cancel::new();
    let target = Target::Ready(Box::new(transport));
    let mut transport = connect(target, ConnectOptions::default(), &cancel).unwrap();
    assert_eq!((transport.peer(), transport.local()), ("a pigeon".to_owned(), "the roof".to_owned()));
    assert!(transport.is_secure());
    write_all(transport.as_mut(), &cancel, b"coo");
    assert_eq!(ends.lock().outgoing, b"coo");

    let other = thread::spawn({
        let ends = ends.clone();
        move || {
            ends.lock().incoming.extend_from_slice(b"crumbs");
            slot.wake();
        }
    });
    assert_eq!(read_exactly(transport.as_mut(), &cancel, 6), b"crumbs");
    other.join().unwrap();
    transport.close();
    transport.abort();
    assert_eq!(kind(transport.read(&mut [0; 4])), ErrorKind::NotConnected);
    drop(transport);
    assert_eq!(ends.lock().closed, [Closing::Orderly]);

    drop(CallbackTransport::new(functions(&ends, Readiness::Poll(Duration::ZERO))));
    assert_eq!(ends.lock().closed, [Closing::Orderly, Closing::Abort]);
}

#[test]
fn callbacks_that_can_only_be_polled_are_asked_again() {
    let ends = Arc::new(Mutex::new(Ends::default()));
    let readiness = Readiness::Poll(Duration::from_millis(1));
    let mut transport = CallbackTransport::new(functions(&ends, readiness));
    let other = thread::spawn(move || ends.lock().incoming.extend_from_slice(b"crumbs"));
    assert_eq!(read_exactly(&mut transport, &Cancel::new(), 6), b"crumbs");
    other.join().unwrap();
}

#[test]
fn callbacks_that_lie_about_lengths_are_not_believed() {
    let ends = Arc::new(Mutex::new(Ends::default()));
    let mut lying = functions(&ends, Readiness::Poll(Duration::ZERO));
    lying.read = Box::new(|buf| Ok(buf.len() + 1));
    lying.write = Box::new(|bufs| Ok(bufs.len() * 1000));
    let mut transport = CallbackTransport::new(lying);
    assert_eq!(kind(transport.read(&mut [0; 4])), ErrorKind::InvalidData);
    assert_eq!(kind(transport.write(&[IoSlice::new(b"x")])), ErrorKind::InvalidData);
    let mut lazy = functions(&ends, Readiness::Poll(Duration::ZERO));
    lazy.write = Box::new(|_| Ok(0));
    assert_eq!(kind(CallbackTransport::new(lazy).write(&[IoSlice::new(b"x")])), ErrorKind::WouldBlock);
}
