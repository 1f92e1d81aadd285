//! Tests of TCP connections over the loopback interface.

use super::connect::{ConnectOptions, Family, Target};
use super::fault::{Fault, on_this_thread};
use super::tcp::TcpConnect;
use super::tests_support::*;
use super::transport::{Source, Transport, write_cause};
use super::wait::{Cancel, Interest, Waited, wait, wait_many};
use crate::error::{Cause, Phase};
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

/// An address where nobody listens.
fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn bytes_go_both_ways_over_ipv4_and_ipv6() {
    for (listener, address) in listeners() {
        let cancel = Cancel::new();
        let mut client = connect(host(address), ConnectOptions::default(), &cancel).unwrap();
        let (mut server, client_address) = listener.accept().unwrap();
        assert_eq!(client.peer(), address.to_string());
        assert_eq!(client.local(), client_address.to_string());
        assert!(!client.is_secure());

        assert_eq!(client.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        server.write_all(b"220 hello\r\n").unwrap();
        assert_eq!(read_exactly(client.as_mut(), &cancel, 11), b"220 hello\r\n");

        let sent = client.write(&[IoSlice::new(b"EHLO "), IoSlice::new(b"me"), IoSlice::new(b"\r\n")]).unwrap();
        assert_eq!(sent, 9);
        let mut got = [0; 9];
        server.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"EHLO me\r\n");
    }
}

#[test]
fn more_slices_than_the_system_takes_go_out_in_parts() {
    let (listener, address) = listeners().remove(0);
    let cancel = Cancel::new();
    let mut client = connect(host(address), ConnectOptions::default(), &cancel).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let slices = vec![IoSlice::new(b"ab"); 5000];
    let sent = client.write(&slices).unwrap();
    assert!(sent > 0 && sent <= 2 * super::sys::MAX_SLICES, "{sent} bytes");
    drop(client);
    let mut got = Vec::new();
    server.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"ab".repeat(sent / 2));
}

#[test]
fn a_full_send_buffer_blocks_and_what_was_taken_arrives_once() {
    let (listener, address) = listeners().remove(0);
    let cancel = Cancel::new();
    let mut client = connect(host(address), ConnectOptions::default(), &cancel).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let block = vec![b'x'; 1 << 20];
    let mut taken = 0;
    let error = loop {
        match client.write(&[IoSlice::new(&block)]) {
            Ok(n) => taken += n,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let reader = thread::spawn(move || {
        let mut got = Vec::new();
        server.read_to_end(&mut got).unwrap();
        got.len()
    });
    assert_eq!(wait(client.source(), Interest::WRITE, deadline(), &cancel, &mut ()), Waited::Ready);
    write_all(client.as_mut(), &cancel, b"end");
    client.close();
    assert_eq!(reader.join().unwrap(), taken + 3);
}

#[test]
fn close_ends_the_stream_and_abort_resets_it() {
    let (listener, address) = listeners().remove(0);
    let cancel = Cancel::new();
    let mut client = connect(host(address), ConnectOptions::default(), &cancel).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"unread").unwrap();
    write_all(client.as_mut(), &cancel, b"last words");
    client.close();
    let mut got = Vec::new();
    server.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"last words");
    assert_eq!(client.write(&[IoSlice::new(b"x")]).unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(wait(client.source(), Interest::READ, deadline(), &cancel, &mut ()), Waited::Ready);

    let mut client = connect(host(address), ConnectOptions::default(), &cancel).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.abort();
    // Wine ends the connection in order whatever the lingering time is.
    match server.read(&mut [0; 8]) {
        Ok(0) if cfg!(windows) => {}
        Ok(_) => panic!("an abort must be a reset"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn writing_to_a_peer_that_is_gone_is_an_error_and_no_signal() {
    // Rust's own runtime ignores SIGPIPE; that the flag is passed is seen from C programs. Here: the error's kind.
    let (listener, address) = listeners().remove(0);
    let mut client = connect(host(address), ConnectOptions::default(), &Cancel::new()).unwrap();
    drop(listener.accept().unwrap());
    let error = loop {
        match client.write(&[IoSlice::new(b"x")]) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(write_cause(&error), Cause::BrokenOff, "{error}");
}

#[test]
fn nagle_is_off_and_options_reach_the_socket() {
    let (_listener, address) = listeners().remove(0);
    let options = ConnectOptions {
        source_address: Some(Ipv4Addr::new(127, 0, 0, 2).into()),
        keepalive: Some(Duration::from_secs(77)),
        send_buffer: Some(100_000),
        ..ConnectOptions::default()
    };
    let mut client = TcpConnect::start(&[address], &options, Instant::now());
    let transport = loop {
        if let Some(transport) = client.poll(Instant::now()).unwrap() {
            break transport;
        }
        let mut list = Vec::new();
        client.waits(Instant::now(), &mut list);
        wait_many(&list, deadline(), &Cancel::new(), &mut (), &mut Vec::new());
    };
    assert!(transport.local().starts_with("127.0.0.2:"), "{}", transport.local());
    let Source::Socket(descriptor) = transport.source() else { panic!("no descriptor") };
    let socket = socket2::SockRef::from(&descriptor);
    assert!(socket.tcp_nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    #[cfg(unix)]
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
    let size = socket.send_buffer_size().unwrap();
    assert!((100_000..=200_000).contains(&size), "{size}");
}

#[test]
fn nobody_listening_is_not_responding_with_the_address_in_the_text() {
    let address = closed_port();
    let error = refusal(host(address), ConnectOptions::default());
    assert_eq!((error.phase, error.cause), (Phase::Connect, Cause::NotResponding));
    assert!(error.detail.contains(&address.to_string()) && error.detail.contains("refused"), "{error}");
}

#[test]
fn a_name_that_does_not_exist_is_an_unknown_host() {
    // ".invalid" never resolves (RFC 6761); this machine may have no name server at all, which is the same answer.
    let target = Target::Host { host: "nobody.invalid".to_owned(), port: 25 };
    let error = refusal(target, ConnectOptions::default());
    assert_eq!(error.cause, Cause::UnknownHost);
    assert!(error.detail.contains("nobody.invalid"), "{error}");
}

#[test]
fn a_host_that_cannot_be_a_name_is_a_bad_argument() {
    for name in ["", "a b", "a\r\nRCPT TO:<x>", "a\0b", &"a".repeat(256)] {
        let error = refusal(Target::Host { host: name.to_owned(), port: 25 }, ConnectOptions::default());
        assert_eq!(error.cause, Cause::BadArgument, "{name:?}");
    }
}

#[test]
fn a_host_without_an_address_of_the_family_is_unknown() {
    let target = Target::Host { host: "127.0.0.1".to_owned(), port: 25 };
    let options = ConnectOptions { family: Family::V6, ..ConnectOptions::default() };
    assert_eq!(refusal(target, options).cause, Cause::UnknownHost);
}

#[test]
fn shortages_have_causes_of_their_own() {
    let (_listener, address) = listeners().remove(0);
    for (fault, cause) in
        [(Fault::Socket, Cause::NoSocket), (Fault::Bind, Cause::NoBind), (Fault::Memory, Cause::NoMemory)]
    {
        let _guard = on_this_thread(fault);
        assert_eq!(refusal(host(address), ConnectOptions::default()).cause, cause);
    }
    // An address that is not this machine's (RFC 5737 keeps it free).
    let foreign = Some(Ipv4Addr::new(192, 0, 2, 1).into());
    let options = ConnectOptions { source_address: foreign, ..ConnectOptions::default() };
    let error = refusal(host(address), options);
    assert_eq!(error.cause, Cause::NoBind, "{error}");

    let mut client = connect(host(address), ConnectOptions::default(), &Cancel::new()).unwrap();
    let _guard = on_this_thread(Fault::Send);
    let error = client.write(&[IoSlice::new(b"x")]).unwrap_err();
    assert_eq!(write_cause(&error), Cause::CannotSend);
}

#[test]
fn a_refused_first_address_gives_way_at_once() {
    let (_listener, good) = listeners().remove(0);
    // The clock of this race stands still, so no attempt delay ever passes.
    let now = Instant::now();
    let mut race = TcpConnect::start(&[closed_port(), closed_port(), good], &ConnectOptions::default(), now);
    let transport = loop {
        if let Some(transport) = race.poll(now).unwrap() {
            break transport;
        }
        let mut list = Vec::new();
        race.waits(now, &mut list);
        let pass = Some(Instant::now() + Duration::from_millis(100));
        wait_many(&list, pass, &Cancel::new(), &mut (), &mut Vec::new());
    };
    assert_eq!(transport.peer(), good.to_string());
}

#[test]
fn when_every_address_fails_all_are_named() {
    let (a, b) = (closed_port(), closed_port());
    let mut race = TcpConnect::start(&[a, b], &ConnectOptions::default(), Instant::now());
    let error = loop {
        match race.poll(Instant::now()) {
            Ok(None) => {}
            Ok(Some(transport)) => panic!("connected to {}", transport.peer()),
            Err(error) => break error,
        }
        let mut list = Vec::new();
        let until = race.waits(Instant::now(), &mut list).or(deadline());
        wait_many(&list, until, &Cancel::new(), &mut (), &mut Vec::new());
    };
    assert_eq!(error.cause, Cause::NotResponding);
    assert!(error.detail.contains(&a.to_string()) && error.detail.contains(&b.to_string()), "{error}");
}

#[test]
fn families_take_turns_and_keep_their_order() {
    let v4 = |n: u8| SocketAddr::new(Ipv4Addr::new(192, 0, 2, n).into(), 25);
    let v6 = |n: u16| SocketAddr::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n).into(), 25);
    let order: Vec<_> = super::tcp::interleave([v6(1), v6(2), v6(3), v4(1), v4(2)].into_iter()).into();
    assert_eq!(order, [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    let order: Vec<_> = super::tcp::interleave([v4(1), v4(2)].into_iter()).into();
    assert_eq!(order, [v4(1), v4(2)]);
}
