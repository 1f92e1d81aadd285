//! Bytes between the dialogue and a transport: what waits to be sent, what has been read.

use crate::net::transport::Transport;
use crate::proto::command::LINE_MAX;
use crate::proto::dot::{BodyEncoder, Piece};
use std::io::{self, ErrorKind, IoSlice};
use zeroize::{Zeroize, Zeroizing};

/// From here on staged bytes are sent although more is to come.
pub(crate) const HIGH_WATER: usize = 256 * 1024;
/// So much of a body is encoded before the system is asked to take it.
const WINDOW: usize = 256 * 1024;
/// Pieces of a body that are shorter are copied: a vectored write of many small slices costs more than the copy.
const COPY_BELOW: usize = 16 * 1024;
const READ_BUFFER: usize = 32 * 1024;

/// A transport with its buffers.
pub(crate) struct Wire {
    transport: Box<dyn Transport>,
    /// Wiped when it goes: a credential may be among it.
    out: Zeroizing<Vec<u8>>,
    out_at: usize,
    /// A credential is staged: wipe it once it is sent.
    secret: bool,
    /// Bytes the system has taken.
    sent: u64,
    /// Made once and never cleared: zeroing it before each read would cost more than the read.
    input: Box<[u8]>,
    /// What has been read and not consumed lies between these two.
    input_at: usize,
    input_end: usize,
    /// What `sent` was when the input was read.
    sent_when_read: u64,
    /// The last attempt would have blocked: wait before the next.
    read_blocked: bool,
    write_blocked: bool,
    /// The transport holds bytes that it took and could not send yet.
    held: bool,
    /// The server has closed its side.
    ended: bool,
}

impl Wire {
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Wire {
            transport,
            out: Zeroizing::new(Vec::new()),
            out_at: 0,
            secret: false,
            sent: 0,
            input: vec![0; READ_BUFFER].into_boxed_slice(),
            input_at: 0,
            input_end: 0,
            sent_when_read: 0,
            read_blocked: true,
            write_blocked: false,
            held: false,
            ended: false,
        }
    }

    /// Takes the transport out, to be encrypted; nothing may be staged or unread. The bytes sent are counted on from
    /// what is returned, by [`Wire::go_on`].
    pub(crate) fn into_transport(self) -> (Box<dyn Transport>, u64) {
        (self.transport, self.sent)
    }

    /// A wire over a transport that takes the place of another, over which so many bytes of the stream were sent. The
    /// end of a handshake may still be in it.
    pub(crate) fn go_on(transport: Box<dyn Transport>, sent: u64) -> Self {
        Wire { sent, held: true, ..Wire::new(transport) }
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(crate) fn transport_mut(&mut self) -> &mut dyn Transport {
        &mut *self.transport
    }

    /// Where commands are encoded to.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The same for a line with a credential in it, which stays in memory no longer than it must.
    pub(crate) fn out_for_secret(&mut self) -> &mut Vec<u8> {
        self.secret = true;
        // Growing while the line is written would leave a copy behind, and growing now one of the line before.
        if self.out.capacity() - self.out.len() < LINE_MAX {
            let mut larger = Vec::with_capacity(self.out.len() + LINE_MAX);
            larger.extend_from_slice(&self.out);
            self.out = Zeroizing::new(larger);
        }
        &mut self.out
    }

    pub(crate) fn staged(&self) -> usize {
        self.out.len() - self.out_at
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// There is something to send that the system did not take.
    pub(crate) fn wants_write(&self) -> bool {
        self.write_blocked && (self.held || self.staged() > 0)
    }

    /// Everything queued has been taken by the system.
    pub(crate) fn is_drained(&self) -> bool {
        !self.held && self.staged() == 0
    }

    /// The system takes no more for now.
    pub(crate) fn is_write_blocked(&self) -> bool {
        self.write_blocked
    }

    /// Reading may go on, whatever the last attempt came to.
    pub(crate) fn retry_reading(&mut self) {
        self.read_blocked = false;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The waiting loop saw something: try again what would have blocked.
    pub(crate) fn retry(&mut self) {
        self.read_blocked = false;
        self.write_blocked = false;
    }

    /// Sends what is staged, as far as the system takes it; true when nothing is left.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        while self.out_at < self.out.len() {
            if self.write_blocked {
                return Ok(false);
            }
            match self.transport.write(&[IoSlice::new(&self.out[self.out_at..])]) {
                Ok(taken) => self.took(taken),
                Err(why) => self.note_write_error(why)?,
            }
        }
        self.wipe();
        self.out.clear();
        self.out_at = 0;
        if self.out.capacity() > 2 * HIGH_WATER {
            self.out.shrink_to(HIGH_WATER);
        }
        self.flush_held()
    }

    /// What the transport took and holds goes on; true when it holds nothing.
    fn flush_held(&mut self) -> io::Result<bool> {
        if self.held && self.write_blocked {
            return Ok(false);
        }
        self.held = false;
        loop {
            match self.transport.flush() {
                Ok(()) => return Ok(true),
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    (self.held, self.write_blocked) = (true, true);
                    return Ok(false);
                }
                Err(why) => self.note_write_error(why)?,
            }
        }
    }

    fn wipe(&mut self) {
        if self.secret {
            self.secret = false;
            self.out.zeroize();
        }
    }

    /// Encodes all of `body` into the staged bytes, without I/O; returns how many bytes that made.
    pub(crate) fn stage(&mut self, encoder: &mut BodyEncoder, mut body: &[u8]) -> u64 {
        let before = self.out.len();
        while let Some(piece) = encoder.next(&mut body) {
            self.out.extend_from_slice(piece.bytes());
        }
        (self.out.len() - before) as u64
    }

    /// Encodes the front of `body` and sends it with what is staged; stops when the system takes no more. Returns how
    /// many encoded bytes joined the stream.
    ///
    /// Nothing of `body` is kept: what was taken from it is sent, or copied when the system did not take it.
    pub(crate) fn send_body(&mut self, encoder: &mut BodyEncoder, body: &mut &[u8]) -> io::Result<u64> {
        let mut joined = 0;
        while !body.is_empty() {
            if self.staged() >= HIGH_WATER && !self.flush()? {
                break;
            }
            let (mut window, rest) = body.split_at(body.len().min(WINDOW));
            while let Some(piece) = encoder.next(&mut window) {
                let bytes = piece.bytes();
                joined += bytes.len() as u64;
                match piece {
                    Piece::Slice(slice) if slice.len() >= COPY_BELOW => self.send_slice(slice)?,
                    Piece::Slice(_) | Piece::Insert(_) => self.out.extend_from_slice(bytes),
                }
            }
            *body = rest;
        }
        Ok(joined)
    }

    /// One lent slice behind the staged bytes, in the same write; what is not taken is copied.
    fn send_slice(&mut self, mut slice: &[u8]) -> io::Result<()> {
        while !slice.is_empty() && !self.write_blocked {
            let staged = self.staged();
            let written = self.transport.write(&[IoSlice::new(&self.out[self.out_at..]), IoSlice::new(slice)]);
            match written {
                Ok(taken) => {
                    self.took(taken.min(staged));
                    if taken >= staged {
                        self.out.clear();
                        self.out_at = 0;
                        let of_slice = taken - staged;
                        self.sent += of_slice as u64;
                        slice = &slice[of_slice.min(slice.len())..];
                    }
                }
                Err(why) => self.note_write_error(why)?,
            }
        }
        self.out.extend_from_slice(slice);
        Ok(())
    }

    fn took(&mut self, taken: usize) {
        self.out_at += taken;
        self.sent += taken as u64;
    }

    fn note_write_error(&mut self, why: io::Error) -> io::Result<()> {
        match why.kind() {
            ErrorKind::WouldBlock => {
                self.write_blocked = true;
                // Nothing is left half-consumed at the front when the system blocks for long.
                if self.out_at > HIGH_WATER {
                    self.out.drain(..self.out_at);
                    self.out_at = 0;
                }
                Ok(())
            }
            ErrorKind::Interrupted => Ok(()),
            _ => Err(why),
        }
    }

    /// What has been read and not consumed.
    pub(crate) fn input(&self) -> &[u8] {
        &self.input[self.input_at..self.input_end]
    }

    /// How many bytes the system had taken when the input was read: it cannot answer more than those.
    pub(crate) fn sent_when_read(&self) -> u64 {
        self.sent_when_read
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.input_at = (self.input_at + count).min(self.input_end);
    }

    /// Reads once; only when everything read before is consumed. True when there are new bytes.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        if !self.input().is_empty() {
            return Ok(true);
        }
        if self.read_blocked || self.ended {
            return Ok(false);
        }
        (self.input_at, self.input_end) = (0, 0);
        let got = loop {
            match self.transport.read(&mut self.input) {
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match got {
            Ok(count) => {
                self.input_end = count.min(self.input.len());
                self.sent_when_read = self.sent;
                self.ended = count == 0;
                Ok(count > 0)
            }
            Err(why) => {
                if why.kind() == ErrorKind::WouldBlock {
                    self.read_blocked = true;
                    return Ok(false);
                }
                Err(why)
            }
        }
    }

    /// Looks for bytes that came while nothing was asked for.
    pub(crate) fn peek(&mut self) -> io::Result<bool> {
        self.read_blocked = false;
        self.fill()
    }
}
