//! The server's end: it decides by chance, after a while, and holds the client to its times.

use crate::Scenario;
use crate::network::Link;
use crate::random::Random;
use helo::proto::reply::Reply;
use helo::proto::server::{Config, Dialogue, Event, Waiting};
use helo::sasl::server::{self as sasl, Authority, Exchange, Realm, Step, Stored as Kept, Surroundings, Unavailable};
use helo::sasl::{ENTROPY, Secret};
use std::sync::Arc;
use std::time::Duration;

/// What stands for the handshake of TLS: the client says the first, we say the second.
pub const CLIENT_HELLO: &[u8] = b"\x16hello";
pub const SERVER_HELLO: &[u8] = b"\x16welcome";

/// A mail that was taken.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub sender: String,
    pub recipients: Vec<String>,
    pub body: Vec<u8>,
}

struct Alice;

impl Authority for Alice {
    fn look_up(&self, user: &str) -> Result<Option<Kept>, Unavailable> {
        Ok((user == "alice").then(|| Kept::Password(Secret::new("wonder".into()))))
    }

    fn check_token(&self, user: &str, token: &Secret) -> Result<Option<String>, Unavailable> {
        Ok((user == "alice" && token.expose() == "wonder").then(|| "alice".into()))
    }
}

pub struct Server {
    dialogue: Dialogue,
    input: Vec<u8>,
    room: usize,
    refusals: u64,
    delay: Duration,
    /// How many questions are still answered before the one that is answered with 421.
    away_in: Option<usize>,
    stops_at: Option<Duration>,
    mail: Stored,
    pub stored: Vec<Stored>,
    realm: Arc<Realm>,
    exchange: Option<Exchange>,
    pub user: Option<String>,
    /// The answer to the open question, and when it is given.
    decided: Option<(Duration, Vec<Reply>)>,
    handshaking: bool,
    /// The turn that runs, since when, and how long it may.
    turn: Option<(u64, Waiting, Duration, Duration)>,
    pub timed_out: Option<(Waiting, Duration)>,
    closed: bool,
}

impl Server {
    pub fn new(config: Config, scenario: &Scenario, random: &mut Random) -> Server {
        let auth = scenario.auth.iter().flat_map(|(name, _)| sasl::offer(name)).collect();
        let config = Config {
            starttls: scenario.tls,
            tls_required: scenario.tls,
            auth,
            auth_in_clear: true,
            ask_connection: random.below(2) == 0,
            ask_hello: random.below(2) == 0,
            output_max: 64 + random.below(2_000) as usize,
            ..config
        };
        let realm = Realm { iterations: 4096, ..Realm::new(Box::new(Alice), "mx.example", [3; 32]) };
        Server {
            dialogue: Dialogue::new(config),
            input: Vec::new(),
            room: scenario.room,
            refusals: scenario.refusals,
            delay: scenario.delay,
            away_in: scenario.away_at,
            stops_at: scenario.stops_at,
            mail: Stored::default(),
            stored: Vec::new(),
            realm: Arc::new(realm),
            exchange: None,
            user: None,
            decided: None,
            handshaking: false,
            turn: None,
            timed_out: None,
            closed: false,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Does what can be done now; false if that is nothing.
    pub fn step(&mut self, now: Duration, from: &mut Link, to: &mut Link, random: &mut Random) -> bool {
        let mut moved = false;
        if self.stops_at.take_if(|time| *time <= now).is_some() {
            self.dialogue.stop(&Reply::new(421, "4.3.2 going down"));
            moved = true;
        }
        if let Some((_, replies)) = self.decided.take_if(|(time, _)| *time <= now) {
            replies.iter().for_each(|reply| self.dialogue.answer(reply));
            moved = true;
        }
        let sent = to.send(self.dialogue.output(), now, random);
        self.dialogue.sent(sent);
        moved |= sent > 0;
        let heard = from.receive(self.room - self.input.len().min(self.room), now);
        moved |= !heard.is_empty();
        self.input.extend_from_slice(&heard);
        assert!(self.input.len() <= self.room);
        moved |= self.keep_time(now);
        if self.handshaking {
            return self.handshake(now, to, random) | moved;
        }
        moved | self.advance(now, to, random)
    }

    /// When the next thing happens by itself.
    pub fn next(&self, now: Duration) -> Option<Duration> {
        let over = self.turn.map(|(_, _, since, limit)| since + limit);
        let stop = self.stops_at.filter(|_| !self.closed);
        [self.decided.as_ref().map(|(time, _)| *time), over, stop]
            .into_iter()
            .flatten()
            .filter(|time| *time > now)
            .min()
    }

    fn keep_time(&mut self, now: Duration) -> bool {
        let Some(limit) = self.dialogue.time_limit() else {
            self.turn = None;
            return false;
        };
        match self.turn {
            Some((turn, waiting, since, time)) if (turn, waiting) == (limit.turn, limit.waiting) => {
                let over = now >= since + time;
                if over {
                    self.timed_out.get_or_insert((waiting, time));
                    self.dialogue.time_out();
                    self.handshaking = false;
                }
                over
            }
            _ => {
                self.turn = Some((limit.turn, limit.waiting, now, limit.time));
                false
            }
        }
    }

    fn handshake(&mut self, now: Duration, to: &mut Link, random: &mut Random) -> bool {
        if !self.dialogue.output().is_empty() || self.input.len() < CLIENT_HELLO.len() {
            return false;
        }
        assert_eq!(self.input, CLIENT_HELLO, "the client says nothing in between");
        self.input.clear();
        let mut rest = SERVER_HELLO;
        // The way is empty: the client has waited for this.
        rest = &rest[to.send(rest, now, random)..];
        assert!(rest.is_empty(), "the way has room for a handshake");
        self.dialogue.secured();
        self.handshaking = false;
        true
    }

    fn advance(&mut self, now: Duration, to: &mut Link, random: &mut Random) -> bool {
        let mut input = self.input.as_slice();
        let event = self.dialogue.advance(&mut input);
        let mut replies = Vec::new();
        let asked_before = self.decided.is_some();
        // There may be more behind it.
        let mut told = false;
        match event {
            Event::NeedMore | Event::OutputFull => {}
            Event::Unanswered => assert!(asked_before, "a question was forgotten"),
            Event::Handshake => self.handshaking = true,
            Event::Closed => {
                if self.dialogue.output().is_empty() {
                    self.closed = true;
                    to.end();
                }
            }
            Event::Body(part) => self.mail.body.extend_from_slice(part),
            Event::Abandoned => (self.mail, told) = (Stored::default(), true),
            Event::AuthCancelled => self.exchange = None,
            Event::Refused(_) => told = true,
            Event::Connect | Event::Hello { .. } | Event::StartTls => replies.push(Reply::new(220, "yes")),
            Event::Auth { mechanism, initial } => {
                let entropy = [random.below(256) as u8; ENTROPY];
                let surroundings = Surroundings { entropy, bindings: Vec::new(), plus_offered: false, peer: None };
                let mut exchange =
                    Exchange::new(&mechanism, self.realm.clone(), surroundings).expect("what is offered is known");
                let step = exchange.begin(initial.as_ref().map(|text| text.expose()));
                self.exchange = Some(exchange);
                replies.push(note(&mut self.user, step));
            }
            Event::AuthResponse(text) => {
                let exchange = self.exchange.as_mut().expect("an exchange is under way");
                replies.push(note(&mut self.user, exchange.respond(text.expose())));
            }
            Event::Mail { from, .. } => {
                replies.push(decision(self.refusals, random));
                self.mail = Stored { sender: from.as_str().into(), ..Stored::default() };
            }
            Event::Rcpt { to, .. } => {
                let reply = decision(self.refusals, random);
                if reply.is_success() {
                    self.mail.recipients.push(to.as_str().into());
                }
                replies.push(reply);
            }
            Event::Begin | Event::Ask { .. } => replies.push(decision(self.refusals, random)),
            Event::Complete => {
                let mut mail = std::mem::take(&mut self.mail);
                replies.extend((0..self.dialogue.answers_due()).map(|_| decision(self.refusals, random)));
                // Recipients behind a 421 hear nothing more.
                if let Some(place) = self.away_in.take_if(|left| *left < replies.len()) {
                    replies.truncate(place);
                    replies.push(away());
                }
                if self.dialogue.answers_due() == mail.recipients.len() && self.dialogue.config().lmtp {
                    let mut verdicts = replies.iter();
                    mail.recipients.retain(|_| verdicts.next().is_some_and(Reply::is_success));
                } else if !replies[0].is_success() {
                    mail.recipients.clear();
                }
                if !mail.recipients.is_empty() {
                    self.stored.push(mail);
                }
            }
        }
        let used = self.input.len() - input.len();
        self.input.drain(..used);
        if let Some(left) = &mut self.away_in {
            match left.checked_sub(replies.len()) {
                Some(rest) => *left = rest,
                None => {
                    self.away_in = None;
                    replies = vec![away()];
                }
            }
        }
        if !replies.is_empty() {
            self.decided = Some((now + random.delay(self.delay), replies));
            return true;
        }
        used > 0 || told
    }
}

fn note(user: &mut Option<String>, step: Step) -> Reply {
    if let Step::Accepted(identity) = &step {
        *user = Some(identity.user.clone());
    }
    step.reply()
}

fn away() -> Reply {
    Reply::new(421, "4.3.2 not here")
}

fn decision(refusals: u64, random: &mut Random) -> Reply {
    if random.below(100) >= refusals {
        Reply::new(250, "2.0.0 yes")
    } else if random.below(2) == 0 {
        Reply::new(450, "4.2.0 not now")
    } else {
        Reply::new(550, "no")
    }
}
