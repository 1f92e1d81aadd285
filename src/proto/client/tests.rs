//! Our client against our server in memory, with every split of the bytes; and the client alone against bad servers.

use super::*;
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::dot::{BodyEncoder, Dots};
use crate::proto::server::{self, Config};
use alloc::vec;
use proptest::prelude::*;

/// A server that refuses recipients named "no" and keeps what it took.
struct Peer {
    dialogue: server::Dialogue,
    body: Vec<u8>,
    bodies: Vec<Vec<u8>>,
}

impl Peer {
    fn new(config: Config) -> Self {
        Peer { dialogue: server::Dialogue::new(config), body: Vec::new(), bodies: Vec::new() }
    }

    fn hear(&mut self, mut input: &[u8]) {
        loop {
            let code = match self.dialogue.advance(&mut input) {
                server::Event::NeedMore | server::Event::Closed => return,
                server::Event::OutputFull | server::Event::Unanswered => panic!("the test answers at once"),
                server::Event::Abandoned => {
                    self.body.clear();
                    continue;
                }
                server::Event::Refused(_) => continue,
                server::Event::Body(bytes) => {
                    self.body.extend_from_slice(bytes);
                    continue;
                }
                server::Event::Complete => {
                    self.bodies.push(core::mem::take(&mut self.body));
                    while self.dialogue.answers_due() > 1 {
                        self.dialogue.answer(&Reply::new(250, "for one"));
                    }
                    250
                }
                server::Event::Rcpt { to, .. } if to.as_str().starts_with("no@") => 550,
                server::Event::Begin => 354,
                server::Event::Mail { .. } | server::Event::Rcpt { .. } | server::Event::Ask { .. } => 250,
                other => panic!("{other:?} is not on offer here"),
            };
            self.dialogue.answer(&Reply::new(code, "as asked"));
        }
    }

    fn say(&mut self, most: usize) -> Vec<u8> {
        let said: Vec<u8> = self.dialogue.output().iter().copied().take(most).collect();
        self.dialogue.sent(said.len());
        said
    }
}

/// Carries bytes in pieces of the given sizes until neither side has any left; returns what the client learnt.
fn carry(client: &mut Dialogue, out: &mut Vec<u8>, peer: &mut Peer, sizes: &[usize]) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut sizes = sizes.iter().copied().cycle();
    loop {
        let size = sizes.next().unwrap_or(1).max(1);
        let piece: Vec<u8> = out.drain(..size.min(out.len())).collect();
        peer.hear(&piece);
        let heard = peer.say(size);
        if piece.is_empty() && heard.is_empty() {
            return answers;
        }
        let mut input = &heard[..];
        while let Some(event) = client.receive(&mut input).expect("our server speaks SMTP") {
            match event {
                Event::Reply(answer) => answers.push(answer),
                Event::Line { .. } | Event::Closing(_) => {}
            }
        }
    }
}

fn mail(client: &mut Dialogue, out: &mut Vec<u8>, recipients: &[&str]) {
    let from = ReversePath::parse("me@example.org").unwrap();
    client.push(&Command::Mail { verb: Verb::Mail, from: &from, params: &[] }, 1, out).unwrap();
    for (i, to) in recipients.iter().enumerate() {
        let to = ForwardPath::parse(to).unwrap();
        client.push(&Command::Rcpt { to: &to, params: &[] }, 10 + i as u64, out).unwrap();
    }
}

fn encoded(dots: Dots, mut body: &[u8]) -> Vec<u8> {
    let mut encoder = BodyEncoder::new(dots);
    let mut wire = Vec::new();
    while let Some(piece) = encoder.next(&mut body) {
        wire.extend_from_slice(piece.bytes());
    }
    wire.extend_from_slice(encoder.finish());
    wire
}

fn hello(client: &mut Dialogue, out: &mut Vec<u8>, peer: &mut Peer, sizes: &[usize], protocol: Protocol) {
    carry(client, out, peer, sizes);
    let command = if protocol == Protocol::Lmtp { Command::Lhlo("me") } else { Command::Ehlo("me") };
    client.push(&command, 0, out).unwrap();
    assert!(carry(client, out, peer, sizes)[0].is_positive());
}

fn peer_for(protocol: Protocol) -> Peer {
    Peer::new(Config { lmtp: protocol == Protocol::Lmtp, ..Config::new("here") })
}

proptest! {
    #[test]
    fn a_pipelined_mail_by_data_arrives_whole_at_every_split(
        body in prop::collection::vec(prop::sample::select(b"ab.\r\n".to_vec()), 0..60),
        sizes in prop::collection::vec(1usize..40, 1..8),
        lmtp in any::<bool>(),
    ) {
        let protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let (mut client, mut out, mut peer) = (Dialogue::new(protocol), Vec::new(), peer_for(protocol));
        hello(&mut client, &mut out, &mut peer, &sizes, protocol);
        mail(&mut client, &mut out, &["a@x", "no@x", "b@x"]);
        client.push(&Command::Data, 2, &mut out).unwrap();
        prop_assert!(!client.may_push(), "DATA ends its group");
        let answers = carry(&mut client, &mut out, &mut peer, &sizes);
        let yes: Vec<bool> = answers.iter().map(Answer::is_positive).collect();
        prop_assert_eq!(yes, vec![true, true, false, true, true]);
        let wire = encoded(Dots::Stuff, &body);
        out.extend_from_slice(&wire);
        client.body_queued(wire.len() as u64);
        client.push_end_of_data(b"", 3, &mut out);
        let answers = carry(&mut client, &mut out, &mut peer, &sizes);
        let verdicts = if lmtp { 2 } else { 1 };
        prop_assert_eq!(answers.len(), verdicts);
        prop_assert!(answers.iter().all(|a| a.expect == Expect::Message && a.is_positive()));
        prop_assert_eq!(answers.iter().filter(|a| !a.more).count(), 1);
        prop_assert_eq!(&peer.bodies[0], &encoded(Dots::Off, &body));
        prop_assert_eq!(client.answered(), client.queued());
    }

    #[test]
    fn mails_by_chunks_go_out_without_waiting(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..5),
        sizes in prop::collection::vec(1usize..200, 1..8),
    ) {
        let (mut client, mut out, mut peer) = (Dialogue::new(Protocol::Smtp), Vec::new(), peer_for(Protocol::Smtp));
        hello(&mut client, &mut out, &mut peer, &sizes, Protocol::Smtp);
        let wires: Vec<Vec<u8>> = bodies.iter().map(|b| encoded(Dots::Off, b)).collect();
        for wire in &wires {
            mail(&mut client, &mut out, &["a@x"]);
            client.push(&Command::Bdat { length: wire.len() as u64, last: true }, 4, &mut out).unwrap();
            out.extend_from_slice(wire);
            client.body_queued(wire.len() as u64);
            client.chunk_complete();
        }
        let answers = carry(&mut client, &mut out, &mut peer, &sizes);
        prop_assert_eq!(answers.len(), 3 * wires.len());
        prop_assert!(answers.iter().all(Answer::is_positive));
        prop_assert_eq!(peer.bodies, wires);
    }

    #[test]
    fn no_bytes_of_a_server_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut client = Dialogue::new(Protocol::Lmtp);
        let mut out = Vec::new();
        client.push(&Command::Help(None), 0, &mut out).unwrap();
        let mut input = &bytes[..];
        while let Ok(Some(_)) = client.receive(&mut input) {}
    }
}

fn ready() -> (Dialogue, Vec<u8>) {
    let (mut client, mut out, mut peer) = (Dialogue::new(Protocol::Smtp), Vec::new(), peer_for(Protocol::Smtp));
    hello(&mut client, &mut out, &mut peer, &[1000], Protocol::Smtp);
    (client, Vec::new())
}

#[test]
fn a_bad_argument_leaves_nothing_behind() {
    let (mut client, mut out) = ready();
    let error = client.push(&Command::Vrfy("x\r\nRSET"), 0, &mut out).unwrap_err();
    assert_eq!(error.cause, Cause::BadArgument);
    assert!(out.is_empty());
    assert_eq!(client.in_flight(), 0);
}

#[test]
fn extra_replies_are_dropped_but_not_for_ever_and_421_is_told() {
    let (mut client, _) = ready();
    for _ in 0..EXTRA_REPLIES_MAX {
        assert_eq!(client.receive(&mut &b"250 not asked for\r\n"[..]), Ok(None));
    }
    assert_eq!(client.receive(&mut &b"250 once more\r\n"[..]).unwrap_err().cause, Cause::Protocol);
    let (mut client, _) = ready();
    assert!(matches!(client.receive(&mut &b"421 bye\r\n"[..]), Ok(Some(Event::Closing(_)))));
}

#[test]
fn given_up_replies_are_dropped_and_a_late_354_is_fatal() {
    let (mut client, mut out) = ready();
    client.push(&Command::Noop(None), 1, &mut out).unwrap();
    assert!(client.abandon());
    client.push(&Command::Rset, 2, &mut out).unwrap();
    let mut input = &b"250 late\r\n250 reset\r\n"[..];
    let Ok(Some(Event::Reply(answer))) = client.receive(&mut input) else { panic!("a reply is due") };
    assert_eq!((answer.tag, answer.reply.text().as_str()), (2, "250 reset"));
    client.push(&Command::Data, 3, &mut out).unwrap();
    assert!(!client.abandon(), "a connection on which a 354 may come late cannot be used");
    assert_eq!(client.receive(&mut &b"354 go\r\n"[..]).unwrap_err().cause, Cause::BrokenOff);
}

#[test]
fn a_listing_is_handed_on_line_by_line_only_when_it_is_one() {
    let (mut client, mut out) = ready();
    client.push(&Command::Expn("staff"), 7, &mut out).unwrap();
    let mut input = &b"250-one\r\n250 two\r\n"[..];
    assert_eq!(client.receive(&mut input), Ok(Some(Event::Line { tag: 7 })));
    assert_eq!(client.line(), b"one");
    assert!(matches!(client.receive(&mut input), Ok(Some(Event::Reply(_)))));
    client.push(&Command::Expn("nobody"), 8, &mut out).unwrap();
    let mut input = &b"550-no\r\n550 such list\r\n"[..];
    assert!(matches!(client.receive(&mut input), Ok(Some(Event::Reply(_)))), "lines of a refusal are not the list");
}

#[test]
fn what_a_login_says_is_known_to_be_a_secret() {
    let (mut client, mut out) = ready();
    client.push(&Command::Raw("AUTH LOGIN"), 0, &mut out).unwrap();
    client.receive(&mut &b"334 VXNlcm5hbWU6\r\n"[..]).unwrap();
    assert!(client.is_in_auth());
    client.push(&Command::Raw("YWxpY2U="), 0, &mut out).unwrap();
    client.receive(&mut &b"334 UGFzc3dvcmQ6\r\n"[..]).unwrap();
    assert!(client.is_in_auth());
    client.push(&Command::Raw("c2VjcmV0"), 0, &mut out).unwrap();
    client.receive(&mut &b"235 welcome\r\n"[..]).unwrap();
    assert!(!client.is_in_auth());
}

#[test]
fn a_no_in_the_middle_of_the_message_is_remembered_until_the_next() {
    let (mut client, mut out) = ready();
    client.push(&Command::Data, 0, &mut out).unwrap();
    assert!(matches!(client.receive(&mut &b"354 go\r\n"[..]), Ok(Some(Event::Reply(_)))));
    assert_eq!(client.receive(&mut &b"250 who knows why\r\n"[..]), Ok(None));
    assert_eq!(client.early_refusal(), None);
    assert_eq!(client.receive(&mut &b"552 too much\r\n"[..]), Ok(None));
    assert_eq!(client.early_refusal().map(|reply| reply.code()), Some(552));
    client.push_end_of_data(b"", 0, &mut out);
    assert!(matches!(client.receive(&mut &b"250 after all\r\n"[..]), Ok(Some(Event::Reply(_)))));
    client.push(&Command::Data, 0, &mut out).unwrap();
    assert!(matches!(client.receive(&mut &b"354 go\r\n"[..]), Ok(Some(Event::Reply(_)))));
    assert_eq!(client.early_refusal(), None);
}

/// It began while the message was going out, so it is no answer to the end, which may never be answered.
#[test]
fn a_no_that_comes_whole_after_the_end_of_the_message_is_one_in_its_middle() {
    let (mut client, mut out) = ready();
    client.push(&Command::Data, 0, &mut out).unwrap();
    assert!(matches!(client.receive(&mut &b"354 go\r\n"[..]), Ok(Some(Event::Reply(_)))));
    assert_eq!(client.receive(&mut &b"5"[..]), Ok(None));
    client.push_end_of_data(b"", 0, &mut out);
    assert_eq!(client.receive(&mut &b"52 too much\r\n"[..]), Ok(None));
    assert_eq!(client.early_refusal().map(|reply| reply.code()), Some(552));
}
