//! Ten thousand clients that say nothing, and one that wants its mail taken.

use crate::MAIL;
use crate::support::process::{memory_of, raise_descriptors};
use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::skip;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 10_000;

/// A client that has connected, said hello and read the reply to it, and so holds a session that waits.
fn connect(address: std::net::SocketAddr) -> TcpStream {
    use std::io::Write;
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.write_all(b"EHLO client.example\r\n").expect("a connection");
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    while !seen.windows(4).any(|end| end == b"250 ") || !seen.ends_with(b"\r\n") {
        let count = stream.read(&mut buffer).expect("a reply");
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
    stream
}

#[test]
fn ten_thousand_idle_connections() {
    if !raise_descriptors(CLIENTS + 200) {
        return skip::skip("ten_thousand_idle_connections", "needs 10,200 descriptors (ulimit -Hn)");
    }
    let server = Program::start(&["--port", "0", "--discard", "--quiet", "--max-connections", "20000"]);
    let address = server.address("smtp");
    // What the first ones cost is the program's own.
    let warm: Vec<TcpStream> = (0..50).map(|_| connect(address)).collect();
    let before = memory_of(server.child.id());
    let idle: Vec<TcpStream> = (0..CLIENTS).map(|_| connect(address)).collect();
    let each = memory_of(server.child.id()).saturating_sub(before) / CLIENTS;
    println!("{CLIENTS} idle connections: {each} octets each");
    assert!(each < 12 * 1024, "{each} octets for an idle connection");

    let started = Instant::now();
    let mut client = Raw::greeted(address);
    for _ in 0..100 {
        client.send(MAIL);
        assert_eq!(client.codes(3), [250, 250, 250]);
    }
    println!("100 mails beside them: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(20));
    drop((warm, idle));
    assert!(server.stop().0);
}
