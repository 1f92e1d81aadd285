//! Servers that do not like what is sent ahead of their replies: the mail goes again, one step at a time, and nothing is
//! sent ahead to them any more.

use super::support::engine::{LEVELS, deliver, settings, small_mails};
use super::support::picky::{Picky, Rules, Seen, Then};
use super::support::wait::LONG;
use super::{check, list};
use helo::client::Level;
use helo::client::body::Body;
use helo::client::delivery::Outcome;
use std::io::Read;

const EXTENSIONS: [&[&str]; 2] = [&["PIPELINING"], &["PIPELINING", "CHUNKING"]];

fn server(extensions: &[&'static str], decide: impl Fn(&Seen) -> Option<Then> + Send + Sync + 'static) -> Picky {
    Picky::start(Rules { extensions: extensions.to_vec(), decide: Some(Box::new(decide)), ..Rules::default() })
}

fn say(reply: &str) -> Option<Then> {
    Some(Then::Say(reply.into()))
}

/// All delivered, once each; and after the first objection nothing was sent ahead.
fn check_all(server: &Picky, outcomes: &[Vec<Outcome>], objects: impl Fn(&Seen) -> bool, context: &str) {
    check(server, outcomes);
    assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{context}: {outcomes:?}");
    let seen = server.seen();
    let first = seen.iter().position(objects).unwrap_or_else(|| panic!("{context}: nothing was sent ahead"));
    // What was in flight with it cannot be taken back: it ends where the next mail begins that was not.
    let settled = seen[first..].iter().position(|seen| matches!(seen.verb.as_str(), "RSET" | "MAIL") && !seen.ahead);
    let after = &seen[first + settled.unwrap_or_else(|| panic!("{context}: it did not go again"))..];
    let early: Vec<&Seen> = after.iter().filter(|seen| seen.ahead || (seen.followed && seen.verb != "BDAT")).collect();
    assert!(early.is_empty(), "{context}: sent ahead again: {early:?}");
}

/// Haraka 3.3 answers each command that came with the final dot in this way.
#[test]
fn a_mail_refused_behind_the_final_dot_goes_again() {
    let behind = |seen: &Seen| seen.ahead && !matches!(seen.verb.as_str(), "" | "EHLO" | ".");
    for level in LEVELS {
        let refusing = std::sync::atomic::AtomicBool::new(false);
        let server = server(EXTENSIONS[0], move |seen| {
            use std::sync::atomic::Ordering::Relaxed;
            if seen.verb == "." {
                refusing.store(seen.followed, Relaxed);
                return None;
            }
            if !seen.ahead {
                refusing.store(false, Relaxed);
            }
            let refused = seen.ahead || seen.line.starts_with("MAIL");
            let refused = refused && refusing.load(Relaxed);
            refused.then(|| Then::Say("503 Bad sequence of commands - pipelined after end of DATA".into()))
        });
        let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(8, 3));
        check(&server, &outcomes);
        assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{level:?}: {outcomes:?}");
        assert_eq!(server.connections(), 1, "{level:?}");
        let again = server.seen().iter().filter(|seen| behind(seen) && seen.verb == "MAIL").count();
        assert!(again <= 1, "{level:?}: sent ahead once more");
    }
}

#[test]
fn an_objection_to_any_command_costs_nobody_his_mail() {
    let replies = [
        "503 bad sequence of commands",
        "503 5.5.1 Error: need RCPT command",
        "503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining",
        "554 SMTP synchronization error",
        "550 5.5.1 out of sequence",
        "450 4.7.1 do not use pipelining here",
    ];
    for verb in ["MAIL", "RCPT", "DATA", "BDAT"] {
        for extensions in EXTENSIONS {
            for level in [Level::Envelope, Level::Full] {
                for reply in replies {
                    let objects = move |seen: &Seen| seen.ahead && seen.verb == verb;
                    let server = server(extensions, move |seen| if objects(seen) { say(reply) } else { None });
                    let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(6, 2));
                    let context = format!("{verb} {extensions:?} {level:?} {reply}");
                    match server.seen().iter().any(objects) {
                        true => check_all(&server, &outcomes, objects, &context),
                        // Without CHUNKING there is no BDAT, with it no DATA; MAIL is ahead only behind a dot or a chunk.
                        false => assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{context}"),
                    }
                    // At the fullest level QUIT is out as well by the time the first answer comes.
                    let most = if level == Level::Full { 2 } else { 1 };
                    assert!(server.connections() <= most, "{context}: {}", server.connections());
                }
            }
        }
    }
}

/// The second recipient of each mail is refused so: he gets his mail by himself, and the first only once.
#[test]
fn one_recipient_of_two() {
    for extensions in EXTENSIONS {
        for level in [Level::Envelope, Level::Full] {
            let server = server(extensions, |seen| {
                let second = seen.verb == "RCPT" && seen.line.contains("-1@");
                if second && seen.ahead { say("503 5.5.1 wait for your turn") } else { None }
            });
            let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(4, 2));
            check(&server, &outcomes);
            assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{level:?}: {outcomes:?}");
        }
    }
}

/// As Exim does: the connection is closed after that, or with 421 at once.
#[test]
fn a_server_that_closes_over_it_gets_the_rest_over_another_connection() {
    for reply in
        ["554 SMTP synchronization error", "503 5.5.1 improper pipelining", "421 4.7.0 pipelining is not allowed"]
    {
        for verb in ["MAIL", "RCPT", "DATA"] {
            for (extensions, level) in [(EXTENSIONS[0], Level::Envelope), (EXTENSIONS[0], Level::Full)] {
                let objects = move |seen: &Seen| seen.ahead && seen.verb == verb;
                let server = server(extensions, move |seen| objects(seen).then(|| Then::SayAndClose(reply.into())));
                let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(6, 2));
                check(&server, &outcomes);
                let context = format!("{reply} {verb} {level:?}");
                assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{context}: {outcomes:?}");
                assert_eq!(server.connections(), 2, "{context}");
                let again = server.seen().iter().filter(|seen| seen.connection == 2 && seen.ahead).count();
                assert_eq!(again, 0, "{context}: the new connection is sent ahead to");
            }
        }
    }
}

/// A front command that complains of what comes behind it.
#[test]
fn the_command_in_front_may_be_the_one_that_complains() {
    for reply in ["554 SMTP synchronization error", "503 too early"] {
        let objects = |seen: &Seen| seen.followed && seen.verb == "MAIL";
        let server = server(EXTENSIONS[0], move |seen| if objects(seen) { say(reply) } else { None });
        let outcomes = deliver(server.address(), Level::Envelope, settings(LONG), &mut small_mails(4, 2));
        check(&server, &outcomes);
        assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{reply}: {outcomes:?}");
    }
}

/// What is refused when it comes alone too is refused: once more is enough.
#[test]
fn a_no_that_was_meant_stays_one() {
    for verb in ["MAIL", "RCPT", "DATA"] {
        for level in LEVELS {
            let server =
                server(
                    EXTENSIONS[0],
                    move |seen| {
                        if seen.verb == verb { say("503 5.5.1 authenticate first") } else { None }
                    },
                );
            let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(3, 2));
            check(&server, &outcomes);
            for outcome in outcomes.iter().flatten() {
                assert_eq!((outcome.code, outcome.is_delivered()), (503, false), "{verb} {level:?}: {outcome:?}");
            }
            assert!(
                server.count("MAIL") <= 6 && server.connections() == 1,
                "{verb} {level:?}: {}",
                server.count("MAIL")
            );
        }
    }
}

/// 503 to a DATA for which nobody was accepted is no complaint of pipelining.
#[test]
fn a_bad_sequence_that_follows_from_a_refusal_changes_nothing() {
    let server = server(EXTENSIONS[0], |seen| {
        let nobody = seen.verb == "RCPT" && seen.line.contains("r0-");
        if nobody { say("550 5.1.1 nobody of that name") } else { None }
    });
    let outcomes = deliver(server.address(), Level::Envelope, settings(LONG), &mut small_mails(4, 2));
    check(&server, &outcomes);
    assert!(outcomes[0].iter().all(|outcome| outcome.code == 550), "{outcomes:?}");
    assert!(outcomes[1..].iter().flatten().all(Outcome::is_delivered), "{outcomes:?}");
    assert!(server.seen().iter().any(|seen| seen.ahead && seen.sender.starts_with("s2@")), "it goes on sending ahead");
}

/// A body that only a function gives can go again as long as nothing of it was sent.
#[test]
fn bodies_of_functions_go_again() {
    let function = |bytes: Vec<u8>| {
        let mut bytes = std::io::Cursor::new(bytes);
        Body::reader(Box::new(move |buffer| bytes.read(buffer)))
    };
    for (extensions, level) in [(EXTENSIONS[0], Level::Envelope), (EXTENSIONS[1], Level::Envelope)] {
        let server =
            server(extensions, |seen| if seen.ahead && seen.verb == "MAIL" { say("503 too early") } else { None });
        let mut mails = list(4, 4, 0, function);
        let outcomes = deliver(server.address(), level, settings(LONG), &mut mails);
        check(&server, &outcomes);
        assert!(outcomes.iter().flatten().all(Outcome::is_delivered), "{level:?}: {outcomes:?}");
    }
    // At the fullest level the function has given it before the answer: then it is refused, and not half of it sent.
    let server =
        server(EXTENSIONS[1], |seen| if seen.ahead && seen.verb == "MAIL" { say("503 too early") } else { None });
    let outcomes = deliver(server.address(), Level::Full, settings(LONG), &mut list(4, 4, 0, function));
    check(&server, &outcomes);
    assert!(outcomes[0][0].is_delivered() && outcomes[1][0].code == 503, "{outcomes:?}");
}
