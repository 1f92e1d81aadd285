//! One session step by step: phase and cause for every byte.

use crate::support::engine::{mail, rcpt, settings, tell};
use crate::support::memory::{Cut, How, Log, MemoryTransport};
use helo::client::Session;
use helo::error::{Cause, Error, Phase, Result};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::command::Command;
use helo::proto::server::Config;
use std::time::{Duration, Instant};

const BODY: &[u8] = b"Subject: x\n\n.dot\nend";

/// Where the bytes of each phase end, in the client's stream and in the server's.
struct Step {
    phase: Phase,
    sent: usize,
    read: usize,
}

/// A session of one mail, a NOOP and no QUIT; `step` hears the end of each phase.
fn run(cut: Cut, limit: Duration, log: &Log, mut step: impl FnMut(Phase)) -> (Result<()>, Option<Session>) {
    let transport = MemoryTransport::new(Config::new("mx"), cut, log);
    let mut session = match Session::begin(Target::Ready(Box::new(transport)), settings(limit), Cancel::new()) {
        Ok(session) => session,
        Err(error) => return (Err(error), None),
    };
    let mut talk = |session: &mut Session| {
        session.finish_opening(&mut ())?;
        step(Phase::Hello);
        mail(session, "a@b")?;
        step(Phase::Mail);
        rcpt(session, "c@d")?;
        step(Phase::Rcpt);
        session.begin_data(&mut ())?;
        step(Phase::Data);
        for byte in BODY {
            session.body(&[*byte], &mut ())?;
        }
        session.end_data(&mut ())?;
        step(Phase::Message);
        tell(session, &Command::Noop(None))?;
        step(Phase::Command);
        Ok(())
    };
    let talked = talk(&mut session);
    (talked, Some(session))
}

/// The steps of a session that is not cut, the greeting's among them, and all that the client said.
fn whole() -> (Vec<Step>, Vec<u8>) {
    let log = Log::default();
    let greeting = helo::proto::server::Dialogue::new(Config::new("mx")).output().len();
    let mut steps = vec![Step { phase: Phase::Greeting, sent: 0, read: greeting }];
    let (talked, session) = run(Cut::No, Duration::from_secs(20), &log, |phase| {
        let seen = log.look();
        steps.push(Step { phase, sent: seen.taken.len(), read: seen.read });
    });
    talked.unwrap();
    drop(session);
    let seen = log.look();
    assert_eq!(seen.stored.len(), 1);
    (steps, seen.taken.clone())
}

fn of(steps: &[Step], phase: Phase) -> &Step {
    steps.iter().find(|step| step.phase == phase).expect("a phase of the session")
}

/// What must be reported, and that nothing else was sent or kept.
fn check(cut: Cut, limit: Duration, said: &[u8], end_of_message: usize, expected: Option<(Phase, Cause)>) {
    let log = Log::default();
    let begun = Instant::now();
    let (talked, session) = run(cut, limit, &log, |_| {});
    assert!(begun.elapsed() < limit + Duration::from_secs(5), "{cut:?}: {:?}", begun.elapsed());
    let error = talked.err();
    assert_eq!(error.as_ref().map(|e| (e.phase, e.cause)), expected, "{cut:?}: {error:?}");
    if let (Some(error), Some(mut session)) = (error, session) {
        after(&mut session, &error, cut);
    }
    let seen = log.look();
    assert_eq!(seen.gone, 1, "{cut:?}: the transport is dropped with the session");
    assert!(said.starts_with(&seen.taken), "{cut:?}: said something else: {:?}", seen.taken.escape_ascii().to_string());
    let unknown = expected == Some((Phase::Message, Cause::OutcomeUnknown));
    let confirmed = expected.is_none_or(|(phase, _)| phase == Phase::Command);
    assert!(!confirmed || seen.stored.len() == 1, "{cut:?}: confirmed and not stored");
    assert!(confirmed || unknown || seen.stored.is_empty(), "{cut:?}: stored, but reported as {expected:?}");
    assert!(!unknown || seen.taken.len() >= end_of_message, "{cut:?}: unknown before the final dot was sent");
}

/// The session is over, but after a timeout between two commands, and says so whatever is asked of it.
fn after(session: &mut Session, error: &Error, cut: Cut) {
    if error.cause == Cause::TimedOut && !session.connection().is_dead() {
        return;
    }
    if error.cause == Cause::OutcomeUnknown && !session.connection().is_dead() {
        return;
    }
    let again = tell(session, &Command::Rset).unwrap_err();
    assert!(session.connection().is_dead(), "{cut:?}");
    assert_eq!((again.phase, again.cause), (Phase::Command, Cause::BrokenOff), "{cut:?}: {again}");
}

fn loss(phase: Phase, how: How, whole: bool) -> (Phase, Cause) {
    match (phase, how) {
        (Phase::Message, _) if whole => (phase, Cause::OutcomeUnknown),
        (_, How::Silence) => (phase, Cause::TimedOut),
        (_, How::Close | How::Reset) => (phase, Cause::BrokenOff),
    }
}

fn limit(how: How) -> Duration {
    if how == How::Silence { Duration::from_millis(15) } else { Duration::from_secs(20) }
}

const HOWS: [How; 3] = [How::Close, How::Reset, How::Silence];

#[test]
fn the_answers_end_at_every_byte() {
    let (steps, said) = whole();
    let all = steps.last().unwrap().read;
    let end = of(&steps, Phase::Message).sent;
    for how in HOWS {
        for at in 0..=all {
            let step = steps.iter().find(|step| at < step.read);
            let expected = step.map(|step| match (step.phase, how) {
                // Gone with the 354: that is seen before the message is sent.
                (Phase::Message, How::Close | How::Reset) if at == of(&steps, Phase::Data).read => {
                    (Phase::Data, Cause::BrokenOff)
                }
                (phase, how) => loss(phase, how, true),
            });
            check(Cut::Answered(at, how), limit(how), &said, end, expected);
        }
    }
}

#[test]
fn the_server_hears_no_more_from_every_byte_on() {
    let (steps, said) = whole();
    let end = of(&steps, Phase::Message).sent;
    for how in HOWS {
        for at in 0..said.len() {
            // The greeting is there before anything is heard; a command heard whole is answered.
            let step = steps.iter().skip(1).find(|step| at < step.sent).unwrap();
            let expected = match (step.phase, how) {
                // Gone as soon as DATA was heard: that is seen before the message is sent.
                (Phase::Message, How::Close | How::Reset) if at == of(&steps, Phase::Data).sent => {
                    Some((Phase::Data, Cause::BrokenOff))
                }
                (phase, how) => Some(loss(phase, how, true)),
            };
            check(Cut::Arrived(at, how), limit(how), &said, end, expected);
        }
    }
}

#[test]
fn the_system_takes_no_more_from_every_byte_on() {
    let (steps, said) = whole();
    let end = of(&steps, Phase::Message).sent;
    for how in HOWS {
        for at in 0..said.len() {
            let step = steps.iter().skip(1).find(|step| at < step.sent).unwrap();
            // A message that did not go out whole is lost while it is sent.
            let phase = if step.phase == Phase::Message { Phase::Data } else { step.phase };
            check(Cut::Taken(at, how), limit(how), &said, end, Some(loss(phase, how, false)));
        }
    }
}
