//! 421: a few connections at most, and what was delivered in between is progress.

use super::check;
use super::support::engine::{LEVELS, deliver, settings, small_mails};
use super::support::picky::{Picky, Rules, Seen, Then};
use super::support::wait::LONG;
use helo::client::Level;
use helo::client::delivery::Outcome;
use helo::error::{Cause, Phase};

const CLOSING: &str = "421 4.3.2 come back later";
const A_FEW: usize = 5;

fn server(extensions: &[&'static str], decide: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Picky {
    let decide = move |seen: &Seen| decide(seen).then(|| Then::SayAndClose(CLOSING.into()));
    Picky::start(Rules { extensions: extensions.to_vec(), decide: Some(Box::new(decide)), ..Rules::default() })
}

fn causes(outcomes: &[Vec<Outcome>], cause: Cause) -> usize {
    outcomes.iter().flatten().filter(|outcome| outcome.failure.is_some_and(|at| at.1 == cause)).count()
}

#[test]
fn a_421_to_everything_ends_a_list_of_300() {
    for verb in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        for extensions in [&[][..], &["PIPELINING"]] {
            for level in LEVELS {
                let server = server(extensions, move |seen| seen.verb == verb);
                let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(300, 1));
                check(&server, &outcomes);
                let context = format!("{verb} {extensions:?} {level:?}");
                assert!((2..=A_FEW).contains(&server.connections()), "{context}: {}", server.connections());
                for outcome in outcomes.iter().flatten() {
                    assert_eq!((outcome.code, outcome.is_delivered()), (421, false), "{context}: {outcome:?}");
                    assert_eq!(outcome.enhanced.map(|code| code.to_string()).as_deref(), Some("4.3.2"), "{context}");
                    assert!(outcome.text.contains("come back later"), "{context}: {outcome:?}");
                }
                let unsent = causes(&outcomes, Cause::Unsent);
                assert!(unsent >= 300 - A_FEW, "{context}: {unsent}");
                assert_eq!(unsent + causes(&outcomes, Cause::Refused), 300, "{context}");
            }
        }
    }
}

#[test]
fn a_421_to_everything_by_chunks() {
    for level in [Level::Envelope, Level::Full] {
        let server = server(&["PIPELINING", "CHUNKING"], |seen| seen.verb == "BDAT");
        let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(300, 1));
        check(&server, &outcomes);
        assert!(server.connections() <= A_FEW, "{level:?}: {}", server.connections());
        assert!(outcomes.iter().flatten().all(|outcome| outcome.code == 421), "{level:?}");
    }
}

/// So many mails for each connection are the server's right.
#[test]
fn mails_that_were_taken_in_between_are_progress() {
    for extensions in [&[][..], &["PIPELINING"], &["PIPELINING", "CHUNKING"]] {
        for level in LEVELS {
            let server = server(extensions, |seen| {
                let number = seen.line.strip_prefix("MAIL FROM:<s").and_then(|rest| rest.split('@').next());
                let number: Option<usize> = number.and_then(|number| number.parse().ok());
                number.is_some_and(|number| number % 3 == 0 && seen.connection <= number / 3)
            });
            let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(30, 1));
            check(&server, &outcomes);
            assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{extensions:?} {level:?}: {outcomes:?}");
        }
    }
}

/// One mail at which the server always closes costs itself and nobody else, even when it is the first.
#[test]
fn a_mail_that_is_the_reason_each_time_costs_itself_only() {
    for poison in [0, 4] {
        for verb in ["MAIL", "RCPT", "DATA", "."] {
            for level in LEVELS {
                let sender = format!("s{poison}@example.org");
                let server = server(&["PIPELINING"], move |seen| {
                    seen.verb == verb && (seen.sender == sender || seen.line.contains(&sender))
                });
                let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(9, 1));
                check(&server, &outcomes);
                let context = format!("{poison} {verb} {level:?}: {outcomes:?}");
                assert_eq!((causes(&outcomes, Cause::Refused), server.taken().len()), (1, 8), "{context}");
                assert_eq!(outcomes[poison][0].code, 421, "{context}");
                assert!(server.connections() <= A_FEW, "{context}");
            }
        }
    }
}

/// A refused greeting is no 421: there is no second try, and it is everybody's result.
#[test]
fn another_refusal_of_the_connection_is_final() {
    let decide = |seen: &Seen| seen.verb.is_empty().then(|| Then::Say("554 5.3.2 no mail here".into()));
    let server = Picky::start(Rules { decide: Some(Box::new(decide)), ..Rules::default() });
    let outcomes = deliver(server.address(), Level::Full, settings(LONG), &mut small_mails(300, 1));
    assert_eq!(server.connections(), 1);
    for outcome in outcomes.iter().flatten() {
        assert_eq!((outcome.failure, outcome.code), (Some((Phase::Greeting, Cause::Refused)), 554));
    }
    assert_eq!(server.count("QUIT"), 1);
}

/// A server that takes two connections from one client is no reason to give up: two do.
#[test]
fn more_connections_than_the_server_takes() {
    use helo::client::delivery::{self, Options, Report, WINDOW_BYTES};
    struct Quiet;
    impl Report for Quiet {
        fn outcome(&mut self, _: usize, _: usize, _: &Outcome) {}
    }
    let server = server(&["PIPELINING"], |seen| seen.verb.is_empty() && seen.connection > 2);
    let address = server.address();
    let mut target = || Some(super::support::engine::target(address));
    let options = Options {
        target: &mut target,
        settings: settings(LONG),
        level: Level::Envelope,
        connections: 5,
        window_mails: 1,
        window_bytes: WINDOW_BYTES,
        observer: None,
    };
    let mut mails = small_mails(200, 1);
    let outcomes = delivery::run(&mut mails, options, &mut Quiet, &helo::net::wait::Cancel::new(), &mut ());
    check(&server, &outcomes);
    assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{outcomes:?}");
    assert!(server.connections() <= 2 + 3 + 4, "{}", server.connections());
}
