//! Our client's dialogue and our server's, talking in memory under a simulated clock: segments of any size, any delay
//! on the way and at every decision, buffers of any size, refusals of anything. Whatever happens, both ends agree on
//! which mail was taken for whom, byte for byte, and both come to their end.

mod client;
mod network;
#[allow(dead_code)]
#[path = "../support/random.rs"]
mod random;
mod server;

use client::Client;
use helo::proto::server::{Config, Waiting};
use network::Link;
use proptest::prelude::*;
use random::Random;
use server::Server;
use std::time::Duration;

/// What two ends do with each other.
#[derive(Clone, Debug)]
struct Scenario {
    seed: u64,
    lmtp: bool,
    tls: bool,
    /// The mechanism to authenticate with, and whether the password is right.
    auth: Option<(&'static str, bool)>,
    pipelining: bool,
    /// Bodies by BDAT, in chunks of so many octets.
    chunks: Option<usize>,
    /// With chunks: nothing is waited for, mail after mail.
    blind: bool,
    mails: usize,
    /// How many of a hundred decisions go against the client.
    refusals: u64,
    /// The longest delay of a segment and of a decision.
    delay: Duration,
    /// The largest segment.
    segment: usize,
    /// What the way and the server's buffer hold.
    room: usize,
    /// The client falls silent when it has sent so many octets.
    silent_after: Option<usize>,
    /// The server sends the client away with the answer to this question, counted from 0.
    away_at: Option<usize>,
    /// The server is stopped at this time.
    stops_at: Option<Duration>,
    /// The server takes 2 recipients a mail, 2 mails a session and messages of 100 octets.
    limits: bool,
}

/// Both ends, when nothing happens any more.
struct Outcome {
    client: Client,
    server: Server,
    now: Duration,
}

fn run(scenario: &Scenario) -> Outcome {
    let mut random = Random::new(scenario.seed);
    let mut to_server = Link::new(scenario.room, scenario.segment, scenario.delay);
    let mut to_client = Link::new(scenario.room, scenario.segment, scenario.delay);
    let mut config = Config { lmtp: scenario.lmtp, pipelining: scenario.pipelining, ..Config::new("mx.example") };
    if scenario.limits {
        (config.recipients_max, config.mails_max, config.size) = (2, 2, 100);
    }
    let mut server = Server::new(config, scenario, &mut random);
    let mut client = Client::new(scenario, &mut random);
    let mut now = Duration::ZERO;
    for _ in 0..2_000_000 {
        let moved = server.step(now, &mut to_server, &mut to_client, &mut random)
            | client.step(now, &mut to_client, &mut to_server, &mut random);
        if moved {
            continue;
        }
        // Nothing can be done now: on to the next thing that happens.
        let next = [to_server.next(now), to_client.next(now), server.next(now)].into_iter().flatten().min();
        match next {
            Some(time) => now = time,
            None => return Outcome { client, server, now },
        }
    }
    panic!("the two do not come to an end: {scenario:?}");
}

/// Ways so slow that a body of 300 octets takes longer than it may are not among them.
fn scenarios() -> impl Strategy<Value = Scenario> {
    let mechanisms = prop_oneof![
        3 => Just(None),
        1 => (prop::sample::select(vec!["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "OAUTHBEARER"]), any::<bool>()).prop_map(Some),
    ];
    let ways = (any::<bool>(), any::<bool>(), mechanisms, any::<bool>(), prop::option::of(1usize..60), any::<bool>());
    let sizes = (0usize..6, prop_oneof![Just(0u64), 1u64..40], 0u64..5_000, 1usize..100, 16usize..400);
    (any::<u64>(), ways, sizes).prop_map(|(seed, (lmtp, tls, auth, pipelining, chunks, blind), sizes)| {
        let (mails, refusals, delay, segment, room) = sizes;
        let blind = blind && pipelining && chunks.is_some();
        let delay = Duration::from_millis(delay);
        Scenario {
            seed,
            lmtp,
            tls,
            auth,
            pipelining,
            chunks,
            blind,
            mails,
            refusals,
            delay,
            segment,
            room,
            silent_after: None,
            away_at: None,
            stops_at: None,
            limits: false,
        }
    })
}

/// What the client was told is what the server did.
fn check_agreement(outcome: &Outcome) -> Result<(), TestCaseError> {
    let Outcome { client, server, .. } = outcome;
    for (number, mail) in client.mails.iter().enumerate() {
        let stored: Vec<_> = server.stored.iter().filter(|stored| stored.sender == mail.sender).collect();
        let taken: Vec<&str> = mail.taken().collect();
        if taken.is_empty() {
            prop_assert!(stored.is_empty(), "mail {} was refused, and stored", number);
            continue;
        }
        prop_assert_eq!(stored.len(), 1, "mail {} was taken", number);
        prop_assert_eq!(&stored[0].recipients, &taken, "mail {}", number);
        prop_assert!(stored[0].body == mail.wire, "mail {} arrived whole", number);
    }
    Ok(())
}

proptest! {
    // PROPTEST_CASES asks for more, as `make check-pair` does.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(200), ..ProptestConfig::default() })]
    #[test]
    fn both_ends_agree_and_come_to_an_end(scenario in scenarios()) {
        let outcome = run(&scenario);
        prop_assert!(outcome.client.is_done(), "the client has said QUIT and was answered: {:?}", outcome.client);
        prop_assert!(outcome.server.is_closed());
        prop_assert_eq!(outcome.server.timed_out, None);
        let wanted = scenario.auth.map(|(_, right)| right);
        prop_assert_eq!(outcome.client.let_in, wanted);
        prop_assert_eq!(outcome.server.user.is_some(), wanted == Some(true));
        check_agreement(&outcome)?;
        if scenario.refusals == 0 {
            prop_assert_eq!(outcome.server.stored.len(), scenario.mails);
        }
    }

    /// 421 to any question, at any time, by a limit: both ends come to their end at once, and what was taken is stored.
    #[test]
    fn a_client_that_is_sent_away_knows_what_was_taken(
        mut scenario in scenarios(),
        at in prop::option::of(0usize..40),
        stop in prop::option::of(0u64..60_000),
        limits: bool,
    ) {
        scenario.away_at = at;
        scenario.stops_at = stop.map(Duration::from_millis);
        scenario.limits = limits;
        let outcome = run(&scenario);
        prop_assert!(outcome.server.is_closed());
        prop_assert!(outcome.client.is_done() || outcome.client.was_sent_away, "{:?}", outcome.client);
        prop_assert_eq!(outcome.server.timed_out, None);
        check_agreement_of_the_stored(&outcome)?;
        // What the client was told nothing of can be there or not; what it was told is so.
        if !outcome.client.was_sent_away {
            check_agreement(&outcome)?;
        }
        if limits {
            prop_assert!(outcome.server.stored.len() <= 2);
            prop_assert!(outcome.server.stored.iter().all(|mail| mail.recipients.len() <= 2 && mail.body.len() <= 100));
        }
    }

    /// Wherever the client falls silent, it is waited for no longer than it may take, and no half of a mail is stored.
    #[test]
    fn a_client_that_falls_silent_is_let_go(mut scenario in scenarios(), at in 0usize..2_000) {
        scenario.silent_after = Some(at);
        scenario.delay = scenario.delay.min(Duration::from_secs(2));
        let outcome = run(&scenario);
        prop_assert!(outcome.server.is_closed());
        check_agreement_of_the_stored(&outcome)?;
        if let Some((waiting, waited)) = outcome.server.timed_out {
            let most = match waiting {
                Waiting::Handshake => Duration::from_secs(60),
                Waiting::Auth => Duration::from_secs(120),
                _ => Duration::from_secs(300),
            };
            prop_assert_eq!(waited, most, "{:?}", waiting);
            prop_assert!(waiting == Waiting::Handshake || outcome.client.was_sent_away, "it was told so: {:?}", outcome.client);
        } else {
            prop_assert!(outcome.client.is_done(), "the silence came after the end");
        }
    }
}

/// What the server stored is what the client has sent, whether it has heard of it or not.
fn check_agreement_of_the_stored(outcome: &Outcome) -> Result<(), TestCaseError> {
    for stored in &outcome.server.stored {
        let mail = outcome.client.mails.iter().find(|mail| mail.sender == stored.sender);
        prop_assert!(mail.is_some_and(|mail| mail.wire == stored.body), "only whole mails are stored");
    }
    for mail in &outcome.client.mails {
        for recipient in mail.taken() {
            let there = |stored: &server::Stored| {
                stored.sender == mail.sender && stored.recipients.iter().any(|r| r == recipient)
            };
            prop_assert_eq!(outcome.server.stored.iter().filter(|stored| there(stored)).count(), 1);
        }
    }
    Ok(())
}

#[test]
fn a_slow_way_takes_its_time_and_no_more() {
    let scenario = Scenario {
        seed: 1,
        lmtp: false,
        tls: false,
        auth: None,
        pipelining: true,
        chunks: Some(10_000),
        blind: true,
        mails: 5,
        refusals: 0,
        delay: Duration::ZERO,
        segment: 100_000,
        room: 100_000,
        silent_after: None,
        away_at: None,
        stops_at: None,
        limits: false,
    };
    let outcome = run(&scenario);
    assert_eq!((outcome.server.stored.len(), outcome.now), (5, Duration::ZERO), "without a delay no time goes by");
}
