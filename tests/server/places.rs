//! Where one can listen: IPv4, IPv6, paths, several at once; and sessions on the caller's thread.

use crate::house::LONG;
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use crate::support::temp::TempDir;
use helo::net::ram;
use helo::net::tcp::SocketTransport;
use helo::net::transport::Transport;
use helo::server::spool::Peer;
use helo::server::{Ending, Limits, Listen, Origin, Place, Server, Service, serve};
use std::io::IoSlice;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

fn service(kept: &Kept) -> Arc<Service> {
    Arc::new(Service::new("mx.example", Arc::new(kept.clone())))
}

#[test]
fn several_places_at_once() {
    let folder = TempDir::new();
    let path = folder.join("smtp");
    let kept = Kept::new();
    let mut texts = vec!["127.0.0.1:0".to_owned(), path.display().to_string()];
    if TcpListener::bind("[::1]:0").is_ok() {
        texts.push("[::1]:0".to_owned());
    }
    let listens: Vec<Listen> = texts
        .iter()
        .flat_map(|text| Place::parse(text).unwrap())
        .map(|place| Listen { place, implicit_tls: false, service: service(&kept) })
        .collect();
    let server = Server::start(&listens, Limits { threads: 3, ..Limits::default() }).unwrap();
    for place in server.places() {
        let mut client = match place {
            Place::Internet(address) => {
                assert_ne!(address.port(), 0);
                Raw::tcp(*address)
            }
            Place::Path(path) => Raw::unix(path),
            Place::Everywhere(port) => panic!("*:{port} is no socket"),
        };
        client.expect(220);
        client.ask("EHLO x", 250);
        client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n");
        assert_eq!(client.codes(4), [250, 250, 250, 221]);
    }
    let local = kept.mails().iter().filter(|mail| mail.envelope.peer == Peer::Local).count();
    assert_eq!((kept.mails().len(), local), (texts.len(), 1));
    assert!(path.exists());
    server.stop(LONG);
    assert!(!path.exists(), "the path is removed at the end");
}

#[test]
fn every_address_of_the_machine_by_the_same_port() {
    let place = Place::parse("*:0").unwrap().remove(0);
    let listen = Listen { place, implicit_tls: false, service: service(&Kept::new()) };
    let server = Server::start(&[listen], Limits::default()).unwrap();
    let port = |place: &Place| if let Place::Internet(address) = place { address.port() } else { 0 };
    let ports: Vec<u16> = server.places().map(port).collect();
    assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    Raw::tcp(([127, 0, 0, 1], ports[0]).into()).expect(220);
    if TcpListener::bind("[::1]:0").is_ok() {
        assert_eq!(ports.len(), 2);
        Raw::tcp((std::net::Ipv6Addr::LOCALHOST, ports[0]).into()).expect(220);
    }
    server.stop(LONG);
}

#[test]
fn a_path_that_a_killed_server_left_is_taken_over_and_a_living_one_is_not() {
    let folder = TempDir::new();
    let path = folder.join("smtp");
    drop(UnixListener::bind(&path).unwrap());
    let listen = Listen { place: Place::Path(path.clone()), implicit_tls: false, service: service(&Kept::new()) };
    let server = Server::start(std::slice::from_ref(&listen), Limits::default()).unwrap();
    Raw::unix(&path).expect(220);
    let why = Server::start(std::slice::from_ref(&listen), Limits::default()).err().unwrap();
    assert!(why.contains(&path.display().to_string()), "{why}");
    Raw::unix(&path).expect(220);
    server.stop(LONG);
    std::fs::write(&path, "a file of somebody").unwrap();
    assert!(Server::start(&[listen], Limits::default()).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"a file of somebody");
}

#[test]
fn a_port_that_is_taken_is_an_error_in_words() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::Internet(taken.local_addr().unwrap());
    let listen = Listen { place, implicit_tls: false, service: service(&Kept::new()) };
    let why = Server::start(&[listen], Limits::default()).err().unwrap();
    assert!(why.starts_with(&format!("cannot listen at {}: ", taken.local_addr().unwrap())), "{why}");
}

const ORIGIN: Origin = Origin { peer: Peer::Local, local: None, implicit_tls: false };

#[test]
fn one_session_on_the_callers_thread() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let kept = Kept::blocking();
    let mut client = Raw::tcp(listener.local_addr().unwrap());
    let talk = std::thread::spawn(move || {
        client.expect(220);
        client.ask("EHLO x", 250);
        for _ in 0..3 {
            client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
            assert_eq!(client.codes(3), [250, 250, 354]);
            client.send("x\r\n.\r\n").expect(250);
        }
        client.ask("QUIT", 221);
        client.closed();
    });
    let transport = SocketTransport::from_tcp(listener.accept().unwrap().0).unwrap();
    let served = serve(service(&kept), Box::new(transport), ORIGIN, &Ending::new(), &mut ());
    assert_eq!((served.mails, served.cancelled, kept.mails().len()), (3, false, 3));
    talk.join().unwrap();
}

/// A session within the process: what the client's end reads until `words` came.
fn read_until(near: &mut ram::RamStream, words: &str) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains(words) {
        match near.read(&mut buffer) {
            Ok(0) => panic!("the session ended without {words}"),
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
            Err(_) => std::thread::yield_now(),
        }
    }
}

#[test]
fn one_session_within_the_process_and_cancelled() {
    let kept = Kept::new();
    let (mut near, far) = ram::pair();
    near.write(&[IoSlice::new(b"EHLO x\r\nMAIL FROM:<a@example.org>\r\n")]).unwrap();
    let ending = Ending::new();
    let end = ending.clone();
    let serving = {
        let service = service(&kept);
        std::thread::spawn(move || serve(service, Box::new(far), ORIGIN, &ending, &mut ()))
    };
    read_until(&mut near, "Sender ok");
    end.cancel();
    let served = serving.join().unwrap();
    assert_eq!((served.mails, served.cancelled), (0, true));
}

#[test]
fn one_session_ends_in_order_when_its_mail_is_answered() {
    let kept = Kept::new();
    let (mut near, far) = ram::pair();
    let say = |near: &mut ram::RamStream, words: &str| near.write(&[IoSlice::new(words.as_bytes())]).unwrap();
    say(&mut near, "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
    let ending = Ending::new();
    let end = ending.clone();
    let serving = {
        let service = service(&kept);
        std::thread::spawn(move || serve(service, Box::new(far), ORIGIN, &ending, &mut ()))
    };
    read_until(&mut near, "354 ");
    end.stop(LONG);
    say(&mut near, "x\r\n.\r\n");
    read_until(&mut near, "\r\n421 ");
    near.close();
    let served = serving.join().unwrap();
    assert_eq!((served.mails, served.cancelled, kept.mails().len()), (1, false, 1));
}
