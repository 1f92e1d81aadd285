//! A relay that breaks the connection after so many bytes.

use rustix::event::{PollFd, PollFlags, poll};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Who gets the bytes that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Server,
    Client,
}

/// The running relay, for one connection. Dropping it waits until both ends are closed.
pub struct Breaker {
    address: SocketAddr,
    passed: Arc<[AtomicUsize; 2]>,
    heard: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Breaker {
    /// Relays one connection to `server` as it is.
    pub fn whole(server: SocketAddr) -> Breaker {
        Breaker::start(server, Side::Server, usize::MAX, false)
    }

    /// Relays one connection to `server`; after `limit` bytes to `side` both ends are closed, the client's by a reset when
    /// `reset` says so.
    pub fn start(server: SocketAddr, side: Side, limit: usize, reset: bool) -> Breaker {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let passed = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let counts = Arc::clone(&passed);
        let heard = Arc::new(Mutex::default());
        let to_server = Arc::clone(&heard);
        let thread = std::thread::spawn(move || {
            let Ok((client, _)) = listener.accept() else { return };
            let Ok(server) = TcpStream::connect(server) else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            relay(&client, &server, side, limit, &counts, &to_server);
            if reset {
                // Closing is a reset then.
                let _ = socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO));
            }
            drop(client);
            // The server has read what it was to get when it closes its side.
            let _ = server.shutdown(Shutdown::Write);
            let _ = server.set_read_timeout(Some(super::wait::LONG));
            while matches!((&server).read(&mut [0; 4096]), Ok(1..)) {}
        });
        Breaker { address, passed, heard, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the end of the connection: how many bytes went to the server and to the client.
    pub fn passed(mut self) -> (usize, usize) {
        self.join();
        (self.passed[0].load(Ordering::Acquire), self.passed[1].load(Ordering::Acquire))
    }

    /// Waits for the end of the connection: what the client said, what is not UTF-8 replaced.
    pub fn heard(mut self) -> String {
        self.join();
        String::from_utf8_lossy(&self.heard.lock().expect("no panic")).into_owned()
    }

    fn join(&mut self) {
        // A client that never came.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Breaker {
    fn drop(&mut self) {
        self.join();
    }
}

/// Passes bytes on until the limit or until one side ends.
fn relay(
    client: &TcpStream,
    server: &TcpStream,
    side: Side,
    limit: usize,
    counts: &[AtomicUsize; 2],
    heard: &Mutex<Vec<u8>>,
) {
    let mut buffer = [0; 16 * 1024];
    let limits = match side {
        Side::Server => [limit, usize::MAX],
        Side::Client => [usize::MAX, limit],
    };
    let ways = [(client, server), (server, client)];
    loop {
        let ready = {
            let mut fds = ways.map(|(from, _)| PollFd::new(from, PollFlags::IN));
            if poll(&mut fds, None).is_err() {
                return;
            }
            [!fds[0].revents().is_empty(), !fds[1].revents().is_empty()]
        };
        for (way, (mut from, mut to)) in ways.into_iter().enumerate() {
            let left = limits[way] - counts[way].load(Ordering::Acquire);
            if left == 0 {
                return;
            }
            if !ready[way] {
                continue;
            }
            let room = left.min(buffer.len());
            match from.read(&mut buffer[..room]) {
                Ok(count @ 1..) if to.write_all(&buffer[..count]).is_ok() => {
                    if way == 0 {
                        heard.lock().expect("no panic").extend_from_slice(&buffer[..count]);
                    }
                    if counts[way].fetch_add(count, Ordering::AcqRel) + count == limits[way] {
                        return;
                    }
                }
                _ => return,
            }
        }
    }
}
