//! The server beside a model of RFC 5321 and its extensions: sessions by chance, good and bad, in which the model says
//! beforehand which replies may come to each command and which mails are taken, octet for octet. The model shares no code
//! with the server.
//!
//! `make check-model` runs it for ten minutes (HELO_MODEL_SECONDS); a run that fails prints the seed with which
//! HELO_MODEL_SEED repeats it.

#[path = "../support/direct.rs"]
#[allow(dead_code)]
mod direct;
mod generate;
#[path = "../support/kept.rs"]
#[allow(dead_code)]
mod kept;
mod predict;
#[path = "../support/random.rs"]
#[allow(dead_code)]
mod random;

use direct::{Then, talk};
use helo::server::spool::{Envelope, Recipient, Refusal, Result as Verdict};
use helo::server::{Client, Decide, Service};
use kept::Kept;
use predict::{Model, Rules};
use random::Random;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Turns down whoever is called so, as the model knows.
struct Doorman;

fn judged(name: &str) -> Verdict<()> {
    if name.starts_with("no") { Err(Refusal::new(550, (7, 1), "Not you")) } else { Ok(()) }
}

impl Decide for Doorman {
    fn blocks(&self) -> bool {
        false
    }

    fn sender(&self, _: &Client, mail: &Envelope) -> Verdict<()> {
        judged(mail.from.as_str())
    }

    fn recipient(&self, _: &Client, _: &Envelope, recipient: &Recipient) -> Verdict<()> {
        judged(recipient.to.as_str())
    }
}

fn service(rules: Rules, kept: &Kept) -> Service {
    let mut service = Service::new("mx.example", Arc::new(kept.clone()));
    service.decide = Arc::new(Doorman);
    let config = &mut service.dialogue;
    (config.lmtp, config.chunking, config.binary_mime) = (rules.lmtp, rules.chunking, rules.chunking);
    (config.dsn, config.smtputf8, config.expn) = (rules.dsn, rules.smtputf8, rules.expn);
    (config.size, config.recipients_max, config.line_max) = (rules.size, rules.recipients, rules.line);
    // Limits that end a session have tests of their own.
    (config.errors_max, config.refusals_max, config.idle_max, config.mails_max) = (10_000, 10_000, 10_000, 0);
    service
}

/// One session of this seed. How many replies and mails agreed.
fn session(seed: u64) -> (usize, usize) {
    let mut random = Random::new(seed);
    let rules = Rules {
        lmtp: random.chance(4),
        chunking: !random.chance(4),
        dsn: !random.chance(3),
        smtputf8: !random.chance(3),
        expn: random.chance(3),
        size: if random.chance(2) { 300 } else { 0 },
        recipients: 3,
        line: 600,
    };
    let mut model = Model::new(rules);
    let mut wire = Vec::new();
    for _ in 0..1 + random.below(40) {
        let said = generate::command(&mut random, &model);
        model.hear(&said);
        wire.extend_from_slice(&said.octets());
        if model.is_over() {
            break;
        }
    }
    let mut pieces = Vec::new();
    let mut rest = &wire[..];
    let longest = [1, 7, 200, 100_000][random.below(4) as usize];
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + random.below(longest) as usize).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    let kept = Kept::new();
    let talk = talk(&service(rules, &kept), &pieces, Then::Ends, 0);
    let codes = talk.codes();
    let shown = || format!("seed {seed}, {rules:?}\nsent {}\nsaid {}", wire.escape_ascii(), talk.said.escape_ascii());
    for (number, expected) in model.replies().iter().enumerate() {
        let code = codes.get(number).copied().unwrap_or_default();
        assert!(expected.codes.contains(&code), "{code} to {:?}, not {:?}\n{}", expected.to, expected.codes, shown());
    }
    assert_eq!(codes.len(), model.replies().len(), "more was said\n{}", shown());
    let stored = kept.mails();
    assert_eq!(stored.len(), model.mails().len(), "{}", shown());
    for (stored, mail) in stored.iter().zip(model.mails()) {
        assert_eq!((stored.from(), stored.to()), (mail.from.as_str(), mail.to.iter().map(String::as_str).collect()));
        assert!(stored.message == mail.body, "not the octets that were sent\n{}", shown());
    }
    (codes.len(), stored.len())
}

#[test]
fn replies_and_mails_are_those_of_the_model() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    if let Some(seed) = number("HELO_MODEL_SEED") {
        session(seed);
        return;
    }
    let (mut replies, mut mails, mut sessions) = (0, 0, 0);
    match number("HELO_MODEL_SECONDS") {
        None => {
            for seed in 0..3_000 {
                let (said, taken) = session(seed);
                (replies, mails, sessions) = (replies + said, mails + taken, sessions + 1);
            }
        }
        Some(seconds) => {
            let first = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
            let (first, end) = (first.as_nanos() as u64, Instant::now() + Duration::from_secs(seconds));
            while Instant::now() < end {
                let (said, taken) = session(first.wrapping_add(sessions));
                (replies, mails, sessions) = (replies + said, mails + taken, sessions + 1);
            }
        }
    }
    println!("{sessions} sessions, {replies} replies and {mails} mails agree with the model");
    assert!(replies > 20_000 && mails > 1_000, "the sessions come somewhere: {replies} replies, {mails} mails");
}
