//! A server for one test.

use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::server::spool::Spool;
use helo::server::{Brake, Limits, Listen, Place, Server, Service};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any test takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// A server with one door.
pub struct House {
    pub server: Server,
    pub kept: Kept,
}

impl House {
    /// A server that keeps mails in memory.
    pub fn new() -> House {
        House::with(Kept::new(), |_| {})
    }

    /// The same with another spool, and with changes to what is offered.
    pub fn with(kept: Kept, change: impl FnOnce(&mut Service)) -> House {
        House::limited(kept, change, Limits::default())
    }

    pub fn limited(kept: Kept, change: impl FnOnce(&mut Service), limits: Limits) -> House {
        let server = start(Arc::new(kept.clone()), change, false, limits);
        House { server, kept }
    }

    pub fn address(&self) -> SocketAddr {
        address(&self.server)
    }

    /// A client that was greeted and has said EHLO.
    pub fn client(&self) -> Raw {
        Raw::greeted(self.address())
    }
}

pub fn start(spool: Arc<dyn Spool>, change: impl FnOnce(&mut Service), implicit_tls: bool, limits: Limits) -> Server {
    let mut service = Service::new("mx.example", spool);
    // Tests of anything else have a lot of logins fail.
    service.brake = Arc::new(Brake::new(0));
    change(&mut service);
    let place = Place::Internet("127.0.0.1:0".parse().expect("an address"));
    let listen = Listen { place, implicit_tls, service: Arc::new(service) };
    Server::start(&[listen], limits).expect("a server")
}

pub fn address(server: &Server) -> SocketAddr {
    match server.places().next() {
        Some(Place::Internet(address)) => *address,
        other => panic!("{other:?} is no address"),
    }
}
