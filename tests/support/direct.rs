//! A session of the server on the thread of the test, over a connection in memory: each read of the session gives
//! exactly one of the pieces that the test has cut, each write takes as much as the test lets it. No threads, no clock
//! but the test's, so that it always goes the same way. The fuzz targets use it, too.

use helo::net::transport::{Readiness, Source, Transport, WakeSlot};
use helo::net::wait::Waker;
use helo::server::spool::Peer;
use helo::server::{Origin, Service, Session, Step};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What the client does when it has sent everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It says nothing more, and waits.
    Waits,
    /// It ends its side.
    Ends,
    /// The connection is reset.
    Breaks,
}

/// How the session ended, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    pub said: Vec<u8>,
    /// How long it took by the test's clock: time goes by only while the server waits for a client that waits.
    pub took: Duration,
}

impl Talk {
    /// The codes of all replies.
    pub fn codes(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.said);
        let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
        text.lines().filter(last).filter_map(|line| line[..3].parse().ok()).collect()
    }
}

#[derive(Default)]
struct Line {
    /// What the session can read, in pieces.
    arrived: VecDeque<Vec<u8>>,
    ended: Option<Then>,
    said: Vec<u8>,
    /// So much can be written now.
    room: usize,
}

/// The server's end.
struct End(Arc<Mutex<Line>>, WakeSlot);

impl End {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Transport for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut line = self.line();
        match line.arrived.pop_front() {
            Some(mut piece) => {
                let count = piece.len().min(buf.len());
                buf[..count].copy_from_slice(&piece[..count]);
                if count < piece.len() {
                    line.arrived.push_front(piece.split_off(count));
                }
                Ok(count)
            }
            None => match line.ended {
                None | Some(Then::Waits) => Err(ErrorKind::WouldBlock.into()),
                Some(Then::Ends) => Ok(0),
                Some(Then::Breaks) => Err(ErrorKind::ConnectionReset.into()),
            },
        }
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut line = self.line();
        if line.ended == Some(Then::Breaks) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let before = line.room;
        for buf in bufs {
            let part = &buf[..buf.len().min(line.room)];
            line.room -= part.len();
            line.said.extend_from_slice(part);
        }
        if before == line.room { Err(ErrorKind::WouldBlock.into()) } else { Ok(before - line.room) }
    }

    fn source(&self) -> Source<'_> {
        Source::Notified
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.1.set(waker);
    }

    fn abort(&mut self) {}

    fn close(&mut self) {}

    fn peer(&self) -> String {
        "the test".into()
    }

    fn local(&self) -> String {
        "the session".into()
    }
}

/// Has a session of this service with a client that sends these pieces, whatever the answers are, and reads so many
/// octets of them at a time (0 for all that come).
pub fn talk(service: &Service, pieces: &[&[u8]], then: Then, reads: usize) -> Talk {
    let line = Arc::new(Mutex::new(Line::default()));
    let end = End(line.clone(), WakeSlot::new());
    let begun = Instant::now();
    let mut now = begun;
    let origin = Origin { peer: Peer::Local, local: None, implicit_tls: false };
    let mut session = Session::new(Arc::new(service.clone()), Box::new(end), origin, now);
    // An empty read would be the end.
    let mut pieces = pieces.iter().filter(|piece| !piece.is_empty());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match session.advance(now, &mut buffer) {
            Step::Again => {}
            Step::Work(work) => session.worked(work.run()),
            Step::Ended => break,
            Step::Wait(until) => {
                let mut line = line.lock().unwrap_or_else(|broken| broken.into_inner());
                let full = line.room == 0 && !wants_input(&session);
                if full {
                    line.room = if reads == 0 { usize::MAX / 2 } else { reads };
                } else if let Some(piece) = pieces.next() {
                    line.arrived.push_back(piece.to_vec());
                } else if line.ended.is_none() {
                    line.ended = Some(then);
                } else {
                    // A client that has ended is waited for no more.
                    now = until.expect("the session waits for nobody, for ever");
                }
                drop(line);
                session.woken(Readiness::ANY);
            }
        }
    }
    let said = std::mem::take(&mut line.lock().unwrap_or_else(|broken| broken.into_inner()).said);
    Talk { said, took: now - begun }
}

/// The session waits to read, not to write.
fn wants_input(session: &Session) -> bool {
    let mut sources = Vec::new();
    session.waits(&mut sources);
    sources.iter().any(|(_, interest)| interest.readable)
}
