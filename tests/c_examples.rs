//! The programs of `examples-c/helo`, built as their comments say and run against a sink.

mod support;

use std::process::Command;
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
    assert!(
        lines.iter().any(|line| line.starts_with("b@x.test: refused by the server at recipient: 550 5.1.1")),
        "{said}"
    );
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
fn batch_says_how_it_is_called() {
    let program = Program::new(cc::root().join("examples-c/helo/batch.c")).headers("helo").build();
    let outcome = cc::run(&mut Command::new(program), Duration::from_secs(20));
    assert!(outcome.stderr.contains("usage:"), "{}", outcome.stderr);
}
