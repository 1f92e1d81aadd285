//! Mail as it really comes: line ends, domains in letters, first lines of blanks, and what is no mail at all.

use crate::support::program::{Program, run};
use crate::support::raw::Raw;
use crate::support::temp::TempDir;
use crate::{only, text_of};
use std::path::Path;

fn maildir(folder: &Path, options: &[&str]) -> Program {
    let folder = folder.to_str().unwrap();
    Program::start(
        &[&["--port", "0", "--maildirs", folder, "--make-maildirs", "--crlf", "--no-sync"], options].concat(),
    )
}

const ENVELOPE: &str = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n";

#[test]
fn bare_line_ends_are_mended_or_refused() {
    let folder = TempDir::new();
    let server = maildir(folder.path(), &[]);
    let text = "Subject: x\n\ny\n.\nMAIL FROM:<evil@example.org>\r.\r\nz\r\n";
    let stored = "Subject: x\r\n\r\ny\r\n.\r\nMAIL FROM:<evil@example.org>\r\n.\r\nz\r\n";
    for by in [format!("DATA\r\n{text}.\r\n"), format!("BDAT {} LAST\r\n{text}", text.len())] {
        let mut client = server.client();
        client.send(format!("{ENVELOPE}{by}QUIT\r\n"));
        let data: &[u16] = if by.starts_with("DATA") { &[354] } else { &[] };
        assert_eq!(client.codes(4 + data.len()), [&[250, 250], data, &[250, 221]].concat());
        client.closed();
        let new = folder.join("example.com/b/new");
        let mail = only(&new);
        assert!(mail.ends_with(&format!("\r\n{stored}")), "{mail:?}");
        std::fs::remove_dir_all(&new).unwrap();
        std::fs::create_dir(&new).unwrap();
    }
    let server = Program::start(&["--port", "0", "--discard", "--bare-newline", "refuse"]);
    let mut client = server.client();
    client.send(format!("{ENVELOPE}BDAT {} LAST\r\n{text}{ENVELOPE}DATA\r\n{text}", text.len()));
    assert_eq!(client.codes(7), [250, 250, 554, 250, 250, 354, 554]);
    client.closed();
    let refused = run(&["--discard", "--bare-newline", "maybe"]);
    assert!(text_of(&refused).contains("normalize or refuse"), "{}", text_of(&refused));
}

/// Both spellings of a domain are one domain, and lead to one folder, whichever of the two an administrator has made.
#[test]
fn a_domain_in_letters_and_in_the_dns() {
    let spellings = [
        "b\u{fc}cher.example",
        "B\u{dc}CHER.example.",
        "bu\u{308}cher.example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.example.",
    ];
    for listed in [&spellings[0], &spellings[3]] {
        for made in ["b\u{fc}cher.example", "xn--bcher-kva.example", ""] {
            let folder = TempDir::new();
            if !made.is_empty() {
                for part in ["new", "cur", "tmp"] {
                    std::fs::create_dir_all(folder.join(made).join("alice").join(part)).unwrap();
                }
            }
            let server = maildir(folder.path(), &["--domains", listed]);
            let mut client = server.client();
            for domain in spellings {
                client.ask("MAIL FROM:<a@example.org> SMTPUTF8", 250);
                client.ask(&format!("RCPT TO:<Alice@{domain}>"), 250);
                client.send("BDAT 3 LAST\r\nx\r\n").expect(250);
            }
            client.ask("MAIL FROM:<a@example.org> SMTPUTF8", 250);
            client.ask("RCPT TO:<alice@bucher.example>", 550);
            let kept = if made.is_empty() { "xn--bcher-kva.example" } else { made };
            let mails = std::fs::read_dir(folder.join(kept).join("alice/new")).unwrap().count();
            assert_eq!(
                (mails, std::fs::read_dir(folder.path()).unwrap().count()),
                (spellings.len(), 1),
                "{listed} {made}"
            );
        }
    }
}

#[test]
fn addresses_go_as_they_are_given() {
    let folder = TempDir::new();
    let server = maildir(folder.path(), &["--domains", "example.com"]);
    let mut client = server.client();
    for (local, domain) in
        [(".first", "example.com"), ("last.", "example.com"), ("two..dots", "example.com"), ("dot", "example.com.")]
    {
        client.ask(&format!("MAIL FROM:<{local}@{domain}>"), 250);
        client.ask(&format!("RCPT TO:<{local}@{domain}>"), 250);
        client.send("BDAT 3 LAST\r\nx\r\n").expect(250);
        let name = if local.starts_with('.') { local.replacen('.', "%2e", 1) } else { local.to_owned() };
        let mail = only(&folder.join("example.com").join(name).join("new"));
        for field in ["Return-Path: <%>", "Delivered-To: %", " for <%>;"] {
            let field = field.replace('%', &format!("{local}@{domain}"));
            assert!(mail.contains(&field), "{field}: {mail}");
        }
    }
}

/// Whatever it begins with: what is above it is the server's, and ends there.
#[test]
fn a_message_that_begins_with_blanks() {
    for first in [" folded", "\tfolded", "    ", "\t", "\0 x", " X-Evil: yes", "\x0b x"] {
        let folder = TempDir::new();
        let last = maildir(folder.path(), &[]);
        let next = format!("smtp://{}", last.address("smtp"));
        let relay = Program::start(&["--port", "0", "--relay", &next, "--domains", "example.com"]);
        for (server, own) in [(&last, 1), (&relay, 2)] {
            let mut client = server.client();
            client.send(format!("{ENVELOPE}DATA\r\n{first}\r\nSubject: x\r\n\r\ny\r\n.\r\n"));
            assert_eq!(client.codes(4), [250, 250, 354, 250]);
            let new = folder.join("example.com/b/new");
            let mail = only(&new);
            let (header, body) = mail.split_once("\r\n\r\n").expect("an empty line");
            assert_eq!(
                (header.matches("Received: ").count(), body),
                (own, format!("{first}\r\nSubject: x\r\n\r\ny\r\n").as_str())
            );
            std::fs::remove_dir_all(&new).unwrap();
            std::fs::create_dir(&new).unwrap();
        }
    }
}

#[test]
fn blanks_before_the_colon_of_received_hide_no_circle() {
    let folder = TempDir::new();
    let last = maildir(folder.path(), &[]);
    let next = format!("smtp://{}", last.address("smtp"));
    let relay = Program::start(&["--port", "0", "--relay", &next, "--domains", "example.com"]);
    for field in ["Received :", "rEcEiVeD\t :", "Received:"] {
        let mut client = relay.client();
        let header = format!("{field} x\r\n").repeat(101);
        client.send(format!("{ENVELOPE}DATA\r\n{header}\r\ny\r\n.\r\n"));
        assert_eq!(client.codes(4), [250, 250, 354, 554], "{field}");
    }
}

/// A web page's form delivers no mail.
#[test]
fn http_is_closed_and_logged() {
    let server = Program::start(&["--port", "0", "--memory", "10"]);
    let mail = "EHLO x\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\n";
    for request in [
        format!(
            "POST / HTTP/1.1\r\nHost: mx\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{mail}",
            mail.len()
        ),
        format!("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n{mail}"),
        format!("Host: mx.example\r\n\r\n{mail}"),
        format!("\u{16}\u{3}\u{1}\u{2}\r\n{mail}"),
    ] {
        let mut client = Raw::tcp(server.address("smtp"));
        client.send(&request);
        let said = client.rest();
        assert!(said.starts_with("220 ") && said.lines().count() <= 2 && !said.contains("250"), "{request}: {said}");
    }
    let (_, log) = server.stop();
    for words in [
        "refused: session: 421 4.7.0 Not SMTP (a request of HTTP: POST)",
        "(a request of HTTP: GET)",
        "(a header's line: Host)",
        "(a hello of TLS: ",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(!log.contains("taken:"), "{log}");
}
