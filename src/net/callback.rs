//! A transport made of functions that somebody else provides, such as a C program's.

use super::transport::{Borrowed, Source, Transport, WakeSlot, closed};
use super::wait::Waker;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

/// Reads into the buffer: how much, `WouldBlock` when nothing is there, 0 at the end of the stream.
pub type ReadFunction = Box<dyn FnMut(&mut [u8]) -> io::Result<usize> + Send>;
/// Writes from the slices: how much in all, `WouldBlock` when nothing can go out.
pub type WriteFunction = Box<dyn FnMut(&[IoSlice<'_>]) -> io::Result<usize> + Send>;
/// Ends the connection. Called exactly once.
pub type CloseFunction = Box<dyn FnMut(Closing) + Send>;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// In order: what was written still goes out.
    Orderly,
    /// At once: what is not sent yet is dropped.
    Abort,
}

/// How one learns that a connection made of functions can go on.
#[derive(Clone, Debug)]
pub enum Readiness {
    /// Whoever provides the functions wakes this slot on any change.
    Notified(WakeSlot),
    /// Only by trying again after this time.
    Poll(Duration),
    /// This descriptor tells. It must stay open as long as the transport lives.
    Descriptor(Borrowed<'static>),
}

/// The functions and facts of a connection.
pub struct Callbacks {
    /// Reads.
    pub read: ReadFunction,
    /// Writes.
    pub write: WriteFunction,
    /// Ends.
    pub close: CloseFunction,
    /// When to try again.
    pub readiness: Readiness,
    /// The other end, for people.
    pub peer: String,
    /// This end, for people.
    pub local: String,
    /// Whether nobody between the two ends can read or change what passes.
    pub secure: bool,
}

/// A transport over [`Callbacks`]. What the functions return is checked, never believed.
pub struct CallbackTransport {
    callbacks: Callbacks,
    open: bool,
}

impl CallbackTransport {
    /// A transport over these functions.
    pub fn new(callbacks: Callbacks) -> Self {
        CallbackTransport { callbacks, open: true }
    }

    fn end(&mut self, how: Closing) {
        if core::mem::replace(&mut self.open, false) {
            (self.callbacks.close)(how);
        }
    }
}

impl Transport for CallbackTransport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.open {
            return Err(closed());
        }
        let count = (self.callbacks.read)(buf)?;
        at_most(count, buf.len(), "read")
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if !self.open {
            return Err(closed());
        }
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        match at_most((self.callbacks.write)(bufs)?, offered, "write")? {
            // Nothing taken of something is what a C function says for "try later".
            0 if offered > 0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }

    fn source(&self) -> Source<'_> {
        match &self.callbacks.readiness {
            _ if !self.open => Source::Poll(Duration::ZERO),
            Readiness::Notified(_) => Source::Notified,
            Readiness::Poll(interval) => Source::Poll(*interval),
            Readiness::Descriptor(descriptor) => Source::Socket(*descriptor),
        }
    }

    fn set_waker(&mut self, waker: &Waker) {
        if let Readiness::Notified(slot) = &self.callbacks.readiness {
            slot.set(waker);
        }
    }

    fn abort(&mut self) {
        self.end(Closing::Abort);
    }

    fn close(&mut self) {
        self.end(Closing::Orderly);
    }

    fn peer(&self) -> String {
        self.callbacks.peer.clone()
    }

    fn local(&self) -> String {
        self.callbacks.local.clone()
    }

    fn is_secure(&self) -> bool {
        self.callbacks.secure
    }
}

impl Drop for CallbackTransport {
    /// A transport that is dropped while it is open was given up.
    fn drop(&mut self) {
        self.end(Closing::Abort);
    }
}

fn at_most(count: usize, limit: usize, what: &str) -> io::Result<usize> {
    if count <= limit {
        return Ok(count);
    }
    let text = format!("the transport's {what} function says {count} octets of {limit}");
    Err(io::Error::new(ErrorKind::InvalidData, text))
}
