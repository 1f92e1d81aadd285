//! A fast SMTP server for tests and benches: takes mail, counts it or keeps it, and refuses by rule.
//!
//! Each connection has a thread. Replies to all commands of one read leave in one write, so that a pipelined batch
//! costs few system calls; a mail of 1 KB by BDAT costs well under a microsecond. It stands alone (`std`, `memchr`,
//! `socket2`), so that benches can take it in with `#[path]`.
//!
//! ```ignore
//! let sink = Sink::start(Options { keep: Keep::Bodies, ..Options::default() });
//! // ... deliver to sink.address() ...
//! assert_eq!(sink.mails()[0].body, b"Subject: x\r\n\r\nhello\r\n");
//! ```
#![allow(dead_code)] // each user takes a part of it

mod body;
mod session;

#[allow(unused_imports)] // each user takes a part of it
pub use body::hash;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What stays of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The numbers only.
    Count,
    /// Envelope, length and hash of the body.
    Hashes,
    /// Envelope, length, hash and the body itself.
    Bodies,
}

/// How the sink behaves.
#[derive(Clone, Debug)]
pub struct Options {
    pub ip: IpAddr,
    pub keep: Keep,
    /// Lines of the EHLO reply after the name, such as `PIPELINING`.
    pub extensions: Vec<String>,
    /// The largest message; 0 for no limit. Announced when `extensions` holds `SIZE`.
    pub size: u64,
    pub rules: Vec<Rule>,
    /// Speak LMTP: LHLO, and a reply for each recipient after the message.
    pub lmtp: bool,
    /// Refuse EHLO with 502, so that the client must say HELO.
    pub no_ehlo: bool,
    /// Read the bytes of a refused chunk away, as RFC 3030 wants; a server that does not reads them as commands.
    pub drain_refused_chunks: bool,
}

impl Default for Options {
    fn default() -> Self {
        let extensions = ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "BINARYMIME"];
        Options {
            ip: Ipv4Addr::LOCALHOST.into(),
            keep: Keep::Count,
            extensions: extensions.into_iter().chain(["ENHANCEDSTATUSCODES"]).map(String::from).collect(),
            size: 0,
            rules: Vec::new(),
            lmtp: false,
            no_ehlo: false,
            drain_refused_chunks: true,
        }
    }
}

impl Options {
    /// The same without one extension.
    pub fn without(mut self, keyword: &str) -> Self {
        self.extensions.retain(|extension| extension != keyword);
        self
    }

    /// The same with one rule more.
    pub fn rule(mut self, when: When, then: Then) -> Self {
        self.rules.push(Rule { when, then });
        self
    }
}

/// A departure from accepting everything. The first rule that fits is taken.
#[derive(Clone, Debug)]
pub struct Rule {
    pub when: When,
    pub then: Then,
}

/// At which point. Mails are counted from 1 by their MAIL commands, over all connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// This connection opens, from 1.
    Greeting(u64),
    /// MAIL of this mail.
    Mail(u64),
    /// MAIL with this sender (without `<>`).
    Sender(String),
    /// RCPT of this mail, the so-manieth of it from 1; 0 for each.
    Rcpt(u64, u64),
    /// RCPT with this recipient (without `<>`).
    Recipient(String),
    /// DATA of this mail.
    Data(u64),
    /// This chunk of this mail has come, from 1.
    Chunk(u64, u64),
    /// The end of this mail's message has come.
    Message(u64),
    /// The so-manieth command of a connection, from 1.
    Command(u64),
}

/// What to do instead of the usual answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Answer this line; what it is for has failed when it begins with 4 or 5.
    Reply(String),
    /// Answer this line and close the connection.
    ReplyAndClose(String),
    /// Close without an answer.
    Close,
    /// Reset the connection.
    Reset,
    /// Read nothing and say nothing until [`Sink::release`]; then the usual answer.
    Hold,
    /// No answer to this; go on with the next.
    Silence,
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// On which connection, from 1.
    pub connection: u64,
    pub sender: String,
    /// What follows the sender, such as `SIZE=10 BODY=8BITMIME`.
    pub parameters: String,
    /// The accepted recipients.
    pub recipients: Vec<String>,
    /// What follows each of them.
    pub recipient_parameters: Vec<String>,
    /// Bytes of the body after unstuffing.
    pub length: u64,
    /// [`hash`] of the body.
    pub hash: u64,
    /// Empty unless bodies are kept.
    pub body: Vec<u8>,
    /// Chunks by which it came; 0 when by DATA.
    pub chunks: u64,
}

/// The running sink; dropping it closes its connections and waits for its threads.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    options: Options,
    mails: AtomicU64,
    bytes: AtomicU64,
    /// MAIL commands so far.
    begun: AtomicU64,
    connections: AtomicU64,
    stopping: AtomicBool,
    stored: Mutex<Vec<Mail>>,
    /// How many sessions are held, and how often they were released.
    hold: Mutex<(u64, u64)>,
    hold_changed: Condvar,
    open: Mutex<HashMap<u64, TcpStream>>,
}

impl Sink {
    /// Listens on a free port.
    pub fn start(options: Options) -> Sink {
        let listener = TcpListener::bind((options.ip, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            options,
            mails: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            stored: Mutex::default(),
            hold: Mutex::default(),
            hold_changed: Condvar::new(),
            open: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        Sink { address, shared, acceptor: Some(acceptor) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Mails taken so far. A mail is counted before its answer leaves.
    pub fn count(&self) -> u64 {
        self.shared.mails.load(Ordering::Acquire)
    }

    /// Bytes of the bodies taken so far.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Acquire)
    }

    /// Connections so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// The mails taken so far, in the order of their ends.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.shared.stored).clone()
    }

    /// Waits until a session is held by a rule; false after `limit`.
    pub fn wait_held(&self, limit: Duration) -> bool {
        let held = lock(&self.shared.hold);
        let wait = self.shared.hold_changed.wait_timeout_while(held, limit, |(held, _)| *held == 0);
        wait.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }

    /// Lets all held sessions go on.
    pub fn release(&self) {
        lock(&self.shared.hold).1 += 1;
        self.shared.hold_changed.notify_all();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.release();
        for stream in lock(&self.shared.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // The acceptor looks at `stopping` after each connection.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    /// What the rules say at this point.
    fn rule(&self, fits: impl Fn(&When) -> bool) -> Option<Then> {
        self.options.rules.iter().find(|rule| fits(&rule.when)).map(|rule| rule.then.clone())
    }

    fn wait_released(&self) {
        let mut hold = lock(&self.hold);
        let releases = hold.1;
        hold.0 += 1;
        self.hold_changed.notify_all();
        while hold.1 == releases && !self.stopping.load(Ordering::SeqCst) {
            hold = self.hold_changed.wait(hold).unwrap_or_else(PoisonError::into_inner);
        }
        hold.0 -= 1;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else { continue };
        let number = shared.connections.fetch_add(1, Ordering::AcqRel) + 1;
        if let Ok(clone) = stream.try_clone() {
            lock(&shared.open).insert(number, clone);
        }
        threads.retain(|thread| !thread.is_finished());
        let for_thread = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            // An error is the client's going away; what it left is not counted.
            let _ = session::run(&for_thread, &stream, number);
            lock(&for_thread.open).remove(&number);
        }));
    }
    // Connections that came between the flag and here.
    for stream in lock(&shared.open).values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}
