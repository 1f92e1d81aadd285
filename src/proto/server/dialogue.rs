//! The state machine of a session.

use super::envelope::Envelope;
use super::request::{self, Answer, Request};
use super::{Config, Event};
use crate::proto::command::Verb;
use crate::proto::dot::{BodyDecoder, Decoded};
use crate::proto::line::{LineReader, LineStep};
use crate::proto::reply::Reply;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// With so much unsent, nothing more is taken: a client that does not read must not fill our memory.
const OUTPUT_MAX: usize = 64 << 10;

const OK: Answer = Answer(250, "2.0.0", "Ok");
const BYE: Answer = Answer(221, "2.0.0", "Bye");
const GO_ON: Answer = Answer(354, "", "End the message with a line that holds a dot only");
const CHUNK_TAKEN: Answer = Answer(250, "2.0.0", "Chunk taken");
const NEEDS_HELLO: Answer = Answer(503, "5.5.1", "Say hello first");
const WRONG_HELLO: Answer = Answer(500, "5.5.1", "Another hello is spoken here");
const NEEDS_MAIL: Answer = Answer(503, "5.5.1", "Say MAIL first");
const NESTED_MAIL: Answer = Answer(503, "5.5.1", "A mail is already under way");
const NEEDS_RCPT: Answer = Answer(503, "5.5.1", "Say RCPT first");
const NO_RCPT: Answer = Answer(554, "5.5.1", "No valid recipients");
const NO_CHUNKS: Answer = Answer(502, "5.5.1", "BDAT is not available");
const DATA_AFTER_BDAT: Answer = Answer(503, "5.5.1", "The mail was begun with BDAT");
const NEEDS_BDAT: Answer = Answer(503, "5.5.1", "A binary body needs BDAT");
const NO_TERMINALS: Answer = Answer(502, "5.5.1", "Command not available");
const CHUNK_FAILED: Answer = Answer(503, "5.5.1", "An earlier chunk was refused");
const TOO_MANY_RCPT: Answer = Answer(452, "4.5.3", "Too many recipients");
const TOO_MANY_ERRORS: Answer = Answer(421, "4.7.0", "Too many errors");
const TOO_IDLE: Answer = Answer(421, "4.7.0", "Too many commands without a mail");
const BARE_LINE_END: Answer = Answer(554, "5.6.0", "The message holds a bare carriage return or line feed");
const BARE_IN_COMMAND: Answer = Answer(500, "5.5.2", "The command holds a bare carriage return or line feed");
const LINE_TOO_LONG: Answer = Answer(500, "5.5.6", "Line too long");

/// A question whose answer is awaited.
#[derive(Debug, PartialEq, Eq)]
enum Question {
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
#[derive(Debug)]
enum Place {
    Command,
    Body,
    /// So many octets of a chunk are still to come. They are dropped if the envelope has failed, or if there is none;
    /// `refusal` is the answer to a chunk for which there is no mail.
    Chunk {
        left: u64,
        last: bool,
        refusal: Option<Answer>,
    },
    Closed,
}

/// A session of the server.
#[derive(Debug)]
pub struct Dialogue {
    config: Config,
    output: Vec<u8>,
    lines: LineReader,
    decoder: BodyDecoder,
    place: Place,
    question: Option<Question>,
    hello: Option<(Verb, String)>,
    envelope: Option<Envelope>,
    /// The owner has to be told that the envelope is gone.
    abandoned: bool,
    errors: usize,
    idle: usize,
}

impl Dialogue {
    /// A session that begins with the greeting in the output.
    pub fn new(config: Config) -> Self {
        let protocol = if config.lmtp { "LMTP" } else { "ESMTP" };
        let greeting = Reply::new(220, &format!("{} {protocol}", config.name));
        let mut dialogue = Dialogue {
            lines: LineReader::new(config.line_max),
            config,
            output: Vec::new(),
            decoder: BodyDecoder::new(),
            place: Place::Command,
            question: None,
            hello: None,
            envelope: None,
            abandoned: false,
            errors: 0,
            idle: 0,
        };
        greeting.encode(&mut dialogue.output);
        dialogue
    }

    /// What is to be sent.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// So many octets of the output have been sent.
    pub fn sent(&mut self, octets: usize) {
        self.output.drain(..octets.min(self.output.len()));
    }

    /// The client's hello and the name that it gave.
    pub fn hello(&self) -> Option<(Verb, &str)> {
        self.hello.as_ref().map(|(verb, name)| (*verb, name.as_str()))
    }

    /// How many recipients the mail under way has.
    pub fn recipients(&self) -> usize {
        self.envelope.as_ref().map_or(0, |envelope| envelope.recipients)
    }

    /// How many answers the open question still wants: 0 when none is open, more than 1 only after an LMTP body.
    pub fn answers_due(&self) -> usize {
        match self.question {
            None => 0,
            Some(Question::Complete { answers }) => answers,
            Some(_) => 1,
        }
    }

    /// Ends the session with this reply, such as a 421. A mail under way is lost.
    pub fn close(&mut self, reply: &Reply) {
        if !matches!(self.place, Place::Closed) {
            reply.encode(&mut self.output);
            self.shut();
        }
    }

    /// The client is gone, or must go without a word. A mail under way is lost.
    pub fn shut(&mut self) {
        self.question = None;
        self.abandon();
        self.place = Place::Closed;
    }

    /// Answers the open question. Without one it does nothing.
    pub fn answer(&mut self, reply: &Reply) {
        let accepted = reply.is_success() || reply.is_intermediate();
        match self.question.take() {
            None => return,
            Some(Question::Ask) => {}
            Some(Question::Mail) if accepted => {}
            Some(Question::Mail) => self.envelope = None,
            Some(Question::Rcpt) => {
                if let Some(envelope) = &mut self.envelope {
                    envelope.recipients += usize::from(accepted);
                    envelope.refused_any |= !accepted;
                }
            }
            Some(Question::Data) if accepted => {
                self.place = Place::Body;
                return self.say(GO_ON);
            }
            Some(Question::Data) => self.abandon(),
            Some(Question::Chunk { left, last }) => {
                // A refusal is said when the chunk has been read.
                if let Some(envelope) = self.envelope.as_mut().filter(|_| !accepted) {
                    envelope.failed = Some(reply.clone());
                    self.abandoned = true;
                }
                self.place = Place::Chunk { left, last, refusal: None };
                return;
            }
            Some(Question::Complete { answers }) => {
                if answers > 1 {
                    self.question = Some(Question::Complete { answers: answers - 1 });
                } else {
                    self.envelope = None;
                }
                if accepted {
                    (self.errors, self.idle) = (0, 0);
                }
            }
        }
        reply.encode(&mut self.output);
    }

    /// The body that is arriving is not taken: the rest of it is read and dropped, then this reply is given.
    pub fn refuse(&mut self, reply: &Reply) {
        let arriving = !matches!(self.place, Place::Command);
        if let Some(envelope) = self.envelope.as_mut().filter(|envelope| arriving && envelope.failed.is_none()) {
            envelope.failed = Some(reply.clone());
            self.abandoned = true;
        }
    }

    /// Takes from the front of `input` until there is something for the owner to do.
    pub fn advance<'a>(&mut self, input: &mut &'a [u8]) -> Event<'a> {
        loop {
            if core::mem::take(&mut self.abandoned) {
                return Event::Abandoned;
            }
            if matches!(self.place, Place::Closed) {
                *input = &[];
                return Event::Closed;
            }
            if self.question.is_some() {
                return Event::Unanswered;
            }
            if self.output.len() >= OUTPUT_MAX {
                return Event::OutputFull;
            }
            let event = match self.place {
                Place::Closed => None,
                Place::Chunk { left: 0, last, refusal } => self.end_chunk(last, refusal),
                _ if input.is_empty() => return Event::NeedMore,
                Place::Command => self.line(input),
                Place::Body => self.body(input),
                Place::Chunk { left, last, refusal } => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let (part, rest) = input.split_at(taken);
                    *input = rest;
                    self.place = Place::Chunk { left: left - taken as u64, last, refusal };
                    let wanted = self.envelope.as_ref().is_some_and(|envelope| envelope.failed.is_none());
                    (wanted && refusal.is_none()).then_some(Event::Body(part))
                }
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn line<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        // Taken out for the time that its line is used.
        let mut lines = core::mem::replace(&mut self.lines, LineReader::new(0));
        let event = match lines.feed(input) {
            Ok(LineStep::NeedMore) => None,
            Ok(LineStep::Line(line)) => self.command(line),
            Err(error) => {
                self.say(if error == crate::proto::line::LineError::TooLong { LINE_TOO_LONG } else { BARE_IN_COMMAND });
                self.shut();
                None
            }
        };
        self.lines = lines;
        event
    }

    fn command<'a>(&mut self, line: &[u8]) -> Option<Event<'a>> {
        let outcome = request::parse(line).and_then(|request| self.request(request));
        match outcome {
            Ok(event) => event,
            Err(answer) => {
                self.say(answer);
                self.errors += 1;
                if answer == request::BAD_CHUNK {
                    self.shut(); // nobody knows where the next command begins
                } else if self.errors >= self.config.errors_max {
                    self.say(TOO_MANY_ERRORS);
                    self.shut();
                }
                None
            }
        }
    }

    fn request<'a>(&mut self, request: Request<'_>) -> Result<Option<Event<'a>>, Answer> {
        match request {
            Request::Hello { verb, name } => {
                if self.config.lmtp != (verb == Verb::Lhlo) {
                    return Err(WRONG_HELLO);
                }
                self.hello = Some((verb, String::from(name)));
                self.abandon();
                self.say_hello(verb);
                self.idled();
            }
            Request::Mail { verb, from, params } => {
                if self.hello.is_none() {
                    return Err(NEEDS_HELLO);
                }
                if verb != Verb::Mail && !self.config.terminals {
                    return Err(NO_TERMINALS);
                }
                if self.envelope.is_some() {
                    return Err(NESTED_MAIL);
                }
                self.envelope = Some(Envelope::open(&self.config, &from, &params)?);
                self.question = Some(Question::Mail);
                return Ok(Some(Event::Mail { verb, from, params }));
            }
            Request::Rcpt { to, params } => {
                let envelope = self.envelope.as_mut().ok_or(NEEDS_MAIL)?;
                if envelope.chunked {
                    return Err(DATA_AFTER_BDAT);
                }
                envelope.check_recipient(&self.config, &to, &params).inspect_err(|_| envelope.refused_any = true)?;
                if envelope.recipients >= self.config.recipients_max {
                    return Err(TOO_MANY_RCPT);
                }
                self.question = Some(Question::Rcpt);
                return Ok(Some(Event::Rcpt { to, params }));
            }
            Request::Data => {
                let envelope = self.envelope.as_ref().ok_or(NEEDS_MAIL)?;
                if envelope.chunked {
                    return Err(DATA_AFTER_BDAT);
                }
                if envelope.binary {
                    return Err(NEEDS_BDAT);
                }
                if envelope.recipients == 0 {
                    return Err(if envelope.refused_any { NO_RCPT } else { NEEDS_RCPT });
                }
                self.question = Some(Question::Data);
                return Ok(Some(Event::Begin));
            }
            Request::Bdat { length, last } => return Ok(self.begin_chunk(length, last)),
            Request::Rset => {
                self.abandon();
                self.say(OK);
                self.idled();
            }
            Request::Noop => {
                self.say(OK);
                self.idled();
            }
            Request::Quit => {
                self.say(BYE);
                self.shut();
            }
            Request::Ask { verb, about } => {
                self.idled();
                if !matches!(self.place, Place::Closed) {
                    self.question = Some(Question::Ask);
                    return Ok(Some(Event::Ask { verb, about: String::from(about) }));
                }
            }
        }
        Ok(None)
    }

    /// The chunk of a BDAT is read whatever is said to it: it must never be taken for commands.
    fn begin_chunk<'a>(&mut self, left: u64, last: bool) -> Option<Event<'a>> {
        let refusal = match &mut self.envelope {
            _ if !self.config.chunking => Some(NO_CHUNKS),
            None => Some(NEEDS_MAIL),
            Some(envelope) if envelope.recipients == 0 && envelope.refused_any => Some(NO_RCPT),
            Some(envelope) if envelope.recipients == 0 => Some(NEEDS_RCPT),
            Some(envelope) if envelope.failed.is_some() => None,
            Some(envelope) => {
                let first = !core::mem::replace(&mut envelope.chunked, true);
                if let Err(answer) = envelope.receive(&self.config, left) {
                    envelope.failed = Some(self.config.reply(answer));
                    self.abandoned = true;
                } else if first {
                    self.question = Some(Question::Chunk { left, last });
                    return Some(Event::Begin);
                }
                None
            }
        };
        self.place = Place::Chunk { left, last, refusal };
        None
    }

    fn end_chunk<'a>(&mut self, last: bool, refusal: Option<Answer>) -> Option<Event<'a>> {
        self.place = Place::Command;
        if let Some(answer) = refusal {
            self.say(answer);
            self.errors += 1;
            if self.errors >= self.config.errors_max {
                self.say(TOO_MANY_ERRORS);
                self.shut();
            }
            return None;
        }
        if last {
            return self.end_body();
        }
        // The reason once; the mail stays failed until RSET or the last chunk.
        let failed = self.config.reply(CHUNK_FAILED);
        match self.envelope.as_mut().and_then(|envelope| envelope.failed.as_mut()) {
            Some(reply) => core::mem::replace(reply, failed).encode(&mut self.output),
            None => self.say(CHUNK_TAKEN),
        }
        None
    }

    fn body<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        let part: &'a [u8] = match self.decoder.next(input) {
            Ok(Decoded::Slice(part)) => part,
            Ok(Decoded::Insert(part)) => part,
            Ok(Decoded::NeedMore) => return None,
            Ok(Decoded::End) => {
                self.place = Place::Command;
                return self.end_body();
            }
            Err(_) => {
                self.say(BARE_LINE_END);
                self.shut();
                return None;
            }
        };
        let envelope = self.envelope.as_mut().filter(|envelope| envelope.failed.is_none())?;
        if let Err(answer) = envelope.receive(&self.config, part.len() as u64) {
            envelope.failed = Some(self.config.reply(answer));
            self.abandoned = true;
            return None;
        }
        Some(Event::Body(part))
    }

    /// After the final dot or the last chunk.
    fn end_body<'a>(&mut self) -> Option<Event<'a>> {
        let envelope = self.envelope.as_mut()?;
        let answers = if self.config.lmtp { envelope.recipients } else { 1 };
        match envelope.failed.take() {
            Some(reply) => {
                for _ in 0..answers {
                    reply.encode(&mut self.output);
                }
                self.envelope = None;
                None
            }
            None => {
                self.question = Some(Question::Complete { answers });
                Some(Event::Complete)
            }
        }
    }

    /// Forgets the mail under way, and has the owner told.
    fn abandon(&mut self) {
        if let Some(envelope) = self.envelope.take() {
            self.abandoned |= envelope.failed.is_none();
        }
    }

    /// One more command that leads nowhere.
    fn idled(&mut self) {
        self.idle += 1;
        if self.idle >= self.config.idle_max {
            self.say(TOO_IDLE);
            self.shut();
        }
    }

    fn say(&mut self, answer: Answer) {
        self.config.reply(answer).encode(&mut self.output);
    }

    fn say_hello(&mut self, verb: Verb) {
        let config = &self.config;
        let mut text = config.name.clone();
        if verb != Verb::Helo {
            let size = format!("SIZE {}", config.size);
            let offers = [
                (true, size.as_str()),
                (config.pipelining, "PIPELINING"),
                (config.eight_bit_mime, "8BITMIME"),
                (config.smtputf8, "SMTPUTF8"),
                (config.dsn, "DSN"),
                (config.chunking, "CHUNKING"),
                (config.chunking && config.binary_mime, "BINARYMIME"),
                (config.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
                (true, "HELP"),
            ];
            for (_, line) in offers.iter().filter(|(offered, _)| *offered) {
                text.push('\n');
                text.push_str(line);
            }
        }
        Reply::new(250, &text).encode(&mut self.output);
    }
}

impl Config {
    /// The answer as a reply, with its enhanced code if those are on offer.
    fn reply(&self, Answer(code, enhanced, text): Answer) -> Reply {
        if self.enhanced_status_codes && !enhanced.is_empty() {
            Reply::new(code, &format!("{enhanced} {text}"))
        } else {
            Reply::new(code, text)
        }
    }
}
