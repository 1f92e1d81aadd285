//! The relay where the next server cannot take a mail as it is, or does not answer at all.

use super::support::picky::{After, Middle, Picky, Rules};
use super::support::raw::Raw;
use super::support::scripted::ScriptedServer;
use super::support::sink::{Keep, Options as SinkOptions, Sink, Then, When};
use super::support::{engine, listeners, wait};
use super::{begin, by_lmtp, envelope, refused, store};
use helo::client::Settings;
use helo::proto::client::Protocol;
use helo::proto::command::Parameter;
use helo::server::spool::relay::{Options, Relay};
use helo::server::spool::{Confirmation, Envelope, Spool};
use helo::server::{Limits, Listen, Place, Server, Service};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn relay(next: SocketAddr, protocol: Protocol) -> Relay {
    let settings = Settings { protocol, ..engine::settings(wait::LONG) };
    Relay::new(Options::to_host(next.ip().to_string(), next.port(), settings))
}

fn sink(options: SinkOptions) -> Sink {
    Sink::start(SinkOptions { keep: Keep::Bodies, ..options })
}

fn announced(parameter: &str) -> Envelope {
    let mut envelope = envelope(&["b@example.com"]);
    envelope.params = vec![Parameter::parse(parameter).unwrap()];
    envelope
}

#[test]
fn what_the_next_server_lacks() {
    for (parameter, lacking, code, enhanced) in [
        ("SMTPUTF8", "SMTPUTF8", 550, "5.6.7"),
        ("BODY=BINARYMIME", "BINARYMIME", 554, "5.6.3"),
        ("BODY=BINARYMIME", "CHUNKING", 554, "5.6.3"),
    ] {
        let next = sink(SinkOptions::default().without(lacking));
        let relay = relay(next.address(), Protocol::Smtp);
        for _ in ["a new connection", "one that was kept"] {
            assert_eq!(refused(begin(&relay, &announced(parameter))), (code, enhanced.into()), "{parameter}");
        }
        // Others go over the same connection.
        store(&relay, &envelope(&["b@example.com"]), b"x\r\n", 10).unwrap();
        assert_eq!((next.count(), next.connections()), (1, 1), "{parameter}");
    }
}

/// RFC 6152 section 3: to be converted or refused. Many announce eight bits and send none.
#[test]
fn eight_bits_for_a_server_of_seven() {
    let next = sink(SinkOptions::default().without("8BITMIME"));
    let relay = relay(next.address(), Protocol::Smtp);
    let mail = announced("BODY=8BITMIME");
    store(&relay, &mail, b"Subject: x\r\n\r\nseven\r\n", 5).unwrap();
    assert_eq!(next.mails()[0].parameters, "");
    let message = "Subject: x\r\n\r\nGrüße\r\n".as_bytes();
    for size in [1, 15, 100] {
        assert_eq!(refused(store(&relay, &mail, message, size)), (554, "5.6.3".into()), "by {size}");
    }
    assert_eq!(next.count(), 1, "nothing of it looks like a whole mail there");
    // Nobody said what this one holds: it goes as it came.
    store(&relay, &envelope(&["b@example.com"]), message, 7).unwrap();
    assert!(next.mails()[1].body.ends_with(message));
}

/// Where one answer is for all, the log says who it is about, and who has the mail all the same.
#[test]
fn lmtp_for_a_client_that_has_one_answer() {
    let next = ScriptedServer::start(
        "S: 220 store
         C: LHLO me.example
         S: 250 store
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.com>
         S: 250 ok
         C: RCPT TO:<c@example.com>
         S: 250 ok
         C: DATA
         S: 354 go
         C.
         S: 250 2.0.0 stored
         S: 552 5.2.2 full
         C: QUIT
         S: 221 bye",
    );
    let relay = relay(next.address(), Protocol::Lmtp);
    let mail = envelope(&["b@example.com", "c@example.com"]);
    let refusal = store(&relay, &mail, b"x\r\n", 10).unwrap().one().unwrap_err();
    assert_eq!((refusal.code, refusal.text.as_str()), (552, "full"));
    let log = refusal.to_string();
    for words in ["for <c@example.com>", "delivered all the same to <b@example.com>"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    drop(relay);
    next.finish();
}

/// The server waits for nobody who does not answer the relay.
#[test]
fn the_end_of_the_server_ends_every_wait_for_the_next_one() {
    let backlog = listeners::FullBacklog::new();
    let silent = |when: When| sink(SinkOptions::default().rule(when, Then::Silence));
    let sinks = [When::Greeting(1), When::Mail(1), When::Rcpt(1, 1), When::Data(1), When::Message(1)].map(silent);
    let sinks = sinks.iter().map(|sink| (sink.address(), Some(sink)));
    for (number, (address, sink)) in sinks.chain([(backlog.address(), None)]).enumerate() {
        let spool = Arc::new(relay(address, Protocol::Smtp));
        let service = Arc::new(Service::new("mx.example", spool.clone()));
        let place = Place::Internet("127.0.0.1:0".parse().unwrap());
        let server = Server::start(&[Listen { place, implicit_tls: false, service }], Limits::default()).unwrap();
        let Some(Place::Internet(own)) = server.places().next().cloned() else { panic!("an address") };
        let mut client = Raw::greeted(own);
        client.ask("MAIL FROM:<a@example.org>", 250);
        client.say("RCPT TO:<b@example.com>");
        if number > 2 && sink.is_some() {
            client.expect(250);
            client.say("DATA");
        }
        if number > 3 && sink.is_some() {
            client.expect(354);
            client.send("x\r\n.\r\n");
        }
        if let Some(sink) = sink {
            wait::until("a connection to the next server", wait::LONG, || (sink.connections() > 0).then_some(()));
        }
        let start = Instant::now();
        server.stop(Duration::from_millis(200));
        assert!(start.elapsed() < Duration::from_secs(4), "{number}: {:?}", start.elapsed());
        let (code, enhanced) = refused(spool.begin(&envelope(&[])));
        assert_eq!((code, enhanced.as_str()), (451, "4.3.2"), "no server uses it");
    }
}

/// The same spool may serve again.
#[test]
fn a_relay_serves_one_server_after_the_other() {
    let next = sink(SinkOptions::default());
    let relay = relay(next.address(), Protocol::Smtp);
    let mail = envelope(&["b@example.com"]);
    relay.opened();
    relay.opened();
    relay.closed();
    store(&relay, &mail, b"x\r\n", 10).unwrap();
    relay.closed();
    assert_eq!(refused(begin(&relay, &mail)).0, 451);
    relay.opened();
    store(&relay, &mail, b"x\r\n", 10).unwrap();
    assert_eq!((next.count(), next.connections()), (2, 2));
}

/// RFC 2033 section 4.2: who has a verdict keeps it, whatever becomes of the connection then. Told to try again, his mail
/// would come twice.
#[test]
fn the_next_server_breaks_off_between_two_answers() {
    for (end, third) in [
        ("CLOSE", "4.4.2"),
        ("RESET", "4.4.2"),
        ("S: 421 4.3.2 going down\nCLOSE", "4.3.2"),
        ("S: what?\nCLOSE", "4.4.1"),
    ] {
        let next = ScriptedServer::start(&format!(
            "S: 220 store
             C: LHLO me.example
             S: 250 store
             C~ MAIL *
             S: 250 ok
             C~ RCPT *
             S: 250 ok
             C~ RCPT *
             S: 250 ok
             C~ RCPT *
             S: 250 ok
             C~ RCPT *
             S: 250 ok
             C: DATA
             S: 354 go
             C.
             S: 250 2.0.0 stored
             S: 552 5.2.2 full
             {end}"
        ));
        let relay = relay(next.address(), Protocol::Lmtp);
        let mail = by_lmtp(&["b@example.com", "c@example.com", "d@example.com", "e@example.com"]);
        let Confirmation::Each(verdicts) = store(&relay, &mail, b"x\r\n", 10).unwrap() else { panic!("one each") };
        assert_eq!(verdicts.len(), 4, "{end}");
        assert_eq!(verdicts[0].as_deref().unwrap(), "stored", "{end}");
        let refusals: Vec<_> = verdicts[1..].iter().map(|verdict| verdict.as_ref().unwrap_err()).collect();
        assert_eq!((refusals[0].code, refusals[0].text.as_str()), (552, "full"), "{end}");
        for refusal in &refusals[1..] {
            assert_eq!((refusal.code, refusal.enhanced.to_string().as_str()), (451, third), "{end}: {refusal}");
        }
        drop(relay);
        let _ = next.outcome();
    }
}

/// The next server refuses the message in its middle and reads no more of it.
#[test]
fn a_no_in_the_middle_of_the_message_is_passed_on_at_once() {
    for (reply, code, enhanced) in [("552 5.3.4 too much", 552, "5.3.4"), ("451 4.3.0 not now", 451, "4.3.0")] {
        for after in [After::Deaf, After::Close, After::Drain] {
            for parameter in ["BODY=8BITMIME", "BODY=BINARYMIME"] {
                let middle = Some(Middle { sender: "a@example.org", octets: 500, reply, after });
                let extensions = vec!["8BITMIME", "CHUNKING", "BINARYMIME"];
                let next = Picky::start(Rules { extensions, middle, ..Rules::default() });
                let relay = relay(next.address(), Protocol::Smtp);
                let begun = Instant::now();
                let message = vec![b'x'; 9 << 20];
                let result = store(&relay, &announced(parameter), &message, 64 * 1024);
                assert_eq!(refused(result), (code, enhanced.into()), "{reply} {after:?} {parameter}");
                assert!(begun.elapsed() < Duration::from_secs(12), "{after:?} {parameter}: {:?}", begun.elapsed());
                assert!(next.taken().is_empty());
            }
        }
    }
}
