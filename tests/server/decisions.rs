//! What the program decides, and that a decision that takes its time holds up nobody else.

use crate::house::House;
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::proto::command::Verb;
use helo::server::log::{Event, Log};
use helo::server::spool::{Envelope, Recipient, Refusal, Result};
use helo::server::{Client, Decide};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// Refuses whatever has its name in it.
struct ByName {
    blocks: bool,
}

fn no(what: &str, text: &str) -> Result<()> {
    match text {
        text if text.contains(&format!("no{what}")) => Err(Refusal::new(550, (7, 1), format!("Not this {what}"))),
        text if text.contains(&format!("bye{what}")) => Err(Refusal::new(421, (7, 0), format!("Go away, {what}"))),
        text if text.contains(&format!("panic{what}")) => std::panic::resume_unwind(Box::new("on purpose")),
        _ => Ok(()),
    }
}

impl Decide for ByName {
    fn blocks(&self) -> bool {
        self.blocks
    }
    fn hello(&self, _: &Client, _: Verb, name: &str) -> Result<()> {
        no("hello", name)
    }
    fn sender(&self, _: &Client, mail: &Envelope) -> Result<()> {
        no("sender", mail.from.as_str())
    }
    fn recipient(&self, _: &Client, _: &Envelope, recipient: &Recipient) -> Result<()> {
        no("rcpt", recipient.to.as_str())
    }
    fn message(&self, _: &Client, mail: &Envelope, octets: u64) -> Result<()> {
        assert_eq!(octets, 3);
        no("message", mail.from.as_str())
    }
}

#[test]
fn each_decision_has_its_say() {
    for blocks in [false, true] {
        let house = House::with(Kept::new(), |service| {
            service.decide = Arc::new(ByName { blocks });
            service.dialogue.ask_hello = true;
        });
        let mut client = Raw::tcp(house.address());
        client.expect(220);
        client.ask("EHLO nohello", 550);
        client.ask("EHLO ok", 250);
        assert_eq!(client.ask("MAIL FROM:<nosender@example.org>", 550), "550 5.7.1 Not this sender\r\n");
        // The one question that a panic answers with "later", and the session goes on.
        client.ask("MAIL FROM:<panicsender@example.org>", 451);
        client.ask("MAIL FROM:<nomessage@example.org>", 250);
        client.ask("RCPT TO:<norcpt@example.com>", 550);
        client.ask("RCPT TO:<panicrcpt@example.com>", 451);
        client.ask("RCPT TO:<ok@example.com>", 250);
        client.ask("DATA", 354);
        client.send("x\r\n.\r\n").expect(550);
        client.ask("MAIL FROM:<a@example.org>", 250);
        client.ask("RCPT TO:<ok@example.com>", 250);
        client.ask("DATA", 354);
        client.send("x\r\n.\r\n").expect(250);
        client.ask("MAIL FROM:<byesender@example.org>", 421);
        client.closed();
        assert_eq!(house.kept.mails().len(), 1);
        assert_eq!(house.kept.mails()[0].to(), ["ok@example.com"]);
    }
}

/// Waits at the door for the test.
struct Doorman(Mutex<Receiver<()>>);

impl Decide for Doorman {
    fn recipient(&self, _: &Client, _: &Envelope, recipient: &Recipient) -> Result<()> {
        if recipient.to.as_str().contains("slow") {
            let _ = self.0.lock().unwrap().recv();
        }
        Ok(())
    }
}

#[test]
fn a_slow_decision_holds_up_its_own_session_only() {
    let (release, gate) = channel();
    let house = House::with(Kept::new(), |service| service.decide = Arc::new(Doorman(Mutex::new(gate))));
    let mut slow = house.client();
    slow.say("MAIL FROM:<a@example.org>").say("RCPT TO:<slow@example.com>").say("RCPT TO:<fast@example.com>");
    slow.expect(250);
    for _ in 0..10 {
        let mut other = house.client();
        other.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA");
        assert_eq!(other.codes(3), [250, 250, 354]);
        other.send("x\r\n.\r\n").expect(250);
    }
    release.send(()).unwrap();
    assert_eq!(slow.codes(2), [250, 250]);
}

#[test]
fn a_slow_disk_holds_up_its_own_session_only() {
    let (release, gate) = channel();
    let house = House::with(Kept::gated(gate), |_| {});
    let mut slow = house.client();
    slow.send("MAIL FROM:<slow@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nNOOP\r\n");
    assert_eq!(slow.codes(2), [250, 250]);
    let mut other = house.client();
    other.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\ny\r\n");
    assert_eq!(other.codes(3), [250, 250, 250]);
    release.send(()).unwrap();
    assert_eq!(slow.codes(2), [250, 250]);
}

#[test]
fn lmtp_answers_for_each_recipient() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |service| service.dialogue.lmtp = true);
        let mut client = Raw::tcp(house.address());
        client.expect(220);
        client.ask("EHLO x", 500);
        client.ask("LHLO x", 250);
        client.ask("MAIL FROM:<a@example.org>", 250);
        for to in ["one", "full", "three"] {
            client.ask(&format!("RCPT TO:<{to}@example.com>"), 250);
        }
        client.ask("DATA", 354);
        client.send("x\r\n.\r\n");
        assert_eq!(client.codes(3), [250, 452, 250]);
        client.ask("MAIL FROM:<nofinish@example.org>", 250);
        client.ask("RCPT TO:<one@example.com>", 250);
        client.ask("RCPT TO:<two@example.com>", 250);
        client.ask("DATA", 354);
        client.send("x\r\n.\r\n");
        assert_eq!(client.codes(2), [554, 554]);
        client.ask("QUIT", 221);
        assert_eq!(house.kept.mails()[0].envelope.with(), "LMTP");
    }
}

/// Panics over every line.
struct Clumsy;

impl Log for Clumsy {
    fn event(&self, _: &Event<'_>) {
        std::panic::resume_unwind(Box::new("on purpose"));
    }
}

/// It loses its lines, and nothing else is lost: the thread that accepts connections tells it of each of them.
#[test]
fn a_log_that_panics_ends_no_session() {
    let house = House::with(Kept::new(), |service| service.log = Arc::new(Clumsy));
    for number in 1..=3 {
        let mut client = house.client();
        client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n");
        assert_eq!(client.codes(4), [250, 250, 250, 221]);
        assert_eq!(house.kept.mails().len(), number);
    }
}
