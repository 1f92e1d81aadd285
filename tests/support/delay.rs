//! A proxy that makes the way long: each direction is held back by half the round trip. It counts *flights*: how often
//! the client had to wait for the server before it went on.
//!
//! A flight is what the client sends without needing what the server answers to it. The first bytes are flight 1;
//! bytes sent after the client has seen an answer to flight n are flight n + 1. For a client that sends and then waits,
//! that is the number of its bursts; for one that goes on sending while answers to earlier bytes come in, it still is
//! the number of round trips that the whole took, whatever the timing.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One way through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// The running proxy; it ends with its last connections when dropped.
pub struct DelayProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    server: SocketAddr,
    half: Duration,
    flights: AtomicU64,
    connections: AtomicU64,
    bytes: [AtomicU64; 2],
    stopping: AtomicBool,
    paused: Mutex<[bool; 2]>,
    resumed: Condvar,
    open: Mutex<Vec<TcpStream>>,
}

/// Bytes on their way: when they are due and to which flight they belong.
struct Packet {
    due: Instant,
    flight: u64,
    bytes: Vec<u8>,
}

/// What the two ends of a connection have seen: the latest flight of which bytes have reached them.
#[derive(Default)]
struct Seen {
    client: AtomicU64,
    server: AtomicU64,
}

impl DelayProxy {
    /// Forwards a free port of 127.0.0.1 to `server`, `round_trip` away.
    pub fn start(server: SocketAddr, round_trip: Duration) -> DelayProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server,
            half: round_trip / 2,
            flights: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            bytes: Default::default(),
            stopping: AtomicBool::new(false),
            paused: Mutex::default(),
            resumed: Condvar::new(),
            open: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        DelayProxy { address, shared, acceptor: Some(acceptor) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Flights so far, all connections together.
    pub fn flights(&self) -> u64 {
        self.shared.flights.load(Ordering::SeqCst)
    }

    /// Connections so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Bytes read from one side so far.
    pub fn bytes(&self, direction: Direction) -> u64 {
        self.shared.bytes[direction as usize].load(Ordering::SeqCst)
    }

    /// Stops reading in one direction (after the read that is under way, of at most 256 KiB): its sender will find
    /// the way full.
    pub fn pause(&self, direction: Direction) {
        self.shared.paused.lock().expect("no panic")[direction as usize] = true;
    }

    /// Reads on.
    pub fn resume(&self, direction: Direction) {
        self.shared.paused.lock().expect("no panic")[direction as usize] = false;
        self.shared.resumed.notify_all();
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.resume(Direction::ToServer);
        self.resume(Direction::ToClient);
        for stream in self.shared.open.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // The acceptor looks at `stopping` after each connection.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok(client) = client else { continue };
        let Ok(server) = TcpStream::connect(shared.server) else { continue };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let seen = Arc::new(Seen::default());
        threads.extend(connect(shared, &seen, &client, &server, Direction::ToServer));
        threads.extend(connect(shared, &seen, &server, &client, Direction::ToClient));
        shared.open.lock().expect("no panic").extend([client, server]);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Starts the two threads of one direction: one reads and stamps, one writes what is due.
fn connect(
    shared: &Arc<Shared>,
    seen: &Arc<Seen>,
    from: &TcpStream,
    to: &TcpStream,
    direction: Direction,
) -> Vec<JoinHandle<()>> {
    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return Vec::new() };
    let (sender, receiver) = channel();
    let (reader_shared, reader_seen) = (Arc::clone(shared), Arc::clone(seen));
    let seen = Arc::clone(seen);
    vec![
        std::thread::spawn(move || read(&reader_shared, &reader_seen, from, direction, &sender)),
        std::thread::spawn(move || write(&seen, to, direction, &receiver)),
    ]
}

fn read(shared: &Shared, seen: &Seen, mut from: TcpStream, direction: Direction, out: &Sender<Packet>) {
    let mut buffer = vec![0; 256 * 1024];
    let mut counted = 0;
    loop {
        let mut paused = shared.paused.lock().expect("no panic");
        while paused[direction as usize] {
            paused = shared.resumed.wait(paused).expect("no panic");
        }
        drop(paused);
        let Ok(count @ 1..) = from.read(&mut buffer) else { return };
        let flight = match direction {
            Direction::ToServer => seen.client.load(Ordering::SeqCst) + 1,
            Direction::ToClient => seen.server.load(Ordering::SeqCst),
        };
        if direction == Direction::ToServer {
            // On one connection the number only grows; over several their sum is meant.
            shared.flights.fetch_add(flight.saturating_sub(counted), Ordering::SeqCst);
            counted = counted.max(flight);
        }
        shared.bytes[direction as usize].fetch_add(count as u64, Ordering::SeqCst);
        let due = Instant::now() + shared.half;
        if out.send(Packet { due, flight, bytes: buffer[..count].to_vec() }).is_err() {
            return;
        }
    }
}

fn write(seen: &Seen, mut to: TcpStream, direction: Direction, packets: &Receiver<Packet>) {
    for packet in packets {
        std::thread::sleep(packet.due.saturating_duration_since(Instant::now())); // this is the delay
        // Before the write: whoever answers these bytes has seen them.
        match direction {
            Direction::ToServer => seen.server.fetch_max(packet.flight, Ordering::SeqCst),
            Direction::ToClient => seen.client.fetch_max(packet.flight, Ordering::SeqCst),
        };
        if to.write_all(&packet.bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
