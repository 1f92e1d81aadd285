//! A socket that listens: making it, and taking connections from it.

use super::address::Place;
use crate::net::polled::PolledTransport;
use mio::event::Source;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How many connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 1024;

/// A socket that listens. Dropped, it is closed, and its path is removed.
pub(super) struct Door {
    listener: Listener,
    place: Place,
    /// What to remove at the end: the path, if it is still this socket.
    #[cfg(unix)]
    path: Option<(PathBuf, (u64, u64))>,
}

enum Listener {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix(mio::net::UnixListener),
}

impl Door {
    /// Listens there.
    pub(super) fn open(place: &Place) -> io::Result<Door> {
        match place {
            Place::Internet(address) => Door::tcp(*address),
            #[cfg(unix)]
            Place::Path(path) => Door::unix(path.clone()),
            #[cfg(not(unix))]
            Place::Path(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn tcp(address: SocketAddr) -> io::Result<Door> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            // The other family has a socket of its own: what one listens to is what one wrote.
            socket.set_only_v6(true)?;
        }
        // A server that is started again takes its port although old connections linger there. On Windows the option
        // would let another program take it away.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        listen(&socket)?;
        let listener: std::net::TcpListener = socket.into();
        let place = Place::Internet(listener.local_addr()?);
        Ok(Door {
            listener: Listener::Tcp(mio::net::TcpListener::from_std(listener)),
            place,
            #[cfg(unix)]
            path: None,
        })
    }

    #[cfg(unix)]
    fn unix(path: PathBuf) -> io::Result<Door> {
        use std::os::unix::fs::MetadataExt;
        let address = SockAddr::unix(&path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        match socket.bind(&address) {
            Err(why) if why.kind() == io::ErrorKind::AddrInUse && is_abandoned(&path, &address) => {
                std::fs::remove_file(&path)?;
                socket.bind(&address)?;
            }
            bound => bound?,
        }
        listen(&socket)?;
        let listener: std::os::unix::net::UnixListener = socket.into();
        let made = std::fs::metadata(&path)?;
        Ok(Door {
            listener: Listener::Unix(mio::net::UnixListener::from_std(listener)),
            place: Place::Path(path.clone()),
            path: Some((path, (made.dev(), made.ino()))),
        })
    }

    /// Where it listens, with the port that it got.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Has `registry` tell under `token` when somebody comes: once for each change, so accept until `WouldBlock`.
    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match &mut self.listener {
            Listener::Tcp(listener) => listener.register(registry, token, Interest::READABLE),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.register(registry, token, Interest::READABLE),
        }
    }

    /// The next connection: `WouldBlock` when there is none.
    pub(super) fn accept(&self) -> io::Result<PolledTransport> {
        match &self.listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // An IPv4 client that came by an IPv6 socket (not ours, but one that was handed over) is an IPv4 client.
                Ok(PolledTransport::tcp(stream, SocketAddr::new(peer.ip().to_canonical(), peer.port())))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => Ok(PolledTransport::unix(listener.accept()?.0)),
        }
    }
}

fn listen(socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)
}

/// Whether a socket lies there that nobody listens to: what a server leaves that was killed.
#[cfg(unix)]
fn is_abandoned(path: &std::path::Path, address: &SockAddr) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let refused = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(address)
    };
    is_socket && refused().is_err_and(|why| why.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(unix)]
impl Drop for Door {
    fn drop(&mut self) {
        use std::os::unix::fs::MetadataExt;
        if let Some((path, made)) = &self.path
            && std::fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == *made)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// What a failed accept means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AcceptFailure {
    /// There is nobody.
    Nobody,
    /// That one is gone already: take the next.
    Gone,
    /// The system has no descriptors or memory left: try again when some may be free.
    Short,
}

pub(super) fn accept_failure(why: &io::Error) -> AcceptFailure {
    match why.kind() {
        io::ErrorKind::WouldBlock => AcceptFailure::Nobody,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted => {
            AcceptFailure::Gone
        }
        // Out of descriptors or memory, or an error of the network: Linux reports those here, too.
        _ => AcceptFailure::Short,
    }
}
