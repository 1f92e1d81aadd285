//! A service for a while: honest and hostile clients at once, a certificate and users that are another every second. No
//! confirmed mail is lost and no honest mail refused. `make check-service` has it run for SERVICE_SECONDS.

use crate::service::put;
use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::temp::TempDir;
use helo::client::{Session, Settings, Tls, TlsMode};
use helo::net::connect::Target;
use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn seconds() -> u64 {
    std::env::var("HELO_SERVICE_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(4)
}

/// Another certificate with its key, and users of whom one is always the same.
fn certificate_and_users(folder: &TempDir, number: usize) {
    let certified = crate::support::tls::self_signed(&["mx.example"]);
    put(&folder.join("cert.pem"), &certified.pem);
    put(&folder.join("key.pem"), &certified.key.serialize_pem());
    put(&folder.join("users"), &format!("alice:wonderland\nuser-{number}:word-{number}\n"));
}

/// A connection from another address of this machine, so that what is held against strangers is not held against those who
/// are honest.
fn from(address: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((address, 0)).into())?;
    socket.connect(&to.into())?;
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok(stream)
}

/// Sends mails, each with a mark of its own, one way after the other, and gives the marks that were confirmed.
fn honest(number: usize, server: &Program, ends: &AtomicBool) -> Vec<String> {
    let mut confirmed = Vec::new();
    let (smtp, smtps) = (server.address("smtp"), server.address("smtps"));
    while !ends.load(Ordering::Relaxed) {
        let mark = format!("mark-{number}-{}.", confirmed.len());
        let body = format!("Subject: {mark}\r\n\r\n{}", "line of an honest mail\r\n".repeat(20));
        match confirmed.len() % 3 {
            0 => {
                let mut client = Raw::greeted(smtp);
                client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n");
                assert_eq!(client.codes(2), [250, 250]);
                client.ask("DATA", 354);
                client.send(format!("{body}.\r\n")).expect(250);
                client.ask("QUIT", 221);
            }
            1 => {
                let mut client = Raw::greeted(smtp);
                client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235);
                client.send(format!(
                    "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT {} LAST\r\n{body}",
                    body.len()
                ));
                assert_eq!(client.codes(3), [250, 250, 250]);
            }
            _ => {
                let (at, mode) = if number % 2 == 0 { (smtp, TlsMode::Always) } else { (smtps, TlsMode::Implicit) };
                let target = Target::Host { host: at.ip().to_string(), port: at.port() };
                let tls = Tls { mode, verify: Some(false), ..Tls::default() };
                let settings = Settings { helo_name: "me.example".into(), tls, ..Settings::default() };
                let mut session = Session::open(target, settings, helo::net::wait::Cancel::new(), &mut ()).unwrap();
                assert_eq!(crate::support::engine::send(&mut session, &[body.as_bytes()]).unwrap(), 250);
            }
        }
        confirmed.push(mark);
    }
    confirmed
}

/// Says what nobody should, and goes in all the ways that there are.
fn hostile(number: u8, server: &Program, ends: &AtomicBool) -> usize {
    let mut attacks = 0;
    let mut held = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        let Ok(mut client) = from(Ipv4Addr::new(127, 0, 1, number), server.address("smtp")) else { continue };
        let envelope = "EHLO x\r\nMAIL FROM:<x@example.org>\r\nRCPT TO:<b@example.com>\r\n";
        let said = match attacks % 12 {
            0 => "AUTH PLAIN AGFsaWNlAHdyb25n\r\n".repeat(5),
            1 => "\u{16}\u{3}\u{1}\u{2}\0".to_owned(),
            2 => "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            3 => "X\r\n".repeat(100),
            4 => "x".repeat(1 << 16),
            5 => format!("{envelope}DATA\r\nhalf of a hostile mail"),
            6 => format!("{envelope}DATA\r\nx\r\n.\0\r\n"),
            7 => format!("{envelope}BDAT 99999999999999999999\r\n"),
            8 => format!("{envelope}{}", "RCPT TO:<c@elsewhere.example>\r\n".repeat(500)),
            9 => "EHLO x\r\nSTARTTLS\r\nNOOP\r\n".to_owned(),
            10 => "NOOP\nQUIT\n".to_owned(),
            _ => String::new(),
        };
        // The server may have closed it by then, which is what it should do.
        let _ = client.write_all(said.as_bytes());
        attacks += 1;
        match attacks % 4 {
            // Some hold their connection and say nothing more.
            0 if held.len() < 40 => held.push(client),
            1 => drop(client.read_to_end(&mut Vec::new())),
            _ => drop(client),
        }
    }
    attacks
}

/// How often each mark is in the Maildir.
fn stored(folder: &Path) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for entry in std::fs::read_dir(folder.join("new")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mark = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("none").to_owned();
        assert!(text.ends_with("line of an honest mail\n"), "a whole mail: {text}");
        *found.entry(mark).or_default() += 1;
    }
    found
}

#[test]
fn nothing_is_lost_among_hostile_clients_and_changes() {
    let folder = TempDir::new();
    let (mail, log) = (folder.join("mail"), folder.join("log"));
    certificate_and_users(&folder, 0);
    let [pem, key, users] = ["cert.pem", "key.pem", "users"].map(|name| folder.join(name).display().to_string());
    let server = Program::start(&[
        "--port",
        "0",
        "--listen-tls",
        "127.0.0.1:0",
        "--maildir",
        mail.to_str().unwrap(),
        "--no-sync",
        "--domains",
        "example.com,example.org",
        "--users",
        &users,
        "--auth-in-clear",
        "--tls-certificate",
        &pem,
        "--tls-key",
        &key,
        "--status",
        folder.join("helo.prom").to_str().unwrap(),
        "--log",
        log.to_str().unwrap(),
    ]);
    let (ends, attacks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let until = Instant::now() + Duration::from_secs(seconds());
    let confirmed: Vec<String> = std::thread::scope(|scope| {
        // Whatever fails in a thread ends the others, too.
        let _end = Ends(&ends);
        let senders: Vec<_> = (0..3)
            .map(|number| {
                scope.spawn({
                    let (server, ends) = (&server, &ends);
                    move || {
                        let _end = Ends(ends);
                        honest(number, server, ends)
                    }
                })
            })
            .collect();
        for number in 1..=3 {
            let (server, ends, attacks) = (&server, &ends, &attacks);
            scope.spawn(move || attacks.fetch_add(hostile(number, server, ends), Ordering::Relaxed));
        }
        let mut changes = 0;
        while Instant::now() < until && !ends.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(1));
            changes += 1;
            certificate_and_users(&folder, changes);
        }
        ends.store(true, Ordering::Relaxed);
        senders.into_iter().flat_map(|sender| sender.join().expect("an honest client is served")).collect()
    });
    assert!(server.stop().0, "it ends in order");
    let log = std::fs::read_to_string(&log).unwrap();
    let found = stored(&mail);
    for mark in &confirmed {
        assert_eq!(found.get(mark), Some(&1), "{mark} was confirmed");
    }
    assert_eq!(found.len(), confirmed.len(), "nothing else was stored");
    let reloads = log.matches("was read again").count();
    println!(
        "{} s: {} mails confirmed, {} attacks, {reloads} times read again, {} kept as it was",
        seconds(),
        confirmed.len(),
        attacks.load(Ordering::Relaxed),
        log.matches("stays as it was").count()
    );
    assert!(reloads > 0 && !log.contains("the users stay as they were"), "{reloads}");
}

/// Ends all when it goes.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
