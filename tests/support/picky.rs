//! An SMTP server that departs from the usual where a test says so: it sees each command with what was sent ahead of its
//! turn, and may refuse a message in its middle.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A command, the greeting (verb "") or the end of a message (verb ".").
#[derive(Clone, Debug)]
pub struct Seen {
    /// Of which connection, from 1.
    pub connection: usize,
    pub verb: String,
    pub line: String,
    /// It was there before the reply to the one in front of it was said.
    pub ahead: bool,
    /// There is more behind it.
    pub followed: bool,
    /// The sender of the mail under way.
    pub sender: String,
}

/// What the server does in place of the usual.
#[derive(Clone, Debug)]
pub enum Then {
    Say(String),
    SayAndClose(String),
}

/// After a refusal in the middle of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Reads nothing more and says nothing more.
    Deaf,
    Close,
    /// Reads the rest away; there is no second answer.
    Drain,
}

type Decide = Box<dyn Fn(&Seen) -> Option<Then> + Send + Sync>;

/// Refuses the message of one sender.
#[derive(Clone, Debug)]
pub struct Middle {
    pub sender: &'static str,
    /// After so many octets.
    pub octets: usize,
    pub reply: &'static str,
    pub after: After,
}

#[derive(Default)]
pub struct Rules {
    pub extensions: Vec<&'static str>,
    pub decide: Option<Decide>,
    pub middle: Option<Middle>,
}

#[derive(Default)]
struct Shared {
    rules: Rules,
    connections: AtomicUsize,
    stopping: AtomicBool,
    seen: Mutex<Vec<Seen>>,
    taken: Mutex<Vec<(String, String)>>,
    open: Mutex<Vec<TcpStream>>,
}

/// The running server; it stops when dropped.
pub struct Picky {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Picky {
    pub fn start(rules: Rules) -> Picky {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { rules, ..Shared::default() });
        let of_thread = shared.clone();
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                for stream in listener.incoming().flatten() {
                    if of_thread.stopping.load(Ordering::Acquire) {
                        return;
                    }
                    lock(&of_thread.open).extend(stream.try_clone());
                    let number = of_thread.connections.fetch_add(1, Ordering::AcqRel) + 1;
                    let shared = of_thread.clone();
                    scope.spawn(move || Talk::new(&shared, stream, number).run());
                }
            });
        });
        Picky { address, shared, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// Sender and recipient of what was taken, in this order.
    pub fn taken(&self) -> Vec<(String, String)> {
        lock(&self.shared.taken).clone()
    }

    /// Everything that came, in this order.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    pub fn count(&self, verb: &str) -> usize {
        self.seen().iter().filter(|seen| seen.verb == verb).count()
    }
}

impl Drop for Picky {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        for stream in lock(&self.shared.open).iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Talk<'a> {
    shared: &'a Shared,
    stream: TcpStream,
    number: usize,
    buffer: Vec<u8>,
    /// So much of the buffer was there when the last reply was said.
    early: usize,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// The connection is over.
struct Over;

impl From<io::Error> for Over {
    fn from(_: io::Error) -> Over {
        Over
    }
}

type Result<T> = std::result::Result<T, Over>;

impl<'a> Talk<'a> {
    fn new(shared: &'a Shared, stream: TcpStream, number: usize) -> Talk<'a> {
        let (buffer, early, sender, recipients) = (Vec::new(), 0, None, Vec::new());
        Talk { shared, stream, number, buffer, early, sender, recipients }
    }

    fn run(mut self) {
        let _ = self.talk();
        let _ = self.stream.shutdown(Shutdown::Write);
        // What still comes is read, so that closing does not reset what the client has not read yet.
        let mut rest = [0; 4096];
        while matches!(self.stream.read(&mut rest), Ok(1..)) {}
    }

    fn talk(&mut self) -> Result<()> {
        if !self.answer("", "", false, "220 picky ESMTP")? {
            // A client that is refused says QUIT.
            while let Ok(line) = self.line() {
                self.answer(verb_of(&line), &line, false, "221 bye")?;
            }
            return Err(Over);
        }
        loop {
            let from_here = self.buffer.len();
            let line = self.line()?;
            let ahead = from_here > 0 && self.early >= line.len();
            self.early = self.early.saturating_sub(line.len());
            let line = line.trim_end().to_owned();
            self.command(&line, ahead)?;
        }
    }

    fn command(&mut self, line: &str, ahead: bool) -> Result<()> {
        let verb = verb_of(line).to_owned();
        match verb.as_str() {
            "EHLO" => {
                let names = self.shared.rules.extensions.iter().map(|name| format!("\r\n250-{name}"));
                let usual = format!("250-picky{}\r\n250 HELP", names.collect::<String>());
                self.answer(&verb, line, ahead, &usual)?;
            }
            "MAIL" => {
                let path = path_of(line);
                self.sender = Some(path.clone());
                if !self.answer(&verb, line, ahead, "250 2.1.0 ok")? {
                    self.sender = None;
                }
                self.recipients.clear();
            }
            "RCPT" => {
                let usual = if self.sender.is_some() { "250 2.1.5 ok" } else { "503 5.5.1 MAIL first" };
                if self.answer(&verb, line, ahead, usual)? && self.sender.is_some() {
                    self.recipients.push(path_of(line));
                }
            }
            "DATA" if self.recipients.is_empty() => _ = self.answer(&verb, line, ahead, "503 5.5.1 RCPT first")?,
            "DATA" => {
                if self.answer(&verb, line, ahead, "354 go")? {
                    match self.body(None)? {
                        true => self.end(".")?,
                        false => (self.sender, self.recipients) = (None, Vec::new()),
                    }
                }
            }
            "BDAT" => {
                let length = line.split(' ').nth(1).and_then(|length| length.parse().ok()).ok_or(Over)?;
                if self.recipients.is_empty() {
                    self.take(length)?;
                    self.answer(&verb, line, ahead, "503 5.5.1 RCPT first")?;
                } else if !self.body(Some(length))? {
                    self.sender = None;
                    self.recipients.clear();
                } else if line.ends_with("LAST") {
                    self.end("BDAT")?;
                } else {
                    self.answer(&verb, line, ahead, "250 2.0.0 more")?;
                }
            }
            "RSET" => {
                (self.sender, self.recipients) = (None, Vec::new());
                self.answer(&verb, line, ahead, "250 2.0.0 ok")?;
            }
            "QUIT" => {
                self.answer(&verb, line, ahead, "221 2.0.0 bye")?;
                return Err(Over);
            }
            _ => _ = self.answer(&verb, line, ahead, "500 5.5.2 what?")?,
        }
        Ok(())
    }

    /// The end of a message.
    fn end(&mut self, verb: &str) -> Result<()> {
        if self.answer(verb, "end", false, "250 2.0.0 taken")? {
            let sender = self.sender.clone().unwrap_or_default();
            let taken = self.recipients.iter().map(|to| (sender.clone(), to.clone()));
            lock(&self.shared.taken).extend(taken);
        }
        (self.sender, self.recipients) = (None, Vec::new());
        Ok(())
    }

    /// Reads a body, to its dot or so many octets; false when it was refused in the middle.
    fn body(&mut self, length: Option<usize>) -> Result<bool> {
        let middle = self.shared.rules.middle.clone();
        let middle = middle.filter(|middle| self.sender.as_deref() == Some(middle.sender));
        let mut refused = false;
        let mut had = 0;
        loop {
            if let Some(middle) = middle.as_ref().filter(|middle| !refused && had >= middle.octets) {
                refused = true;
                self.stream.write_all(format!("{}\r\n", middle.reply).as_bytes())?;
                match middle.after {
                    After::Deaf => self.deaf()?,
                    After::Close => return Err(Over),
                    After::Drain => {}
                }
            }
            let end = match length {
                Some(length) => (had + self.buffer.len() >= length).then(|| length - had),
                None if had == 0 && self.buffer.starts_with(b".\r\n") => Some(3),
                None => memchr::memmem::find(&self.buffer, b"\r\n.\r\n").map(|at| at + 5),
            };
            // What may be the beginning of the end stays.
            let most = middle.as_ref().map_or(usize::MAX, |middle| middle.octets);
            let rest = if length.is_none() { self.buffer.len().saturating_sub(4) } else { self.buffer.len() };
            let used = end.unwrap_or(rest);
            if !refused && middle.is_some() && had + used >= most && used > 0 {
                let part = used.min(most - had);
                self.buffer.drain(..part);
                had += part;
                continue;
            }
            self.buffer.drain(..used);
            had += used;
            if end.is_some() {
                return Ok(!refused);
            }
            self.read()?;
        }
    }

    /// Neither reads nor speaks until the client goes away or the test is over.
    fn deaf(&mut self) -> Result<()> {
        use rustix::event::{PollFd, PollFlags, poll};
        while !self.shared.stopping.load(Ordering::Acquire) {
            let moment = rustix::event::Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            let mut fds = [PollFd::new(&self.stream, PollFlags::RDHUP)];
            if !matches!(poll(&mut fds, Some(&moment)), Ok(0)) {
                break;
            }
        }
        Err(Over)
    }

    /// Says what the rules say, else the usual; whether it was a yes.
    fn answer(&mut self, verb: &str, line: &str, ahead: bool, usual: &str) -> Result<bool> {
        self.stream.set_nonblocking(true)?;
        let _ = self.read();
        self.stream.set_nonblocking(false)?;
        let seen = Seen {
            connection: self.number,
            verb: verb.to_owned(),
            line: line.to_owned(),
            ahead,
            followed: !self.buffer.is_empty(),
            sender: self.sender.clone().unwrap_or_default(),
        };
        let then = self.shared.rules.decide.as_ref().and_then(|decide| decide(&seen));
        lock(&self.shared.seen).push(seen);
        let (text, close) = match then {
            None => (usual.to_owned(), false),
            Some(Then::Say(text)) => (text, false),
            Some(Then::SayAndClose(text)) => (text, true),
        };
        self.early = self.buffer.len();
        self.stream.write_all(format!("{text}\r\n").as_bytes())?;
        if close { Err(Over) } else { Ok(text.starts_with(['2', '3'])) }
    }

    fn line(&mut self) -> Result<String> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.read()?;
        }
    }

    fn take(&mut self, length: usize) -> Result<()> {
        while self.buffer.len() < length {
            self.read()?;
        }
        self.buffer.drain(..length);
        Ok(())
    }

    fn read(&mut self) -> Result<()> {
        let mut piece = [0; 64 * 1024];
        match self.stream.read(&mut piece)? {
            0 => Err(Over),
            count => {
                self.buffer.extend_from_slice(&piece[..count]);
                Ok(())
            }
        }
    }
}

fn verb_of(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

fn path_of(line: &str) -> String {
    let inner = line.split_once('<').map_or("", |(_, rest)| rest);
    inner.split_once('>').map_or("", |(path, _)| path).to_owned()
}
