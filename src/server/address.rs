//! Where a server listens.

use crate::net::sys::words;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A TCP port; 0 takes a free one.
    Internet(SocketAddr),
    /// A TCP port of every address of this machine, IPv6 and IPv4; 0 takes one that is free in both. Where the machine
    /// has only one of the two, only that one.
    Everywhere(u16),
    /// A socket in the file system.
    Path(PathBuf),
}

impl Place {
    /// Reads `192.0.2.1:25`, `[::1]:25`, `localhost:25`, `*:25` or `:25` (every address of this machine), `25` (the
    /// same), or a path that holds a slash. A name may have several addresses: all of them.
    pub fn parse(text: &str) -> Result<Vec<Place>, String> {
        if text.contains('/') {
            return if cfg!(unix) {
                Ok(vec![Place::Path(PathBuf::from(text))])
            } else {
                Err(format!("{text}: sockets in the file system are not there on this system"))
            };
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("*", text));
        let port: u16 = port.parse().map_err(|_| format!("{text} is no address: write HOST:PORT, PORT or a path"))?;
        if matches!(host, "" | "*") {
            return Ok(vec![Place::Everywhere(port)]);
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = (bare, port).to_socket_addrs().map_err(|why| format!("{host} has no address: {}", words(&why)))?;
        let mut places: Vec<Place> = Vec::new();
        for address in found {
            let place = Place::Internet(address);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if places.is_empty() { Err(format!("{host} has no address")) } else { Ok(places) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Internet(address) => address.fmt(f),
            Place::Everywhere(port) => write!(f, "*:{port}"),
            Place::Path(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        Place::parse(text).unwrap().iter().map(Place::to_string).collect()
    }

    #[test]
    fn all_ways_to_write_it() {
        assert_eq!(parsed("192.0.2.1:25"), ["192.0.2.1:25"]);
        assert_eq!(parsed("[::1]:0"), ["[::1]:0"]);
        assert_eq!(parsed("::1:25"), ["[::1]:25"]);
        for all in ["25", ":25", "*:25"] {
            assert_eq!(parsed(all), ["*:25"]);
        }
        #[cfg(unix)]
        assert_eq!(parsed("/run/lmtp"), ["/run/lmtp"]);
        assert!(parsed("localhost:25").iter().any(|place| place == "127.0.0.1:25" || place == "[::1]:25"));
        for bad in ["", "x", "host", "host:smtp", "192.0.2.1:65536", "[::1]", "a b:25"] {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }
}
