//! Old programs, unchanged, through servers that demand today's things: the examples of `examples-c` and Python, built
//! once, against real servers that take nothing without TLS and a login. All that changes is the policy file.
#![cfg(feature = "tls")]

mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::cc::{self, Outcome, Program};
use support::child;
use support::dovecot::Dovecot;
use support::exim::Exim;
use support::maildir::{Delivered, Mailbox};
use support::netx::{Mail, PLAIN};
use support::postfix::{Postfix, USER};
use support::server::Certificates;
use support::skip;
use support::temp::TempDir;
use support::wait::LONG;

/// A server that demands TLS and a login, by its ports.
struct Provider {
    /// The address of STARTTLS; `localhost` is the name in the certificate.
    host: &'static str,
    starttls: u16,
    implicit: u16,
    certificates: Certificates,
    /// What it says to MAIL without a login.
    refusal: &'static str,
    /// The same without TLS.
    clear_refusal: &'static str,
    /// It takes a client's certificate for a login.
    takes_certificates: bool,
}

/// The programs, as they were built before anybody knew of the server.
struct Programs {
    distinct: PathBuf,
    netx: PathBuf,
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let example = |name: &str| cc::root().join("examples-c").join(name);
        Programs {
            distinct: Program::new(example("distinct/send.c")).headers("distinct").build(),
            // The guide's example names a parameter that it does not use.
            netx: Program::new(example("netx-client/demo_netx_smtp_client.c"))
                .headers("netx-client")
                .headers("rtos")
                .argument("-Wno-unused-parameter")
                .build(),
        }
    })
}

/// A message with what must survive: dots in front, UTF-8, some size.
fn message() -> Vec<u8> {
    let mut message = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n.\r\n..\r\n.x\r\nGrüße\r\n\r\n".as_bytes().to_vec();
    for number in 0..4_000 {
        message.extend_from_slice(format!(".line {number} of a message\r\n").as_bytes());
    }
    message
}

/// A folder with the message and the policy of the moment.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Site {
        let folder = TempDir::new();
        std::fs::write(folder.join("message.eml"), message()).expect("a message file");
        Site { folder }
    }

    /// Writes the policy for whatever the programs ask for.
    fn decide(&self, keys: &str) -> PathBuf {
        self.secret("helo.conf", &format!("[host mailhost 127.0.0.1]\n{keys}"))
    }

    /// Writes a file that nobody else may read, as it must be where a password is in it.
    fn secret(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(name);
        let mut options = std::fs::OpenOptions::new();
        let mut opened = options.write(true).create(true).truncate(true).mode(0o600).open(&file).expect("a file");
        writeln!(opened, "{text}").expect("a file");
        file
    }

    /// A command that says the tokens in their order, one more each time, and then the last for ever.
    fn token_command(&self, tokens: &[&str]) -> String {
        let (list, said) = (self.secret("tokens", &tokens.join("\n")), self.folder.join("said"));
        let _ = std::fs::remove_file(&said);
        let (list, said) = (list.display(), said.display());
        format!("echo >> '{said}'; head -n \"$(wc -l < '{said}')\" '{list}' | tail -n 1")
    }

    fn run(&self, command: &mut Command, policy: &Path) -> Outcome {
        cc::run(command.env("HELO_CONFIG", policy), LONG)
    }

    /// The Distinct example sends the message.
    fn distinct(&self, policy: &Path, to: &str) -> Outcome {
        let mut command = Command::new(&programs().distinct);
        command.args(["mailhost", "sender@example.org"]).arg(self.folder.join("message.eml")).arg(to);
        self.run(&mut command, policy)
    }

    /// The guide's example of NetX SMTP Client sends what it always sends.
    fn netx(&self, policy: &Path) -> Outcome {
        self.run(&mut Command::new(&programs().netx), policy)
    }

    /// A program with the Python package sends the message to each, over a connection of its own.
    fn python(&self, policy: &Path, to: &[&str]) -> Outcome {
        let program = "import sys\n\
                       from helo import distinct\n\
                       message = open(sys.argv[1], 'rb').read()\n\
                       for to in sys.argv[2:]:\n    \
                           with distinct.Connection('mailhost', 'client.example') as smtp:\n        \
                               assert not smtp.sendmail('sender@example.org', [to], message)\n";
        let mut command = Command::new("python3");
        command.args(["-c", program]).arg(self.folder.join("message.eml")).args(to);
        command.env("HELO_LIBRARY", cc::shared_library()).env("PYTHONPATH", cc::root().join("python"));
        self.run(&mut command, policy)
    }
}

/// The status of `nx_smtp_mail_send` under a policy, which is read from this process's environment: by a child.
fn netx_status(policy: &Path) -> u32 {
    let output = child::run("netx_in_a_child", &[("HELO_CONFIG", policy.as_os_str())]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = said.lines().find_map(|line| line.trim().strip_prefix("status ")).expect("a status");
    status.parse().expect("a number")
}

#[test]
fn netx_in_a_child() {
    if !child::is_this() {
        return;
    }
    let mail = Mail {
        server: SocketAddr::from(([127, 0, 0, 1], 25)),
        timeout: LONG,
        authentication: (PLAIN, "myusername", "mypassword"),
        domain: "mycompany.com",
        from: "my@mycompany.com",
        to: "recipient@mycompany.com",
        subject: "x",
        body: b"x",
    };
    println!("\nstatus {}", mail.send());
}

#[track_caller]
fn assert_arrived(delivered: &Delivered) {
    // Not assert_eq: a difference would print the whole message.
    assert!(delivered.as_sent() == message(), "the message that arrived is another");
}

/// What the guide's example sends: headers with a date and an id, and its text.
#[track_caller]
fn assert_guides_mail(delivered: &Delivered) {
    let sent = String::from_utf8(delivered.as_sent()).expect("ASCII");
    let (head, body) = sent.split_once("\r\n\r\n").expect("headers and a body");
    assert_eq!(
        body,
        "NetX SMTP client is an SMTP client \r\nimplementation for embedded devices to send \r\n\
         email to SMTP servers. This feature is \r\nintended to allow a device to send simple \r\n\
         status reports using the most universal \r\nInternet application, email.\r\n"
    );
    let lines: Vec<&str> = head.lines().map(|line| line.split_once(' ').map_or(line, |(name, _)| name)).collect();
    let names = ["To:", "From:", "Subject:", "Date:", "Message-ID:", "MIME-Version:", "Content-Type:"];
    assert_eq!(lines[..names.len()], names, "{head}");
    assert!(head.starts_with("To: recipient@mycompany.com\r\nFrom: my@mycompany.com\r\n"), "{head}");
}

/// The policies that are right, each another way to say the same. `password` is a file.
fn right(provider: &Provider, password: &Path) -> Vec<(&'static str, String)> {
    let Provider { host, starttls, implicit, certificates, .. } = provider;
    let (ca, password) = (certificates.authority().display().to_string(), password.display());
    let url = "alice%40example.test:secret";
    let by_name = format!("tls_name = localhost\ntls_ca = {ca}");
    let user = "user = alice@example.test";
    let mut policies = vec![
        ("STARTTLS by URL", format!("server = smtp+starttls://{url}@{host}:{starttls}\n{by_name}")),
        (
            "implicit TLS by URL, the server's own name",
            format!("server = smtps://{url}@localhost:{implicit}\ntls_ca = {ca}"),
        ),
        (
            "implicit TLS by URL, an address in the certificate",
            format!("server = smtps://{url}@127.0.0.1\nport = {implicit}\ntls_ca = {ca}"),
        ),
        ("a password alone makes it STARTTLS", format!("server = smtp://{url}@{host}:{starttls}\n{by_name}")),
        (
            "STARTTLS by keys",
            format!("server = {host}\nport = {starttls}\ntls = always\n{by_name}\n{user}\npassword = secret"),
        ),
        (
            "implicit TLS by keys, the password in a file, the mechanism named",
            format!(
                "server = {host}\nport = {implicit}\ntls = implicit\n{by_name}\n{user}\npassword_file = {password}\n\
                 mechanism = LOGIN"
            ),
        ),
        (
            "the password from a command",
            format!("server = {host}:{starttls}\n{by_name}\n{user}\npassword_command = cat '{password}'"),
        ),
    ];
    if provider.takes_certificates {
        let (certificate, key) = certificates.client("alice");
        policies.push((
            "a certificate in place of a password",
            format!(
                "server = {host}:{starttls}\ntls = always\n{by_name}\nmechanism = EXTERNAL\ntls_certificate = {}\n\
                 tls_key = {}",
                certificate.display(),
                key.display()
            ),
        ));
    }
    policies
}

/// Why a program cannot mail: what is decided, what the Distinct example says, the status of `nx_smtp_mail_send`.
struct Wrong {
    name: &'static str,
    keys: String,
    says: &'static str,
    status: u32,
}

fn wrong(provider: &Provider) -> Vec<Wrong> {
    let Provider { host, starttls, implicit, certificates, refusal, clear_refusal, .. } = provider;
    let (ca, other) = (certificates.authority(), certificates.other_authority());
    let (ca, other) = (ca.display(), other.display());
    let wrong = |name, keys, says, status| Wrong { name, keys, says, status };
    let with = |login: &str, rest: &str| format!("server = smtps://{login}localhost:{implicit}\n{rest}");
    let alice = "alice%40example.test:secret@";
    vec![
        wrong(
            "no login: the program's own is refused, and without one the mail is",
            format!("server = {host}\nport = {starttls}\ntls = always\ntls_name = localhost\ntls_ca = {ca}"),
            refusal,
            0xA0,
        ),
        wrong("nothing is decided but where", format!("server = {host}\nport = {starttls}"), refusal, 0xA0),
        wrong("TLS is forbidden", format!("server = {host}\nport = {starttls}\ntls = never"), clear_refusal, 0xA3),
        wrong("a wrong password", with("alice%40example.test:secreT@", &format!("tls_ca = {ca}")), "535", 0xA0),
        wrong("an unknown user", with("nobody%40example.test:secret@", &format!("tls_ca = {ca}")), "535", 0xA0),
        wrong(
            "another authority",
            with(alice, &format!("tls_ca = {other}")),
            "mailhost: error 2 of d32-smtp.h:\n000-libhelo: TLS: TLS failed: ",
            0x38,
        ),
        wrong(
            "no authority of the tests",
            with(alice, ""),
            "mailhost: error 2 of d32-smtp.h:\n000-libhelo: TLS: TLS failed: ",
            0x38,
        ),
        wrong(
            "another name",
            with(alice, &format!("tls_ca = {ca}\ntls_name = mail.example")),
            "mailhost: error 2 of d32-smtp.h:\n000-libhelo: TLS: TLS failed: ",
            0x38,
        ),
    ]
}

fn check(provider: &Provider, guides: &Mailbox, fresh: &dyn Fn() -> Mailbox) {
    let site = Site::new();
    let unreached = fresh();
    for Wrong { name, keys, says, status } in wrong(provider) {
        let policy = site.decide(&keys);
        let outcome = site.distinct(&policy, &unreached.address);
        assert_eq!(outcome.status.and_then(|status| status.code()), Some(1), "{name}: {outcome:?}");
        assert!(outcome.stderr.contains(says), "{name}: expected {says:?}: {outcome:?}");
        assert_eq!(netx_status(&policy), status, "{name}");
        site.netx(&policy);
    }
    for (at, (name, keys)) in right(provider, &site.secret("password", "secret")).into_iter().enumerate() {
        let policy = site.decide(&keys);
        let mailbox = fresh();
        site.distinct(&policy, &mailbox.address).expect_success(name);
        assert_arrived(&mailbox.wait_one());
        site.netx(&policy).expect_success(name);
        // Each time one more, and none from when the policy was wrong.
        guides.wait(at + 1).iter().for_each(assert_guides_mail);
    }
    assert_eq!(unreached.count(), 0);
}

#[test]
fn unchanged_programs_mail_through_a_postfix_that_demands_tls_and_a_login() {
    let Some(postfix) = Postfix::own("old programs: Postfix") else { return };
    let provider = Provider {
        host: "127.0.0.1",
        starttls: postfix.submission_port(),
        implicit: postfix.submissions_port(),
        certificates: postfix.certificates(),
        refusal: "554 5.7.1",
        clear_refusal: "530 5.7.0 Must issue a STARTTLS command first",
        takes_certificates: false,
    };
    check(&provider, &postfix.mailbox("recipient"), &|| postfix.fresh_mailbox());
}

#[test]
fn unchanged_programs_mail_through_an_exim_that_demands_tls_and_a_login() {
    let Some(exim) = Exim::start("old programs: Exim") else { return };
    let provider = Provider {
        host: "127.0.0.1",
        starttls: exim.submission_port(),
        implicit: exim.submissions_port(),
        certificates: exim.certificates(),
        refusal: "530 5.7.0",
        clear_refusal: "530 5.7.0",
        takes_certificates: true,
    };
    check(&provider, &exim.mailbox("recipient"), &|| exim.fresh_mailbox());
}

#[test]
fn unchanged_programs_mail_through_dovecots_submission() {
    let test = "old programs: Dovecot";
    let Some(postfix) = Postfix::own(test) else { return };
    let Some(dovecot) = Dovecot::start(test, postfix.address()) else { return };
    let provider = Provider {
        host: "127.0.0.2",
        starttls: dovecot.port(),
        implicit: dovecot.tls_port(),
        certificates: dovecot.certificates(),
        refusal: "530 5.7.0",
        clear_refusal: "530 5.7.0",
        takes_certificates: true,
    };
    check(&provider, &postfix.mailbox("recipient"), &|| postfix.fresh_mailbox());
}

/// A token holds for an hour, a program runs for years: what the command said is refused, and the command asked again.
#[test]
fn an_expired_token_is_fetched_again() {
    let test = "old programs: OAuth";
    let Some(postfix) = Postfix::own(test) else { return };
    let Some(dovecot) = Dovecot::start(test, postfix.address()) else { return };
    let (site, tokens, guides) = (Site::new(), &dovecot.tokens, postfix.mailbox("recipient"));
    let decide = |mechanism: &str, command: &str| {
        site.decide(&format!(
            "server = localhost\nport = {}\ntls = implicit\ntls_ca = {}\nmechanism = {mechanism}\n\
             user = alice@example.test\noauth_token_command = {command}",
            dovecot.tls_port(),
            dovecot.certificates().authority().display()
        ))
    };
    for (round, mechanism) in ["OAUTHBEARER", "XOAUTH2"].into_iter().enumerate() {
        let (stale, fresh) = (format!("stale-{mechanism}"), format!("fresh-{mechanism}"));
        tokens.issue(&fresh, USER);
        let before = tokens.asked().len();

        let policy = decide(mechanism, &site.token_command(&[&stale, &fresh]));
        let mailbox = postfix.fresh_mailbox();
        site.distinct(&policy, &mailbox.address).expect_success(mechanism);
        assert_arrived(&mailbox.wait_one());
        assert_eq!(tokens.asked()[before..], [stale.as_str(), &fresh], "Distinct, {mechanism}");

        let policy = decide(mechanism, &site.token_command(&[&stale, &fresh]));
        site.netx(&policy).expect_success(mechanism);
        guides.wait(round + 1).iter().for_each(assert_guides_mail);
        assert_eq!(tokens.asked()[before + 2..], [stale.as_str(), &fresh], "NetX, {mechanism}");

        // No token that holds: asked once more, then the server's words.
        let staler = format!("staler-{mechanism}");
        let policy = decide(mechanism, &site.token_command(&[&stale, &staler, &fresh]));
        let outcome = site.distinct(&policy, &postfix.fresh_mailbox().address);
        assert!(outcome.stderr.starts_with("mailhost: the server says: 535"), "{outcome:?}");
        assert_eq!(tokens.asked()[before + 4..], [stale.as_str(), &staler], "{mechanism}");

        // One process with two connections: the token is kept, until it is refused.
        let once = format!("once-{mechanism}");
        tokens.issue_once(&once, USER);
        let policy = decide(mechanism, &site.token_command(&[&once, &fresh]));
        let mailbox = postfix.fresh_mailbox();
        if skip::have(test, &["python3"]) {
            site.python(&policy, &[&mailbox.address, &mailbox.address]).expect_success(mechanism);
            mailbox.wait(2).iter().for_each(assert_arrived);
            assert_eq!(tokens.asked()[before + 6..], [once.as_str(), &once, &fresh], "Python, {mechanism}");
        }
    }
}

#[test]
fn python_mails_through_the_same_policy() {
    let test = "old programs: Python";
    if !skip::have(test, &["python3"]) {
        return;
    }
    let Some(postfix) = Postfix::shared(test) else { return };
    let site = Site::new();
    let mailbox = postfix.fresh_mailbox();
    let keys = |login: &str| {
        let (port, certificates) = (postfix.submission_port(), postfix.certificates());
        let ca = certificates.authority();
        format!("server = smtp+starttls://{login}@localhost:{port}\ntls_ca = {}", ca.display())
    };
    let policy = site.decide(&keys("alice%40example.test:wrong"));
    let outcome = site.python(&policy, &[&mailbox.address]);
    assert!(outcome.stderr.contains("535"), "{outcome:?}");
    let policy = site.decide(&keys("alice%40example.test:secret"));
    site.python(&policy, &[&mailbox.address]).expect_success("Python");
    assert_arrived(&mailbox.wait_one());
}
