//! Batches of a thousand mails through the native C face, over a long way: how often the client waits for the server,
//! what refusals in mid-flight do, and what is known when the connection ends. A result for every recipient, always.

mod support;

use helo::faces::helo::{HeloCause, HeloLevel, HeloStatus, helo_set_window};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use support::delay::{DelayProxy, Direction};
use support::native::{Native, Seen};
use support::sink::{Keep, Options, Sink, Then, When};
use support::wait;

const MAILS: u32 = 1000;
const BODY: &[u8] = b"Subject: a batch\r\n\r\n.a line that begins with a dot\r\n";
const LEVELS: [HeloLevel; 3] = [HeloLevel::None, HeloLevel::Envelope, HeloLevel::Full];

fn keeping() -> Options {
    Options { keep: Keep::Hashes, ..Options::default() }
}

fn by_data() -> Options {
    keeping().without("CHUNKING").without("BINARYMIME")
}

fn recipient(mail: u32, number: u32) -> String {
    format!("r{number}-{mail}@x.test")
}

/// A batch of mails with two recipients each.
fn batch(server: std::net::SocketAddr, level: HeloLevel, mails: u32) -> Native {
    let native = Native::to(server).level(level);
    native.timeout(20_000);
    for mail in 0..mails {
        native.mail(&format!("s{mail}@x.test"), &[&recipient(mail, 0), &recipient(mail, 1)], BODY);
    }
    native
}

/// Every result, mail by mail. That each is there is part of every test.
fn results(native: &Native, mails: u32) -> Vec<[Seen; 2]> {
    (0..mails).map(|mail| [native.seen(mail, 0), native.seen(mail, 1)]).collect()
}

/// Who was told "delivered" has the mail, once; who was told "refused" or "unsent" has not.
fn check_against(sink: &Sink, results: &[[Seen; 2]]) {
    let mails = sink.mails();
    let stored: Vec<&String> = mails.iter().flat_map(|mail| &mail.recipients).collect();
    let unique: HashSet<&String> = stored.iter().copied().collect();
    assert_eq!(stored.len(), unique.len(), "somebody got a mail twice");
    for seen in results.iter().flatten() {
        let has = unique.contains(&recipient(seen.mail, seen.recipient));
        match seen.cause {
            HeloCause::None => assert!(has, "delivered and not there: {seen:?}"),
            HeloCause::OutcomeUnknown => {}
            _ => assert!(!has, "not delivered and there: {seen:?}"),
        }
    }
}

fn flights(options: Options, level: HeloLevel, mails: u32) -> u64 {
    let sink = Sink::start(options);
    let proxy = DelayProxy::start(sink.address(), Duration::from_millis(4));
    let native = batch(proxy.address(), level, mails);
    assert_eq!(native.run(), HeloStatus::HeloOk);
    check_against(&sink, &results(&native, mails));
    assert_eq!(sink.count(), u64::from(mails));
    proxy.flights()
}

#[test]
fn full_needs_a_handful_of_round_trips_for_a_thousand_mails() {
    let flights = flights(keeping(), HeloLevel::Full, MAILS);
    assert!(flights <= 5, "{flights}");
}

#[test]
fn envelope_needs_one_round_trip_a_mail_by_bdat_and_by_data() {
    for options in [keeping(), by_data()] {
        let flights = flights(options, HeloLevel::Envelope, MAILS);
        assert!((1000..=1005).contains(&flights), "{flights}");
    }
}

#[test]
fn none_waits_for_every_reply() {
    let flights = flights(by_data(), HeloLevel::None, 100);
    assert_eq!(flights, 100 * 5 + 2, "MAIL, two RCPT, DATA and the message of each; EHLO and QUIT");
}

/// What is refused of mail 500, and how many of its two recipients that costs.
#[test]
fn a_refusal_in_mid_flight_costs_what_was_refused_and_nothing_else() {
    let places = [
        (When::Mail(500), 2),
        (When::Rcpt(500, 1), 1),
        (When::Rcpt(500, 0), 2),
        (When::Data(500), 2),
        (When::Chunk(500, 1), 2),
        (When::Message(500), 2),
    ];
    for options in [keeping(), by_data()] {
        for (when, lost) in &places {
            let by_data = !options.extensions.iter().any(|name| name == "CHUNKING");
            for level in LEVELS {
                let chunks = !by_data && !matches!(level, HeloLevel::None);
                let happens = match when {
                    When::Data(_) => !chunks,
                    When::Chunk(..) => chunks,
                    _ => true,
                };
                let sink = Sink::start(options.clone().rule(when.clone(), Then::Reply("554 5.7.1 not this".into())));
                let native = batch(sink.address(), level, MAILS);
                let status = native.run();
                let results = results(&native, MAILS);
                check_against(&sink, &results);
                let failed: Vec<&Seen> = results.iter().flatten().filter(|seen| !seen.delivered).collect();
                let context = format!("{when:?} {level:?}, by DATA: {by_data}: {failed:?}");
                assert_eq!(failed.len(), if happens { *lost } else { 0 }, "{context}");
                assert_eq!(status, if happens { HeloStatus::HeloFailed } else { HeloStatus::HeloOk }, "{context}");
                for seen in failed {
                    assert_eq!((seen.mail, seen.cause, seen.code), (499, HeloCause::Refused, 554), "{context}");
                    assert_eq!(seen.enhanced, (5, 7, 1), "{context}");
                }
                assert_eq!(sink.connections(), 1, "{context}");
            }
        }
    }
}

/// The server closes with 421 while mail 50 of 100 is on its way: what it had not decided goes over a new connection,
/// and nobody gets anything twice.
#[test]
fn after_421_at_any_place_the_rest_goes_over_a_new_connection() {
    let places =
        [When::Mail(50), When::Rcpt(50, 1), When::Rcpt(50, 2), When::Data(50), When::Chunk(50, 1), When::Message(50)];
    for options in [keeping(), by_data()] {
        for when in &places {
            for level in LEVELS {
                let farewell = Then::ReplyAndClose("421 4.3.2 closing for the night".into());
                let sink = Sink::start(options.clone().rule(when.clone(), farewell));
                let native = batch(sink.address(), level, 100);
                native.run();
                let results = results(&native, 100);
                check_against(&sink, &results);
                let failed: Vec<&Seen> = results.iter().flatten().filter(|seen| !seen.delivered).collect();
                // 421 as the answer to the message itself is the server's verdict on this mail.
                assert!(failed.len() <= 2, "{when:?} {level:?}: {failed:?}");
                assert!(failed.iter().all(|seen| seen.code == 421), "{when:?} {level:?}: {failed:?}");
            }
        }
    }
}

#[test]
fn a_server_that_says_421_first_is_asked_a_few_times_and_then_given_up() {
    let mut options = keeping();
    for connection in 1..=20 {
        options = options.rule(When::Greeting(connection), Then::ReplyAndClose("421 4.3.2 busy".into()));
    }
    let sink = Sink::start(options);
    let native = batch(sink.address(), HeloLevel::Full, 3);
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    for seen in results(&native, 3).iter().flatten() {
        assert_eq!(seen.code, 421, "{seen:?}");
        assert!(!seen.delivered);
    }
    assert!((1..=5).contains(&sink.connections()), "{}", sink.connections());
}

/// The connection breaks at the answer to mail 500: what was whole by then is unknown, what was not is unsent.
#[test]
fn a_connection_that_breaks_leaves_nobody_in_the_dark() {
    for options in [keeping(), by_data()] {
        for level in LEVELS {
            for break_off in [Then::Close, Then::Reset] {
                let sink = Sink::start(options.clone().rule(When::Message(500), break_off.clone()));
                let native = batch(sink.address(), level, MAILS);
                assert_eq!(native.run(), HeloStatus::HeloFailed);
                let results = results(&native, MAILS);
                check_against(&sink, &results);
                let context = format!("{level:?} {break_off:?}");
                let unknown = results.iter().filter(|mail| mail[0].cause == HeloCause::OutcomeUnknown).count();
                let unsent = results.iter().filter(|mail| mail[0].cause == HeloCause::Unsent).count();
                let taken = results.iter().filter(|mail| mail[0].delivered).count();
                assert_eq!(results[499][0].cause, HeloCause::OutcomeUnknown, "{context}");
                assert_eq!(results[499][1].cause, HeloCause::OutcomeUnknown, "{context}");
                assert_eq!(unknown + unsent + taken, 1000, "{context}: {unknown} {unsent} {taken}");
                if !matches!(level, HeloLevel::Full) {
                    assert_eq!((unknown, unsent, taken), (1, 500, 499), "{context}");
                }
                assert_eq!(sink.connections(), 1, "{context}: sending again could make duplicates");
            }
        }
    }
}

#[test]
fn a_server_that_does_not_read_for_a_while_is_waited_for() {
    let sink = Sink::start(keeping().rule(When::Mail(10), Then::Hold));
    let native = batch(sink.address(), HeloLevel::Full, MAILS);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| native.run());
        assert!(sink.wait_held(wait::LONG));
        sink.release();
        assert_eq!(run.join().ok(), Some(HeloStatus::HeloOk));
    });
    check_against(&sink, &results(&native, MAILS));
}

/// Replies of hundreds of bytes pile up until the server can say no more and therefore reads no more, while the client
/// has megabytes to send and is not read either: both ways are full, and must go on as soon as they are free.
#[test]
fn neither_side_reads_for_a_while() {
    const MAILS: u64 = 20;
    const RECIPIENTS: u64 = 1000;
    let long_winded = format!("250 2.1.5 {}", "recipient accepted ".repeat(30));
    let mut options = Options::default();
    for mail in 1..=MAILS {
        options = options.rule(When::Rcpt(mail, 0), Then::Reply(long_winded.clone()));
    }
    let sink = Sink::start(options);
    let proxy = DelayProxy::start(sink.address(), Duration::from_millis(1));
    let native = Native::to(proxy.address()).level(HeloLevel::Full);
    native.timeout(60_000);
    assert_eq!(helo_set_window(native.0, u32::MAX, u64::MAX), HeloStatus::HeloOk);
    let names: Vec<String> = (0..RECIPIENTS).map(|number| format!("r{number}@x.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let body: &'static [u8] = vec![b'x'; 1024 * 1024].leak();
    for _ in 0..MAILS {
        native.mail("s@x.test", &names, body);
    }
    std::thread::scope(|scope| {
        let run = scope.spawn(|| native.run());
        for megabytes in [1, 5, 10] {
            wait::until("bytes on their way", wait::LONG, || {
                (run.is_finished() || proxy.bytes(Direction::ToServer) > megabytes << 20).then_some(())
            });
            proxy.pause(Direction::ToServer);
            proxy.pause(Direction::ToClient);
            stand_still(&proxy);
            assert!(!run.is_finished(), "it has more to send than any buffer holds");
            proxy.resume(Direction::ToServer);
            proxy.resume(Direction::ToClient);
        }
        assert_eq!(run.join().ok(), Some(HeloStatus::HeloOk));
    });
    assert_eq!(native.progress().delivered, MAILS * RECIPIENTS);
    assert_eq!(sink.count(), MAILS);
}

/// Waits until nothing comes through to the server any more.
fn stand_still(proxy: &DelayProxy) {
    let mut last = (0, Instant::now());
    wait::until("a standstill", wait::LONG, || {
        let bytes = proxy.bytes(Direction::ToServer);
        if bytes != last.0 {
            last = (bytes, Instant::now());
        }
        (last.1.elapsed() > Duration::from_millis(100)).then_some(())
    });
}
