//! The state machine of a session.

mod body;
mod commands;
mod login;
mod saying;

use super::answers::*;
use super::config::Config;
use super::envelope::Envelope;
use super::event::{End, Event, TimeLimit, Waiting};
use super::foreign::Foreign;
use super::refused::Refused;
use crate::proto::command::Verb;
use crate::proto::dot::BodyDecoder;
use crate::proto::line::{LineError, LineReader, LineStep};
use crate::proto::reply::Reply;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// So many octets of a body begin its time limit anew.
const BODY_STEP: u64 = 16 << 10;

/// How each record of a TLS handshake begins.
const TLS_RECORD: [u8; 2] = [22, 3];

/// A line that is too long is read to its end so that the session can go on, if it is no longer than this.
const OVERLONG_MAX: usize = 2 << 20;

/// A question whose answer is awaited.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    Connect,
    /// About the hello that was said: it counts from a 2xx on.
    Hello {
        verb: Verb,
        name: String,
    },
    StartTls,
    /// About an authentication, or the next step of one.
    Auth,
    /// About the sender: the envelope that a 2xx opens.
    Mail,
    Rcpt,
    /// Before the body by DATA.
    Data,
    /// Before the first chunk.
    Chunk {
        left: u64,
        last: bool,
    },
    /// After the body; so many answers are due.
    Complete {
        answers: usize,
    },
    Ask,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The owner has not been asked yet whether the client may come in.
    Door,
    Command,
    /// The answer to a challenge.
    AuthLine,
    /// The rest of a line that is too long, and was answered.
    Overlong,
    Body,
    /// So many octets of a chunk are still to come. They are dropped if the envelope has failed, or if there is none;
    /// `refusal` is the answer to a chunk for which there is no mail.
    Chunk {
        left: u64,
        last: bool,
        refusal: Option<Answer>,
    },
    /// TLS comes next: nothing that is not of it is taken.
    Handshake,
    Closed,
}

/// What a session has used up of its limits.
#[derive(Debug, Default)]
struct Counts {
    /// Since the last mail: faulty commands, refusals, commands that lead nowhere.
    errors: usize,
    refusals: usize,
    idle: usize,
    /// In the whole session.
    mails: usize,
    auth_failures: usize,
}

/// A session of the server.
#[derive(Debug)]
pub struct Dialogue {
    config: Arc<Config>,
    output: Vec<u8>,
    lines: LineReader,
    decoder: BodyDecoder,
    place: Place,
    question: Option<Question>,
    hello: Option<(Verb, String)>,
    envelope: Option<Envelope>,
    /// The owner has to be told that the envelope is gone.
    abandoned: bool,
    /// The connection was refused, so that only QUIT is left to say.
    turned_away: bool,
    /// MAIL was refused, and commands that belong to it may be on their way.
    mail_refused: bool,
    /// It has said something since it came, or since TLS is on.
    begun: bool,
    /// It does not speak SMTP, and was sent away for it.
    foreign: Option<Foreign>,
    /// AUTH was offered to it.
    offered: bool,
    /// What the owner has not been told yet of what was refused here.
    refusals: Vec<Refused>,
    /// The client has said AUTH: what it says after that may be a secret.
    logging_in: bool,
    /// Why the session is over.
    end: Option<End>,
    secured: bool,
    authenticated: bool,
    /// The session ends with this reply as soon as nothing is under way.
    stopping: Option<Reply>,
    counts: Counts,
    /// What [`TimeLimit::turn`] tells.
    turn: u64,
    /// Octets of the body since the last turn.
    step: u64,
    /// With so many octets of replies unsent, nothing more is taken.
    output_max: usize,
}

impl Dialogue {
    /// A session. It begins with the greeting in the output, unless the owner is to be asked first. Many sessions can
    /// share one configuration: an `Arc` of it is taken as well.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        let config = config.into();
        let mut dialogue = Dialogue {
            lines: LineReader::new(0),
            output: Vec::new(),
            decoder: BodyDecoder::new(config.bare_ends),
            place: if config.ask_connection { Place::Door } else { Place::Command },
            question: None,
            hello: None,
            envelope: None,
            abandoned: false,
            turned_away: false,
            mail_refused: false,
            begun: false,
            foreign: None,
            offered: false,
            refusals: Vec::new(),
            logging_in: false,
            end: None,
            secured: false,
            authenticated: false,
            stopping: None,
            counts: Counts::default(),
            turn: 0,
            step: 0,
            output_max: config.output_max,
            config,
        };
        dialogue.expect_commands();
        if !dialogue.config.ask_connection {
            dialogue.config.greeting().encode(&mut dialogue.output);
        }
        dialogue
    }

    /// What the session goes by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is to be sent.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// No more than so many octets of replies may wait from now on, or what the configuration allows if that is less.
    pub fn limit_output(&mut self, octets: usize) {
        self.output_max = octets.min(self.config.output_max).max(1);
    }

    /// What it holds of memory, about, in octets, besides itself and its configuration: replies, a line that has begun.
    pub fn held(&self) -> usize {
        self.output.capacity() + self.lines.held() + self.hello.as_ref().map_or(0, |(_, name)| name.capacity())
    }

    /// What comes next is of a message.
    pub fn is_in_body(&self) -> bool {
        matches!(self.place, Place::Body | Place::Chunk { .. })
    }

    /// So many octets of the output have been sent.
    pub fn sent(&mut self, octets: usize) {
        let octets = octets.min(self.output.len());
        if octets > 0 && self.output.len() >= self.output_max {
            self.turn += 1;
        }
        self.output.drain(..octets);
        if self.output.is_empty() {
            self.output = Vec::new(); // an idle session holds no memory that it does not need
        }
    }

    /// The client's hello and the name that it gave. After [`secured`](Self::secured) it has to be said again.
    pub fn hello(&self) -> Option<(Verb, &str)> {
        self.hello.as_ref().map(|(verb, name)| (*verb, name.as_str()))
    }

    /// The session is under TLS.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// The client has authenticated itself.
    pub fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// The client has said QUIT: nothing more is due from it.
    pub fn has_quit(&self) -> bool {
        self.end == Some(End::Quit)
    }

    /// Why the session is over; none before.
    pub fn ended(&self) -> Option<End> {
        self.end
    }

    /// What the client speaks in place of SMTP, where the session was ended for that.
    pub fn foreign(&self) -> Option<&Foreign> {
        self.foreign.as_ref()
    }

    /// How many recipients the mail under way has.
    pub fn recipients(&self) -> usize {
        self.envelope.as_ref().map_or(0, |envelope| envelope.recipients)
    }

    /// How the mail under way comes in, as `Received` names it behind `with` (RFC 3848, RFC 6531): `ESMTPSA`.
    pub fn protocol(&self) -> &'static str {
        let utf8 = self.envelope.as_ref().is_some_and(|envelope| envelope.utf8);
        if self.hello().is_none_or(|(verb, _)| verb == Verb::Helo) {
            return "SMTP";
        }
        match (self.config.lmtp, utf8, self.secured, self.authenticated) {
            (false, false, false, false) => "ESMTP",
            (false, false, false, true) => "ESMTPA",
            (false, false, true, false) => "ESMTPS",
            (false, false, true, true) => "ESMTPSA",
            (false, true, false, false) => "UTF8SMTP",
            (false, true, false, true) => "UTF8SMTPA",
            (false, true, true, false) => "UTF8SMTPS",
            (false, true, true, true) => "UTF8SMTPSA",
            (true, false, false, false) => "LMTP",
            (true, false, false, true) => "LMTPA",
            (true, false, true, false) => "LMTPS",
            (true, false, true, true) => "LMTPSA",
            (true, true, false, false) => "UTF8LMTP",
            (true, true, false, true) => "UTF8LMTPA",
            (true, true, true, false) => "UTF8LMTPS",
            (true, true, true, true) => "UTF8LMTPSA",
        }
    }

    /// How many answers the open question still wants: 0 when none is open, more than 1 only after an LMTP body.
    pub fn answers_due(&self) -> usize {
        match self.question {
            None => 0,
            Some(Question::Complete { answers }) => answers,
            Some(_) => 1,
        }
    }

    /// How long the client may take for what it is to do now; none where it need do nothing: while a question is open,
    /// and at the end. The owner begins the time anew when [`TimeLimit::turn`] is another, and calls
    /// [`time_out`](Self::time_out) when it is over. The time of the whole session is a matter for the owner alone.
    pub fn time_limit(&self) -> Option<TimeLimit> {
        let times = &self.config.timeouts;
        let full = self.output.len() >= self.output_max;
        let (waiting, time) = match self.place {
            Place::Closed if self.output.is_empty() => return None,
            Place::Closed => (Waiting::Send, times.send),
            _ if self.question.is_some() => return None,
            Place::Handshake => (Waiting::Handshake, times.handshake),
            _ if full => (Waiting::Send, times.send),
            Place::Body | Place::Chunk { .. } => (Waiting::Body, times.body),
            Place::AuthLine => (Waiting::Auth, times.auth),
            Place::Door | Place::Command | Place::Overlong if self.hello.is_none() => (Waiting::Hello, times.hello),
            Place::Door | Place::Command | Place::Overlong => (Waiting::Command, times.command),
        };
        Some(TimeLimit { waiting, time, turn: self.turn })
    }

    /// The time limit, or that of the session, is over: ends the session with a 421 where the client can still read
    /// one. A mail under way is lost.
    pub fn time_out(&mut self) {
        let deaf = self.output.len() >= self.output_max || matches!(self.place, Place::Handshake | Place::Closed);
        if deaf {
            self.output = Vec::new();
        } else {
            self.tell(TIMED_OUT);
        }
        self.end.get_or_insert(End::TimedOut);
        self.shut();
    }

    /// Ends the session with this reply, such as a 421, as soon as that costs nothing: at once between two commands,
    /// after its reply when a command is under way, after the verdict on it when a body is.
    pub fn stop(&mut self, reply: &Reply) {
        if !matches!(self.place, Place::Closed) {
            self.stopping = Some(self.config.complete(reply, "3.2").into_owned());
        }
    }

    /// Ends the session at once with this reply. A mail under way is lost.
    pub fn close(&mut self, reply: &Reply) {
        if !matches!(self.place, Place::Closed) {
            self.config.complete(reply, "3.2").encode(&mut self.output);
            self.end.get_or_insert(End::Refused);
            self.shut();
        }
    }

    /// The client is gone, or must go without a word. A mail under way is lost.
    pub fn shut(&mut self) {
        self.question = None;
        self.abandon();
        self.place = Place::Closed;
        self.end.get_or_insert(End::Shut);
        self.turn += 1;
    }

    /// TLS stands: after [`Event::Handshake`], or from the first byte on. All that the client has said before is
    /// forgotten.
    pub fn secured(&mut self) {
        if matches!(self.place, Place::Handshake) {
            self.place = Place::Command;
        }
        self.secured = true;
        self.authenticated = false;
        self.hello = None;
        (self.begun, self.offered) = (false, false);
        self.abandon();
        self.expect_commands();
        self.turn += 1;
    }

    /// Answers the open question. Without one it does nothing.
    pub fn answer(&mut self, reply: &Reply) {
        let Some(question) = self.question.take() else { return };
        self.turn += 1;
        let accepted = reply.is_success() || reply.is_intermediate();
        let mut detail = "0.0";
        match question {
            Question::Connect => return self.answer_connect(reply, accepted),
            _ if reply.code() == 421 => return self.close(reply),
            Question::Ask => {}
            Question::Hello { verb, name } if accepted => return self.welcome(verb, name),
            Question::Hello { .. } => {
                reply.encode(&mut self.output); // without an enhanced code, as RFC 2034 has it
                return self.refused();
            }
            Question::StartTls if accepted => return self.begin_tls(),
            Question::StartTls => detail = "7.0",
            Question::Auth => return self.answer_auth(reply),
            Question::Mail => {
                detail = "1.0";
                self.mail_refused = !accepted;
                if accepted {
                    self.counts.mails += 1;
                } else {
                    self.envelope = None;
                }
            }
            Question::Rcpt => {
                detail = if accepted { "1.5" } else { "1.0" };
                if let Some(envelope) = &mut self.envelope {
                    envelope.recipients += usize::from(accepted);
                    envelope.refused_any |= !accepted;
                }
            }
            Question::Data if accepted => {
                self.place = Place::Body;
                self.decoder = BodyDecoder::new(self.config.bare_ends);
                return self.say(GO_ON);
            }
            Question::Data => self.abandon(),
            Question::Chunk { left, last } => {
                // A refusal is said when the chunk has been read.
                if let Some(envelope) = self.envelope.as_mut().filter(|_| !accepted) {
                    envelope.failed = Some(self.config.complete(reply, detail).into_owned());
                    self.abandoned = true;
                }
                self.place = Place::Chunk { left, last, refusal: None };
                return;
            }
            Question::Complete { answers } => {
                if answers > 1 {
                    self.question = Some(Question::Complete { answers: answers - 1 });
                } else {
                    self.envelope = None;
                }
                if accepted {
                    (self.counts.errors, self.counts.refusals, self.counts.idle) = (0, 0, 0);
                }
            }
        }
        self.config.complete(reply, detail).encode(&mut self.output);
        if !accepted {
            self.refused();
        }
    }

    /// The body that is arriving is not taken: the rest of it is read and dropped, then this reply is given.
    pub fn refuse(&mut self, reply: &Reply) {
        let arriving = matches!(self.place, Place::Body | Place::Chunk { .. });
        if let Some(envelope) = self.envelope.as_mut().filter(|envelope| arriving && envelope.failed.is_none()) {
            envelope.failed = Some(self.config.complete(reply, "0.0").into_owned());
            self.abandoned = true;
        }
    }

    /// Takes from the front of `input` until there is something for the owner to do.
    pub fn advance<'a>(&mut self, input: &mut &'a [u8]) -> Event<'a> {
        loop {
            if !self.refusals.is_empty() {
                let refused = self.refusals.remove(0);
                if self.refusals.is_empty() {
                    self.refusals = Vec::new(); // an idle session holds no memory that it does not need
                }
                return Event::Refused(refused);
            }
            if core::mem::take(&mut self.abandoned) {
                return Event::Abandoned;
            }
            match self.place {
                Place::Closed => {
                    *input = &[];
                    return Event::Closed;
                }
                _ if self.question.is_some() => return Event::Unanswered,
                Place::Handshake => {
                    *input = &[]; // whatever was sent behind STARTTLS was sent in the clear, by whomever
                    return Event::Handshake;
                }
                Place::Door => {
                    self.place = Place::Command;
                    self.question = Some(Question::Connect);
                    return Event::Connect;
                }
                Place::Command | Place::AuthLine => {
                    if let Some(reply) = self.stopping.take() {
                        self.end.get_or_insert(End::Stopped);
                        self.close(&reply);
                        continue;
                    }
                }
                Place::Overlong | Place::Body | Place::Chunk { .. } => {}
            }
            if self.output.len() >= self.output_max {
                return Event::OutputFull;
            }
            let before = input.len();
            let event = match self.place {
                Place::Chunk { left: 0, last, refusal } => self.end_chunk(last, refusal),
                _ if input.is_empty() => return Event::NeedMore,
                Place::Command | Place::AuthLine => self.line(input),
                Place::Overlong => self.overlong(input),
                Place::Body => self.body(input),
                Place::Chunk { left, last, refusal } => self.chunk(input, left, last, refusal),
                Place::Door | Place::Handshake | Place::Closed => None,
            };
            self.moved(before - input.len());
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn line<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        if !core::mem::replace(&mut self.begun, true)
            && let Some(foreign) = input.first().and_then(|first| Foreign::of_first(*first))
        {
            self.send_away(foreign);
            return None;
        }
        let auth = matches!(self.place, Place::AuthLine);
        if !self.secured && self.lines.begins(input, &TLS_RECORD) {
            self.send_away(Foreign::Tls);
            return None;
        }
        // Taken out for the time that its line is used.
        let mut lines = core::mem::replace(&mut self.lines, LineReader::new(0));
        let event = match lines.feed(input) {
            Ok(LineStep::NeedMore) => None,
            Ok(LineStep::Line(line)) => {
                self.turn += 1;
                if auth { self.auth_line(line) } else { self.command(line) }
            }
            Err(LineError::TooLong) => {
                self.place = Place::Overlong;
                let start = lines.take_start();
                if auth {
                    self.tell(AUTH_TOO_LONG); // the event says the rest
                    self.auth_failed();
                    Some(Event::AuthCancelled)
                } else {
                    self.say(LINE_TOO_LONG);
                    self.blame(first_of(&start));
                    self.failed();
                    None
                }
            }
            Err(LineError::BareCr | LineError::BareLf) => {
                let start = lines.take_start();
                self.end(BARE_IN_COMMAND);
                self.blame(if auth { b"AUTH" } else { first_of(&start) });
                None
            }
        };
        self.lines = lines;
        if auth || matches!(event, Some(Event::Auth { .. })) {
            self.lines.wipe();
        }
        self.expect_commands();
        event
    }

    /// Drops the rest of a line that is too long.
    fn overlong<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        match self.lines.skip(input, OVERLONG_MAX) {
            Ok(false) => {}
            Ok(true) => {
                self.place = Place::Command;
                self.turn += 1;
            }
            // It has its answer.
            Err(LineError::TooLong) => {
                self.end = Some(End::Protocol(LINE_TOO_LONG.2));
                self.shut();
            }
            Err(LineError::BareCr | LineError::BareLf) => self.end(BARE_IN_COMMAND),
        }
        None
    }

    /// What comes next is a line of this length at the most.
    fn expect_commands(&mut self) {
        let longest = if self.config.auth.is_empty() { 0 } else { self.config.auth_line_max };
        self.lines.set_limit(self.config.line_max.max(longest));
    }

    /// Forgets the mail under way, and has the owner told.
    fn abandon(&mut self) {
        self.mail_refused = false;
        if let Some(envelope) = self.envelope.take() {
            self.abandoned |= envelope.failed.is_none();
        }
    }

    /// So many octets have been taken: those of a body begin its time anew, some at a time.
    fn moved(&mut self, octets: usize) {
        self.step += octets as u64;
        if !matches!(self.place, Place::Body | Place::Chunk { .. }) {
            self.step = 0;
        } else if self.step >= BODY_STEP {
            self.step = 0;
            self.turn += 1;
        }
    }
}

/// What is told of a line that cannot be read: the same however much of it, and of what is behind, has come along.
fn first_of(start: &[u8]) -> &[u8] {
    let line = start.split(|octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or_default();
    &line[..line.len().min(100)]
}
