//! The client dialogue as a state machine without I/O: commands queue, replies answer in order.
//!
//! [`Dialogue`] encodes commands into the caller's output, remembers each until its reply came, and matches every
//! reply to the oldest. It knows no sockets and no clock; `client::Connection` drives it over a transport, tests drive
//! it in memory.

mod expect;
pub mod foreign;
#[cfg(test)]
mod tests;

pub use expect::Expect;

use crate::error::{Cause, Error, Phase, Result};
use crate::proto::command::{Command, Verb};
use crate::proto::extension::Extensions;
use crate::proto::reply::{Reply, ReplyLimits, ReplyParser, ReplyStep};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Replies that answer nothing: so many are dropped before the server is given up.
const EXTRA_REPLIES_MAX: u32 = 16;

/// SMTP, or its variant for the last hop (RFC 2033).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    /// RFC 5321.
    #[default]
    Smtp,
    /// RFC 2033: LHLO, and one answer a recipient after the message.
    Lmtp,
}

/// A command whose reply has not come yet.
#[derive(Clone, Debug)]
struct Pending {
    expect: Expect,
    tag: u64,
    /// Where its last byte stands in the stream of all bytes sent.
    end: u64,
    /// Its caller gave up (timed out): the reply is read and dropped.
    abandoned: bool,
    /// Replies still to come; more than one only for LMTP's end of message. Set when it becomes the oldest.
    replies_left: Option<u32>,
}

/// A reply and what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the reply answers.
    pub expect: Expect,
    /// The caller's mark of the command.
    pub tag: u64,
    /// The reply.
    pub reply: Reply,
    /// LMTP: which accepted recipient this answers, counted from 0; 0 elsewhere.
    pub index: u32,
    /// More replies to the same command follow (LMTP's end of message).
    pub more: bool,
    /// Where in the stream of bytes the command ends: who has not sent so far cannot have been answered.
    pub end: u64,
}

impl Answer {
    /// The server agreed: the code is of the kind that the command hopes for.
    pub fn is_positive(&self) -> bool {
        self.expect.accepts(&self.reply)
    }

    /// The error that a reply means which is no yes: a refusal where its code is one. A code that is neither (2xx to
    /// DATA, 3xx to MAIL) is a violation of the protocol; after the message's end it leaves open what became of it.
    pub fn error(&self) -> Error {
        let phase = self.expect.phase();
        if self.reply.is_transient() || self.reply.is_permanent() {
            return Error::refused(phase, self.reply.clone());
        }
        let words = format!("{} was answered with {}: neither a yes nor a refusal", self.expect.name(), self.reply);
        let cause = if self.expect.ends_message() { Cause::OutcomeUnknown } else { Cause::Protocol };
        Error::new(phase, cause, words).with_reply(Some(self.reply.clone()))
    }

    /// A no to a command of a group only because others were in flight with it: bad sequence, or pipelining itself is
    /// what the server complains of. The same command may well be taken when it comes alone.
    pub fn is_of_sequence(&self) -> bool {
        let reply = &self.reply;
        if !(reply.is_transient() || reply.is_permanent()) {
            return false;
        }
        let unknown = matches!(reply.code(), 500 | 502)
            && matches!(self.expect, Expect::Command(Verb::Mail | Verb::Data) | Expect::Chunk { .. });
        let enhanced = reply.enhanced().is_some_and(|code| (code.subject, code.detail) == (5, 1));
        reply.code() == 503 || unknown || enhanced || names_pipelining(reply)
    }
}

/// Whether a refusal speaks of commands that came too early: "improper use of SMTP command pipelining",
/// "synchronization error".
pub fn names_pipelining(reply: &Reply) -> bool {
    const WORDS: [&str; 4] = ["pipelining", "pipelined", "synchronization", "synchronisation"];
    let text = reply.text().to_ascii_lowercase();
    !reply.is_success() && WORDS.iter().any(|word| text.contains(word))
}

/// What came out of the bytes received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A reply to the oldest command.
    Reply(Answer),
    /// One more line of a positive EXPN or HELP reply: [`Dialogue::line`] has its text.
    Line {
        /// The caller's mark of the command.
        tag: u64,
    },
    /// 421 without a command to answer: the server closes.
    Closing(Reply),
}

/// The client's side of one SMTP connection, without the connection.
#[derive(Debug)]
pub struct Dialogue {
    protocol: Protocol,
    pending: VecDeque<Pending>,
    parser: ReplyParser,
    extensions: Extensions,
    /// All bytes ever queued: commands and body.
    queued: u64,
    /// Where the last command that was answered ends.
    done: u64,
    /// Recipients accepted since the last MAIL whose reply was read.
    accepted: u32,
    answered: u32,
    body_open: bool,
    in_auth: bool,
    extra: u32,
    /// The reply that is arriving began before a command was sent that it could answer.
    unasked: bool,
    /// A no that came while the message's data was not complete.
    early: Option<Reply>,
    last: Option<Reply>,
}

impl Dialogue {
    /// A dialogue that waits for the greeting.
    pub fn new(protocol: Protocol) -> Self {
        let mut pending = VecDeque::new();
        pending.push_back(Pending { expect: Expect::Greeting, tag: 0, end: 0, abandoned: false, replies_left: None });
        Dialogue {
            protocol,
            pending,
            parser: ReplyParser::new(),
            extensions: Extensions::none(),
            queued: 0,
            done: 0,
            accepted: 0,
            answered: 0,
            body_open: false,
            in_auth: false,
            extra: 0,
            unasked: false,
            early: None,
            last: None,
        }
    }

    /// SMTP or LMTP.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What the server offered in its last reply to EHLO or LHLO; nothing after HELO.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The last reply read, whatever it answered.
    pub fn last_reply(&self) -> Option<&Reply> {
        self.last.as_ref()
    }

    /// The last reply is this one again: what came since was about the goodbye only.
    pub fn set_last_reply(&mut self, reply: Option<Reply>) {
        self.last = reply;
    }

    /// What was read of an answer that is not SMTP: the first lines, or the beginning of the first.
    pub fn stray(&self) -> &[u8] {
        self.parser.stray()
    }

    /// Commands whose replies have not come.
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// The oldest command in flight whose answer somebody waits for: what it is, and where in the stream of bytes it
    /// ends. Commands given up are passed over.
    pub fn awaited(&self) -> Option<(Expect, u64)> {
        self.pending.iter().find(|p| !p.abandoned).map(|p| (p.expect, p.end))
    }

    /// Commands in flight that end at or before `sent` bytes of the stream: those the server may have seen whole.
    pub fn sent_whole(&self, sent: u64) -> impl Iterator<Item = (Expect, u64)> + '_ {
        self.pending.iter().filter(move |p| p.end <= sent).map(|p| (p.expect, p.tag))
    }

    /// All bytes queued so far, commands and body.
    pub fn queued(&self) -> u64 {
        self.queued
    }

    /// How far into the stream the server has answered.
    pub fn answered(&self) -> u64 {
        if self.pending.is_empty() { self.queued } else { self.done }
    }

    /// DATA was answered with 354, or a BDAT chunk was announced, and its bytes are not complete.
    pub fn is_body_open(&self) -> bool {
        self.body_open
    }

    /// An AUTH exchange is under way: what the client sends next is a credential.
    pub fn is_in_auth(&self) -> bool {
        self.in_auth
    }

    /// Whether one more command may go out now: PIPELINING, or nothing in flight; never behind a command that must be
    /// the last of its group (RFC 2920 section 3.1).
    pub fn may_push(&self) -> bool {
        match self.pending.back() {
            None => true,
            Some(_) if !self.extensions.pipelining => false,
            Some(last) => !last.expect.ends_group(),
        }
    }

    /// Encodes `command` at the end of `out` and remembers that its reply is due.
    ///
    /// Nothing is appended when an argument cannot be sent.
    pub fn push(&mut self, command: &Command<'_>, tag: u64, out: &mut Vec<u8>) -> Result<()> {
        let verb = command.verb();
        if self.body_open {
            return Err(Error::new(verb.phase(), Cause::BadSequence, "the message's data is not complete"));
        }
        let before = out.len();
        command
            .encode(out)
            .map_err(|why| Error::new(verb.phase(), Cause::BadArgument, format!("{} not sent: {why}", verb.name())))?;
        self.queued += (out.len() - before) as u64;
        let mut end = self.queued;
        if let Command::Bdat { length, .. } = command {
            // A chunk ends with its bytes: before, the server cannot have taken it.
            self.body_open = *length > 0;
            end = end.saturating_add(*length);
        }
        let expect = match command {
            Command::Bdat { last, .. } => Expect::Chunk { last: *last },
            // A program that authenticates by raw commands: this is its response, whatever word it looks like.
            Command::Raw(_) if self.in_auth => Expect::AuthStep,
            _ => Expect::Command(verb),
        };
        self.remember(expect, tag, end);
        Ok(())
    }

    /// A line of an AUTH exchange: base64 as the mechanism made it, or `*` to cancel.
    pub fn push_auth_line(&mut self, line: &str, tag: u64, out: &mut Vec<u8>) -> Result<()> {
        if line.bytes().any(|b| b <= b' ' || b >= 0x7f) {
            return Err(Error::new(Phase::Auth, Cause::BadArgument, "authentication response is not base64"));
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
        self.queued += line.len() as u64 + 2;
        self.remember(Expect::AuthStep, tag, self.queued);
        Ok(())
    }

    /// `length` bytes of the body joined the stream.
    pub fn body_queued(&mut self, length: u64) {
        self.queued += length;
    }

    /// The announced bytes of a BDAT chunk are all in the stream: commands may follow.
    pub fn chunk_complete(&mut self) {
        self.body_open = false;
    }

    /// Ends the message that DATA began: `completion` (what the last line lacks) and the final dot.
    pub fn push_end_of_data(&mut self, completion: &[u8], tag: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(completion);
        out.extend_from_slice(b".\r\n");
        self.queued += completion.len() as u64 + 3;
        self.body_open = false;
        self.remember(Expect::Message, tag, self.queued);
    }

    /// Gives up on all replies that are due: they are dropped when they come.
    ///
    /// False when the connection cannot be used any more after that: a late 354 would wait for a message.
    pub fn abandon(&mut self) -> bool {
        let mut usable = !self.body_open;
        for pending in &mut self.pending {
            pending.abandoned = true;
            usable &= !matches!(
                pending.expect,
                Expect::Greeting | Expect::Command(Verb::Data | Verb::Auth | Verb::StartTls) | Expect::AuthStep
            );
        }
        usable
    }

    /// Forgets what the server said before TLS (RFC 3207 section 4.2).
    pub fn forget(&mut self) {
        self.extensions = Extensions::none();
        self.parser = ReplyParser::new();
        self.in_auth = false;
        self.unasked = false;
    }

    /// Bytes of a reply have arrived, but not all of it.
    pub fn is_mid_reply(&self) -> bool {
        !self.parser.is_idle()
    }

    /// Takes from the front of `input` until something happened; `None` when all of it is used up.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<Option<Event>> {
        loop {
            let phase = self.pending.front().map_or(Phase::Command, |p| p.expect.phase());
            let step = self.parser.feed(input).map_err(|why| {
                Error::new(phase, Cause::Protocol, format!("the server's answer is not SMTP: {why}"))
                    .with_reply(self.last.clone())
            })?;
            match step {
                ReplyStep::NeedMore => return Ok(None),
                ReplyStep::Line => {
                    let listing =
                        self.pending.front().filter(|p| p.expect.is_listing() && !p.abandoned && !self.unasked);
                    if let Some(pending) = listing
                        && self.parser.code() / 100 == 2
                    {
                        return Ok(Some(Event::Line { tag: pending.tag }));
                    }
                }
                ReplyStep::Reply(reply) => {
                    if let Some(event) = self.take_reply(reply)? {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    /// The text of the line that [`Event::Line`] told of.
    pub fn line(&self) -> &[u8] {
        self.parser.last_line()
    }

    fn remember(&mut self, expect: Expect, tag: u64, end: u64) {
        self.pending.push_back(Pending { expect, tag, end, abandoned: false, replies_left: None });
        if self.pending.len() == 1 {
            self.unasked = self.is_mid_reply();
            self.limit_for_oldest();
        }
    }

    /// What answers nothing is held to the small limits.
    fn limit_for_oldest(&mut self) {
        self.parser.set_limits(self.pending.front().map_or_else(ReplyLimits::default, |p| p.expect.limits()));
    }

    fn take_reply(&mut self, reply: Reply) -> Result<Option<Event>> {
        self.last = Some(reply.clone());
        let lmtp = self.protocol == Protocol::Lmtp;
        let accepted = self.accepted;
        if core::mem::take(&mut self.unasked) {
            return self.take_extra(reply);
        }
        let Some(front) = self.pending.front_mut() else {
            return self.take_extra(reply);
        };
        // A refused chunk is answered once; an accepted message by LMTP once a recipient.
        let left = *front.replies_left.get_or_insert_with(|| {
            let many = lmtp && front.expect.ends_message() && reply.code() != 421;
            if many { accepted.max(1) } else { 1 }
        });
        let (expect, tag, abandoned, end) = (front.expect, front.tag, front.abandoned, front.end);
        let more = left > 1 && reply.code() != 421;
        let index = self.answered;
        if more {
            front.replies_left = Some(left - 1);
            self.answered += 1;
        } else {
            self.answered = 0;
            self.done = front.end;
            self.pending.pop_front();
            self.limit_for_oldest();
        }
        let answer = Answer { expect, tag, reply, index, more, end };
        self.note(&answer);
        if abandoned {
            if matches!(expect, Expect::Command(Verb::Data)) && answer.is_positive() {
                return Err(Error::new(
                    Phase::Data,
                    Cause::BrokenOff,
                    "the server asked for the message after the wait for it had timed out",
                ));
            }
            return Ok(None);
        }
        Ok(Some(Event::Reply(answer)))
    }

    /// What the server said against the message before all of it was sent, where it did: a server that will not read on.
    pub fn early_refusal(&self) -> Option<&Reply> {
        self.early.as_ref()
    }

    /// A reply that nobody asked for is never taken for the next command's answer.
    fn take_extra(&mut self, reply: Reply) -> Result<Option<Event>> {
        if reply.code() == 421 {
            return Ok(Some(Event::Closing(reply)));
        }
        if reply.is_intermediate() {
            // It waits for a message or a response: whatever command came next would be taken for that.
            let text = "the server asks for something that nobody has announced";
            return Err(Error::new(Phase::Command, Cause::Protocol, text).with_reply(Some(reply)));
        }
        // Also where it began while the message was going out, and came whole when the end had been sent.
        let in_message = self.body_open || self.awaited().is_some_and(|(expect, _)| expect.ends_message());
        if in_message && !reply.is_success() {
            self.early = Some(reply.clone());
        }
        self.extra += 1;
        if self.extra > EXTRA_REPLIES_MAX {
            return Err(Error::new(Phase::Command, Cause::Protocol, String::from("replies to nothing keep coming"))
                .with_reply(Some(reply)));
        }
        Ok(None)
    }

    /// Keeps what later commands depend on.
    fn note(&mut self, answer: &Answer) {
        // Whatever is said in an exchange, its reply goes on with it or ends it.
        if self.in_auth || matches!(answer.expect, Expect::Command(Verb::Auth) | Expect::AuthStep) {
            self.in_auth = answer.reply.code() == 334;
        }
        match answer.expect {
            Expect::Command(Verb::Ehlo | Verb::Lhlo) if answer.is_positive() => {
                self.extensions = Extensions::parse(&answer.reply);
                self.accepted = 0;
            }
            Expect::Command(Verb::Helo) if answer.is_positive() => {
                self.extensions = Extensions::none();
                self.accepted = 0;
            }
            Expect::Command(Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml | Verb::Rset) => self.accepted = 0,
            Expect::Command(Verb::Rcpt) if answer.is_positive() => self.accepted += 1,
            Expect::Command(Verb::Data) if answer.is_positive() => {
                self.body_open = true;
                self.early = None;
            }
            _ => {}
        }
    }
}
