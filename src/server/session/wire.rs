//! A session's transport, and whether it is worth trying.

use crate::net::transport::{Readiness, Transport};
use std::io::{self, ErrorKind, IoSlice};

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many octets.
    Data(usize),
    /// Nothing now.
    Blocked,
    /// Nothing yet, but the transport has more to do: others should have their turn, then it is tried again.
    Later,
    /// The client has ended its side.
    End,
}

/// A transport that is only tried when it may do something. It has no buffers: the loop lends one for reading, and
/// what is to be sent is the dialogue's.
pub(super) struct Wire {
    pub(super) transport: Box<dyn Transport>,
    readable: bool,
    writable: bool,
    /// The last read took all that had arrived.
    drained: bool,
    /// The transport holds octets that it took and could not send yet.
    held: bool,
}

impl Wire {
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        Wire { transport, readable: true, writable: true, drained: false, held: false }
    }

    /// Something has changed: that direction is tried again.
    pub(super) fn woken(&mut self, seen: Readiness) {
        self.transport.woken(seen);
        self.readable |= seen.readable;
        self.writable |= seen.writable;
        self.drained &= !seen.readable;
    }

    /// The client was not heard since a read took all that had arrived.
    pub(super) fn is_drained(&self) -> bool {
        self.drained
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        if !self.readable {
            return Ok(Got::Blocked);
        }
        match self.transport.read(buffer) {
            Ok(0) => Ok(Got::End),
            Ok(count) => {
                self.drained = count < buffer.len();
                Ok(Got::Data(count.min(buffer.len())))
            }
            Err(why) if why.kind() == ErrorKind::Interrupted => Ok(Got::Later),
            Err(why) if why.kind() == ErrorKind::WouldBlock => {
                (self.readable, self.drained) = (false, true);
                Ok(Got::Blocked)
            }
            Err(why) => Err(why),
        }
    }

    /// Sends the front of `output`: how much of it the transport took.
    pub(super) fn write(&mut self, output: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < output.len() && self.writable {
            match self.transport.write(&[IoSlice::new(&output[sent..])]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    sent += count.min(output.len() - sent);
                    self.held = true;
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(why) => return Err(why),
            }
        }
        if self.held && self.writable {
            match self.transport.flush() {
                Ok(()) => self.held = false,
                Err(why) if why.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(why) => return Err(why),
            }
        }
        Ok(sent)
    }

    /// The transport holds octets that are not sent.
    pub(super) fn holds(&self) -> bool {
        self.held
    }
}
