//! TLS: by STARTTLS, and from the first byte on.

use crate::house::{House, address, start};
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use crate::support::tls::{Authority, Certified};
use helo::client::{Session, Settings, Timeouts, Tls, TlsMode, TlsName};
use helo::net::connect::Target;
use helo::net::tls::{Identity, Roots, ServerConfig, server_config};
use helo::net::wait::Cancel;
use helo::server::{Limits, Service};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub const NAME: &str = "mx.example";

pub static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test authority"));

fn server_side() -> ServerConfig {
    let Certified { pem, key, .. } = AUTHORITY.certificate(&[NAME]);
    server_config(&Identity::from_pem(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap()).unwrap()
}

pub fn with_tls(service: &mut Service) {
    service.tls = Some(server_side().into());
}

/// The handshake over a connection, as a client that knows the authority does it.
fn secure(stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
    secure_with(stream, &[])
}

/// The same by a client that names these protocols.
fn secure_with(stream: TcpStream, protocols: &[&str]) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(PemObject::from_pem_slice(AUTHORITY.pem.as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(NAME).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// A connection that has said EHLO and STARTTLS in the clear, with what is sent behind STARTTLS in the same segment.
fn before_handshake(address: SocketAddr, behind: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    let mut clear = Raw::over(stream.try_clone().unwrap());
    clear.expect(220);
    assert!(clear.ask("EHLO spy.example", 250).contains("STARTTLS"));
    clear.send(format!("STARTTLS\r\n{behind}")).expect(220);
    stream
}

#[test]
fn a_mail_behind_starttls() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, with_tls);
        let mut client = Raw::over(secure(before_handshake(house.address(), "")));
        // All that was said before is forgotten.
        client.ask("MAIL FROM:<a@example.org>", 503);
        assert!(!client.ask("EHLO client.example", 250).contains("STARTTLS"));
        client.ask("STARTTLS", 503);
        client.ask("MAIL FROM:<a@example.org>", 250);
        client.ask("RCPT TO:<b@example.com>", 250);
        client.ask("DATA", 354);
        let text = "x".repeat(998) + "\r\n";
        client.send(text.repeat(1000)).send(".\r\n").expect(250);
        client.ask("QUIT", 221);
        client.closed();
        let mail = house.kept.mails().remove(0);
        assert_eq!(mail.message.len(), 1_000_000);
        assert_eq!((mail.envelope.with().as_str(), mail.envelope.hello.as_str()), ("ESMTPS", "client.example"));
        let tls = mail.envelope.tls.clone().unwrap();
        assert_eq!((tls.version.as_str(), &tls.cipher[..4]), ("TLSv1.3", "TLS_"));
    }
}

#[test]
fn a_mail_with_tls_from_the_first_byte() {
    let kept = Kept::blocking();
    let server = start(Arc::new(kept.clone()), with_tls, true, Limits::default());
    let mut client = Raw::over(secure(TcpStream::connect(address(&server)).unwrap()));
    client.expect(220);
    assert!(!client.ask("EHLO client.example", 250).contains("STARTTLS"));
    client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n");
    assert_eq!(client.codes(4), [250, 250, 250, 221]);
    client.closed();
    assert_eq!(kept.mails()[0].envelope.with(), "ESMTPS");
}

#[test]
fn our_client_and_our_server() {
    for (mode, implicit) in [(TlsMode::Always, false), (TlsMode::Implicit, true)] {
        let kept = Kept::blocking();
        let server = start(Arc::new(kept.clone()), with_tls, implicit, Limits::default());
        let tls = Tls {
            mode,
            name: TlsName::Given(NAME.into()),
            roots: Some(Roots::from_pem(AUTHORITY.pem.as_bytes()).unwrap()),
            ..Tls::default()
        };
        let timeouts = Timeouts::all(crate::house::LONG);
        let settings = Settings { helo_name: "me.example".into(), timeouts, tls, ..Settings::default() };
        let at = address(&server);
        let target = Target::Host { host: at.ip().to_string(), port: at.port() };
        let mut session = Session::open(target, settings, Cancel::new(), &mut ()).unwrap();
        assert_eq!(crate::support::engine::send(&mut session, &[b"text\r\n"]).unwrap(), 250);
        session.quit(&mut ());
        assert_eq!(kept.mails()[0].text(), "text\r\n");
    }
}

/// A browser that was led here names HTTP and nothing else: it hears the alert for that. Mail clients name none, or SMTP.
#[test]
fn protocols_by_alpn() {
    let offer = |names: &[&str], implicit: bool| {
        let kept = Kept::new();
        let server = start(Arc::new(kept.clone()), with_tls, implicit, Limits::default());
        let at = address(&server);
        let stream = if implicit { TcpStream::connect(at).unwrap() } else { before_handshake(at, "") };
        let mut tls = secure_with(stream, names);
        let began = tls.conn.complete_io(&mut tls.sock);
        let alert = began.err().map(|why| why.to_string());
        let chosen = tls.conn.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap());
        if alert.is_none() {
            let mut client = Raw::over(tls);
            if implicit {
                client.expect(220);
            }
            client.ask("EHLO client.example", 250);
        }
        (alert, chosen)
    };
    for implicit in [true, false] {
        assert_eq!(offer(&[], implicit), (None, None));
        assert_eq!(offer(&["smtp"], implicit), (None, Some("smtp".into())));
        assert_eq!(offer(&["h2", "smtp"], implicit), (None, Some("smtp".into())));
        for others in [&["http/1.1"][..], &["h2"], &["h2", "http/1.1"], &["imap"], &["SMTP"]] {
            let alert = offer(others, implicit).0.expect("no handshake");
            assert!(alert.contains("NoApplicationProtocol"), "{others:?}: {alert}");
        }
    }
}

/// CVE-2011-0411, CVE-2024-34083: what a third party puts behind STARTTLS is not the client's.
#[test]
fn commands_sent_behind_starttls_in_the_clear_are_dropped() {
    let house = House::with(Kept::new(), with_tls);
    let evil = "EHLO evil.example\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<evil@example.com>\r\n";
    for injected in ["RSET\r\n", "NOOP", "\r\n", evil] {
        let mut client = Raw::over(secure(before_handshake(house.address(), injected)));
        client.ask("DATA", 503);
        client.ask("EHLO client.example", 250);
        client.ask("MAIL FROM:<a@example.org>", 250);
        client.ask("DATA", 503);
        client.ask("QUIT", 221);
        client.closed();
    }
}

/// RFC 3207, 4.2: who the client is, its hello and the mail under way belong to the time before.
#[test]
fn what_was_said_before_tls_is_forgotten() {
    let house = House::with(Kept::new(), |service| {
        with_tls(service);
        crate::auth::with_users(service);
        service.dialogue.auth_in_clear = true;
    });
    let stream = TcpStream::connect(house.address()).unwrap();
    let mut clear = Raw::over(stream.try_clone().unwrap());
    clear.expect(220);
    clear.ask("EHLO client.example", 250);
    clear.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235);
    clear.ask("MAIL FROM:<a@example.org>", 250);
    clear.ask("RCPT TO:<b@example.com>", 250);
    clear.ask("STARTTLS", 220);
    let mut client = Raw::over(secure(stream));
    client.ask("DATA", 503);
    client.ask("MAIL FROM:<a@example.org>", 503);
    client.ask("EHLO client.example", 250);
    client.ask("MAIL FROM:<a@example.org>", 530);
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235);
    client.ask("MAIL FROM:<a@example.org>", 250);
    client.ask("DATA", 503);
}

/// The connection ends without TLS's own end, in the middle of a message: whoever is in between may have cut it.
#[test]
fn a_connection_cut_short_within_tls_stores_nothing() {
    for body in [
        "DATA\r\nhalf a message\r\n",
        "DATA\r\nall but the end\r\n.",
        "BDAT 100 LAST\r\nhalf a chunk",
        "BDAT 4\r\nhalf",
    ] {
        for kept in [Kept::new(), Kept::blocking()] {
            let house = House::with(kept, with_tls);
            let stream = secure(before_handshake(house.address(), ""));
            let bare = stream.sock.try_clone().unwrap();
            let mut client = Raw::over(stream);
            client.ask("EHLO client.example", 250);
            client.send(format!("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n{body}"));
            assert_eq!(client.codes(2), [250, 250]);
            house.kept.wait_open(1);
            bare.shutdown(Shutdown::Write).unwrap();
            house.kept.wait_given_up(1);
            assert!(house.kept.mails().is_empty(), "{body:?}");
        }
    }
}

/// CVE-2026-45185: the connection ends without TLS's own end, and clear bytes follow.
#[test]
fn clear_bytes_within_tls_end_the_session() {
    for body in ["DATA\r\nhalf a message\r\n", "BDAT 100 LAST\r\nhalf a chunk"] {
        let house = House::with(Kept::blocking(), with_tls);
        let stream = secure(before_handshake(house.address(), ""));
        let mut bare = stream.sock.try_clone().unwrap();
        let mut client = Raw::over(stream);
        client.ask("EHLO client.example", 250);
        client.send(format!("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n{body}"));
        assert_eq!(client.codes(2), [250, 250]);
        house.kept.wait_open(1);
        bare.write_all(b"\r\n.\r\nMAIL FROM:<evil@example.org>\r\n").unwrap();
        house.kept.wait_given_up(1);
        assert!(house.kept.mails().is_empty());
        house.client().ask("QUIT", 221);
    }
}

#[test]
fn a_handshake_that_hangs_or_is_none_is_given_up() {
    let short = |service: &mut Service| {
        with_tls(service);
        service.dialogue.timeouts.handshake = Duration::from_millis(200);
    };
    let house = House::with(Kept::new(), short);
    Raw::over(before_handshake(house.address(), "")).closed();
    Raw::over(before_handshake(house.address(), "")).say("EHLO in.the.clear").rest();
    let server = start(Arc::new(Kept::new()), short, true, Limits::default());
    Raw::tcp(address(&server)).closed();
    Raw::tcp(address(&server)).say("EHLO in.the.clear").rest();
    // Who says nothing of TLS is still served where that is allowed.
    house.client().ask("QUIT", 221);
}

#[test]
fn without_a_certificate_there_is_no_tls() {
    let house = House::new();
    let mut client = house.client();
    assert!(!client.ask("EHLO x", 250).contains("STARTTLS"));
    client.say("STARTTLS");
    assert!(client.reply().starts_with("50"));
}
