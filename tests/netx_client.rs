//! NetX SMTP Client 5.3: the dialogues of `tests/wire/` that it can do, and mails to a real Postfix. What programs in C
//! see of it is in `tests/c/netx-client`.

mod support;

use helo::error::{Cause, Phase};
use std::collections::VecDeque;
use std::ffi::{CString, c_char};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use support::cc::{self, Program as CProgram};
use support::postfix::{PASSWORD, Postfix, REFUSED, USER};
use support::temp::TempDir;
use support::wire::{Expect, Program, Reported, Setup, Step, run_all};

unsafe extern "C" {
    fn helo_nx_smtp_client_create(
        client: *mut u32,
        ip: *mut u32,
        pool: *mut u32,
        username: *const c_char,
        password: *const c_char,
        from_address: *const c_char,
        domain: *const c_char,
        authentication_type: u32,
        address: u32,
        port: u32,
        options: *const Options,
    ) -> u32;
    fn nx_smtp_mail_send(
        client: *mut u32,
        recipient: *const c_char,
        priority: u32,
        subject: *const c_char,
        body: *const c_char,
        length: u32,
    ) -> u32;
    fn nx_smtp_client_delete(client: *mut u32) -> u32;
}

/// As the header has them.
#[repr(C)]
struct Options {
    size: u32,
    /// Connection, disconnection, greeting, envelope, message, sending; in ticks of 10 ms.
    timeouts: [u32; 6],
    max_username: u32,
    max_password: u32,
}

const LOGIN: u32 = 1;
const CRAM_MD5: u32 = 2;
const PLAIN: u32 = 3;
const NONE: u32 = 0xFFFF;

/// A mail and who sends it.
struct Mail<'a> {
    server: SocketAddr,
    timeout: Duration,
    authentication: (u32, &'a str, &'a str),
    domain: &'a str,
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    body: &'a [u8],
}

impl Mail<'_> {
    /// Creates a client, sends the mail, deletes the client. The status of the first that fails.
    fn send(&self) -> u32 {
        let SocketAddr::V4(server) = self.server else { panic!("the test's servers are on 127.0.0.1") };
        let text = |text: &str| CString::new(text).expect("no NUL");
        let (kind, user, password) = self.authentication;
        let (user, password, domain) = (text(user), text(password), text(self.domain));
        let (from, to, subject) = (text(self.from), text(self.to), text(self.subject));
        let ticks = u32::try_from(self.timeout.as_millis() / 10).expect("a limit of the tests");
        let size = size_of::<Options>() as u32;
        let options = Options { size, timeouts: [ticks; 6], max_username: 100, max_password: 100 };
        // An IP instance and a packet pool of a real NetX, of which only the numbers are looked at: the host's network.
        let (mut client, mut ip, mut pool) = (0u32, 0x4950_2020u32, 0x504B_5420u32);
        // SAFETY: all pointers lead to what their names say.
        unsafe {
            let created = helo_nx_smtp_client_create(
                &mut client,
                &mut ip,
                &mut pool,
                user.as_ptr(),
                password.as_ptr(),
                from.as_ptr(),
                domain.as_ptr(),
                kind,
                u32::from(*server.ip()),
                u32::from(server.port()),
                &options,
            );
            if created != 0 {
                return created;
            }
            let body = self.body.as_ptr().cast();
            let length = u32::try_from(self.body.len()).expect("a body of the tests");
            let sent = nx_smtp_mail_send(&mut client, to.as_ptr(), 2, subject.as_ptr(), body, length);
            assert_eq!(nx_smtp_client_delete(&mut client), 0);
            sent
        }
    }
}

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
