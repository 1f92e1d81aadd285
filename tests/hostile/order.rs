//! Replies that come late, too often, too early or for another command: libetpan PR 182, RFC 2920 section 3.1,
//! swiftmailer 1265. None is taken for the answer to something else, and 421 ends the session with its reply kept.

use crate::support::engine::{
    LEVELS, deliver, mail, mail_to, of, open, open_within, rcpt, send, settings, small_mails, tell,
};
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{self, Sink, Then, When};
use crate::support::wait::LONG;
use helo::client::body::Body;
use helo::client::settings::Timeouts;
use helo::client::{Level, Session};
use helo::error::{Cause, Phase};
use helo::proto::command::Command;
use std::time::{Duration, Instant};

const OPENING: &str = "S: 220 ready\nC: EHLO me.example\nS: 250 here\n";
const ENVELOPE: &str = "C: MAIL FROM:<a@example.org>\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\nC: DATA\n";

fn server(rest: &str) -> ScriptedServer {
    ScriptedServer::start(&format!("{OPENING}{rest}"))
}

#[test]
fn a_yes_said_together_with_the_354_is_not_the_answer_to_the_message() {
    // Once with a body, once without: nothing is read between the 354 and the final dot then.
    for (pieces, heard) in [(&[&b"x"[..]][..], "x\\r\\n.\\r\\n"), (&[][..], ".\\r\\n")] {
        let server = server(&format!("{ENVELOPE}S: 354 go\nS: 250 kept already\nC. {heard}\nS: 554 not at all"));
        let mut session = open(server.address()).unwrap();
        let error = send(&mut session, pieces).unwrap_err();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Message, Cause::Refused, 554), "{error}");
        drop(session);
        server.finish();
    }
}

#[test]
fn a_yes_said_together_with_the_354_delivers_nothing_in_a_list() {
    for level in LEVELS {
        let envelope = ENVELOPE.replace("a@", "s0@").replace("b@", "r0-0@");
        let server = server(&format!(
            "{envelope}S: 354 go\nS: 250 kept already\nC. x\\r\\n.\\r\\n\nS: 554 not at all\nC: QUIT\nS: 221 bye"
        ));
        let mut list = [mail_to(0, 1, Body::memory(Box::new(b"x")))];
        let outcomes = deliver(server.address(), level, settings(LONG), &mut list);
        assert_eq!(
            (outcomes[0][0].failure, outcomes[0][0].code),
            (Some((Phase::Message, Cause::Refused)), 554),
            "{level:?}"
        );
        server.finish();
    }
}

#[test]
fn an_extra_reply_that_is_half_there_is_not_the_next_commands() {
    let server = server("C: NOOP\nS< 250 ok\\r\\n550 not yo\nC: VRFY x\nS< urs\\r\\n252 yours\\r\\n");
    let mut session = open(server.address()).unwrap();
    tell(&mut session, &Command::Noop(None)).unwrap();
    assert_eq!(tell(&mut session, &Command::Vrfy("x")).unwrap(), 252);
    drop(session);
    server.finish();
}

#[test]
fn a_demand_for_a_message_that_nobody_announced_ends_the_session() {
    // The DATA was answered by the extra 250: what follows would be taken for the message.
    let server = server(&format!("{ENVELOPE}S: 250 one too many\nS: 354 go\nWAIT reset"));
    let mut session = open(server.address()).unwrap();
    let error = send(&mut session, &[b"x"]).unwrap_err();
    assert_eq!((error.cause, error.code(), error.reply.map(|reply| reply.code())), (Cause::Protocol, 0, Some(250)));
    let error = tell(&mut session, &Command::Rset).unwrap_err();
    assert_eq!(error.cause, Cause::Protocol, "{error}");
    assert!(session.connection().is_dead());
    server.finish();
}

#[test]
fn extra_replies_without_end_are_given_up() {
    let server = server("C: NOOP\nS: 250 ok\nS* 100000000 250 and one more\nHANG");
    let mut session = open(server.address()).unwrap();
    let error = loop {
        if let Err(error) = tell(&mut session, &Command::Noop(None)) {
            break error;
        }
    };
    assert_eq!(error.cause, Cause::Protocol, "{error}");
    drop(session);
    server.finish();
}

#[test]
fn replies_before_the_commands_confirm_nothing() {
    // Said in one breath with the greeting: as many as a whole session would have.
    let replies = "S: 250 here\nS: 250 ok\nS: 250 ok\nS: 354 go\nS: 250 kept\n";
    let server = ScriptedServer::start(&format!("S: 220 ready\n{replies}WAIT reset"));
    let error = open(server.address()).err().unwrap();
    assert_eq!(of(&error), (Phase::Hello, Cause::Protocol), "{error}");
    server.finish();
}

#[test]
fn a_yes_to_what_the_system_has_not_sent_yet_confirms_nothing() {
    // The server reads nothing but says yes to everything: most of the list cannot have left yet.
    let yes = "S: 250-here\nS: 250-PIPELINING\nS: 250 CHUNKING\nS* 5000 250 yes\nDEAF";
    for level in [Level::Envelope, Level::Full] {
        let server = ScriptedServer::start(&format!("S: 220 ready\nC: EHLO me.example\n{yes}"));
        let mut list: Vec<_> = (0..40).map(|i| mail_to(i, 1, Body::memory(Box::new(vec![b'x'; 1_000_000])))).collect();
        let outcomes = deliver(server.address(), level, settings(LONG), &mut list);
        let delivered = outcomes.iter().flatten().filter(|o| o.is_delivered()).count();
        // What the two systems hold between them: the server itself has read nothing.
        assert!(delivered < 20, "{level:?}: {delivered} of 40 MB confirmed");
        assert!(!outcomes[39][0].is_delivered());
        let _ = server.outcome();
    }
}

#[test]
fn an_answer_after_its_timeout_is_dropped_whatever_it_is() {
    let cases: [(&str, Command<'_>, &str); 4] = [
        ("RSET", Command::Rset, "250 late"),
        ("RSET", Command::Rset, "550-late\nS: 550 and long"),
        ("VRFY x", Command::Vrfy("x"), "252 late"),
        ("EXPN x", Command::Expn("x"), "250-late\nS: 250 list"),
    ];
    for (line, command, late) in cases {
        let server = server(&format!("C: {line}\nC: HELP\nS: {late}\nS: 214-for\nS: 214 HELP"));
        let mut session = open(server.address()).unwrap();
        session.connection_mut().settings_mut().timeouts = Timeouts::all(Duration::from_millis(50));
        assert_eq!(tell(&mut session, &command).unwrap_err().cause, Cause::TimedOut);
        session.connection_mut().settings_mut().timeouts = Timeouts::all(LONG);
        let mut lines = Vec::new();
        let help = session.listing(&Command::Help(None), &mut (), &mut |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
            true
        });
        assert_eq!((help.unwrap().code(), lines), (214, vec!["for".to_string(), "HELP".to_string()]), "{late}");
        drop(session);
        server.finish();
    }
}

#[test]
fn each_timeout_names_its_own_command() {
    let server = server("C: RSET\nC: MAIL FROM:<a@example.org>\nHANG");
    let mut session = open_within(server.address(), Duration::from_millis(50)).unwrap();
    assert_eq!(of(&tell(&mut session, &Command::Rset).unwrap_err()), (Phase::Command, Cause::TimedOut));
    assert_eq!(of(&mail(&mut session, "a@example.org").unwrap_err()), (Phase::Mail, Cause::TimedOut));
    drop(session);
    server.finish();
}

#[test]
fn only_the_message_itself_has_an_unknown_outcome() {
    let server = server(&format!("{ENVELOPE}S: 354 go\nC. x\\r\\n.\\r\\n\nC: NOOP\nHANG"));
    let mut session = open(server.address()).unwrap();
    session.connection_mut().settings_mut().timeouts.message = Duration::from_millis(50);
    let error = send(&mut session, &[b"x"]).unwrap_err();
    assert_eq!(of(&error), (Phase::Message, Cause::OutcomeUnknown));
    session.connection_mut().settings_mut().timeouts.reply = Duration::from_millis(50);
    assert_eq!(of(&tell(&mut session, &Command::Noop(None)).unwrap_err()), (Phase::Command, Cause::TimedOut));
    drop(session);
    server.finish();
}

#[test]
fn a_data_or_auth_that_timed_out_ends_the_session() {
    // A late 354 would take whatever comes next for the message.
    let server = server(&format!("{ENVELOPE}WAIT reset"));
    let mut session = open(server.address()).unwrap();
    session.connection_mut().settings_mut().timeouts.data = Duration::from_millis(50);
    assert_eq!(of(&send(&mut session, &[b"x"]).unwrap_err()), (Phase::Data, Cause::TimedOut));
    assert!(session.connection().is_dead());
    server.finish();
}

/// A 421 in place of the reply at every point, and unasked between commands and in the middle of a message.
#[test]
fn a_421_at_any_point_ends_the_session_and_is_kept() {
    let whole = format!("{OPENING}{ENVELOPE}S: 354 go\nC. x\\r\\n.\\r\\n\nS: 250 kept\nC: NOOP\nS: 250 ok\n");
    let lines: Vec<&str> = whole.lines().collect();
    let replies: Vec<usize> = (0..lines.len()).filter(|&i| lines[i].starts_with("S:")).collect();
    for stop in ["CLOSE", "HANG"] {
        for (number, &at) in replies.iter().enumerate() {
            let script = format!("{}\nS: 421 4.3.2 going down\n{stop}", lines[..at].join("\n"));
            let server = ScriptedServer::start(&script);
            let error = open(server.address())
                .and_then(|mut session| {
                    send(&mut session, &[b"x"])?;
                    tell(&mut session, &Command::Noop(None)).map(|_| session)
                })
                .map(drop)
                .unwrap_err();
            assert_eq!((error.cause, error.code()), (Cause::Refused, 421), "{number} {stop}: {error}");
            let phases =
                [Phase::Greeting, Phase::Hello, Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Message, Phase::Command];
            assert_eq!(error.phase, phases[number], "{error}");
            let _ = server.outcome();
        }
    }
}

#[test]
fn an_unasked_421_is_heard_before_the_next_command() {
    let server = server("C: NOOP\nS: 250 ok\nS: 421 4.3.2 idle too long\nCLOSE");
    let mut session = open(server.address()).unwrap();
    tell(&mut session, &Command::Noop(None)).unwrap();
    for _ in 0..2 {
        let error = mail(&mut session, "a@example.org").unwrap_err();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Mail, Cause::Refused, 421), "{error}");
    }
    drop(session);
    server.finish();
}

/// Sends pieces until the session says no.
fn push_until_refused(session: &mut Session) -> helo::error::Error {
    mail(session, "a@example.org").unwrap();
    rcpt(session, "b@example.org").unwrap();
    session.begin_data(&mut ()).unwrap();
    let piece = vec![b'x'; 100_000];
    loop {
        if let Err(error) = session.body(&piece, &mut ()) {
            return error;
        }
    }
}

#[test]
fn a_421_in_the_middle_of_a_message_ends_it_though_the_server_goes_on_reading() {
    let server = server(&format!("{ENVELOPE}S: 354 go\nCB 5000\nS: 421 4.3.2 going down\nHANG"));
    let mut session = open(server.address()).unwrap();
    let begun = Instant::now();
    let error = push_until_refused(&mut session);
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Data, Cause::Refused, 421), "{error}");
    assert!(session.connection().is_dead() && begun.elapsed() < LONG / 2);
    drop(session);
    server.finish();
}

#[test]
fn a_refusal_in_the_middle_of_a_message_is_heard() {
    let server = server(&format!("{ENVELOPE}S: 354 go\nCB 5000\nS: 552 5.3.4 too large\nHANG"));
    let mut session = open(server.address()).unwrap();
    let error = push_until_refused(&mut session);
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Data, Cause::Refused, 552), "{error}");
    drop(session);
    server.finish();
}

/// Recipients refused among accepted ones, all of them, and DATA refused, while the envelope went out in one flight.
#[test]
fn every_reply_of_a_pipelined_envelope_is_read() {
    let opening = "S: 220 ready\nC: EHLO me.example\nS: 250-here\nS: 250 PIPELINING\n";
    let envelope = |i: usize| {
        format!(
            "C: MAIL FROM:<s{i}@example.org>\nC: RCPT TO:<r{i}-0@example.org>\nC: RCPT TO:<r{i}-1@example.org>\nC: DATA\n"
        )
    };
    let good = |i: usize| {
        format!(
            "{}S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nC. Subject: {i}\\r\\n\\r\\n..dot\\r\\nend\\r\\n.\\r\\n\nS: 250 kept {i}\n",
            envelope(i)
        )
    };
    let cases = [
        (
            "one",
            "S: 250 ok\nS: 550 no\nS: 250 ok\nS: 354 go\nC. Subject: 1\\r\\n\\r\\n..dot\\r\\nend\\r\\n.\\r\\n\nS: 250 kept 1\n",
            [550, 250],
        ),
        // 354 although nobody is left: an empty message ends it, and the answer to that counts for nobody.
        ("all, 354", "S: 250 ok\nS: 550 no\nS: 551 no\nS: 354 go\nC. .\\r\\n\nS: 554 no recipients\n", [550, 551]),
        ("all, 250", "S: 250 ok\nS: 550 no\nS: 551 no\nS: 354 go\nC. .\\r\\n\nS: 250 fine\n", [550, 551]),
        ("all, 503", "S: 250 ok\nS: 550 no\nS: 551 no\nS: 503 no recipients\nC: RSET\nS: 250 ok\n", [550, 551]),
        ("DATA", "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 451 later\nC: RSET\nS: 250 ok\n", [451, 451]),
        ("MAIL", "S: 553 no\nS: 503 MAIL first\nS: 503 MAIL first\nS: 503 MAIL first\n", [553, 553]),
    ];
    for (name, middle, codes) in cases {
        let script = format!("{opening}{}{}{middle}{}C: QUIT\nS: 221 bye", good(0), envelope(1), good(2));
        for split in ["", "SPLIT 1\n"] {
            let server = ScriptedServer::start(&format!("{split}{script}"));
            let outcomes = deliver(server.address(), Level::Envelope, settings(LONG), &mut small_mails(3, 2));
            let seen: Vec<Vec<u16>> = outcomes.iter().map(|mail| mail.iter().map(|o| o.code).collect()).collect();
            assert_eq!(seen, [vec![250, 250], codes.to_vec(), vec![250, 250]], "{name}: {outcomes:?}");
            server.finish();
        }
    }
}

#[test]
fn a_server_that_takes_a_message_for_a_refused_sender_gets_none() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250 PIPELINING
         C: MAIL FROM:<s0@example.org>
         C: RCPT TO:<r0-0@example.org>
         C: DATA
         S: 550 not you
         S: 250 but for whom?
         S: 354 go
         WAIT reset",
    );
    let outcomes = deliver(server.address(), Level::Envelope, settings(LONG), &mut small_mails(1, 1));
    assert_eq!((outcomes[0][0].failure, outcomes[0][0].code), (Some((Phase::Mail, Cause::Refused)), 550));
    server.finish();
}

#[test]
fn a_quit_without_an_answer_costs_no_mail() {
    // A server of one mail a connection that closes or resets at QUIT. (Where QUIT goes out behind the message, a reset
    // may take the answer to the message with it.)
    for (then, levels) in [(Then::Close, &LEVELS[..]), (Then::Reset, &LEVELS[..1])] {
        for &level in levels {
            // By DATA: MAIL, RCPT, DATA, QUIT after EHLO.
            let options = sink::Options::default().without("CHUNKING").without("BINARYMIME");
            let options = options.rule(When::Command(5), then.clone());
            let mut options = sink::Options { keep: sink::Keep::Hashes, ..options };
            options.extensions.push("LIMITS MAILMAX=1".into());
            let sink = Sink::start(options);
            let outcomes = deliver(sink.address(), level, settings(LONG), &mut small_mails(5, 1));
            assert!(outcomes.iter().flatten().all(|o| o.is_delivered()), "{then:?} {level:?}: {outcomes:?}");
            assert_eq!((sink.count(), sink.connections()), (5, 5));
        }
    }
}

#[test]
fn a_quit_that_is_never_answered_holds_nobody_up() {
    let server = ScriptedServer::start(&format!("{OPENING}C: QUIT\nHANG"));
    let session = open_within(server.address(), Duration::from_secs(600)).unwrap();
    let begun = Instant::now();
    session.quit(&mut ());
    assert!(begun.elapsed() < Duration::from_secs(15));
    server.finish();
}
