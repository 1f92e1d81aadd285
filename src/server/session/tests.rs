//! A session alone: how much it does at a time.

use super::converse::COMMANDS;
use super::*;
use crate::net::wait::Waker;
use crate::server::spool::Discard;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Mutex;

/// A client that always has more to say, and takes all that it is told.
struct Endless {
    lines: Vec<u8>,
    at: usize,
    seen: Arc<Mutex<Seen>>,
    /// So many reads bring nothing yet, as TLS can have it.
    later: usize,
}

/// Octets that were read, and lines that were written.
#[derive(Clone, Copy, Default)]
struct Seen {
    read: usize,
    written: usize,
}

impl Endless {
    fn session(lines: &str, later: usize) -> (Session, Arc<Mutex<Seen>>) {
        let mut service = Service::new("mx.example", Arc::new(Discard::new()));
        (service.dialogue.mails_max, service.dialogue.idle_max) = (0, usize::MAX);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let client = Endless { lines: lines.into(), at: 0, seen: seen.clone(), later };
        let origin = Origin { peer: Peer::Local, local: None, implicit_tls: false };
        (Session::new(Arc::new(service), Box::new(client), origin, Instant::now()), seen)
    }
}

impl Transport for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.later > 0 {
            self.later -= 1;
            return Err(ErrorKind::Interrupted.into());
        }
        for octet in buf.iter_mut() {
            *octet = self.lines[self.at];
            self.at = (self.at + 1) % self.lines.len();
        }
        self.seen.lock().unwrap().read += buf.len();
        Ok(buf.len())
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let octets = || bufs.iter().flat_map(|buf| buf.iter());
        self.seen.lock().unwrap().written += octets().filter(|octet| **octet == b'\n').count();
        Ok(octets().count())
    }

    fn source(&self) -> Source<'_> {
        Source::Notified
    }

    fn set_waker(&mut self, _waker: &Waker) {}

    fn abort(&mut self) {}

    fn close(&mut self) {}

    fn peer(&self) -> String {
        "endless".to_owned()
    }

    fn local(&self) -> String {
        String::new()
    }
}

/// However much a client pipelines, the others have their turn after a buffer of it, and after so many commands.
#[test]
fn a_client_that_never_pauses_is_served_in_turns() {
    let mail = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\n";
    for (lines, size) in [("NOOP\r\n", 8 * 1024), (mail, 8 * 1024), (mail, 1 << 20)] {
        let (mut session, seen) = Endless::session(lines, 0);
        let mut buffer = vec![0; size];
        let mut before = Seen::default();
        for _ in 0..100 {
            assert!(matches!(session.advance(Instant::now(), &mut buffer), Step::Again), "{lines}");
            let now = *seen.lock().unwrap();
            assert!(now.read - before.read <= buffer.len(), "{lines}");
            assert!(now.written > before.written, "{lines}");
            // A command that is asked about, and those of the dialogue's own that stand between.
            let most = 2 * COMMANDS.max(buffer.len().min(8 * 1024) / "NOOP\r\n".len());
            assert!(now.written - before.written <= most, "{} replies", now.written - before.written);
            before = now;
        }
    }
}

/// A transport that has more to do is come back to, although no change of the socket will be told.
#[test]
fn what_comes_later_is_not_waited_for() {
    let (mut session, seen) = Endless::session("NOOP\r\n", 3);
    let mut buffer = vec![0; 1024];
    for _ in 0..3 {
        assert!(matches!(session.advance(Instant::now(), &mut buffer), Step::Again));
        assert_eq!(seen.lock().unwrap().read, 0);
    }
    assert!(matches!(session.advance(Instant::now(), &mut buffer), Step::Again));
    assert_eq!(seen.lock().unwrap().read, buffer.len());
}
