//! A session alone: how much it does at a time.

use super::*;
use crate::net::wait::Waker;
use crate::server::spool::Discard;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Mutex;

/// A client that always has more to say, and takes all that it is told.
struct Endless {
    lines: Vec<u8>,
    at: usize,
    read: Arc<Mutex<usize>>,
    /// So many reads bring nothing yet, as TLS can have it.
    later: usize,
}

impl Endless {
    fn session(lines: &str, later: usize) -> (Session, Arc<Mutex<usize>>) {
        let mut service = Service::new("mx.example", Arc::new(Discard::new()));
        (service.dialogue.mails_max, service.dialogue.idle_max) = (0, usize::MAX);
        let read = Arc::new(Mutex::new(0));
        let client = Endless { lines: lines.into(), at: 0, read: read.clone(), later };
        let origin = Origin { peer: Peer::Local, local: None, implicit_tls: false };
        (Session::new(Arc::new(service), Box::new(client), origin, Instant::now()), read)
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
        *self.read.lock().unwrap() += buf.len();
        Ok(buf.len())
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(bufs.iter().map(|buf| buf.len()).sum())
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

/// However much a client pipelines, after each buffer the others have their turn.
#[test]
fn a_client_that_never_pauses_is_served_by_the_buffer() {
    let mail = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\n";
    for lines in ["NOOP\r\n", mail] {
        let (mut session, read) = Endless::session(lines, 0);
        let mut buffer = vec![0; 8 * 1024];
        for turn in 1..100 {
            assert!(matches!(session.advance(Instant::now(), &mut buffer), Step::Again), "{lines}");
            assert_eq!(*read.lock().unwrap(), turn * buffer.len(), "{lines}");
        }
    }
}

/// A transport that has more to do is come back to, although no change of the socket will be told.
#[test]
fn what_comes_later_is_not_waited_for() {
    let (mut session, read) = Endless::session("NOOP\r\n", 3);
    let mut buffer = vec![0; 1024];
    for _ in 0..3 {
        assert!(matches!(session.advance(Instant::now(), &mut buffer), Step::Again));
        assert_eq!(*read.lock().unwrap(), 0);
    }
    assert!(matches!(session.advance(Instant::now(), &mut buffer), Step::Again));
    assert_eq!(*read.lock().unwrap(), buffer.len());
}
