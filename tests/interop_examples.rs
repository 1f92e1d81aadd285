//! The programs of `examples-c`, built as a newcomer builds them, against a real Postfix: what they say of the mail is what
//! became of it, and their exit code says the same.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::cc::{self, Outcome, Program};
use support::maildir::{Delivered, Mailbox};
use support::postfix::{Postfix, REFUSED};
use support::temp::TempDir;
use support::wait::LONG;

/// Every program that there is is in a test below.
const EXAMPLES: [&str; 6] = [
    "distinct/notify.c",
    "distinct/send.c",
    "helo/batch.c",
    "helo/policy.c",
    "helo/subjects.c",
    "netx-client/demo_netx_smtp_client.c",
];

#[test]
fn all_examples_are_tried() {
    let examples = cc::root().join("examples-c");
    let mut found = Vec::new();
    for face in std::fs::read_dir(&examples).expect("the examples") {
        for file in std::fs::read_dir(face.expect("a folder").path()).expect("a folder of examples") {
            let path = file.expect("a file").path();
            found.push(path.strip_prefix(&examples).expect("it was found there").display().to_string());
        }
    }
    found.sort();
    assert_eq!(found, EXAMPLES);
}

fn example(name: &str) -> PathBuf {
    assert!(EXAMPLES.contains(&name));
    let face = name.split('/').next().expect("a folder");
    let program = Program::new(cc::root().join("examples-c").join(name)).headers(face);
    match face {
        // The guide's example names a parameter that it does not use.
        "netx-client" => program.headers("rtos").argument("-Wno-unused-parameter").build(),
        _ => program.build(),
    }
}

/// A folder with a message, and a policy for where nothing listens on the port that the programs ask for.
struct Site(TempDir);

impl Site {
    fn new() -> Site {
        let folder = TempDir::new();
        std::fs::write(folder.join("message.eml"), "Subject: example\r\n\r\n.dot\r\nGr\u{fc}\u{df}e\r\n")
            .expect("a file");
        Site(folder)
    }

    fn message(&self) -> PathBuf {
        self.0.join("message.eml")
    }

    fn policy(&self, keys: &str) -> PathBuf {
        let path = self.0.join("helo.conf");
        std::fs::write(&path, format!("[host mailhost 127.0.0.1]\n{keys}\n")).expect("a file");
        path
    }
}

fn run(program: &Path, arguments: &[&str], policy: &Path) -> Outcome {
    cc::run(Command::new(program).args(arguments).env("HELO_CONFIG", policy), LONG)
}

fn code(outcome: &Outcome) -> Option<i32> {
    outcome.status.and_then(|status| status.code())
}

#[track_caller]
fn assert_message(delivered: &Delivered) {
    assert_eq!(delivered.header("Subject").as_deref(), Some("example"));
    assert_eq!(delivered.as_sent(), "Subject: example\r\n\r\n.dot\r\nGr\u{fc}\u{df}e\r\n".as_bytes());
}

/// The guide's program on the host's network: it was the one that sent nothing, said nothing and ended with 0.
#[test]
fn the_guides_program_says_what_became_of_its_mail() {
    let Some(postfix) = Postfix::own("examples: NetX SMTP Client") else { return };
    let (site, program) = (Site::new(), example("netx-client/demo_netx_smtp_client.c"));
    let guides: Mailbox = postfix.mailbox("recipient");
    let plain = site.policy(&format!("port = {}", postfix.port()));
    let sent = run(&program, &[], &plain);
    // It has a login of its own, which the server does not know.
    assert_eq!(code(&sent), Some(1), "{sent:?}");
    assert!(sent.stdout.contains("Error sending the mail. Status: 0x"), "{sent:?}");
    assert!(sent.stdout.contains("The mail was not sent."), "{sent:?}");
    assert_eq!(guides.count(), 0);

    let ca = postfix.certificates().authority();
    let login = format!(
        "port = {}\ntls = always\ntls_name = localhost\ntls_ca = {}\nuser = alice@example.test\npassword = secret",
        postfix.submission_port(),
        ca.display()
    );
    let policy = site.policy(&login);
    // A password is in it.
    std::fs::set_permissions(&policy, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("rights");
    let sent = run(&program, &[], &policy);
    assert_eq!(code(&sent), Some(0), "{sent:?}");
    assert!(sent.stdout.contains("The mail to recipient@mycompany.com was taken by the server."), "{sent:?}");
    let delivered = guides.wait_one();
    assert_eq!(delivered.header("Subject").as_deref(), Some("NetX SMTP Client Demo"));

    // Nobody at the port.
    let nobody = site.policy(&format!("port = {}", support::listeners::refusing().port()));
    let failed = run(&program, &[], &nobody);
    assert_eq!(code(&failed), Some(1), "{failed:?}");
    assert!(failed.stdout.contains("The mail was not sent."), "{failed:?}");
}

#[test]
fn distincts_programs_say_what_became_of_their_mails() {
    let Some(postfix) = Postfix::shared("examples: Distinct") else { return };
    let (site, send, notify) = (Site::new(), example("distinct/send.c"), example("distinct/notify.c"));
    let (message, one, two) = (site.message(), postfix.fresh_mailbox(), postfix.fresh_mailbox());
    let message = message.to_str().expect("UTF-8");
    let nobody = site.policy(&format!("port = {}", support::listeners::refusing().port()));
    let sent = run(&send, &["mailhost", "me@example.org", message, &one.address], &nobody);
    assert_eq!(code(&sent), Some(1), "nobody there: {sent:?}");
    let server = format!("127.0.0.1:{}", postfix.port());
    let sent = run(&send, &[&server, "me@example.org", message, &one.address, &two.address], Path::new("/dev/null"));
    assert_eq!((code(&sent), sent.stdout.as_str()), (Some(0), "sent to 2 of 2 recipients\n"), "{sent:?}");
    assert_message(&one.wait_one());
    assert_message(&two.wait_one());
    let half = run(&send, &[&server, "me@example.org", message, REFUSED, &one.address], Path::new("/dev/null"));
    assert_eq!((code(&half), half.stdout.as_str()), (Some(1), "sent to 1 of 2 recipients\n"), "{half:?}");
    assert!(half.stderr.contains(REFUSED) && half.stderr.contains("550"), "{half:?}");
    let none = run(&send, &[&server, "me@example.org", message, REFUSED], Path::new("/dev/null"));
    assert_eq!((code(&none), none.stdout.as_str()), (Some(1), ""), "{none:?}");
    assert!(none.stderr.contains("not sent"), "{none:?}");

    let told = postfix.fresh_mailbox();
    let sent = run(&notify, &[&server, "me@example.org", &told.address, "it burns"], Path::new("/dev/null"));
    assert_eq!((code(&sent), sent.stdout.as_str()), (Some(0), "sent\n"), "{sent:?}");
    assert_eq!(told.wait_one().header("Subject").as_deref(), Some("Notice"));
    let refused = run(&notify, &[&server, "me@example.org", REFUSED, "it burns"], Path::new("/dev/null"));
    assert_eq!(code(&refused), Some(1), "{refused:?}");
    assert!(refused.stdout.starts_with("not sent") && refused.stderr.contains("550"), "{refused:?}");
}

#[test]
fn the_programs_of_helo_h_say_what_became_of_their_mails() {
    let Some(postfix) = Postfix::shared("examples: helo.h") else { return };
    let (site, batch, policy) = (Site::new(), example("helo/batch.c"), example("helo/policy.c"));
    let (message, one, two) = (site.message(), postfix.fresh_mailbox(), postfix.fresh_mailbox());
    let message = message.to_str().expect("UTF-8");
    let server = format!("smtp://127.0.0.1:{}", postfix.port());
    let nothing = Path::new("/dev/null");
    let sent = run(&batch, &[&server, "me@example.org", message, &one.address, &two.address], nothing);
    assert_eq!(code(&sent), Some(0), "{sent:?}");
    assert_eq!(sent.stdout, format!("{}: delivered\n{}: delivered\n", one.address, two.address), "{sent:?}");
    assert_message(&one.wait_one());
    assert_message(&two.wait_one());
    let half = run(&batch, &[&server, "me@example.org", message, REFUSED, &one.address], nothing);
    assert_eq!(code(&half), Some(1), "{half:?}");
    assert!(half.stdout.contains(&format!("{REFUSED}: refused by the server at RCPT: 550")), "{half:?}");
    assert!(half.stdout.contains(&format!("{}: delivered", one.address)), "{half:?}");

    let file = site.policy("server = 127.0.0.1");
    let (file, port) = (file.to_str().expect("UTF-8"), format!("port={}", postfix.port()));
    let by_policy = |to: &str| run(&policy, &[file, "mailhost", "me@example.org", to, message, &port], nothing);
    let decided = postfix.fresh_mailbox();
    let sent = by_policy(&decided.address);
    assert_eq!(code(&sent), Some(0), "{sent:?}");
    assert_eq!(sent.stdout, format!("the server has taken the mail for {}\n", decided.address));
    assert_message(&decided.wait_one());
    let refused = by_policy(REFUSED);
    assert_eq!((code(&refused), refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    assert!(refused.stderr.contains("550"), "{refused:?}");
}

/// The server of the examples takes mail from a real one's client.
#[test]
fn the_server_of_helo_h_shows_what_it_takes() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let (site, subjects, batch) = (Site::new(), example("helo/subjects.c"), example("helo/batch.c"));
    let mut server = Command::new(subjects);
    server.args(["127.0.0.1:0", "example.test"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = server.env("HELO_CONFIG", "/dev/null").spawn().expect("the example runs");
    let mut said = BufReader::new(server.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let address = said.next().expect("a line").strip_prefix("listening at ").expect("an address").to_owned();
    let message = site.message();
    let arguments = [&address, "me@example.org", message.to_str().expect("UTF-8"), "alice@example.test"];
    run(&batch, &arguments, Path::new("/dev/null")).expect_success("batch");
    drop(server.stdin.take());
    assert_eq!(said.collect::<Vec<_>>(), ["me@example.org: Subject: example"]);
    assert!(server.wait().expect("it ends").success());
}
