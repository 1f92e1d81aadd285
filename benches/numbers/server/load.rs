//! A client of many connections on one thread, for any SMTP server: it costs so little that the server is what is
//! measured. Each connection sends a flight, waits for its replies and goes on.

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What is sent at once, and how many replies are awaited then.
struct Flight {
    bytes: Vec<u8>,
    replies: usize,
    /// Those complete a mail.
    completes: bool,
}

/// How a connection mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each command waits for the reply to the one before.
    Steps,
    /// As RFC 2920 allows: a body and the next envelope in one flight, one round trip a mail.
    Pipelined,
    /// A connection for each mail, each command waits.
    Connections,
}

/// What every connection says.
pub struct Script {
    /// The first flight only waits for the greeting.
    flights: Vec<Flight>,
    /// Behind the last one the script goes on here; none: the connection ends and a new one begins.
    again: Option<usize>,
}

impl Script {
    pub fn new(way: Way, size: usize) -> Script {
        let flight = |bytes: &[u8], replies, completes| Flight { bytes: bytes.to_vec(), replies, completes };
        let envelope: [&[u8]; 3] =
            [b"MAIL FROM:<sender@bench.example>\r\n", b"RCPT TO:<recipient@bench.example>\r\n", b"DATA\r\n"];
        let mut body = crate::native::message(size);
        body.extend_from_slice(b".\r\n");
        let mut flights = vec![flight(b"", 1, false), flight(b"EHLO bench.example\r\n", 1, false)];
        let again = match way {
            Way::Steps | Way::Connections => {
                flights.extend(envelope.map(|command| flight(command, 1, false)));
                flights.push(flight(&body, 1, true));
                if way == Way::Connections {
                    flights.push(flight(b"QUIT\r\n", 1, false));
                    None
                } else {
                    Some(2)
                }
            }
            Way::Pipelined => {
                flights.push(flight(&envelope.concat(), 3, false));
                flights.push(flight(&[body, envelope.concat()].concat(), 4, true));
                Some(3)
            }
        };
        Script { flights, again }
    }
}

/// A connection and where in the script it is.
struct Connection {
    stream: TcpStream,
    flight: usize,
    /// So much of the flight is sent.
    sent: usize,
    /// So many of its replies are missing.
    due: usize,
    /// The front of a line that is arriving, as far as it matters: code and separator.
    front: [u8; 4],
    arrived: usize,
}

/// Sends for as long as `time`, after a while that does not count: mails a second that were confirmed.
pub fn run(address: SocketAddr, script: &Script, connections: usize, time: Duration) -> f64 {
    let mut load = Load { poll: Poll::new().expect("a poll"), address, script, done: 0, buffer: vec![0; 64 * 1024] };
    let mut all: Vec<Connection> = (0..connections).map(|number| load.connect(number)).collect();
    let mut events = Events::with_capacity(1024);
    let begin = Instant::now();
    let (warm, end) = (begin + time / 5, begin + time / 5 + time);
    let mut counted = None;
    loop {
        let now = Instant::now();
        if now >= warm && counted.is_none() {
            counted = Some((now, load.done));
        }
        if now >= end {
            let (since, before) = counted.unwrap_or((begin, 0));
            return (load.done - before) as f64 / (now - since).as_secs_f64();
        }
        load.poll.poll(&mut events, Some(end - now)).expect("events");
        for event in &events {
            let number = event.token().0;
            if !load.advance(&mut all[number]) {
                all[number] = load.connect(number);
            }
        }
    }
}

struct Load<'a> {
    poll: Poll,
    address: SocketAddr,
    script: &'a Script,
    done: usize,
    buffer: Vec<u8>,
}

impl Load<'_> {
    fn connect(&self, number: usize) -> Connection {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(number), interest).expect("registered");
        Connection { stream, flight: 0, sent: 0, due: self.script.flights[0].replies, front: [0; 4], arrived: 0 }
    }

    /// Sends and reads until nothing more goes; false: the connection is over.
    fn advance(&mut self, connection: &mut Connection) -> bool {
        loop {
            let flight = &self.script.flights[connection.flight];
            if connection.sent < flight.bytes.len() {
                match connection.stream.write(&flight.bytes[connection.sent..]) {
                    Ok(count) => connection.sent += count,
                    Err(why) if is_early(why.kind()) => return true,
                    Err(why) => panic!("the server took no more: {why}"),
                }
                continue;
            }
            let count = match connection.stream.read(&mut self.buffer) {
                Ok(0) => panic!("the server closed the connection"),
                Ok(count) => count,
                Err(why) if is_early(why.kind()) => return true,
                Err(why) => panic!("the server was lost: {why}"),
            };
            connection.hear(&self.buffer[..count]);
            if connection.due == 0 {
                self.done += usize::from(flight.completes);
                connection.flight += 1;
                if connection.flight == self.script.flights.len() {
                    let Some(again) = self.script.again else {
                        connection.stream.shutdown(std::net::Shutdown::Both).ok();
                        return false;
                    };
                    connection.flight = again;
                }
                connection.sent = 0;
                connection.due = self.script.flights[connection.flight].replies;
            } else if count < self.buffer.len() {
                return true; // all that had arrived
            }
        }
    }
}

/// Not connected yet, or not now.
fn is_early(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::NotConnected)
}

impl Connection {
    /// Counts complete replies, each of which must be a yes.
    fn hear(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                assert!(matches!(self.front[0], b'2' | b'3'), "refused: {}", String::from_utf8_lossy(bytes));
                if self.front[3] != b'-' {
                    self.due = self.due.checked_sub(1).expect("no more replies than commands");
                }
                self.arrived = 0;
            } else {
                if let Some(place) = self.front.get_mut(self.arrived) {
                    *place = byte;
                }
                self.arrived += 1;
            }
        }
    }
}
