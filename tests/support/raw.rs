//! A client of a server under test: it says exactly what the test writes, and reads whole replies.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longer than any test takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A connection to the server.
pub struct Raw {
    stream: Box<dyn ReadWrite>,
    /// What was read and is not given out yet.
    unread: Vec<u8>,
    /// The same socket once more, where there is one.
    socket: Option<TcpStream>,
}

trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

impl Raw {
    pub fn tcp(address: SocketAddr) -> Raw {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(LONG)).expect("a socket");
        stream.set_write_timeout(Some(LONG)).expect("a socket");
        let socket = Some(stream.try_clone().expect("a descriptor"));
        Raw { socket, ..Raw::over(stream) }
    }

    pub fn unix(path: &Path) -> Raw {
        let stream = UnixStream::connect(path).expect("the server listens");
        stream.set_read_timeout(Some(LONG)).expect("a socket");
        Raw::over(stream)
    }

    pub fn over(stream: impl Read + Write + Send + 'static) -> Raw {
        Raw { stream: Box::new(stream), unread: Vec::new(), socket: None }
    }

    /// Connects, reads the greeting, says EHLO and reads the reply to it.
    pub fn greeted(address: SocketAddr) -> Raw {
        let mut raw = Raw::tcp(address);
        raw.expect(220);
        raw.ask("EHLO client.example", 250);
        raw
    }

    /// Sends these octets as they are. A server that has closed takes none: that is for `reply` to find out.
    pub fn send(&mut self, octets: impl AsRef<[u8]>) -> &mut Raw {
        let _ = self.stream.write_all(octets.as_ref());
        self
    }

    /// The same one octet at a time, in a segment each.
    pub fn drip(&mut self, octets: impl AsRef<[u8]>) -> &mut Raw {
        for octet in octets.as_ref() {
            let _ = self.stream.write_all(&[*octet]);
        }
        self
    }

    /// A command line.
    pub fn say(&mut self, line: &str) -> &mut Raw {
        self.send(format!("{line}\r\n"))
    }

    /// A command and the code that it must be answered with; the whole reply.
    #[track_caller]
    pub fn ask(&mut self, line: &str, code: u16) -> String {
        self.say(line);
        let reply = self.reply();
        assert!(reply.starts_with(&code.to_string()), "{line}: {reply}");
        reply
    }

    /// The next reply must have this code.
    #[track_caller]
    pub fn expect(&mut self, code: u16) -> String {
        let reply = self.reply();
        assert!(reply.starts_with(&code.to_string()), "{code} was expected: {reply}");
        reply
    }

    /// Codes of the next replies.
    #[track_caller]
    pub fn codes(&mut self, count: usize) -> Vec<u16> {
        (0..count).map(|_| self.reply()[..3].parse().expect("a code")).collect()
    }

    /// The next reply, all its lines; empty at the end of the stream.
    #[track_caller]
    pub fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let Some(end) = self.unread.windows(2).position(|end| end == b"\r\n") else {
                if !self.read_more() {
                    assert!(self.unread.is_empty(), "half a reply: {:?}", String::from_utf8_lossy(&self.unread));
                    return reply;
                }
                continue;
            };
            let line: Vec<u8> = self.unread.drain(..end + 2).collect();
            let line = String::from_utf8(line).expect("replies are UTF-8");
            let last = line.as_bytes().get(3) != Some(&b'-');
            reply.push_str(&line);
            if last {
                return reply;
            }
        }
    }

    /// Reads to the end of the stream: what came. A reset counts as the end.
    pub fn rest(&mut self) -> String {
        while self.read_more() {}
        String::from_utf8(std::mem::take(&mut self.unread)).expect("replies are UTF-8")
    }

    /// The server must close now, without another word.
    #[track_caller]
    pub fn closed(&mut self) {
        assert_eq!(self.rest(), "", "the server was to close");
    }

    /// Waits so long for the server to say something, or to close; only over TCP.
    pub fn said_something_within(&mut self, time: Duration) -> bool {
        let Some(socket) = &self.socket else { panic!("only over TCP") };
        socket.set_read_timeout(Some(time)).expect("a socket");
        let waits = matches!(socket.peek(&mut [0]), Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        socket.set_read_timeout(Some(LONG)).expect("a socket");
        !waits || !self.unread.is_empty()
    }

    /// Whether there is more.
    #[track_caller]
    fn read_more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                true
            }
            Err(why) if matches!(why.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(why) => panic!("no reply: {why}"),
        }
    }
}
