//! Names to addresses. The system's resolver cannot be cancelled, so it runs on [`helpers`](super::helpers). Who no
//! longer wants an answer drops the lookup.

use super::helpers::{Helped, Pool};
use super::options::{check_host, failure};
use super::wait::Waker;
use crate::error::{Cause, Result};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// So many addresses of a host are taken.
const ADDRESSES: usize = 32;

static POOL: Pool = lookup_pool();

/// Helpers for lookups.
pub(super) const fn lookup_pool() -> Pool {
    Pool::new("helo-resolve", "look up the name")
}

/// Who is asked: the system, but in tests.
pub(super) type Resolver = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// A name being looked up.
pub struct Lookup(State);

enum State {
    Answered(Option<Result<Vec<SocketAddr>>>),
    Asked(Helped<Vec<SocketAddr>>),
}

impl Lookup {
    /// Begins to look up `host`; `waker` rings when the answer is there. An address is answered at once.
    pub fn start(host: &str, port: u16, waker: &Waker) -> Lookup {
        Self::start_in(&POOL, ask_system, host, port, waker)
    }

    pub(super) fn start_in(pool: &'static Pool, resolver: Resolver, host: &str, port: u16, waker: &Waker) -> Lookup {
        if let Some(address) = literal(host) {
            return Lookup(State::Answered(Some(Ok(vec![SocketAddr::new(address, port)]))));
        }
        let name = host.to_owned();
        match check_host(host).and_then(|()| pool.start(waker, move || ask(resolver, &name, port))) {
            Ok(asked) => Lookup(State::Asked(asked)),
            Err(error) => Lookup(State::Answered(Some(Err(error)))),
        }
    }

    /// The answer, once, when it is there: at least one address.
    pub fn poll(&mut self) -> Option<Result<Vec<SocketAddr>>> {
        match &mut self.0 {
            State::Answered(answer) => answer.take(),
            State::Asked(asked) => asked.poll(),
        }
    }
}

/// An address written out: `192.0.2.1`, `::1`, `[::1]`.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let address: IpAddr = bare.parse().ok()?;
    // Brackets are for IPv6; "[192.0.2.1]" is SMTP's own form and common enough to be understood.
    Some(address)
}

fn ask_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    for address in (host, port).to_socket_addrs()? {
        if addresses.len() < ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn ask(resolver: Resolver, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    match resolver(host, port) {
        Ok(addresses) if addresses.is_empty() => Err(failure(Cause::UnknownHost, format!("{host} has no address"))),
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(failure(Cause::UnknownHost, format!("{host}: {error}"))),
    }
}
