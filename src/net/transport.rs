//! What every connection is to the rest of the library: bytes in, bytes out, and something to wait on.

use super::tls::TlsFailure;
use super::wait::Waker;
use crate::error::Cause;
use crate::net::lock::Mutex;
use crate::sasl::ChannelBinding;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::time::Duration;

pub use super::sys::Borrowed;

/// A stream of bytes in both directions that never blocks.
pub trait Transport: Send {
    /// Reads what has arrived: `WouldBlock` when nothing has, 0 at the end of the stream.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes as much of the slices as can go out now: `WouldBlock` when that is nothing. Never raises a signal.
    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Sends what `write` took and this transport still holds: `WouldBlock` while some of it is left. Most hold nothing.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What to wait on when `read` or `write` would block.
    fn source(&self) -> Source<'_>;

    /// Whom to wake. Transports without a descriptor wake it on any change; the others ignore it.
    fn set_waker(&mut self, waker: &Waker);

    /// An event loop saw something happen. Transports that are read and written until `WouldBlock`, or that are
    /// waited for otherwise, need not know.
    fn woken(&mut self, _seen: Readiness) {}

    /// Ends what this side sends: the peer sees the end of the stream, and can still be read. Nothing may be written
    /// after it. False: this transport cannot end one direction alone, and did nothing.
    fn finish(&mut self) -> bool {
        false
    }

    /// Breaks the connection off at once: what is not sent yet is dropped and the peer sees a reset.
    fn abort(&mut self);

    /// Ends the connection in order: what was written still goes out, then the peer sees the end of the stream.
    fn close(&mut self);

    /// The other end, for people: `192.0.2.1:25`, `[::1]:25`, a path.
    fn peer(&self) -> String;

    /// This end, for people.
    fn local(&self) -> String;

    /// Whether nobody between the two ends can read or change what passes.
    fn is_secure(&self) -> bool {
        false
    }

    /// What authentication can be tied to, the best first; nothing without TLS.
    fn channel_bindings(&self) -> Vec<ChannelBinding> {
        Vec::new()
    }
}

/// What an event loop saw of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Something arrived, or the connection broke.
    pub readable: bool,
    /// Something can be sent, or the connection broke.
    pub writable: bool,
    /// The other side sends nothing any more, or the connection broke: no change of `readable` is told after it.
    pub ended: bool,
}

impl Readiness {
    /// Everything is worth trying.
    pub const ANY: Readiness = Readiness { readable: true, writable: true, ended: true };
}

/// What a wait for a transport looks at.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A descriptor of the system.
    Socket(Borrowed<'a>),
    /// Nothing to look at: the transport rings the waker of the party that waits.
    Notified,
    /// It can only be tried again, after this time.
    Poll(Duration),
}

/// Where a transport without a descriptor keeps whom to wake. Clones share the place.
#[derive(Clone, Debug, Default)]
pub struct WakeSlot(Arc<Mutex<Option<Waker>>>);

impl WakeSlot {
    /// An empty place.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a waker there in place of the one before.
    pub fn set(&self, waker: &Waker) {
        *self.0.lock() = Some(waker.clone());
    }

    /// Takes the waker away.
    pub fn clear(&self) {
        *self.0.lock() = None;
    }

    /// Wakes whoever is there.
    pub fn wake(&self) {
        let waker = self.0.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// What a failed read of a transport means.
pub fn read_cause(error: &io::Error) -> Cause {
    match error.kind() {
        ErrorKind::OutOfMemory => Cause::NoMemory,
        ErrorKind::TimedOut => Cause::TimedOut,
        _ if TlsFailure::is_in(error) => Cause::Tls,
        _ => Cause::BrokenOff,
    }
}

/// What a failed write of a transport means: the peer or the network broke it off, or this system took nothing.
pub fn write_cause(error: &io::Error) -> Cause {
    match error.kind() {
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::ConnectionRefused
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::WriteZero => Cause::BrokenOff,
        ErrorKind::TimedOut => Cause::TimedOut,
        ErrorKind::OutOfMemory => Cause::NoMemory,
        _ if TlsFailure::is_in(error) => Cause::Tls,
        _ => Cause::CannotSend,
    }
}

/// What reading and writing say after the transport was closed or aborted on this side.
pub(super) fn closed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the connection was closed on this side")
}
