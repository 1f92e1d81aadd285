//! The program `helo-check` as people run it: what it says of a policy, and what it does with `--try` against servers that
//! behave well and badly.
#![cfg(all(feature = "program", feature = "faces", unix))]

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::listeners;
use support::sink::{Options, Sink, Then, When};
use support::temp::TempDir;

/// What a run came to.
struct Run {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Run {
    #[track_caller]
    fn says(&self, words: &[&str]) -> &Run {
        for word in words {
            assert!(self.out.contains(word), "{word:?} is not in:\n{}\n{}", self.out, self.error);
        }
        self
    }

    #[track_caller]
    fn hides(&self, words: &[&str]) -> &Run {
        for word in words {
            assert!(!self.out.contains(word) && !self.error.contains(word), "{word:?} is in:\n{}", self.out);
        }
        self
    }

    #[track_caller]
    fn ends(&self, code: i32) -> &Run {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.error);
        self
    }
}

/// A folder of a user's own, and the program run in it.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(TempDir::new())
    }

    /// A file that only its owner can read.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("rights");
        path
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, None)
    }

    fn run_with(&self, arguments: &[&str], helo_config: Option<&Path>) -> Run {
        let mut command = Command::new(support::installed::program("helo-check", env!("CARGO_BIN_EXE_helo-check")));
        command.args(arguments).env("HOME", self.0.path()).env_remove("XDG_CONFIG_HOME").env_remove("HELO_CONFIG");
        if let Some(path) = helo_config {
            command.env("HELO_CONFIG", path);
        }
        let output = command.output().expect("helo-check runs");
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            error: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Tries this policy for the host `mailhost`.
    fn attempt(&self, policy: &str) -> Run {
        let policy = self.file("helo.conf", policy);
        self.run(&["--config", policy.to_str().expect("UTF-8"), "--try", "mailhost"])
    }
}

fn host_and_port(address: SocketAddr) -> String {
    format!("server = 127.0.0.1\nport = {}\n", address.port())
}

#[test]
fn usage_and_version() {
    let place = Place::new();
    place.run(&["--help"]).ends(0).says(&["--try", "--config FILE", "Exit status: 0"]);
    assert_eq!(place.run(&["--version"]).ends(0).out, format!("helo-check {}\n", env!("CARGO_PKG_VERSION")));
    for (arguments, words) in [
        (&["--moon"][..], "--moon"),
        (&["--tyr", "h"], "there is no option --tyr; did you mean --try?"),
        (&["--from", "a@b", "h"], "--from, --to and --size go with --try"),
        (&["--try", "--to", "a@b", "h"], "--to and --size go with --from"),
        (&["--try", "--from", "a b@c", "h"], "(\"a b@c\")"),
        (&["--face", "sun", "h"], "none of helo, distinct"),
        (&["--config"], "--config"),
        (&["h", "0"], "the port is not a number"),
        (&["h", "25", "x"], "too many arguments"),
        (&["smtp://user@h"], "no password"),
        (&["http://h"], "scheme"),
        (&["--face", "netx-client", "mailhost"], "name an address, not a name"),
        (&[], "no server"),
    ] {
        let run = place.run(arguments);
        run.ends(2);
        assert!(run.error.contains(words), "{arguments:?}: {}", run.error);
    }
}

#[test]
fn the_plan_says_where_it_goes_and_why() {
    let place = Place::new();
    let policy = "reply_timeout = 60\n\n[host mailhost 10.1.*]\nserver = smtp+starttls://smtp.example.com\nuser = alice\n\
                  password = hunter2\nproxy = socks5h://bob:moonlight@proxy.example\nhelo_name = gateway.example\n\
                  mechanism = SCRAM-SHA-256 PLAIN\n";
    let policy = place.file("helo.conf", policy);
    let policy = policy.to_str().unwrap();
    let run = place.run(&["--config", policy, "mailhost"]);
    run.hides(&["hunter2", "moonlight"]);
    if !helo::net::tls::AVAILABLE {
        run.ends(1).says(&["helo.conf, line 4", "no TLS"]);
        return;
    }
    run.ends(0).says(&[
        "(--config)",
        "section      [host mailhost 10.1.*]",
        "asked for    mailhost, port 25",
        "server       smtp.example.com, port 587   (policy)",
        "proxy        proxy.example, port 1080; the proxy looks up the server's name   (policy)",
        "EHLO name    gateway.example   (policy)",
        "encryption   always: by STARTTLS or not at all   (policy)",
        "certificate  must be for smtp.example.com",
        "trusted      this system's authorities",
        "login        alice; the password comes from the policy   (policy)",
        "mechanism    the first that the server has of SCRAM-SHA-256, PLAIN",
        "reply 60 s*, data 3 min",
        "Nothing was sent.",
    ]);
    place
        .run(&["--config", policy, "--face", "distinct", "mailhost"])
        .ends(0)
        .says(&["connect 20 s", "message_timeout = 10 min"]);
    place.run(&["--config", policy, "--face=netx-client", "10.1.2.3", "26"]).ends(0).says(&[
        "asked for    10.1.2.3, port 26",
        "server       smtp.example.com, port 587",
        "end of message 30 s",
    ]);
    place.run(&["--config", policy, "other.example"]).ends(0).says(&["none for this host", "encryption   optional"]);
}

#[test]
fn the_files_that_hold_are_named_and_those_that_do_not() {
    let place = Place::new();
    let nothing = place.run(&["h"]);
    nothing.ends(0).says(&["policy       none", ".config/helo.conf: is not there", "/etc/helo.conf: is not there"]);
    place.file(".config/helo.conf", "port = 2525\n");
    let user = place.run(&["h"]);
    user.ends(0).says(&["the user's own policy", "h, port 2525   (policy)", "/etc/helo.conf: not looked at"]);
    let named = place.file("named.conf", "port = 2626\n");
    let named = place.run_with(&["h"], Some(&named));
    named.ends(0).says(&[
        "the environment variable HELO_CONFIG names it",
        ".config/helo.conf: not looked at",
        "h, port 2626",
    ]);
}

#[test]
fn a_policy_that_is_wrong_is_said_with_line_and_key() {
    let place = Place::new();
    let wrong = place.file("wrong.conf", "# a site\nservr = x\n");
    place
        .run(&["--config", wrong.to_str().unwrap(), "h"])
        .ends(1)
        .says(&["wrong.conf, line 2: servr is unknown; did you mean server?"]);
    place.run(&["--config", "/nowhere/helo.conf", "h"]).ends(1).says(&["cannot be read", "/nowhere/helo.conf"]);
    let environment = place.run_with(&["h"], Some(&wrong));
    environment.ends(1).says(&["line 2: servr is unknown", "Nothing was sent"]);
}

#[test]
fn warnings_say_what_to_write() {
    let place = Place::new();
    let check = |policy: &str, face: &str, host: &str| {
        let file = place.file("helo.conf", policy);
        place.run(&["--config", file.to_str().unwrap(), "--face", face, host])
    };
    if !helo::net::tls::AVAILABLE {
        check("", "helo", "h")
            .ends(0)
            .says(&["warning: this build of the library has no TLS: everything goes in the clear"]);
        return;
    }
    check("", "helo", "h").ends(0).says(&["warning: encryption is optional", "tls = always"]);
    check("tls = always\n", "netx-client", "192.0.2.1")
        .ends(1)
        .says(&["ERROR: the program names an address only", "tls_name"]);
    check("tls = always\ntls_verify = no\n", "helo", "h").ends(0).says(&["warning: the certificate is not verified"]);
    check("tls = always\nport = 465\n", "helo", "h").ends(0).says(&["warning: port 465", "tls = implicit"]);
    check("tls = implicit\nport = 587\n", "helo", "h").ends(0).says(&["warning: port 587", "tls = always"]);
    check("pipelining = full\n", "distinct", "h").ends(0).says(&["warning: pipelining has no effect"]);

    let secret = place.file("password", "hunter2\n");
    let policy = format!("server = mx.example\nuser = alice\npassword_file = {}\n", secret.display());
    check(&policy, "helo", "h")
        .ends(0)
        .says(&["login        alice; the password comes from the file"])
        .hides(&["hunter2"]);
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    check(&policy, "helo", "h").ends(1).says(&["ERROR: ", "others"]).hides(&["hunter2"]);
    std::fs::remove_file(&secret).unwrap();
    check(&policy, "helo", "h").ends(1).says(&["cannot be read"]);
}

#[test]
fn a_plain_server_is_tried_up_to_noop() {
    let place = Place::new();
    let sink = Sink::start(Options::default());
    let run = place.attempt(&host_and_port(sink.address()));
    run.ends(0).says(&[
        "* connected to 127.0.0.1:",
        "> EHLO ",
        "< 250",
        "> NOOP",
        "> QUIT",
        "It works",
        "encryption   none: everything could be read on the way",
        "login        none",
        "extensions   PIPELINING, CHUNKING, 8BITMIME",
    ]);
    assert_eq!(sink.mails().len(), 0);
}

/// Tries this policy for `mailhost` with these addresses.
fn ask(place: &Place, sink: &Sink, arguments: &[&str]) -> Run {
    let policy = place.file("helo.conf", &format!("[host mailhost]\n{}", host_and_port(sink.address())));
    let start = ["--config", policy.to_str().expect("UTF-8"), "--try", "mailhost"];
    place.run(&[&start, arguments].concat())
}

#[test]
fn the_servers_say_on_sender_and_recipients_is_tried_and_nothing_is_delivered() {
    let place = Place::new();
    let sink = Sink::start(Options { size: 10_000, ..Options::default() });
    ask(&place, &sink, &["--from", "a@x.test", "--to", "b@x.test", "--to", "c@x.test"])
        .ends(0)
        .says(&[
            "> MAIL FROM:<a@x.test>",
            "> RCPT TO:<b@x.test>",
            "> RCPT TO:<c@x.test>",
            "> RSET",
            "> QUIT",
            "It works: the server is ready for mail from a@x.test to b@x.test, c@x.test.",
            "messages     at most 10000 octets; text beyond ASCII as it is (8BITMIME)",
            "addresses    also beyond ASCII (SMTPUTF8)",
            "Not tried: the server's say on a message itself.",
        ])
        .hides(&["> DATA", "> BDAT"]);
    ask(&place, &sink, &[])
        .ends(0)
        .hides(&["> MAIL"])
        .says(&["Not tried: the server's say on sender and recipients (--from, --to), and on a message."]);
    ask(&place, &sink, &["--from", ""]).ends(0).says(&["> MAIL FROM:<>", "from <>", "say on recipients (--to)"]);
    let large = ask(&place, &sink, &["--from", "a@x.test", "--size", "20000"]);
    large.ends(3).says(&["the message has 20000 octets, the server takes 10000", "Try next: a smaller message"]);
    assert_eq!(sink.mails().len(), 0);
}

#[test]
fn what_the_server_refuses_of_them_is_a_failure_each_with_its_cure() {
    let refusing = |rules: &[(When, &str)]| {
        let options = Options::default();
        let add =
            |options: Options, (when, reply): &(When, &str)| options.rule(when.clone(), Then::Reply((*reply).into()));
        Sink::start(rules.iter().fold(options, add))
    };
    let place = Place::new();
    let sink = refusing(&[(When::Sender("a@x.test".into()), "530 5.7.0 Authentication required")]);
    ask(&place, &sink, &["--from", "a@x.test", "--to", "b@x.test"])
        .ends(3)
        .says(&[
            "FAILED: MAIL: refused by the server: 530 5.7.0 Authentication required; sender a@x.test; server 127.0.0.1:",
            "helo.conf [host mailhost]",
            "Try next: the server wants a login: user and password_file",
            "> RSET",
            "> QUIT",
        ])
        .hides(&["It works", "> RCPT"]);
    let sink = refusing(&[
        (When::Recipient("far@y.test".into()), "550 5.7.1 Relaying denied"),
        (When::Recipient("nobody@x.test".into()), "550 5.1.1 no such user"),
    ]);
    let to = ["--from", "a@x.test", "--to", "far@y.test", "--to", "b@x.test", "--to", "nobody@x.test"];
    ask(&place, &sink, &to)
        .ends(3)
        .says(&[
            "550 5.7.1 Relaying denied; recipient far@y.test; server 127.0.0.1:",
            "Try next: the server does not pass mail on for strangers: a login",
            "550 5.1.1 no such user; recipient nobody@x.test; server",
            "Try next: look at the address: the server has no such mailbox",
            "> RCPT TO:<b@x.test>",
            "The connection itself works",
        ])
        .hides(&["It works"]);
    let sink = refusing(&[(When::Recipient("b@x.test".into()), "421 4.3.2 bye")]);
    ask(&place, &sink, &["--from", "a@x.test", "--to", "b@x.test"]).ends(3).says(&["FAILED: RCPT", "421 4.3.2 bye"]);
}

#[test]
fn the_policy_is_named_and_a_mistyped_variable_is_recognised() {
    let place = Place::new();
    let nobody = listeners::refusing();
    let (ip, port) = (nobody.ip().to_string(), nobody.port().to_string());
    let asked = [ip.as_str(), port.as_str()];
    let run = place.run(&[&["--try"][..], &asked].concat());
    run.ends(3).says(&[
        "server 127.0.0.1:",
        "as the program asked: no policy was found (looked at ",
        "/.config/helo.conf, ",
    ]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_helo-check"));
    command.args(["--try"]).args(asked).env("HOME", place.0.path()).env_remove("XDG_CONFIG_HOME");
    let output = command.env_remove("HELO_CONFIG").env("HELO_CONFG", "/x").output().expect("helo-check runs");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(out.contains("the environment has HELO_CONFG: did you mean HELO_CONFIG?"), "{out}");
}

#[test]
fn nobody_listening_is_said_with_what_to_try() {
    let place = Place::new();
    let nobody = listeners::refusing();
    let run = place.attempt(&host_and_port(nobody));
    run.ends(3).says(&["FAILED: connect: host does not respond", "Try next: is the port right"]);
}

#[cfg(feature = "tls")]
mod encrypted {
    use super::*;
    use std::sync::Arc;
    use support::tls::{Authority, Behaviour, Heard, TlsServer};

    /// A server with a certificate for `name`, and the lines of a policy for it.
    fn serve(
        place: &Place,
        name: &str,
        change: impl FnOnce(&mut Behaviour),
        connections: usize,
    ) -> (TlsServer, String) {
        let authority = Authority::new("a test authority");
        let mut behaviour = Behaviour::good(authority.certificate(&[name]).server());
        change(&mut behaviour);
        let server = TlsServer::start(behaviour, connections);
        let ca = place.file("ca.pem", &authority.pem);
        let policy = format!(
            "{}tls_name = mx.example\ntls_ca = {}\nuser = alice\npassword = hunter2\n",
            host_and_port(server.address),
            ca.display()
        );
        (server, policy)
    }

    const SECRETS: [&str; 3] = ["hunter2", "AGFsaWNlAGh1bnRlcjI", "aHVudGVyMg"];

    fn all(heard: &[Heard], line: &str) -> bool {
        heard.iter().all(|heard| heard.encrypted.iter().any(|said| said.starts_with(line)))
    }

    #[test]
    fn by_starttls_and_from_the_first_byte() {
        for implicit in [false, true] {
            let place = Place::new();
            let (server, policy) = serve(&place, "mx.example", |behaviour| behaviour.implicit = implicit, 1);
            let mode = if implicit { "implicit" } else { "always" };
            let run = place.attempt(&format!("{policy}tls = {mode}\n"));
            run.ends(0).hides(&SECRETS).says(&[
                "trusted      the authorities of tls_ca only",
                "* encrypted: TLS 1.3",
                "> AUTH PLAIN <hidden>",
                "It works",
                "encryption   TLS 1.3",
                "certificate  for mx.example; issued by CN=a test authority; until ",
                "; key sha256:",
                "login        PLAIN",
            ]);
            assert_eq!(run.out.contains("> STARTTLS"), !implicit);
            assert!(all(&server.finish(), "NOOP"));
        }
    }

    #[test]
    fn a_certificate_for_another_name_ends_it_before_the_login() {
        let place = Place::new();
        let (server, policy) = serve(&place, "other.example", |_| (), 1);
        let run = place.attempt(&policy);
        run.ends(3).hides(&SECRETS).hides(&["> AUTH"]).says(&[
            "FAILED: TLS",
            "mx.example",
            "other.example",
            "Try next: ",
            "tls_name",
        ]);
        server.finish();
    }

    /// The wrong kind of encryption for a port, the wrong certificate: each has a cure of its own.
    #[test]
    fn each_fault_of_the_encryption_has_its_own_cure() {
        let place = Place::new();
        let sink = Sink::start(Options::default());
        let run = place.attempt(&format!("{}tls = implicit\n", host_and_port(sink.address())));
        run.ends(3).says(&["FAILED: TLS", "Try next: the server begins in the clear on this port: tls = always"]);
        let (server, policy) = serve(&place, "mx.example", |behaviour| behaviour.implicit = true, 1);
        let run = place.attempt(&format!("{policy}tls = always\ngreeting_timeout = 500 ms\n"));
        run.ends(3).hides(&SECRETS).says(&[
            "FAILED: greeting: timed out",
            "Try next: the server says nothing",
            "465 wants",
        ]);
        drop(server);
        let (server, policy) = serve(&place, "other.example", |_| (), 1);
        place.attempt(&policy).ends(3).says(&["Try next: if it is the right server, tls_name = one of the names"]);
        server.finish();
        let (server, policy) = serve(&place, "mx.example", |_| (), 1);
        let stranger = place.file("other-ca.pem", &Authority::new("another authority").pem);
        let policy: String =
            policy.lines().filter(|line| !line.starts_with("tls_ca")).map(|line| format!("{line}\n")).collect();
        let run = place.attempt(&format!("{policy}tls_ca = {}\n", stranger.display()));
        run.ends(3).says(&["Try next: if it is the right server, tls_ca = the file with its authority's certificate"]);
        server.finish();
        let (server, policy) = serve(&place, "mx.example", |_| (), 1);
        let run = place.attempt(&format!("{policy}tls_pin = sha256:{}\n", "0".repeat(64)));
        run.ends(3).says(&["Try next: ask the server's administrator whether it has a new key"]);
        server.finish();
        let (server, policy) = serve(&place, "mx.example", |behaviour| behaviour.offers = false, 1);
        place
            .attempt(&policy)
            .ends(3)
            .says(&["Try next: the server has no TLS on this port: port = 465 with tls = implicit"]);
        server.finish();
    }

    #[test]
    fn a_server_without_encryption_gets_no_login() {
        let place = Place::new();
        let (server, policy) = serve(&place, "mx.example", |behaviour| behaviour.offers = false, 1);
        let run = place.attempt(&policy);
        run.ends(3).hides(&SECRETS).hides(&["> AUTH"]).says(&["FAILED: TLS", "offers no TLS"]);
        server.finish();
    }

    #[test]
    fn a_wrong_password_is_told_in_the_servers_words() {
        let place = Place::new();
        let refuse: support::tls::Judge = Arc::new(|_, _| Box::new(|_| "535 5.7.8 wrong password".to_owned()));
        let (server, policy) = serve(&place, "mx.example", |behaviour| behaviour.judge = Some(refuse), 1);
        let run = place.attempt(&policy);
        run.ends(3).hides(&SECRETS).says(&[
            "< 535 5.7.8 wrong password",
            "FAILED: authentication: refused by the server",
            "Try next: look at user and password",
        ]);
        server.finish();
    }
}
