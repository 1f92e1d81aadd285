//! NetX SMTP Client 5.3: the dialogues of `tests/wire/` that it can do, and mails to a real Postfix. What programs in C
//! see of it is in `tests/c/netx-client`.

mod support;

use helo::error::{Cause, Phase};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use support::cc::{self, Program as CProgram};
use support::netx::{CRAM_MD5, LOGIN, Mail, NONE, PLAIN};
use support::postfix::{PASSWORD, Postfix, REFUSED, USER};
use support::temp::TempDir;
use support::wire::{Expect, Program, Reported, Setup, Step, run_all};

/// The steps up to the next `open` are one call of `nx_smtp_mail_send`. What a dialogue leaves out because its server
/// fails before is filled in.
struct Face {
    server: SocketAddr,
    timeout: Duration,
    /// All steps that are still to come.
    coming: VecDeque<Step>,
    domain: String,
    from: String,
    to: String,
    body: Vec<u8>,
}

impl Face {
    fn new(setup: &Setup<'_>) -> Self {
        let coming = setup.wire.steps.iter().map(|(_, step, _)| step.clone()).collect();
        let mut face = Face {
            server: setup.server,
            timeout: setup.timeout,
            coming,
            domain: String::new(),
            from: String::new(),
            to: String::new(),
            body: Vec::new(),
        };
        face.open("");
        face
    }

    fn open(&mut self, domain: &str) {
        self.domain = domain.to_owned();
        self.from = "a@example.org".to_owned();
        self.to = "b@example.org".to_owned();
        self.body = b"x".to_vec();
    }
}

impl Program for Face {
    type Told = u32;

    fn step(&mut self, step: &Step) -> Reported<u32> {
        self.coming.pop_front();
        match step {
            Step::Open(name) => self.open(name),
            Step::Mail { verb, from, parameters } if verb == "MAIL" && parameters.is_empty() => {
                self.from.clone_from(from);
            }
            Step::Rcpt { to, parameters } if parameters.is_empty() => self.to.clone_from(to),
            Step::Body { bytes, piece: 0 } => self.body.clone_from(bytes),
            Step::Quit => {}
            other => panic!("NetX SMTP Client cannot do this: {other:?}"),
        }
        if self.coming.front().is_some_and(|next| !matches!(next, Step::Open(_))) {
            return Reported::Later;
        }
        let mail = Mail {
            server: self.server,
            timeout: self.timeout,
            authentication: (NONE, "", ""),
            domain: &self.domain,
            from: &self.from,
            to: &self.to,
            subject: "x",
            body: &self.body,
        };
        Reported::Whole(mail.send())
    }

    fn fits(&self, _step: &Step, expect: &Expect, told: &u32) -> bool {
        let wanted = match (expect.cause, expect.phase) {
            (None, _) => 0x00,
            (Some(Cause::Protocol), _) => 0xA2,
            (Some(_), Some(Phase::Greeting)) => 0xA7,
            (Some(_), Some(Phase::Hello)) => 0xA8,
            (Some(_), Some(Phase::Mail)) => 0xA9,
            (Some(_), Some(Phase::Rcpt)) => 0xAA,
            (Some(_), Some(Phase::Data)) => 0xAC,
            (Some(_), Some(Phase::Message)) => 0xAB,
            other => panic!("no dialogue of NetX SMTP Client ends like this: {other:?}"),
        };
        *told == wanted
    }
}

#[test]
fn it_follows_the_dialogues_of_one_mail() {
    run_all("netx", Face::new);
}

#[test]
fn postfix_takes_mails_by_each_authentication() {
    let Some(postfix) = Postfix::shared("NetX SMTP Client: authentication") else { return };
    for authentication in [(PLAIN, USER, PASSWORD), (LOGIN, USER, PASSWORD), (CRAM_MD5, USER, PASSWORD), (NONE, "", "")]
    {
        let mailbox = postfix.fresh_mailbox();
        let mail = Mail {
            server: postfix.address(),
            timeout: support::wait::LONG,
            authentication,
            domain: "client.example",
            from: "sender@example.org",
            to: &mailbox.address,
            subject: "Grüße vom Gerät",
            body: ".\r\n..\nein Text\rmit Zeilen, ü\r\n".as_bytes(),
        };
        assert_eq!(mail.send(), 0, "authentication type {}", authentication.0);
        let delivered = mailbox.wait_one();
        assert_eq!(delivered.header("To").as_deref(), Some(mailbox.address.as_str()));
        assert_eq!(delivered.header("From").as_deref(), Some("sender@example.org"));
        assert!(delivered.header("Subject").is_some_and(|subject| subject.starts_with("=?utf-8?")));
        assert!(delivered.header("Message-ID").is_some_and(|id| id.ends_with("@client.example>")));
        assert!(delivered.header("Date").is_some());
        let sent = String::from_utf8(delivered.as_sent()).expect("UTF-8");
        let (_, body) = sent.split_once("\r\n\r\n").expect("headers and a body");
        assert_eq!(body, ".\r\n..\r\nein Text\r\nmit Zeilen, ü\r\n");
    }
}

#[test]
fn postfix_refuses_and_the_status_says_where() {
    let Some(postfix) = Postfix::shared("NetX SMTP Client: refusals") else { return };
    let mail = |authentication, from, to| Mail {
        server: postfix.address(),
        timeout: support::wait::LONG,
        authentication,
        domain: "client.example",
        from,
        to,
        subject: "refused",
        body: b"x",
    };
    let anonymous = (NONE, "", "");
    assert_eq!(mail((PLAIN, USER, "wrong"), "a@example.org", USER).send(), 0xA0);
    assert_eq!(mail((CRAM_MD5, USER, "wrong"), "a@example.org", USER).send(), 0xA0);
    assert_eq!(mail(anonymous, "a@example.org", REFUSED).send(), 0xAA);
}

/// The guide's example as it stands in `examples-c`, but for the account and the addresses.
#[test]
fn the_guides_example_delivers_its_mail_to_postfix() {
    let Some(postfix) = Postfix::shared("NetX SMTP Client: the guide's example") else { return };
    let mailbox = postfix.fresh_mailbox();
    let folder = TempDir::new();
    let example = cc::root().join("examples-c/netx-client/demo_netx_smtp_client.c");
    let mut program = std::fs::read_to_string(&example).expect("the example");
    for (guide, here) in [
        ("\"myusername\"", format!("\"{USER}\"")),
        ("\"mypassword\"", format!("\"{PASSWORD}\"")),
        ("\"recipient@mycompany.com\"", format!("\"{}\"", mailbox.address)),
    ] {
        assert!(program.contains(guide), "the example has no {guide}");
        program = program.replace(guide, &here);
    }
    let source = folder.path().join("demo_netx_smtp_client.c");
    std::fs::write(&source, program).expect("a file in the test's folder");
    let policy = folder.path().join("helo.conf");
    std::fs::write(&policy, format!("[host 127.0.0.1]\nport = {}\n", postfix.port())).expect("a file");

    // The guide names a parameter that it does not use.
    let program =
        CProgram::new(&source).headers("netx-client").headers("rtos").argument("-Wno-unused-parameter").build();
    let outcome = cc::run(Command::new(program).env("HELO_CONFIG", &policy), Duration::from_secs(60));
    outcome.expect_success("the guide's example");
    let delivered = mailbox.wait_one();
    assert_eq!(delivered.header("Subject").as_deref(), Some("NetX SMTP Client Demo"));
    let sent = String::from_utf8(delivered.as_sent()).expect("UTF-8");
    assert!(sent.ends_with("status reports using the most universal \r\nInternet application, email.\r\n"), "{sent}");
}
