//! A network inside the process: any address, any port, no privileges, no descriptors.
//!
//! Both ends of a connection are [`RamStream`]s with a bounded buffer in each direction. A stream rings its waker on
//! any change, so that a wait on it costs nothing until something happens.

use super::transport::{Source, Transport, WakeSlot, closed};
use super::wait::Waker;
use crate::net::lock::Mutex;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Weak};

/// So many octets wait in each direction of a connection.
pub const CAPACITY: usize = 64 * 1024;
/// So many connections wait to be accepted.
pub const BACKLOG: usize = 128;
/// Ports given out by the network itself begin here.
const FIRST_FREE_PORT: u16 = 49152;

/// A network. Clones are the same network.
#[derive(Clone, Debug, Default)]
pub struct RamNetwork(Arc<Mutex<Ports>>);

#[derive(Debug, Default)]
struct Ports {
    listeners: HashMap<SocketAddr, Weak<Door>>,
    /// How many ports were given out so far.
    given: u16,
}

impl Ports {
    /// The next port of the free range; it goes round.
    fn give(&mut self) -> u16 {
        let port = FIRST_FREE_PORT + self.given;
        self.given = (self.given + 1) % (u16::MAX - FIRST_FREE_PORT + 1);
        port
    }
}

impl RamNetwork {
    /// A network with nobody on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens at `address`. Port 0 takes a free one; the unspecified address takes connections to every address.
    pub fn listen(&self, address: SocketAddr) -> io::Result<RamListener> {
        self.listen_with(address, BACKLOG)
    }

    /// The same with a backlog of the caller's choice.
    pub fn listen_with(&self, mut address: SocketAddr, backlog: usize) -> io::Result<RamListener> {
        let mut ports = self.0.lock();
        if address.port() == 0 {
            for _ in FIRST_FREE_PORT..=u16::MAX {
                address.set_port(ports.give());
                if !ports.listeners.contains_key(&address) {
                    break;
                }
            }
        }
        if ports.listeners.get(&address).is_some_and(|door| door.strong_count() > 0) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let door = Arc::new(Door { address, backlog: backlog.max(1), queue: Mutex::default(), slot: WakeSlot::new() });
        ports.listeners.insert(address, Arc::downgrade(&door));
        Ok(RamListener { network: self.clone(), door })
    }

    /// Connects to the listener at `to`. `ConnectionRefused` when there is none; `WouldBlock` when its backlog is
    /// full: then `waker` rings when that may have changed.
    pub fn connect(&self, from: Option<IpAddr>, to: SocketAddr, waker: &Waker) -> io::Result<RamStream> {
        let (door, port) = {
            let mut ports = self.0.lock();
            let any: IpAddr = match to {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            let exact = ports.listeners.get(&to).and_then(Weak::upgrade);
            let door = exact.or_else(|| ports.listeners.get(&SocketAddr::new(any, to.port())).and_then(Weak::upgrade));
            (door.ok_or(ErrorKind::ConnectionRefused)?, ports.give())
        };
        let mut queue = door.queue.lock();
        if queue.waiting.len() >= door.backlog {
            if !queue.wakers.iter().any(|known| known.is(waker)) {
                queue.wakers.push(waker.clone());
            }
            return Err(ErrorKind::WouldBlock.into());
        }
        let from = SocketAddr::new(from.unwrap_or(to.ip()), port);
        let (client, server) = RamStream::between(from, to, CAPACITY);
        queue.waiting.push_back(server);
        drop(queue);
        door.slot.wake();
        Ok(client)
    }
}

/// What connecting and accepting share.
#[derive(Debug)]
struct Door {
    address: SocketAddr,
    backlog: usize,
    queue: Mutex<Queue>,
    slot: WakeSlot,
}

#[derive(Debug, Default)]
struct Queue {
    /// Connected and not accepted yet.
    waiting: VecDeque<RamStream>,
    /// Who found the backlog full.
    wakers: Vec<Waker>,
}

/// Takes connections at one address of a [`RamNetwork`], until it is dropped.
#[derive(Debug)]
pub struct RamListener {
    network: RamNetwork,
    door: Arc<Door>,
}

impl RamListener {
    /// The next connection: `WouldBlock` when there is none.
    pub fn accept(&self) -> io::Result<RamStream> {
        let mut queue = self.door.queue.lock();
        let stream = queue.waiting.pop_front().ok_or(ErrorKind::WouldBlock)?;
        let wakers = core::mem::take(&mut queue.wakers);
        drop(queue);
        wakers.iter().for_each(Waker::wake);
        Ok(stream)
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.door.address
    }

    /// Whom to wake when a connection has come.
    pub fn set_waker(&self, waker: &Waker) {
        self.door.slot.set(waker);
    }
}

impl Drop for RamListener {
    fn drop(&mut self) {
        self.network.0.lock().listeners.remove(&self.door.address);
        let (waiting, wakers) = {
            let mut queue = self.door.queue.lock();
            (core::mem::take(&mut queue.waiting), core::mem::take(&mut queue.wakers))
        };
        // Nobody will serve those that wait at the door, and those that wait for room shall see that it is gone.
        for mut stream in waiting {
            stream.abort();
        }
        wakers.iter().for_each(Waker::wake);
    }
}

/// One end of a connection inside the process.
#[derive(Debug)]
pub struct RamStream {
    cable: Arc<Cable>,
    /// Which of the two ends this is.
    side: usize,
}

#[derive(Debug)]
struct Cable {
    capacity: usize,
    lanes: Mutex<Lanes>,
    /// Whom to wake at each end.
    slots: [WakeSlot; 2],
    addresses: [SocketAddr; 2],
}

#[derive(Debug, Default)]
struct Lanes {
    /// What each end has written and the other has not read yet.
    data: [VecDeque<u8>; 2],
    /// Each end writes and reads no more.
    ended: [bool; 2],
    /// An end broke the connection off.
    reset: bool,
}

/// Two connected streams without a network.
pub fn pair() -> (RamStream, RamStream) {
    pair_with(CAPACITY)
}

/// Two connected streams with `capacity` octets of buffer in each direction.
pub fn pair_with(capacity: usize) -> (RamStream, RamStream) {
    let nowhere = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    RamStream::between(nowhere, nowhere, capacity.max(1))
}

impl RamStream {
    fn between(one: SocketAddr, other: SocketAddr, capacity: usize) -> (RamStream, RamStream) {
        let cable = Arc::new(Cable {
            capacity,
            lanes: Mutex::default(),
            slots: [WakeSlot::new(), WakeSlot::new()],
            addresses: [one, other],
        });
        (RamStream { cable: cable.clone(), side: 0 }, RamStream { cable, side: 1 })
    }

    fn end(&mut self, reset: bool) {
        {
            let mut lanes = self.cable.lanes.lock();
            if lanes.ended[self.side] {
                return;
            }
            lanes.ended[self.side] = true;
            // What the other end sent is read by nobody now; what this one sent is lost only in a reset.
            lanes.data[1 - self.side] = VecDeque::new();
            if reset {
                lanes.reset = true;
                lanes.data[self.side] = VecDeque::new();
            }
        }
        self.cable.slots[self.side].clear();
        self.cable.slots[1 - self.side].wake();
    }
}

impl Transport for RamStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = {
            let mut lanes = self.cable.lanes.lock();
            if lanes.ended[self.side] {
                return Err(closed());
            }
            if lanes.reset {
                return Err(ErrorKind::ConnectionReset.into());
            }
            let other_ended = lanes.ended[1 - self.side];
            let data = &mut lanes.data[1 - self.side];
            if data.is_empty() && !buf.is_empty() {
                return if other_ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
            }
            let count = data.len().min(buf.len());
            let (front, back) = data.as_slices();
            let first = front.len().min(count);
            buf[..first].copy_from_slice(&front[..first]);
            buf[first..count].copy_from_slice(&back[..count - first]);
            data.drain(..count);
            count
        };
        if count > 0 {
            self.cable.slots[1 - self.side].wake();
        }
        Ok(count)
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let count = {
            let mut lanes = self.cable.lanes.lock();
            if lanes.ended[self.side] {
                return Err(closed());
            }
            if lanes.reset {
                return Err(ErrorKind::ConnectionReset.into());
            }
            if lanes.ended[1 - self.side] {
                return Err(ErrorKind::BrokenPipe.into());
            }
            let data = &mut lanes.data[self.side];
            let before = data.len();
            for buf in bufs {
                let room = self.cable.capacity - data.len();
                data.extend(&buf[..room.min(buf.len())]);
            }
            data.len() - before
        };
        if count > 0 {
            self.cable.slots[1 - self.side].wake();
        } else if bufs.iter().any(|buf| !buf.is_empty()) {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(count)
    }

    fn source(&self) -> Source<'_> {
        Source::Notified
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.cable.slots[self.side].set(waker);
    }

    fn abort(&mut self) {
        self.end(true);
    }

    fn close(&mut self) {
        self.end(false);
    }

    fn peer(&self) -> String {
        self.cable.addresses[1 - self.side].to_string()
    }

    fn local(&self) -> String {
        self.cable.addresses[self.side].to_string()
    }

    /// Nobody outside this process sees it.
    fn is_secure(&self) -> bool {
        true
    }
}

impl Drop for RamStream {
    fn drop(&mut self) {
        self.end(false);
    }
}
