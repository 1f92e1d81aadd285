//! Names to addresses. The system's resolver cannot be cancelled, so it runs on [`helpers`](super::helpers). Who no
//! longer wants an answer drops the lookup.

use super::fork;
use super::helpers::{Helped, Pool};
use super::options::{check_host, failure};
use super::sys;
use super::wait::Waker;
use crate::error::{Cause, Result};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};

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

/// An IPv6 address and the zone behind its `%`, with or without brackets: `fe80::1%eth0`, `[::1%lo]`, `fe80::1%2`.
fn zoned(host: &str) -> Option<(Ipv6Addr, &str)> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let (address, zone) = bare.split_once('%')?;
    Some((address.parse().ok()?, zone))
}

/// The number of the interface that a zone names. (The system's own reading of `::1%lo` takes no name there: it has names
/// behind link-local addresses only.)
fn interface_of(zone: &str) -> io::Result<u32> {
    let unknown = || {
        let words = format!("this machine has no network interface {zone:?}, which the address names behind its %");
        io::Error::new(io::ErrorKind::NotFound, words)
    };
    let number = zone.parse().ok().filter(|_| zone.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(number) = number {
        return if sys::is_interface(number) { Ok(number) } else { Err(unknown()) };
    }
    let asked = format!("fe80::1%{zone}");
    let number = match (asked.as_str(), 0).to_socket_addrs().ok().and_then(|mut found| found.next()) {
        Some(SocketAddr::V6(found)) => found.scope_id(),
        _ => 0,
    };
    if number == 0 { Err(unknown()) } else { Ok(number) }
}

fn ask_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let _under_way = fork::begin_lookup();
    if let Some((address, zone)) = zoned(host) {
        return Ok(vec![SocketAddrV6::new(address, port, 0, interface_of(zone)?).into()]);
    }
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
        Err(error) => Err(failure(Cause::UnknownHost, format!("{host}: {}", super::sys::words(&error)))),
    }
}
