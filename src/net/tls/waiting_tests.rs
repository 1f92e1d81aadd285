//! A verification that waits for others: whoever has the handshake done does not.

use super::config::{Client, provider};
use super::sessions::Sessions;
use super::*;
use crate::error::Cause;
use crate::net::ram::{self, RamStream};
use crate::net::transport::{Source, Transport};
use crate::net::wait::{Cancel, Interest, Waited, wait_many};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Says when it is asked, and waits for its answer.
#[derive(Debug)]
struct Slow {
    asked: crate::net::lock::Mutex<Sender<()>>,
    answer: crate::net::lock::Mutex<Receiver<bool>>,
}

impl ServerCertVerifier for Slow {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.asked.lock().send(()).unwrap();
        match self.answer.lock().recv() {
            Ok(true) => Ok(ServerCertVerified::assertion()),
            _ => Err(Error::InvalidCertificate(CertificateError::Revoked)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed([String::from("mail.example")]).unwrap();
    Identity::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap()
}

/// A client that verifies as it is told, who is told when it is asked, and where it is told.
fn slow_client() -> (Client, Receiver<()>, Sender<bool>) {
    let (asked, was_asked) = channel();
    let (answer, answered) = channel();
    let slow = Slow { asked: crate::net::lock::Mutex::new(asked), answer: crate::net::lock::Mutex::new(answered) };
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(slow))
        .with_no_client_auth();
    let client = Client { config: Arc::new(config), sessions: Arc::new(Sessions::new()), may_wait: true };
    (client, was_asked, answer)
}

/// Pins by which connections are verified in that way; no two tests have the same number.
pub(crate) fn slow_pins(number: u8) -> (Vec<Pin>, Receiver<()>, Sender<bool>) {
    let pins = vec![Pin([number; 32])];
    let (client, was_asked, answer) = slow_client();
    super::config::keep(&Options { verify: true, pins: pins.clone(), ..Options::default() }, client);
    (pins, was_asked, answer)
}

/// A server that greets and takes EHLO, over TLS from the first byte or in the clear.
pub(crate) fn small_server(encrypted: bool) -> std::net::SocketAddr {
    use std::io::{BufRead, BufReader, Read, Write};
    trait Both: Read + Write {}
    impl<T: Read + Write> Both for T {}
    let config = server_config(&identity()).unwrap().tls;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let tls = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream: Box<dyn Both + Send> = match encrypted {
                true => Box::new(rustls::StreamOwned::new(tls, socket)),
                false => Box::new(socket),
            };
            std::thread::spawn(move || {
                let mut line = String::new();
                stream.write_all(b"220 mail.example\r\n")?;
                BufReader::new(&mut stream).read_line(&mut line)?;
                stream.write_all(b"250 mail.example\r\n")?;
                stream.read(&mut [0; 100])
            });
        }
    });
    address
}

/// A client in whose handshake the certificate is being verified, and all around it.
struct Scene {
    client: Handshake,
    server: Handshake,
    answer: Sender<bool>,
    cancel: Cancel,
}

const LONG: Duration = Duration::from_secs(20);

impl Scene {
    fn new(client: RamStream, server: RamStream) -> Scene {
        let identity = identity();
        let (config, was_asked, answer) = slow_client();
        let name = ServerName::try_from("mail.example").unwrap();
        let mut client = Handshake::client_by(Box::new(client), name, config).unwrap();
        let cancel = Cancel::new();
        client.set_waker(&cancel.waker().unwrap());
        let mut server = Handshake::server(Box::new(server), &server_config(&identity).unwrap()).unwrap();
        let end = Instant::now() + LONG;
        while was_asked.try_recv().is_err() {
            assert!(Instant::now() < end, "nobody is asked");
            assert!(client.advance().unwrap().is_none());
            assert!(server.advance().unwrap().is_none());
        }
        let mut scene = Scene { client, server, answer, cancel };
        // It is under way, and what waits for it is told where.
        assert!(scene.client.advance().unwrap().is_none());
        let mut waits = Vec::new();
        scene.client.waits(&mut waits);
        assert!(matches!(waits[..], [(Source::Notified, _)]));
        assert!(!scene.client.peer().is_empty());
        scene
    }

    /// Both sides in turn until the client is done or has failed; it waits as a caller does.
    fn finish(&mut self) -> crate::error::Result<Box<dyn Transport>> {
        loop {
            if let Some(done) = self.client.advance()? {
                return Ok(done);
            }
            let _ = self.server.advance();
            let until = Some(Instant::now() + LONG);
            let waited =
                wait_many(&[(Source::Notified, Interest::NONE)], until, &self.cancel, &mut (), &mut Vec::new());
            assert_eq!(waited, Waited::Ready, "nobody tells that it is verified");
        }
    }
}

#[test]
fn who_waits_is_woken_when_it_is_verified_or_not() {
    let (client, server) = ram::pair();
    let mut scene = Scene::new(client, server);
    scene.answer.send(true).unwrap();
    let done = scene.finish().unwrap();
    assert!(done.is_secure());

    let (client, server) = ram::pair();
    let mut scene = Scene::new(client, server);
    scene.answer.send(false).unwrap();
    let error = scene.finish().err().unwrap();
    assert_eq!(error.cause, Cause::Tls);
    assert!(error.detail.contains("revoked"), "{error}");
}

#[test]
fn it_can_be_given_up_meanwhile() {
    let (client, server) = ram::pair();
    let mut scene = Scene::new(client, server);
    scene.client.abort();
    assert!(scene.server.advance().is_err(), "the server sees it at once");
    assert_eq!(scene.client.advance().err().unwrap().cause, Cause::BadSequence);
    // What the helper finds out now is of no use to anybody.
    scene.answer.send(true).unwrap();

    let (client, server) = ram::pair();
    let mut scene = Scene::new(client, server);
    drop(scene.client);
    assert!(scene.server.advance().is_err());
}
