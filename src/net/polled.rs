//! A connection that came in by a listener and is one of many on an event loop: it is registered there once, and the
//! loop tells of each change.

use super::fork::Owner;
use super::sys::{self, SHORT_READ_DRAINS};
use super::tcp;
use super::transport::{Readiness, Source, Transport, closed};
use super::wait::Waker;
use mio::event::Source as _;
use mio::{Interest, Registry, Token};
use socket2::{SockRef, Socket};
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

/// The part of all descriptors that is not for connections, and how many are enough.
#[cfg(unix)]
const SPARE_PART: u64 = 8;
#[cfg(unix)]
const SPARE_MAX: u64 = 512;

/// An accepted connection, by TCP or by a socket in the file system.
#[derive(Debug)]
pub struct PolledTransport {
    /// Gone after `close` and `abort`, and with it the registration.
    stream: Option<Stream>,
    /// The other end's address; none for a socket in the file system.
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
    /// All that has arrived is read: there is nothing to try before the loop tells of more.
    drained: bool,
    /// The other side sends nothing any more, of which the loop tells once: reads go on until they say so, too.
    ended: bool,
    owner: Owner,
}

#[derive(Debug)]
enum Stream {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
}

impl PolledTransport {
    /// Takes over an accepted connection. Whoever accepts it turns Nagle's delay off.
    pub fn tcp(stream: mio::net::TcpStream, peer: SocketAddr, local: Option<SocketAddr>) -> Self {
        PolledTransport::new(Stream::Tcp(stream), Some(peer), local)
    }

    /// Takes over a connection accepted at a path.
    #[cfg(unix)]
    pub fn unix(stream: mio::net::UnixStream) -> Self {
        PolledTransport::new(Stream::Unix(stream), None, None)
    }

    fn new(stream: Stream, peer: Option<SocketAddr>, local: Option<SocketAddr>) -> Self {
        // What has arrived already is told of when the registration begins.
        PolledTransport { stream: Some(stream), peer, local, drained: true, ended: false, owner: Owner::here() }
    }

    /// Has `registry` tell under `token` when it becomes readable or writable. It tells once for each change: hand that
    /// on to [`Transport::woken`], read and write until `WouldBlock`. Closing takes the registration back.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self.stream.as_mut().ok_or_else(closed)? {
            Stream::Tcp(stream) => stream.register(registry, token, interest),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.register(registry, token, interest),
        }
    }

    /// Where the other end is; none for a socket in the file system.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Where this end is; none for a socket in the file system.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Whether hardly any descriptors are left in this process for anything else, such as files. The system gives the
    /// lowest that is free, so the number of this one tells.
    #[cfg(unix)]
    pub fn is_among_the_last(&self) -> bool {
        use std::os::fd::AsRawFd;
        let number = self.with(|socket| Ok(socket.as_raw_fd())).ok().and_then(|number| u64::try_from(number).ok());
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        limit.zip(number).is_some_and(|(limit, number)| number >= limit - (limit / SPARE_PART).min(SPARE_MAX))
    }

    /// Does something with the socket. Where the system tells once for each change, mio must see what came of it.
    fn with<T>(&self, work: impl FnOnce(&Socket) -> io::Result<T>) -> io::Result<T> {
        if !self.owner.is_here() {
            return Err(tcp::of_the_parent());
        }
        match self.stream.as_ref().ok_or_else(closed)? {
            Stream::Tcp(stream) => stream.try_io(|| work(&SockRef::from(stream))),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.try_io(|| work(&SockRef::from(stream))),
        }
    }
}

impl Transport for PolledTransport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.drained && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        let got = self.with(|socket| tcp::read(socket, buf));
        self.drained = match &got {
            Ok(0) => true,
            Ok(count) => SHORT_READ_DRAINS && *count < buf.len(),
            Err(why) => why.kind() == ErrorKind::WouldBlock,
        };
        got
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(|socket| tcp::write(socket, bufs))
    }

    fn source(&self) -> Source<'_> {
        match &self.stream {
            Some(Stream::Tcp(stream)) => Source::Socket(sys::borrow(stream)),
            #[cfg(unix)]
            Some(Stream::Unix(stream)) => Source::Socket(sys::borrow(stream)),
            // Reading and writing fail at once, so there is nothing to wait for.
            None => Source::Poll(Duration::ZERO),
        }
    }

    fn set_waker(&mut self, _waker: &Waker) {}

    fn woken(&mut self, seen: Readiness) {
        self.drained &= !seen.readable;
        self.ended |= seen.ended;
    }

    fn finish(&mut self) -> bool {
        self.with(|socket| socket.shutdown(Shutdown::Write)).is_ok()
    }

    fn abort(&mut self) {
        let _ = self.with(|socket| {
            tcp::abort(socket);
            Ok(())
        });
        self.stream = None;
    }

    fn close(&mut self) {
        // Closed over nothing unread it needs no more than that.
        if !self.drained {
            let _ = self.with(|socket| {
                tcp::close(socket);
                Ok(())
            });
        }
        self.stream = None;
    }

    fn peer(&self) -> String {
        self.peer.map_or_else(|| "a socket without a name".to_owned(), |address| address.to_string())
    }

    fn local(&self) -> String {
        self.with(|socket| socket.local_addr()).map_or_else(|_| String::new(), |address| tcp::place(&address))
    }
}
