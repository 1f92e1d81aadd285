//! Postfix as a client, with each extension that it has. Its client has no BDAT.

use crate::support::helo_server::{DOMAIN, HeloServer, PLAIN, REFUSED, USER};
use crate::support::maildir::Mailbox;
use crate::support::next::Next;
use crate::support::postfix_client::PostfixClient;
use crate::support::tap::Tap;
use crate::{SENDER, check, message, protocol};

/// Everything it can send to.
const PLACES: &[&str] = &["--listen-lmtp", "127.0.0.1:0"];

struct House {
    // Postfix goes first.
    postfix: PostfixClient,
    tap: Tap,
    server: HeloServer,
}

impl House {
    fn start(test: &str, options: &[&str]) -> Option<House> {
        let server = HeloServer::start(&[PLACES, options].concat());
        let tap = Tap::start(server.address());
        let authority = server.authority();
        let (smtp, smtps, lmtp) = (server.address(), server.tls_address(), server.lmtp_address());
        let next = Next { clear: tap.address(), smtp, smtps, lmtp, authority: &authority };
        let postfix = PostfixClient::start(&format!("helo-server and Postfix: {test}"), &next)?;
        Some(House { postfix, tap, server })
    }

    /// A mailbox that Postfix reaches in this way.
    fn by(&self, way: &str) -> Mailbox {
        self.server.mailbox(&format!("box{}", crate::support::maildir::number()), &format!("{way}.{DOMAIN}"))
    }

    /// Sends a mail to one.
    fn send(&self, mailbox: &Mailbox, message: &[u8]) -> String {
        self.postfix.give(&format!("<{SENDER}> BODY=8BITMIME"), &[&format!("<{}>", mailbox.address)], message)
    }

    /// The same, which must arrive as it is.
    #[track_caller]
    fn arrives(&self, mailbox: &Mailbox, message: &[u8]) -> String {
        let queued = self.send(mailbox, message);
        let fate = self.postfix.fate(&queued, &mailbox.address);
        assert!(fate.contains("status=sent (250 2.0.0 Saved as "), "{fate}");
        let mails = mailbox.wait(1);
        check(&mails, &mailbox.address, message);
        protocol(&mails[0])
    }
}

#[test]
fn many_recipients_in_one_flight_each_with_its_fate() {
    let Some(house) = House::start("many recipients", &[]) else { return };
    let mailboxes: Vec<Mailbox> = (0..120).map(|_| house.server.fresh_mailbox()).collect();
    let later = house.server.broken_mailbox("later", PLAIN);
    let mut to: Vec<&str> = mailboxes.iter().map(|mailbox| &*mailbox.address).collect();
    to.insert(60, REFUSED);
    to.insert(90, &later);
    let message = message(to[0], "for many");
    let paths: Vec<String> = to.iter().map(|to| format!("<{to}>")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let queued = house.postfix.give(&format!("<{SENDER}> BODY=8BITMIME"), &paths, &message);
    for (to, fate) in [
        (to[0], "status=sent (250 2.0.0 Saved as "),
        (to[121], "status=sent (250 2.0.0 Saved as "),
        (REFUSED, "said: 550 5.1.1 No such mailbox here (in reply to RCPT TO command))"),
        (&later, "said: 451 4.3.0 Trouble on this server; try again later (in reply to RCPT TO command))"),
    ] {
        let shown = house.postfix.fate(&queued, to);
        assert!(shown.contains(fate), "{shown}");
    }
    assert!(house.postfix.fate(&queued, REFUSED).contains("dsn=5.1.1, status=bounced"));
    assert!(house.postfix.fate(&queued, &later).contains("dsn=4.3.0, status=deferred"));
    for mailbox in &mailboxes {
        check(&mailbox.wait(1), &mailbox.address, &message);
    }
    let said = house.tap.heard_with("MAIL FROM");
    let flight: Vec<&str> = said.lines().filter(|line| line.starts_with("RCPT TO:")).collect();
    assert_eq!(flight.len(), 122);
    for words in ["EHLO out.example.test\r\n", " SIZE=", " BODY=8BITMIME\r\nRCPT TO:", ">\r\nRCPT TO:", "\r\nDATA\r\n"]
    {
        assert!(said.contains(words), "{words} is not in {said:.3000}");
    }
    // Not offered, so not used.
    for words in ["BDAT", "XFORWARD", "XCLIENT"] {
        assert!(!said.contains(words), "{words} is in {said:.3000}");
    }
}

#[test]
fn addresses_beyond_ascii_and_notices() {
    let Some(house) = House::start("SMTPUTF8 and DSN", &["--dsn"]) else { return };
    let mailbox = house.server.mailbox("jürgen", PLAIN);
    let message = message(&mailbox.address, "Grüße, 世界");
    let from = format!("<{SENDER}> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=an-id");
    let to = format!("<{}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first@example.org", mailbox.address);
    house.postfix.give(&from, &[&to], &message);
    let mails = mailbox.wait(1);
    check(&mails, &mailbox.address, &message);
    assert_eq!(protocol(&mails[0]), "UTF8SMTP");
    let of = |header| mails[0].header(header).unwrap_or_default();
    assert_eq!(of("X-Envelope-From"), format!("<{SENDER}> ENVID=an-id RET=HDRS"));
    assert_eq!(
        of("X-Envelope-To"),
        format!("<{}> ORCPT=rfc822;first@example.org NOTIFY=SUCCESS,DELAY", mailbox.address)
    );
}

/// A server that does not offer DSN is where notices end, so whoever hands mail to it sends them.
#[test]
fn where_dsn_is_not_offered_it_sends_the_notices_itself() {
    let Some(house) = House::start("notices", &[]) else { return };
    let (sender, mailbox) = (house.server.fresh_mailbox(), house.server.fresh_mailbox());
    let to = format!("<{}> NOTIFY=SUCCESS", mailbox.address);
    house.postfix.give(&format!("<{}>", sender.address), &[&to], b"Subject: x\r\n\r\nx\r\n");
    mailbox.wait_one();
    let notice = sender.wait_one().text();
    assert!(notice.contains("Action: relayed") && notice.contains(&mailbox.address), "{notice}");
}

#[test]
fn encrypted_in_each_way() {
    let Some(house) = House::start("TLS", &["--tls-required"]) else { return };
    for (way, shown) in [
        ("may", "Untrusted TLS connection established"),
        ("encrypt", "Trusted TLS connection established"),
        ("verify", "Verified TLS connection established"),
        ("wrapped", "Verified TLS connection established"),
    ] {
        let mailbox = house.by(way);
        let before = house.postfix.log().len();
        assert_eq!(house.arrives(&mailbox, &message(&mailbox.address, way)), "ESMTPS", "{way}");
        let log = house.postfix.log();
        let log = &log[before..];
        assert!(
            log.contains("TLS connection established to localhost[127.0.0.1]") && log.contains(": TLSv1.3 "),
            "{log}"
        );
        if way != "may" {
            assert!(log.contains(shown), "{way}: {log}");
        }
    }
    // Another authority than ours, and a server that demands TLS of who has none.
    for (way, why) in [("stranger", "Server certificate not verified"), ("plain", "530 5.7.0 ")] {
        let mailbox = house.by(way);
        let queued = house.send(&mailbox, b"Subject: x\r\n\r\nx\r\n");
        let fate = house.postfix.fate(&queued, &mailbox.address);
        assert!(fate.contains(why), "{way}: {fate}");
        assert_eq!(mailbox.count(), 0);
    }
}

#[test]
fn logins_by_each_mechanism() {
    let Some(house) = House::start("logins", &["--tls-required", "--auth-required"]) else { return };
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"] {
        let mailbox = house.by(&format!("by-{}", mechanism.to_lowercase()));
        let message = message(&mailbox.address, mechanism);
        assert_eq!(house.arrives(&mailbox, &message), "ESMTPSA", "{mechanism}");
        house.server.wait_log(&[&format!("authenticated: {USER} by {mechanism}")]);
    }
    // What it takes by itself.
    let mailbox = house.by("login");
    let before = house.server.log().len();
    assert_eq!(house.arrives(&mailbox, &message(&mailbox.address, "login")), "ESMTPSA");
    let log = house.server.log()[before..].to_owned();
    assert!(log.contains(" by SCRAM-SHA-256"), "{log}");

    let mailbox = house.by("wrong");
    let queued = house.send(&mailbox, b"Subject: x\r\n\r\nx\r\n");
    let fate = house.postfix.fate(&queued, &mailbox.address);
    assert!(fate.contains("status=deferred (SASL authentication failed; server localhost"), "{fate}");
    assert!(fate.contains("said: 535 5.7.8 "), "{fate}");
    assert_eq!(mailbox.count(), 0);
}

#[test]
fn by_lmtp() {
    let Some(house) = House::start("LMTP", &[]) else { return };
    let lmtp = format!("lmtp.{DOMAIN}");
    let (first, last) = (house.by("lmtp"), house.by("lmtp"));
    let (refused, later) = (format!("refused@{lmtp}"), house.server.broken_mailbox("later", &lmtp));
    let message = message(&first.address, "by LMTP");
    let to = [&first.address, &refused, &later, &last.address].map(|to| format!("<{to}>"));
    let to = to.each_ref().map(String::as_str);
    let queued = house.postfix.give(&format!("<{SENDER}> BODY=8BITMIME"), &to, &message);
    for (to, fate) in [
        (&first.address, "status=sent (250 2.0.0 Saved as "),
        (&refused, "status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.1.1 "),
        (&later, "status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.3.0 "),
        (&last.address, "status=sent (250 2.0.0 Saved as "),
    ] {
        let shown = house.postfix.fate(&queued, to);
        assert!(shown.contains(fate), "{shown}");
    }
    for mailbox in [&first, &last] {
        let mails = mailbox.wait(1);
        check(&mails, &mailbox.address, &message);
        assert_eq!(protocol(&mails[0]), "LMTP");
    }
}

#[test]
fn odd_messages_as_they_are() {
    let Some(house) = House::start("odd messages", &["--max-size", "15000000"]) else { return };
    let head = b"From: <a@example.org>\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\nMessage-ID: <m@example.org>\r\n\r\n";
    let with = |body: &[u8]| [&head[..], body].concat();
    let long = [&[b'l'; 5000][..], b"\r\n"].concat();
    let large = b".a line of twenty-six\r\n".repeat(10 * 1024 * 1024 / 23);
    for (what, message) in [
        ("dots", with(b".\r\n..\r\n...\r\n.x\r\n")),
        ("no body", with(b"")),
        ("a line of 5,000 octets", with(&long)),
        (
            "every octet but CR, LF and NUL",
            with(&[&(1..=255).filter(|c| !b"\r\n".contains(c)).collect::<Vec<u8>>()[..], b"\r\n"].concat()),
        ),
        ("NUL", with(b"a\0b\r\n\0\r\n")),
        ("10 MiB", with(&large)),
    ] {
        let mailbox = house.server.fresh_mailbox();
        house.send(&mailbox, &message);
        let stored = mailbox.wait_one().as_sent();
        assert!(stored == message, "{what}: {} octets became {}", message.len(), stored.len());
    }
    // SIZE says it before the message goes out.
    let mailbox = house.server.fresh_mailbox();
    let queued = house.send(&mailbox, &with(&[&large[..], &large].concat()));
    let fate = house.postfix.fate(&queued, &mailbox.address);
    assert!(fate.contains("dsn=5.3.4, status=bounced (message size "), "{fate}");
    assert_eq!(mailbox.count(), 0);
}
