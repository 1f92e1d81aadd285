//! What the loops of a server share: limits, counts, the workers, and how one reaches each loop.

use super::connections::{Admitted, Connections};
use super::log::{self, Floods, Log, What};
use super::pool::Pool;
use super::service::Service;
use super::session::Worked;
use super::slots::Key;
use crate::net::lock::Mutex;
use crate::net::polled::PolledTransport;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Most threads for logins, which never wait in one queue with mail; 0 for half of the processors, or 32 where users are
    /// looked up in places that may have to be waited for.
    pub login_threads: usize,
    /// Most connections at a time, 0 for no limit; one more is answered with 421.
    pub connections: usize,
    /// Most connections at a time from one client ([`clients`](super::clients) says who is one), 0 for no limit. Behind a
    /// proxy the clients that it names count. Clients on this machine have no limit.
    pub connections_per_client: usize,
}

impl Default for Limits {
    /// 512 workers, 20,000 connections, 50 from one client.
    fn default() -> Self {
        Limits { threads: 0, workers: 512, login_threads: 0, connections: 20_000, connections_per_client: 50 }
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
    pub(super) admitted: Admitted,
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
    pub(super) pool: Pool,
    /// For logins.
    pub(super) logins: Pool,
    pub(super) log: Arc<dyn Log>,
    floods: Arc<Floods>,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) connections: Arc<Connections>,
    ending: AtomicBool,
}

impl Shared {
    pub(super) fn new(limits: Limits, log: Arc<dyn Log>, floods: Arc<Floods>, mailboxes: Vec<Mailbox>) -> Self {
        Shared {
            pool: Pool::new(limits.workers),
            logins: Pool::yielding(limits.login_threads),
            log,
            floods,
            mailboxes,
            connections: Connections::new(limits.connections, limits.connections_per_client),
            ending: AtomicBool::new(false),
        }
    }

    /// How many connections there are.
    pub(super) fn open(&self) -> usize {
        self.connections.open()
    }

    /// The server begins to end.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
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
                admitted: shared.connections.admit(None).unwrap(),
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
}
