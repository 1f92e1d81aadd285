//! Tests of sockets in the file system.

use super::connect::{ConnectOptions, Proxy, ProxyVersion, Target};
use super::fault::{Fault, on_this_thread};
use super::tests_support::*;
use super::wait::Cancel;
use crate::error::Cause;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

/// A folder of the test's own, removed after it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("helo-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_socket_of_the_file_system_carries_bytes() {
    let folder = Folder::new("carries");
    let path = folder.0.join("smtp");
    let listener = UnixListener::bind(&path).unwrap();
    let cancel = Cancel::new();
    let mut client = connect(Target::Unix(path.clone()), ConnectOptions::default(), &cancel).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert_eq!(client.peer(), path.display().to_string());
    server.write_all(b"220 x").unwrap();
    assert_eq!(read_exactly(client.as_mut(), &cancel, 5), b"220 x");
    write_all(client.as_mut(), &cancel, b"QUIT");
    client.close();
    let mut got = Vec::new();
    server.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"QUIT");
}

#[test]
fn a_busy_socket_of_the_file_system_is_waited_for() {
    let folder = Folder::new("busy");
    let path = folder.0.join("smtp");
    let address = socket2::SockAddr::unix(&path).unwrap();
    let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(0).unwrap();
    let _first = connect(Target::Unix(path.clone()), ConnectOptions::default(), &Cancel::new()).unwrap();
    let soon = Some(Instant::now() + Duration::from_millis(60));
    let busy = connect_until(Target::Unix(path.clone()), ConnectOptions::default(), &Cancel::new(), soon);
    assert_eq!(busy.err().unwrap().cause, Cause::TimedOut);
    let accepting = thread::spawn(move || (listener.accept().unwrap(), listener));
    assert!(connect(Target::Unix(path), ConnectOptions::default(), &Cancel::new()).is_ok());
    accepting.join().unwrap();
}

#[test]
fn what_is_no_socket_of_the_file_system_is_told() {
    let folder = Folder::new("none");
    let path = folder.0.join("nobody");
    let error = refusal(Target::Unix(path.clone()), ConnectOptions::default());
    assert_eq!(error.cause, Cause::NotResponding);
    assert!(error.detail.contains("nobody"), "{error}");
    let long = folder.0.join("x".repeat(200));
    assert_eq!(refusal(Target::Unix(long), ConnectOptions::default()).cause, Cause::BadArgument);
    let _guard = on_this_thread(Fault::Socket);
    assert_eq!(refusal(Target::Unix(path.clone()), ConnectOptions::default()).cause, Cause::NoSocket);
    let proxy = Some(Proxy::new(ProxyVersion::Socks5, "127.0.0.1", 1080));
    let options = ConnectOptions { proxy, ..ConnectOptions::default() };
    assert_eq!(refusal(Target::Unix(path), options).cause, Cause::BadArgument);
}
