//! The client's end: greets, begins TLS, authenticates itself, sends its mails as the scenario says, and quits.

use crate::Scenario;
use crate::network::Link;
use crate::random::Random;
use crate::server::{CLIENT_HELLO, SERVER_HELLO};
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::client::{Answer, Dialogue, Event, Expect, Protocol};
use helo::proto::command::{Command, Verb};
use helo::proto::dot::{BodyEncoder, Dots};
use helo::sasl::{self, Context, Credentials, ENTROPY, Mechanism, Proof, Secret, wire};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// A mail, and what was said to it.
#[derive(Debug)]
pub struct Mail {
    pub sender: String,
    /// The body with its line ends in order.
    pub wire: Vec<u8>,
    body: Vec<u8>,
    recipients: Vec<String>,
    /// The answers to RCPT.
    accepted: Vec<bool>,
    /// The answers to the message, by LMTP one for each recipient.
    verdicts: Vec<bool>,
    lmtp: bool,
}

impl Mail {
    /// The recipients that the mail was taken for.
    pub fn taken(&self) -> impl Iterator<Item = &str> {
        let accepted = self.recipients.iter().zip(&self.accepted).filter(|(_, yes)| **yes).map(|(name, _)| name);
        let verdict = |place: usize| *self.verdicts.get(if self.lmtp { place } else { 0 }).unwrap_or(&false);
        accepted.enumerate().filter(move |(place, _)| verdict(*place)).map(|(_, name)| name.as_str())
    }
}

/// What is still to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Hello,
    StartTls,
    Auth,
    Mail(usize),
    Rcpt(usize, usize),
    Data(usize),
    Chunk { mail: usize, from: usize, to: usize },
    Rset,
    Quit,
}

pub struct Client {
    dialogue: Dialogue,
    lmtp: bool,
    tasks: VecDeque<Task>,
    out: Vec<u8>,
    sent: usize,
    silent_after: Option<usize>,
    /// The next task has to wait for all answers.
    waits: bool,
    blind: bool,
    mechanism: Option<Box<dyn Mechanism>>,
    pub let_in: Option<bool>,
    handshake: Option<Vec<u8>>,
    pub mails: Vec<Mail>,
    done: bool,
    pub was_sent_away: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "still to do {:?}, {:?}, last heard {:?}",
            self.tasks,
            self.dialogue.awaited(),
            self.dialogue.last_reply()
        )
    }
}

/// Bodies of all kinds: empty, with dots, with bare line ends.
fn body(random: &mut Random) -> Vec<u8> {
    (0..random.below(300)).map(|_| b"ab.\r\n.c\x01\xff"[random.below(9) as usize]).collect()
}

impl Client {
    pub fn new(scenario: &Scenario, random: &mut Random) -> Client {
        let mails: Vec<Mail> = (0..scenario.mails)
            .map(|number| {
                let body = body(random);
                let recipients: Vec<String> = (0..=random.below(4)).map(|to| format!("r{to}@example.com")).collect();
                let wire = encode(&body, Dots::Off);
                let sender = format!("m{number}@example.org");
                let lmtp = scenario.lmtp;
                Mail { sender, wire, body, recipients, accepted: Vec::new(), verdicts: Vec::new(), lmtp }
            })
            .collect();
        let mut tasks = VecDeque::from([Task::Hello]);
        if scenario.tls {
            tasks.extend([Task::StartTls, Task::Hello]);
        }
        tasks.extend(scenario.auth.map(|_| Task::Auth));
        for (number, mail) in mails.iter().enumerate() {
            tasks.push_back(Task::Mail(number));
            tasks.extend((0..mail.recipients.len()).map(|to| Task::Rcpt(number, to)));
            match scenario.chunks {
                None => tasks.push_back(Task::Data(number)),
                Some(size) => {
                    let mut from = 0;
                    loop {
                        let to = (from + size).min(mail.wire.len());
                        tasks.push_back(Task::Chunk { mail: number, from, to });
                        if to == mail.wire.len() {
                            break;
                        }
                        from = to;
                    }
                }
            }
            tasks.push_back(Task::Rset); // whatever has become of it
        }
        tasks.push_back(Task::Quit);
        let mechanism = scenario.auth.map(|(name, right)| {
            let secret = Secret::new(if right { "wonder" } else { "wander" }.into());
            let credentials = match sasl::traits(name).map(|traits| traits.proof) {
                Some(Proof::Token) => Credentials::token("alice", secret),
                _ => Credentials::new("alice", secret),
            };
            let context = Context { entropy: [5; ENTROPY], host: "mx.example", port: 25, channel: None, offered: &[] };
            sasl::client(name, &credentials, &context).expect("good credentials")
        });
        Client {
            dialogue: Dialogue::new(if scenario.lmtp { Protocol::Lmtp } else { Protocol::Smtp }),
            lmtp: scenario.lmtp,
            tasks,
            out: Vec::new(),
            sent: 0,
            silent_after: scenario.silent_after,
            waits: true,
            blind: scenario.blind,
            mechanism,
            let_in: None,
            handshake: None,
            mails,
            done: false,
            was_sent_away: false,
        }
    }

    pub fn is_done(&self) -> bool {
        self.done && self.tasks.is_empty() && self.dialogue.in_flight() == 0
    }

    /// Does what can be done now; false if that is nothing.
    pub fn step(&mut self, now: Duration, from: &mut Link, to: &mut Link, random: &mut Random) -> bool {
        let heard = from.receive(usize::MAX, now);
        self.hear(&heard);
        let mut moved = !heard.is_empty();
        while self.handshake.is_none() && self.may_go_on() {
            let Some(task) = self.tasks.pop_front() else { break };
            self.say(task);
            moved = true;
        }
        let silent = self.silent_after.map_or(usize::MAX, |after| after - self.sent.min(after));
        let sent = to.send(&self.out[..self.out.len().min(silent)], now, random);
        self.out.drain(..sent);
        self.sent += sent;
        if from.is_over() {
            to.end();
        }
        moved | (sent > 0)
    }

    fn hear(&mut self, bytes: &[u8]) {
        if let Some(seen) = &mut self.handshake {
            seen.extend_from_slice(bytes);
            if seen == SERVER_HELLO {
                self.handshake = None;
                self.dialogue.forget();
            }
            return;
        }
        let mut input = bytes;
        while let Some(event) = self.dialogue.receive(&mut input).expect("our server speaks SMTP") {
            match event {
                Event::Reply(answer) => self.take(answer),
                Event::Closing(_) => self.go(),
                Event::Line { .. } => panic!("nothing is listed"),
            }
            assert!(self.handshake.is_none() || input.is_empty(), "nothing comes behind the answer to STARTTLS");
        }
    }

    /// The server has ended the session.
    fn go(&mut self) {
        self.was_sent_away = true;
        self.tasks.clear();
    }

    fn take(&mut self, answer: Answer) {
        let yes = answer.is_positive();
        if answer.reply.code() == 421 {
            return self.go();
        }
        let number = answer.tag as usize;
        match answer.expect {
            Expect::Greeting | Expect::Command(Verb::Ehlo | Verb::Lhlo) => assert!(yes, "{answer:?}"),
            Expect::Command(Verb::StartTls) => {
                assert!(yes, "{answer:?}");
                self.out.extend_from_slice(CLIENT_HELLO);
                self.handshake = Some(Vec::new());
            }
            Expect::Command(Verb::Auth) | Expect::AuthStep => self.authenticate(&answer),
            Expect::Command(Verb::Rcpt) => self.mails[number].accepted.push(yes),
            Expect::Command(Verb::Data) if yes => self.send_body(number),
            Expect::Message | Expect::Chunk { last: true } => self.mails[number].verdicts.push(yes),
            Expect::Command(Verb::Rset) => assert!(yes, "{answer:?}"),
            Expect::Command(Verb::Quit) => {
                assert_eq!(answer.reply.code(), 221);
                self.done = true;
            }
            _ => {}
        }
    }

    fn authenticate(&mut self, answer: &Answer) {
        let mechanism = self.mechanism.as_mut().expect("AUTH was sent with one");
        if answer.reply.code() == 334 {
            let text = answer.reply.lines().next().unwrap_or_default();
            let challenge = wire::decode_challenge(text).expect("our challenges are base64");
            let line = match mechanism.respond(&challenge) {
                Ok(response) => wire::encode_response(response).expect("a response fits"),
                Err(_) => "*".into(),
            };
            self.dialogue.push_auth_line(&line, 0, &mut self.out).expect("base64 can be sent");
        } else {
            let believed = answer.reply.code() == 235 && mechanism.is_complete();
            assert_eq!(believed, answer.reply.code() == 235, "our server proves itself before it says yes");
            self.let_in = Some(believed);
        }
    }

    fn may_go_on(&self) -> bool {
        if self.dialogue.is_body_open() || self.dialogue.is_in_auth() {
            return false;
        }
        // Without being blind, each mail begins when all is known of the one before.
        let next = self.tasks.front();
        let alone = matches!(next, Some(Task::Mail(_) | Task::Rset)) && !self.blind;
        let alone = alone || matches!(next, Some(Task::Hello | Task::StartTls | Task::Auth | Task::Quit));
        if alone || self.waits { self.dialogue.in_flight() == 0 } else { self.dialogue.may_push() }
    }

    fn say(&mut self, task: Task) {
        self.waits = false;
        let (dialogue, out) = (&mut self.dialogue, &mut self.out);
        let pushed = match task {
            Task::Hello if self.lmtp => dialogue.push(&Command::Lhlo("me.example"), 0, out),
            Task::Hello => dialogue.push(&Command::Ehlo("me.example"), 0, out),
            Task::StartTls => dialogue.push(&Command::StartTls, 0, out),
            Task::Auth => {
                let mechanism = self.mechanism.as_mut().expect("there is one");
                let initial = mechanism.initial().map(|octets| wire::encode_initial(octets).expect("it fits"));
                dialogue.push(&Command::Auth { mechanism: mechanism.name(), initial: initial.as_deref() }, 0, out)
            }
            Task::Mail(mail) => {
                let from = ReversePath::parse(&self.mails[mail].sender).expect("an address");
                dialogue.push(&Command::Mail { verb: Verb::Mail, from: &from, params: &[] }, mail as u64, out)
            }
            Task::Rcpt(mail, to) => {
                let to = ForwardPath::parse(&self.mails[mail].recipients[to]).expect("an address");
                dialogue.push(&Command::Rcpt { to: &to, params: &[] }, mail as u64, out)
            }
            Task::Data(mail) => dialogue.push(&Command::Data, mail as u64, out),
            Task::Chunk { mail, from, to } => {
                let wire = &self.mails[mail].wire;
                let command = Command::Bdat { length: (to - from) as u64, last: to == wire.len() };
                let pushed = dialogue.push(&command, mail as u64, out);
                out.extend_from_slice(&wire[from..to]);
                dialogue.body_queued((to - from) as u64);
                dialogue.chunk_complete();
                pushed
            }
            Task::Rset => dialogue.push(&Command::Rset, 0, out),
            Task::Quit => dialogue.push(&Command::Quit, 0, out),
        };
        pushed.expect("sound arguments");
    }

    fn send_body(&mut self, mail: usize) {
        let wire = encode(&self.mails[mail].body, Dots::Stuff);
        self.dialogue.body_queued(wire.len() as u64);
        self.out.extend_from_slice(&wire);
        self.dialogue.push_end_of_data(b"", mail as u64, &mut self.out);
    }
}

fn encode(mut body: &[u8], dots: Dots) -> Vec<u8> {
    let (mut encoder, mut wire) = (BodyEncoder::new(dots), Vec::new());
    while let Some(piece) = encoder.next(&mut body) {
        wire.extend_from_slice(piece.bytes());
    }
    wire.extend_from_slice(encoder.finish());
    wire
}
