//! The PROXY protocol, versions 1 and 2: a proxy in front tells whose connection it hands on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How version 2 begins; version 1 is never shorter.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The fixed part of version 2.
const FIXED: usize = 16;
/// Longest header of version 1, its line end included.
const LINE_MAX: usize = 107;
/// Longest rest of version 2 that is read: addresses and what else a proxy tells.
const REST_MAX: usize = 4096;

/// Who is behind the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// This client, who has connected to that address.
    Client {
        /// Its own address.
        from: SocketAddr,
        /// Where it connected to.
        to: SocketAddr,
    },
    /// Nobody: the proxy speaks for itself, or does not know.
    Proxy,
}

/// What a header that has begun comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// So many octets more belong to it for certain. No more may be read: what follows may be TLS.
    Wants(usize),
    /// It is complete: who is behind the proxy.
    Complete(Behind),
    /// It is none.
    Bad,
}

/// Reads a header of which this has arrived.
pub fn read(header: &[u8]) -> Header {
    if header.len() < SIGNATURE.len() {
        return Header::Wants(SIGNATURE.len() - header.len());
    }
    if header.starts_with(SIGNATURE) { version_2(header) } else { version_1(header) }
}

fn version_1(header: &[u8]) -> Header {
    if !header.starts_with(b"PROXY ") {
        return Header::Bad;
    }
    let Some(line) = header.strip_suffix(b"\r\n") else {
        let over = header.len() >= LINE_MAX || header.ends_with(b"\n");
        return if over { Header::Bad } else { Header::Wants(1) };
    };
    // Whatever an unknown kind of connection is described by is not looked at.
    if line == b"PROXY UNKNOWN" || line.starts_with(b"PROXY UNKNOWN ") {
        return Header::Complete(Behind::Proxy);
    }
    let words: Option<Vec<&str>> = std::str::from_utf8(line).ok().map(|line| line.split(' ').collect());
    match words.as_deref() {
        Some(["PROXY", family @ ("TCP4" | "TCP6"), from, to, from_port, to_port]) => {
            let address = |ip: &str, port: &str| {
                let ip: IpAddr = ip.parse().ok().filter(|ip: &IpAddr| ip.is_ipv4() == (*family == "TCP4"))?;
                Some(SocketAddr::new(ip.to_canonical(), port_of(port)?))
            };
            match (address(from, from_port), address(to, to_port)) {
                (Some(from), Some(to)) => Header::Complete(Behind::Client { from, to }),
                _ => Header::Bad,
            }
        }
        _ => Header::Bad,
    }
}

/// Section 2.1: decimal digits without a zero in front, up to 65535.
fn port_of(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    text.parse().ok().filter(|_| digits && (text == "0" || !text.starts_with('0')))
}

/// Section 2.2.
fn version_2(header: &[u8]) -> Header {
    let Some((fixed, rest)) = header.split_first_chunk::<FIXED>() else {
        return Header::Wants(FIXED - header.len());
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > REST_MAX || rest.len() > length || !matches!(fixed[12], 0x20 | 0x21) {
        return Header::Bad;
    }
    if rest.len() < length {
        return Header::Wants(length - rest.len());
    }
    if fixed[12] == 0x20 {
        // The proxy's own connection, to see whether this server lives: nothing that stands behind it means anything.
        return Header::Complete(Behind::Proxy);
    }
    // How long the addresses are of each family and transport; there are no others.
    let addresses_len = match fixed[13] {
        0x00 => 0,
        0x11 | 0x12 => 12,
        0x21 | 0x22 => 36,
        0x31 | 0x32 => 216,
        _ => return Header::Bad,
    };
    // Of what is not known nobody says how long it is.
    let told = if fixed[13] == 0 { Some(&[][..]) } else { rest.get(addresses_len..) };
    match (fixed[13], told) {
        (_, Some(told)) if !is_sound(told, header) => Header::Bad,
        (_, None) => Header::Bad,
        (0x11, _) => addresses::<4, 12>(rest, |ip| Ipv4Addr::from(ip).into()),
        (0x21, _) => addresses::<16, 36>(rest, |ip| Ipv6Addr::from(ip).into()),
        // No connection of a client that speaks SMTP over TCP: nothing to go by, as the specification allows.
        _ => Header::Complete(Behind::Proxy),
    }
}

/// The fields behind the addresses: each a kind, a length and so many octets. One of them may be a checksum of the header.
fn is_sound(mut told: &[u8], header: &[u8]) -> bool {
    while let Some(([kind, high, low], rest)) = told.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, rest)) = rest.split_at_checked(length) else { return false };
        if *kind == CHECKSUM {
            // It was made with zeros in its own place.
            let Some(value) = value.first_chunk::<4>() else { return false };
            let at = header.len() - rest.len() - length;
            let made = header.iter().enumerate().map(
                |(place, octet)| {
                    if (at..at + length).contains(&place) { 0 } else { *octet }
                },
            );
            if length != 4 || crc32c(made) != u32::from_be_bytes(*value) {
                return false;
            }
        }
        told = rest;
    }
    told.is_empty()
}

/// The kind of a field that holds a checksum.
const CHECKSUM: u8 = 0x03;

/// CRC-32C (RFC 9260, appendix A), bit by bit: a header is short.
fn crc32c(octets: impl Iterator<Item = u8>) -> u32 {
    let mut rest = u32::MAX;
    for octet in octets {
        rest ^= u32::from(octet);
        for _ in 0..8 {
            rest = (rest >> 1) ^ if rest & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    !rest
}

/// Two addresses of `IP` octets and two ports, `ALL` octets together.
fn addresses<const IP: usize, const ALL: usize>(rest: &[u8], ip: impl Fn([u8; IP]) -> IpAddr) -> Header {
    let read = || {
        let all = rest.first_chunk::<ALL>()?;
        let (from, all) = all.split_first_chunk::<IP>()?;
        let (to, ports) = all.split_first_chunk::<IP>()?;
        let port = |at: usize| Some(u16::from_be_bytes([*ports.get(at)?, *ports.get(at + 1)?]));
        let from = SocketAddr::new(ip(*from).to_canonical(), port(0)?);
        Some(Behind::Client { from, to: SocketAddr::new(ip(*to).to_canonical(), port(2)?) })
    };
    read().map_or(Header::Bad, Header::Complete)
}

/// Addresses that have their first bits in common: `192.0.2.0/24`, `2001:db8::/32`, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads it; `None` when it is none.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Network { address, bits })
    }

    /// Whether this address is one of them.
    pub fn holds(&self, address: IpAddr) -> bool {
        let differ = match (self.address, address.to_canonical()) {
            (IpAddr::V4(one), IpAddr::V4(other)) => u128::from(u32::from(one) ^ u32::from(other)) << 96,
            (IpAddr::V6(one), IpAddr::V6(other)) => u128::from(one) ^ u128::from(other),
            _ => return false,
        };
        differ.leading_zeros() >= u32::from(self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds what is asked for, and no more: what it came to, and how much of the input it took.
    fn fed(input: &[u8]) -> (Header, usize) {
        let mut taken = 0;
        loop {
            match read(&input[..taken]) {
                Header::Wants(more) if taken + more <= input.len() => taken += more,
                other => return (other, taken),
            }
        }
    }

    fn client(from: &str, to: &str) -> Header {
        Header::Complete(Behind::Client { from: from.parse().unwrap(), to: to.parse().unwrap() })
    }

    #[test]
    fn version_1_takes_its_line_and_no_octet_more() {
        for (line, header) in [
            ("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\r\n", client("192.0.2.1:4000", "198.51.100.1:25")),
            ("PROXY TCP6 2001:db8::1 ::1 4000 25\r\n", client("[2001:db8::1]:4000", "[::1]:25")),
            ("PROXY TCP4 192.0.2.1 198.51.100.1 0 65535\r\n", client("192.0.2.1:0", "198.51.100.1:65535")),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 4000 25\r\n", client("192.0.2.1:4000", "[::1]:25")),
            ("PROXY UNKNOWN\r\n", Header::Complete(Behind::Proxy)),
            ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Header::Complete(Behind::Proxy)),
        ] {
            assert_eq!(fed(format!("{line}EHLO x\r\n").as_bytes()), (header, line.len()), "{line}");
        }
        for bad in [
            "EHLO client.example\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000\r\n",
            "PROXY TCP4 2001:db8::1 ::1 4000 25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 65536\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\n",
            "PROXY UDP4 192.0.2.1 198.51.100.1 4000 25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 04000 25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 01\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 00\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 +25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 -1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 \r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 4000 25 \r\n",
            "PROXY TCP4  192.0.2.1 198.51.100.1 4000 25\r\n",
            "PROXY TCP4 192.0.2.01 198.51.100.1 4000 25\r\n",
            "PROXY TCP4 192.0.2.256 198.51.100.1 4000 25\r\n",
            "PROXY TCP4 192.0.2 198.51.100.1 4000 25\r\n",
            "PROXY TCP6 192.0.2.1 198.51.100.1 4000 25\r\n",
            "PROXY TCP6 2001:db8::1%eth0 ::1 4000 25\r\n",
            "PROXY TCP6 [2001:db8::1] ::1 4000 25\r\n",
            "PROXY tcp4 192.0.2.1 198.51.100.1 4000 25\r\n",
            "proxy TCP4 192.0.2.1 198.51.100.1 4000 25\r\n",
            "PROXY UNKNOWNX\r\n",
            "PROXY UNIX /a /b\r\n",
        ] {
            assert_eq!(fed(bad.as_bytes()).0, Header::Bad, "{bad}");
        }
        let long = format!("PROXY UNKNOWN {}", "x".repeat(200));
        assert_eq!(fed(long.as_bytes()), (Header::Bad, LINE_MAX));
    }

    fn version_2_of(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = (rest.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    #[test]
    fn version_2_with_addresses_and_what_else_is_told() {
        let v4 = [192, 0, 2, 1, 198, 51, 100, 1, 0x0f, 0xa0, 0, 25];
        let told = [&v4[..], b"\x04\x00\x02xx"].concat();
        for rest in [&v4[..], &told] {
            let header = version_2_of(0x21, 0x11, rest);
            let input = [&header[..], b"\x16\x03\x01"].concat();
            assert_eq!(fed(&input), (client("192.0.2.1:4000", "198.51.100.1:25"), header.len()));
        }
        let mut v6 = [0u8; 36];
        (v6[15], v6[31], v6[33], v6[35]) = (1, 2, 7, 25);
        assert_eq!(fed(&version_2_of(0x21, 0x21, &v6)).0, client("[::1]:7", "[::2]:25"));
        assert_eq!(fed(&version_2_of(0x20, 0, &[])).0, Header::Complete(Behind::Proxy));
        assert_eq!(fed(&version_2_of(0x21, 0x31, &[0; 216])).0, Header::Complete(Behind::Proxy));
        for bad in
            [version_2_of(0x11, 0x11, &v4), version_2_of(0x21, 0x11, &v4[..11]), version_2_of(0x21, 0x11, &[0; 5000])]
        {
            assert_eq!(fed(&bad).0, Header::Bad);
        }
    }

    #[test]
    fn version_2_of_all_families_and_transports() {
        let long = [0; 216];
        for octet in 0..=u8::MAX {
            let wanted = match octet {
                0x00 | 0x12 | 0x22 | 0x31 | 0x32 => Header::Complete(Behind::Proxy),
                0x11 => client("0.0.0.0:0", "0.0.0.0:0"),
                0x21 => client("[::]:0", "[::]:0"),
                _ => Header::Bad,
            };
            assert_eq!(fed(&version_2_of(0x21, octet, &long)).0, wanted, "{octet:#x}");
            // Of its own connections a proxy may say anything.
            assert_eq!(fed(&version_2_of(0x20, octet, &long)).0, Header::Complete(Behind::Proxy), "{octet:#x}");
        }
        for (family, needed) in [(0x11, 12), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216), (0x32, 216)] {
            assert_eq!(fed(&version_2_of(0x21, family, &long[..needed - 1])).0, Header::Bad, "{family:#x}");
            assert_ne!(fed(&version_2_of(0x21, family, &long[..needed])).0, Header::Bad, "{family:#x}");
        }
        for command in (0..=u8::MAX).filter(|command| !matches!(command, 0x20 | 0x21)) {
            assert_eq!(fed(&version_2_of(command, 0x11, &long)).0, Header::Bad, "{command:#x}");
        }
    }

    #[test]
    fn version_2_with_a_checksum() {
        // The check value of this CRC.
        assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
        let v4 = [192, 0, 2, 1, 198, 51, 100, 1, 0x0f, 0xa0, 0, 25];
        let told = |checksum: [u8; 4]| [&v4[..], b"\x04\x00\x01x\x03\x00\x04", &checksum, b"\x04\x00\x00"].concat();
        let right = crc32c(version_2_of(0x21, 0x11, &told([0; 4])).into_iter()).to_be_bytes();
        let known = client("192.0.2.1:4000", "198.51.100.1:25");
        assert_eq!(fed(&version_2_of(0x21, 0x11, &told(right))).0, known);
        assert_eq!(fed(&version_2_of(0x21, 0x11, &told([1, 2, 3, 4]))).0, Header::Bad);
        for bad in [&b"\x04"[..], b"\x04\x00", b"\x04\x00\x01", b"\x03\x00\x00", b"\x03\x00\x02xx"] {
            assert_eq!(
                fed(&version_2_of(0x21, 0x11, &[&v4[..], bad].concat())).0,
                Header::Bad,
                "{}",
                bad.escape_ascii()
            );
        }
    }

    #[test]
    fn networks() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().holds(address.parse().unwrap());
        assert!(holds("192.0.2.0/24", "192.0.2.255") && !holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.1", "192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && !holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1") && holds("::/0", "::1"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"));
        for bad in ["", "x", "192.0.2.0/33", "::/129", "192.0.2.0/", "192.0.2.0/-1"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_end(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (_, taken) = fed(&octets);
            prop_assert!(taken <= octets.len());
            let (_, taken) = fed(&[&SIGNATURE[..], &octets].concat());
            prop_assert!(taken <= octets.len() + SIGNATURE.len());
        }
    }
}
