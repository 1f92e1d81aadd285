//! A socket that listens: making it, and taking connections from it.

use super::address::Place;
use crate::net::polled::PolledTransport;
use crate::net::sys::{NODELAY_INHERITED, words};
use mio::event::Source;
use mio::{Interest, Registry, Token};
#[cfg(unix)]
use socket2::SockAddr;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
#[cfg(unix)]
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

/// Sockets that listen at a place, and are not served yet: whoever comes waits until they are.
pub struct Open(pub(super) Opened);

/// Who may use a socket with a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Its rights, as `chmod` has them; what the process's umask leaves where none are given.
    pub mode: Option<u32>,
    /// The number of its group.
    pub group: Option<u32>,
}

impl Open {
    /// Listens there; the error says where and why not.
    pub fn at(place: &Place, access: &Access) -> Result<Open, String> {
        Door::open(place, access).map(Open).map_err(|why| format!("cannot listen at {place}: {}", words(&why)))
    }

    /// A socket that listens already, from whoever started the program.
    pub fn tcp(listener: std::net::TcpListener) -> io::Result<Open> {
        listener.set_nonblocking(true)?;
        let place = Place::Internet(listener.local_addr()?);
        let door = Door {
            listener: Listener::Tcp(mio::net::TcpListener::from_std(listener)),
            place,
            #[cfg(unix)]
            path: None,
        };
        Ok(Open(Opened { doors: vec![door], notice: None }))
    }

    /// The same with a path, which stays when the server ends: it is not the server's.
    #[cfg(unix)]
    pub fn unix(listener: std::os::unix::net::UnixListener) -> io::Result<Open> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let place = Place::Path(address.as_pathname().unwrap_or(std::path::Path::new("(no path)")).to_owned());
        let door = Door { listener: Listener::Unix(mio::net::UnixListener::from_std(listener)), place, path: None };
        Ok(Open(Opened { doors: vec![door], notice: None }))
    }

    /// The first of the places.
    pub fn place(&self) -> Option<&Place> {
        self.0.doors.first().map(Door::place)
    }
}

/// What [`Door::open`] came to.
pub(super) struct Opened {
    /// One, or two for both families.
    pub(super) doors: Vec<Door>,
    /// What the log should say about it.
    pub(super) notice: Option<String>,
}

impl Door {
    /// Listens there.
    pub(super) fn open(place: &Place, access: &Access) -> io::Result<Opened> {
        let one = |door: Door| Opened { doors: vec![door], notice: None };
        match place {
            Place::Internet(address) => Door::tcp(*address).map(one),
            Place::Everywhere(port) => {
                let (doors, notice) = both(*port, Door::tcp, Door::port)?;
                Ok(Opened { doors, notice })
            }
            #[cfg(unix)]
            Place::Path(path) => Door::unix(path.clone(), access).map(one),
            #[cfg(not(unix))]
            Place::Path(_) => {
                let _ = access; // only of sockets with a path
                Err(io::ErrorKind::Unsupported.into())
            }
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
        if NODELAY_INHERITED {
            socket.set_tcp_nodelay(true)?;
        }
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
    fn unix(path: PathBuf, access: &Access) -> io::Result<Door> {
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
        // Nobody can connect before it listens. The path goes when this fails.
        let made = std::fs::symlink_metadata(&path)?;
        let placed = (path.clone(), (made.dev(), made.ino()));
        let allow = || -> io::Result<()> {
            if let Some(group) = access.group {
                std::os::unix::fs::lchown(&path, None, Some(group))?;
            }
            if let Some(mode) = access.mode {
                std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
            }
            listen(&socket)
        };
        if let Err(why) = allow() {
            remove(&placed);
            return Err(why);
        }
        let listener: std::os::unix::net::UnixListener = socket.into();
        Ok(Door {
            listener: Listener::Unix(mio::net::UnixListener::from_std(listener)),
            place: Place::Path(path.clone()),
            path: Some(placed),
        })
    }

    fn port(&self) -> u16 {
        match &self.place {
            Place::Internet(address) => address.port(),
            Place::Everywhere(port) => *port,
            Place::Path(_) => 0,
        }
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
                if !NODELAY_INHERITED {
                    // A connection that is gone already tells so when it is read.
                    let _ = stream.set_nodelay(true);
                }
                let local = match &self.place {
                    // Where one listens at one address, that is where one was called.
                    Place::Internet(address) if !address.ip().is_unspecified() => Some(*address),
                    _ => stream.local_addr().ok(),
                };
                // An IPv4 client that came by an IPv6 socket (not ours, but one that was handed over) is an IPv4 client.
                Ok(PolledTransport::tcp(stream, SocketAddr::new(peer.ip().to_canonical(), peer.port()), local))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => Ok(PolledTransport::unix(listener.accept()?.0)),
        }
    }
}

/// So many free ports of the one family are tried in the other.
const PORTS_TRIED: usize = 64;

/// Opens a port of both families, the same one where any free one is wanted. Where the system lacks one of them, only the
/// other, and a word about it.
fn both<D>(
    port: u16,
    open: impl Fn(SocketAddr) -> io::Result<D>,
    port_of: impl Fn(&D) -> u16,
) -> io::Result<(Vec<D>, Option<String>)> {
    let v4 = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let only = |door: D, lacking: &str, why: &io::Error| {
        let notice = format!("port {} has no {lacking}, which this machine lacks: {}", port_of(&door), words(why));
        Ok((vec![door], Some(notice)))
    };
    // What was tried in vain is kept until the end, so that it does not come again.
    let mut taken = Vec::new();
    loop {
        let six = match open(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
            Ok(door) => door,
            Err(why) if lacks_family(&why) => return only(open(v4(port))?, "IPv6", &why),
            Err(why) => return Err(why),
        };
        match open(v4(port_of(&six))) {
            Ok(four) => return Ok((vec![six, four], None)),
            Err(why) if lacks_family(&why) => return only(six, "IPv4", &why),
            Err(why) if port == 0 && why.kind() == io::ErrorKind::AddrInUse && taken.len() < PORTS_TRIED => {
                taken.push(six);
            }
            Err(why) => return Err(why),
        }
    }
}

/// The system has no such addresses, be it that it was built without or that they are switched off.
fn lacks_family(why: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(why);
    matches!(errno, Some(Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT | Errno::ADDRNOTAVAIL))
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
        if let Some(made) = &self.path {
            remove(made);
        }
    }
}

/// Removes a socket's path, if it is still that socket.
#[cfg(unix)]
fn remove((path, made): &(PathBuf, (u64, u64))) {
    use std::os::unix::fs::MetadataExt;
    if std::fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == *made) {
        let _ = std::fs::remove_file(path);
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

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use std::cell::RefCell;

    /// Opens on a machine that has these families and on which these ports are taken in IPv4; the free ones of IPv6 come
    /// one after the other.
    fn machine(families: &str, taken: &[u16]) -> impl Fn(SocketAddr) -> io::Result<SocketAddr> {
        let (families, taken, next) = (families.to_owned(), taken.to_vec(), RefCell::new(1000));
        move |mut address: SocketAddr| {
            if !families.contains(if address.is_ipv6() { '6' } else { '4' }) {
                return Err(Errno::AFNOSUPPORT.into());
            }
            if address.port() == 0 {
                *next.borrow_mut() += 1;
                address.set_port(*next.borrow());
            }
            if address.is_ipv4() && taken.contains(&address.port()) {
                return Err(Errno::ADDRINUSE.into());
            }
            Ok(address)
        }
    }

    fn opened(port: u16, families: &str, taken: &[u16]) -> Result<(String, bool), io::ErrorKind> {
        let opened = both(port, machine(families, taken), SocketAddr::port);
        opened.map(|(doors, notice)| (format!("{doors:?}"), notice.is_some())).map_err(|why| why.kind())
    }

    #[test]
    fn both_families_have_the_same_port() {
        assert_eq!(opened(25, "46", &[]), Ok(("[[::]:25, 0.0.0.0:25]".into(), false)));
        assert_eq!(opened(0, "46", &[1001, 1002]), Ok(("[[::]:1003, 0.0.0.0:1003]".into(), false)));
        assert_eq!(opened(25, "46", &[25]), Err(io::ErrorKind::AddrInUse));
        let crowd: Vec<u16> = (1001..2000).collect();
        assert_eq!(opened(0, "46", &crowd), Err(io::ErrorKind::AddrInUse));
    }

    #[test]
    fn a_machine_with_one_family_listens_with_that_and_says_so() {
        assert_eq!(opened(25, "4", &[]), Ok(("[0.0.0.0:25]".into(), true)));
        assert_eq!(opened(0, "6", &[]), Ok(("[[::]:1001]".into(), true)));
        assert!(opened(25, "", &[]).is_err());
        let (_, notice) = both(25, machine("4", &[]), SocketAddr::port).unwrap();
        assert!(notice.unwrap().starts_with("port 25 has no IPv6, which this machine lacks: "));
    }

    #[test]
    fn a_free_port_of_this_machine() {
        let opened = Door::open(&Place::Everywhere(0), &Access::default()).unwrap();
        let ports: Vec<u16> = opened.doors.iter().map(Door::port).collect();
        assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
        assert_eq!(opened.notice.is_some(), ports.len() == 1);
    }
}
