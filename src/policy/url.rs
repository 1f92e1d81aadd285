//! Where to go, as one text: a URL, or a host as old programs give it.
//!
//! ```text
//! smtp://host            smtps://host:465        smtp+starttls://user:password@host:587
//! host    host:2525      192.0.2.1               [2001:db8::1]:25       2001:db8::1
//! ```

use crate::client::TlsMode;
use crate::error::{Cause, Error, Phase};
use crate::net::options::{Proxy, ProxyMethods, ProxyVersion, Resolve};
use crate::sasl::Secret;
use std::fmt;

/// Longest text that is looked at.
const MAX_TEXT: usize = 12 * 1024;
/// Longest host: a domain name of RFC 5321 or an address with its zone.
const MAX_HOST: usize = 255;

/// How the connection is to be protected, as the part before `://` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A host without a scheme: nothing is said.
    Plain,
    /// `smtp://`: TLS where the server offers it.
    Smtp,
    /// `smtps://`: TLS from the first byte.
    Smtps,
    /// `smtp+starttls://`: STARTTLS or nothing.
    StartTls,
}

impl Scheme {
    /// The port that the scheme stands for.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Plain | Scheme::Smtp => 25,
            Scheme::Smtps => 465,
            Scheme::StartTls => 587,
        }
    }

    /// What the scheme demands of encryption; `None` where it leaves that open.
    pub fn tls_mode(self) -> Option<TlsMode> {
        match self {
            Scheme::Plain | Scheme::Smtp => None,
            Scheme::Smtps => Some(TlsMode::Implicit),
            Scheme::StartTls => Some(TlsMode::Always),
        }
    }
}

/// What a host argument says.
#[derive(Clone, Debug)]
pub struct Url {
    /// How to connect.
    pub scheme: Scheme,
    /// The user to log in as, percent-decoded.
    pub user: Option<String>,
    /// The password, percent-decoded; only beside a user.
    pub password: Option<Secret>,
    /// A name or an address, without brackets.
    pub host: String,
    /// The port, when one is given.
    pub port: Option<u16>,
}

impl Url {
    /// The port given, else the scheme's own.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }
}

/// Why a text is no host and no URL. Never holds the text, which could hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlError(&'static str);

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for UrlError {}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Error {
        Error::new(Phase::Connect, Cause::BadArgument, error.0)
    }
}

/// Reads a URL, a host, `host:port`, or an IPv6 address with or without brackets.
pub fn parse(text: &str) -> Result<Url, UrlError> {
    if text.len() > MAX_TEXT {
        return Err(UrlError("the server's address is too long"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let (host, port) = host_and_port(text, false)?;
        return Ok(Url { scheme: Scheme::Plain, user: None, password: None, host, port });
    };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "smtp" => Scheme::Smtp,
        "smtps" => Scheme::Smtps,
        "smtp+starttls" => Scheme::StartTls,
        _ => return Err(UrlError("the URL's scheme is not smtp, smtps or smtp+starttls")),
    };
    let Place { user, password, host, port } = place_of(rest)?;
    Ok(Url { scheme, user, password, host, port })
}

/// What stands behind `scheme://`.
struct Place {
    user: Option<String>,
    password: Option<Secret>,
    host: String,
    port: Option<u16>,
}

fn place_of(rest: &str) -> Result<Place, UrlError> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#']) {
        return Err(UrlError(
            "nothing may follow the host and port of the URL; a / ? # in a user name or password is written %2F %3F %23",
        ));
    }
    let (user, password, place) = match rest.rsplit_once('@') {
        None => (None, None, rest),
        Some((login, place)) => {
            let (user, password) = login_of(login)?;
            (Some(user), password, place)
        }
    };
    let (host, port) = host_and_port(place, true)?;
    Ok(Place { user, password, host, port })
}

/// Reads a proxy's URL, such as `socks5://user:password@host:1080`. The schemes are those of other programs: `socks4`
/// and `socks5` look names up here, `socks4a` and `socks5h` let the proxy do it, and `socks` finds out the version.
pub fn parse_proxy(text: &str) -> Result<Proxy, UrlError> {
    if text.len() > MAX_TEXT {
        return Err(UrlError("the proxy's address is too long"));
    }
    let schemes = "the proxy is no URL of the scheme socks, socks4, socks4a, socks5 or socks5h";
    let (scheme, rest) = text.split_once("://").ok_or(UrlError(schemes))?;
    let (version, resolve) = match scheme.to_ascii_lowercase().as_str() {
        "socks" => (ProxyVersion::Auto, Resolve::Remote),
        "socks4" => (ProxyVersion::Socks4, Resolve::Local),
        "socks4a" => (ProxyVersion::Socks4a, Resolve::Remote),
        "socks5" => (ProxyVersion::Socks5, Resolve::Local),
        "socks5h" => (ProxyVersion::Socks5, Resolve::Remote),
        _ => return Err(UrlError(schemes)),
    };
    let Place { user, password, host, port } = place_of(rest)?;
    let methods = ProxyMethods { none: true, password: password.is_some() };
    Ok(Proxy { version, host, port: port.unwrap_or(1080), methods, user, password, resolve })
}

/// `user` or `user:password`, percent-decoded.
fn login_of(login: &str) -> Result<(String, Option<Secret>), UrlError> {
    if login.contains('@') {
        return Err(UrlError("an @ in the URL's user name or password is written %40"));
    }
    let (user, password) = match login.split_once(':') {
        None => (login, None),
        Some((user, password)) => (user, Some(password)),
    };
    let user = decode(user)?;
    if user.is_empty() {
        return Err(UrlError("the URL's user name is empty"));
    }
    let password = password.map(decode).transpose()?.map(Secret::new);
    Ok((user, password))
}

/// Splits host and port; a second colon outside brackets means a bare IPv6 address. In a URL % means what follows it.
fn host_and_port(place: &str, in_url: bool) -> Result<(String, Option<u16>), UrlError> {
    if let Some(inner) = place.strip_prefix('[') {
        let Some((address, after)) = inner.split_once(']') else {
            return Err(UrlError("the ] after the IPv6 address is missing"));
        };
        let address = ipv6(address, in_url).ok_or(UrlError("what stands in [ ] is not an IPv6 address"))?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port_of(port)?),
            None if after.is_empty() => None,
            None => return Err(UrlError("only a port, as in [::1]:25, may follow the ]")),
        };
        return Ok((address, port));
    }
    match place.split_once(':') {
        None => Ok((host_of(place)?, None)),
        Some((_, rest)) if rest.contains(':') => {
            let address = ipv6(place, in_url).ok_or(UrlError("more than one colon, but not an IPv6 address"))?;
            Ok((address, None))
        }
        Some((host, port)) => Ok((host_of(host)?, Some(port_of(port)?))),
    }
}

/// An IPv6 address, with or without a zone: the name or the number of an interface.
fn ipv6(text: &str, in_url: bool) -> Option<String> {
    let (address, zone) = match text.split_once('%') {
        None => (text, None),
        // RFC 6874 writes the zone's % as %25 in URLs, and asks to take it bare as well. Elsewhere 25 is a number.
        Some((address, zone)) => match zone.strip_prefix("25").filter(|rest| in_url && !rest.is_empty()) {
            Some(zone) => (address, Some(zone)),
            None => (address, Some(zone)),
        },
    };
    address.parse::<std::net::Ipv6Addr>().ok()?;
    match zone {
        None => Some(address.to_owned()),
        Some(zone) => {
            let known = zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
            (known && !zone.is_empty() && zone.len() <= 64).then(|| format!("{address}%{zone}"))
        }
    }
}

/// A name or an IPv4 address. Its letters are the resolver's business; what could be injected elsewhere is refused.
fn host_of(text: &str) -> Result<String, UrlError> {
    let host = decode(text)?;
    if host.is_empty() {
        return Err(UrlError("the host is missing"));
    }
    if host.len() > MAX_HOST {
        return Err(UrlError("the host is longer than 255 octets"));
    }
    if host.contains(|c: char| c.is_control() || c.is_whitespace() || "/?#@[]<>:\\\"".contains(c)) {
        return Err(UrlError("the host holds a character that no host name has"));
    }
    Ok(host)
}

fn port_of(text: &str) -> Result<u16, UrlError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = if digits { text.parse::<u16>().ok() } else { None };
    port.filter(|port| *port != 0).ok_or(UrlError("the port is not a number from 1 to 65535"))
}

/// Percent-decoding. What comes out may not hold a NUL or a line end, however it was written.
fn decode(text: &str) -> Result<String, UrlError> {
    // As long as the input from the start: growing would leave copies of a password behind.
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let octet = if byte != b'%' {
            byte
        } else {
            let [high, low, after @ ..] = rest else { return Err(BAD_PERCENT) };
            rest = after;
            hex(*high)? * 16 + hex(*low)?
        };
        if matches!(octet, 0 | b'\r' | b'\n') {
            return Err(UrlError("the server's address holds a NUL or a line end"));
        }
        octets.push(octet);
    }
    String::from_utf8(octets).map_err(|_| UrlError("the server's address is not UTF-8 after percent-decoding"))
}

const BAD_PERCENT: UrlError = UrlError("a % in the server's address is not followed by two hexadecimal digits");

fn hex(digit: u8) -> Result<u8, UrlError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(BAD_PERCENT),
    }
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
