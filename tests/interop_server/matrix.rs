//! Each client with each extension that it has: the table of tests/interop/README.md. And odd messages by each.

use crate::clients::{self, Client, Job, Tls};
use crate::support::delay::DelayProxy;
use crate::support::helo_server::{HeloServer, PASSWORD, USER};
use crate::support::maildir::Mailbox;
use crate::support::tap::Tap;
use crate::{SENDER, check, message, protocol};
use std::time::Duration;

/// Those of the clients that can run here.
fn each(test: impl Fn(&Client)) {
    clients::all().filter(|client| client.can_run()).for_each(test);
}

/// By every mechanism, where nothing else is offered, and by the one it prefers.
#[test]
fn logins() {
    each(|client| {
        let name = client.name;
        let alone = client.mechanisms.iter().map(|mechanism| (Some(*mechanism), *mechanism));
        for (offered, mechanism) in alone.chain([(None, client.prefers)]) {
            let mut options = vec!["--tls-required", "--auth-required"];
            options.extend(offered.iter().flat_map(|offered| ["--mechanisms", offered]));
            let server = HeloServer::start(&options);
            let mailbox = server.fresh_mailbox();
            let message = message(&mailbox.address, mechanism);
            let to = [&*mailbox.address];
            let login = Some((USER, PASSWORD));
            let port = server.address().port();
            let job = Job { port, tls: Tls::Start, login, from: SENDER, to: &to, ..Job::new(&server) };
            client.send(&job, &message).expect_success(&format!("{name} by {mechanism}"));
            check(&mailbox.messages(), &mailbox.address, &message);
            let words = format!("authenticated: {USER} by {mechanism}\n");
            assert!(server.log().contains(&words), "{name}, {mechanism} of {offered:?}: {}", server.log());
            assert!(server.log().contains("TLS: TLSv1.3 "), "{name}: {}", server.log());
        }
    });
}

#[test]
fn by_lmtp() {
    each(|client| {
        let server = HeloServer::start(&["--listen-lmtp", "127.0.0.1:0"]);
        let mailbox = server.fresh_mailbox();
        let message = message(&mailbox.address, "by LMTP");
        let to = [&*mailbox.address];
        let port = server.lmtp_address().port();
        let job = Job { port, from: SENDER, to: &to, lmtp: true, ..Job::new(&server) };
        if client.lmtp {
            client.send(&job, &message).expect_success(client.name);
            let mails = mailbox.messages();
            check(&mails, &mailbox.address, &message);
            assert_eq!(protocol(&mails[0]), "LMTP", "{}", client.name);
        }
    });
}

/// Commands in one flight, by those that do that, and what MAIL declares.
#[test]
fn pipelining_and_parameters() {
    each(|client| {
        let server = HeloServer::start(&[]);
        let mailboxes: Vec<Mailbox> = (0..30).map(|_| server.fresh_mailbox()).collect();
        let tap = Tap::start(server.address());
        let far = DelayProxy::start(tap.address(), Duration::from_millis(20));
        let message = message(&mailboxes[0].address, "in one flight");
        let to: Vec<&str> = mailboxes.iter().map(|mailbox| &*mailbox.address).collect();
        let job = Job { port: far.address().port(), from: SENDER, to: &to, ..Job::new(&server) };
        client.send(&job, &message).expect_success(client.name);
        // Else it waits for the answer to each recipient.
        let flights = far.flights();
        assert_eq!(flights < 15, client.pipelines, "{}: {flights} flights", client.name);
        let said = tap.heard_with("<sender@example.org>");
        let mail = said.lines().find(|line| line.to_ascii_uppercase().starts_with("MAIL FROM:")).expect("MAIL");
        let words = mail.split_ascii_whitespace().filter_map(|word| word.split_once('='));
        let mut declared: Vec<String> = words.map(|(keyword, _)| keyword.to_ascii_uppercase()).collect();
        declared.sort();
        assert_eq!(declared, client.declares, "{}: {mail}", client.name);
    });
}

/// How a client changes a message before it sends it.
type Change = fn(&[u8]) -> Vec<u8>;

/// What arrives where that is not the message, its last line ended by CRLF.
const CHANGES: &[(&str, &str, Change)] = &[
    // To it that is the end of DATA, given with the message.
    ("swaks", "a dot at the very end", |message| cut(message, b".\r\n")),
    ("swaks", "no body", |message| [message, b"\r\n"].concat()),
    // By BDAT a line needs no end.
    ("libesmtp", "a dot at the very end", |message| cut(message, b"\r\n")),
    ("libesmtp", "no end of the last line", |message| cut(message, b"\r\n")),
];

fn cut(message: &[u8], end: &[u8]) -> Vec<u8> {
    message.strip_suffix(end).expect("the message's end").to_vec()
}

#[test]
fn odd_messages() {
    let head = format!(
        "From: <{SENDER}>\r\nTo: <someone@store.test>\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\n\
         Message-ID: <m@example.org>\r\nSubject: odd\r\n"
    );
    let with = |body: &[u8]| [head.as_bytes(), b"\r\n", body].concat();
    let messages = [
        ("dots", with(b".\r\n..\r\n...\r\n.x\r\n")),
        ("a dot at the very end", with(b"x\r\n.")),
        ("no body", with(b"")),
        ("no end of the last line", with(b"x\r\ny")),
        ("empty lines at the end", with(b"x\r\n\r\n\r\n")),
        ("a line of 5,000 octets", with(&[&[b'l'; 5000][..], b"\r\n"].concat())),
        ("every octet but CR, LF and NUL", {
            let octets: Vec<u8> = (1..=255).filter(|octet| !b"\r\n".contains(octet)).collect();
            with(&[&octets[..], b"\r\n"].concat())
        }),
        ("NUL", with(b"a\0b\r\n\0\r\n")),
        ("10 MiB", with(&b".a line of twenty-six\r\n".repeat(10 * 1024 * 1024 / 23))),
    ];
    let mut wrong = Vec::new();
    for client in clients::all().filter(|client| client.can_run()) {
        let server = HeloServer::start(&[]);
        for (what, message) in &messages {
            let mailbox = server.fresh_mailbox();
            let to = [&*mailbox.address];
            let job = Job { port: server.address().port(), from: SENDER, to: &to, ..Job::new(&server) };
            let outcome = client.send(&job, message);
            if !clients::succeeded(&outcome) {
                wrong.push(format!("{}, {what}: {}{}", client.name, outcome.stdout, outcome.stderr));
                continue;
            }
            let mut expected = message.clone();
            if !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            if let Some((_, _, change)) = CHANGES.iter().find(|change| (change.0, change.1) == (client.name, what)) {
                expected = change(&expected);
            }
            let stored = mailbox.wait_one().as_sent();
            if stored != expected {
                let at = stored.iter().zip(&expected).take_while(|(a, b)| a == b).count();
                let near = |bytes: &[u8]| bytes[at..bytes.len().min(at + 40)].escape_ascii().to_string();
                let lengths = (expected.len(), stored.len());
                let (sent, came) = (near(&expected), near(&stored));
                wrong.push(format!("{}, {what}: {lengths:?} at {at}: {sent:?} became {came:?}", client.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
