//! The faces under TLS, by a policy file alone: NetX SMTP Client, which knows only addresses and has a login of its own,
//! and Distinct, whose login is the site's.

use crate::modes::{self, Clear, Encrypted, Outcome};
use crate::support::child;
use crate::support::distinct::{self as face, Distinct};
use crate::support::netx::{Mail, PLAIN};
use crate::support::temp::{TempDir, write_private};
use crate::support::tls::{Behaviour, TlsServer};
use crate::*;
use std::net::SocketAddr;

/// Runs a test in a process whose policy is in a file that it writes before its first call.
fn with_policy(test: &str) -> bool {
    if child::is_this() {
        return true;
    }
    let folder = TempDir::new();
    child::run(test, &[("HELO_CONFIG", folder.join("helo.conf").as_os_str())]);
    false
}

/// What a program asks for, the server that the policy has there instead, and what is expected.
struct Case {
    name: String,
    asked: String,
    mode: TlsMode,
    expected: Outcome,
    server: TlsServer,
}

/// Each mode with each server, of which NetX reaches so many by their own names.
fn cases(login: bool, modes: &[TlsMode]) -> Vec<Case> {
    let rows = modes::servers().into_iter().flat_map(|(name, behaviour, outcomes)| {
        let both = modes::MODES.into_iter().zip(outcomes);
        both.map(move |(mode, expected)| (name, behaviour.clone(), mode, expected))
    });
    let implicit = modes::implicit_servers()
        .into_iter()
        .map(|(name, behaviour, expected)| (name, behaviour, TlsMode::Implicit, expected));
    let rows = rows.chain(implicit).filter(|row| modes.contains(&row.2));
    let ca =
        std::env::var_os("HELO_CONFIG").map(|path| std::path::PathBuf::from(path).with_file_name("ca.pem")).unwrap();
    std::fs::write(&ca, &AUTHORITY.pem).unwrap();
    let mut policy = format!("tls_ca = {}\ntimeout = 20 s\n", ca.display());
    let cases = rows
        .enumerate()
        .map(|(number, (name, behaviour, mode, expected))| {
            let server = TlsServer::start(behaviour, 1);
            let asked = format!("10.9.{}.{}", number / 200, 1 + number % 200);
            let word = format!("{mode:?}").to_lowercase();
            let user = if login { "alice:wonderland@" } else { "" };
            let scheme = if login && mode == TlsMode::Implicit { "smtps" } else { "smtp" };
            policy +=
                &format!("[host {asked}]\nserver = {scheme}://{user}127.0.0.1\nport = {}\n", server.address.port());
            policy += &format!("tls = {word}\ntls_name = {NAME}\n");
            Case { name: format!("{mode:?}, the server {name}"), asked, mode, expected, server }
        })
        .collect();
    write_private(std::env::var_os("HELO_CONFIG").unwrap().as_ref(), &policy);
    cases
}

impl Case {
    /// Holds what the face said, and what the server heard, against what is expected.
    fn check(self, worked: bool) {
        let heard = self.server.finish().pop().unwrap();
        let case = format!("{}: {heard:?}", self.name);
        assert_eq!(worked, matches!(self.expected, Clear | Encrypted), "{case}");
        if self.expected == Encrypted {
            assert!(heard.encrypted.iter().any(|line| line.contains(RESPONSE)), "{case}");
            assert!(heard.encrypted.iter().any(|line| line.starts_with("MAIL")), "{case}");
        }
        modes::assert_heard(&heard, self.mode, self.expected, "EHLO me.example", &case);
    }
}

#[test]
fn netx_with_a_login_of_its_own() {
    if !with_policy("faces::netx_with_a_login_of_its_own") {
        return;
    }
    for case in cases(false, &[TlsMode::Never, TlsMode::Optional, TlsMode::Always, TlsMode::Implicit]) {
        let mail = Mail {
            server: SocketAddr::new(case.asked.parse().unwrap(), 25),
            timeout: PATIENCE,
            authentication: (PLAIN, "alice", PASSWORD),
            domain: "me.example",
            from: "a@example.org",
            to: "b@example.org",
            subject: "x",
            body: b"hello",
        };
        let status = mail.send();
        case.check(status == 0);
    }
}

#[test]
fn distinct_with_the_sites_login() {
    if !with_policy("faces::distinct_with_the_sites_login") {
        return;
    }
    for case in cases(true, &[TlsMode::Always, TlsMode::Implicit]) {
        let sent = open_distinct(&case.asked).is_ok_and(|connection| {
            let sent = connection.mail("a@example.org") == face::SMTP_SUCCESS
                && connection.rcpt("b@example.org") == face::SMTP_SUCCESS
                && connection.body(&[b"Subject: x\r\n\r\nhello\r\n"]) == face::SMTP_SUCCESS;
            connection.quit();
            sent
        });
        case.check(sent);
    }
}

fn open_distinct(asked: &str) -> Result<Distinct, i32> {
    Distinct::open(SocketAddr::new(asked.parse().unwrap(), 25), "me.example")
}

#[test]
fn sessions_are_resumed_from_face_to_face() {
    if !with_policy("faces::sessions_are_resumed_from_face_to_face") {
        return;
    }
    let server = TlsServer::start(Behaviour::good(GOOD.clone()), 2);
    let config = std::env::var_os("HELO_CONFIG").unwrap();
    let ca = std::path::Path::new(&config).with_file_name("ca.pem");
    std::fs::write(&ca, &AUTHORITY.pem).unwrap();
    let policy = format!(
        "server = smtp://alice:wonderland@127.0.0.1\nport = {}\ntls_name = {NAME}\ntls_ca = {}\n",
        server.address.port(),
        ca.display()
    );
    write_private(config.as_ref(), &policy);
    let connection = open_distinct("10.9.0.1").unwrap();
    assert_eq!(connection.noop(), face::SMTP_SUCCESS);
    connection.quit();
    let mail = Mail {
        server: "10.9.0.2:25".parse().unwrap(),
        timeout: PATIENCE,
        authentication: (crate::support::netx::NONE, "", ""),
        domain: "me.example",
        from: "a@example.org",
        to: "b@example.org",
        subject: "x",
        body: b"hello",
    };
    assert_eq!(mail.send(), 0);
    let heard = server.finish();
    assert_eq!(heard.iter().map(|heard| heard.resumed).collect::<Vec<_>>(), [false, true]);
    assert!(heard.iter().all(|heard| heard.encrypted.iter().any(|line| line.contains(RESPONSE))), "{heard:?}");
}
