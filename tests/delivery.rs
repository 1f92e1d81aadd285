//! Delivery of lists by the engine: round trips, refusals in mid-flight, lost connections. Every recipient has its own
//! result, always.

mod support;

use helo::client::body::Body;
use helo::client::delivery::{self, Mail, Options, Outcome, Recipient, Report, WINDOW_BYTES, WINDOW_MAILS};
use helo::client::envelope::BodyKind;
use helo::client::settings::Timeouts;
use helo::client::{Level, Settings};
use helo::error::Cause;
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::client::Protocol;
use std::net::SocketAddr;
use std::time::Duration;
use support::delay::DelayProxy;
use support::sink::{self, Keep, Sink, Then, When};

struct Quiet;

impl Report for Quiet {
    fn outcome(&mut self, _mail: usize, _recipient: usize, _outcome: &Outcome) {}
}

fn mails(count: usize, recipients: usize, size: usize) -> Vec<Mail> {
    (0..count)
        .map(|i| {
            let mut body = format!("Subject: {i}\n\n.dot\n").into_bytes();
            body.resize(size.max(body.len()), b'x');
            Mail {
                from: ReversePath::parse(&format!("s{i}@example.org")).unwrap(),
                parameters: Vec::new(),
                recipients: (0..recipients)
                    .map(|r| Recipient {
                        to: ForwardPath::parse(&format!("r{i}-{r}@example.org")).unwrap(),
                        parameters: Vec::new(),
                    })
                    .collect(),
                body: Body::memory(Box::new(body)),
                kind: BodyKind::Unknown,
            }
        })
        .collect()
}

fn deliver(address: SocketAddr, level: Level, connections: usize, mails: &mut [Mail]) -> Vec<Vec<Outcome>> {
    deliver_by(Protocol::Smtp, address, level, connections, mails)
}

fn deliver_by(
    protocol: Protocol,
    address: SocketAddr,
    level: Level,
    connections: usize,
    mails: &mut [Mail],
) -> Vec<Vec<Outcome>> {
    let mut target = || Some(Target::Host { host: address.ip().to_string(), port: address.port() });
    let settings = Settings {
        helo_name: "me.example".into(),
        protocol,
        timeouts: Timeouts::all(Duration::from_secs(20)),
        ..Settings::default()
    };
    let options = Options {
        target: &mut target,
        settings,
        level,
        connections,
        window_mails: WINDOW_MAILS,
        window_bytes: WINDOW_BYTES,
        observer: None,
    };
    delivery::run(mails, options, &mut Quiet, &Cancel::new(), &mut ())
}

fn delivered(outcomes: &[Vec<Outcome>]) -> usize {
    outcomes.iter().flatten().filter(|o| o.is_delivered()).count()
}

fn check_stored(sink: &Sink, outcomes: &[Vec<Outcome>]) {
    let stored = sink.mails();
    for (i, mail) in outcomes.iter().enumerate() {
        let sender = format!("s{i}@example.org");
        let found: Vec<_> = stored.iter().filter(|m| m.sender == sender).collect();
        let wanted: Vec<String> = mail
            .iter()
            .enumerate()
            .filter(|(_, o)| o.is_delivered())
            .map(|(r, _)| format!("r{i}-{r}@example.org"))
            .collect();
        if wanted.is_empty() {
            assert!(found.iter().all(|m| m.recipients.is_empty()), "mail {i} was delivered although it failed");
            continue;
        }
        assert_eq!(found.len(), 1, "mail {i} is stored once");
        assert_eq!(found[0].recipients, wanted, "mail {i}");
        assert!(found[0].body.starts_with(format!("Subject: {i}\r\n\r\n.dot\r\n").as_bytes()));
        assert!(found[0].body.ends_with(b"\r\n"));
    }
}

fn sinks() -> Vec<(&'static str, sink::Options)> {
    let keep = || sink::Options { keep: Keep::Bodies, ..sink::Options::default() };
    vec![
        ("all", keep()),
        ("no CHUNKING", keep().without("CHUNKING").without("BINARYMIME")),
        ("no PIPELINING", keep().without("PIPELINING")),
        ("neither", keep().without("PIPELINING").without("CHUNKING").without("BINARYMIME")),
        ("no EHLO", sink::Options { no_ehlo: true, ..keep() }),
    ]
}

const LEVELS: [Level; 3] = [Level::None, Level::Envelope, Level::Full];

#[test]
fn every_level_delivers_to_every_server() {
    for (name, options) in sinks() {
        for level in LEVELS {
            for size in [10, 1000, 200_000, 3_000_000] {
                let sink = Sink::start(options.clone());
                let count = if size > 100_000 { 3 } else { 20 };
                let outcomes = deliver(sink.address(), level, 1, &mut mails(count, 3, size));
                assert_eq!(delivered(&outcomes), count * 3, "{name} {level:?} {size}: {:?}", outcomes[0]);
                check_stored(&sink, &outcomes);
                assert_eq!(sink.connections(), 1);
            }
        }
    }
}

#[test]
fn round_trips() {
    let count = 50;
    let flights = |options: sink::Options, level| {
        let sink = Sink::start(options);
        let proxy = DelayProxy::start(sink.address(), Duration::from_millis(10));
        let outcomes = deliver(proxy.address(), level, 1, &mut mails(count, 3, 1000));
        assert_eq!(delivered(&outcomes), count * 3);
        proxy.flights()
    };
    let all = sink::Options::default;
    let data = || all().without("CHUNKING").without("BINARYMIME");
    let full = flights(all(), Level::Full);
    assert!(full <= 4, "full: {full}");
    let by_bdat = flights(all(), Level::Envelope);
    assert!(by_bdat <= count as u64 + 4, "envelope by BDAT: {by_bdat}");
    let by_data = flights(data(), Level::Envelope);
    assert!(by_data <= count as u64 + 4, "envelope by DATA: {by_data}");
    let none = flights(data(), Level::None);
    assert_eq!(none, count as u64 * 6 + 2, "none: MAIL, three RCPT, DATA, message; EHLO, QUIT");
}

#[test]
fn what_is_refused_in_mid_flight_touches_nobody_else() {
    let no = || Then::Reply("550 5.7.1 no".into());
    let rules: Vec<(&str, When, usize)> = vec![
        ("MAIL", When::Mail(4), 3),
        ("one RCPT", When::Rcpt(4, 2), 1),
        ("all RCPT", When::Rcpt(4, 0), 3),
        ("DATA", When::Data(4), 3),
        ("a chunk", When::Chunk(4, 1), 3),
        ("the message", When::Message(4), 3),
    ];
    for (server, options) in sinks() {
        for (name, when, lost) in &rules {
            for level in LEVELS {
                for size in [1000, 600_000] {
                    let sink = Sink::start(options.clone().rule(when.clone(), no()));
                    let outcomes = deliver(sink.address(), level, 1, &mut mails(8, 3, size));
                    check_stored(&sink, &outcomes);
                    let by_data = sink.mails().iter().all(|m| m.chunks == 0);
                    let applies = match when {
                        When::Data(_) => by_data,
                        When::Chunk(..) => !by_data,
                        _ => true,
                    };
                    let lost = if applies { *lost } else { 0 };
                    let context = format!("{server}, {name}, {level:?}, {size}: {:?}", outcomes[3]);
                    assert_eq!(delivered(&outcomes), 24 - lost, "{context}");
                    assert_eq!(outcomes[3].iter().filter(|o| o.code == 550).count(), lost, "{context}");
                }
            }
        }
    }
}

#[test]
fn after_421_the_unsent_mails_go_on_over_a_new_connection() {
    let farewell = || Then::ReplyAndClose("421 4.3.2 closing".into());
    for (server, options) in sinks() {
        for when in [When::Mail(5), When::Rcpt(5, 2), When::Data(5), When::Chunk(5, 1)] {
            for level in LEVELS {
                let sink = Sink::start(options.clone().rule(when.clone(), farewell()));
                let outcomes = deliver(sink.address(), level, 1, &mut mails(12, 3, 1000));
                check_stored(&sink, &outcomes);
                let refused = matches!(when, When::Chunk(..)) && sink.mails().iter().any(|m| m.chunks > 0);
                let expected = if refused { 33 } else { 36 };
                let context = format!("{server}, {when:?}, {level:?}: {:?}", outcomes[4]);
                assert_eq!(delivered(&outcomes), expected, "{context}");
            }
        }
    }
}

#[test]
fn a_lost_connection_leaves_whole_mails_unknown_and_the_rest_unsent() {
    for (server, options) in sinks() {
        for level in LEVELS {
            let sink = Sink::start(options.clone().rule(When::Message(5), Then::Reset));
            let outcomes = deliver(sink.address(), level, 1, &mut mails(12, 2, 1000));
            for (i, mail) in outcomes.iter().enumerate() {
                for outcome in mail {
                    let cause = outcome.failure.map(|(_, cause)| cause);
                    let context = format!("{server} {level:?} mail {i}: {outcome:?}");
                    match i {
                        0..=3 => assert!(matches!(cause, None | Some(Cause::OutcomeUnknown)), "{context}"),
                        4 => assert_eq!(cause, Some(Cause::OutcomeUnknown), "{context}"),
                        _ => assert!(matches!(cause, Some(Cause::Unsent | Cause::OutcomeUnknown)), "{context}"),
                    }
                }
            }
        }
    }
}

#[test]
fn several_connections_share_the_list() {
    let sink = Sink::start(sink::Options { keep: Keep::Bodies, ..sink::Options::default() });
    let outcomes = deliver(sink.address(), Level::Envelope, 4, &mut mails(200, 1, 1000));
    assert_eq!(delivered(&outcomes), 200);
    check_stored(&sink, &outcomes);
    assert!(sink.connections() > 1 && sink.connections() <= 4);
}

#[test]
fn lmtp_has_a_verdict_for_each_accepted_recipient() {
    for options in [sink::Options::default(), sink::Options::default().without("CHUNKING").without("BINARYMIME")] {
        for level in LEVELS {
            let options = sink::Options { lmtp: true, keep: Keep::Bodies, ..options.clone() };
            let sink = Sink::start(options.rule(When::Rcpt(3, 2), Then::Reply("550 5.1.1 no".into())));
            let outcomes = deliver_by(Protocol::Lmtp, sink.address(), level, 1, &mut mails(6, 3, 1000));
            assert_eq!(delivered(&outcomes), 17, "{level:?}: {:?}", outcomes[2]);
            assert_eq!(outcomes[2][1].code, 550);
            check_stored(&sink, &outcomes);
        }
    }
}

#[test]
fn a_mail_that_cannot_be_read_fails_alone() {
    for level in LEVELS {
        for options in [sink::Options::default(), sink::Options::default().without("CHUNKING").without("BINARYMIME")] {
            let sink = Sink::start(sink::Options { keep: Keep::Bodies, ..options });
            let mut list = mails(5, 2, 1000);
            let mut pieces = 0;
            list[2].body = Body::reader(Box::new(move |buffer| {
                pieces += 1;
                buffer.fill(b'y');
                if pieces < 3 { Ok(buffer.len()) } else { Err(std::io::Error::other("the disk is gone")) }
            }));
            let outcomes = deliver(sink.address(), level, 1, &mut list);
            assert_eq!(delivered(&outcomes), 8, "{level:?} {outcomes:?}");
            assert_eq!(outcomes[2][0].failure.map(|f| f.1), Some(Cause::Source), "{:?}", outcomes[2]);
            assert!(outcomes[2][0].text.contains("the disk is gone"));
            check_stored(&sink, &outcomes);
        }
    }
}

#[test]
fn a_server_that_reads_nothing_for_a_while_is_waited_for() {
    for level in LEVELS {
        let sink = Sink::start(
            sink::Options { keep: Keep::Bodies, ..sink::Options::default() }.rule(When::Mail(3), Then::Hold),
        );
        let address = sink.address();
        let run = std::thread::spawn(move || deliver(address, level, 1, &mut mails(10, 1, 1_500_000)));
        assert!(sink.wait_held(Duration::from_secs(20)));
        sink.release();
        let outcomes = run.join().unwrap();
        assert_eq!(delivered(&outcomes), 10);
        check_stored(&sink, &outcomes);
    }
}
