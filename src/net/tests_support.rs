//! What the tests of this room share.

use super::connect::{ConnectOptions, Connecting, Target};
use super::transport::Transport;
use super::wait::{Cancel, Interest, Waited, wait, wait_many};
use crate::error::{Cause, Error, Phase, Result};
use socket2::Socket;
use std::io::{ErrorKind, IoSlice};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Long enough for any event on a busy machine; a test that meets it has failed.
pub fn deadline() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(20))
}

/// Two connected sockets.
pub fn sockets() -> (Socket, Socket) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one.into(), listener.accept().unwrap().0.into())
}

/// The processor time of this thread.
#[cfg(unix)]
pub fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A listener on a free port of the loopback interface, for IPv4 and, where there is one, for IPv6.
pub fn listeners() -> Vec<(TcpListener, SocketAddr)> {
    let addresses: [SocketAddr; 2] = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
    let listening = addresses.iter().filter_map(|address| {
        let listener = TcpListener::bind(address).ok()?;
        let address = listener.local_addr().ok()?;
        Some((listener, address))
    });
    listening.collect()
}

/// A target written as an address.
pub fn host(address: SocketAddr) -> Target {
    Target::Host { host: address.ip().to_string(), port: address.port() }
}

/// Drives a connect to its end, or to a cancel or the deadline as those errors.
pub fn connect(target: Target, options: ConnectOptions, cancel: &Cancel) -> Result<Box<dyn Transport>> {
    connect_until(target, options, cancel, deadline())
}

/// The same with a deadline of the test's own.
pub fn connect_until(
    target: Target,
    options: ConnectOptions,
    cancel: &Cancel,
    until: Option<Instant>,
) -> Result<Box<dyn Transport>> {
    let mut connecting = Connecting::new(target, options, cancel.waker().unwrap(), Instant::now());
    loop {
        if let Some(transport) = connecting.advance(Instant::now())? {
            return Ok(transport);
        }
        let mut sources = Vec::new();
        let again = connecting.waits(&mut sources);
        let pass = [again, until].into_iter().flatten().min();
        let waited = wait_many(&sources, pass, cancel, &mut (), &mut Vec::new());
        match waited {
            Waited::Cancelled => return Err(Error::new(Phase::Connect, Cause::Cancelled, "")),
            Waited::Deadline if until.is_some_and(|until| Instant::now() >= until) => {
                return Err(Error::new(Phase::Connect, Cause::TimedOut, ""));
            }
            _ => {}
        }
    }
}

/// The error of a connect that must fail.
pub fn refusal(target: Target, options: ConnectOptions) -> Error {
    match connect(target, options, &Cancel::new()) {
        Ok(transport) => panic!("connected to {}", transport.peer()),
        Err(error) => error,
    }
}

/// Reads exactly `length` bytes.
pub fn read_exactly(transport: &mut dyn Transport, cancel: &Cancel, length: usize) -> Vec<u8> {
    transport.set_waker(&cancel.waker().unwrap());
    let mut got = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match transport.read(&mut got[filled..]) {
            Ok(0) => panic!("the stream ended after {filled} of {length} bytes"),
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let waited = wait(transport.source(), Interest::READ, deadline(), cancel, &mut ());
                assert_eq!(waited, Waited::Ready);
            }
            Err(error) => panic!("reading: {error}"),
        }
    }
    got
}

/// Writes all of `bytes`.
pub fn write_all(transport: &mut dyn Transport, cancel: &Cancel, mut bytes: &[u8]) {
    transport.set_waker(&cancel.waker().unwrap());
    while !bytes.is_empty() {
        match transport.write(&[IoSlice::new(bytes)]) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let waited = wait(transport.source(), Interest::WRITE, deadline(), cancel, &mut ());
                assert_eq!(waited, Waited::Ready);
            }
            Err(error) => panic!("writing: {error}"),
        }
    }
}
