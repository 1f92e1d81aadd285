//! Every refusal is a line of the log: session, client, command, reply, the client's words; and how each session ended.

use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::temp::TempDir;
use crate::support::wait;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A server with a user and for small messages, and its log.
struct House {
    server: Program,
    log: PathBuf,
}

impl House {
    fn new(folder: &TempDir, more: &[&str]) -> House {
        let (users, log) = (folder.join("users"), folder.join("log"));
        std::fs::write(&users, "alice:wonderland\n").unwrap();
        std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o600)).unwrap();
        let (users, path) = (users.to_str().unwrap(), log.to_str().unwrap());
        let common = ["--port", "0", "--discard", "--users", users, "--max-size", "100", "--log", path];
        House { server: Program::start(&[&common[..], more].concat()), log }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// What a session leaves in the log.
    fn session(&self, client: impl FnOnce(Raw)) -> String {
        let before = self.text().len();
        client(self.server.client());
        wait::until("the session's end", wait::LONG, || {
            let text = self.text();
            text[before..].contains(": ended: ").then(|| text[before..].to_owned())
        })
    }

    fn stop(self) -> String {
        assert!(self.server.stop().0);
        std::fs::read_to_string(&self.log).unwrap()
    }
}

/// What the engine refuses by itself. Each has one line, and one of the counts.
#[test]
fn what_breaks_the_rules() {
    let folder = TempDir::new();
    let house = House::new(&folder, &[]);
    let mut client = house.server.client();
    let rows = [
        ("RCPT TO:<a@b.example>", "503 5.5.1 Say MAIL first"),
        ("XYZZY", "500 5.5.2 Command not known"),
        ("MAIL FROM:<a b>", "501 5.1.7 Bad sender address"),
        ("MAIL FROM:<a@b.example> SIZE=101", "552 5.3.4 Message larger than the limit"),
        ("MAIL FROM:<a@b.example> NO=such", "555 5.5.4 Parameter not known"),
        ("MAIL FROM:<\u{e9}@b.example>", "553 5.6.7 Address is not ASCII and SMTPUTF8 was not declared"),
        ("EHLO", "501 Give your host name"),
        ("EXPN x", "502 5.5.1 Command not available"),
        ("AUTH NTLM", "504 5.5.4 Authentication mechanism not known"),
        ("AUTH PLAIN", "538 5.7.11 Encryption required for requested authentication mechanism"),
        ("STARTTLS", "502 5.5.1 Command not available"),
    ];
    for (command, reply) in rows {
        let said = client.say(command).reply();
        assert!(said.trim_end().ends_with(&reply[4..]), "{said}");
    }
    // What only follows from a refusal is none of its own.
    client.ask("MAIL FROM:<a b>", 501);
    client.ask("RCPT TO:<follows@b.example>", 503);
    client.say("QUIT").expect(221);
    client.closed();
    let log = house.stop();
    let peer = |line: &str| line.rsplit(", from 127.0.0.1:").next().is_some_and(|port| port.parse::<u16>().is_ok());
    for (command, reply) in rows {
        let line = format!("refused: command {command}: {reply}, from 127.0.0.1:");
        let found: Vec<&str> = log.lines().filter(|found| found.contains(&line)).collect();
        let wanted = if command == "MAIL FROM:<a b>" { 2 } else { 1 };
        assert!(found.len() == wanted && found.iter().all(|line| peer(line)), "{line}: {log}");
    }
    assert!(!log.contains("follows"), "{log}");
    assert!(log.contains("ended: 0 mails taken (quit)"), "{log}");
}

/// What costs a message, after its envelope was taken: with the mail's own number.
#[test]
fn what_costs_a_message() {
    let folder = TempDir::new();
    let house = House::new(&folder, &["--bare-newline", "refuse"]);
    let envelope = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    for (body, reply, end) in [
        (
            format!("DATA\r\n{}\r\n.\r\n", "x".repeat(200)),
            "552 5.3.4 Message larger than the limit",
            "closed by the client",
        ),
        (
            format!("BDAT 200 LAST\r\n{}", "x".repeat(200)),
            "552 5.3.4 Message larger than the limit",
            "closed by the client",
        ),
        (
            "DATA\r\nx\r\n\0.\r\ny\r\n.\r\n".to_owned(),
            "554 5.6.0 The message holds a line of one dot and NULs",
            "protocol",
        ),
    ] {
        let log = house.session(|mut client| {
            client.send(format!("{envelope}{body}"));
            let said = client.codes(if body.starts_with("DATA") { 4 } else { 3 });
            assert!(said.ends_with(&[reply[..3].parse().unwrap()]), "{said:?}");
        });
        let line = log.lines().find(|line| line.contains(reply)).unwrap_or_else(|| panic!("{reply}: {log}"));
        let mark = line.split(": ").nth(1).unwrap();
        assert!(line.contains(": refused: message: ") && mark.len() > 10, "{line}");
        assert!(log.contains(&format!("({end}")), "{end}: {log}");
    }
}

/// RFC 5321 section 3.8: whoever closes says so.
#[test]
fn a_last_word_says_that_it_is_the_last() {
    let folder = TempDir::new();
    let house = House::new(&folder, &["--bare-newline", "refuse"]);
    let envelope = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    for last in
        ["NOOP\nNOOP\r\n".to_owned(), "BDAT x\r\n".to_owned(), format!("{envelope}DATA\r\nx\r\n.\0\r\ny\r\n.\r\n")]
    {
        let mut client = house.server.client();
        client.send(&last);
        let said = client.rest();
        let said = said.lines().last().unwrap();
        assert!(said.starts_with("421 ") || said.contains("the connection is closed"), "{last:?}: {said}");
    }
}

/// A password never, wherever a client that is out of step says it.
#[test]
fn words_of_a_login_are_hidden() {
    let folder = TempDir::new();
    let house = House::new(&folder, &["--auth-in-clear"]);
    const SECRET: &str = "AGFsaWNlAHdvbmRlcmxhbmQ=";
    for lines in [
        format!("AUTH NTLM {SECRET}"),
        format!("AUTH {SECRET}"),
        format!("AUTH PLAIN {SECRET} {SECRET}"),
        format!("auth plain={SECRET}"),
        format!("AUTH NTLM\r\n{SECRET}"),
        format!("AUTH LOGIN\r\n*\r\n{SECRET}"),
        format!("AUTH PLAIN {SECRET}\r\nAUTH PLAIN {SECRET}\r\n{SECRET}"),
        format!("AUTH LOGIN {}", SECRET.repeat(1000)),
        format!("AUTH LOGIN\r\n{SECRET}\nx"),
        format!("AUTH\tPLAIN\t{SECRET}"),
        format!("PASS {SECRET}"),
        format!("a1 LOGIN alice {SECRET}"),
        format!("Authorization: Basic {SECRET}"),
    ] {
        let mut client = house.server.client();
        client.say(&lines).say("QUIT").rest();
    }
    let log = house.stop();
    assert!(!log.contains(&SECRET[..8]) && !log.contains("wonderland"), "{log}");
    assert!(log.contains("refused: command AUTH NTLM <hidden>: 504 5.5.4 "), "{log}");
    assert!(log.contains("by LOGIN: the client has given it up: 501 5.7.0 "), "{log}");
}

/// As mutt does where it has no channel binding: it begins with what was offered first, and gives up.
#[test]
fn a_client_that_gives_up_plus_leaves_a_hint() {
    use helo::server::log::{Event, What};
    let line = Event {
        client: None,
        what: What::NotAuthenticated {
            mechanism: "SCRAM-SHA-256-PLUS",
            why: "the client has given it up",
            reply: None,
        },
    };
    assert!(line.to_string().contains("--mechanisms"), "{line:?}");
}

#[test]
fn a_handshake_on_the_clear_port_is_named() {
    let folder = TempDir::new();
    let house = House::new(&folder, &[]);
    let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[b'\n'; 300]].concat();
    for (first, split) in [("", false), ("", true), ("EHLO x\r\n", false), ("EHLO x\r\n", true)] {
        let mut client = Raw::tcp(house.server.address("smtp"));
        client.expect(220);
        client.send(first);
        if !first.is_empty() {
            client.expect(250);
        }
        if split {
            client.drip([22, 3]);
        } else {
            client.send(&hello);
        }
        assert_eq!(client.rest(), "", "whoever speaks TLS is told nothing in SMTP");
    }
    let log = house.stop();
    assert_eq!(log.matches("refused: session: 421 4.7.0 Not SMTP (a hello of TLS").count(), 4, "{log}");
    assert!(log.contains("(protocol: "), "{log}");
}

#[test]
fn how_sessions_end() {
    let folder = TempDir::new();
    let house = House::new(&folder, &["--timeout", "1", "--auth-in-clear"]);
    let end = |why: &str, client: &dyn Fn(&mut Raw)| {
        let log = house.session(|mut raw| client(&mut raw));
        assert!(log.contains(&format!("ended: 0 mails taken ({why}")), "{why}: {log}");
    };
    end("quit", &|raw| drop(raw.say("QUIT").rest()));
    end("closed by the client", &|_| {});
    end("timeout", &|raw| drop(raw.rest()));
    end("limit: too many errors", &|raw| drop(raw.say(&"X\r\n".repeat(30)).rest()));
    end("limit: too many failed authentications", &|raw| drop(raw.say(&"AUTH LOGIN\r\n*\r\n".repeat(5)).rest()));
    end("limit: too many commands without a mail", &|raw| drop(raw.say(&"NOOP\r\n".repeat(1100)).rest()));
    end("protocol: The command holds a bare", &|raw| drop(raw.send("x\ny\r\n").rest()));
    let mut idle = house.server.client();
    house.server.signal("TERM");
    idle.expect(421);
    let log = house.stop();
    assert!(log.contains("ended: 0 mails taken (shutdown)"), "{log}");
}
