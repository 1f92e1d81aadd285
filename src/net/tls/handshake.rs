//! From a transport to an encrypted one, without blocking.

use super::config::{Client, ServerConfig, client_config};
use super::failure::TlsFailure;
use super::options::Options;
use super::sessions::Sessions;
use super::stream::{Shaken, TlsStream};
use super::verify;
use super::words;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::helpers::{Helped, Pool};
use crate::net::transport::{Readiness, Source, Transport};
use crate::net::wait::{Interest, Waker};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, Connection, HandshakeKind, ServerConnection};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Where a certificate is verified by a system that may wait for others with it: so that the caller does not, and its
/// deadline, its cancel and its yield hold.
static POOL: Pool = Pool::new("helo-verify", "verify the server's certificate");

/// What a helper looks at, and the transport meanwhile.
struct Looking {
    inner: Box<dyn Transport>,
    asked: Helped<Box<(Connection, std::result::Result<(), rustls::Error>)>>,
}

/// A handshake under way. Dropping it gives up the connection.
pub struct Handshake {
    /// `None` when it has ended, and while it is looked at.
    stream: Option<TlsStream>,
    looking: Option<Looking>,
    /// Looking at what arrives may take a while.
    may_wait: bool,
    waker: Option<Waker>,
    agreed: String,
    version_and_cipher: (String, String),
    /// The client's sessions, and the server that one of them may be with.
    server: Option<(Arc<Sessions>, ServerName<'static>)>,
    /// What the other side showed.
    certificate: Option<CertificateDer<'static>>,
    /// It has failed because the two sides do not fit each other.
    is_lack: bool,
}

impl Handshake {
    /// Begins it as the client. `name` is the name or the address that the certificate must have; it is needed where
    /// the options say to verify.
    pub fn client(transport: Box<dyn Transport>, name: Option<&str>, options: &Options) -> Result<Handshake> {
        let name = server_name(name, options, &*transport)?;
        let client = client_config(options).map_err(|why| failure(Cause::Tls, why))?;
        Handshake::client_by(transport, name, client)
    }

    /// The same by this configuration.
    pub(super) fn client_by(
        transport: Box<dyn Transport>,
        name: ServerName<'static>,
        client: Client,
    ) -> Result<Handshake> {
        let Client { config, sessions, may_wait } = client;
        let tls =
            ClientConnection::new(config, name.clone()).map_err(|why| failure(Cause::Tls, words::words(&why, true)))?;
        Ok(Handshake { server: Some((sessions, name)), may_wait, ..Handshake::over(TlsStream::client(transport, tls)) })
    }

    /// Begins it as the server.
    pub fn server(transport: Box<dyn Transport>, config: &ServerConfig) -> Result<Handshake> {
        let tls =
            ServerConnection::new(config.tls.clone()).map_err(|why| failure(Cause::Tls, words::words(&why, true)))?;
        Ok(Handshake::over(TlsStream::server(transport, tls, config.certificate.clone())))
    }

    fn over(stream: TlsStream) -> Handshake {
        let version_and_cipher = Default::default();
        Handshake {
            stream: Some(stream),
            looking: None,
            may_wait: false,
            waker: None,
            agreed: String::new(),
            version_and_cipher,
            server: None,
            certificate: None,
            is_lack: false,
        }
    }

    /// Does what can be done without waiting: the encrypted transport, `None` while it is under way, or why there is
    /// none. The caller's deadline is the caller's.
    pub fn advance(&mut self) -> Result<Option<Box<dyn Transport>>> {
        let mut looked = Ok(());
        if let Some(mut looking) = self.looking.take() {
            let Some(answer) = looking.asked.poll() else {
                self.looking = Some(looking);
                return Ok(None);
            };
            let (tls, result) = *answer.map_err(|why| failure(why.cause, why.detail))?;
            let stream = self.stream.insert(TlsStream::of_parts(looking.inner, tls, self.waker.clone()));
            looked = stream.looked_at(result);
        }
        let Some(stream) = &mut self.stream else {
            return Err(failure(Cause::BadSequence, "this handshake has ended already"));
        };
        // Who cannot be woken waits here.
        let elsewhere = self.may_wait && self.waker.is_some();
        match looked.and_then(|()| stream.handshake(elsewhere)) {
            Ok(Shaken::Arrived) => self.look_elsewhere(),
            Ok(Shaken::Done) => {
                self.agreed = agreed(stream.tls());
                self.version_and_cipher = version_and_cipher(stream.tls());
                self.certificate = stream.tls().peer_certificates().and_then(|chain| chain.first()).cloned();
                Ok(self.stream.take().map(|stream| Box::new(stream) as _))
            }
            Err(why) if why.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(why) => {
                // In order, so that the alert that says why arrives.
                stream.close();
                self.stream = None;
                if let Some((sessions, name)) = self.server.take() {
                    sessions.bar(name);
                }
                self.is_lack = !TlsFailure::is_in(&why) || TlsFailure::is_lack(&why);
                Err(lost(&why))
            }
        }
    }

    /// Has a helper look at what has arrived.
    fn look_elsewhere(&mut self) -> Result<Option<Box<dyn Transport>>> {
        if let (Some(stream), Some(waker)) = (self.stream.take(), &self.waker) {
            let (inner, mut tls) = stream.into_parts();
            let look = move || {
                let result = tls.process_new_packets().map(drop);
                Ok(Box::new((tls, result)))
            };
            let asked = POOL.start(waker, look).map_err(|why| failure(why.cause, why.detail))?;
            self.looking = Some(Looking { inner, asked });
        }
        Ok(None)
    }

    /// Whether it has failed because the two sides do not fit each other (old versions, no cipher in common, no TLS at
    /// all, an end in the middle of it), and not because a check found something wrong.
    pub fn is_lack(&self) -> bool {
        self.is_lack
    }

    /// How many octets have arrived: so many it may hold of a message that is not complete.
    pub fn taken(&self) -> usize {
        self.stream.as_ref().map_or(0, TlsStream::taken)
    }

    /// What `advance` waits for.
    pub fn waits<'a>(&'a self, list: &mut Vec<(Source<'a>, Interest)>) {
        if self.looking.is_some() {
            list.push((Source::Notified, Interest::NONE));
        }
        if let Some(stream) = &self.stream {
            list.push((stream.source(), Interest { readable: true, writable: stream.wants_write() }));
        }
    }

    /// Whom to wake from now on.
    pub fn set_waker(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
        if let Some(stream) = &mut self.stream {
            stream.set_waker(waker);
        }
        if let Some(looking) = &mut self.looking {
            looking.inner.set_waker(waker);
            looking.asked.set_waker(waker);
        }
    }

    /// An event loop saw something happen.
    pub fn woken(&mut self, seen: Readiness) {
        if let Some(stream) = &mut self.stream {
            stream.woken(seen);
        }
        if let Some(looking) = &mut self.looking {
            looking.inner.woken(seen);
        }
    }

    /// Breaks it off at once.
    pub fn abort(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            stream.abort();
        }
        if let Some(mut looking) = self.looking.take() {
            looking.inner.abort();
        }
    }

    /// The other end, for people.
    pub fn peer(&self) -> String {
        match &self.looking {
            Some(looking) => looking.inner.peer(),
            None => self.stream.as_ref().map(Transport::peer).unwrap_or_default(),
        }
    }

    /// What was agreed, for people, once it is done: the version, the cipher, and whether a session was resumed.
    pub fn agreed(&self) -> String {
        self.agreed.clone()
    }

    /// What the other side's certificate says of itself, for people, once it is done: names, issuer, until when, and its
    /// key as `tls_pin` has it. `None` if it showed none.
    pub fn certificate(&self) -> Option<String> {
        self.certificate.as_ref().map(verify::in_words)
    }

    /// The version (`TLSv1.3`) and the cipher (`TLS_AES_128_GCM_SHA256`) that were agreed, once it is done.
    pub fn version_and_cipher(&self) -> (String, String) {
        self.version_and_cipher.clone()
    }
}

fn server_name(name: Option<&str>, options: &Options, transport: &dyn Transport) -> Result<ServerName<'static>> {
    // Where nobody's name is asked for: sessions are kept apart by address, and no name is sent.
    let by_address = || {
        let peer = transport.peer().parse().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer: SocketAddr| peer.ip());
        ServerName::IpAddress(peer.into())
    };
    let Some(name) = name else {
        if options.verify {
            return Err(failure(Cause::BadArgument, "there is no name that the certificate could be verified for"));
        }
        return Ok(by_address());
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    // An address with a zone is that address.
    let address = bare.split_once('%').map_or(bare, |(address, _)| address);
    if let Ok(ip) = address.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(ip.into()));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    match ServerName::try_from(name) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) if !options.verify => Ok(by_address()),
        Err(_) => {
            let words = format!("{name} is no name that a certificate can have (beyond ASCII: write its xn-- form)");
            Err(failure(Cause::BadArgument, words))
        }
    }
}

/// As headers and logs of mail have them: `TLSv1.3`, and the cipher by IANA's name.
fn version_and_cipher(tls: &Connection) -> (String, String) {
    let version = match tls.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLSv1.3",
    };
    let cipher = tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()).replace("TLS13_", "TLS_"));
    (version.to_owned(), cipher.unwrap_or_default())
}

fn agreed(tls: &Connection) -> String {
    let version = match tls.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS 1.3",
    };
    let cipher = tls.negotiated_cipher_suite().map(|suite| format!(", {:?}", suite.suite())).unwrap_or_default();
    let resumed = if tls.handshake_kind() == Some(HandshakeKind::Resumed) { ", session resumed" } else { "" };
    format!("{version}{cipher}{resumed}")
}

fn lost(why: &io::Error) -> Error {
    if TlsFailure::is_in(why) {
        return failure(Cause::Tls, why.to_string()).hinting(TlsFailure::hint(why));
    }
    let words = crate::net::sys::words(why);
    failure(crate::net::transport::read_cause(why), format!("the connection was lost during the handshake: {words}"))
}

fn failure(cause: Cause, detail: impl Into<String>) -> Error {
    Error::new(Phase::Tls, cause, detail)
}
