//! A server that performs a dialogue given as data ([`super::script`]) and compares every byte that it hears.
//!
//! ```ignore
//! let server = ScriptedServer::start("
//!     S: 220 mx.example.test ready
//!     C: HELO here
//!     S: 250 hello
//!     C: QUIT
//!     S: 221 bye
//! ");
//! // ... the program under test talks to server.address() ...
//! server.finish(); // panics, with what was said and heard, unless all went by the script
//! ```

use super::script::{self, Act, Script, escape};
use super::stream::{Listener, Stream};
use super::temp::TempDir;
use super::transcript::{Transcript, What};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where the server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    V4,
    V6,
    Unix,
}

/// How a dialogue is performed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub place: Place,
    /// Send at most so many bytes at a time, whatever the script says; 0 leaves it to the script.
    pub split: usize,
    /// The whole dialogue must be over by then.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options { place: Place::V4, split: 0, deadline: super::wait::LONG }
    }
}

/// Where the dialogue left its script, why, and what had happened until then.
#[derive(Debug)]
pub struct Failure {
    pub connection: usize,
    pub line: usize,
    pub problem: String,
    pub transcript: Transcript,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { connection, line, problem, transcript } = self;
        writeln!(f, "connection {connection}, line {line} of the dialogue: {problem}\nuntil then:\n{transcript}")
    }
}

/// The running server. A test must call [`finish`](Self::finish) or [`outcome`](Self::outcome).
pub struct ScriptedServer {
    address: Option<SocketAddr>,
    path: Option<PathBuf>,
    thread: Option<JoinHandle<Result<Transcript, Failure>>>,
    /// Closing it tells the server that the client is done.
    done: Option<UnixStream>,
    _folder: Option<TempDir>,
}

impl ScriptedServer {
    /// Performs `dialogue` on a free port of 127.0.0.1.
    pub fn start(dialogue: &str) -> ScriptedServer {
        Self::with(Options::default(), dialogue)
    }

    pub fn with(options: Options, dialogue: &str) -> ScriptedServer {
        Self::perform(options, script::parse(dialogue).unwrap_or_else(|error| panic!("{error}")))
    }

    pub fn perform(options: Options, script: Script) -> ScriptedServer {
        let (mut address, mut path, mut folder) = (None, None, None);
        let tcp = |ip: std::net::IpAddr| TcpListener::bind((ip, 0)).expect("a free port");
        let listener = match options.place {
            Place::V4 => Listener::Tcp(tcp(Ipv4Addr::LOCALHOST.into())),
            Place::V6 => Listener::Tcp(tcp(Ipv6Addr::LOCALHOST.into())),
            Place::Unix => {
                let fresh = TempDir::new();
                let socket = fresh.join("socket");
                let listener = UnixListener::bind(&socket).expect("a Unix socket");
                (path, folder) = (Some(socket), Some(fresh));
                Listener::Unix(listener)
            }
        };
        if let Listener::Tcp(listener) = &listener {
            address = listener.local_addr().ok();
        }
        let (done, client_done) = UnixStream::pair().expect("a pair of sockets");
        let end = Instant::now() + options.deadline;
        let thread = std::thread::spawn(move || Performance::new(options, end, client_done).run(&script, &listener));
        ScriptedServer { address, path, thread: Some(thread), done: Some(done), _folder: folder }
    }

    /// The address, unless it is a Unix socket.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a server over TCP")
    }

    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// The path of a Unix socket.
    pub fn path(&self) -> &Path {
        self.path.as_deref().expect("a server over a Unix socket")
    }

    /// Call when the client is done: how the dialogue went.
    pub fn outcome(mut self) -> Result<Transcript, Failure> {
        drop(self.done.take());
        let thread = self.thread.take().expect("asked once");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// As [`outcome`](Self::outcome), but anything other than the script is a panic that shows the dialogue.
    #[track_caller]
    pub fn finish(self) -> Transcript {
        self.outcome().unwrap_or_else(|failure| panic!("{failure}"))
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // A test that forgets to ask would pass whatever was said.
        assert!(
            self.thread.is_none() || std::thread::panicking(),
            "the test did not ask the scripted server how it went"
        );
    }
}

/// What ended a connection's script.
enum End {
    /// By an act of the script.
    Ended,
    /// The script's last line is done, the client must say nothing more.
    Silence,
}

struct Performance {
    options: Options,
    end: Instant,
    client_done: UnixStream,
    transcript: Transcript,
    /// Connections whose script is done: kept so that closing them does not reset what the client has not read yet.
    kept: Vec<(usize, Connection, bool)>,
}

struct Connection {
    stream: Stream,
    /// Read but not yet compared.
    buffer: Vec<u8>,
    /// Said by the script but not yet sent: what the server says in a row leaves in one write.
    unsent: Vec<u8>,
    split: usize,
}

type Problem = String;

impl Performance {
    fn new(options: Options, end: Instant, client_done: UnixStream) -> Self {
        Performance { options, end, client_done, transcript: Transcript::default(), kept: Vec::new() }
    }

    fn run(mut self, script: &Script, listener: &Listener) -> Result<Transcript, Failure> {
        for (number, lines) in (1..).zip(&script.connections) {
            let mut at = lines.first().map_or(0, |line| line.number);
            let mut perform = || -> Result<(), Problem> {
                if lines.is_empty() {
                    return Ok(());
                }
                let mut connection = self.accept(listener)?;
                self.transcript.add(number, What::Event("connected"));
                for line in lines {
                    at = line.number;
                    if !matches!(line.act, Act::Say(_)) {
                        self.send(number, &mut connection)?;
                    }
                    match line.act {
                        Act::Reset => {
                            self.transcript.add(number, What::Event("reset by the server"));
                            connection.stream.reset();
                            return Ok(());
                        }
                        Act::Deaf => {
                            self.wait_gone(&connection.stream)?;
                            return self.keep(number, connection, End::Ended);
                        }
                        Act::Close => return self.keep(number, connection, End::Ended),
                        _ => self.act(number, &mut connection, &line.act)?,
                    }
                }
                self.send(number, &mut connection)?;
                self.keep(number, connection, End::Silence)
            };
            if let Err(problem) = perform() {
                return Err(Failure { connection: number, line: at, problem, transcript: self.transcript });
            }
        }
        self.check_silence(listener)
    }

    /// After the last connection: wait for the client, then see that nothing was sent beyond the script.
    fn check_silence(mut self, listener: &Listener) -> Result<Transcript, Failure> {
        let failed = |connection, problem: &str, transcript| {
            Err(Failure { connection, line: 0, problem: problem.to_string(), transcript })
        };
        // The other end of the pair closes when the test asks for the outcome.
        let timeout = timespec(self.left());
        let _ = poll(&mut [PollFd::new(&self.client_done, PollFlags::IN)], Some(&timeout));
        for (number, mut connection, silent) in std::mem::take(&mut self.kept) {
            let mut rest = std::mem::take(&mut connection.buffer);
            if connection.stream.set_nonblocking(true).is_ok() {
                let mut buf = [0; 4096];
                while let Ok(count @ 1..) = connection.stream.read(&mut buf) {
                    rest.extend_from_slice(&buf[..count]);
                }
            }
            if !rest.is_empty() {
                self.transcript.add(number, What::Heard(rest));
                if silent {
                    return failed(number, "the client said more after the end of the dialogue", self.transcript);
                }
            }
        }
        let mut more = [PollFd::new(listener, PollFlags::IN)];
        if poll(&mut more, Some(&timespec(Duration::ZERO))).is_ok_and(|count| count > 0) {
            return failed(0, "the client connected once more than the dialogue says", self.transcript);
        }
        Ok(self.transcript)
    }

    fn accept(&mut self, listener: &Listener) -> Result<Connection, Problem> {
        let timeout = timespec(self.left());
        let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(&self.client_done, PollFlags::IN)];
        poll(&mut fds, Some(&timeout)).map_err(|error| error.to_string())?;
        if !fds[0].revents().contains(PollFlags::IN) {
            return Err("the client did not connect".into());
        }
        let stream = listener.accept().map_err(|error| error.to_string())?;
        Ok(Connection { stream, buffer: Vec::new(), unsent: Vec::new(), split: self.options.split })
    }

    fn keep(&mut self, number: usize, connection: Connection, how: End) -> Result<(), Problem> {
        self.transcript.add(number, What::Event("closed by the server"));
        // An error here: the client is gone already.
        let _ = connection.stream.end_writing();
        self.kept.push((number, connection, matches!(how, End::Silence)));
        Ok(())
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn act(&mut self, number: usize, connection: &mut Connection, act: &Act) -> Result<(), Problem> {
        match act {
            Act::Say(bytes) => connection.unsent.extend_from_slice(bytes),
            Act::SayOften { times, bytes } => {
                self.say_often(number, connection, *times, bytes, Duration::ZERO).map(drop)?
            }
            Act::Drip { millis, bytes } => {
                for byte in bytes.iter().cycle() {
                    if self.say_often(number, connection, 1, &[*byte], Duration::from_millis(*millis))? {
                        return Ok(());
                    }
                }
            }
            Act::Hear(expected) => {
                let line = self.line(number, connection, &format!("C: {}", escape(expected)))?;
                if line != *expected {
                    return Err(difference(expected, &line));
                }
            }
            Act::HearOften { times, line: expected } => {
                for index in 1..=*times {
                    let line = self.line(number, connection, &format!("C* {}", escape(expected)))?;
                    if line != *expected {
                        return Err(format!("line {index} of {times} {}", difference(expected, &line)));
                    }
                }
            }
            Act::HearLike(pattern) => {
                let line = self.line(number, connection, &format!("C~ {}", escape(pattern)))?;
                let text = line.strip_suffix(b"\r\n").ok_or("the line does not end in CRLF")?;
                if !script::matches(pattern, text) {
                    return Err(format!("{} does not match {}", escape(text), escape(pattern)));
                }
            }
            Act::HearBody(expected) => {
                let body = self.take(number, connection, "a body up to CRLF.CRLF", |bytes| {
                    if bytes.starts_with(b".\r\n") {
                        return Some(3);
                    }
                    memchr::memmem::find(bytes, b"\r\n.\r\n").map(|at| at + 5)
                })?;
                if let Some(expected) = expected
                    && body != *expected
                {
                    return Err(difference(expected, &body));
                }
            }
            Act::HearBytes(count, expected) => {
                let what = format!("{count} bytes");
                let bytes = self.take(number, connection, &what, |bytes| (bytes.len() >= *count).then_some(*count))?;
                if let Some(expected) = expected
                    && bytes != *expected
                {
                    return Err(difference(expected, &bytes));
                }
            }
            Act::WaitClose | Act::WaitReset => self.wait_end(number, connection, *act == Act::WaitReset)?,
            Act::Hang => loop {
                connection.buffer.clear();
                if self.read(connection)?.is_none() {
                    break;
                }
            },
            Act::Split(count) if self.options.split == 0 => connection.split = *count,
            Act::Split(_) => {}
            Act::Close | Act::Reset | Act::Deaf => unreachable!("acts that end a connection are the caller's"),
        }
        Ok(())
    }

    /// Sends `bytes` again and again; true when the client went away.
    fn say_often(
        &mut self,
        number: usize,
        connection: &mut Connection,
        times: u64,
        bytes: &[u8],
        pause: Duration,
    ) -> Result<bool, Problem> {
        self.transcript.add(number, What::Said(bytes.to_vec()));
        for _ in 0..times {
            if self.left().is_zero() {
                return Err("out of time while saying much".into());
            }
            let _ = connection.stream.set_timeouts(self.left());
            match connection.stream.write_all(bytes) {
                Ok(()) => std::thread::sleep(pause), // the dialogue asks for a slow server
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err("the client neither read nor went away".into());
                }
                Err(_) => {
                    self.transcript.add(number, What::Event("the client went away meanwhile"));
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn send(&mut self, number: usize, connection: &mut Connection) -> Result<(), Problem> {
        let bytes = std::mem::take(&mut connection.unsent);
        if bytes.is_empty() {
            return Ok(());
        }
        let size = if connection.split == 0 { bytes.len() } else { connection.split };
        for part in bytes.chunks(size) {
            let _ = connection.stream.set_timeouts(self.left());
            if connection.stream.write_all(part).is_err() {
                // Whether it may be gone by now is for the next act to judge; what is no reply can end it at any byte.
                self.transcript.add(number, What::Event("the client went away meanwhile"));
                break;
            }
        }
        self.transcript.add(number, What::Said(bytes));
        Ok(())
    }

    /// Reads more into the buffer. None: the client closed or reset.
    fn read(&mut self, connection: &mut Connection) -> Result<Option<()>, Problem> {
        let mut buf = [0; 65536];
        let _ = connection.stream.set_timeouts(self.left());
        match connection.stream.read(&mut buf) {
            Ok(0) => Ok(None),
            Ok(count) => {
                connection.buffer.extend_from_slice(&buf[..count]);
                Ok(Some(()))
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Some(())),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err("the client said nothing more".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Takes from the client as many bytes as `enough` says.
    fn take(
        &mut self,
        number: usize,
        connection: &mut Connection,
        what: &str,
        enough: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Vec<u8>, Problem> {
        loop {
            if let Some(count) = enough(&connection.buffer) {
                let taken: Vec<u8> = connection.buffer.drain(..count).collect();
                self.transcript.add(number, What::Heard(taken.clone()));
                return Ok(taken);
            }
            let more = self.read(connection);
            if !matches!(more, Ok(Some(()))) {
                let rest = std::mem::take(&mut connection.buffer);
                let rest_text = if rest.is_empty() { "nothing".into() } else { escape(&rest) };
                self.transcript.add(number, What::Heard(rest));
                let why = more.err().unwrap_or_else(|| "the client closed the connection".into());
                return Err(format!("{why}; expected {what}, heard {rest_text}"));
            }
        }
    }

    /// Takes one line with its end.
    fn line(&mut self, number: usize, connection: &mut Connection, what: &str) -> Result<Vec<u8>, Problem> {
        self.take(number, connection, what, |bytes| memchr::memchr(b'\n', bytes).map(|at| at + 1))
    }

    /// Waits for the client to close, or to reset; more bytes from it are a difference.
    fn wait_end(&mut self, number: usize, connection: &mut Connection, by_reset: bool) -> Result<(), Problem> {
        let mut buf = [0; 4096];
        loop {
            if !connection.buffer.is_empty() {
                let bytes = std::mem::take(&mut connection.buffer);
                let problem = format!("the client was to close, but said {}", escape(&bytes));
                self.transcript.add(number, What::Heard(bytes));
                return Err(problem);
            }
            let _ = connection.stream.set_timeouts(self.left());
            match connection.stream.read(&mut buf) {
                Ok(0) if by_reset => return Err("the client closed, but was to reset".into()),
                Ok(0) => break,
                Ok(count) => connection.buffer.extend_from_slice(&buf[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err("the client did not close the connection".into());
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        self.transcript.add(number, What::Event("closed by the client"));
        Ok(())
    }

    /// Waits, without reading, until the client has closed or reset.
    fn wait_gone(&mut self, stream: &Stream) -> Result<(), Problem> {
        let mut fds = [PollFd::new(stream, PollFlags::RDHUP)];
        match poll(&mut fds, Some(&timespec(self.left()))) {
            Ok(0) => Err("the client did not go away".into()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
}

/// Both texts and the first byte in which they differ.
fn difference(expected: &[u8], heard: &[u8]) -> String {
    let at = expected.iter().zip(heard).take_while(|(a, b)| a == b).count();
    format!("differs at byte {at}\n  expected {}\n  heard    {}", escape(expected), escape(heard))
}
