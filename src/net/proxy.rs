//! The way through a SOCKS proxy: look up what is to be looked up here, connect to the proxy, talk it into it.

use super::options::{ConnectOptions, Family, Place, Proxy, ProxyVersion, Resolve, check_host, failure};
use super::resolve::{Lookup, literal};
use super::socks::{Destination, Login, Socks, SocksError, Version};
use super::tcp::{SocketTransport, TcpConnect};
use super::transport::{Source, Transport, write_cause};
use super::wait::{Interest, Waker};
use crate::error::{Cause, Error, Result};
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A proxy of unknown version that has not answered version 5 for so long is asked by version 4.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many addresses of a host are asked for, one after another, when the proxy cannot reach them.
const ADDRESSES: usize = 4;

/// A connection through a proxy being made.
pub struct ProxyConnect {
    proxy: Proxy,
    login: Login,
    /// How the proxy itself is connected to.
    options: ConnectOptions,
    /// Which addresses of the host are asked for.
    family: Family,
    waker: Waker,
    host: String,
    port: u16,
    /// What is still to be asked for.
    requests: VecDeque<(Version, Destination)>,
    /// Whether version 4 is asked if version 5 is not understood.
    fall_back: bool,
    /// The proxy's addresses, once they are known.
    addresses: Vec<SocketAddr>,
    failures: Vec<String>,
    state: State,
}

enum State {
    FindHost(Lookup),
    FindProxy(Lookup),
    Race(TcpConnect),
    Talk { transport: SocketTransport, socks: Socks, patience: Option<Instant> },
    Next,
}

impl ProxyConnect {
    /// A connection to `host` through `proxy`. What the proxy is to be told is checked before anybody is asked.
    pub fn start(host: String, port: u16, proxy: Proxy, options: &ConnectOptions, waker: Waker) -> Result<Self> {
        check_host(&host)?;
        check_host(&proxy.host)?;
        let login = Login {
            none: proxy.methods.none,
            password_allowed: proxy.methods.password,
            user: proxy.user.clone(),
            password: proxy.password.clone(),
        };
        let fall_back = proxy.version == ProxyVersion::Auto;
        let mut connect = ProxyConnect {
            login,
            options: ConnectOptions { family: Family::Any, proxy: None, ..options.clone() },
            family: options.family,
            waker,
            host,
            port,
            requests: VecDeque::new(),
            fall_back,
            addresses: Vec::new(),
            failures: Vec::new(),
            state: State::Next,
            proxy,
        };
        let by_proxy = connect.proxy.resolve == Resolve::Remote && connect.proxy.version != ProxyVersion::Socks4;
        let destination = match literal(&connect.host) {
            Some(address) => Destination::Address(address),
            None => Destination::Name(connect.host.clone()),
        };
        // Told now, before a name is looked up, and once more for the address that comes of it.
        connect.check(&destination)?;
        if matches!(destination, Destination::Name(_)) && !by_proxy {
            connect.state = State::FindHost(Lookup::start(&connect.host, port, &connect.waker));
        } else {
            connect.requests.push_back((connect.version(), destination));
        }
        Ok(connect)
    }

    /// Does what can be done now: the transport, `None` while it is under way, or why there is none.
    pub fn advance(&mut self, now: Instant) -> Result<Option<SocketTransport>> {
        loop {
            match &mut self.state {
                State::FindHost(lookup) => match lookup.poll() {
                    None => return Ok(None),
                    Some(answer) => {
                        self.found_host(&answer?)?;
                        self.state = State::Next;
                    }
                },
                State::FindProxy(lookup) => match lookup.poll() {
                    None => return Ok(None),
                    Some(Ok(addresses)) => {
                        self.addresses = addresses;
                        self.state = State::Next;
                    }
                    Some(Err(error)) => return Err(self.of_proxy(error)),
                },
                State::Next if self.addresses.is_empty() => {
                    self.state = State::FindProxy(Lookup::start(&self.proxy.host, self.proxy.port, &self.waker));
                }
                State::Next => self.state = State::Race(TcpConnect::start(&self.addresses, &self.options, now)),
                State::Race(race) => match race.poll(now) {
                    Ok(None) => return Ok(None),
                    Ok(Some(transport)) => self.state = self.greet(transport, now)?,
                    Err(error) => return Err(self.of_proxy(error)),
                },
                State::Talk { transport, socks, patience } => {
                    let result = match talk(transport, socks) {
                        Ok(false) if patience.is_some_and(|until| now >= until) && !socks.has_answered() => {
                            Err(Trouble::Said(SocksError::NotSpoken("the proxy did not answer".to_owned())))
                        }
                        other => other,
                    };
                    match result {
                        Ok(false) => return Ok(None),
                        Ok(true) => return Ok(self.through()),
                        Err(Trouble::Failed(error)) => return Err(self.of_proxy(error)),
                        Err(Trouble::Said(error)) => self.refused(error)?,
                    }
                }
            }
        }
    }

    /// What `advance` waits for, and until when it wants to be called anyway.
    pub fn waits<'a>(&'a self, now: Instant, list: &mut Vec<(Source<'a>, Interest)>) -> Option<Instant> {
        match &self.state {
            State::FindHost(_) | State::FindProxy(_) => {
                list.push((Source::Notified, Interest::NONE));
                None
            }
            State::Race(race) => race.waits(now, list),
            State::Talk { transport, socks, patience } => {
                let interest = if socks.outgoing().is_empty() { Interest::READ } else { Interest::WRITE };
                list.push((transport.source(), interest));
                patience.filter(|_| !socks.has_answered())
            }
            State::Next => Some(now),
        }
    }

    fn version(&self) -> Version {
        match self.proxy.version {
            ProxyVersion::Socks4 | ProxyVersion::Socks4a => Version::V4,
            ProxyVersion::Socks5 | ProxyVersion::Auto => Version::V5,
        }
    }

    /// Whether the proxy can be told all this.
    fn check(&self, destination: &Destination) -> Result<()> {
        match Socks::new(self.version(), destination, self.port, &self.login) {
            Ok(_) => Ok(()),
            Err(error) => Err(failure(Cause::BadArgument, error.to_string())),
        }
    }

    fn found_host(&mut self, addresses: &[SocketAddr]) -> Result<()> {
        let version = self.version();
        let usable =
            |address: &&SocketAddr| self.family.has(&address.ip()) && (version == Version::V5 || address.is_ipv4());
        let asked = addresses.iter().filter(usable).take(ADDRESSES);
        self.requests = asked.map(|address| (version, Destination::Address(address.ip()))).collect();
        if self.requests.is_empty() {
            let detail = format!("{} has no address that this version of SOCKS and the options allow", self.host);
            return Err(failure(Cause::UnknownHost, detail));
        }
        Ok(())
    }

    /// The proxy took the connection: what it is told.
    fn greet(&self, transport: SocketTransport, now: Instant) -> Result<State> {
        let Some((version, destination)) = self.requests.front() else {
            return Err(failure(Cause::Proxy, "nothing is left to ask the proxy for"));
        };
        let socks = Socks::new(*version, destination, self.port, &self.login)
            .map_err(|error| failure(Cause::BadArgument, error.to_string()))?;
        let patience = (self.fall_back && *version == Version::V5).then_some(now + PATIENCE);
        Ok(State::Talk { transport, socks, patience })
    }

    fn through(&mut self) -> Option<SocketTransport> {
        match core::mem::replace(&mut self.state, State::Next) {
            State::Talk { transport, .. } => {
                let proxy = transport.peer();
                Some(transport.named(format!("{} through {proxy}", Place(&self.host, self.port))))
            }
            _ => None,
        }
    }

    /// The proxy said no: what else can be asked, if anything.
    fn refused(&mut self, error: SocksError) -> Result<()> {
        self.state = State::Next;
        self.failures.push(error.to_string());
        match &error {
            SocksError::NotSpoken(_) if self.fall_back => {
                self.fall_back = false;
                self.requests.retain(|(_, destination)| !matches!(destination, Destination::Address(a) if a.is_ipv6()));
                for (version, _) in &mut self.requests {
                    *version = Version::V4;
                }
            }
            // The same proxy may reach another address of the host.
            SocksError::Unreachable(_) => drop(self.requests.pop_front()),
            _ => self.requests.clear(),
        }
        if !self.requests.is_empty() {
            return Ok(());
        }
        let cause = match error {
            SocksError::Argument(_) => Cause::BadArgument,
            SocksError::Unreachable(_) => Cause::NotResponding,
            SocksError::NotSpoken(_) | SocksError::Refused(_) => Cause::Proxy,
        };
        let mut detail = self.failures.join("; then ");
        detail = format!("proxy {}: {detail}", Place(&self.proxy.host, self.proxy.port));
        Err(failure(cause, detail))
    }

    /// An error of the connection to the proxy, saying so.
    fn of_proxy(&self, mut error: Error) -> Error {
        error.detail = format!("proxy {}: {}", Place(&self.proxy.host, self.proxy.port), error.detail);
        error
    }
}

enum Trouble {
    /// The proxy's answer.
    Said(SocksError),
    /// This system's failure.
    Failed(Error),
}

/// Sends and reads what can be; whether all is said.
fn talk(transport: &mut SocketTransport, socks: &mut Socks) -> core::result::Result<bool, Trouble> {
    while !socks.is_done() {
        if !socks.outgoing().is_empty() {
            match transport.write(&[IoSlice::new(socks.outgoing())]) {
                Ok(count) => socks.sent(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if write_cause(&error) == Cause::BrokenOff => return Err(Trouble::Said(socks.ended())),
                Err(error) => return Err(Trouble::Failed(failure(write_cause(&error), super::sys::words(&error)))),
            }
            continue;
        }
        let mut answer = [0; 260];
        let room = socks.wanted().min(answer.len());
        match transport.read(&mut answer[..room]) {
            Ok(0) => return Err(Trouble::Said(socks.ended())),
            Ok(count) => drop(socks.receive(&answer[..count]).map_err(Trouble::Said)?),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(_) => return Err(Trouble::Said(socks.ended())),
        }
    }
    Ok(true)
}
