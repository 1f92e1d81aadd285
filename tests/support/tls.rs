//! Certificates made for a test, and a server with TLS that behaves well or badly as it is told and records every byte
//! that it hears: those on the wire, and what they meant.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// An authority that signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as a file has it.
    pub pem: String,
}

/// A certificate with its key.
pub struct Certified {
    pub certificate: CertificateDer<'static>,
    pub pem: String,
    pub key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these names, hosts or addresses.
    pub fn certificate(&self, names: &[&str]) -> Certified {
        self.sign(for_names(names))
    }

    /// One whose time is over.
    pub fn expired(&self, names: &[&str]) -> Certified {
        let mut params = for_names(names);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 2, 2);
        self.sign(params)
    }

    /// An authority below this one, and its certificate.
    pub fn below(&self, name: &str, expired: bool) -> (Authority, CertificateDer<'static>) {
        let key = KeyPair::generate().expect("a key");
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 2, 2);
        }
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        (Authority { issuer: Issuer::new(params, key), pem }, der)
    }

    /// A certificate for this name that is meant for clients.
    pub fn for_clients(&self, name: &str) -> Certified {
        let mut params = for_names(&[name]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Certified {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certified { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }
}

/// A certificate that nobody but itself vouches for.
pub fn self_signed(names: &[&str]) -> Certified {
    self_signed_as("a test server", names)
}

/// The same with this subject.
pub fn self_signed_as(subject: &str, names: &[&str]) -> Certified {
    let key = KeyPair::generate().expect("a key");
    let mut params = for_names(names);
    params.distinguished_name.push(DnType::CommonName, subject);
    let certificate = params.self_signed(&key).expect("a certificate");
    Certified { certificate: certificate.der().clone(), pem: certificate.pem(), key }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn for_names(names: &[&str]) -> CertificateParams {
    let mut params = named("a test server");
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().expect("ASCII")),
        })
        .collect();
    params
}

impl Certified {
    /// A server's configuration with this certificate.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::new(self.config(rustls::ALL_VERSIONS))
    }

    /// The same, with so many tickets for sessions after each handshake.
    pub fn server_of_tickets(&self, count: usize) -> Arc<ServerConfig> {
        let mut config = self.config(rustls::ALL_VERSIONS);
        config.send_tls13_tickets = count;
        Arc::new(config)
    }

    /// The same, but TLS 1.2 only.
    pub fn server_tls12(&self) -> Arc<ServerConfig> {
        Arc::new(self.config(&[&rustls::version::TLS12]))
    }

    /// The same, showing all these certificates behind its own.
    pub fn server_with_chain(&self, behind: Vec<CertificateDer<'static>>) -> Arc<ServerConfig> {
        let chain = std::iter::once(self.certificate.clone()).chain(behind).collect();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, self.private_key())
            .expect("a certificate and its key");
        Arc::new(config)
    }

    /// The same, but the client must show a certificate of this authority.
    pub fn server_asking(&self, authority: &Authority) -> Arc<ServerConfig> {
        let mut roots = rustls::RootCertStore::empty();
        let mut pem = authority.pem.as_bytes();
        let der = rustls::pki_types::pem::PemObject::from_pem_reader(&mut pem).expect("a certificate");
        roots.add(der).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_single_cert(vec![self.certificate.clone()], self.private_key())
            .expect("a certificate and its key");
        Arc::new(config)
    }

    fn config(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.private_key())
            .expect("a certificate and its key")
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key")
    }
}

/// How a server behaves.
#[derive(Clone)]
pub struct Behaviour {
    /// TLS from the first byte.
    pub implicit: bool,
    /// EHLO's reply offers STARTTLS.
    pub offers: bool,
    /// What STARTTLS is answered with, bytes as they are.
    pub answer: &'static [u8],
    /// A handshake follows the answer.
    pub handshake: bool,
    /// What comes after a message's final dot.
    pub end: MessageEnd,
    /// Everything is sent a byte at a time.
    pub drip: bool,
    /// So often the server takes new keys before each line that it says.
    pub rekeys: usize,
    /// The mechanisms that EHLO's reply offers.
    pub mechanisms: String,
    /// Who does the server's side of an authentication; none takes everybody.
    pub judge: Option<Judge>,
    pub config: Arc<ServerConfig>,
}

/// Begins the server's side of an authentication by a mechanism, over this connection where it is encrypted. What it
/// makes answers each line of the client's, an initial response or `-` for none first, with a line of SMTP.
pub type Judge = Arc<dyn Fn(&str, Option<&ServerConnection>) -> Box<dyn FnMut(&str) -> String> + Send + Sync>;

/// Takes everybody, whatever the mechanism.
fn lenient() -> Box<dyn FnMut(&str) -> String> {
    Box::new(|line| String::from(if line == "-" { "334 " } else { "235 welcome" }))
}

/// What a server does at the end of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MessageEnd {
    /// Says 250.
    Keep,
    /// Ends the connection without TLS's own end.
    Truncate,
    /// Ends TLS in order and says 250 in the clear.
    ClearAfterEnd,
    /// Says 250 in the clear in the middle of TLS.
    ClearInstead,
}

impl Behaviour {
    pub fn good(config: Arc<ServerConfig>) -> Behaviour {
        Behaviour {
            implicit: false,
            offers: true,
            answer: b"220 go ahead\r\n",
            handshake: true,
            end: MessageEnd::Keep,
            drip: false,
            rekeys: 0,
            mechanisms: String::from("PLAIN"),
            judge: None,
            config,
        }
    }
}

/// What a server heard on one connection.
#[derive(Default)]
pub struct Heard {
    /// All bytes, as they were on the wire.
    pub wire: Vec<u8>,
    /// Lines that came in the clear.
    pub clear: Vec<String>,
    /// Lines that came encrypted.
    pub encrypted: Vec<String>,
    /// The session was resumed.
    pub resumed: bool,
    /// The client showed a certificate.
    pub client_certificate: bool,
    /// The client ended TLS in order.
    pub ended_in_order: bool,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Heard { wire, clear, encrypted, resumed, .. } = self;
        write!(f, "{} bytes; clear: {clear:?}; encrypted: {encrypted:?}; resumed: {resumed}", wire.len())
    }
}

/// A server that takes so many connections.
pub struct TlsServer {
    pub address: SocketAddr,
    thread: JoinHandle<Vec<Heard>>,
}

impl TlsServer {
    pub fn start(behaviour: Behaviour, connections: usize) -> TlsServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let thread = std::thread::spawn(move || {
            let accept = |_| {
                let limit = rustix::event::Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
                let mut waiting = [PollFd::new(&listener, PollFlags::IN)];
                assert_eq!(poll(&mut waiting, Some(&limit)), Ok(1), "nobody connects");
                let (stream, _) = listener.accept().expect("a connection");
                let behaviour = behaviour.clone();
                std::thread::spawn(move || serve(stream, &behaviour))
            };
            let all: Vec<_> = (0..connections).map(accept).collect();
            all.into_iter().map(|one| one.join().expect("a server's thread")).collect()
        });
        TlsServer { address, thread }
    }

    /// Call when the client is done: what was heard on each connection, in the order in which they came.
    pub fn finish(self) -> Vec<Heard> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// A socket that remembers what came over it.
struct Recorded {
    stream: TcpStream,
    heard: Vec<u8>,
    drip: bool,
}

impl Read for Recorded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buf)?;
        self.heard.extend_from_slice(&buf[..count]);
        Ok(count)
    }
}

impl Write for Recorded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let length = if self.drip { buf.len().min(1) } else { buf.len() };
        self.stream.write(&buf[..length])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Conversation {
    socket: Recorded,
    tls: Option<ServerConnection>,
    rekeys: usize,
    heard: Heard,
}

fn serve(stream: TcpStream, behaviour: &Behaviour) -> Heard {
    stream.set_read_timeout(Some(super::wait::LONG)).expect("a limit");
    stream.set_nodelay(true).expect("no delay");
    let socket = Recorded { stream, heard: Vec::new(), drip: behaviour.drip };
    let mut conversation = Conversation { socket, tls: None, rekeys: behaviour.rekeys, heard: Heard::default() };
    // However it ends, what was heard until then counts.
    let _ = conversation.hold(behaviour);
    let Conversation { socket, tls, mut heard, .. } = conversation;
    if let Some(mut tls) = tls {
        heard.ended_in_order = matches!(tls.reader().read(&mut [0]), Ok(0));
    }
    heard.wire = socket.heard;
    heard
}

impl Conversation {
    fn hold(&mut self, behaviour: &Behaviour) -> io::Result<()> {
        if behaviour.implicit {
            self.secure(behaviour)?;
        }
        self.say(b"220 test server\r\n")?;
        while let Some(line) = self.line()? {
            let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" | "LHLO" => {
                    let offer = if self.tls.is_none() && behaviour.offers { "250-STARTTLS\r\n" } else { "" };
                    let reply = format!("250-test server\r\n{offer}250 AUTH {}\r\n", behaviour.mechanisms);
                    self.say(reply.as_bytes())?;
                }
                "STARTTLS" => {
                    self.say(behaviour.answer)?;
                    if behaviour.handshake {
                        self.secure(behaviour)?;
                    }
                }
                "AUTH" => self.authenticate(&line, behaviour.judge.as_ref())?,
                "DATA" => {
                    self.say(b"354 go on\r\n")?;
                    while self.line()?.is_some_and(|line| line != ".") {}
                    self.end_message(behaviour.end)?;
                }
                "QUIT" => {
                    self.say(b"221 bye\r\n")?;
                    // The client's end first: bytes that came after it had closed would be answered with a reset, which
                    // takes its last words with it.
                    while self.line()?.is_some() {}
                    return self.end_tls();
                }
                _ => self.say(b"250 ok\r\n")?,
            }
        }
        Ok(())
    }

    fn authenticate(&mut self, line: &str, judge: Option<&Judge>) -> io::Result<()> {
        let mut words = line.split_whitespace().skip(1);
        let mechanism = words.next().unwrap_or_default();
        let mut exchange = judge.map_or_else(lenient, |judge| judge(mechanism, self.tls.as_ref()));
        let mut said = words.next().unwrap_or("-").to_owned();
        loop {
            let answer = exchange(&said);
            self.say(format!("{answer}\r\n").as_bytes())?;
            if !answer.starts_with("334") {
                return Ok(());
            }
            match self.line()? {
                None => return Ok(()),
                Some(line) if line == "*" => return self.say(b"501 cancelled\r\n"),
                Some(line) => said = line,
            }
        }
    }

    fn end_message(&mut self, how: MessageEnd) -> io::Result<()> {
        match how {
            MessageEnd::Keep => return self.say(b"250 kept\r\n"),
            MessageEnd::Truncate => {}
            MessageEnd::ClearAfterEnd => {
                self.end_tls()?;
                self.socket.write_all(b"250 kept, in the clear\r\n")?;
            }
            MessageEnd::ClearInstead => self.socket.write_all(b"250 kept, in the clear\r\n")?,
        }
        self.socket.stream.shutdown(std::net::Shutdown::Write)
    }

    fn secure(&mut self, behaviour: &Behaviour) -> io::Result<()> {
        let mut tls = ServerConnection::new(behaviour.config.clone()).expect("a configuration");
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut self.socket)?;
        }
        self.heard.resumed = tls.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        self.heard.client_certificate = tls.peer_certificates().is_some();
        self.tls = Some(tls);
        Ok(())
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => {
                for _ in 0..self.rekeys {
                    tls.refresh_traffic_keys().expect("TLS 1.3");
                }
                rustls::Stream::new(tls, &mut self.socket).write_all(bytes)
            }
            None => self.socket.write_all(bytes),
        }
    }

    fn end_tls(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        tls.send_close_notify();
        while tls.wants_write() {
            tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// The next line without its end; `None` when the client has ended.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            let count = match &mut self.tls {
                Some(tls) => rustls::Stream::new(tls, &mut self.socket).read(&mut byte)?,
                None => self.socket.read(&mut byte)?,
            };
            if count == 0 {
                return Ok(None);
            }
            if byte[0] == b'\n' {
                break;
            }
            line.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
        let lines = if self.tls.is_some() { &mut self.heard.encrypted } else { &mut self.heard.clear };
        lines.push(text.clone());
        Ok(Some(text))
    }
}

/// Long enough for anything on a busy machine.
pub const PATIENCE: Duration = super::wait::LONG;
