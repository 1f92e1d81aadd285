//! The log: what clients and other servers say makes no line of its own, and SIGHUP.

use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::sink::{Options as SinkOptions, Sink, Then, When};
use crate::support::temp::TempDir;
use crate::support::wait;

#[test]
fn the_log_is_opened_anew() {
    let folder = TempDir::new();
    let (log, old) = (folder.join("log"), folder.join("log.1"));
    let server = Program::start(&["--port", "0", "--discard", "--log", log.to_str().expect("UTF-8")]);
    let text = |path| std::fs::read_to_string(path).unwrap_or_default();
    for _ in 0..2 {
        std::fs::rename(&log, &old).expect("a log");
        server.signal("HUP");
        wait::until("a new log", wait::LONG, || text(&log).contains("the log was opened anew\n").then_some(()));
        let before = text(&old);
        let mut client = server.client();
        client.ask("QUIT", 221);
        client.closed();
        wait::until("the session in it", wait::LONG, || text(&log).contains("ended: 0 mails taken\n").then_some(()));
        assert_eq!(text(&old), before);
    }
    // What cannot be opened leaves the log where it is.
    std::fs::rename(&log, &old).expect("a log");
    std::fs::create_dir(&log).expect("a folder");
    server.signal("HUP");
    wait::until("the reason", wait::LONG, || text(&old).contains("the log goes on here: ").then_some(()));
    assert!(server.stop().0);
}

#[test]
fn without_a_file_it_ends_in_order() {
    let server = Program::start(&["--port", "0", "--discard"]);
    let mut client = server.client();
    server.signal("HUP");
    client.expect(421);
    client.closed();
    let (well, log) = server.ended();
    assert!(well && log.ends_with("stopped\n"), "{log}");
}

/// Escapes of terminals, other ends of lines, writing from the right to the left, and what looks like the log's own words.
#[test]
fn nobody_writes_lines_of_their_own() {
    const BAD: &str =
        "\u{1b}]0;x\u{7}\u{1b}[2J\u{85}\u{2028}2026-01-01T00:00:00.000Z 1: taken: \u{202e}\u{2066}\u{200b}\u{9b}31m";
    let answer = format!("550 5.1.1 no {BAD} here");
    let next = Sink::start(SinkOptions::default().rule(When::Recipient("b@example.com".into()), Then::Reply(answer)));
    let relay = format!("smtp://{}", next.address());
    let server = Program::start(&["--port", "0", "--relay", &relay, "--domains", "example.com"]);
    let mut client = server.client();
    // The next server's words, passed on and logged.
    client.ask("MAIL FROM:<a@example.org> SMTPUTF8", 250);
    client.ask("RCPT TO:<b@example.com>", 550);
    // Addresses that may hold nearly anything: within quotes, and beyond ASCII.
    for to in [format!("\"{BAD}\"@example.net"), format!("{BAD}@example.net"), format!("b@{BAD}.example.net")] {
        client.say(&format!("RCPT TO:<{to}>")).reply();
    }
    client.say("RCPT TO:<\u{202e}\u{2066}\u{200b}\u{2028}@example.net>").reply();
    for command in ["EHLO", "HELO", "VRFY", "EXPN", "HELP", "NOOP", "AUTH", "MAIL FROM:", "NOSUCH"] {
        client.say(&format!("{command} {BAD}")).reply();
    }
    client.say("QUIT").reply();
    let mut implicit = Raw::tcp(server.address("smtp"));
    implicit.say(BAD).say("QUIT").rest();
    let (_, log) = server.stop();
    // What cannot be seen is shown, but for what the reply's own reading has replaced.
    assert!(log.contains("550 5.1.1 no") && log.contains("\\u{200b}"), "{log:?}");
    let unseen = |c: char| c != '\n' && (c.is_control() || "\u{2028}\u{2029}\u{202e}\u{2066}\u{200b}".contains(c));
    assert!(!log.contains(unseen), "{log:?}");
    for line in log.lines() {
        assert!(!line.starts_with("2026-01-01T00:00:00.000Z") && line.len() > 26, "{line:?}");
    }
}
