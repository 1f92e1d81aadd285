//! The same through NetX SMTP Client, where one call is a whole mail: arguments, header values (CVE-2024-6923), bodies, and
//! servers that misbehave.

use crate::bodies::BODIES;
use crate::support::engine::mended;
use crate::support::netx::{CRAM_MD5, LOGIN, Mail, NONE};
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{self, Keep, Sink};
use crate::support::wait::LONG;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// NX_SMTP_INVALID_PARAM.
const INVALID: u32 = 0xA5;

fn mail<'a>(server: SocketAddr, body: &'a [u8]) -> Mail<'a> {
    Mail {
        server,
        timeout: LONG,
        authentication: (NONE, "", ""),
        domain: "me.example",
        from: "a@example.org",
        to: "b@example.org",
        subject: "x",
        body,
    }
}

#[test]
fn arguments_and_header_values_are_refused_before_anybody_is_asked() {
    // Nothing to perform: a connection would be a failure.
    let server = ScriptedServer::start("");
    let evil =
        ["x\r\nBcc: <x@y>", "x\nBcc: <x@y>", "x\rBcc: <x@y>", "x\r\n\r\nbody", "\r\n.\r\nMAIL FROM:<x>", "x\x7f"];
    for evil in evil {
        let subject = Mail { subject: evil, ..mail(server.address(), b"x") };
        assert_eq!(subject.send(), INVALID, "{evil:?}");
        for address in [format!("{evil}@example.org"), format!("a@{evil}"), format!("a@b>{evil}")] {
            assert_eq!(Mail { to: &address, ..mail(server.address(), b"x") }.send(), INVALID, "{address:?}");
            assert_ne!(Mail { from: &address, ..mail(server.address(), b"x") }.send(), 0, "{address:?}");
        }
        assert_ne!(Mail { domain: evil, ..mail(server.address(), b"x") }.send(), 0, "{evil:?}");
    }
    server.finish();
}

#[test]
fn no_body_ends_itself() {
    let sink = Sink::start(sink::Options { keep: Keep::Bodies, ..sink::Options::default() });
    for body in BODIES.into_iter().filter(|body| !body.is_empty()) {
        assert_eq!(mail(sink.address(), body).send(), 0, "{body:?}");
    }
    let stored = sink.mails();
    assert_eq!(stored.len(), BODIES.len() - 1, "one mail each");
    for (mail, body) in stored.iter().zip(BODIES) {
        assert!(mail.body.ends_with(&[b"\r\n\r\n", &mended(body)[..]].concat()), "{body:?}: {:?}", mail.body);
    }
}

#[test]
fn replies_that_are_none_or_never_end() {
    let opening = "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: MAIL FROM:<a@example.org>\n";
    for reply in
        ["S: 25o\nHANG", "S: 250-a\nS: 251 b\nHANG", "S* 100000000 250-more\nHANG", "S*< 100000000 250 long\nHANG"]
    {
        let server = ScriptedServer::start(&format!("{opening}{reply}"));
        assert_ne!(mail(server.address(), b"x").send(), 0, "{reply}");
        let _ = server.outcome();
    }
    for script in [format!("{opening}DRIP 10 250-x\\r\\n"), String::from("DRIP 10 220-x\\r\\n")] {
        let server = ScriptedServer::start(&script);
        let begun = Instant::now();
        let limited = Mail { timeout: Duration::from_millis(300), ..mail(server.address(), b"x") };
        assert_ne!(limited.send(), 0);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        let _ = server.outcome();
    }
}

/// LOGIN's prompts are only words: what they are does not matter.
#[test]
fn prompts_that_are_no_base64_are_answered() {
    for prompt in ["A", "AB=C", "QUJD QUJD", "***"] {
        let server = ScriptedServer::start(&format!(
            "S: 220 ready
             C: EHLO me.example
             S: 250-here
             S: 250 AUTH LOGIN
             C: AUTH LOGIN
             S: 334 {prompt}
             C: YWxpY2U=
             S: 334 {prompt}
             C: aHVudGVyMg==
             S: 535 no
             C: QUIT
             S: 221 bye
             WAIT close"
        ));
        let login = Mail { authentication: (LOGIN, "alice", "hunter2"), ..mail(server.address(), b"x") };
        assert_ne!(login.send(), 0, "{prompt}");
        server.finish();
    }
}

#[test]
fn challenges_that_are_no_base64_are_cancelled() {
    for challenge in ["A", "AB=C", "QUJD QUJD", "***"] {
        let server = ScriptedServer::start(&format!(
            "S: 220 ready
             C: EHLO me.example
             S: 250-here
             S: 250 AUTH CRAM-MD5
             C: AUTH CRAM-MD5
             S: 334 {challenge}
             C: *
             S: 501 cancelled
             C: QUIT
             S: 221 bye
             WAIT close"
        ));
        let login = Mail { authentication: (CRAM_MD5, "alice", "hunter2"), ..mail(server.address(), b"x") };
        assert_ne!(login.send(), 0, "{challenge}");
        server.finish();
    }
}
