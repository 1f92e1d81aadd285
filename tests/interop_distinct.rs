//! Distinct SMTP-32 against a real Postfix on this machine: what each function does is seen in a mailbox or in Postfix's
//! log, from Rust over the C functions and from the C examples. Commands that Postfix does not know (SEND, SOML, SAML,
//! TURN, EXPN, HELP) succeed in `tests/distinct.rs`; here they are refused in order.

mod support;

#[path = "distinct/api.rs"]
#[allow(dead_code, unused_imports)] // written for tests/distinct.rs
mod api;

use api::*;
use std::ffi::c_int;
use std::process::Command;
use std::sync::mpsc;
use support::cc::{self, Program};
use support::postfix::{LATER, Postfix, REFUSED};
use support::temp::TempDir;
use support::wait::LONG;

/// A message with everything that must survive: dots in front, UTF-8, long lines, and some size.
fn message() -> Vec<u8> {
    let mut message = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n.\r\n..\r\n.x\r\nGrüße\r\n\r\n".as_bytes().to_vec();
    for number in 0..40_000 {
        message.extend_from_slice(format!(".line {number} of a message\r\n").as_bytes());
    }
    message
}

#[test]
fn a_message_by_callback_and_in_pieces_arrives_as_it_was_given() {
    let Some(postfix) = Postfix::shared("distinct: messages") else { return };
    let mailbox = postfix.fresh_mailbox();
    let message: &'static [u8] = message().leak();
    let hooks = Hooks { data: Some(source(message)), ..Hooks::default() }.keep();
    let conn = connect_with(postfix.address(), hooks);
    assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt(&mailbox.address)), "SMTP_SUCCESS");
    assert_eq!(name(conn.data()), "SMTP_SUCCESS");
    assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt(&mailbox.address)), "SMTP_SUCCESS");
    for piece in message.chunks(4099).chain([&[][..]]) {
        assert_eq!(name(conn.data_buf(piece)), "SMTP_SUCCESS");
    }
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    for delivered in mailbox.wait(2) {
        // Not assert_eq: a difference would print a megabyte.
        assert!(delivered.as_sent() == message);
    }
}

#[test]
fn three_mails_of_three_recipients_one_of_them_refused() {
    let Some(postfix) = Postfix::shared("distinct: refused recipients") else { return };
    let (one, two) = (postfix.fresh_mailbox(), postfix.fresh_mailbox());
    let conn = connect(postfix.address());
    for refused in [REFUSED, LATER, REFUSED] {
        assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt(&one.address)), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt(refused)), "SMTP_FAILURE");
        assert_eq!(conn.reply().1, if refused == LATER { 450 } else { 550 });
        assert_eq!(name(conn.rcpt(&two.address)), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(b"Subject: three\r\n\r\nhello\r\n")), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS");
    }
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    for mailbox in [one, two] {
        for delivered in mailbox.wait(3) {
            assert_eq!(delivered.as_sent(), b"Subject: three\r\n\r\nhello\r\n");
        }
    }
}

#[test]
fn the_other_commands() {
    let Some(postfix) = Postfix::shared("distinct: other commands") else { return };
    let conn = connect(postfix.address());
    assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    assert_eq!(name(conn.vrfy("alice@example.test")), "SMTP_SUCCESS");
    assert_eq!(conn.reply().1, 252);
    assert_eq!(name(conn.direct("VRFY alice@example.test").0), "SMTP_SUCCESS");
    for (what, code) in [
        ("send", conn.send("a@example.org")),
        ("soml", conn.soml("a@example.org")),
        ("saml", conn.saml("a@example.org")),
        ("expn", conn.expn("staff")),
        ("help", conn.help(None)),
        ("turn", conn.turn()),
    ] {
        assert_eq!(name(code), "SMTP_FAILURE", "{what}");
    }
    // What RSET takes back is not delivered to.
    let (kept, dropped) = (postfix.fresh_mailbox(), postfix.fresh_mailbox());
    assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt(&dropped.address)), "SMTP_SUCCESS");
    assert_eq!(name(conn.rset()), "SMTP_SUCCESS");
    assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt(&kept.address)), "SMTP_SUCCESS");
    assert_eq!(name(conn.data_buf(b"Subject: kept\r\n\r\n")), "SMTP_SUCCESS");
    assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    kept.wait(1);
    assert_eq!(dropped.count(), 0);
}

#[test]
fn an_aborted_message_is_not_delivered() {
    let Some(postfix) = Postfix::own("distinct: xquit") else { return };
    let mailbox = postfix.fresh_mailbox();
    let data = |conn: Conn, buffer: &mut [u8]| {
        assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
        buffer.fill(b'x');
        buffer.len() as c_int
    };
    let conn = connect_with(postfix.address(), Hooks { data: Some(Box::new(data)), ..Hooks::default() }.keep());
    assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt(&mailbox.address)), "SMTP_SUCCESS");
    assert_eq!(name(conn.data()), "SMTP_ABORTED");
    postfix.wait_log(&["lost connection after DATA"]);
    postfix.settle();
    assert_eq!(mailbox.count(), 0);
}

#[test]
fn a_connection_made_in_the_background() {
    let Some(postfix) = Postfix::shared("distinct: xhelo") else { return };
    let mailbox = postfix.fresh_mailbox();
    let (told, hears) = mpsc::channel();
    let status = move |conn: Conn, result: c_int| told.send((conn, result)).expect("the test waits");
    let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
    let (code, conn) = xhelo(&host(postfix.address()), "here.example", hooks);
    assert_eq!(name(code), "SMTP_SUCCESS");
    let (told, result) = hears.recv_timeout(LONG).expect("the status callback");
    assert_eq!((told, name(result)), (conn, "SMTP_SUCCESS"));
    assert_eq!(name(conn.mail("sender@example.org")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt(&mailbox.address)), "SMTP_SUCCESS");
    assert_eq!(name(conn.data_buf(b"Subject: later\r\n\r\n")), "SMTP_SUCCESS");
    assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    mailbox.wait(1);
}

#[test]
fn the_c_examples_deliver() {
    let Some(postfix) = Postfix::shared("distinct: C examples") else { return };
    let example =
        |name: &str| Program::new(cc::root().join("examples-c/distinct").join(name)).headers("distinct").build();
    let (one, two) = (postfix.fresh_mailbox(), postfix.fresh_mailbox());
    let folder = TempDir::new();
    let (file, message) = (folder.join("message.eml"), message());
    std::fs::write(&file, &message).expect("a message file");
    let mut send = Command::new(example("send.c"));
    send.arg(host(postfix.address())).arg("sender@example.org").arg(&file).args([&one.address, &two.address]);
    cc::run(&mut send, LONG).expect_success("send");
    assert!(one.wait_one().as_sent() == message);
    assert!(two.wait_one().as_sent() == message);

    let notified = postfix.fresh_mailbox();
    let mut notify = Command::new(example("notify.c"));
    notify.arg(host(postfix.address())).args(["sender@example.org", &notified.address, "Grüße: es brennt"]);
    cc::run(&mut notify, LONG).expect_success("notify");
    let delivered = notified.wait_one();
    assert_eq!(delivered.header("Subject").as_deref(), Some("Notice"));
    assert!(delivered.as_sent().ends_with("\r\n\r\nGrüße: es brennt\r\n".as_bytes()));

    // A refused recipient is named, with the server's words, and the program says so with its exit code.
    let mut refused = Command::new(example("send.c"));
    refused.arg(host(postfix.address())).arg("sender@example.org").arg(&file).arg(REFUSED);
    let output = refused.output().expect("the example runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && words.contains(REFUSED) && words.contains("550"), "{words}");
}
