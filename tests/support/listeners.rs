//! Ports on which nothing answers.

use socket2::{Domain, SockAddr, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

/// A port on which nobody listens: connecting to it is refused at once. (Another program could take it; the system
/// hands the lately used ones out last.)
pub fn refusing() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}

/// A port whose backlog is full: connecting to it waits until it times out.
pub struct FullBacklog {
    address: SocketAddr,
    _sockets: Vec<Socket>,
}

impl FullBacklog {
    pub fn new() -> FullBacklog {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let listener = socket();
        listener.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).expect("a free port");
        listener.listen(0).expect("listening");
        let address = listener.local_addr().expect("an address");
        let mut sockets = vec![listener];
        // The kernel takes one or two more than the backlog says; the first that must wait shows that it is full.
        for _ in 0..64 {
            let client = socket();
            let full = client.connect_timeout(&address, Duration::from_millis(200)).is_err();
            sockets.push(client);
            if full {
                return FullBacklog { address: address.as_socket().expect("IPv4"), _sockets: sockets };
            }
        }
        panic!("this system's backlog does not fill");
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
