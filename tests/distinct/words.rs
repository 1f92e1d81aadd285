//! `smtp_rply` after failures: the server's words after its refusals, the library's own after all else, and never what was
//! said before. Programs of that time show nothing but this.

use crate::api::*;
use crate::support::listeners::refusing;
use crate::support::scripted::ScriptedServer;
use crate::support::wait::LONG;
use std::ffi::c_int;
use std::sync::mpsc::channel;

const OPEN: &str = "S: 220 mx.example ready\nC: EHLO here.example\nS: 250 mx.example\n";

/// The library's words out of a reply, which must have the form of one.
#[track_caller]
fn own_words((text, code): (String, c_int)) -> String {
    assert_eq!(code, 0, "{text}");
    let lines: Vec<&str> = text.split("\r\n").collect();
    let (last, others) = lines.split_last().expect("a line");
    assert!(last.starts_with("000 ") && others.iter().all(|line| line.starts_with("000-")), "{text}");
    let words: Vec<&str> = lines.iter().map(|line| &line[4..]).collect();
    let words = words.join(" ");
    let words = words.strip_prefix("libhelo: ").unwrap_or_else(|| panic!("{text}"));
    words.to_owned()
}

#[track_caller]
fn says(reply: (String, c_int), parts: &[&str]) {
    let words = own_words(reply);
    for part in parts {
        assert!(words.contains(part), "{part:?} is not in: {words}");
    }
}

#[test]
fn a_lost_connection_is_not_the_reply_before_it() {
    let server = ScriptedServer::start(&format!(
        "{OPEN}C: MAIL FROM:<a@a.example>\nS: 250 fine\nC: RCPT TO:<b@b.example>\nCLOSE"
    ));
    let conn = connect(server.address());
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_SUCCESS");
    assert_eq!(conn.reply(), ("250 fine".into(), 250));
    assert_eq!(name(conn.rcpt("b@b.example")), "SMTP_FAILURE");
    let place = format!("server {}, as the program asked: ", server.address());
    says(conn.reply(), &["RCPT: connection lost", "recipient b@b.example", &place, "try next: "]);
    assert!(!own_words(conn.reply()).contains("250"), "{:?}", conn.reply());
    assert_eq!(name(conn.data()), "SMTP_FAILURE");
    says(conn.reply(), &["DATA: connection lost"]);
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn a_time_limit_and_an_argument_have_their_words_and_the_next_reply_takes_their_place() {
    let server = ScriptedServer::start(&format!(
        "{OPEN}C: MAIL FROM:<a@a.example>\nS: 250 fine\nC: RCPT TO:<c@c.example>\nS: 550 5.1.1 no such user\nC: NOOP\nHANG"
    ));
    let conn = connect(server.address());
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("b b@b.example\r\nDATA")), "SMTP_FAILURE");
    says(conn.reply(), &["RCPT: bad argument: not sent: ", "recipient b b@b.example", "try next: mend the argument"]);
    assert_eq!(name(conn.rcpt("c@c.example")), "SMTP_FAILURE");
    assert_eq!(conn.reply(), ("550 5.1.1 no such user".into(), 550), "the server's words stay the server's");
    assert_eq!(name(conn.opts(OPT_TIMEOUT, 1)), "SMTP_SUCCESS");
    assert_eq!(name(conn.noop()), "SMTP_TIMED_OUT");
    says(conn.reply(), &["command: timed out: no answer within 1s", "try next: "]);
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn a_short_buffer_gets_the_beginning() {
    let server = ScriptedServer::start(&format!("{OPEN}C: NOOP\nCLOSE"));
    let conn = connect(server.address());
    assert_eq!(name(conn.noop()), "SMTP_FAILURE");
    let (whole, _) = conn.reply();
    for size in [0, 1, 2, 40, 41] {
        let (result, text, code) = conn.rply(size);
        assert_eq!((name(result), code), ("SMTP_SUCCESS", 0));
        assert_eq!(text, whole[..size.saturating_sub(1)], "{size}");
    }
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn an_opening_without_a_handle_leaves_its_words_to_this_thread() {
    let ask = |conn: Conn| {
        let (result, text, code) = conn.rply(4000);
        assert_eq!((conn, name(result)), (NO_CONN, "SMTP_INVALID_HANDLE"), "{text}");
        (text, code)
    };
    let nobody = refusing();
    let (code, conn) = helo(&host(nobody), "here.example", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_HOST_NOT_RESPONDING");
    let place = format!("server {nobody}, as the program asked");
    says(ask(conn), &["connect: host does not respond", &place, "try next: is the port right"]);
    let (code, conn) = helo("no-such-host.invalid", "here.example", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_UNKNOWN_HOST");
    says(ask(conn), &["unknown host", "server no-such-host.invalid:25", "look at the server's name"]);
    // Another thread has failed at nothing, and this one not any more once an opening works.
    std::thread::spawn(|| assert_eq!(NO_CONN.rply(100).1, "#".repeat(0))).join().unwrap();
    let server = ScriptedServer::start(&format!("{OPEN}C: QUIT\nS: 221 bye\nWAIT close"));
    let conn = connect(server.address());
    assert_eq!(NO_CONN.rply(100).1, "");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn what_smtp_xhelo_cannot_open_has_words_for_its_callback() {
    let nobody = refusing();
    for (place, words) in
        [(host(nobody), "connect: host does not respond"), ("no-such-host.invalid".into(), "unknown host")]
    {
        let (told, hears) = channel();
        let status = move |conn: Conn, _: c_int| told.send(conn.reply()).expect("somebody waits");
        let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
        let (code, conn) = xhelo(&place, "here.example", hooks);
        assert_eq!(name(code), "SMTP_SUCCESS");
        says(hears.recv_timeout(LONG).expect("the status callback"), &[words, "server ", "try next: "]);
        says(conn.reply(), &[words]);
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    }
}

#[test]
fn what_is_no_smtp_is_named() {
    for (greeting, advice) in
        [("+OK POP3 ready", "another service answers there"), ("SSH-2.0-OpenSSH_9.9", "another service answers there")]
    {
        let server = ScriptedServer::start(&format!("S: {greeting}\nHANG"));
        let (code, conn) = helo(&host(server.address()), "here.example", Hooks::default().keep());
        assert_eq!(name(code), "SMTP_FAILURE", "{greeting}");
        says(conn.reply(), &["greeting: protocol violation", advice]);
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
        server.finish();
    }
}
