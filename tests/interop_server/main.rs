//! What people send mail with, against `helo-server`: each client with the extensions that it has, in the clear and by
//! TLS with a login. And where helo-server hands mail on to.
#![cfg(all(feature = "program", feature = "tls", unix))]

#[path = "../support/mod.rs"]
mod support;

mod beside_postfix;
mod clients;
mod exim;
mod matrix;
mod onward;
mod postfix;

use clients::{Client, Job, Tls};
use support::cut::Breaker;
use support::helo_server::{HeloServer, PASSWORD, PLAIN, REFUSED, USER};
use support::maildir::Delivered;

const SENDER: &str = "sender@example.org";

/// What must survive: dots in front, a line that is only a dot, 8 bits, the longest line that RFC 5321 knows, and half
/// a megabyte. What a client adds where it is missing is there.
fn message(to: &str, subject: &str) -> Vec<u8> {
    let mut text = format!(
        "From: Sender <{SENDER}>\r\nTo: <{to}>\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\n\
         Message-ID: <{}@example.org>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         .\r\n..\r\n.x\r\nGrüße\r\n\r\n{}\r\n.\r\n",
        support::maildir::number(),
        "l".repeat(998)
    );
    for number in 0..20_000 {
        text.push_str(&format!(".line {number} of many\r\n"));
    }
    text.push_str(".\r\n..\r\n");
    text.into_bytes()
}

/// The mail came once, whole, with its envelope.
#[track_caller]
fn check(mails: &[Delivered], to: &str, message: &[u8]) {
    let [mail] = mails else { panic!("{} mails for {to}", mails.len()) };
    assert_eq!(mail.header("Return-Path").as_deref(), Some(&*format!("<{SENDER}>")), "{to}");
    assert_eq!(mail.header("Delivered-To").as_deref(), Some(to));
    // Not assert_eq: a difference would print half a megabyte.
    let stored = mail.as_sent();
    assert!(stored == message, "{to}: {} octets became {}", message.len(), stored.len());
}

/// What the topmost Received says the mail came by.
fn protocol(mail: &Delivered) -> String {
    let received = mail.header("Received").expect("a trace");
    received.split_whitespace().skip_while(|word| *word != "with").nth(1).unwrap_or_default().to_owned()
}

/// Two recipients are taken, one between them is not: in the clear, where it is seen what the client says.
fn in_the_clear(client: &Client) {
    let name = client.name;
    let server = HeloServer::start(&["--dsn"]);
    let (first, last) = (server.fresh_mailbox(), server.fresh_mailbox());
    let message = message(&first.address, "in the clear");
    let mut to = vec![&*first.address, REFUSED, &*last.address];
    let dsn = client.dsn;
    let relay = Breaker::whole(server.address());
    let job = Job { port: relay.address().port(), from: SENDER, to: &to, dsn, ..Job::new(&server) };
    let outcome = client.send(&job, &message);
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(told.contains("550") && told.contains("No such mailbox here"), "{name}: {told}");
    let mut said = relay.heard();
    if client.partial {
        outcome.expect_success(name);
    } else {
        // It gives up as a whole, and nothing was stored.
        assert!(!clients::succeeded(&outcome), "{name}: {told}");
        assert_eq!(first.count() + last.count(), 0, "{name}");
        to.remove(1);
        let relay = Breaker::whole(server.address());
        let job = Job { port: relay.address().port(), from: SENDER, to: &to, dsn, ..Job::new(&server) };
        client.send(&job, &message).expect_success(name);
        said = relay.heard();
    }
    for mailbox in [&first, &last] {
        let mails = mailbox.messages();
        check(&mails, &mailbox.address, &message);
        assert_eq!(protocol(&mails[0]), "ESMTP", "{name}");
        if dsn {
            let of = |header| mails[0].header(header).unwrap_or_default();
            assert!(of("X-Envelope-From").contains("RET=HDRS"), "{name}: {}", of("X-Envelope-From"));
            assert!(of("X-Envelope-To").contains("NOTIFY=SUCCESS,FAILURE"), "{name}: {}", of("X-Envelope-To"));
        }
    }
    for words in client.says {
        assert!(said.contains(words), "{name}: {words} is not in: {said:.2000}");
    }
}

/// The server takes nothing without TLS and a login.
fn encrypted_with_a_login(client: &Client) {
    let name = client.name;
    let server = HeloServer::start(&["--tls-required", "--auth-required"]);
    let ways = [(Tls::Start, server.address()), (Tls::Implicit, server.tls_address())];
    for (tls, address) in ways.into_iter().filter(|way| way.0 != Tls::Implicit || client.implicit) {
        let mailbox = server.fresh_mailbox();
        let message = message(&mailbox.address, "encrypted");
        let to = [&*mailbox.address];
        let job = Job { port: address.port(), tls, from: SENDER, to: &to, ..Job::new(&server) };
        let wrong = client.send(&Job { login: Some((USER, "wrong")), ..job }, &message);
        assert!(!clients::succeeded(&wrong), "{name} {tls:?}: a wrong password: {}", wrong.stdout);
        assert!(server.log().contains("not authenticated: "), "{name} {tls:?}: {}", wrong.stderr);
        assert_eq!(mailbox.count(), 0, "{name}");
        client.send(&Job { login: Some((USER, PASSWORD)), ..job }, &message).expect_success(name);
        let mails = mailbox.messages();
        check(&mails, &mailbox.address, &message);
        assert_eq!(protocol(&mails[0]), "ESMTPSA", "{name} {tls:?}");
        // A connection comes before what happens on it.
        let log = server.log();
        let first = |words: &str| log.find(words).unwrap_or_else(|| panic!("{words} is not in {log}"));
        assert!(first(": connected: ") < first(": TLS: ") && first(": TLS: ") < first(": authenticated: "), "{log}");
    }
}

/// Addresses and headers that are not ASCII.
fn utf8(client: &Client) {
    let name = client.name;
    let server = HeloServer::start(&[]);
    let mailbox = server.mailbox("jürgen", PLAIN);
    let message = message(&mailbox.address, "Grüße, 世界");
    let to = [&*mailbox.address];
    let job = Job { port: server.address().port(), from: SENDER, to: &to, ..Job::new(&server) };
    client.send(&job, &message).expect_success(name);
    let mails = mailbox.messages();
    check(&mails, &mailbox.address, &message);
    assert_eq!(protocol(&mails[0]), "UTF8SMTP", "{name}");
}

fn all(name: &str) {
    let client = clients::named(name);
    if client.can_run() {
        in_the_clear(client);
        encrypted_with_a_login(client);
        if client.utf8 {
            utf8(client);
        }
    }
}

#[test]
fn curl() {
    all("curl");
}

#[test]
fn swaks() {
    all("swaks");
}

#[test]
fn msmtp() {
    all("msmtp");
}

#[test]
fn smtplib() {
    all("smtplib");
}

#[test]
fn nodemailer() {
    all("nodemailer");
}

#[test]
fn libesmtp() {
    all("libesmtp");
}

/// NUL, bare CR and LF, every octet: byte for byte, by BINARYMIME and BDAT.
#[test]
fn libesmtp_binary() {
    let client = clients::named("libesmtp");
    if !client.can_run() {
        return;
    }
    let server = HeloServer::start(&[]);
    let mailbox = server.fresh_mailbox();
    let head = format!(
        "From: <{SENDER}>\r\nTo: <{}>\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\nMessage-ID: <b@example.org>\r\n\
         Subject: binary\r\nContent-Transfer-Encoding: binary\r\n\r\n",
        mailbox.address
    );
    let mut message = head.into_bytes();
    message.extend((0..=255).cycle().take(100_000).chain(*b"\r\n.\r\n\n.\n\r.\r\x80\r\n"));
    let relay = Breaker::whole(server.address());
    let to = [&*mailbox.address];
    let job = Job { port: relay.address().port(), from: SENDER, to: &to, binary: true, ..Job::new(&server) };
    client.send(&job, &message).expect_success("libesmtp");
    let said = relay.heard();
    assert!(said.contains(" BODY=BINARYMIME") && said.contains("\r\nBDAT "), "{said:.300}");
    let stored = mailbox.wait_one().raw;
    assert!(stored.ends_with(&message), "{} octets became {}", message.len(), stored.len());
}
