//! Tests of connects that nobody answers, and of the race of several addresses. They need a listener whose full backlog
//! is silence; Windows answers with a refusal.

use super::connect::ConnectOptions;
use super::tcp::{ATTEMPT_DELAY, SocketTransport, TcpConnect};
use super::tests_support::*;
use super::transport::{Source, Transport};
use super::wait::{Cancel, Interest, Waited, wait, wait_many};
use crate::error::{Cause, Result};
use socket2::{Domain, Socket, Type};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

/// An address that takes no more connections and refuses none, while the sockets live.
fn full_backlog(at: IpAddr) -> (Vec<Socket>, SocketAddr) {
    let any = SocketAddr::new(at, 0);
    let listener = Socket::new(Domain::for_address(any), Type::STREAM, None).unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets = vec![listener];
    for _ in 0..64 {
        let filler = Socket::new(Domain::for_address(any), Type::STREAM, None).unwrap();
        filler.set_nonblocking(true).unwrap();
        let _ = filler.connect(&address);
        let soon = Some(Instant::now() + Duration::from_millis(100));
        let source = Source::Socket(super::sys::borrow(&filler));
        let waited = wait(source, Interest::WRITE, soon, &Cancel::new(), &mut ());
        sockets.push(filler);
        if waited == Waited::Deadline {
            return (sockets, address.as_socket().unwrap());
        }
    }
    panic!("the backlog of a listener never filled");
}

/// Drives a race to its end and says how long it took.
fn race(addresses: &[SocketAddr]) -> (Result<SocketTransport>, Duration) {
    let started = Instant::now();
    let mut race = TcpConnect::start(addresses, &ConnectOptions::default(), started);
    loop {
        let now = Instant::now();
        match race.poll(now) {
            Ok(None) => {}
            Ok(Some(transport)) => return (Ok(transport), started.elapsed()),
            Err(error) => return (Err(error), started.elapsed()),
        }
        let mut list = Vec::new();
        let until = race.waits(now, &mut list).or(deadline());
        wait_many(&list, until, &Cancel::new(), &mut (), &mut Vec::new());
        assert!(started.elapsed() < Duration::from_secs(20), "the race does not end");
    }
}

#[test]
fn a_connect_to_a_full_backlog_is_cancelled_at_once_or_times_out() {
    let (_sockets, address) = full_backlog(Ipv4Addr::LOCALHOST.into());
    let cancel = Cancel::new();
    let soon = Some(Instant::now() + Duration::from_millis(50));
    let error = connect_until(host(address), ConnectOptions::default(), &cancel, soon).err().unwrap();
    assert_eq!(error.cause, Cause::TimedOut);

    let other = thread::spawn({
        let cancel = cancel.clone();
        move || cancel.cancel()
    });
    let started = Instant::now();
    let error = connect(host(address), ConnectOptions::default(), &cancel).err().unwrap();
    assert_eq!(error.cause, Cause::Cancelled);
    assert!(started.elapsed() < Duration::from_secs(5));
    other.join().unwrap();
}

#[test]
fn a_silent_first_address_gives_way_after_the_attempt_delay() {
    let (_sockets, silent) = full_backlog(Ipv4Addr::LOCALHOST.into());
    let (_listener, good) = listeners().remove(0);
    let (transport, took) = race(&[silent, good]);
    assert_eq!(transport.unwrap().peer(), good.to_string());
    assert!(took >= ATTEMPT_DELAY && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_late_answer_of_the_first_address_still_wins_over_silence() {
    let (mut sockets, first) = full_backlog(Ipv4Addr::LOCALHOST.into());
    let (_others, second) = full_backlog(Ipv4Addr::LOCALHOST.into());
    let listener: TcpListener = sockets.remove(0).into();
    // The backlog is emptied while both attempts wait, so that the first one's next try is taken.
    let server = thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            if stream.take_error().is_ok_and(|error| error.is_some()) {
                continue;
            }
            let mut word = [0; 4];
            if matches!((&stream).read(&mut word), Ok(4)) {
                return word;
            }
        }
        [0; 4]
    });
    // The fillers of the first backlog go away, which ends their accepted ends with zero bytes.
    drop(sockets);
    let (transport, _) = race(&[first, second]);
    let mut transport = transport.unwrap();
    assert_eq!(transport.peer(), first.to_string());
    write_all(&mut transport, &Cancel::new(), b"here");
    assert_eq!(&server.join().unwrap(), b"here");
}
