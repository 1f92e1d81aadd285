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
        wait::until("the session in it", wait::LONG, || {
            text(&log).contains("ended: 0 mails taken (quit)\n").then_some(())
        });
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

/// A log that nobody reads: the mails, the sessions and the end go on without it.
#[cfg(unix)]
fn served_and_ended(server: Program, log: &dyn std::fmt::Debug) {
    // Far more lines than a pipe holds.
    let flood = "NOSUCH\r\n".repeat(10);
    for number in 0..600 {
        let mut client = server.client();
        client.send(&flood);
        client.codes(10);
        client.send(crate::MAIL);
        assert_eq!(client.codes(3), [250, 250, 250], "{log:?}, session {number}");
        client.ask("QUIT", 221);
    }
    let began = std::time::Instant::now();
    server.signal("TERM");
    let mut server = server;
    let status = wait::until("its end", wait::LONG, || server.child.try_wait().expect("a child"));
    assert!(status.success(), "{log:?}: {status}");
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{log:?}: {:?}", began.elapsed());
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads_holds_up_nothing() {
    // Standard error, which the test does not read.
    let server = Program::start(&["--port", "0", "--discard"]);
    served_and_ended(server, &"standard error");
    let folder = TempDir::new();
    let fifo = folder.join("fifo");
    let name = fifo.to_str().expect("UTF-8");
    assert!(std::process::Command::new("mkfifo").arg(name).status().expect("mkfifo").success());
    // Nobody has it open at all.
    served_and_ended(Program::start(&["--port", "0", "--discard", "--log", name]), &fifo);
    // Somebody has, and does not read.
    let held = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).expect("a FIFO");
    served_and_ended(Program::start(&["--port", "0", "--discard", "--log", name]), &fifo);
    drop(held);
}

/// What could not be written is counted, and told where it is missing, once there is room.
#[cfg(target_os = "linux")]
#[test]
fn what_is_lost_is_told() {
    let folder = TempDir::new();
    let log = folder.join("log");
    let limit = "ulimit -f 8 && exec \"$0\" \"$@\"";
    let server = Program::start_under(
        &["bash", "-c", limit],
        &["--port", "0", "--discard", "--log", log.to_str().expect("UTF-8")],
    );
    let text = || std::fs::read_to_string(&log).unwrap_or_default();
    let mut client = server.client();
    // Mails are always told, until the file is as large as it may be.
    wait::until("a full log", wait::LONG, || {
        client.send(crate::MAIL);
        assert_eq!(client.codes(3), [250, 250, 250]);
        (text().len() >= 8 * 1024).then_some(())
    });
    for _ in 0..10 {
        client.send(crate::MAIL);
        assert_eq!(client.codes(3), [250, 250, 250]);
    }
    std::fs::rename(&log, folder.join("log.1")).expect("a log");
    server.signal("HUP");
    let told = wait::until("the count", wait::LONG, || text().contains("lines of the log were lost: ").then(text));
    let first = told.lines().next().expect("a line");
    let lost = first.split(' ').nth(1).and_then(|count| count.parse::<usize>().ok()).expect("a count");
    assert!(lost >= 10 && first.len() > 30, "{told}");
    assert!(server.stop().0);
}

/// However much a client is refused, its lines are counted when there are too many; mails are told as ever.
#[test]
fn a_flood_of_refusals_makes_a_bounded_log() {
    let folder = TempDir::new();
    let log = folder.join("log");
    let server = Program::start(&[
        "--port",
        "0",
        "--discard",
        "--domains",
        "example.com",
        "--log",
        log.to_str().expect("UTF-8"),
    ]);
    let mut sent = 0;
    let flood = format!("MAIL FROM:<a@example.org>\r\n{}RSET\r\n", "RCPT TO:<b@example.net>\r\n".repeat(400));
    for _ in 0..40 {
        let mut client = server.client();
        client.send(&flood);
        assert!(client.codes(402)[1..401].iter().all(|code| *code == 550));
        sent += flood.len();
        client.ask("QUIT", 221);
    }
    let mut client = server.client();
    client.send(crate::MAIL);
    assert_eq!(client.codes(3), [250, 250, 250]);
    client.ask("QUIT", 221);
    client.closed();
    assert!(server.stop().0);
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(text.len() < sent / 2, "{} octets of log for {sent} that were sent", text.len());
    // 40 times 400 refusals, a beginning and an end: shown or counted.
    let counts = text.lines().filter_map(|line| {
        let (count, rest) = line.split(' ').nth(1).map(|count| (count, line))?;
        let count =
            if rest.contains(" more lines of this session are not shown") { line.split(' ').nth(2)? } else { count };
        rest.contains("are not shown").then(|| count.parse::<usize>().expect(line))
    });
    let (shown, counted) = (text.matches("refused: recipient").count(), counts.sum::<usize>());
    assert!(shown > 100 && (16_000..16_200).contains(&(shown + counted)), "{shown} and {counted}:\n{text}");
    let mail = text.lines().find(|line| line.contains(": taken: ")).expect("the mail");
    let session = mail.split(' ').nth(1).expect("a number");
    for what in ["connected: 127.0.0.1:", "ended: 1 mail taken"] {
        assert!(text.contains(&format!(" {session} {what}")), "{what}: {text}");
    }
}
