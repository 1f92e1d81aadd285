//! Where a connection goes and how it is made.

use super::transport::Transport;
use crate::error::{Cause, Error, Phase, Result};
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
    /// A connection that exists already, such as one made of a caller's callbacks.
    Ready(Box<dyn Transport>),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Host { host, port } => write!(f, "{}", Place(host, *port)),
            Target::Unix(path) => write!(f, "{}", path.display()),
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
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions { source_address: None, keepalive: None, send_buffer: Some(SEND_BUFFER), family: Family::Any }
    }
}

impl ConnectOptions {
    /// Whether these options allow an address.
    pub fn allows(&self, address: &SocketAddr) -> bool {
        self.family.has(&address.ip())
            && self.source_address.is_none_or(|source| source.is_ipv4() == address.ip().is_ipv4())
    }
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
