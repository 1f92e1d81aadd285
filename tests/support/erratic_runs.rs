//! What clients of the library make of servers that do anything ([`erratic`](super::erratic)): a list of mails, and mails
//! that the relay hands on. Each takes octets that decide everything, and panics where belief and truth differ. The
//! fuzz targets `lists` and `relay` are these.

use super::direct::{Then, talk};
use super::erratic::{Belief, Chances, Erratic, Known, Rules};
use super::mended::mended;
use helo::client::body::Body;
use helo::client::delivery::{self, Mail, Options, Outcome, Recipient, Report};
use helo::client::envelope::BodyKind;
use helo::client::settings::Timeouts;
use helo::client::{Level, Settings};
use helo::error::Cause;
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::client::Protocol;
use helo::server::Service;
use helo::server::spool::{Relay, relay};
use std::sync::Arc;
use std::time::Duration;

/// Bodies with what is hard about them.
const BODIES: [&[u8]; 6] =
    [b"x\n", b"a\n.\nRSET\nMAIL FROM:<smuggled@x>", b"x\r\n\r.\rQUIT\r", b"", b"..\r\n.", &[b'y'; 3000]];

/// So that little time passes: an exchange that waits for nothing but time is soon over.
const LIMIT: Duration = Duration::from_millis(60);

fn rules(how: u8) -> Rules {
    let is = |bit: u8| how & 1 << bit != 0;
    Rules { lmtp: is(0), pipelining: !is(1), chunking: !is(2), not_ahead: is(3) }
}

fn settings(rules: Rules) -> Settings {
    Settings {
        helo_name: "me".into(),
        protocol: if rules.lmtp { Protocol::Lmtp } else { Protocol::Smtp },
        timeouts: Timeouts::all(LIMIT),
        ..Settings::default()
    }
}

fn mails(count: usize) -> Vec<Mail> {
    let recipient = |r: usize| Recipient {
        to: ForwardPath::parse(&format!("r{r}@example.org")).expect("a path"),
        parameters: Vec::new(),
    };
    let mail = |i: usize| Mail {
        from: ReversePath::parse(&format!("s{i}@example.org")).expect("a path"),
        parameters: Vec::new(),
        recipients: (0..1 + i % 3).map(recipient).collect(),
        body: Body::memory(Box::new(BODIES[i % BODIES.len()])),
        kind: BodyKind::Unknown,
    };
    (0..count).map(mail).collect()
}

fn belief(outcome: &Outcome) -> Belief {
    match outcome.failure {
        None => Belief::Delivered,
        Some((_, Cause::OutcomeUnknown)) => Belief::Unknown,
        Some(_) => Belief::Not,
    }
}

struct Told;

impl Report for Told {
    fn outcome(&mut self, _: usize, _: usize, _: &Outcome) {}
}

/// Delivers a list: the first two octets say how, the others what the servers do.
pub fn list(octets: &[u8]) {
    let [how, list, chances @ ..] = octets else { return };
    let rules = rules(*how);
    let (chances, known) = (Chances::new(chances), Known::default());
    let (make_chances, make_known) = (chances.clone(), known.clone());
    let mut target = || Some(Target::Ready(Box::new(Erratic::new(rules, &make_chances, &make_known))));
    let options = Options {
        target: &mut target,
        settings: settings(rules),
        level: [Level::None, Level::Envelope, Level::Full, Level::Full][usize::from(how >> 4 & 3)],
        connections: 1 + usize::from(how >> 6 & 1),
        window_mails: if how & 0x80 != 0 { 2 } else { 100 },
        window_bytes: 10_000,
        observer: None,
    };
    let mut mails = mails(1 + usize::from(list % 12));
    let outcomes = delivery::run(&mut mails, options, &mut Told, &Cancel::new(), &mut ());
    for (m, of_mail) in outcomes.iter().enumerate() {
        for (r, outcome) in of_mail.iter().enumerate() {
            let body = mended(BODIES[m % BODIES.len()]);
            known.judge(&format!("s{m}@example.org"), &format!("r{r}@example.org"), &body, belief(outcome));
            // A code is shown only where a reply decided.
            match outcome.failure {
                None => assert_eq!(outcome.code / 100, 2, "{outcome:?}"),
                Some((_, Cause::Refused)) => assert!(outcome.code >= 400, "{outcome:?}"),
                Some((_, Cause::Unsent)) => {}
                Some(_) => assert_eq!((outcome.code, outcome.enhanced), (0, None), "{outcome:?}"),
            }
        }
    }
    let most = 4 + 3 * outcomes.len();
    assert!(known.connections() <= most, "{} connections for {} mails", known.connections(), outcomes.len());
}

/// Hands mails on that a well-behaved client sends: what that is told must be so.
pub fn relayed(octets: &[u8]) {
    let [how, count, chances @ ..] = octets else { return };
    let next = rules(*how);
    let lmtp = how & 0x10 != 0;
    let (chances, known) = (Chances::new(chances), Known::default());
    let (make_chances, make_known) = (chances.clone(), known.clone());
    let next_hop = move || Target::Ready(Box::new(Erratic::new(next, &make_chances, &make_known)));
    let relay = Relay::new(relay::Options::new(Arc::new(next_hop), settings(next)));
    let mut service = Service::new("mx.example", Arc::new(relay));
    service.dialogue.lmtp = lmtp;
    let mails = 1 + usize::from(count % 4);
    // Each step of the client waits for what is said before, as far as the session is concerned: one piece, one read.
    let mut pieces: Vec<Vec<u8>> = vec![if lmtp { b"LHLO me\r\n".to_vec() } else { b"EHLO me\r\n".to_vec() }];
    for m in 0..mails {
        pieces.push(format!("MAIL FROM:<s{m}@example.org>\r\n").into_bytes());
        for r in 0..1 + m % 3 {
            pieces.push(format!("RCPT TO:<r{r}@example.org>\r\n").into_bytes());
        }
        // By BDAT nothing depends on an answer that a client of fixed words could not wait for.
        let body = mended(BODIES[m % BODIES.len()]);
        pieces.push([format!("BDAT {} LAST\r\n", body.len()).as_bytes(), &body].concat());
        pieces.push(b"RSET\r\n".to_vec());
    }
    pieces.push(b"QUIT\r\n".to_vec());
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let talk = talk(&service, &pieces, Then::Ends, 0);
    drop(service);
    let mut codes = talk.codes().into_iter().skip(2);
    for m in 0..mails {
        let mail = codes.next().expect("an answer to MAIL");
        let asked: Vec<(usize, u16)> = (0..1 + m % 3).map(|r| (r, codes.next().expect("an answer to RCPT"))).collect();
        let taken: Vec<usize> = asked.iter().filter(|(_, code)| *code == 250).map(|(r, _)| *r).collect();
        let answers = if lmtp && !taken.is_empty() { taken.len() } else { 1 };
        let verdicts: Vec<u16> = (0..answers).map(|_| codes.next().expect("a verdict")).collect();
        assert_eq!(codes.next(), Some(250), "RSET: {:?}", String::from_utf8_lossy(&talk.said));
        assert!(mail == 250 || taken.is_empty());
        let body = mended(BODIES[m % BODIES.len()]);
        for (at, r) in taken.iter().enumerate() {
            let verdict = if lmtp { verdicts[at] } else { verdicts[0] };
            let (sender, recipient) = (format!("s{m}@example.org"), format!("r{r}@example.org"));
            known.judge_relayed(&sender, &recipient, &body, verdict == 250, !lmtp && next.lmtp && taken.len() > 1);
        }
    }
}
