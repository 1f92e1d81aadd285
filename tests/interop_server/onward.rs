//! What helo-server does not keep: a mail through it to Dovecot by LMTP, and to Postfix by SMTP.

use crate::clients::{self, Job, succeeded};
use crate::support::dovecot_lmtp::DovecotLmtp;
use crate::support::helo_server::HeloServer;
use crate::support::listeners;
use crate::support::postfix::{self, Postfix};
use crate::support::raw::Raw;
use crate::support::sink::{Options as SinkOptions, Sink, Then, When};
use crate::{SENDER, message};

/// Those whom the next server takes get the mail; whom it refuses is refused at RCPT, with its words.
#[test]
fn to_dovecot_by_lmtp() {
    let client = clients::named("smtplib");
    let Some(dovecot) = DovecotLmtp::start("helo-server hands on to Dovecot by LMTP") else { return };
    if !client.can_run() {
        return;
    }
    let server = HeloServer::relay(&format!("lmtp://{}", dovecot.address()), "example.test");
    let message = message("alice@example.test", "by LMTP");
    let to = ["alice@example.test", "nobody@example.test", "bob@example.test"];
    let job = Job { port: server.address().port(), from: SENDER, to: &to, ..Job::new(&server) };
    let outcome = client.send(&job, &message);
    outcome.expect_success("smtplib");
    assert!(outcome.stdout.contains("refused nobody@example.test 550 5.1.1"), "{}", outcome.stdout);
    for name in ["alice", "bob"] {
        let stored = dovecot.mailbox(name).wait_one();
        assert!(stored.as_sent() == message, "{name}: not the message that was sent");
        assert_eq!(stored.header("Return-Path").as_deref(), Some("<sender@example.org>"));
        assert!(stored.text().contains("by mx.store.test with ESMTP"), "{name}: no trace of helo-server");
    }
}

#[test]
fn to_postfix_by_smtp() {
    let client = clients::named("smtplib");
    let Some(postfix) = Postfix::shared("helo-server hands on to Postfix by SMTP") else { return };
    if !client.can_run() {
        return;
    }
    let server = HeloServer::relay(&format!("smtp://{}", postfix.address()), "example.test");
    let (first, last) = (postfix.fresh_mailbox(), postfix.fresh_mailbox());
    let message = message(&first.address, "by SMTP");
    let to = [&*first.address, postfix::REFUSED, postfix::LATER, &*last.address];
    let job = Job { port: server.address().port(), from: SENDER, to: &to, ..Job::new(&server) };
    let outcome = client.send(&job, &message);
    outcome.expect_success("smtplib");
    for refused in ["refused refused@example.test 550 5.1.1", "refused later@example.test 450 4.2.1"] {
        assert!(outcome.stdout.contains(refused), "{refused}: {}", outcome.stdout);
    }
    for mailbox in [&first, &last] {
        assert!(mailbox.wait_one().as_sent() == message, "{}: not the message that was sent", mailbox.address);
    }
    // Not for a domain that is not its own: no open relay.
    let elsewhere = Job { to: &["someone@elsewhere.test"], ..job };
    let outcome = client.send(&elsewhere, &message);
    assert!(!succeeded(&outcome) && outcome.stderr.contains("550"), "{}{}", outcome.stdout, outcome.stderr);
}

/// Each recipient's own answer to a client of LMTP; to one of SMTP the worst, and the log says who has it all the same.
#[test]
fn to_dovecot_where_one_is_over_quota() {
    let Some(dovecot) = DovecotLmtp::start("helo-server hands on to Dovecot: quota") else { return };
    let next = format!("lmtp://{}", dovecot.address());
    let server = HeloServer::relay_with(&next, "example.test", &["--listen-lmtp", "127.0.0.1:0"]);
    let mut client = Raw::tcp(server.lmtp_address());
    client.expect(220);
    client.ask("LHLO client.test", 250);
    let begin = |client: &mut Raw| {
        client.ask("MAIL FROM:<sender@example.org>", 250);
        for (name, code) in [("alice", 250), ("full", 250), ("nobody", 550), ("bob", 250)] {
            client.ask(&format!("RCPT TO:<{name}@example.test>"), code);
        }
        client.ask("DATA", 354);
        client.send("Subject: x\r\n\r\nx\r\n.\r\n");
    };
    begin(&mut client);
    client.expect(250);
    assert!(client.expect(552).starts_with("552 5.2.2 <full@example.test> Quota exceeded"));
    client.expect(250);
    let mut client = Raw::greeted(server.address());
    begin(&mut client);
    assert!(client.expect(552).starts_with("552 5.2.2 <full@example.test> Quota exceeded"));
    let words = "for <full@example.test> the next server said: 552 5.2.2 <full@example.test> Quota exceeded";
    let line = server.wait_log(&[words]);
    assert!(line.contains("it is delivered all the same to <alice@example.test>, <bob@example.test>"), "{line}");
    for name in ["alice", "bob"] {
        dovecot.mailbox(name).wait(2);
    }
}

/// STARTTLS and TLS from the first byte, with a login, to a server that takes nothing without.
#[test]
fn to_postfix_encrypted_and_with_a_login() {
    let Some(postfix) = Postfix::shared("helo-server hands on to Postfix by TLS") else { return };
    let authority = postfix.certificates().authority();
    let authority = authority.to_str().expect("UTF-8");
    let (start, implicit) = (postfix.submission_port(), postfix.submissions_port());
    for (scheme, port, password, ca) in [
        ("smtp+starttls", start, "secret", true),
        ("smtps", implicit, "secret", true),
        ("smtps", implicit, "wrong", true),
        ("smtp+starttls", start, "secret", false),
    ] {
        let next = format!("{scheme}://alice%40example.test:{password}@localhost:{port}");
        let options: &[&str] = if ca { &["--relay-ca", authority] } else { &[] };
        let server = HeloServer::relay_with(&next, "example.test", options);
        let mailbox = postfix.fresh_mailbox();
        let mut client = Raw::greeted(server.address());
        client.ask("MAIL FROM:<sender@example.org>", 250);
        let to = format!("RCPT TO:<{}>", mailbox.address);
        if password == "wrong" || !ca {
            assert!(client.ask(&to, 451).starts_with("451 4.4.1 The next server does not take mail now"));
            let why = if ca { "535 5.7.8" } else { "certificate" };
            let line = server.wait_log(&["refused: recipient ", why]);
            assert!(!line.contains("wrong") && !line.contains("secret"), "{line}");
            continue;
        }
        client.ask(&to, 250);
        client.ask("DATA", 354);
        client.send("Subject: x\r\n\r\nby TLS\r\n.\r\n").expect(250);
        let stored = mailbox.wait_one();
        assert!(stored.text().contains("by TLS"));
        assert_eq!(stored.header("Return-Path").as_deref(), Some("<sender@example.org>"));
        assert!(
            stored.text().contains("(Authenticated sender: alice@example.test)") || stored.text().contains("ESMTPSA")
        );
    }
}

/// What comes of the mail is the client's to know: it has the queue.
#[test]
fn next_servers_in_trouble() {
    let client = |server: &HeloServer| {
        let mut client = Raw::greeted(server.address());
        client.ask("MAIL FROM:<sender@example.org>", 250);
        client
    };
    let down = HeloServer::relay(&format!("smtp://{}", listeners::refusing()), "example.test");
    assert!(client(&down).ask("RCPT TO:<a@example.test>", 451).starts_with("451 4.4.1 "));
    down.wait_log(&["refused: recipient a@example.test: 451 4.4.1 ", "refused"]);

    let closing = || Then::ReplyAndClose("421 4.3.2 going down".into());
    for (when, then, shown) in [
        (When::Greeting(1), closing(), "451 4.4.1 "),
        (When::Mail(1), closing(), "451 4.3.2 going down"),
        (When::Rcpt(1, 1), closing(), "451 4.3.2 going down"),
        (When::Rcpt(1, 1), Then::Close, "451 4.4.2 "),
        (When::Data(1), closing(), "451 4.3.2 going down"),
        (When::Data(1), Then::Reset, "451 4.4.2 "),
        (When::Message(1), closing(), "451 4.3.2 going down"),
        (When::Message(1), Then::Close, "451 4.4.2 "),
    ] {
        let next = Sink::start(SinkOptions::default().rule(when.clone(), then.clone()));
        let server = HeloServer::relay(&format!("smtp://{}", next.address()), "example.test");
        let mut client = client(&server);
        client.say("RCPT TO:<a@example.test>");
        let mut reply = client.reply();
        if reply.starts_with("250") {
            client.say("DATA");
            reply = client.reply();
        }
        if reply.starts_with("354") {
            reply = client.send("x\r\n.\r\n").reply();
        }
        assert!(reply.starts_with(shown), "{when:?} {then:?}: {reply}");
        // The session goes on, and so does the mail at its next try.
        client.ask("RSET", 250);
        client.ask("MAIL FROM:<sender@example.org>", 250);
        client.ask("RCPT TO:<a@example.test>", 250);
        client.ask("DATA", 354);
        client.send("x\r\n.\r\n").expect(250);
    }
}
