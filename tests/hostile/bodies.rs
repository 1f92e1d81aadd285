//! Messages that try to end themselves, or to become commands: RUSTSEC-2026-0561, CVE-2021-38189, CVE-2018-0500.

use crate::support::distinct::{Distinct, SMTP_SUCCESS};
use crate::support::engine::{LEVELS, deliver, mail_to, mended, open, send, settings};
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{self, Keep, Sink};
use crate::support::wait::LONG;
use helo::client::body::Body;
use std::io::Read;

/// Each holds line ends or dots where a careless client would let the message end.
pub const BODIES: [&[u8]; 14] = [
    b"a\n.\nMAIL FROM:<x>",
    b"a\r.\rMAIL FROM:<x>",
    b"a\r\n.\r\nMAIL FROM:<x>",
    b"a\r\n.\nRCPT TO:<x>",
    b"a\n.\r\nRSET\r\n",
    b"a\r\r\n.\r\r\nQUIT",
    b"a\r\n.\r\r\nQUIT",
    b".\r\nDATA\r\n.",
    b"..\n.a\r..",
    b"a\r",
    b"a\r\n\r",
    b"\n",
    b"\r\n.",
    b"",
];

/// The same as it must be on the wire between DATA and its answer: line ends mended, dots stuffed, ended once.
fn on_the_wire(body: &[u8]) -> String {
    let mut wire = String::new();
    for line in String::from_utf8(mended(body)).expect("the bodies are ASCII").split_inclusive("\r\n") {
        wire.push_str(if line.starts_with('.') { "." } else { "" });
        wire.push_str(line);
    }
    wire.push_str(".\r\n");
    wire.replace('\r', "\\r").replace('\n', "\\n")
}

/// Every way to cut a body into at most three pieces.
fn cuts(body: &[u8]) -> Vec<[&[u8]; 3]> {
    let mut cuts = Vec::new();
    for first in 0..=body.len() {
        for second in first..=body.len() {
            cuts.push([&body[..first], &body[first..second], &body[second..]]);
        }
    }
    cuts
}

/// A server that must hear each of the bodies so often.
fn listener(times: impl Fn(&[u8]) -> usize) -> ScriptedServer {
    let mut script = String::from("S: 220 ready\nC: EHLO me.example\nS: 250 here\n");
    for body in BODIES {
        let mail = format!(
            "C: MAIL FROM:<a@example.org>\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\n\
             C: DATA\nS: 354 go\nC. {}\nS: 250 kept\n",
            on_the_wire(body)
        );
        script.push_str(&mail.repeat(times(body)));
    }
    script.push_str("C: QUIT\nS: 221 bye\n");
    ScriptedServer::start(&script)
}

#[test]
fn no_body_ends_itself_however_it_is_cut() {
    let server = listener(|body| cuts(body).len());
    let mut session = open(server.address()).unwrap();
    for body in BODIES {
        for pieces in cuts(body) {
            assert_eq!(send(&mut session, &pieces).unwrap(), 250, "{pieces:?}");
        }
    }
    session.quit(&mut ());
    server.finish();
}

#[test]
fn no_body_ends_itself_through_the_distinct_face() {
    let server = listener(|body| body.len() + 1);
    let connection = Distinct::open(server.address(), "me.example").unwrap();
    for body in BODIES {
        for at in 0..=body.len() {
            assert_eq!(connection.mail("a@example.org"), SMTP_SUCCESS);
            assert_eq!(connection.rcpt("b@example.org"), SMTP_SUCCESS);
            let (first, rest) = body.split_at(at);
            assert_eq!(connection.body(&[first, rest]), SMTP_SUCCESS, "{body:?} {at}");
        }
    }
    assert_eq!(connection.quit(), SMTP_SUCCESS);
    server.finish();
}

#[test]
fn no_body_ends_itself_in_a_delivery() {
    for extensions in ["CHUNKING", "none"] {
        for level in LEVELS {
            let mut options = sink::Options { keep: Keep::Bodies, ..sink::Options::default() };
            if extensions == "none" {
                options = options.without("CHUNKING").without("BINARYMIME");
            }
            let sink = Sink::start(options);
            let mut list: Vec<_> =
                BODIES.iter().enumerate().map(|(i, body)| mail_to(i, 1, Body::memory(Box::new(*body)))).collect();
            let outcomes = deliver(sink.address(), level, settings(LONG), &mut list);
            let context = format!("{extensions} {level:?}");
            assert!(outcomes.iter().flatten().all(|o| o.is_delivered()), "{context}: {outcomes:?}");
            let stored = sink.mails();
            assert_eq!(stored.len(), BODIES.len(), "{context}: one mail each");
            for (i, (mail, body)) in stored.iter().zip(BODIES).enumerate() {
                assert_eq!(mail.sender, format!("s{i}@example.org"), "{context}");
                assert_eq!(mail.body, mended(body), "{context} {body:?}");
            }
        }
    }
}

/// Text with every kind of line end, larger than any buffer of the engine.
fn large() -> Vec<u8> {
    let line = b"a line\r\n.\r\nanother\n.\nand\r.\rone more without its end ";
    line.iter().copied().cycle().take(3_000_000).collect()
}

#[test]
fn a_first_piece_larger_than_any_buffer_and_pieces_of_one_byte() {
    let body = large();
    for (piece, length) in [(body.len(), body.len()), (1, 200_000), (4097, 1_000_000)] {
        let sink = Sink::start(sink::Options { keep: Keep::Hashes, ..sink::Options::default() });
        let mut session = open(sink.address()).unwrap();
        let body = &body[..length];
        crate::support::engine::mail(&mut session, "a@example.org").unwrap();
        crate::support::engine::rcpt(&mut session, "b@example.org").unwrap();
        session.begin_data(&mut ()).unwrap();
        for part in body.chunks(piece) {
            session.body(part, &mut ()).unwrap();
            assert!(session.connection().staged() < 1 << 20, "what waits to be sent is bounded");
        }
        session.end_data(&mut ()).unwrap();
        session.quit(&mut ());
        let mended = mended(body);
        assert_eq!((sink.mails()[0].length, sink.mails()[0].hash), (mended.len() as u64, sink::hash(&mended)));
    }
}

#[test]
fn a_callback_that_gives_one_byte_at_a_time_or_all_it_can() {
    for level in LEVELS {
        for most in [1, usize::MAX] {
            let body: Vec<u8> = large().into_iter().take(if most == 1 { 100_000 } else { 1_500_000 }).collect();
            let sink = Sink::start(sink::Options { keep: Keep::Hashes, ..sink::Options::default() });
            let mut rest = std::io::Cursor::new(body.clone());
            let reader = Body::reader(Box::new(move |buffer| {
                let room = buffer.len().min(most);
                rest.read(&mut buffer[..room])
            }));
            let outcomes = deliver(sink.address(), level, settings(LONG), &mut [mail_to(0, 1, reader)]);
            assert!(outcomes[0][0].is_delivered(), "{outcomes:?}");
            assert_eq!(sink.mails()[0].hash, sink::hash(&mended(&body)), "{level:?} {most}");
        }
    }
}
