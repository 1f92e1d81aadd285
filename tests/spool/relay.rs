//! The relay: what the next server hears, and what its answers become.

use super::support::scripted::{Options as Scripted, Place, ScriptedServer};
use super::support::sink::{Keep, Options as SinkOptions, Sink, Then, When};
use super::support::{engine, listeners, wait};
use super::{begin, by_lmtp, envelope, recipient, refused, store};
use helo::client::Settings;
use helo::net::connect::Target;
use helo::proto::client::Protocol;
use helo::proto::command::Parameter;
use helo::server::spool::relay::{Options, Relay};
use helo::server::spool::{Confirmation, Spool};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.dot\r\nGr\xc3\xbc\xc3\x9fe\r\nlast\r\n";

fn options(next: SocketAddr, protocol: Protocol) -> Options {
    let settings = Settings { protocol, ..engine::settings(wait::LONG) };
    Options::to_host(next.ip().to_string(), next.port(), settings)
}

fn smtp(next: SocketAddr) -> Relay {
    Relay::new(options(next, Protocol::Smtp))
}

fn lmtp(next: SocketAddr) -> Relay {
    Relay::new(options(next, Protocol::Lmtp))
}

fn sink(options: SinkOptions) -> Sink {
    Sink::start(SinkOptions { keep: Keep::Bodies, ..options })
}

fn reply(line: &str) -> Then {
    Then::Reply(line.into())
}

fn params(list: &[&str]) -> Vec<Parameter> {
    list.iter().map(|param| Parameter::parse(param).unwrap()).collect()
}

#[test]
fn a_mail_goes_on_with_its_envelope_and_a_received_field() {
    let next = sink(SinkOptions::default());
    let mut envelope = envelope(&["b@example.com", "c@example.com"]);
    envelope.params = params(&["SIZE=50", "BODY=8BITMIME", "RET=HDRS", "ENVID=x"]);
    envelope.recipients[1].params = params(&["NOTIFY=NEVER"]);
    let done = store(&smtp(next.address()), &envelope, MESSAGE, 7).unwrap();
    assert!(matches!(done, Confirmation::All(text) if !text.is_empty()));
    let mail = next.mails().remove(0);
    assert_eq!(mail.sender, "a@example.org");
    assert_eq!(mail.parameters, "RET=HDRS ENVID=x SIZE=450 BODY=8BITMIME");
    assert_eq!(mail.recipients, ["b@example.com", "c@example.com"]);
    assert_eq!(mail.recipient_parameters, ["", "NOTIFY=NEVER"]);
    let body = String::from_utf8(mail.body).unwrap();
    let top = format!("Received: from mx.example.com\r\n by mx.example.com with ESMTP id {};\r\n ", envelope.id);
    assert!(body.starts_with(&top) && body.ends_with(std::str::from_utf8(MESSAGE).unwrap()), "{body}");
}

#[test]
fn large_and_empty_messages() {
    let next = sink(SinkOptions::default());
    let relay = smtp(next.address());
    let large: Vec<u8> = (0..40_000).flat_map(|line| format!(".line {line}\r\n").into_bytes()).collect();
    for message in [&large[..], b""] {
        store(&relay, &envelope(&["b@example.com"]), message, 9973).unwrap();
        let body = next.mails().pop().unwrap().body;
        let top = body.windows(2).zip(2..).filter(|(end, _)| end == b"\r\n").nth(3).unwrap().1;
        assert!(body[..top].starts_with(b"Received: ") && body[top..] == *message);
    }
}

#[test]
fn it_streams() {
    let next = sink(SinkOptions::default().rule(When::Message(1), Then::Hold));
    let relay = smtp(next.address());
    let mut delivery = begin(&relay, &envelope(&["b@example.com"])).unwrap();
    // More than sockets hold: the next server must be reading while it comes.
    for _ in 0..200 {
        delivery.write(&[b'x'; 100_000]).unwrap();
        delivery.write(b"\r\n").unwrap();
    }
    let ending = std::thread::spawn(move || delivery.finish());
    assert!(next.wait_held(wait::LONG));
    assert!(!ending.is_finished(), "not confirmed before the next server has confirmed");
    next.release();
    ending.join().unwrap().unwrap();
    assert!(next.bytes() > 20_000_000);
}

#[test]
fn binary_mails_go_by_chunks_and_are_not_touched() {
    for (next, size) in [(sink(SinkOptions::default()), 1000), (sink(SinkOptions::default()), 300_000)] {
        let mut envelope = envelope(&["b@example.com"]);
        envelope.params = params(&["BODY=BINARYMIME"]);
        let message: Vec<u8> = (0..700_000u32).map(|octet| (octet * 7 % 256) as u8).collect();
        store(&smtp(next.address()), &envelope, &message, size).unwrap();
        let mail = next.mails().remove(0);
        assert_eq!(mail.parameters, "BODY=BINARYMIME");
        assert!((3..=4).contains(&mail.chunks), "{} chunks", mail.chunks);
        assert!(mail.body.ends_with(&message));
    }
}

#[test]
fn a_mail_that_may_hold_utf8() {
    let mut envelope = envelope(&["b@example.com"]);
    envelope.params = params(&["SMTPUTF8"]);
    let next = sink(SinkOptions::default());
    store(&smtp(next.address()), &envelope, MESSAGE, 10).unwrap();
    assert_eq!(next.mails()[0].parameters, "SMTPUTF8 BODY=8BITMIME");
}

#[test]
fn each_recipient_has_the_next_servers_answer_at_once() {
    let refuse = |to: &str, line: &str| (When::Recipient(to.into()), reply(line));
    let (unknown, full) = (refuse("u@example.com", "550 5.1.1 nobody"), refuse("f@example.com", "452 4.2.2 full"));
    let next = sink(SinkOptions::default().rule(unknown.0, unknown.1).rule(full.0, full.1));
    let relay = smtp(next.address());
    assert!(relay.early());
    let mut delivery = relay.begin(&envelope(&[])).unwrap();
    assert_eq!(refused(delivery.recipient(&recipient("u@example.com"))), (550, "5.1.1".into()));
    delivery.recipient(&recipient("b@example.com")).unwrap();
    let refusal = delivery.recipient(&recipient("f@example.com")).unwrap_err();
    assert_eq!((refusal.code, refusal.text.as_str()), (452, "full"), "its words, without the code");
    delivery.write(MESSAGE).unwrap();
    delivery.finish().unwrap();
    assert_eq!(next.mails()[0].recipients, ["b@example.com"]);
    let body = String::from_utf8_lossy(&next.mails()[0].body).into_owned();
    assert!(body.contains("\r\n for <b@example.com>;\r\n"), "{body}");
}

#[test]
fn lmtp_has_an_answer_for_each_recipient() {
    let server = ScriptedServer::start(
        "S: 220 store
         C: LHLO me.example
         S: 250 store
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: RCPT TO:<c@example.com>
         S: 250 ok
         C: RCPT TO:<d@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 250 2.1.5 stored b
         S: 552 5.2.2 full c
         S: 451 4.3.0 later d
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 550 5.7.1 no
         C: QUIT
         S: 221 bye",
    );
    let relay = lmtp(server.address());
    let recipients = ["b@example.com", "c@example.com", "d@example.com"];
    let answers = store(&relay, &by_lmtp(&recipients), MESSAGE, 10).unwrap().each(3);
    assert_eq!(answers[0].as_deref(), Ok("stored b"));
    assert_eq!(refused(answers[1].clone()), (552, "5.2.2".into()));
    assert_eq!(refused(answers[2].clone()), (451, "4.3.0".into()));
    let done = store(&relay, &by_lmtp(&["b@example.com"]), MESSAGE, 10).unwrap();
    assert_eq!(refused(done.one()), (550, "5.7.1".into()));
    drop(relay);
    server.finish();
}

#[test]
fn connections_are_used_again_and_a_lost_one_is_replaced() {
    let next = sink(SinkOptions::default());
    let relay = smtp(next.address());
    for _ in 0..3 {
        store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
    }
    // Given up before its message: the connection stays usable.
    drop(begin(&relay, &envelope(&["b@example.com"])).unwrap());
    store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
    assert_eq!((next.count(), next.connections()), (4, 1));

    // One that the server has closed meanwhile.
    let lost = ScriptedServer::start(
        "S: 220 a
         C: EHLO me.example
         S: 250 a
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 250 one
         S: 421 4.3.2 idle
         CLOSE
         CONNECTION 2
         S: 220 a
         C: EHLO me.example
         S: 250 a
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 250 two
         C: QUIT
         S: 221 bye",
    );
    let relay = smtp(lost.address());
    for text in ["one", "two"] {
        let done = store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
        assert_eq!(done, Confirmation::All(text.into()));
    }
    drop(relay);
    lost.finish();
}

#[test]
fn connections_are_not_kept_beyond_their_time_and_number() {
    let next = sink(SinkOptions::default());
    let relay = Relay::new(Options { idle_time: Duration::ZERO, ..options(next.address(), Protocol::Smtp) });
    for _ in 0..3 {
        store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
    }
    assert_eq!(next.connections(), 3);
    let relay = Relay::new(Options { connections_max: 2, idle_max: 1, ..options(next.address(), Protocol::Smtp) });
    let mail = || relay.begin(&envelope(&["b@example.com"]));
    drop((mail().unwrap(), mail().unwrap()));
    let (_one, _two) = (mail().unwrap(), mail().unwrap());
    assert_eq!(next.connections(), 6, "one of the two was kept");
}

/// A mail that waits for its client has no connection when others need it, and goes on all the same; each of them arrives
/// once, as it was begun.
#[test]
fn mails_that_wait_for_their_clients_hold_up_nobody() {
    let next = sink(SinkOptions::default());
    let relay = Relay::new(Options { connections_max: 2, ..options(next.address(), Protocol::Smtp) });
    let names: Vec<String> = (0..7).map(|number| format!("b{number}@example.com")).collect();
    let waiting: Vec<_> =
        names.iter().map(|name| begin(&relay, &envelope(&[name, "c@example.com"])).unwrap()).collect();
    store(&relay, &envelope(&["d@example.com"]), MESSAGE, 10).unwrap();
    for mut delivery in waiting {
        delivery.recipient(&recipient("e@example.com")).unwrap();
        delivery.write(MESSAGE).unwrap();
        delivery.finish().unwrap();
    }
    let got: Vec<Vec<String>> = next.mails().into_iter().map(|mail| mail.recipients).collect();
    let expected = names.iter().map(|name| vec![name.clone(), "c@example.com".into(), "e@example.com".into()]);
    assert_eq!(got, std::iter::once(vec!["d@example.com".to_owned()]).chain(expected).collect::<Vec<_>>());
    assert!(next.connections() <= 3, "{} connections", next.connections());
}

/// A message that has begun keeps its connection for its time, and not longer when others wait. What was sent of it is
/// never taken for the whole.
#[test]
fn a_message_that_does_not_go_on_is_given_up_when_others_wait() {
    let next = sink(SinkOptions::default());
    let hold = Duration::from_millis(300);
    let relay = Relay::new(Options { connections_max: 1, hold, ..options(next.address(), Protocol::Smtp) });
    let mut slow = begin(&relay, &envelope(&["slow@example.com"])).unwrap();
    slow.write(MESSAGE).unwrap();
    let began = Instant::now();
    store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
    assert!(began.elapsed() >= hold);
    let refusal = slow.write(b"more\r\n").unwrap_err();
    assert_eq!((refusal.code, refusal.enhanced.to_string().as_str()), (451, "4.4.2"));
    drop(slow);
    // Alone it may take its time.
    let mut slow = begin(&relay, &envelope(&["slow@example.com"])).unwrap();
    slow.write(MESSAGE).unwrap();
    std::thread::sleep(2 * hold);
    slow.write(b"more\r\n").unwrap();
    slow.finish().unwrap();
    let got: Vec<Vec<String>> = next.mails().into_iter().map(|mail| mail.recipients).collect();
    assert_eq!(got, [["b@example.com"], ["slow@example.com"]]);
}

/// Whom the next server does not take the second time is not lost: the client is told to come again.
#[test]
fn an_envelope_that_is_not_taken_again_is_refused_for_now() {
    let no = "550 5.1.1 not any more".to_owned();
    let next = sink(SinkOptions::default().rule(When::Rcpt(3, 1), Then::Reply(no)));
    let relay = Relay::new(Options { connections_max: 1, ..options(next.address(), Protocol::Smtp) });
    let mut first = begin(&relay, &envelope(&["b@example.com"])).unwrap();
    let second = begin(&relay, &envelope(&["c@example.com"])).unwrap();
    drop(second);
    let refusal = first.write(MESSAGE).unwrap_err();
    assert_eq!((refusal.code, refusal.enhanced.to_string().as_str()), (451, "4.4.2"));
    assert!(refusal.cause.contains("<b@example.com>") && refusal.cause.contains("not any more"), "{refusal}");
}

/// One client has half of the connections, and those of this machine as many as there are.
#[test]
fn one_client_does_not_have_them_all() {
    use helo::server::spool::Peer;
    let next = sink(SinkOptions::default());
    let relay = Relay::new(Options { connections_max: 4, ..options(next.address(), Protocol::Smtp) });
    let from = |address: &str, to: &str| {
        let mut mail = envelope(&[to]);
        mail.peer = Peer::Internet(address.parse().unwrap());
        mail
    };
    let mut held: Vec<_> = (0..2).map(|_| begin(&relay, &from("192.0.2.1:9", "a@example.com")).unwrap()).collect();
    // Its third takes one of its own two; another client needs no time for it.
    held.push(begin(&relay, &from("192.0.2.1:9", "a@example.com")).unwrap());
    assert_eq!(next.connections(), 2);
    let began = Instant::now();
    held.push(begin(&relay, &from("192.0.2.2:9", "b@example.com")).unwrap());
    held.push(begin(&relay, &from("127.0.0.1:9", "c@example.com")).unwrap());
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    assert_eq!(next.connections(), 4);
    for mut delivery in held {
        delivery.write(MESSAGE).unwrap();
        delivery.finish().unwrap();
    }
    assert_eq!(next.mails().len(), 5);
}

/// No next mail is waited for to close what was kept, each time anew.
#[test]
fn a_kept_connection_is_closed_when_its_time_is_over() {
    let one_mail = "S: 220 a
         C: EHLO me.example
         S: 250 a
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 250 ok
         C: QUIT
         S: 221 bye";
    let servers = [ScriptedServer::start(one_mail), ScriptedServer::start(one_mail)];
    let mut ports: Vec<u16> = servers.iter().rev().map(ScriptedServer::port).collect();
    let next = std::sync::Mutex::new(move || ports.pop().expect("no connection after the second"));
    let next_hop = move || Target::Host { host: "127.0.0.1".into(), port: next.lock().unwrap()() };
    let idle_time = Duration::from_millis(50);
    let relay = Relay::new(Options { idle_time, ..Options::new(Arc::new(next_hop), engine::settings(wait::LONG)) });
    for server in servers {
        store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
        server.finish();
    }
}

#[test]
fn a_server_that_is_not_there() {
    let (code, enhanced) = refused(begin(&smtp(listeners::refusing()), &envelope(&["b@example.com"])));
    assert_eq!((code, enhanced.as_str()), (451, "4.4.1"));
    let full = listeners::FullBacklog::new();
    let settings = engine::settings(Duration::from_millis(200));
    let relay = Relay::new(Options::to_host("127.0.0.1", full.address().port(), settings));
    let start = Instant::now();
    assert_eq!(refused(begin(&relay, &envelope(&["b@example.com"]))), (451, "4.4.1".into()));
    assert!(start.elapsed() < wait::LONG);
}

#[test]
fn trouble_at_each_step() {
    let close = || Then::Close;
    for (when, then, code, enhanced) in [
        (When::Greeting(1), reply("554 5.7.1 go away"), 451, "4.4.1"),
        (When::Greeting(1), close(), 451, "4.4.2"),
        (When::Mail(1), reply("550 5.7.1 bad sender"), 550, "5.7.1"),
        (When::Mail(1), Then::ReplyAndClose("421 4.3.2 down".into()), 451, "4.3.2"),
        (When::Mail(1), close(), 451, "4.4.2"),
        (When::Rcpt(1, 1), close(), 451, "4.4.2"),
        (When::Data(1), reply("554 5.5.1 no recipients"), 554, "5.5.1"),
        (When::Data(1), close(), 451, "4.4.2"),
        (When::Message(1), reply("554 5.7.1 spam"), 554, "5.7.1"),
        (When::Message(1), reply("452 full"), 452, "4.0.0"),
        (When::Message(1), close(), 451, "4.4.2"),
        (When::Message(1), Then::Reset, 451, "4.4.2"),
    ] {
        let next = sink(SinkOptions::default().rule(when.clone(), then.clone()));
        let relay = smtp(next.address());
        let said = refused(store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10));
        assert_eq!(said, (code, enhanced.into()), "{when:?} {then:?}");
        // The next mail goes.
        let again = store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10);
        assert!(again.is_ok(), "{when:?} {then:?}: {again:?}");
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let next = sink(SinkOptions::default().rule(When::Message(1), Then::Silence));
    let settings = engine::settings(Duration::from_millis(300));
    let relay = Relay::new(Options::to_host("127.0.0.1", next.port(), settings));
    assert_eq!(refused(store(&relay, &envelope(&["b@example.com"]), MESSAGE, 10)), (451, "4.4.2".into()));
}

#[test]
fn a_mail_given_up_in_the_middle_of_its_message_is_never_complete_there() {
    let server = ScriptedServer::start(
        "S: 220 a
         C: EHLO me.example
         S: 250 a
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C~ Received: *
         HANG",
    );
    let relay = smtp(server.address());
    let mut delivery = begin(&relay, &envelope(&["b@example.com"])).unwrap();
    // As much as is not gathered before it is sent.
    delivery.write(&b"Subject: x\r\n".repeat(30_000)).unwrap();
    drop(delivery);
    server.finish();
}

#[test]
fn a_mail_that_goes_in_a_circle_is_refused() {
    let next = sink(SinkOptions::default());
    let relay = smtp(next.address());
    let message =
        |hops: usize| ["Received: from a by b; date\r\n".repeat(hops), "\r\nreceived: body\r\n".into()].concat();
    store(&relay, &envelope(&["b@example.com"]), message(100).as_bytes(), 1000).unwrap();
    let over = store(&relay, &envelope(&["b@example.com"]), message(101).as_bytes(), 1000);
    assert_eq!(refused(over), (554, "5.4.6".into()));
    assert_eq!(next.count(), 1);
}

#[test]
fn a_server_by_its_path() {
    let options = Scripted { place: Place::Unix, ..Scripted::default() };
    let server = ScriptedServer::with(
        options,
        "S: 220 store
         C: LHLO me.example
         S: 250 store
         C: MAIL FROM:<>
         S: 250 ok
         C: RCPT TO:<b>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 250 stored
         C: QUIT
         S: 221 bye",
    );
    let path = server.path().to_owned();
    let settings = Settings { protocol: Protocol::Lmtp, ..engine::settings(wait::LONG) };
    let relay = Relay::new(Options::new(Arc::new(move || Target::Unix(path.clone())), settings));
    let mut envelope = envelope(&["b"]);
    envelope.from = helo::proto::address::ReversePath::null();
    assert_eq!(store(&relay, &envelope, MESSAGE, 10).unwrap().one().unwrap(), "stored");
    drop(relay);
    server.finish();
}
