//! Lists of mails at the three levels: what is said of each recipient against what the server has stored.

use crate::support::engine::{LEVELS, deliver_to, mail_to, mended, settings};
use crate::support::memory::{Cut, How, Log, MemoryTransport, Stored};
use helo::client::Level;
use helo::client::body::Body;
use helo::client::delivery::{Mail, Outcome};
use helo::error::Cause;
use helo::net::connect::Target;
use helo::proto::address::ForwardPath;
use helo::proto::client::Protocol;
use helo::proto::server::Config;
use std::time::{Duration, Instant};

const BODIES: [&[u8]; 3] = [b"a\n.\nb", b"", b"..\r\nthree lines\nin all"];

/// Three mails to two recipients each; the second recipient of the second mail is refused.
fn list() -> Vec<Mail> {
    let mut mails: Vec<_> =
        BODIES.iter().enumerate().map(|(i, body)| mail_to(i, 2, Body::memory(Box::new(*body)))).collect();
    mails[1].recipients[1].to = ForwardPath::parse("no@example.org").unwrap();
    mails
}

/// How the server is spoken to.
#[derive(Clone, Copy, Debug)]
struct Way {
    level: Level,
    chunking: bool,
    lmtp: bool,
}

fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for level in LEVELS {
        for chunking in [true, false] {
            ways.extend([false, true].map(|lmtp| Way { level, chunking, lmtp }));
        }
    }
    ways
}

fn run(way: Way, cut: Cut, limit: Duration, log: &Log) -> Vec<Vec<Outcome>> {
    let mut config = Config::new("mx");
    (config.chunking, config.binary_mime, config.lmtp) = (way.chunking, way.chunking, way.lmtp);
    let mut connections = 0;
    let mut target = || {
        connections += 1;
        assert_eq!(connections, 1, "{way:?} {cut:?}: a lost connection is not replaced silently");
        let transport = MemoryTransport::new(config.clone(), cut, log);
        Some(Target::Ready(Box::new(transport)))
    };
    let mut settings = settings(limit);
    settings.protocol = if way.lmtp { Protocol::Lmtp } else { Protocol::Smtp };
    deliver_to(&mut target, way.level, settings, &mut list())
}

/// Judges the outcomes by what is stored; `ends` are where the messages end in the client's bytes.
fn judge(outcomes: &[Vec<Outcome>], stored: &[Stored], taken: usize, ends: &[usize]) -> Result<(), String> {
    for (i, mail) in outcomes.iter().enumerate() {
        let found: Vec<_> = stored.iter().filter(|m| m.sender == format!("s{i}@example.org")).collect();
        if found.len() > 1 {
            return Err(format!("mail {i} is stored {} times", found.len()));
        }
        if mail.len() != 2 {
            return Err(format!("mail {i} has {} outcomes", mail.len()));
        }
        if found.iter().any(|m| m.body != mended(BODIES[i])) {
            return Err(format!("mail {i} has another body: {found:?}"));
        }
        for (r, outcome) in mail.iter().enumerate() {
            let name = format!("r{i}-{r}@example.org");
            let is_stored = found.iter().any(|m| m.recipients.contains(&name));
            let fits = match outcome.failure.map(|f| f.1) {
                None => is_stored,
                Some(Cause::OutcomeUnknown) => taken >= ends[i],
                Some(Cause::Unsent | Cause::BrokenOff | Cause::TimedOut | Cause::Refused) => !is_stored,
                Some(_) => false,
            };
            if !fits {
                return Err(format!("mail {i} recipient {r}, stored: {is_stored}: {outcome:?}"));
            }
        }
    }
    Ok(())
}

/// The client's bytes, how many the server answers with, and where the messages end.
fn whole(way: Way) -> (Vec<u8>, usize, Vec<usize>) {
    let log = Log::default();
    let outcomes = run(way, Cut::No, Duration::from_secs(20), &log);
    let seen = log.look();
    let ends: Vec<_> = seen.stored.iter().map(|m| m.end).collect();
    judge(&outcomes, &seen.stored, seen.taken.len(), &ends).unwrap();
    let delivered = outcomes.iter().flatten().filter(|o| o.is_delivered()).count();
    assert_eq!((delivered, outcomes[1][1].code), (5, 550), "{way:?} {outcomes:?}");
    (seen.taken.clone(), seen.read, ends)
}

fn check(way: Way, cut: Cut, limit: Duration, (said, _, ends): &(Vec<u8>, usize, Vec<usize>)) {
    let log = Log::default();
    let begun = Instant::now();
    let outcomes = run(way, cut, limit, &log);
    assert!(begun.elapsed() < limit + Duration::from_secs(5), "{way:?} {cut:?}: {:?}", begun.elapsed());
    let seen = log.look();
    assert_eq!(seen.gone, 1, "{way:?} {cut:?}: the transport is dropped");
    assert!(said.starts_with(&seen.taken), "{way:?} {cut:?}: said something else");
    judge(&outcomes, &seen.stored, seen.taken.len(), ends).unwrap_or_else(|why| panic!("{way:?} {cut:?}: {why}"));
}

#[test]
fn the_connection_is_lost_at_every_byte() {
    for way in ways() {
        let whole = whole(way);
        for how in [How::Close, How::Reset] {
            for at in 0..whole.0.len() {
                check(way, Cut::Taken(at, how), Duration::from_secs(20), &whole);
                check(way, Cut::Arrived(at, how), Duration::from_secs(20), &whole);
            }
            for at in 0..whole.1 {
                check(way, Cut::Answered(at, how), Duration::from_secs(20), &whole);
            }
        }
    }
}

#[test]
fn the_connection_falls_silent_at_any_byte() {
    // Each of these waits for its time limit: some bytes of each way, others of the next.
    for (offset, way) in ways().into_iter().enumerate() {
        let whole = whole(way);
        let limit = Duration::from_millis(10);
        for at in (offset * 2..whole.0.len()).step_by(31) {
            check(way, Cut::Taken(at, How::Silence), limit, &whole);
            check(way, Cut::Arrived(at, How::Silence), limit, &whole);
        }
        for at in (offset * 2..whole.1).step_by(31) {
            check(way, Cut::Answered(at, How::Silence), limit, &whole);
        }
    }
}
