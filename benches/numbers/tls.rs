//! TLS: connections a second with and without resumption, and a message of 100 MB over TLS beside the same in the clear.
//! One server for all, a thread a connection, which reads and counts; TLS 1.3, an ECDSA certificate, verified.

use crate::table::{Table, best, grouped, per_second, timed};
use helo::client::{Session, Settings, Tls, TlsMode, TlsName};
use helo::error::Result;
use helo::net::connect::Target;
use helo::net::tls::Roots;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{Command, Verb};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const NAME: &str = "bench.example";
const CONNECTIONS: usize = 500;
const BODY: usize = 100_000_000;

pub fn measure(table: &mut Table) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    let roots = Roots::from_pem(made.cert.pem().as_bytes()).expect("an authority");
    let config = |tickets| {
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .expect("a configuration");
        config.send_tls13_tickets = tickets;
        Some(Arc::new(config))
    };
    let clear = Client::of(None, &roots);
    let full = Client::of(config(0), &roots);
    let resumed = Client::of(config(2), &roots);

    let rate = |client: &Client| per_second(CONNECTIONS, best(3, || timed(|| client.connect(CONNECTIONS))));
    let (without, anew, again) = (rate(&clear), rate(&full), rate(&resumed));
    table.row("connections in the clear, with greeting and hello", format!("{}/s", grouped(without)), "");
    // The first has nothing to resume; the last ones may not be counted yet.
    let (all, counted) = (3 * CONNECTIONS, resumed.resumed.load(Ordering::Acquire));
    assert!(counted + 10 > all && full.resumed.load(Ordering::Acquire) == 0, "{counted} of {all} were resumed");
    table.row("the same with TLS, sessions resumed", format!("{}/s", grouped(again)), "");
    table.row("the same with TLS, whole handshakes", format!("{}/s", grouped(anew)), "");

    let body = crate::native::message(BODY);
    let speed = |client: &Client| BODY as f64 / 1e6 / best(3, || timed(|| client.send(&body))).as_secs_f64();
    let (without, with) = (speed(&clear), speed(&resumed));
    table.row("a message of 100 MB in the clear", format!("{without:.0} MB/s"), "");
    let beside = format!("{:.2} x the same in the clear", with / without);
    table.row("a message of 100 MB over TLS", format!("{with:.0} MB/s"), beside);
}

/// A session with the server at this port: under TLS from the first byte if there are authorities to trust.
pub fn session(port: u16, roots: Option<&Roots>) -> Session {
    open(port, &tls(roots))
}

fn tls(roots: Option<&Roots>) -> Tls {
    match roots {
        None => Tls::mode(TlsMode::Never),
        Some(roots) => {
            Tls { name: TlsName::Given(NAME.into()), roots: Some(roots.clone()), ..Tls::mode(TlsMode::Implicit) }
        }
    }
}

fn open(port: u16, tls: &Tls) -> Session {
    let target = Target::Host { host: "127.0.0.1".into(), port };
    let settings = Settings { helo_name: "bench.example".into(), tls: tls.clone(), ..Settings::default() };
    Session::open(target, settings, Cancel::new(), &mut ()).expect("a session")
}

/// A client of a server of its own.
struct Client {
    port: u16,
    tls: Tls,
    /// How many connections the server has resumed.
    resumed: Arc<AtomicUsize>,
}

impl Client {
    fn of(config: Option<Arc<ServerConfig>>, roots: &Roots) -> Client {
        let tls = tls(config.as_ref().map(|_| roots));
        let resumed = Arc::new(AtomicUsize::new(0));
        Client { port: serve(config, &resumed), tls, resumed }
    }

    fn open(&self) -> Session {
        open(self.port, &self.tls)
    }

    fn connect(&self, count: usize) {
        for _ in 0..count {
            self.open().quit(&mut ());
        }
    }

    fn send(&self, body: &[u8]) {
        let send = || -> Result<()> {
            let mut session = self.open();
            let from = ReversePath::parse("a@bench.example").expect("a path");
            let to = ForwardPath::parse("b@bench.example").expect("a path");
            session.command(&Command::Mail { verb: Verb::Mail, from: &from, params: &[] }, &mut ())?;
            session.command(&Command::Rcpt { to: &to, params: &[] }, &mut ())?;
            session.begin_data(&mut ())?;
            session.body(body, &mut ())?;
            session.end_data(&mut ())?;
            session.quit(&mut ());
            Ok(())
        };
        send().expect("the server takes it");
    }
}

/// A server on a free port for as long as the program runs.
fn serve(config: Option<Arc<ServerConfig>>, resumed: &Arc<AtomicUsize>) -> u16 {
    let resumed = resumed.clone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, resumed) = (config.clone(), resumed.clone());
            std::thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                // However it ends: the client counts.
                let _ = match config {
                    None => converse(stream),
                    Some(config) => secured(stream, config).and_then(|mut stream| {
                        let outcome = converse(&mut stream);
                        let kind = stream.conn.handshake_kind();
                        resumed.fetch_add(usize::from(kind == Some(HandshakeKind::Resumed)), Ordering::Release);
                        outcome
                    }),
                };
            });
        }
    });
    port
}

fn secured(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    Ok(StreamOwned::new(tls, stream))
}

/// Says yes to everything and reads messages away.
fn converse(stream: impl Read + Write) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(256 * 1024, stream);
    stream.get_mut().write_all(b"220 bench\r\n")?;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 0 {
        let reply: &[u8] = match line.get(..4).unwrap_or_default() {
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n")?;
                read_message(&mut stream)?;
                b"250 kept\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        stream.get_mut().write_all(reply)?;
        line.clear();
    }
    Ok(())
}

/// Reads to the final dot, which comes alone at the end of what has arrived: nothing is pipelined behind it.
fn read_message(stream: &mut impl BufRead) -> io::Result<()> {
    let mut tail = Vec::new();
    loop {
        let bytes = stream.fill_buf()?;
        let count = bytes.len();
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        tail.extend_from_slice(&bytes[count.saturating_sub(5)..]);
        tail.drain(..tail.len().saturating_sub(5));
        stream.consume(count);
        if tail == b"\r\n.\r\n" {
            return Ok(());
        }
    }
}
