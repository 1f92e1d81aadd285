use super::*;
use crate::error::{Cause, Phase};
use crate::net::ram::{self, RamStream};
use crate::net::transport::{Source, Transport, read_cause};
use crate::net::wait::{Cancel, Interest, Waited, Waker, wait_many};
use crate::sasl::BindingKind;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, IoSlice};
use std::time::{Duration, Instant};

type End = Box<dyn Transport>;

fn certificate() -> (Identity, Roots, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed([String::from("mail.example")]).unwrap();
    let pem = made.cert.pem();
    let identity = Identity::from_pem(pem.as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
    (identity, Roots::from_pem(pem.as_bytes()).unwrap(), made.cert.der().to_vec())
}

fn handshakes(client: End, server: End) -> (Handshake, Handshake) {
    let client = Handshake::client(client, None, &Options::default()).unwrap();
    let server = Handshake::server(server, &server_config(&certificate().0).unwrap()).unwrap();
    (client, server)
}

/// Both sides in turn until both are done; `between` carries what lies between them.
fn finish((mut client, mut server): (Handshake, Handshake), mut between: impl FnMut()) -> (End, End) {
    let (mut one, mut other) = (None, None);
    while one.is_none() || other.is_none() {
        match &mut one {
            None => one = client.advance().unwrap(),
            // The end of the handshake may be held, as anything that was written.
            Some(done) => drop(done.flush()),
        }
        between();
        if other.is_none() {
            other = server.advance().unwrap();
        }
        between();
    }
    assert!(client.agreed().starts_with("TLS 1.3, "), "{}", client.agreed());
    (one.unwrap(), other.unwrap())
}

/// Two encrypted ends over a connection that holds so many bytes in each direction.
fn pair(capacity: usize) -> (End, End) {
    let (client, server) = ram::pair_with(capacity);
    finish(handshakes(Box::new(client), Box::new(server)), || {})
}

fn read_all(from: &mut dyn Transport, into: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buf = [0; 1000];
    loop {
        match from.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(count) => into.extend_from_slice(&buf[..count]),
            Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(why) => return Err(why),
        }
    }
}

#[test]
fn bytes_arrive_at_every_split_and_nothing_is_held_for_ever() {
    let text: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    for (capacity, length) in [(1, 2_000), (7, 20_000), (64 * 1024, text.len())] {
        let (client, server) = pair(capacity);
        let mut ends = [client, server];
        for _ in 0..2 {
            ends.reverse();
            let [from, to] = &mut ends;
            let mut left = &text[..length];
            let mut got = Vec::new();
            while got.len() < length {
                let (one, rest) = left.split_at(left.len().min(3));
                match from.write(&[IoSlice::new(one), IoSlice::new(rest)]) {
                    Ok(count) => left = &left[count..],
                    Err(why) => assert_eq!(why.kind(), ErrorKind::WouldBlock),
                }
                // What was taken goes on by flush alone.
                if left.is_empty() && from.flush().is_err() {
                    assert!(got.len() < length);
                }
                read_all(&mut **to, &mut got).unwrap();
            }
            assert!(left.is_empty() && got == text[..length]);
            from.flush().unwrap();
        }
    }
}

#[test]
fn ends_are_told_apart() {
    let mut buf = [0; 10];
    let (mut client, mut server) = pair(1 << 16);
    client.write(&[IoSlice::new(b"bye")]).unwrap();
    client.close();
    assert_eq!(server.read(&mut buf).unwrap(), 3);
    assert_eq!(server.read(&mut buf).unwrap(), 0, "in order");

    let (client, mut server) = pair(1 << 16);
    drop(client);
    let cut = server.read(&mut buf).unwrap_err();
    assert_eq!((cut.kind(), read_cause(&cut)), (ErrorKind::UnexpectedEof, Cause::BrokenOff));

    let (mut client, mut server) = pair(1 << 16);
    client.abort();
    assert_eq!(server.read(&mut buf).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// Carries what one end has written to the other, as `change` has it.
fn carry(from: &mut RamStream, to: &mut RamStream, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = Vec::new();
    read_all(from, &mut bytes).unwrap();
    change(&mut bytes);
    if !bytes.is_empty() {
        assert_eq!(to.write(&[IoSlice::new(&bytes)]).unwrap(), bytes.len());
    }
}

#[test]
fn what_was_changed_on_the_way_is_a_failure_and_what_came_before_counts() {
    for (change, words) in [
        ((|bytes| *bytes.last_mut().unwrap() ^= 1) as fn(&mut Vec<u8>), "does not decrypt"),
        (|bytes| *bytes = b"250 clear text\r\n".to_vec(), "not TLS"),
    ] {
        let ((client, mut a), (mut b, server)) = (ram::pair(), ram::pair());
        let both = handshakes(Box::new(client), Box::new(server));
        let (mut client, mut server) = finish(both, || {
            carry(&mut a, &mut b, |_| {});
            carry(&mut b, &mut a, |_| {});
        });
        server.write(&[IoSlice::new(b"good")]).unwrap();
        carry(&mut b, &mut a, |_| {});
        server.write(&[IoSlice::new(b"bad")]).unwrap();
        carry(&mut b, &mut a, change);
        let mut got = Vec::new();
        let failure = read_all(&mut *client, &mut got).unwrap_err();
        assert_eq!((got.as_slice(), read_cause(&failure)), (&b"good"[..], Cause::Tls));
        assert!(failure.to_string().contains(words), "{failure}");
        assert!(TlsFailure::is_in(&client.write(&[IoSlice::new(b"x")]).unwrap_err()), "nothing is sent after it");
        assert!(TlsFailure::is_in(&client.read(&mut [0]).unwrap_err()), "it stays");
    }
}

#[test]
fn both_ends_have_the_same_bindings_and_no_other_connection_has() {
    let (identity, _, der) = certificate();
    let connect = || {
        let (client, server) = ram::pair();
        let client = Handshake::client(Box::new(client), None, &Options::default()).unwrap();
        let server = Handshake::server(Box::new(server), &server_config(&identity).unwrap()).unwrap();
        finish((client, server), || {})
    };
    let ((one, server), (other, _)) = (connect(), connect());
    let bindings = one.channel_bindings();
    assert_eq!(server.channel_bindings(), bindings);
    let [exporter, end_point] = &bindings[..] else { panic!("two, not {bindings:?}") };
    assert_eq!((exporter.kind, exporter.data.len()), (BindingKind::Exporter, 32));
    assert_ne!(other.channel_bindings()[0], *exporter);
    // ECDSA with SHA-256.
    assert_eq!((end_point.kind, &end_point.data[..]), (BindingKind::ServerEndPoint, &Sha256::digest(der)[..]));
}

/// Tickets that come before the client's first command have some clients wait for ever.
#[test]
fn tickets_go_along_with_the_first_reply() {
    let ((client, mut a), (mut b, server)) = (ram::pair(), ram::pair());
    let both = handshakes(Box::new(client), Box::new(server));
    let (mut client, mut server) = finish(both, || {
        carry(&mut a, &mut b, |_| {});
        carry(&mut b, &mut a, |_| {});
    });
    let sent = |server: &mut End, b: &mut RamStream, a: &mut RamStream| {
        let count = std::cell::Cell::new(0);
        server.flush().unwrap();
        carry(b, a, |bytes| count.set(bytes.len()));
        count.get()
    };
    client.write(&[IoSlice::new(b"EHLO x\r\n")]).unwrap();
    carry(&mut a, &mut b, |_| {});
    assert_eq!(server.read(&mut [0; 20]).unwrap(), 8);
    assert_eq!(sent(&mut server, &mut b, &mut a), 0);
    server.write(&[IoSlice::new(b"250 mx\r\n")]).unwrap();
    assert!(sent(&mut server, &mut b, &mut a) > 100, "the reply and the tickets");
    let mut got = Vec::new();
    read_all(&mut *client, &mut got).unwrap();
    assert_eq!(got, b"250 mx\r\n");
    // Once.
    server.write(&[IoSlice::new(b"250 ok\r\n")]).unwrap();
    assert!((8..50).contains(&sent(&mut server, &mut b, &mut a)));
}

#[test]
fn a_handshake_cut_off_at_any_byte_is_an_error() {
    let length = std::cell::Cell::new(usize::MAX);
    let mut cut = 0;
    while cut < length.get() {
        let ((client, mut a), (mut b, server)) = (ram::pair(), ram::pair());
        let (mut client, mut server) = handshakes(Box::new(client), Box::new(server));
        assert!(client.advance().unwrap().is_none());
        carry(&mut a, &mut b, |_| {});
        assert!(server.advance().unwrap().is_none());
        carry(&mut b, &mut a, |bytes| {
            length.set(bytes.len());
            bytes.truncate(cut);
        });
        a.close();
        let error = client.advance().err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::BrokenOff), "{error}");
        cut += 37;
    }
}

#[test]
fn names_that_cannot_be_are_refused_before_a_byte_is_sent() {
    let verify = Options { verify: true, roots: Some(certificate().1), ..Options::default() };
    for name in [None, Some(""), Some("a b"), Some("bücher.example"), Some("a..b"), Some("[1.2.3"), Some("a\0b")] {
        let (client, mut server) = ram::pair();
        let error = Handshake::client(Box::new(client), name, &verify).err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::BadArgument), "{name:?}");
        assert_eq!(server.read(&mut [0]).unwrap(), 0, "closed, nothing sent");
    }
    for name in
        ["h", "a.example.", "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0", "xn--bcher-kva.example"]
    {
        assert!(Handshake::client(Box::new(ram::pair().0), Some(name), &verify).is_ok(), "{name}");
    }
}

#[test]
fn files_that_cannot_be_used_are_described_and_not_shown() {
    let made = rcgen::generate_simple_self_signed([String::from("a.example")]).unwrap();
    let key = made.signing_key.serialize_pem().replace("\r\n", "\n"); // as on Windows
    let chain = made.cert.pem();
    let both = format!("{chain}{key}");
    let identity = Identity::from_pem(both.as_bytes(), both.as_bytes()).unwrap();
    assert_eq!(format!("{identity:?}"), "Identity(1 certificates, key <hidden>)");
    let garbled = key.replace("-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n*");
    for (chain, key, words) in [
        ("", key.as_str(), "no certificate is in it"),
        (chain.as_str(), "", "no private key is in it"),
        (chain.as_str(), garbled.as_str(), "not base64"),
        (chain.as_str(), &key[..60], "does not end"),
    ] {
        let why = Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
    }
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(Roots::from_pem(broken.as_bytes()).unwrap_err().contains("certificate 1 in it is cut off or garbled"));
}

/// Gives one byte a read, however many have arrived.
struct OneByte(RamStream);

impl Transport for OneByte {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let end = buf.len().min(1);
        self.0.read(&mut buf[..end])
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> std::io::Result<usize> {
        self.0.write(bufs)
    }

    fn source(&self) -> Source<'_> {
        self.0.source()
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.0.set_waker(waker);
    }

    fn abort(&mut self) {
        self.0.abort();
    }

    fn close(&mut self) {
        self.0.close();
    }

    fn peer(&self) -> String {
        self.0.peer()
    }

    fn local(&self) -> String {
        self.0.local()
    }
}

#[test]
fn what_leads_to_no_bytes_yet_leaves_others_their_turn() {
    let (client, server) = ram::pair_with(1 << 20);
    let (mut client, mut server) = finish(handshakes(Box::new(OneByte(client)), Box::new(server)), || {});
    let cancel = Cancel::new();
    client.set_waker(&cancel.waker().unwrap());
    // One record of many bytes, all of them there.
    server.write(&[IoSlice::new(&[7; 16_000])]).unwrap();
    let mut turns = 0;
    let mut buf = [0; 10];
    let got = loop {
        match client.read(&mut buf) {
            Err(why) if why.kind() == ErrorKind::WouldBlock => turns += 1,
            other => break other.unwrap(),
        }
        let until = Instant::now() + Duration::from_secs(20);
        let waited = wait_many(&[(client.source(), Interest::READ)], Some(until), &cancel, &mut (), &mut Vec::new());
        assert_eq!(waited, Waited::Ready, "nobody told of what is left");
    };
    assert!(got == 10 && turns > 100, "{turns}");
}
