//! A transport whose bytes are encrypted over another.

use super::certificate;
use super::failure::TlsFailure;
use super::words;
use crate::net::transport::{Readiness, Source, Transport};
use crate::net::wait::Waker;
use crate::sasl::{BindingKind, ChannelBinding};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConnection, Connection, ProtocolVersion, ServerConnection};
use std::io::{self, ErrorKind, IoSlice, Read, Write};

/// So many bytes are encrypted ahead of what the system takes.
const BUFFER: usize = 256 * 1024;

/// So often is something taken in that leads to no bytes for the reader (tickets, new keys) before others have their
/// turn: without it a server that sends nothing else would keep its reader from its deadline.
const PATIENCE: usize = 32;

/// How far a handshake has come.
pub(super) enum Shaken {
    /// To its end.
    Done,
    /// To something that is to be looked at.
    Arrived,
}

/// TLS over a transport, from either side.
pub(super) struct TlsStream {
    inner: Box<dyn Transport>,
    tls: Connection,
    /// The server's certificate, on the server's side.
    own: Option<CertificateDer<'static>>,
    /// What arrived was not the TLS that was agreed: nothing is read or sent any more.
    failed: Option<TlsFailure>,
    /// Whom to wake.
    waker: Option<Waker>,
    /// Tickets for sessions of TLS 1.3 that the client can have with the first bytes it is sent. By themselves, before
    /// its first command, they make those wait forever who poll for a reply and for room to write at once, find
    /// something to read, and take it for a reply: libesmtp does.
    tickets_held: bool,
    /// So many octets were taken in.
    taken: usize,
}

impl TlsStream {
    pub(super) fn client(inner: Box<dyn Transport>, tls: ClientConnection) -> Self {
        TlsStream::new(inner, tls.into(), None)
    }

    /// `own` is the certificate that this side shows.
    pub(super) fn server(inner: Box<dyn Transport>, tls: ServerConnection, own: CertificateDer<'static>) -> Self {
        TlsStream::new(inner, tls.into(), Some(own))
    }

    fn new(inner: Box<dyn Transport>, mut tls: Connection, own: Option<CertificateDer<'static>>) -> Self {
        tls.set_buffer_limit(Some(BUFFER));
        TlsStream { inner, tls, own, failed: None, waker: None, tickets_held: false, taken: 0 }
    }

    pub(super) fn tls(&self) -> &Connection {
        &self.tls
    }

    /// Without what only reading and writing need: for a client's in its handshake, of which nothing else is there yet.
    pub(super) fn into_parts(self) -> (Box<dyn Transport>, Connection) {
        (self.inner, self.tls)
    }

    /// A client's stream again, of its parts.
    pub(super) fn of_parts(inner: Box<dyn Transport>, tls: Connection, waker: Option<Waker>) -> Self {
        TlsStream { waker, ..TlsStream::new(inner, tls, None) }
    }

    /// Goes on with the handshake; `WouldBlock` until it is done. The last of it may be held for `flush`. With
    /// `elsewhere` it stops where something has arrived that somebody else is to look at: what came of that is told
    /// by `looked_at`.
    pub(super) fn handshake(&mut self, elsewhere: bool) -> io::Result<Shaken> {
        loop {
            match self.send() {
                // What is left of it goes out with the next flush: the other side may be as full as this one.
                Err(why) if why.kind() == ErrorKind::WouldBlock && !self.tls.is_handshaking() => {
                    return Ok(Shaken::Done);
                }
                Ok(()) if !self.tls.is_handshaking() => return Ok(Shaken::Done),
                Err(why) if why.kind() != ErrorKind::WouldBlock => return Err(why),
                _ => {}
            }
            if self.take_in()? == 0 {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the other side closed it during the handshake"));
            }
            if elsewhere {
                return Ok(Shaken::Arrived);
            }
            let looked = self.tls.process_new_packets().map(drop);
            self.looked_at(looked)?;
            // The client's last message came after all of ours: there are only tickets to send.
            let tickets_follow = matches!(&self.tls, Connection::Server(tls) if !tls.is_handshaking())
                && self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
            if tickets_follow {
                self.tickets_held = true;
                return Ok(Shaken::Done);
            }
        }
    }

    /// The certificate that the server showed, or shows as this side.
    fn server_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.own.as_ref().or_else(|| self.tls.peer_certificates()?.first())
    }

    /// What the next read or write waits for, in a handshake.
    pub(super) fn wants_write(&self) -> bool {
        self.tls.wants_write()
    }

    /// Takes in what has arrived and looks at it; 0 at the end of the inner stream.
    fn receive(&mut self) -> io::Result<usize> {
        let count = self.take_in()?;
        let looked = self.tls.process_new_packets().map(drop);
        self.looked_at(looked).map(|()| count)
    }

    fn take_in(&mut self) -> io::Result<usize> {
        loop {
            match self.tls.read_tls(&mut Inner(&mut *self.inner)) {
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                other => {
                    self.taken = self.taken.saturating_add(*other.as_ref().unwrap_or(&0));
                    return other;
                }
            }
        }
    }

    /// How many octets were taken in: in a handshake it may hold as many.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// What came of looking at what had arrived.
    pub(super) fn looked_at(&mut self, looked: Result<(), rustls::Error>) -> io::Result<()> {
        if let Err(why) = looked {
            // The other side is told why, as far as that goes out at once.
            let _ = self.send();
            let words = words::words(&why, self.tls.is_handshaking());
            let hint = words::hint(&why, self.tls.is_handshaking());
            let failure = TlsFailure { words, is_lack: words::is_lack(&why), hint };
            self.failed = Some(failure.clone());
            return Err(failure.into());
        }
        Ok(())
    }

    /// Sends what is encrypted; `WouldBlock` when not all of it goes out now.
    fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Inner(&mut *self.inner)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

impl Transport for TlsStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        for _ in 0..PATIENCE {
            match self.tls.reader().read(buf) {
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                Err(why) if why.kind() == ErrorKind::UnexpectedEof => return Err(truncated()),
                // Data, or the end as TLS demands it: whatever follows that is never read.
                other => return other,
            }
            if let Some(failure) = &self.failed {
                return Err(failure.clone().into());
            }
            match self.receive() {
                Ok(_) => {}
                // What came before the failure still counts: it is read at the next turn, then this is said.
                Err(why) if TlsFailure::is_in(&why) => {}
                Err(why) => return Err(why),
            }
        }
        // There may be more, of which nobody else would tell.
        match &self.waker {
            Some(waker) => {
                waker.wake();
                Err(ErrorKind::WouldBlock.into())
            }
            // An event loop, which is told of each change once: it comes back by itself.
            None => Err(ErrorKind::Interrupted.into()),
        }
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone().into());
        }
        // What was taken before goes first, but tickets go along with what comes now.
        if !std::mem::take(&mut self.tickets_held) {
            self.send()?;
        }
        let taken = self.tls.writer().write_vectored(bufs)?;
        match self.send() {
            Err(why) if why.kind() != ErrorKind::WouldBlock => Err(why),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.tickets_held { Ok(()) } else { self.send() }
    }

    fn source(&self) -> Source<'_> {
        self.inner.source()
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.inner.set_waker(waker);
        self.waker = Some(waker.clone());
    }

    fn woken(&mut self, seen: Readiness) {
        self.inner.woken(seen);
    }

    fn finish(&mut self) -> bool {
        self.tls.send_close_notify();
        self.send().is_ok() && self.inner.finish()
    }

    fn abort(&mut self) {
        self.inner.abort();
    }

    fn close(&mut self) {
        self.tls.send_close_notify();
        let _ = self.send();
        self.inner.close();
    }

    fn peer(&self) -> String {
        self.inner.peer()
    }

    fn local(&self) -> String {
        self.inner.local()
    }

    fn is_secure(&self) -> bool {
        true
    }

    fn channel_bindings(&self) -> Vec<ChannelBinding> {
        // RFC 9266 wants TLS 1.3, or 1.2 with the extended master secret, of which rustls does not tell.
        let exporter = (self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3))
            .then(|| self.tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok())
            .flatten()
            .map(|data| ChannelBinding { kind: BindingKind::Exporter, data: data.to_vec() });
        let end_point = self.server_certificate().and_then(certificate::end_point);
        let end_point = end_point.map(|data| ChannelBinding { kind: BindingKind::ServerEndPoint, data });
        exporter.into_iter().chain(end_point).collect()
    }
}

/// The inner transport as rustls reads and writes it.
struct Inner<'a>(&'a mut dyn Transport);

impl Read for Inner<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Inner<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn truncated() -> io::Error {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        "the connection ended without the end that TLS demands (close_notify): what came last may have been cut off",
    )
}
