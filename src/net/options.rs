//! Where a connection goes and how it is made.

use super::ram::RamNetwork;
use super::transport::Transport;
use crate::error::{Cause, Error, Phase, Result};
use crate::sasl::Secret;
use core::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The send buffer that was fastest for bodies in bulk: the system's own choice is half as fast or less.
pub const SEND_BUFFER: usize = 256 * 1024;

/// The other end of a connection to be made.
pub enum Target {
    /// A host by name or address, and a TCP port.
    Host {
        /// A name, an IPv4 address, or an IPv6 address with or without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
    /// A listener inside this process.
    Ram {
        /// The network that it is on.
        network: RamNetwork,
        /// Where it listens.
        address: SocketAddr,
    },
    /// A connection that exists already, such as one made of a caller's callbacks.
    Ready(Box<dyn Transport>),
}

impl Target {
    /// The host and the port, as they were asked for; a target of this machine that has neither is `localhost`.
    pub fn place(&self) -> (String, u16) {
        match self {
            Target::Host { host, port } => (host.trim_matches(['[', ']']).to_string(), *port),
            Target::Ram { address, .. } => (address.ip().to_string(), address.port()),
            Target::Unix(_) | Target::Ready(_) => (String::from("localhost"), 0),
        }
    }
}

impl Target {
    /// The same once more; `None` for a connection that exists already, of which there is one.
    pub fn again(&self) -> Option<Target> {
        match self {
            Target::Host { host, port } => Some(Target::Host { host: host.clone(), port: *port }),
            Target::Unix(path) => Some(Target::Unix(path.clone())),
            Target::Ram { network, address } => Some(Target::Ram { network: network.clone(), address: *address }),
            Target::Ready(_) => None,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Host { host, port } => write!(f, "{}", Place(host, *port)),
            Target::Unix(path) => write!(f, "{}", path.display()),
            Target::Ram { address, .. } => write!(f, "{address}"),
            Target::Ready(transport) => write!(f, "{}", transport.peer()),
        }
    }
}

/// Which addresses of a host are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Both kinds.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// Whether an address is of this kind.
    pub fn has(self, address: &IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }
}

/// How a connection is made.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The local address to connect from; only addresses of its kind are tried then.
    pub source_address: Option<IpAddr>,
    /// Ask an idle peer for a sign of life after this time.
    pub keepalive: Option<Duration>,
    /// The size of the system's send buffer; `None` leaves it to the system.
    pub send_buffer: Option<usize>,
    /// Which addresses are tried.
    pub family: Family,
    /// The proxy to go through; for hosts only.
    pub proxy: Option<Proxy>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            source_address: None,
            keepalive: None,
            send_buffer: Some(SEND_BUFFER),
            family: Family::Any,
            proxy: None,
        }
    }
}

impl ConnectOptions {
    /// Whether these options allow an address.
    pub fn allows(&self, address: &SocketAddr) -> bool {
        self.family.has(&address.ip())
            && self.source_address.is_none_or(|source| source.is_ipv4() == address.ip().is_ipv4())
    }
}

/// A SOCKS proxy and what it is told.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Which version it speaks.
    pub version: ProxyVersion,
    /// The proxy's own name or address.
    pub host: String,
    /// The proxy's port, 1080 by custom.
    pub port: u16,
    /// How version 5 may authenticate.
    pub methods: ProxyMethods,
    /// The user: version 4 sends it bare, version 5 with the password.
    pub user: Option<String>,
    /// The password of version 5.
    pub password: Option<Secret>,
    /// Who looks up the name of the host.
    pub resolve: Resolve,
}

impl Proxy {
    /// A proxy without authentication that looks up names itself.
    pub fn new(version: ProxyVersion, host: impl Into<String>, port: u16) -> Self {
        Proxy {
            version,
            host: host.into(),
            port,
            methods: ProxyMethods { none: true, password: false },
            user: None,
            password: None,
            resolve: Resolve::Remote,
        }
    }
}

/// Which SOCKS a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// Version 4: IPv4 addresses only, so names are always looked up here.
    Socks4,
    /// Version 4a: IPv4 addresses and names.
    Socks4a,
    /// Version 5: IPv4, IPv6 and names.
    Socks5,
    /// Version 5, then version 4 if the proxy does not understand it.
    Auto,
}

/// The authentication that version 5 may use. At least one must be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyMethods {
    /// None at all.
    pub none: bool,
    /// User and password (RFC 1929). They go to the proxy in the clear.
    pub password: bool,
}

/// Who looks up the name of a host behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolve {
    /// This side; the proxy gets an address.
    Local,
    /// The proxy.
    Remote,
}

/// A host and port in the form people know, an IPv6 address in brackets.
pub(super) struct Place<'a>(pub &'a str, pub u16);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') && !self.0.starts_with('[') {
            write!(f, "[{}]:{}", self.0, self.1)
        } else {
            write!(f, "{}:{}", self.0, self.1)
        }
    }
}

/// An error of the connect phase.
pub(super) fn failure(cause: Cause, detail: impl Into<String>) -> Error {
    Error::new(Phase::Connect, cause, detail)
}

/// Refuses what cannot be a host's name, before anybody is asked for it.
pub(super) fn check_host(host: &str) -> Result<()> {
    let why = if host.is_empty() {
        "is empty"
    } else if host.len() > 255 {
        "is longer than 255 octets"
    } else if host.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "holds a space or a control character"
    } else {
        return Ok(());
    };
    Err(failure(Cause::BadArgument, format!("the host name {why}")))
}
