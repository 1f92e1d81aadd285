//! helo-server from outside: what it is told, what it says, where mail goes, and how it ends.
#![cfg(all(feature = "program", unix))]

#[path = "../support/mod.rs"]
mod support;

mod idle;
mod log;
mod login;
mod mail;
mod mailboxes;
mod memory;
mod refusals;
mod relay;
mod service;
#[cfg(feature = "tls")]
mod soak;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::program::{Program, run};
use support::raw::Raw;
use support::temp::TempDir;

const MAIL: &str = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\n";

/// The only file in a folder.
fn only(folder: &Path) -> String {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{}", folder.display());
    std::fs::read_to_string(&files[0]).unwrap()
}

fn text_of(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_mail_into_a_maildir_and_an_end_in_order() {
    if support::process::holds_signals_back() {
        return support::skip::skip(
            "a_mail_into_a_maildir_and_an_end_in_order",
            "the thread sanitizer holds signals back",
        );
    }
    let folder = TempDir::new();
    let maildir = folder.join("mail");
    let server = Program::start(&["--port", "0", "--maildir", maildir.to_str().unwrap(), "--name", "mx.example"]);
    let mut client = server.client();
    client.send(MAIL);
    assert_eq!(client.codes(3), [250, 250, 250]);
    let mail = only(&maildir.join("new"));
    assert!(mail.contains("Return-Path: <a@example.org>\n") && mail.ends_with("\nx\n"), "{mail}");
    assert!(mail.contains("by mx.example"), "{mail}");
    // One is idle, one is within a mail: that one is answered first.
    let mut writing = server.client();
    writing.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA").codes(3);
    server.signal("TERM");
    client.expect(421);
    client.closed();
    writing.send("y\r\n.\r\n").expect(250);
    writing.expect(421);
    writing.closed();
    let (well, log) = server.ended();
    assert!(well, "{log}");
    for line in ["connected: 127.0.0.1:", "taken: from <a@example.org> for <b@example.com>, 3 octets: ", "stopped\n"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    assert_eq!(std::fs::read_dir(maildir.join("new")).unwrap().count(), 2);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    if support::process::holds_signals_back() {
        return support::skip::skip("a_second_signal_ends_it_at_once", "the thread sanitizer holds signals back");
    }
    let server = Program::start(&["--port", "0", "--discard"]);
    let mut writing = server.client();
    writing.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA").codes(3);
    let mut idle = server.client();
    server.signal("INT");
    // It has heard the first when the idle one is told.
    idle.expect(421);
    server.signal("INT");
    let (well, log) = server.ended();
    assert!(!well, "{log}");
    writing.closed();
}

/// CVE-2018-0500: what is larger than any buffer goes through in pieces, by DATA and in a single chunk.
#[test]
fn memory_does_not_grow_with_the_message() {
    const SIZE: usize = 64 << 20;
    let folder = TempDir::new();
    let server =
        Program::start(&["--port", "0", "--maildir", folder.join("mail").to_str().unwrap(), "--max-size", "0"]);
    let before = support::process::peak_memory_of(server.child.id());
    let mut client = server.client();
    let block = format!("{}\r\n", "x".repeat(1022)).repeat(1024);
    for opening in [format!("BDAT {SIZE} LAST\r\n"), "DATA\r\n".into()] {
        client.send(format!("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n{opening}"));
        client.codes(2);
        for _ in 0..SIZE / block.len() {
            client.send(&block);
        }
        if opening == "DATA\r\n" {
            client.send(".\r\n").expect(354);
        }
        client.expect(250);
    }
    let grown = support::process::peak_memory_of(server.child.id()) - before;
    println!("{SIZE} octets, twice: {grown} more in memory at the most");
    assert!(grown < 8 << 20 || support::process::is_sanitized(), "{grown}");
    assert!(server.stop().0);
}

/// More connections than descriptors: those that were greeted are served, and others as soon as there is room.
#[test]
fn out_of_descriptors() {
    let server = Program::start_with_descriptors(40, &["--port", "0", "--discard"]);
    let address = server.address("smtp");
    let mut first = server.client();
    let crowd: Vec<Raw> = (0..60).map(|_| Raw::tcp(address)).collect();
    for _ in 0..3 {
        first.send(MAIL);
        assert_eq!(first.codes(3), [250, 250, 250]);
    }
    drop(crowd);
    let greeted = || Raw::tcp(address).reply().starts_with("220 ").then_some(());
    support::wait::until("a greeting", support::wait::LONG, greeted);
    let (well, log) = server.stop();
    assert!(well && log.contains("is sent away: 421 4.3.2"), "{log}");
}

#[test]
fn several_places_and_lmtp() {
    let folder = TempDir::new();
    let path = folder.join("lmtp");
    let server = Program::start(&[
        "--port",
        "0",
        "--listen",
        "127.0.0.1:0",
        "--listen-lmtp",
        path.to_str().unwrap(),
        "--memory",
        "10",
    ]);
    let kinds: Vec<&str> = server.places.iter().map(|place| place.0.as_str()).collect();
    assert_eq!(kinds, ["smtp", "smtp", "lmtp"]);
    let mut client = Raw::unix(&path);
    client.expect(220);
    client.ask("LHLO x", 250);
    client.send("MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
    assert_eq!(client.codes(7), [250, 250, 250, 354, 250, 250, 221]);
    let (well, log) = server.stop();
    assert!(well && log.contains("1 mails that were in memory are gone"), "{log}");
}

#[test]
fn users_may_send_to_everyone_and_others_to_our_domains() {
    let folder = TempDir::new();
    let users = folder.join("users");
    std::fs::write(&users, "alice:wonderland\n").unwrap();
    let start = |more: &[&str]| {
        let common = ["--port", "0", "--discard", "--users", users.to_str().unwrap(), "--auth-in-clear"];
        run(&[&common[..], more].concat())
    };
    // Others may read the passwords: it does not begin.
    std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = start(&[]);
    assert!(!refused.status.success() && text_of(&refused).contains("chmod 600"), "{}", text_of(&refused));
    std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o600)).unwrap();

    let server = Program::start(&[
        "--port",
        "0",
        "--discard",
        "--users",
        users.to_str().unwrap(),
        "--auth-in-clear",
        "--domains",
        "example.com, .example.net",
    ]);
    let mut client = server.client();
    client.ask("MAIL FROM:<a@example.org>", 250);
    for (to, code) in
        [("b@example.com", 250), ("b@x.example.net", 250), ("b@example.net", 550), ("b@elsewhere.example", 550)]
    {
        client.ask(&format!("RCPT TO:<{to}>"), code);
    }
    client.ask("RSET", 250);
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235);
    client.ask("MAIL FROM:<a@example.org>", 250);
    client.ask("RCPT TO:<b@elsewhere.example>", 250);
    let (_, log) = server.stop();
    assert!(log.contains("authenticated: alice by PLAIN"), "{log}");
    assert!(!log.contains("wonderland") && !log.contains("AGFsaWNl"), "{log}");
}

#[test]
fn a_relay_is_never_open() {
    let refused = run(&["--port", "0", "--relay", "smtp://127.0.0.1:1"]);
    assert!(!refused.status.success());
    assert!(text_of(&refused).contains("domains, recipients or users"), "{}", text_of(&refused));
}

#[test]
fn from_one_to_the_next_by_smtp_and_by_lmtp() {
    let folder = TempDir::new();
    let (maildir, path) = (folder.join("mail"), folder.join("lmtp"));
    let last = Program::start(&[
        "--port",
        "0",
        "--listen-lmtp",
        path.to_str().unwrap(),
        "--maildir",
        maildir.to_str().unwrap(),
    ]);
    let by_smtp = format!("smtp://{}", last.address("smtp"));
    let by_lmtp = format!("lmtp:{}", path.display());
    for (number, relay) in [(1, by_smtp), (2, by_lmtp)] {
        let first = Program::start(&["--port", "0", "--relay", &relay, "--domains", "example.com"]);
        let mut client = first.client();
        client.send(MAIL);
        assert_eq!(client.codes(3), [250, 250, 250], "{relay}");
        assert_eq!(std::fs::read_dir(maildir.join("new")).unwrap().count(), number);
        client.ask("MAIL FROM:<a@example.org>", 250);
        client.ask("RCPT TO:<b@elsewhere.example>", 550);
    }
}

#[test]
fn a_configuration_file_has_the_same_keys() {
    let folder = TempDir::new();
    let file = folder.join("helo-server.conf");
    let text =
        "# where mail goes\ndiscard = yes\nport = 0\nmax-size = 1000\nwithout = CHUNKING DSN\nname = a.example\n";
    std::fs::write(&file, text).unwrap();
    let server = Program::start(&["--config", file.to_str().unwrap()]);
    let mut client = Raw::tcp(server.address("smtp"));
    assert!(client.expect(220).starts_with("220 a.example "));
    let offered = client.ask("EHLO x", 250);
    assert!(offered.contains("SIZE 1000") && !offered.contains("CHUNKING") && !offered.contains("DSN"), "{offered}");
    for (bad, word) in [("[section]\nport = 0\n", "[section]"), ("no-such = 1\n", "no-such"), ("port = x\n", "port")] {
        std::fs::write(&file, bad).unwrap();
        let refused = run(&["--config", file.to_str().unwrap()]);
        assert!(!refused.status.success() && text_of(&refused).contains(word), "{}", text_of(&refused));
    }
}

/// As editors on Windows save them: with a byte order mark; UTF-16 is named.
#[test]
fn files_may_begin_with_a_byte_order_mark() {
    let folder = TempDir::new();
    let (config, users) = (folder.join("helo-server.conf"), folder.join("users"));
    let text = format!("\u{feff}discard = yes\r\nport = 0\r\nusers = {}\r\nauth-in-clear = yes\r\n", users.display());
    std::fs::write(&config, &text).unwrap();
    std::fs::write(&users, "\u{feff}alice:wonderland\r\n").unwrap();
    std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = Program::start(&["--config", config.to_str().unwrap()]);
    server.client().ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235);

    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (file, text) in [(&users, "\u{feff}alice:wonderland\r\n"), (&config, text.as_str())] {
        std::fs::write(file, wide(text)).unwrap();
        let refused = run(&["--config", config.to_str().unwrap()]);
        let said = text_of(&refused);
        assert!(!refused.status.success() && said.contains("it is UTF-16"), "{said}");
        assert!(said.contains(file.to_str().unwrap()), "{said}");
    }
}

#[test]
fn what_cannot_be_is_said_before_it_listens() {
    for (arguments, word) in [
        (&["--port", "0"][..], "say where mail goes"),
        (&["--discard", "--memory", "1"], "one place only"),
        (&["--discard", "--listen", "nowhere.invalid"], "no address"),
        (&["--discard", "--listen-tls", "127.0.0.1:0"], "certificate"),
        (&["--discard", "--tls-required"], "tls-required needs tls-certificate"),
        (&["--discard", "--auth-required"], "auth-required needs users"),
        (&["--discard", "--users", "/no/such/file"], "/no/such/file"),
        (&["--discard", "--without", "SIZE"], "SIZE"),
        (&["--relay", "ftp://x", "--domains", "x"], "relay: the URL's scheme"),
        (&["--maildir", "/dev/null/x"], "/dev/null/x"),
        (&["-x"], "--help"),
    ] {
        let refused = run(arguments);
        let text = text_of(&refused);
        assert!(!refused.status.success() && text.contains(word) && text.starts_with("helo-server: "), "{text}");
        assert!(refused.stdout.is_empty());
    }
    assert!(run(&["--help"]).status.success());
    assert!(String::from_utf8_lossy(&run(&["--version"]).stdout).starts_with("helo-server 0."));
}

#[cfg(feature = "tls")]
#[test]
fn tls_with_a_certificate_from_files() {
    let folder = TempDir::new();
    let certified = support::tls::self_signed(&["mx.example"]);
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, &certified.pem).unwrap();
    std::fs::write(&key, certified.key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = Program::start(&[
        "--port",
        "0",
        "--listen-tls",
        "127.0.0.1:0",
        "--discard",
        "--tls-certificate",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
        "--tls-required",
    ]);
    let mut client = server.client();
    client.ask("MAIL FROM:<a@example.org>", 530);
    client.ask("STARTTLS", 220);
    use helo::client::{Session, Settings, Tls, TlsMode};
    for (kind, mode) in [("smtp", TlsMode::Always), ("smtps", TlsMode::Implicit)] {
        let at = server.address(kind);
        let target = helo::net::connect::Target::Host { host: at.ip().to_string(), port: at.port() };
        let tls = Tls { mode, verify: Some(false), ..Tls::default() };
        let settings = Settings { helo_name: "me.example".into(), tls, ..Settings::default() };
        let mut session = Session::open(target, settings, helo::net::wait::Cancel::new(), &mut ()).unwrap();
        assert_eq!(support::engine::send(&mut session, &[b"x\r\n"]).unwrap(), 250);
    }
}
