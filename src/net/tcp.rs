//! TCP: a connected socket as a transport, and the race of a host's addresses (RFC 8305).

use super::fault::{self, Fault};
use super::fork::{OF_THE_PARENT, Owner};
use super::options::{ConnectOptions, failure};
use super::sys;
use super::transport::{Source, Transport, closed};
use super::wait::Interest;
use crate::error::{Cause, Result};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

/// The next address is tried this long after the one before (RFC 8305, section 8).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How many of the addresses that failed an error text names.
const NAMED_FAILURES: usize = 4;

/// A connected stream socket: TCP, or a socket of the file system.
#[derive(Debug)]
pub struct SocketTransport {
    /// Gone after `close` and `abort`.
    socket: Option<Socket>,
    /// The other end's name, kept since a broken socket no longer knows it.
    name: String,
    owner: Owner,
}

impl SocketTransport {
    /// Takes over a connected socket and makes it non-blocking.
    pub fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let name = socket.peer_addr().map_or_else(|_| String::new(), |address| place(&address));
        Ok(SocketTransport { socket: Some(socket), name, owner: Owner::here() })
    }

    /// Takes over an accepted or connected TCP stream, without Nagle's delay.
    pub fn from_tcp(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Self::new(stream.into())
    }

    /// The same, calling its other end `name`: behind a proxy, or at a path, the socket's own name would mislead.
    pub fn named(mut self, name: String) -> Self {
        self.name = name;
        self
    }

    /// The socket, which a child of fork leaves to its parent: two processes would talk in one dialogue.
    fn socket(&self) -> io::Result<&Socket> {
        if !self.owner.is_here() {
            return Err(of_the_parent());
        }
        self.socket.as_ref().ok_or_else(closed)
    }
}

impl Transport for SocketTransport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        read(self.socket()?, buf)
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        write(self.socket()?, bufs)
    }

    fn source(&self) -> Source<'_> {
        match &self.socket {
            Some(socket) => Source::Socket(sys::borrow(socket)),
            // Reading and writing fail at once, so there is nothing to wait for.
            None => Source::Poll(Duration::ZERO),
        }
    }

    fn set_waker(&mut self, _waker: &super::wait::Waker) {}

    fn finish(&mut self) -> bool {
        self.socket().is_ok_and(|socket| socket.shutdown(Shutdown::Write).is_ok())
    }

    fn abort(&mut self) {
        // What is done to the socket is done to the parent's, too; closed, only this descriptor of it is gone.
        if let Some(socket) = self.socket.take()
            && self.owner.is_here()
        {
            abort(&socket);
        }
    }

    fn close(&mut self) {
        if let Some(socket) = self.socket.take()
            && self.owner.is_here()
        {
            close(&socket);
        }
    }

    fn peer(&self) -> String {
        self.name.clone()
    }

    fn local(&self) -> String {
        self.socket().and_then(Socket::local_addr).map_or_else(|_| String::new(), |address| place(&address))
    }
}

/// Why a child of fork does not use a socket that its parent has opened.
pub(super) fn of_the_parent() -> io::Error {
    io::Error::other(format!("the connection {OF_THE_PARENT}"))
}

/// What [`Transport::read`] is for a socket.
pub(super) fn read(mut socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match socket.read(buf) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What [`Transport::write`] is for a socket.
pub(super) fn write(socket: &Socket, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    if fault::hit(Fault::Send) {
        return Err(io::Error::other("the system takes no data (a fault made on purpose)"));
    }
    let bufs = &bufs[..bufs.len().min(sys::MAX_SLICES)];
    loop {
        let sent = match bufs {
            [one] => socket.send_with_flags(one, sys::SEND_FLAGS),
            many => socket.send_vectored_with_flags(many, sys::SEND_FLAGS),
        };
        match sent {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What comes before a socket is closed in order.
pub(super) fn close(mut socket: &Socket) {
    let _ = socket.shutdown(Shutdown::Write);
    // Closing over unread bytes would reset the connection, and the peer could lose our last ones.
    let mut rest = [0u8; 4096];
    for _ in 0..16 {
        if !matches!(socket.read(&mut rest), Ok(n) if n > 0) {
            break;
        }
    }
}

/// What comes before a socket is closed as a reset.
pub(super) fn abort(socket: &Socket) {
    // A lingering time of zero turns the close into a reset.
    let _ = socket.set_linger(Some(Duration::ZERO));
}

/// An address of any kind, for people.
pub(super) fn place(address: &SockAddr) -> String {
    if let Some(address) = address.as_socket() {
        return address.to_string();
    }
    #[cfg(unix)]
    if let Some(path) = address.as_pathname() {
        return path.display().to_string();
    }
    "a socket without a name".to_owned()
}

/// A connect to the first of several addresses that takes it: they are tried one after another, the next one begun
/// when the one before has failed or has been silent for [`ATTEMPT_DELAY`], and the first to succeed wins.
#[derive(Debug)]
pub struct TcpConnect {
    options: ConnectOptions,
    waiting: VecDeque<SocketAddr>,
    attempts: Vec<Attempt>,
    /// When the next address is begun if nothing happens.
    next: Instant,
    failures: Failures,
}

#[derive(Debug)]
struct Attempt {
    address: SocketAddr,
    socket: Socket,
}

impl TcpConnect {
    /// Prepares to connect to one of `addresses`; nothing is done before the first `poll`.
    pub fn start(addresses: &[SocketAddr], options: &ConnectOptions, now: Instant) -> Self {
        let allowed = addresses.iter().copied().filter(|address| options.allows(address));
        TcpConnect {
            options: options.clone(),
            waiting: interleave(allowed),
            attempts: Vec::new(),
            next: now,
            failures: Failures::default(),
        }
    }

    /// Does what can be done now: the connection, or nothing yet, or why no address took it.
    pub fn poll(&mut self, now: Instant) -> Result<Option<SocketTransport>> {
        let mut position = 0;
        while let Some(attempt) = self.attempts.get(position) {
            match attempt.outcome() {
                None => position += 1,
                Some(Ok(())) => {
                    // The others are dropped with their sockets, which ends them.
                    let attempt = self.attempts.swap_remove(position);
                    self.attempts.clear();
                    self.waiting.clear();
                    return Ok(Some(SocketTransport {
                        socket: Some(attempt.socket),
                        name: attempt.address.to_string(),
                        owner: Owner::here(),
                    }));
                }
                Some(Err(error)) => {
                    self.failures.add(attempt.address, Cause::NotResponding, &error);
                    self.attempts.remove(position);
                    // A failure makes room for the next address at once.
                    self.next = now;
                }
            }
        }
        while now >= self.next
            && let Some(address) = self.waiting.pop_front()
        {
            match begin(address, &self.options) {
                Ok(socket) => {
                    self.attempts.push(Attempt { address, socket });
                    self.next = now + ATTEMPT_DELAY;
                }
                Err((cause, error)) => self.failures.add(address, cause, &error),
            }
        }
        if self.attempts.is_empty() && self.waiting.is_empty() {
            return Err(failure(self.failures.cause(), self.failures.text()));
        }
        Ok(None)
    }

    /// What `poll` waits for, and until when it wants to be called anyway.
    pub fn waits<'a>(&'a self, now: Instant, list: &mut Vec<(Source<'a>, Interest)>) -> Option<Instant> {
        for attempt in &self.attempts {
            list.push((Source::Socket(sys::borrow(&attempt.socket)), Interest::WRITE));
        }
        let next = (!self.waiting.is_empty()).then_some(self.next);
        let probe = sys::CONNECT_PROBE.map(|interval| now + interval);
        [next, probe].into_iter().flatten().min()
    }
}

impl Attempt {
    /// How the attempt ended, `None` while it has not.
    fn outcome(&self) -> Option<io::Result<()>> {
        match self.socket.take_error() {
            Ok(Some(error)) | Err(error) => return Some(Err(error)),
            Ok(None) => {}
        }
        match self.socket.peer_addr() {
            // A port of the local range can meet itself when nobody listens there.
            Ok(peer) if self.socket.local_addr().is_ok_and(|local| local == peer) => {
                Some(Err(ErrorKind::ConnectionRefused.into()))
            }
            Ok(_) => Some(Ok(())),
            Err(error) if error.kind() == ErrorKind::NotConnected => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// A socket on its way to `address`, or which step failed.
fn begin(address: SocketAddr, options: &ConnectOptions) -> core::result::Result<Socket, (Cause, io::Error)> {
    let made = match fault::hit(Fault::Socket) {
        true => Err(io::Error::other("a fault made on purpose")),
        false => Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)),
    };
    let socket = made.map_err(|error| (shortage(Cause::NoSocket, &error), error))?;
    prepare(&socket, options).map_err(|error| (shortage(Cause::NoSocket, &error), error))?;

    if let Some(source) = options.source_address {
        socket.bind(&SocketAddr::new(source, 0).into()).map_err(|error| (Cause::NoBind, error))?;
    }
    if fault::hit(Fault::Bind) {
        return Err((Cause::NoBind, io::Error::other("a fault made on purpose")));
    }
    match socket.connect(&address.into()) {
        Ok(()) => Ok(socket),
        Err(error) if sys::is_connecting(&error) => Ok(socket),
        // Connecting binds the socket to a local address and port; there is none, or none left.
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => Err((Cause::NoBind, error)),
        Err(error) => Err((shortage(Cause::NotResponding, &error), error)),
    }
}

fn prepare(socket: &Socket, options: &ConnectOptions) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    // What follows is advice: a system that refuses it still connects.
    if let Some(size) = options.send_buffer {
        let _ = socket.set_send_buffer_size(size);
    }
    if let Some(time) = options.keepalive {
        let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(time));
    }
    Ok(())
}

/// `cause`, unless the system says that it lacks memory.
fn shortage(cause: Cause, error: &io::Error) -> Cause {
    if error.kind() == ErrorKind::OutOfMemory { Cause::NoMemory } else { cause }
}

/// The families in turn, beginning with that of the first address, each family in its order (RFC 8305, section 4).
pub(super) fn interleave(addresses: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let addresses: Vec<SocketAddr> = addresses.collect();
    let Some(first) = addresses.first().copied() else { return VecDeque::new() };
    let (mut one, mut other): (VecDeque<_>, VecDeque<_>) =
        addresses.iter().copied().partition(|address: &SocketAddr| address.is_ipv4() == first.is_ipv4());
    let mut turns = VecDeque::with_capacity(addresses.len());
    while !one.is_empty() || !other.is_empty() {
        turns.extend(one.pop_front());
        turns.extend(other.pop_front());
    }
    turns
}

/// Why the addresses tried so far did not take the connection.
#[derive(Debug, Default)]
struct Failures {
    cause: Option<Cause>,
    count: usize,
    text: String,
}

impl Failures {
    fn add(&mut self, address: SocketAddr, cause: Cause, error: &io::Error) {
        // A host that was really asked tells more than an address that this system could not even try.
        if self.cause != Some(Cause::NotResponding) {
            self.cause = Some(cause);
        }
        self.count += 1;
        if self.count <= NAMED_FAILURES {
            let comma = if self.text.is_empty() { "" } else { "; " };
            let step = match cause {
                Cause::NoSocket => "no socket: ",
                Cause::NoBind => "no local address or port: ",
                _ => "",
            };
            self.text.push_str(&format!("{comma}{address}: {step}{}", sys::words(error)));
        }
    }

    fn cause(&self) -> Cause {
        self.cause.unwrap_or(Cause::UnknownHost)
    }

    fn text(&self) -> String {
        match self.count {
            0 => "the host has no address of the kind that is asked for".to_owned(),
            n if n > NAMED_FAILURES => format!("{}; and {} more", self.text, n - NAMED_FAILURES),
            _ => self.text.clone(),
        }
    }
}
