//! helo-server as a service: what it reads again while it runs, what systemd has for it, its user, its counts.

use crate::support::program::{Program, command, run};
use crate::support::raw::Raw;
use crate::support::temp::TempDir;
use crate::support::wait;
use crate::text_of;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

/// A file that only its owner reads, in place of what was there: as programs do that renew certificates.
pub fn put(path: &Path, text: &str) {
    let next = path.with_extension("next");
    std::fs::write(&next, text).unwrap();
    std::fs::set_permissions(&next, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&next, path).unwrap();
}

fn as_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn logged(log: &Path, words: &str) {
    wait::until(words, wait::LONG, || std::fs::read_to_string(log).unwrap_or_default().contains(words).then_some(()));
}

#[cfg(feature = "tls")]
mod certificates {
    use super::*;
    use crate::support::tls::{Authority, Certified};
    use helo::client::{Session, Settings, Tls, TlsMode};

    /// Whether the server shows a certificate of this authority now.
    fn shows(server: &Program, authority: &Authority) -> bool {
        let at = server.address("smtps");
        let target = helo::net::connect::Target::Host { host: at.ip().to_string(), port: at.port() };
        let roots = Some(helo::net::tls::Roots::from_pem(authority.pem.as_bytes()).unwrap());
        let tls = Tls { mode: TlsMode::Implicit, verify: Some(true), roots, ..Tls::default() };
        let settings = Settings { helo_name: "me.example".into(), tls, ..Settings::default() };
        Session::open(target, settings, helo::net::wait::Cancel::new(), &mut ()).is_ok()
    }

    fn one() -> (Authority, Certified) {
        let authority = Authority::new("An authority");
        let certified = authority.certificate(&["127.0.0.1"]);
        (authority, certified)
    }

    #[test]
    fn a_certificate_that_is_renewed_is_in_force_at_once() {
        let folder = TempDir::new();
        let (pem, key, log) = (folder.join("cert.pem"), folder.join("key.pem"), folder.join("log"));
        let (first, certified) = one();
        put(&pem, &certified.pem);
        put(&key, &certified.key.serialize_pem());
        let server = Program::start(&[
            "--port",
            "0",
            "--listen-tls",
            "127.0.0.1:0",
            "--discard",
            "--log",
            as_text(&log),
            "--tls-certificate",
            as_text(&pem),
            "--tls-key",
            as_text(&key),
        ]);
        assert!(shows(&server, &first));
        let mut before = server.client();
        // By itself, when the files change.
        let (second, certified) = one();
        put(&pem, &certified.pem);
        put(&key, &certified.key.serialize_pem());
        wait::until("the new certificate", wait::LONG, || shows(&server, &second).then_some(()));
        logged(&log, "was read again");
        // What cannot be used leaves what is in force.
        put(&pem, "nothing");
        logged(&log, "the certificate stays as it was: tls-certificate ");
        assert!(shows(&server, &second) && !shows(&server, &first));
        std::fs::remove_file(&key).unwrap();
        server.signal("HUP");
        logged(&log, "the log was opened anew");
        assert!(shows(&server, &second));
        // A key that others can read is none.
        put(&pem, &certified.pem);
        put(&key, &certified.key.serialize_pem());
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        logged(&log, "chmod 600 first");
        let (third, certified) = one();
        put(&pem, &certified.pem);
        put(&key, &certified.key.serialize_pem());
        server.signal("HUP");
        wait::until("the third certificate", wait::LONG, || shows(&server, &third).then_some(()));
        before.ask("NOOP", 250);
        assert!(server.stop().0);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = TempDir::new();
        let (pem, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let (_, certified) = one();
        let both = format!("{}{}", certified.pem, certified.key.serialize_pem());
        for (certificate, key, mode, fine) in [
            (&pem, &key, 0o644, false),
            (&pem, &key, 0o604, false),
            (&pem, &key, 0o620, false),
            (&pem, &key, 0o640, true),
            (&pem, &key, 0o400, true),
            (&pem, &pem, 0o644, false),
            (&pem, &pem, 0o600, true),
        ] {
            put(certificate, &both);
            put(key, &both);
            std::fs::set_permissions(key, std::fs::Permissions::from_mode(mode)).unwrap();
            let (certificate, key) = (as_text(certificate), as_text(key));
            let output = run(&["--check", "--discard", "--tls-certificate", certificate, "--tls-key", key]);
            let said = text_of(&output);
            assert_eq!(output.status.success(), fine, "{mode:o}: {said}");
            assert!(fine || said.contains(&format!("(mode {mode:o}); chmod 600 first")), "{said}");
        }
    }
}

#[test]
fn users_are_read_again() {
    let folder = TempDir::new();
    let (users, log) = (folder.join("users"), folder.join("log"));
    put(&users, "alice:wonderland\n");
    let server = Program::start(&[
        "--port",
        "0",
        "--discard",
        "--auth-in-clear",
        "--users",
        as_text(&users),
        "--log",
        as_text(&log),
    ]);
    let (alice, bob) = ("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "AUTH PLAIN AGJvYgBidWlsZGVy");
    server.client().ask(alice, 235);
    server.client().ask(bob, 535);
    let mut under_way = server.client();
    under_way.ask("AUTH LOGIN", 334);
    put(&users, "bob:builder\n");
    wait::until("bob", wait::LONG, || server.client().say(bob).reply().starts_with("235").then_some(()));
    server.client().ask(alice, 535);
    under_way.ask("*", 501);
    for bad in ["bob\n", "", "bob:x\nbob:y\n"] {
        let before = std::fs::read_to_string(&log).unwrap().matches("the users stay as they were: ").count();
        put(&users, bad);
        wait::until("a line", wait::LONG, || {
            let text = std::fs::read_to_string(&log).unwrap();
            (text.matches("the users stay as they were: ").count() > before).then_some(())
        });
        server.client().ask(bob, 235);
    }
    assert!(server.stop().0);
}

#[test]
fn without_a_log_in_a_file_hang_up_is_for_the_users() {
    let folder = TempDir::new();
    let users = folder.join("users");
    put(&users, "alice:wonderland\n");
    let server = Program::start(&["--port", "0", "--discard", "--users", as_text(&users)]);
    let mut client = server.client();
    server.signal("HUP");
    client.ask("NOOP", 250);
    let (well, log) = server.stop();
    assert!(well && log.contains("stopped"), "{log}");
}

#[test]
fn a_configuration_can_be_checked() {
    let folder = TempDir::new();
    let file = folder.join("helo-server.conf");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = run(&["--config", as_text(&file), "--check"]);
        (output.status.success(), text_of(&output).replace(as_text(&file), "FILE"))
    };
    let maildir = folder.join("mail");
    let (well, said) = check(&format!("listen = 127.0.0.1:1\nmaildir = {}\n", maildir.display()));
    assert!(well && !maildir.exists(), "{said}");
    for (text, words) in [
        ("discard = yes\n\nmax-sise = 1\n", "FILE, line 3: max-sise: there is no max-sise; did you mean max-size?"),
        ("# x\ndiscard = yes\nmax-size = 10X\n", "FILE, line 3: max-size: 10X is no size"),
        ("port = 1\ndiscard = yes\n[more]\n", "FILE, line 3: there are no sections here"),
        ("discard = yes\nwhat\n", "FILE, line 2: "),
        ("discard = yes\nlisten = *:25\nlisten = here\nlisten = *:26\n", "FILE, line 3: listen: here is no address"),
        ("discard = yes\n\nusers = /no/such/file\n", "FILE, line 3: users: /no/such/file: "),
        ("discard = yes\ntls-certificate = /no/such.pem\n", "FILE, line 2: tls-certificate /no/such.pem: "),
        ("discard = yes\ntls-required = yes\n", "FILE, line 2: tls-required needs tls-certificate"),
        (
            "name = x\nmaildir = /no/such/folder/mail\n",
            "FILE, line 2: maildir: /no/such/folder/mail: the folder /no/such",
        ),
        ("name = x\nrelay = ftp://a:b@c\ndomains = x\n", "FILE, line 2: relay: "),
        ("discard = yes\nproxies = 10.0.0.0/8, x\n", "FILE, line 2: proxies: x is no address"),
        (
            "discard = yes\nsocket-group = no-such-group\n",
            "FILE, line 2: socket-group: there is no group no-such-group",
        ),
        ("discard = yes\nwithout = SIZE\n", "FILE, line 2: without: SIZE"),
        ("check = yes\n", "FILE, line 1: check is for the command line"),
    ] {
        let (well, said) = check(text);
        assert!(!well && said.contains(words), "{words}: {said}");
        assert!(!said.contains("a:b@c"), "{said}");
    }
}

#[test]
fn sizes_may_have_a_unit() {
    let folder = TempDir::new();
    let file = folder.join("conf");
    for (text, offered) in [("10M", 10 << 20), ("512k", 512 << 10), ("1G", 1 << 30), ("1000", 1000)] {
        std::fs::write(&file, format!("memory = 64M\nport = 0\nmax-size = {text}\n")).unwrap();
        let server = Program::start(&["--config", as_text(&file)]);
        let mut client = Raw::tcp(server.address("smtp"));
        client.expect(220);
        assert!(client.ask("EHLO x", 250).contains(&format!("SIZE {offered}\r\n")), "{text}");
    }
}

/// Only the last folder is made: a mistyped path, or a disk that is not mounted, is an error.
#[test]
fn folders_above_a_maildir_are_not_made() {
    let folder = TempDir::new();
    let deep = folder.join("not/there");
    for kind in ["--maildir", "--maildirs"] {
        let refused = run(&["--port", "0", kind, as_text(&deep)]);
        assert!(!refused.status.success() && text_of(&refused).contains("make it first"), "{}", text_of(&refused));
        assert!(!folder.join("not").exists());
    }
    drop(Program::start(&["--port", "0", "--maildir", as_text(&folder.join("there"))]));
    assert!(folder.join("there/new").is_dir());
}

#[test]
fn counts_in_a_file() {
    let folder = TempDir::new();
    let (status, read) = (folder.join("helo.prom"), || std::fs::read_to_string(folder.join("helo.prom")));
    let server = Program::start(&["--port", "0", "--discard", "--status", as_text(&status)]);
    wait::until("the file", wait::LONG, || read().is_ok().then_some(()));
    assert!(std::fs::metadata(&status).unwrap().mode() & 0o444 == 0o444);
    let mut client = server.client();
    client.send(crate::MAIL);
    assert_eq!(client.codes(3), [250, 250, 250]);
    client.ask("MAIL FROM:<a b>", 501);
    let wanted = [
        "helo_up 1",
        "helo_connections 1",
        "helo_sessions_total 1",
        "helo_mails_total 1",
        "helo_mail_bytes_total 3",
        "helo_refused_total{what=\"command\"} 1",
        "helo_refused_replies_total{code=\"501\"} 1",
    ];
    wait::until("the counts", wait::LONG, || {
        let text = read().unwrap();
        wanted.iter().all(|line| text.lines().any(|found| found == *line)).then_some(())
    });
    assert!(server.stop().0);
    assert!(!status.exists() && !folder.join("helo.prom.tmp").exists());
}

#[test]
fn a_line_for_the_users_file() {
    let folder = TempDir::new();
    let users = folder.join("users");
    let made = |name: &str, input: &str| {
        let mut child = command(&["--make-user", name]).spawn().unwrap();
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    };
    let (first, second) = (made("bob", "builder\n"), made("bob", "builder\r\nmore\n"));
    let (first, second) = [first, second].map(|output| String::from_utf8(output.stdout).unwrap()).into();
    assert!(first.starts_with("bob:SCRAM-SHA-256$10000:") && first.lines().count() == 1, "{first}");
    assert!(first != second && !first.contains("builder"));
    for line in [first, second] {
        put(&users, &line);
        let server = Program::start(&["--port", "0", "--discard", "--auth-in-clear", "--users", as_text(&users)]);
        server.client().ask("AUTH PLAIN AGJvYgBidWlsZGVy", 235);
        server.client().ask("AUTH PLAIN AGJvYgBidWlsZGVz", 535);
    }
    for (name, input) in [("bob", ""), ("bob", "\n"), ("a:b", "x\n"), ("", "x\n"), ("#a", "x\n")] {
        let output = made(name, input);
        assert!(!output.status.success() && output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn sockets_with_a_path_have_their_rights_and_group() {
    let folder = TempDir::new();
    let (smtp, lmtp) = (folder.join("smtp"), folder.join("lmtp"));
    let group = std::fs::metadata(folder.join("")).unwrap().gid();
    let server = Program::start(&[
        "--listen",
        as_text(&smtp),
        "--listen-lmtp",
        as_text(&lmtp),
        "--discard",
        "--socket-mode",
        "660",
        "--socket-group",
        &group.to_string(),
    ]);
    for path in [&smtp, &lmtp] {
        let about = std::fs::metadata(path).unwrap();
        assert!(about.file_type().is_socket());
        assert_eq!((about.mode() & 0o777, about.gid()), (0o660, group));
    }
    Raw::unix(&smtp).expect(220);
    assert!(server.stop().0);
    assert!(!smtp.exists() && !lmtp.exists());
}

/// As systemd does it: the socket is there before the program, and it is told when that is ready, reloads and stops.
#[test]
fn sockets_and_news_of_systemd() {
    let folder = TempDir::new();
    let path = folder.join("notify");
    let news = UnixDatagram::bind(&path).unwrap();
    news.set_read_timeout(Some(wait::LONG)).unwrap();
    let next = || {
        let mut buffer = [0; 200];
        let count = news.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    // A listener as descriptor 3, and LISTEN_PID of the program itself, by way of a Python that becomes it.
    const BECOMES: &str = "import os, socket, sys\n\
        s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(8)\n\
        os.dup2(s.fileno(), 3); os.set_inheritable(3, True)\n\
        os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='smtp')\n\
        os.execv(sys.argv[1], sys.argv[1:])\n";
    let program = command(&["--listen", "systemd:smtp", "--discard", "--end-with-input"]);
    let mut python = Command::new("python3");
    python.arg("-c").arg(BECOMES).arg(program.get_program()).args(program.get_args()).env("NOTIFY_SOCKET", &path);
    python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Program::start_by(python);
    assert_eq!(next(), "READY=1\n");
    server.client().ask("NOOP", 250);
    server.signal("HUP");
    assert!(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(next(), "READY=1\n");
    server.client().ask("NOOP", 250);
    server.signal("TERM");
    assert_eq!(next(), "STOPPING=1\n");
    assert!(server.ended().0);
    let refused = run(&["--listen", "systemd:smtp", "--discard"]);
    assert!(text_of(&refused).contains("listen: systemd:smtp: no such socket"), "{}", text_of(&refused));
}

/// Ports are opened as root, everything else as the user.
#[test]
fn rights_are_given_up() {
    let refused = run(&["--port", "0", "--discard", "--user", "no-such-user"]);
    assert!(!refused.status.success() && text_of(&refused).contains("there is no user no-such-user"));
    if !rustix::process::geteuid().is_root() {
        return crate::support::skip::skip("rights_are_given_up", "only root can");
    }
    let folder = TempDir::new();
    std::fs::set_permissions(folder.join(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mail = folder.join("mail");
    std::fs::create_dir(&mail).unwrap();
    std::os::unix::fs::chown(&mail, Some(65534), Some(65534)).unwrap();
    let server = Program::start(&["--listen", "127.0.0.1:0", "--maildir", as_text(&mail), "--user", "nobody"]);
    let mut status = String::new();
    std::fs::File::open(format!("/proc/{}/status", server.child.id())).unwrap().read_to_string(&mut status).unwrap();
    for line in ["Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534"] {
        assert!(status.contains(line), "{status}");
    }
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
    assert!(groups.split_whitespace().all(|group| group == "65534"), "{groups}");
    let mut client = server.client();
    client.send(crate::MAIL);
    assert_eq!(client.codes(3), [250, 250, 250]);
    let file = std::fs::read_dir(mail.join("new")).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().uid(), 65534);
    assert!(server.stop().0);
}

/// The page's example is one that is taken, in folders of this test's.
#[cfg(feature = "tls")]
#[test]
fn the_example_of_a_configuration_is_right() {
    let folder = TempDir::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples");
    let certified = crate::support::tls::self_signed(&["mx.example.com"]);
    put(&folder.join("cert.pem"), &certified.pem);
    put(&folder.join("key.pem"), &certified.key.serialize_pem());
    put(&folder.join("users"), "alice:wonderland\n");
    std::fs::copy(examples.join("helo-server.aliases"), folder.join("aliases")).unwrap();
    std::fs::create_dir(folder.join("mail")).unwrap();
    let text = std::fs::read_to_string(examples.join("helo-server.conf")).unwrap();
    // Also with what stands there as a comment only.
    for text in [text.clone(), text.replace("\n#listen", "\nlisten").replace("\n#socket", "\nsocket")] {
        let text = ["/etc/helo", "/var/lib/helo", "/run/helo-server"]
            .into_iter()
            .fold(text, |text, place| text.replace(place, as_text(&folder.join(""))));
        std::fs::write(folder.join("conf"), text).unwrap();
        let checked = run(&["--config", as_text(&folder.join("conf")), "--check"]);
        assert!(checked.status.success(), "{}", text_of(&checked));
    }
}
