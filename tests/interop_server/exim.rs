//! Exim as a client, with each extension that it has (of LIMITS 4.96 knows nothing yet).

use crate::clients::{succeeded, with_input};
use crate::support::exim::Exim;
use crate::support::helo_server::{DOMAIN, HeloServer, PLAIN, REFUSED, USER};
use crate::support::maildir::Mailbox;
use crate::support::next::Next;
use crate::support::tap::Tap;
use crate::support::temp::TempDir;
use crate::{SENDER, check, message, protocol};

struct House {
    exim: Exim,
    tap: Tap,
    folder: TempDir,
    server: HeloServer,
}

impl House {
    fn start(test: &str, options: &[&str]) -> Option<House> {
        let server = HeloServer::start(&[&["--listen-lmtp", "127.0.0.1:0"], options].concat());
        let tap = Tap::start(server.address());
        let authority = server.authority();
        let (smtp, smtps, lmtp) = (server.address(), server.tls_address(), server.lmtp_address());
        let next = Next { clear: tap.address(), smtp, smtps, lmtp, authority: &authority };
        let exim = Exim::handing_on(&format!("helo-server and Exim: {test}"), &next)?;
        Some(House { exim, tap, folder: TempDir::new(), server })
    }

    /// Runs its `sendmail`: what it logs. Its deliveries log to where it was called from, as they have the rights of its
    /// own user only.
    fn run(&self, arguments: &[&str], input: &[u8]) -> String {
        let file = self.folder.join("input");
        std::fs::write(&file, input).expect("a file");
        let outcome = with_input(self.exim.sendmail().args(arguments), &file);
        assert!(succeeded(&outcome), "{}{}", outcome.stdout, outcome.stderr);
        outcome.stderr
    }

    fn send(&self, from: &str, to: &[&str], message: &[u8]) -> String {
        self.run(&[&["-i", "-f", from], to].concat(), message)
    }

    fn by(&self, way: &str) -> Mailbox {
        self.server.mailbox(&format!("box{}", crate::support::maildir::number()), &format!("{way}.{DOMAIN}"))
    }
}

/// A chunk for a piece of the message, MAIL and RCPT before it in one flight.
#[test]
fn by_bdat_with_some_recipients_refused() {
    let Some(house) = House::start("BDAT", &[]) else { return };
    let (first, last) = (house.server.fresh_mailbox(), house.server.fresh_mailbox());
    let later = house.server.broken_mailbox("later", PLAIN);
    let clear = message(&first.address, "in the clear");
    let log = house.send(SENDER, &[&first.address, REFUSED, &later, &last.address], &clear);
    assert!(log.contains("550 5.1.1 No such mailbox here"), "{log}");
    assert!(log.contains("451 4.3.0 Trouble on this server"), "{log}");
    for mailbox in [&first, &last] {
        let mails = mailbox.wait(1);
        check(&mails, &mailbox.address, &clear);
        assert_eq!(protocol(&mails[0]), "ESMTP");
        assert!(log.contains(&format!("{} R=next_clear", mailbox.address)) && log.contains(" K "), "{log}");
    }
    let said = house.tap.heard_with("MAIL FROM");
    for words in [" SIZE=", "\r\nRCPT TO:", ">\r\nRCPT TO:", "\r\nBDAT ", " LAST\r\n"] {
        assert!(said.contains(words), "{words} is not in {said:.2000}");
    }
    assert!(!said.contains("\r\nDATA\r\n"), "{said:.2000}");
    // A second mail: it knows the server by now, and still waits for the greeting, as PIPECONNECT is not offered.
    let mailbox = house.server.fresh_mailbox();
    house.send(SENDER, &[&mailbox.address], &clear);
    check(&mailbox.wait(1), &mailbox.address, &clear);
}

/// Without CHUNKING it goes by DATA.
#[test]
fn without_chunking() {
    let Some(house) = House::start("without CHUNKING", &["--without", "CHUNKING,PIPELINING"]) else { return };
    let mailbox = house.server.fresh_mailbox();
    let message = message(&mailbox.address, "by DATA");
    house.send(SENDER, &[&mailbox.address], &message);
    check(&mailbox.wait(1), &mailbox.address, &message);
    let said = house.tap.heard_with("MAIL FROM");
    assert!(said.contains("\r\nDATA\r\n") && !said.contains("BDAT"), "{said:.2000}");
}

#[test]
fn addresses_beyond_ascii_and_notices() {
    let Some(house) = House::start("SMTPUTF8 and DSN", &["--dsn"]) else { return };
    let mailbox = house.server.mailbox("jürgen", PLAIN);
    let message = message(&mailbox.address, "Grüße, 世界");
    let dialogue = format!(
        "EHLO client.test\r\nMAIL FROM:<{SENDER}> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=an-id\r\n\
         RCPT TO:<{}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@example.org\r\nBDAT {} LAST\r\n",
        mailbox.address,
        message.len()
    );
    house.run(&["-bs"], &[dialogue.as_bytes(), &message, b"QUIT\r\n"].concat());
    let mails = mailbox.wait(1);
    check(&mails, &mailbox.address, &message);
    assert_eq!(protocol(&mails[0]), "UTF8SMTP");
    let of = |header| mails[0].header(header).unwrap_or_default();
    assert!(of("X-Envelope-From").contains("RET=HDRS") && of("X-Envelope-From").contains("ENVID=an-id"));
    let to = of("X-Envelope-To");
    assert!(to.contains("NOTIFY=SUCCESS,FAILURE") && to.contains("ORCPT=rfc822;first@example.org"), "{to}");
}

#[test]
fn encrypted_and_with_a_login() {
    let Some(house) = House::start("TLS and logins", &["--tls-required"]) else { return };
    for (way, sender, came_by, mechanism) in [
        ("encrypted", "sender@example.org", "ESMTPS", ""),
        ("secure", "sender@example.org", "ESMTPSA", "PLAIN"),
        ("secure", "login@example.org", "ESMTPSA", "LOGIN"),
        ("secure", "cram@example.org", "ESMTPSA", "CRAM-MD5"),
        ("wrapped", "sender@example.org", "ESMTPSA", "PLAIN"),
    ] {
        let mailbox = house.by(way);
        let message = message(&mailbox.address, way);
        let before = house.server.log().len();
        let log = house.send(sender, &[&mailbox.address], &message);
        assert!(log.contains("X=TLS1.3:") && log.contains("CV=yes"), "{way}: {log}");
        let mails = mailbox.wait(1);
        assert!(mails[0].as_sent() == message, "{way}");
        assert_eq!(protocol(&mails[0]), came_by, "{way}");
        let own = house.server.log()[before..].to_owned();
        let login = format!("authenticated: {USER} by {mechanism}");
        assert_eq!(own.contains(&login), !mechanism.is_empty(), "{way}: {own}");
    }
    let mailbox = house.by("secure");
    let log = house.send("wrong@example.org", &[&mailbox.address], &message(&mailbox.address, "wrong"));
    assert!(log.contains("535 5.7.8"), "{log}");
    assert_eq!(mailbox.count(), 0);
    // It has no TLS for this one.
    let mailbox = house.server.fresh_mailbox();
    let log = house.send(SENDER, &[&mailbox.address], &message(&mailbox.address, "in the clear"));
    assert!(log.contains("530 5.7.0"), "{log}");
    assert_eq!(mailbox.count(), 0);
}

#[test]
fn by_lmtp() {
    let Some(house) = House::start("LMTP", &[]) else { return };
    let (first, last) = (house.by("lmtp"), house.by("lmtp"));
    let refused = format!("refused@lmtp.{DOMAIN}");
    let message = message(&first.address, "by LMTP");
    let log = house.send(SENDER, &[&first.address, &refused, &last.address], &message);
    assert!(log.contains("550 5.1.1 No such mailbox here"), "{log}");
    for mailbox in [&first, &last] {
        let mails = mailbox.wait(1);
        check(&mails, &mailbox.address, &message);
        assert_eq!(protocol(&mails[0]), "LMTPS");
    }
}

#[test]
fn odd_messages_as_they_are() {
    let Some(house) = House::start("odd messages", &[]) else { return };
    let head = b"From: <a@example.org>\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\nMessage-ID: <m@example.org>\r\n\r\n";
    let with = |body: &[u8]| [&head[..], body].concat();
    for (what, message) in [
        ("dots", with(b".\r\n..\r\n...\r\n.x\r\n")),
        ("no body", with(b"")),
        ("a line of 990 octets", with(&[&[b'l'; 990][..], b"\r\n"].concat())),
        ("NUL", with(b"a\0b\r\n\0\r\n")),
        ("10 MiB", with(&b".a line of twenty-six\r\n".repeat(10 * 1024 * 1024 / 23))),
    ] {
        let mailbox = house.server.fresh_mailbox();
        house.send(SENDER, &[&mailbox.address], &message);
        let stored = mailbox.wait_one().as_sent();
        assert!(stored == message, "{what}: {} octets became {}", message.len(), stored.len());
    }
    // Longer ones than RFC 5321 has it sends to nobody.
    let mailbox = house.server.fresh_mailbox();
    let log = house.send(SENDER, &[&mailbox.address], &with(&[&[b'l'; 5000][..], b"\r\n"].concat()));
    assert!(mailbox.count() == 0 && log.contains("lines too long"), "{log}");
}
