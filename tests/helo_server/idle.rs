//! Ten thousand clients that say nothing, at each place where a session waits, and one that wants its mail taken.
//!
//! The memory for each is what a stranger would measure: the process's resident memory before the first of them and
//! after the last, divided by their number.

use crate::MAIL;
use crate::support::process::{is_sanitized, memory_of, raise_descriptors};
use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::skip;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 10_000;
/// What an idle session may cost.
const MOST: u64 = 12 * 1024;

/// Sends this in one piece and reads until so many replies are there.
fn converse(stream: &mut (impl Read + Write), text: &str, replies: usize) {
    stream.write_all(text.as_bytes()).expect("a connection");
    let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
    let last_lines =
        |seen: &[u8]| seen.split(|octet| *octet == b'\n').filter(|line| line.get(3) == Some(&b' ')).count();
    while !seen.ends_with(b"\r\n") || last_lines(&seen) < replies {
        let count = stream.read(&mut buffer).expect("a reply");
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
}

/// Clients that come as far as `text` leads and then say nothing: what each costs, while another is served.
fn idle<T>(name: &str, count: u64, server: &Program, connect: impl Fn(SocketAddr) -> T) -> u64 {
    let address = server.address("smtp");
    let before = memory_of(server.child.id());
    let clients: Vec<T> = (0..count).map(|_| connect(address)).collect();
    let each = memory_of(server.child.id()).saturating_sub(before) / count;
    println!("{count} connections idle {name}: {each} octets each");

    let started = Instant::now();
    let mut client = Raw::greeted(address);
    for _ in 0..100 {
        client.send(MAIL);
        assert_eq!(client.codes(3), [250, 250, 250]);
    }
    println!("100 mails beside them: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(20));
    drop(clients);
    each
}

fn server(more: &[&str]) -> Option<Program> {
    if !raise_descriptors(CLIENTS + 200) {
        skip::skip("idle_connections", "needs 10,200 descriptors (ulimit -Hn)");
        return None;
    }
    let common = ["--port", "0", "--discard", "--quiet", "--max-connections", "20000"];
    Some(Program::start(&[&common[..], more].concat()))
}

#[test]
fn ten_thousand_idle_connections() {
    let mail = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n";
    for (name, count, text, replies) in [
        ("before their hello", CLIENTS / 5, String::new(), 1),
        ("after it", CLIENTS, "EHLO client.example\r\n".into(), 2),
        ("within a mail", CLIENTS, format!("EHLO client.example\r\n{mail}"), 4),
        ("within a message", CLIENTS / 5, format!("EHLO client.example\r\n{mail}DATA\r\n"), 5),
    ] {
        let Some(server) = server(&[]) else { return };
        let count = if is_sanitized() { 200 } else { count };
        let each = idle(name, count, &server, |address| {
            let mut stream = TcpStream::connect(address).expect("the server listens");
            converse(&mut stream, &text, replies);
            stream
        });
        assert!(each < MOST || is_sanitized(), "{each} octets for a connection idle {name}");
        assert!(server.stop().0);
    }
}

/// TLS has keys and buffers of its own for each connection. (Fewer of them: each handshake is work.)
#[cfg(feature = "tls")]
#[test]
fn a_thousand_idle_connections_under_tls() {
    use crate::support::tls::Authority;
    use rustls::pki_types::{ServerName, pem::PemObject};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
    use std::sync::Arc;

    let folder = crate::support::temp::TempDir::new();
    let authority = Authority::new("Test authority");
    let certified = authority.certificate(&["mx.example"]);
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, &certified.pem).unwrap();
    std::fs::write(&key, certified.key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(PemObject::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let Some(server) =
        server(&["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()])
    else {
        return;
    };
    let count = if is_sanitized() { 100 } else { 1000 };
    let each = idle("under TLS", count, &server, |address| {
        let mut stream = TcpStream::connect(address).expect("the server listens");
        converse(&mut stream, "EHLO client.example\r\n", 2);
        converse(&mut stream, "STARTTLS\r\n", 1);
        let name = ServerName::try_from("mx.example").unwrap();
        let mut secured = StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), stream);
        converse(&mut secured, "EHLO client.example\r\n", 1);
        secured
    });
    assert!(each < 64 * 1024 || is_sanitized(), "{each} octets for a connection idle under TLS");
}
