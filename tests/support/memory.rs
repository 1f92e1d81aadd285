//! A server in memory, and a way to it that can be cut at any byte: what the client sends is answered within the call
//! that sends it, so a session of a few hundred bytes takes microseconds and always goes the same way.

use helo::net::transport::{Source, Transport, WakeSlot};
use helo::net::wait::Waker;
use helo::proto::reply::Reply;
use helo::proto::server::{Config, Dialogue, Event};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard};

/// A mail that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub sender: String,
    pub recipients: Vec<String>,
    pub body: Vec<u8>,
    /// Where in the client's bytes its message ended.
    pub end: usize,
}

/// How the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The client reads an end.
    Close,
    /// The client's reads and writes fail.
    Reset,
    /// Nothing happens any more.
    Silence,
}

/// Where the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Never.
    No,
    /// The client's system takes so many bytes and no more.
    Taken(usize, How),
    /// The client's system takes everything, but so many bytes arrive.
    Arrived(usize, How),
    /// The client gets so many bytes.
    Answered(usize, How),
}

/// What happened, for looking at afterwards. Clones are the same.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Seen>>);

#[derive(Default)]
pub struct Seen {
    pub stored: Vec<Stored>,
    /// What the client's system has taken.
    pub taken: Vec<u8>,
    /// What the client has read.
    pub read: usize,
    /// How many of the transports are gone.
    pub gone: usize,
}

impl Log {
    pub fn look(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("no panic")
    }
}

/// The client's end of a connection to a server of its own.
pub struct MemoryTransport {
    dialogue: Dialogue,
    cut: Cut,
    log: Log,
    waker: WakeSlot,
    /// How many bytes the server has been given.
    arrived: usize,
    mail: Option<Stored>,
    /// The server has ended the session.
    closed: bool,
    /// The client has.
    ended: bool,
}

impl MemoryTransport {
    /// The server refuses recipients that begin with "no".
    pub fn new(config: Config, cut: Cut, log: &Log) -> MemoryTransport {
        let dialogue = Dialogue::new(config);
        let (waker, log) = (WakeSlot::new(), log.clone());
        MemoryTransport { dialogue, cut, log, waker, arrived: 0, mail: None, closed: false, ended: false }
    }

    /// The server hears one byte.
    fn hear(&mut self, byte: u8) {
        self.arrived += 1;
        let bytes = [byte];
        let mut input = &bytes[..];
        loop {
            let code = match self.dialogue.advance(&mut input) {
                Event::NeedMore => return,
                Event::Closed => {
                    self.closed = true;
                    return;
                }
                Event::OutputFull | Event::Unanswered => panic!("everything is answered and read at once"),
                Event::Abandoned => {
                    self.mail = None;
                    continue;
                }
                Event::Refused(_) => continue,
                Event::Mail { from, .. } => {
                    let sender = from.as_str().to_string();
                    self.mail = Some(Stored { sender, recipients: Vec::new(), body: Vec::new(), end: 0 });
                    250
                }
                Event::Rcpt { to, .. } if to.as_str().starts_with("no") => 550,
                Event::Rcpt { to, .. } => {
                    self.mail.as_mut().expect("MAIL came first").recipients.push(to.as_str().to_string());
                    250
                }
                Event::Begin => 354,
                Event::Body(bytes) => {
                    self.mail.as_mut().expect("MAIL came first").body.extend_from_slice(bytes);
                    continue;
                }
                Event::Complete => {
                    let mut mail = self.mail.take().expect("MAIL came first");
                    mail.end = self.arrived;
                    self.log.look().stored.push(mail);
                    while self.dialogue.answers_due() > 1 {
                        self.dialogue.answer(&Reply::new(250, "taken"));
                    }
                    250
                }
                Event::Ask { .. } => 252,
                other => panic!("{other:?} is not on offer here"),
            };
            self.dialogue.answer(&Reply::new(code, "said the server"));
        }
    }

    /// The connection is lost at this moment.
    fn lost(&self) -> Option<How> {
        let seen = self.log.look();
        match self.cut {
            Cut::Taken(at, how) if seen.taken.len() >= at => Some(how),
            Cut::Arrived(at, how) if self.arrived >= at => Some(how),
            Cut::Answered(at, how) if seen.read >= at => Some(how),
            _ => None,
        }
    }
}

fn broken(how: How, at_end: io::Result<usize>) -> io::Result<usize> {
    match how {
        How::Close => at_end,
        How::Reset => Err(ErrorKind::ConnectionReset.into()),
        How::Silence => Err(ErrorKind::WouldBlock.into()),
    }
}

impl Transport for MemoryTransport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Err(ErrorKind::NotConnected.into());
        }
        // What was answered before the cut can still be read, unless the cut is in the answers.
        let mut room = self.dialogue.output().len().min(buf.len());
        if let Cut::Answered(at, _) = self.cut {
            room = room.min(at - self.log.look().read.min(at));
        }
        if room > 0 {
            buf[..room].copy_from_slice(&self.dialogue.output()[..room]);
            self.dialogue.sent(room);
            self.log.look().read += room;
            return Ok(room);
        }
        match self.lost() {
            Some(how) => broken(how, Ok(0)),
            None if self.closed => Ok(0),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.ended {
            return Err(ErrorKind::NotConnected.into());
        }
        // Where the server is to hear so many bytes, the system knows of nothing yet and takes the rest.
        match (self.lost(), self.cut) {
            (Some(how), Cut::Taken(..)) => return broken(how, Err(ErrorKind::BrokenPipe.into())),
            // Answers that do not come keep nobody from sending.
            (Some(how @ (How::Close | How::Reset)), Cut::Answered(..)) => {
                return broken(how, Err(ErrorKind::BrokenPipe.into()));
            }
            _ => {}
        }
        let mut room = usize::MAX;
        if let Cut::Taken(at, _) = self.cut {
            room = at - self.log.look().taken.len();
        }
        let bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).take(room).collect();
        self.log.look().taken.extend_from_slice(&bytes);
        for byte in &bytes {
            if matches!(self.cut, Cut::Arrived(at, _) if self.arrived >= at) {
                break;
            }
            self.hear(*byte);
        }
        self.waker.wake();
        Ok(bytes.len())
    }

    fn source(&self) -> Source<'_> {
        Source::Notified
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.waker.set(waker);
        waker.wake();
    }

    fn abort(&mut self) {
        self.ended = true;
    }

    fn close(&mut self) {
        self.ended = true;
    }

    fn peer(&self) -> String {
        "memory".into()
    }

    fn local(&self) -> String {
        "memory".into()
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        self.log.look().gone += 1;
    }
}
