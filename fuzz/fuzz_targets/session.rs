//! Whole sessions of the server, with its spool and its decisions, over a connection in memory: however the client's
//! octets are cut and its replies taken, the same is said and stored; and that fits what a simple reading of both
//! directions makes of it, octet for octet.
#![no_main]

#[path = "../../tests/support/direct.rs"]
#[allow(dead_code)]
mod direct;
#[path = "../../tests/support/kept.rs"]
#[allow(dead_code)]
mod kept;
#[path = "../../tests/support/reference.rs"]
mod reference;

use direct::{Then, talk};
use helo::proto::command::Verb;
use helo::sasl::server::{Authority, Realm, Unavailable};
use helo::sasl::Secret;
use helo::server::spool::{Envelope, Recipient, Refusal, Result as Verdict};
use helo::server::{Brake, Client, Decide, Service};
use helo_fuzz::pieces;
use kept::{Kept, KeptMail};
use libfuzzer_sys::fuzz_target;
use reference::Rules;
use std::sync::Arc;

/// Whoever begins with "no" is not welcome.
struct Doorman {
    blocks: bool,
    closed: bool,
}

fn no(name: &str) -> Verdict<()> {
    if name.starts_with("no") { Err(Refusal::new(550, (7, 1), "Not you")) } else { Ok(()) }
}

impl Decide for Doorman {
    fn blocks(&self) -> bool {
        self.blocks
    }

    fn connection(&self, _: &Client) -> Verdict<()> {
        if self.closed { Err(Refusal::new(554, (7, 1), "Not today")) } else { Ok(()) }
    }

    fn hello(&self, _: &Client, _: Verb, name: &str) -> Verdict<()> {
        no(name)
    }

    fn sender(&self, _: &Client, mail: &Envelope) -> Verdict<()> {
        // Those that the spool turns down come as far as that.
        if mail.from.as_str().starts_with("nob") { Ok(()) } else { no(mail.from.as_str()) }
    }

    fn recipient(&self, _: &Client, _: &Envelope, recipient: &Recipient) -> Verdict<()> {
        no(recipient.to.as_str())
    }
}

/// alice, whose password is "x".
struct Alice;

impl Authority for Alice {
    fn check_password(&self, user: &str, password: &Secret) -> Result<Option<bool>, Unavailable> {
        Ok(Some(user == "alice" && password.expose() == "x"))
    }
}

fn service(flags: u8, kept: &Kept) -> Service {
    let is = |bit: u8| flags & 1 << bit != 0;
    let mut service = Service::new("mx.example", Arc::new(kept.clone()));
    service.decide = Arc::new(Doorman { blocks: is(0), closed: flags == 0b1010_1010 });
    let config = &mut service.dialogue;
    config.lmtp = is(1);
    config.chunking = !is(2);
    config.size = if is(3) { 60 } else { 0 };
    config.ask_hello = is(4);
    config.terminals = is(5);
    config.expn = is(5);
    (config.line_max, config.auth_line_max) = (200, 300);
    (config.recipients_max, config.mails_max) = (3, 4);
    (config.errors_max, config.refusals_max, config.idle_max, config.auth_failures_max) = (10, 10, 10, 3);
    config.output_max = if is(6) { 100 } else { 64 << 10 };
    config.auth_in_clear = true;
    // Nothing waits here.
    service.brake = Arc::new(Brake::new(0));
    if is(7) {
        let realm = Arc::new(Realm::new(Box::new(Alice), "mx.example", [1; 32]));
        service.login(realm, &["PLAIN", "LOGIN"]).expect("they are known");
    }
    service
}

/// What was said, and what was stored.
fn run(flags: u8, blocking: bool, pieces: &[&[u8]], then: Then, reads: usize) -> (Vec<u8>, Vec<KeptMail>) {
    let kept = if blocking { Kept::blocking() } else { Kept::new() };
    let said = talk(&service(flags, &kept), pieces, then, reads).said;
    kept.wait_given_up(0);
    (said, kept.mails())
}

fuzz_target!(|data: &[u8]| {
    let [flags, reads, rest @ ..] = data else { return };
    let (whole, cut) = pieces(rest);
    let (said, stored) = run(*flags, false, &[whole], Then::Ends, 0);
    let config = service(*flags, &Kept::new()).dialogue;
    let offers_auth = !config.auth.is_empty();
    let line_max = config.line_max;
    let rules = Rules { lmtp: config.lmtp, chunking: config.chunking, line_max };
    let read = reference::read(rules, whole, &said);
    assert!(offers_auth || !said.starts_with(b"334"));

    // By LMTP a mail that nobody gets is in the reading not stored, and in this spool it is.
    let mut wanted = read.iter();
    for mail in &stored {
        if mail.to().iter().all(|to| to.contains("full")) && config.lmtp {
            continue;
        }
        let read = wanted.next().expect("what is stored was confirmed");
        assert!(read.from.contains(mail.from()) && read.body == mail.message);
        assert!(read.to.iter().all(|line| mail.to().iter().any(|to| line.contains(to))));
        if config.size != 0 {
            assert!(mail.message.len() as u64 <= config.size);
        }
    }
    assert!(wanted.next().is_none(), "what is confirmed is stored");

    // Cut, on workers, and with replies taken drop by drop: the same.
    let same = |other: (Vec<u8>, Vec<KeptMail>)| {
        assert_eq!(String::from_utf8_lossy(&other.0), String::from_utf8_lossy(&said));
        assert!(other.1.len() == stored.len());
        assert!(other.1.iter().zip(&stored).all(|(one, two)| one.message == two.message && one.to() == two.to()));
    };
    same(run(*flags, true, &cut, Then::Ends, 0));
    same(run(*flags, false, &cut, Then::Ends, usize::from(*reads)));
    // A client that breaks off, or falls silent, changes nothing about what it had completed.
    let (_, broken) = run(*flags, true, &cut, Then::Breaks, 0);
    let (waited, silent) = run(*flags, false, &[whole], Then::Waits, 0);
    assert!(broken.len() == stored.len() && silent.len() == stored.len());
    assert!(waited.starts_with(&said));
});
