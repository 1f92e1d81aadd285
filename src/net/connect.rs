//! The whole way to a transport, without blocking: look up the name, race its addresses, pass the proxy.

use super::fault::{self, Fault};
use super::options::failure;
use super::proxy::ProxyConnect;
use super::ram::RamNetwork;
use super::resolve::Lookup;
use super::tcp::TcpConnect;
use super::transport::{Source, Transport};
#[cfg(unix)]
use super::unix::UnixConnect;
use super::wait::{Interest, Waker};
use crate::error::{Cause, Error, Result};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Instant;

pub use super::options::{ConnectOptions, Family, Proxy, ProxyMethods, ProxyVersion, Resolve, SEND_BUFFER, Target};

/// A connection being made. Dropping it gives up: its sockets are closed, a lookup is left to its helper.
pub struct Connecting {
    options: ConnectOptions,
    waker: Waker,
    state: State,
    /// The target, for error texts.
    place: String,
    now: Instant,
}

enum State {
    Begin(Target),
    Lookup(Lookup),
    Race(Box<TcpConnect>),
    Proxy(Box<ProxyConnect>),
    #[cfg(unix)]
    Unix(UnixConnect),
    Ram(RamNetwork, SocketAddr),
    Done,
}

impl Connecting {
    /// A connection to `target`. Nothing is done before the first `advance`; `waker` rings when something without a
    /// descriptor has moved.
    pub fn new(target: Target, options: ConnectOptions, waker: Waker, now: Instant) -> Self {
        let place = format!("{target:?}");
        Connecting { options, waker, state: State::Begin(target), place, now }
    }

    /// Does what can be done without waiting: the transport, `None` while it is under way, or why there is none.
    /// The caller's deadline is the caller's: this never times out.
    pub fn advance(&mut self, now: Instant) -> Result<Option<Box<dyn Transport>>> {
        self.now = now;
        let result = self.step(now);
        match result {
            Ok(None) => Ok(None),
            Ok(Some(mut transport)) => {
                self.state = State::Done;
                transport.set_waker(&self.waker);
                Ok(Some(transport))
            }
            Err(error) => {
                self.state = State::Done;
                Err(self.named(error))
            }
        }
    }

    fn step(&mut self, now: Instant) -> Result<Option<Box<dyn Transport>>> {
        loop {
            match &mut self.state {
                State::Begin(_) => {
                    if let State::Begin(target) = core::mem::replace(&mut self.state, State::Done) {
                        if fault::hit(Fault::Memory) {
                            return Err(failure(Cause::NoMemory, "no memory for a connection"));
                        }
                        match target {
                            Target::Ready(transport) => return Ok(Some(transport)),
                            target => self.state = self.begin(target)?,
                        }
                    }
                }
                State::Lookup(lookup) => match lookup.poll() {
                    None => return Ok(None),
                    Some(addresses) => {
                        self.state = State::Race(Box::new(TcpConnect::start(&addresses?, &self.options, now)));
                    }
                },
                State::Race(race) => return Ok(race.poll(now)?.map(|transport| Box::new(transport) as _)),
                State::Proxy(proxy) => return Ok(proxy.advance(now)?.map(|transport| Box::new(transport) as _)),
                #[cfg(unix)]
                State::Unix(unix) => return Ok(unix.advance(now)?.map(|transport| Box::new(transport) as _)),
                State::Ram(network, address) => {
                    return match network.connect(self.options.source_address, *address, &self.waker) {
                        Ok(stream) => Ok(Some(Box::new(stream))),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                        Err(error) => Err(failure(Cause::NotResponding, super::sys::words(&error))),
                    };
                }
                State::Done => return Err(failure(Cause::BadSequence, "this connect has ended already")),
            }
        }
    }

    fn begin(&mut self, target: Target) -> Result<State> {
        match (target, self.options.proxy.take()) {
            (Target::Host { host, port }, None) => Ok(State::Lookup(Lookup::start(&host, port, &self.waker))),
            (Target::Host { host, port }, Some(proxy)) => {
                let proxy = ProxyConnect::start(host, port, proxy, &self.options, self.waker.clone())?;
                Ok(State::Proxy(Box::new(proxy)))
            }
            #[cfg(unix)]
            (Target::Unix(path), None) => Ok(State::Unix(UnixConnect::start(path))),
            #[cfg(not(unix))]
            (Target::Unix(_), None) => {
                Err(failure(Cause::NotSupported, "this system has no sockets in its file system"))
            }
            (Target::Ram { network, address }, None) => Ok(State::Ram(network, address)),
            (_, Some(_)) => Err(failure(Cause::BadArgument, "only a host can be reached through a proxy")),
            (Target::Ready(_), None) => Ok(State::Done),
        }
    }

    /// What `advance` waits for, and until when it wants to be called anyway.
    pub fn waits<'a>(&'a self, list: &mut Vec<(Source<'a>, Interest)>) -> Option<Instant> {
        match &self.state {
            State::Lookup(_) | State::Ram(..) => {
                list.push((Source::Notified, Interest::NONE));
                None
            }
            State::Race(race) => race.waits(self.now, list),
            State::Proxy(proxy) => proxy.waits(self.now, list),
            #[cfg(unix)]
            State::Unix(unix) => unix.waits(self.now, list),
            State::Begin(_) | State::Done => Some(self.now),
        }
    }

    /// The error with the target in its text.
    fn named(&self, mut error: Error) -> Error {
        if !error.detail.contains(&self.place) {
            error.detail = format!("{}: {}", self.place, error.detail);
        }
        error
    }
}
