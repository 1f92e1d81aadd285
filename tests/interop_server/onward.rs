//! What helo-server does not keep: a mail through it to Dovecot by LMTP, and to Postfix by SMTP.

use crate::clients::{self, Job, succeeded};
use crate::support::dovecot_lmtp::DovecotLmtp;
use crate::support::helo_server::HeloServer;
use crate::support::postfix::{self, Postfix};
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
