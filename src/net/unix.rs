//! Sockets in the file system.

use super::fault::{self, Fault};
use super::options::failure;
use super::tcp::SocketTransport;
use super::transport::Source;
use super::wait::Interest;
use crate::error::{Cause, Result};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A full backlog refuses at once instead of waiting, and says nothing when it has room: it is asked this often.
const RETRY: Duration = Duration::from_millis(20);

/// A connect to a socket in the file system.
#[derive(Debug)]
pub struct UnixConnect {
    path: PathBuf,
    retry: Option<Instant>,
}

impl UnixConnect {
    /// Prepares to connect; nothing is done before the first `advance`.
    pub fn start(path: PathBuf) -> Self {
        UnixConnect { path, retry: None }
    }

    /// Does what can be done now: the transport, `None` while the listener is too busy, or why there is none.
    pub fn advance(&mut self, now: Instant) -> Result<Option<SocketTransport>> {
        if self.retry.is_some_and(|retry| now < retry) {
            return Ok(None);
        }
        let path = self.path.display();
        let address = SockAddr::unix(&self.path)
            .map_err(|error| failure(Cause::BadArgument, format!("{path} cannot be a socket's path: {error}")))?;
        let made = match fault::hit(Fault::Socket) {
            true => Err(io::Error::other("a fault made on purpose")),
            false => Socket::new(Domain::UNIX, Type::STREAM, None),
        };
        let socket = made.map_err(|error| failure(Cause::NoSocket, error.to_string()))?;
        let connected = socket.set_nonblocking(true).and_then(|()| socket.connect(&address));
        match connected.and_then(|()| SocketTransport::new(socket)) {
            Ok(transport) => Ok(Some(transport.named(path.to_string()))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.retry = Some(now + RETRY);
                Ok(None)
            }
            Err(error) => Err(failure(Cause::NotResponding, format!("{path}: {error}"))),
        }
    }

    /// What `advance` waits for, and until when it wants to be called anyway.
    pub fn waits<'a>(&'a self, now: Instant, list: &mut Vec<(Source<'a>, Interest)>) -> Option<Instant> {
        let retry = self.retry.unwrap_or(now);
        list.push((Source::Poll(retry.saturating_duration_since(now)), Interest::WRITE));
        Some(retry)
    }
}
