//! Messages: what arrives is what was given, by the callback and in pieces; a large one needs no memory of its size.

use crate::api::*;
use crate::child;
use crate::support::process;
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{self, Keep, Sink, Then, When};
use std::ffi::c_int;
use std::sync::Mutex;

#[test]
fn a_server_that_refuses_in_mid_message_is_heard() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO here.example
         S: 250 mx.example
         C: DATA
         S: 354 go on
         S: 552 too much
         CLOSE",
    );
    let endless = |_: Conn, buffer: &mut [u8]| {
        buffer.fill(b'x');
        buffer.len() as c_int
    };
    let conn = connect_with(server.address(), Hooks { data: Some(Box::new(endless)), ..Hooks::default() }.keep());
    assert_eq!(name(conn.data()), "SMTP_FAILURE");
    assert_eq!(conn.reply(), ("552 too much".into(), 552));
    assert_eq!(name(conn.noop()), "SMTP_FAILURE", "the message could only be ended by breaking off");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn three_mails_over_one_connection_one_recipient_in_each_refused() {
    let options = sink::Options { keep: Keep::Bodies, ..sink::Options::default() };
    let sink =
        Sink::start(options.rule(When::Recipient("eve@b.example".into()), Then::Reply("550 5.1.1 no eve".into())));
    let conn = connect(sink.address());
    for mail in 1..=3 {
        assert_eq!(name(conn.mail(&format!("from{mail}@a.example"))), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt("ann@b.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt("eve@b.example")), "SMTP_FAILURE");
        assert_eq!(conn.reply(), ("550 5.1.1 no eve".into(), 550));
        assert_eq!(name(conn.rcpt("bob@b.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(format!("mail {mail}\r\n").as_bytes())), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS");
    }
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    let mails = sink.mails();
    assert_eq!(mails.len(), 3);
    for (number, mail) in (1..).zip(&mails) {
        assert_eq!(mail.body, format!("mail {number}\r\n").as_bytes());
        assert_eq!(mail.recipients.len(), 2, "{:?}", mail.recipients);
    }
}

/// 182 lines of text, some with a dot in front; a large message is this again and again.
fn block() -> Vec<u8> {
    let line = |number: usize| {
        let dot = if number.is_multiple_of(7) { "." } else { "" };
        let text: String =
            (0..74 - dot.len()).map(|at| char::from(b'a' + ((number * 31 + at * 7) % 26) as u8)).collect();
        format!("{dot}{text}\r\n")
    };
    (0..182).map(line).collect::<String>().into_bytes()
}

/// How often the block makes 200 MB.
const TIMES: usize = 200 * 1024 * 1024 / (182 * 76) + 1;

#[test]
fn a_message_of_200_mb_needs_less_than_16_mb() {
    if child::is_this() {
        return send_large();
    }
    let sink = Sink::start(sink::Options { keep: Keep::Hashes, ..sink::Options::default() });
    let address = host(sink.address());
    child::run("message::a_message_of_200_mb_needs_less_than_16_mb", &[("HELO_TEST_SINK", address.as_ref())]);
    let mails = sink.mails();
    let expected = block().repeat(TIMES);
    assert_eq!((mails.len(), mails[0].length), (1, expected.len() as u64));
    assert_eq!(mails[0].hash, sink::hash(&expected), "what arrived is what was given");
}

fn send_large() {
    let address = std::env::var("HELO_TEST_SINK").expect("the address of the sink");
    let block = block();
    let sent = Mutex::new((0, 0));
    let data = move |_: Conn, buffer: &mut [u8]| {
        // The blocks given whole, and how much of the next.
        let (times, at) = &mut *sent.lock().unwrap();
        if *times == TIMES {
            return 0;
        }
        let count = buffer.len().min(block.len() - *at);
        buffer[..count].copy_from_slice(&block[*at..][..count]);
        *at += count;
        if *at == block.len() {
            (*times, *at) = (*times + 1, 0);
        }
        count as c_int
    };
    let hooks = Hooks { data: Some(Box::new(data)), ..Hooks::default() }.keep();
    let (code, conn) = helo(&address, "here.example", hooks);
    assert_eq!(name(code), "SMTP_SUCCESS");
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("b@b.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.data()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    let peak = process::peak_memory();
    assert!(peak < 16 * 1024 * 1024, "{peak} bytes at most");
}
