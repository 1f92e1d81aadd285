//! Replies that are none, or that never end: CVE-2019-3823, CVE-2020-8794, RUSTSEC-2026-0562, CVE-2026-110872.
//! Nothing panics, nothing is read past its end, and a call is over in time however long the server goes on.

use crate::support::distinct::{Distinct, SMTP_FAILURE, SMTP_TIMED_OUT};
use crate::support::engine::{LEVELS, deliver, mail, of, open, open_within, rcpt, settings, small_mails, tell};
use crate::support::scripted::ScriptedServer;
use crate::support::wait::LONG;
use helo::client::Session;
use helo::error::{Cause, Error, Phase};
use helo::proto::command::Command;
use std::time::{Duration, Instant};

/// Where a server can misbehave: what it says before, and the phase of the error.
const PLACES: [(Phase, &str); 7] = [
    (Phase::Greeting, ""),
    (Phase::Hello, "S: 220 ready\nC: EHLO me.example\n"),
    (Phase::Mail, OPEN_TO_MAIL),
    (Phase::Rcpt, OPEN_TO_RCPT),
    (Phase::Data, OPEN_TO_DATA),
    (Phase::Message, OPEN_TO_MESSAGE),
    (Phase::Command, "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: NOOP\n"),
];

const OPEN_TO_MAIL: &str = "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: MAIL FROM:<a@example.org>\n";
const OPEN_TO_RCPT: &str = "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: MAIL FROM:<a@example.org>\nS: 250 ok\n\
                            C: RCPT TO:<b@example.org>\n";
const OPEN_TO_DATA: &str = "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: MAIL FROM:<a@example.org>\nS: 250 ok\n\
                            C: RCPT TO:<b@example.org>\nS: 250 ok\nC: DATA\n";
const OPEN_TO_MESSAGE: &str = "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: MAIL FROM:<a@example.org>\nS: 250 ok\n\
                               C: RCPT TO:<b@example.org>\nS: 250 ok\nC: DATA\nS: 354 go\nC. x\\r\\n.\\r\\n\n";

/// Goes on until the server misbehaves: the error, and the session if it was open.
fn reach(server: &ScriptedServer, phase: Phase, limit: Duration) -> (Error, Option<Session>) {
    let mut session = match open_within(server.address(), limit) {
        Ok(session) => session,
        Err(error) => return (error, None),
    };
    let session_mut = &mut session;
    let went = if phase == Phase::Command {
        tell(session_mut, &Command::Noop(None))
    } else {
        mail(session_mut, "a@example.org")
            .and_then(|_| rcpt(session_mut, "b@example.org"))
            .and_then(|_| session_mut.begin_data(&mut ()).map(|reply| reply.code()))
            .and_then(|_| session_mut.body(b"x", &mut ()).map(|()| 0))
            .and_then(|_| session_mut.end_data(&mut ()).map(|replies| replies[0].code()))
    };
    (went.expect_err("the server misbehaves"), Some(session))
}

#[test]
fn what_is_no_reply_is_a_protocol_error_everywhere() {
    let no_replies = [
        "S: x",
        "S: 2",
        "S: 25",
        "S: ",
        "S:  250 ok",
        "S: 25o ok",
        "S: 2 50",
        "S: 150 what",
        "S: 650 what",
        "S: 0250 ok",
        "S: 2500 ok",
        "S: 250_ok",
        "S: -50 ok",
        "S: 250-one\nS: 251 two",
        "S: 250-one\nS: two",
        "S: 250-one\nS: ",
        "S: 250-one\nS: 250+two",
        "S: 250 o\\0k",
        "S: 250 o\\rk",
        "S< 250\\r\\r\\n",
        "S: \\xff\\xfe\\xfd",
    ];
    for (phase, before) in PLACES {
        for reply in no_replies {
            for split in ["", "SPLIT 1\n"] {
                let server = ScriptedServer::start(&format!("{before}{split}{reply}\nHANG"));
                let (error, session) = reach(&server, phase, LONG);
                assert_eq!(of(&error), (phase, Cause::Protocol), "{reply}: {error}");
                if let Some(mut session) = session {
                    assert!(session.connection().is_dead(), "{phase:?} {reply}");
                    let after = tell(&mut session, &Command::Noop(None)).unwrap_err();
                    assert_eq!(after.cause, Cause::BrokenOff, "{phase:?} {reply}: {after}");
                }
                // The client may be gone before the last byte is said.
                let _ = server.outcome();
            }
        }
    }
}

#[test]
fn a_code_alone_and_lines_of_spaces_are_replies() {
    for reply in ["S: 250", "S: 250 ", "S: 250-\nS: 250", "S: 250-   \nS: 250 \\t ", "S< 250\\n", "S< 250-\\n250\\n"] {
        let server = ScriptedServer::start(&format!("S: 220\nC: EHLO me.example\n{reply}\nC: NOOP\n{reply}"));
        let mut session = open(server.address()).unwrap();
        let extensions = session.connection().extensions();
        assert!(extensions.other.is_empty() && !extensions.pipelining, "{reply}");
        assert_eq!(tell(&mut session, &Command::Noop(None)).unwrap(), 250, "{reply}");
        drop(session);
        server.finish();
    }
}

#[test]
fn a_reply_that_is_never_whole_ends_with_its_time_or_its_connection() {
    for fragment in ["2", "25", "250", "250-", "250 x", "250 x\\r", "250-x\\r\\n", "250-x\\r\\n250"] {
        for (phase, before) in PLACES {
            let lost = if phase == Phase::Message { Cause::OutcomeUnknown } else { Cause::BrokenOff };
            let late = if phase == Phase::Message { Cause::OutcomeUnknown } else { Cause::TimedOut };
            for (end, cause) in [("CLOSE", lost), ("HANG", late)] {
                let code = if phase == Phase::Greeting { "220" } else { "250" };
                let fragment =
                    if phase == Phase::Data { fragment.replace("25", "35") } else { fragment.replace("250", code) };
                let server = ScriptedServer::start(&format!("{before}S< {fragment}\n{end}"));
                let limit = if end == "HANG" { Duration::from_millis(60) } else { LONG };
                let (error, session) = reach(&server, phase, limit);
                assert_eq!(of(&error), (phase, cause), "{fragment} {end}: {error}");
                assert!(session.is_none_or(|s| s.connection().is_dead()), "half a reply is not skipped: {fragment}");
                let _ = server.outcome();
            }
        }
    }
}

#[test]
fn a_server_that_never_comes_to_an_end_is_cut_off() {
    let endless = ["S* 100000000 250-and more", "S*< 100000000 250-longer ", "S*< 100000000 250 longer "];
    for (phase, before) in PLACES {
        for what in endless {
            let server = ScriptedServer::start(&format!("{before}{what}\nHANG"));
            let begun = Instant::now();
            let (error, _session) = reach(&server, phase, LONG);
            assert_eq!(of(&error), (phase, Cause::Protocol), "{what}: {error}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{phase:?} {what}: {:?}", begun.elapsed());
            drop(_session);
            server.finish();
        }
    }
}

#[test]
fn a_byte_now_and_then_does_not_stretch_a_deadline() {
    for (phase, before) in PLACES {
        for drip in ["250-x\\r\\n", "250-no-line-end"] {
            let server = ScriptedServer::start(&format!("{before}DRIP 10 {drip}"));
            let begun = Instant::now();
            let (error, session) = reach(&server, phase, Duration::from_millis(250));
            let cause = if phase == Phase::Message { Cause::OutcomeUnknown } else { Cause::TimedOut };
            assert_eq!(of(&error), (phase, cause), "{drip}: {error}");
            assert!(begun.elapsed() < Duration::from_secs(3), "{phase:?}: {:?}", begun.elapsed());
            drop(session);
            server.finish();
        }
    }
}

#[test]
fn a_listing_that_drips_line_by_line_is_over_in_time() {
    let listings: [(&str, Command<'_>); 2] = [("EXPN list", Command::Expn("list")), ("HELP", Command::Help(None))];
    for (line, command) in listings {
        let server = ScriptedServer::start(&format!(
            "S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: {line}\nDRIP 1 250-x\\r\\n"
        ));
        let mut session = open_within(server.address(), Duration::from_millis(300)).unwrap();
        let begun = Instant::now();
        let mut lines = 0;
        let error = session
            .listing(&command, &mut (), &mut |_| {
                lines += 1;
                true
            })
            .unwrap_err();
        assert_eq!(error.cause, Cause::TimedOut, "{error}");
        assert!(lines > 0 && begun.elapsed() < Duration::from_secs(3), "{lines} lines in {:?}", begun.elapsed());
        drop(session);
        server.finish();
    }
}

#[test]
fn a_listing_without_end_is_cut_off() {
    let server =
        ScriptedServer::start("S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: HELP\nS* 100000000 250-more\nHANG");
    let mut session = open(server.address()).unwrap();
    let mut lines = 0_u32;
    let error = session
        .listing(&Command::Help(None), &mut (), &mut |_| {
            lines += 1;
            true
        })
        .unwrap_err();
    assert_eq!(of(&error), (Phase::Command, Cause::Protocol), "{error}");
    assert!(lines < 100_000);
    drop(session);
    server.finish();
}

#[test]
fn deliveries_end_too() {
    let cases = [
        ("S: 250-one\nS: 251 two\nHANG", Cause::Protocol, LONG),
        ("S* 100000000 250-more\nHANG", Cause::Protocol, LONG),
        ("DRIP 10 250-x\\r\\n", Cause::TimedOut, Duration::from_millis(250)),
        ("S< 25\nCLOSE", Cause::BrokenOff, LONG),
    ];
    for level in LEVELS {
        for (reply, cause, limit) in cases {
            let server =
                ScriptedServer::start(&format!("{OPEN_TO_MAIL}{reply}").replace("a@example.org", "s0@example.org"));
            let outcomes = deliver(server.address(), level, settings(limit), &mut small_mails(3, 2));
            let causes: Vec<_> = outcomes.iter().flatten().map(|o| o.failure.map(|f| f.1)).collect();
            let unsent = Some(Cause::Unsent);
            assert_eq!(causes, [Some(cause), Some(cause), unsent, unsent, unsent, unsent], "{reply}: {outcomes:?}");
            let _ = server.outcome();
        }
    }
}

#[test]
fn the_distinct_face_reports_them() {
    // Its shortest time limit is a second.
    let server = ScriptedServer::start(&format!("{}S: 25o\nHANG", PLACES[6].1));
    let connection = Distinct::open(server.address(), "me.example").unwrap();
    assert_eq!(connection.noop(), SMTP_FAILURE);
    assert_eq!(connection.noop(), SMTP_FAILURE, "the handle is good for its codes");
    drop(connection);
    server.finish();

    let server = ScriptedServer::start(&format!("{}DRIP 50 250-x\\r\\n", PLACES[6].1));
    let connection = Distinct::open(server.address(), "me.example").unwrap();
    connection.limit_seconds(1);
    assert_eq!(connection.noop(), SMTP_TIMED_OUT);
    drop(connection);
    server.finish();

    for greeting in ["S: 2x0", "S* 100000000 220-more", "S*< 100000000 x"] {
        let server = ScriptedServer::start(&format!("{greeting}\nHANG"));
        assert_eq!(Distinct::open(server.address(), "me.example").err(), Some(SMTP_FAILURE), "{greeting}");
        server.finish();
    }
}
