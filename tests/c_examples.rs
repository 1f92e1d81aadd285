//! The programs of `examples-c/helo`, built as their comments say and run against a sink, and against each other.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::cc::{self, Program};
use support::sink::{Keep, Options, Sink, Then, When};
use support::temp::TempDir;

#[test]
fn batch_says_what_became_of_each_recipient() {
    let no = Then::Reply("550 5.1.1 nobody of this name".into());
    let sink =
        Sink::start(Options { keep: Keep::Bodies, ..Options::default() }.rule(When::Recipient("b@x.test".into()), no));
    let folder = TempDir::new();
    let message = folder.join("message.eml");
    std::fs::write(&message, "Subject: example\n\n.dot\n").expect("a file");
    let program = Program::new(cc::root().join("examples-c/helo/batch.c")).headers("helo").build();
    let mut command = Command::new(program);
    command.arg(format!("smtp://{}", sink.address())).arg("me@x.test").arg(&message);
    let output = command.args(["a@x.test", "b@x.test", "c@x.test"]).output().expect("the example runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines.contains(&"a@x.test: delivered") && lines.contains(&"c@x.test: delivered"), "{said}");
    assert!(lines.iter().any(|line| line.starts_with("b@x.test: refused by the server at RCPT: 550 5.1.1")), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 of 3 recipients"));
    assert_eq!(sink.mails().len(), 2);
    assert_eq!(sink.mails()[0].body, b"Subject: example\r\n\r\n.dot\r\n");
}

#[test]
fn policy_decides_in_code_and_says_what_happens() {
    let sink = Sink::start(Options { keep: Keep::Bodies, ..Options::default() });
    let folder = TempDir::new();
    let (message, policy) = (folder.join("message.eml"), folder.join("mail.conf"));
    std::fs::write(&message, "Subject: example\n\nbody\n").expect("a file");
    std::fs::write(&policy, "[host mailhost]\nserver = 127.0.0.1\n").expect("a file");
    let program = Program::new(cc::root().join("examples-c/helo/policy.c")).headers("helo").build();
    let run = |keys: &[&str]| {
        let mut command = Command::new(&program);
        command.arg(&policy).args(["mailhost", "me@x.test", "a@x.test"]).arg(&message).args(keys);
        cc::run(&mut command, Duration::from_secs(20))
    };
    let code = |outcome: &cc::Outcome| outcome.status.and_then(|status| status.code());
    let port = format!("port={}", sink.address().port());
    let sent = run(&[&port, "helo_name=app.example"]);
    assert_eq!(code(&sent), Some(0), "{}", sent.stderr);
    assert!(sent.stderr.contains("> EHLO app.example") && sent.stderr.contains("* connected to"), "{}", sent.stderr);
    assert_eq!(sink.mails().len(), 1);
    let wrong = run(&["prot=25"]);
    assert_eq!(code(&wrong), Some(1));
    assert!(wrong.stderr.contains("prot is unknown; did you mean port?"), "{}", wrong.stderr);
    let demanding = run(&[&port, "tls=always"]);
    assert_eq!(code(&demanding), Some(1));
    assert!(demanding.stderr.contains("(TLS, "), "{}", demanding.stderr);
}

#[test]
fn subjects_prints_what_batch_sends() {
    let build = |name: &str| Program::new(cc::root().join("examples-c/helo").join(name)).headers("helo").build();
    let (subjects, batch) = (build("subjects.c"), build("batch.c"));
    let mut server = Command::new(subjects);
    server.args(["127.0.0.1:0", "example.com"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = server.spawn().expect("the example runs");
    let mut said = BufReader::new(server.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let address = said.next().expect("a line").strip_prefix("listening at ").expect("an address").to_owned();
    let folder = TempDir::new();
    let message = folder.join("message.eml");
    let send = |text: &str, to: &[&str]| {
        std::fs::write(&message, text).expect("a file");
        let mut command = Command::new(&batch);
        command.env("HELO_CONFIG", "/dev/null").arg(&address).arg("me@x.test").arg(&message).args(to);
        cc::run(&mut command, Duration::from_secs(20))
    };
    let sent = send("Subject: the first\n\nbody\n", &["a@example.com", "b@example.com"]);
    assert_eq!(sent.stdout, "a@example.com: delivered\nb@example.com: delivered\n", "{}", sent.stderr);
    let bare = send("To: somebody\n\nbody\n", &["a@example.com"]);
    assert!(bare.stdout.contains("554 5.6.0 A mail needs a subject"), "{}", bare.stdout);
    let elsewhere = send("Subject: x\n\nbody\n", &["a@elsewhere.example"]);
    assert!(elsewhere.stdout.contains("550 5.7.1"), "{}", elsewhere.stdout);
    drop(server.stdin.take());
    let rest: Vec<String> = said.collect();
    assert_eq!(rest, ["me@x.test: Subject: the first"; 2]);
    assert!(server.wait().expect("it ends").success());
}

#[test]
fn the_programs_of_the_page_can_be_built() {
    let page = std::fs::read_to_string(cc::root().join("docs/helo.md")).expect("the page");
    let blocks = page.split("```c\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let programs: Vec<&str> = blocks.filter(|block| block.contains("int main(")).collect();
    assert!(!programs.is_empty(), "the page has a program");
    let folder = TempDir::new();
    for program in programs {
        let source = folder.join("page.c");
        // What a page leaves out for brevity is no error.
        let unused = "#pragma GCC diagnostic ignored \"-Wunused-parameter\"\n";
        std::fs::write(&source, format!("{unused}{program}")).expect("a file");
        Program::new(source).headers("helo").build();
    }
}

#[test]
fn batch_says_how_it_is_called() {
    let program = Program::new(cc::root().join("examples-c/helo/batch.c")).headers("helo").build();
    let outcome = cc::run(&mut Command::new(program), Duration::from_secs(20));
    assert!(outcome.stderr.contains("usage:"), "{}", outcome.stderr);
}
