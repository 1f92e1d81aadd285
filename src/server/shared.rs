//! What the loops of a server share: limits, counts, the workers, and how one reaches each loop.

use super::log::{self, Floods, Log, What};
use super::pool::Pool;
use super::service::Service;
use super::session::Worked;
use super::slots::Key;
use crate::net::lock::Mutex;
use crate::net::polled::PolledTransport;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How much a server does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Threads that serve sessions, many each; 0 for half of the processors.
    pub threads: usize,
    /// Most workers: threads for what may block (callbacks, disks). They are started when they are needed; beyond 32 only
    /// while work waits because these all wait for something themselves. When there are as many that wait, everybody
    /// else who needs one does, too.
    pub workers: usize,
    /// Most connections at a time; one more is answered with 421.
    pub connections: usize,
    /// Most connections at a time from one client (an IPv4 address, the first 64 bits of an IPv6 address), 0 for no
    /// limit. Clients on this machine have none.
    pub connections_per_client: usize,
}

impl Default for Limits {
    /// 512 workers, 20,000 connections, 50 from one client.
    fn default() -> Self {
        Limits { threads: 0, workers: 512, connections: 20_000, connections_per_client: 50 }
    }
}

/// What a loop is told.
pub(super) enum Message {
    /// Serve this connection.
    Take(Box<Arrival>),
    /// A worker has done what this session wanted.
    Worked(Key, Worked),
    /// No new connections, and the sessions end; at this time those that are left are broken off.
    Stop(Instant),
}

/// A connection that was accepted.
pub(super) struct Arrival {
    pub(super) transport: PolledTransport,
    pub(super) service: Arc<Service>,
    pub(super) implicit_tls: bool,
    pub(super) counted: Counted,
}

/// How one reaches a loop.
pub(super) struct Mailbox {
    /// None when the loop is gone.
    messages: Mutex<Option<Vec<Message>>>,
    waker: mio::Waker,
}

impl Mailbox {
    pub(super) fn new(waker: mio::Waker) -> Self {
        Mailbox { messages: Mutex::new(Some(Vec::new())), waker }
    }

    /// Tells it to the loop. When that is gone the message is dropped, and with it the connection that it may hold.
    pub(super) fn post(&self, message: Message) {
        let first = {
            let mut messages = self.messages.lock();
            let Some(messages) = &mut *messages else { return };
            messages.push(message);
            messages.len() == 1
        };
        // It fails only when the loop is gone, or when it is awake anyway.
        if first {
            let _ = self.waker.wake();
        }
    }

    pub(super) fn take(&self) -> Vec<Message> {
        self.messages.lock().as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// The loop is gone: what it was not told any more is dropped, as is all that comes later.
    pub(super) fn close(&self) {
        let left = self.messages.lock().take();
        drop(left);
    }
}

pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) pool: Pool,
    pub(super) log: Arc<dyn Log>,
    floods: Arc<Floods>,
    pub(super) mailboxes: Vec<Mailbox>,
    open: AtomicUsize,
    clients: Mutex<HashMap<IpAddr, usize>>,
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMany {
    InAll,
    OfClient,
}

impl Shared {
    pub(super) fn new(limits: Limits, log: Arc<dyn Log>, floods: Arc<Floods>, mailboxes: Vec<Mailbox>) -> Self {
        Shared {
            limits,
            pool: Pool::new(limits.workers),
            log,
            floods,
            mailboxes,
            open: AtomicUsize::new(0),
            clients: Mutex::default(),
        }
    }

    /// Counts a connection, as long as what comes back lives.
    pub(super) fn count(self: &Arc<Self>, peer: Option<SocketAddr>) -> Result<Counted, TooMany> {
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limits.connections {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(TooMany::InAll);
        }
        let mut counted = Counted { shared: self.clone(), client: None };
        let limit = self.limits.connections_per_client;
        let Some(client) = peer.map(|peer| network(peer.ip())).filter(|ip| limit > 0 && !ip.is_loopback()) else {
            return Ok(counted);
        };
        let mut clients = self.clients.lock();
        let count = clients.entry(client).or_default();
        if *count >= limit {
            drop(clients);
            return Err(TooMany::OfClient);
        }
        *count += 1;
        counted.client = Some(client);
        drop(clients);
        Ok(counted)
    }

    /// How many connections there are.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn notice(&self, text: &str) {
        log::tell(&*self.log, None, What::Notice(text));
    }

    /// The same about somebody who can bring it about as often as he likes.
    pub(super) fn notice_about(&self, client: Option<SocketAddr>, text: &str) {
        self.floods.notice(&*self.log, client.map(|client| client.ip()), text);
    }

    /// The sessions have ended: tells of what was not shown of them.
    pub(super) fn end_log(&self) {
        self.floods.end(&*self.log);
    }
}

/// A client's address: of IPv6 the part that one client cannot choose freely.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) if !v6.is_loopback() => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        other => other,
    }
}

/// A connection that counts.
pub(super) struct Counted {
    shared: Arc<Shared>,
    client: Option<IpAddr>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
        let Some(client) = self.client else { return };
        let mut clients = self.shared.clients.lock();
        if let Some(count) = clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::log::Silent;

    fn shared(limits: Limits, mailboxes: Vec<Mailbox>) -> Shared {
        Shared::new(limits, Arc::new(Silent), Arc::new(Floods::new()), mailboxes)
    }

    /// A loop that has ended keeps nobody waiting whom another one hands over to it.
    #[test]
    fn what_a_loop_is_told_after_its_end_is_dropped() {
        use crate::server::spool::Discard;
        use std::io::Read;
        let poll = mio::Poll::new().unwrap();
        let mailbox = Mailbox::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap());
        let shared = Arc::new(shared(Limits::default(), vec![mailbox]));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let arrive = || {
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (stream, peer) = listener.accept().unwrap();
            let arrival = Arrival {
                transport: PolledTransport::tcp(mio::net::TcpStream::from_std(stream), peer, None),
                service: Arc::new(Service::new("mx.example", Arc::new(Discard::new()))),
                implicit_tls: false,
                counted: shared.count(None).ok().unwrap(),
            };
            shared.mailboxes[0].post(Message::Take(Box::new(arrival)));
            client
        };
        let mut before = arrive();
        assert_eq!(shared.open(), 1);
        shared.mailboxes[0].close();
        let mut after = arrive();
        assert_eq!((shared.open(), Arc::strong_count(&shared)), (0, 1));
        for client in [&mut before, &mut after] {
            assert_eq!(client.read(&mut [0]).unwrap(), 0, "closed");
        }
        assert!(shared.mailboxes[0].take().is_empty());
    }

    #[test]
    fn connections_are_counted_in_all_and_for_each_client() {
        let limits = Limits { connections: 4, connections_per_client: 2, ..Limits::default() };
        let shared = Arc::new(shared(limits, Vec::new()));
        let peer = |text: &str| Some(text.parse().unwrap());
        let one = shared.count(peer("[2001:db8::1]:1")).ok();
        let _two = shared.count(peer("[2001:db8::2]:2")).ok();
        assert_eq!(shared.count(peer("[2001:db8::3]:3")).err(), Some(TooMany::OfClient));
        let _three = shared.count(peer("192.0.2.1:3")).ok();
        let _four = shared.count(None).ok();
        assert_eq!(shared.count(peer("192.0.2.2:3")).err(), Some(TooMany::InAll));
        assert_eq!(shared.open(), 4);
        drop(one);
        assert!(shared.count(peer("[2001:db8::3]:3")).is_ok());
        assert_eq!((shared.open(), shared.clients.lock().len()), (3, 2));
    }

    #[test]
    fn clients_on_this_machine_have_no_limit_of_their_own() {
        let limits = Limits { connections_per_client: 1, ..Limits::default() };
        let shared = Arc::new(shared(limits, Vec::new()));
        let held: Vec<_> = ["127.0.0.1:1", "127.0.0.1:2", "[::1]:1", "[::1]:2"]
            .map(|peer| shared.count(Some(peer.parse().unwrap())).is_ok())
            .into();
        assert_eq!(held, [true; 4]);
    }
}
