//! What the NetX faces know of an IP instance, of this layer or of a real NetX.

use super::types::ULONG;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The network of an IP instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// The host's sockets.
    Host,
    /// The network inside the process.
    Ram,
    /// Not ours: a real NetX made the instance.
    Foreign,
}

/// What the NetX faces want to know of an IP instance.
#[derive(Clone, Debug)]
pub(crate) struct IpInstance {
    /// Where its connections go.
    pub(crate) network: Network,
    /// Its IPv4 address; unspecified for a foreign one.
    pub(crate) address: Ipv4Addr,
    /// Whether `nx_tcp_enable` was called.
    pub(crate) tcp: bool,
    /// Whether `nxd_ipv6_enable` was called.
    pub(crate) ipv6: bool,
}

/// An IPv6 address from four words, the first byte highest in the first.
pub(crate) fn ipv6(words: [ULONG; 4]) -> Ipv6Addr {
    let bits = words.iter().fold(0, |bits: u128, word| bits << 32 | u128::from(*word));
    Ipv6Addr::from(bits)
}
