//! Tests of connections through small proxies on the loopback interface.

use super::connect::{ConnectOptions, Connecting, Proxy, ProxyMethods, ProxyVersion, Resolve, Target};
use super::tests_support::*;
use super::wait::{Cancel, Waker};
use crate::error::{Cause, Error};
use crate::sasl::Secret;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// One step of a fake proxy.
enum Step {
    /// Exactly these octets must come.
    Expect(&'static [u8]),
    /// These are said, one write an octet when `slowly`.
    Say(&'static [u8]),
    /// A new connection.
    Accept,
    /// The connection ends.
    Hang,
}
use Step::*;

/// A proxy that follows its script and then keeps the last connection for as long as its peer does.
fn fake(script: Vec<Step>, slowly: bool) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut stream: Option<TcpStream> = None;
        for step in script {
            match step {
                Accept => {
                    let accepted = listener.accept().unwrap().0;
                    accepted.set_nodelay(true).unwrap();
                    accepted.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    stream = Some(accepted);
                }
                Expect(bytes) => {
                    let mut got = vec![0; bytes.len()];
                    stream.as_mut().unwrap().read_exact(&mut got).unwrap();
                    assert_eq!(got, bytes);
                }
                Say(bytes) if slowly => {
                    bytes.iter().for_each(|byte| stream.as_mut().unwrap().write_all(&[*byte]).unwrap())
                }
                Say(bytes) => stream.as_mut().unwrap().write_all(bytes).unwrap(),
                Hang => stream = None,
            }
        }
        if let Some(mut stream) = stream {
            let _ = stream.read(&mut [0; 1]);
        }
    });
    (address, thread)
}

fn through(address: SocketAddr, version: ProxyVersion) -> Proxy {
    Proxy::new(version, address.ip().to_string(), address.port())
}

fn options(proxy: Proxy) -> ConnectOptions {
    ConnectOptions { proxy: Some(proxy), ..ConnectOptions::default() }
}

fn mail(host: &str) -> Target {
    Target::Host { host: host.to_owned(), port: 25 }
}

/// The greeting that the host behind the proxy sends along with the proxy's last word must arrive.
fn reaches(script: Vec<Step>, host: &str, change: impl Fn(&mut Proxy), slowly: bool) {
    let (address, thread) = fake(script, slowly);
    let mut proxy = through(address, ProxyVersion::Socks5);
    change(&mut proxy);
    let cancel = Cancel::new();
    let mut transport = connect(mail(host), options(proxy), &cancel).unwrap();
    assert_eq!(read_exactly(transport.as_mut(), &cancel, 5), b"220 x");
    assert_eq!(transport.peer(), format!("{host}:25 through {address}"));
    drop(transport);
    thread.join().unwrap();
}

fn fails(script: Vec<Step>, host: &str, change: impl Fn(&mut Proxy)) -> Error {
    let (address, thread) = fake(script, false);
    let mut proxy = through(address, ProxyVersion::Socks5);
    change(&mut proxy);
    let error = refusal(mail(host), options(proxy));
    assert!(error.detail.contains(&address.to_string()), "the proxy is not named: {error}");
    thread.join().unwrap();
    error
}

#[test]
fn version_5_in_one_piece_and_octet_by_octet() {
    for slowly in [false, true] {
        let script = vec![
            Accept,
            Expect(b"\x05\x01\x00"),
            Say(b"\x05\x00"),
            Expect(b"\x05\x01\x00\x03\x0cmail.example\x00\x19"),
            Say(b"\x05\x00\x00\x01\x01\x02\x03\x04\x00\x05220 x"),
        ];
        reaches(script, "mail.example", |_| {}, slowly);
    }
}

#[test]
fn version_5_with_user_and_password() {
    let script = vec![
        Accept,
        Expect(b"\x05\x01\x02"),
        Say(b"\x05\x02"),
        Expect(b"\x01\x03joe\x06sesame"),
        Say(b"\x01\x00"),
        Expect(b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x19"),
        Say(b"\x05\x00\x00\x01\x01\x02\x03\x04\x00\x05220 x"),
    ];
    let login = |proxy: &mut Proxy| {
        proxy.methods = ProxyMethods { none: false, password: true };
        proxy.user = Some("joe".to_owned());
        proxy.password = Some(Secret::new("sesame".to_owned()));
    };
    reaches(script, "192.0.2.7", login, false);
}

#[test]
fn version_4_looks_the_name_up_here_and_4a_leaves_it_to_the_proxy() {
    let granted = Say(b"\x00\x5a\x00\x00\x00\x00\x00\x00220 x");
    let script = vec![Accept, Expect(b"\x04\x01\x00\x19\x7f\x00\x00\x01\x00"), granted];
    reaches(script, "localhost", |proxy| proxy.version = ProxyVersion::Socks4, true);

    let granted = Say(b"\x00\x5a\x00\x00\x00\x00\x00\x00220 x");
    let script = vec![Accept, Expect(b"\x04\x01\x00\x19\x00\x00\x00\x01joe\x00localhost\x00"), granted];
    let named = |proxy: &mut Proxy| {
        proxy.version = ProxyVersion::Socks4a;
        proxy.user = Some("joe".to_owned());
    };
    reaches(script, "localhost", named, false);

    let script = vec![
        Accept,
        Expect(b"\x05\x01\x00"),
        Say(b"\x05\x00"),
        Expect(b"\x05\x01\x00"),
        // Either family of the loopback interface comes first, as this machine has it.
        Say(b"\x05\x00\x00\x01\x01\x02\x03\x04\x00\x05220 x"),
    ];
    reaches(script, "localhost", |proxy| proxy.resolve = Resolve::Local, false);
}

#[test]
fn an_unknown_proxy_is_asked_by_5_and_then_by_4() {
    let auto = |proxy: &mut Proxy| proxy.version = ProxyVersion::Auto;
    // It refuses in its own words, or just hangs up.
    for answer in [Say(b"\x00\x5b\x00\x00\x00\x00\x00\x00"), Say(b"")] {
        let script = vec![
            Accept,
            Expect(b"\x05\x01\x00"),
            answer,
            Hang,
            Accept,
            Expect(b"\x04\x01\x00\x19\x00\x00\x00\x01\x00mail.example\x00"),
            Say(b"\x00\x5a\x00\x00\x00\x00\x00\x00220 x"),
        ];
        reaches(script, "mail.example", auto, false);
    }
    // A proxy that speaks 5 and says no is not asked again.
    let script = vec![Accept, Expect(b"\x05\x01\x00"), Say(b"\x05\xff")];
    let error = fails(script, "mail.example", auto);
    assert_eq!(error.cause, Cause::Proxy, "{error}");
    // When neither is spoken both failures are told.
    let script = vec![Accept, Say(b"HTTP"), Accept, Say(b"HTTP")];
    let error = fails(script, "mail.example", auto);
    assert_eq!(error.cause, Cause::Proxy);
    assert!(error.detail.contains("version 5") && error.detail.contains("version 4"), "{error}");
}

#[test]
fn a_silent_unknown_proxy_is_asked_by_4_after_a_while() {
    let script = vec![
        Accept,
        Expect(b"\x05\x01\x00"),
        Accept,
        Expect(b"\x04\x01\x00\x19\x00\x00\x00\x01\x00mail.example\x00"),
        Say(b"\x00\x5a\x00\x00\x00\x00\x00\x00"),
    ];
    let (address, thread) = fake(script, false);
    let proxy = through(address, ProxyVersion::Auto);
    // The clock is the test's own: each look at it is a second later.
    let mut now = Instant::now();
    let mut connecting = Connecting::new(mail("mail.example"), options(proxy), Waker::new().unwrap(), now);
    let cancel = Cancel::new();
    let transport = loop {
        if let Some(transport) = connecting.advance(now).unwrap() {
            break transport;
        }
        now += Duration::from_secs(1);
        let mut sources = Vec::new();
        connecting.waits(&mut sources);
        let pass = Some(Instant::now() + Duration::from_millis(10));
        super::wait::wait_many(&sources, pass, &cancel, &mut (), &mut Vec::new());
    };
    drop(transport);
    thread.join().unwrap();
}

#[test]
fn hostile_and_broken_answers_are_proxy_errors_in_plain_words() {
    let cases: [(Vec<Step>, Cause, &str); 7] = [
        (vec![Accept, Expect(b"\x05\x01\x00"), Hang], Cause::Proxy, "without an answer"),
        (vec![Accept, Expect(b"\x05\x01\x00"), Say(b"\x05"), Hang], Cause::Proxy, "octets short"),
        (vec![Accept, Expect(b"\x05\x01\x00"), Say(b"\x05\xff")], Cause::Proxy, "asks for authentication"),
        (vec![Accept, Expect(b"\x05\x01\x00"), Say(b"\x05\x07")], Cause::Proxy, "not offered"),
        (vec![Accept, Say(b"220 smtp.example ESMTP\r\n")], Cause::Proxy, "does not speak SOCKS"),
        (vec![Accept, Expect(b"\x05\x01\x00"), Say(b"\x05\x00\x05\x02")], Cause::Proxy, "rules forbid"),
        (vec![Accept, Expect(b"\x05\x01\x00"), Say(b"\x05\x00\x05\x05")], Cause::NotResponding, "refused by the host"),
    ];
    for (script, cause, word) in cases {
        let error = fails(script, "mail.example", |_| {});
        assert_eq!(error.cause, cause, "{error}");
        assert!(error.detail.contains(word) && error.detail.contains("mail.example:25"), "{error}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = refusal(mail("mail.example"), options(through(address, ProxyVersion::Socks5)));
    assert_eq!(error.cause, Cause::NotResponding);
    assert!(error.detail.contains(&format!("proxy {address}")), "{error}");
    let nobody = Proxy::new(ProxyVersion::Socks5, "nobody.invalid", 1080);
    let error = refusal(mail("mail.example"), options(nobody));
    assert_eq!(error.cause, Cause::UnknownHost);
    assert!(error.detail.contains("proxy nobody.invalid:1080"), "{error}");
}

#[test]
fn arguments_are_checked_before_the_proxy_is_asked() {
    // Nobody listens for any of these, and nobody is looked up: the error comes first.
    let base = Proxy::new(ProxyVersion::Socks5, "nobody.invalid", 1080);
    let no_method = Proxy { methods: ProxyMethods { none: false, password: false }, ..base.clone() };
    let no_user = Proxy { methods: ProxyMethods { none: false, password: true }, ..base.clone() };
    let nul = Proxy { version: ProxyVersion::Socks4, user: Some("jo\0e".to_owned()), ..base.clone() };
    let six = Proxy { version: ProxyVersion::Socks4a, ..base.clone() };
    let cases = [("mail.example", no_method), ("mail.example", no_user), ("mail.example", nul), ("::1", six)];
    let names = ["a\r\nRCPT TO:<x>", "a b", ""].map(|name| (name, base.clone()));
    for (host, proxy) in cases.into_iter().chain(names) {
        let mut connecting = Connecting::new(mail(host), options(proxy), Waker::new().unwrap(), Instant::now());
        let error = connecting.advance(Instant::now()).err().expect("it must fail at once");
        assert_eq!(error.cause, Cause::BadArgument, "{error}");
    }
}

#[test]
fn another_address_of_the_host_is_asked_for_when_the_proxy_cannot_reach_the_first() {
    // Only where localhost has two addresses can the second be seen.
    use std::net::ToSocketAddrs;
    let mut known: Vec<SocketAddr> = ("localhost", 25).to_socket_addrs().unwrap().collect();
    known.dedup();
    let greet = || [Accept, Expect(b"\x05\x01\x00"), Say(b"\x05\x00"), Expect(b"\x05\x01\x00"), Say(b"\x05\x04"), Hang];
    let script = known.iter().take(4).flat_map(|_| greet()).collect();
    let error = fails(script, "localhost", |proxy| proxy.resolve = Resolve::Local);
    assert_eq!(error.cause, Cause::NotResponding);
    assert_eq!(error.detail.matches("host unreachable").count(), known.len().min(4), "{error}");
}
