//! Lists of mails to mail servers of Node, at every level: each mail arrives once and byte for byte, at whom the server
//! took it for, and each recipient has the result that the server gave.
//!
//! Haraka refuses what is sent ahead behind the final dot (503), and drops it; nodemailer's smtp-server offers STARTTLS with
//! a certificate of version 1 that nobody vouches for.

mod support;

use helo::faces::helo::{HeloCause, HeloLevel, HeloStatus};
use std::collections::HashMap;
use std::net::SocketAddr;
use support::engine::mended;
use support::native::{Native, Seen};
use support::node::{Kept, NodeServer};

const LEVELS: [HeloLevel; 3] = [HeloLevel::None, HeloLevel::Envelope, HeloLevel::Full];
const MAILS: usize = 50;

/// A mail and what must become of it.
struct Planned {
    from: String,
    to: Vec<String>,
    body: &'static [u8],
    /// The code for each recipient, `None` where the mail is delivered.
    refused: Vec<Option<i32>>,
}

/// Dots at the beginnings of lines, 8 bits, the longest line that RFC 5321 knows and a longer one, line ends of every
/// kind, and in every third mail no end of the last line.
fn body(number: usize, refused: bool) -> &'static [u8] {
    let mut text = format!("From: <s{number}@example.test>\r\nSubject: number {number}\r\n").into_bytes();
    if refused {
        text.extend_from_slice(b"X-Refuse: yes\r\n");
    }
    text.extend_from_slice("\r\n.\r\n..\r\n.x\r\nGrüße\r\n\r\n.\n...\nMAIL FROM:<x@example.test>\r\n".as_bytes());
    text.extend_from_slice(&[0xFF, 0x80, b'\r', b'\n']);
    for length in [998, 4000] {
        text.extend(std::iter::repeat_n(b'l', length));
        text.extend_from_slice(b"\r\n");
    }
    for line in 0..number * 20 {
        text.extend_from_slice(format!(".line {line}\r\n").as_bytes());
    }
    text.extend_from_slice(if number.is_multiple_of(3) { b"the end" } else { b".\r\n" });
    text.leak()
}

/// `at_the_end`: the code by which the server refuses a whole message.
fn plan(at_the_end: i32) -> Vec<Planned> {
    let one = |number: usize| {
        let mut to: Vec<String> = (0..3).map(|r| format!("r{number}-{r}@example.test")).collect();
        let mut refused = vec![None; 3];
        let mut from = format!("s{number}@example.test");
        let mut refuse = |r: usize, word: &str, code| {
            to[r] = format!("{word}{number}-{r}@example.test");
            refused[r] = Some(code);
        };
        match number % 10 {
            1 => refuse(1, "refused", 550),
            3 => refuse(2, "later", 450),
            4 => refuse(0, "refused", 550),
            6 => {
                (0..3).for_each(|r| refuse(r, if r == 1 { "later" } else { "refused" }, if r == 1 { 450 } else { 550 }))
            }
            8 => {
                from = format!("refused{number}@example.test");
                refused = vec![Some(550); 3];
            }
            9 => refused = vec![Some(at_the_end); 3],
            _ => {}
        }
        let body = body(number, number % 10 == 9);
        Planned { from, to, body, refused }
    };
    (0..MAILS).map(one).collect()
}

/// Sends all of it, and holds what was told and what arrived against the plan.
fn deliver(what: &str, server: &NodeServer, url: &str, level: HeloLevel, plan: &[Planned]) -> Vec<Kept> {
    let before = server.mails().len();
    let native = Native::new(url).level(level);
    native.timeout(30_000);
    for mail in plan {
        let to: Vec<&str> = mail.to.iter().map(String::as_str).collect();
        native.mail(&mail.from, &to, mail.body);
    }
    let status = native.run();
    let mut wrong = Vec::new();
    for (number, mail) in (0..).zip(plan) {
        for (recipient, wanted) in (0..).zip(&mail.refused) {
            let seen = native.seen(number, recipient);
            if !is_as_planned(&seen, *wanted) {
                wrong.push(format!("wanted {wanted:?}: {seen:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{what}: {} results are wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    let whole = plan.iter().flat_map(|mail| &mail.refused).all(Option::is_none);
    assert_eq!(status == HeloStatus::HeloOk, whole, "{what}: {status:?}");
    let arrived = server.mails().split_off(before);
    check(what, &arrived, plan);
    arrived
}

fn is_as_planned(seen: &Seen, wanted: Option<i32>) -> bool {
    match wanted {
        None => seen.delivered && seen.cause == HeloCause::None,
        Some(code) => !seen.delivered && seen.cause == HeloCause::Refused && seen.code == code,
    }
}

/// Each mail of the plan that somebody is to get has arrived, once, and nothing else.
fn check(what: &str, arrived: &[Kept], plan: &[Planned]) {
    let mut by_sender: HashMap<&str, &Kept> = HashMap::new();
    for mail in arrived {
        assert!(by_sender.insert(&mail.from, mail).is_none(), "{what}: {} came twice", mail.from);
    }
    for mail in plan {
        let takers = mail.to.iter().zip(&mail.refused).filter(|(_, refused)| refused.is_none());
        let takers: Vec<&String> = takers.map(|(to, _)| to).collect();
        let kept = by_sender.remove(mail.from.as_str());
        let Some(kept) = kept else {
            assert!(takers.is_empty(), "{what}: {} has not come", mail.from);
            continue;
        };
        assert_eq!(kept.to.iter().collect::<Vec<_>>(), takers, "{what}: {}", mail.from);
        // Not assert_eq: a difference would print all of it.
        assert!(kept.message == mended(mail.body), "{what}: {} was changed", mail.from);
    }
    assert!(by_sender.is_empty(), "{what}: nobody sent {:?}", by_sender.keys());
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}")
}

/// Every level, with refusals of each kind among the mails, and without any.
fn at_every_level(name: &str, server: &NodeServer, url: &str, at_the_end: i32) -> Vec<Kept> {
    let (mixed, mut smooth) = (plan(at_the_end), plan(at_the_end));
    smooth.retain(|mail| mail.refused.iter().all(Option::is_none));
    let mut arrived = Vec::new();
    for level in LEVELS {
        for (kind, plan) in [("with refusals", &mixed), ("without", &smooth)] {
            arrived.extend(deliver(&format!("{name}, {level:?}, {kind}"), server, url, level, plan));
        }
    }
    arrived
}

#[test]
fn haraka_gets_each_mail_once_at_every_level() {
    let Some(server) = NodeServer::haraka("lists of mails: Haraka") else { return };
    at_every_level("Haraka", &server, &url("smtp", server.address()), 550);
}

#[test]
fn smtp_server_gets_each_mail_once_at_every_level() {
    let Some(server) = NodeServer::smtp_server("lists of mails: smtp-server") else { return };
    let arrived = at_every_level("smtp-server", &server, &url("smtp", server.clear_address()), 554);
    assert!(arrived.iter().all(|mail| !mail.encrypted));
}

/// Encrypted, since it is offered: where nothing is verified, its certificate is as good as any.
#[cfg(feature = "tls")]
#[test]
fn smtp_server_gets_each_mail_over_its_own_certificate() {
    let Some(server) = NodeServer::smtp_server("TLS: smtp-server's own certificate") else { return };
    let arrived = at_every_level("smtp-server with STARTTLS", &server, &url("smtp", server.address()), 554);
    assert!(!arrived.is_empty() && arrived.iter().all(|mail| mail.encrypted));
}

/// Where the certificate is verified, it is none: nothing is sent.
#[cfg(feature = "tls")]
#[test]
fn smtp_server_gets_nothing_where_its_certificate_counts() {
    let Some(server) = NodeServer::smtp_server("TLS: smtp-server's certificate, verified") else { return };
    for url in [url("smtp+starttls", server.address()), url("smtps", server.tls_address())] {
        let native = Native::new(&url);
        native.timeout(30_000);
        let mail = native.mail("s@example.test", &["r@example.test"], body(0, false));
        assert_ne!(native.run(), HeloStatus::HeloOk, "{url}");
        let seen = native.seen(mail, 0);
        assert!(!seen.delivered && seen.text.to_lowercase().contains("certificate"), "{url}: {seen:?}");
        assert_eq!(server.mails(), [], "{url}");
    }
}

/// Haraka closes where more than 8 KiB of commands come behind the final dot.
#[test]
fn haraka_gets_long_lists_of_recipients() {
    let Some(server) = NodeServer::haraka("long envelopes: Haraka") else { return };
    let one = |number: usize| Planned {
        from: format!("s{number}@example.test"),
        to: (0..300).map(|r| format!("a-rather-long-name-r{number}-{r}@example.test")).collect(),
        body: body(number, false),
        refused: vec![None; 300],
    };
    let plan: Vec<Planned> = (0..4).map(one).collect();
    for level in LEVELS {
        deliver(&format!("Haraka, long envelopes, {level:?}"), &server, &url("smtp", server.address()), level, &plan);
    }
}
