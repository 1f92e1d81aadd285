//! What a lane says next: the order of commands and bodies at the three levels.
//!
//! - `none`: each step waits until nothing is in flight.
//! - `envelope`: MAIL and every RCPT together, with DATA where bodies go by DATA (RFC 2920 section 3.1 lets DATA be the
//!   last of a group, and a body the first of the next). By BDAT the body waits for the verdict on the envelope. The
//!   next mail's envelope follows the body at once.
//! - `full`: nothing waits; bodies go by BDAT behind their envelopes.
//!
//! Where the fate of a chunk is not known when the next MAIL goes out, RSET goes before it: a refused chunk leaves its
//! transaction open, and the next mail's recipients would join it (RFC 3030 section 2).

use super::flight::Flight;
use super::lane::{Lane, NO_MAIL, source_failed};
use super::queue::Queue;
use super::{Mail, Outcome};
use crate::client::body::Measured;
use crate::client::connection::Connection;
use crate::client::envelope::{BodyKind, Sender, all_ascii, recipient_parameters};
use crate::client::settings::Level;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::command::{Command, Parameter};
use crate::proto::dot::BodyEncoder;
use std::time::Instant;

/// Bodies up to this size are staged whole beside their commands: one write for many mails.
const STAGE_BELOW: usize = 64 * 1024;
/// A chunk announces no more of a body than this.
const CHUNK_MAX: usize = 1024 * 1024;

/// Of an envelope behind an unanswered message no more goes out than this, until the server has taken one that was sent
/// ahead. Some close the connection where more comes (Haraka at 8 KiB), and then nobody knows of the message before.
const AHEAD_AT_FIRST: u64 = 4096;

/// What of a mail goes out next.
pub(super) enum Emit {
    /// No mail is begun.
    Idle,
    /// RCPT number `next`, then on.
    Recipients { next: usize },
    /// The envelope is out: by BDAT its verdict is awaited unless the level is `full`.
    BeforeBody,
    /// DATA is out: 354 is awaited.
    BeforeGo,
    /// The body. By BDAT `chunk_left` source bytes of the announced chunk are to come; by DATA `None`.
    Body {
        chunk_left: Option<usize>,
        /// The announced chunk is the last.
        last: bool,
    },
}

impl Lane {
    fn chunked(&self, mail: &Mail) -> bool {
        let extensions = self.connection.extensions();
        extensions.chunking && (self.level != Level::None || mail.kind == BodyKind::Binary)
    }

    /// A further command may go out now, by the level and by the dialogue.
    fn may(&self) -> bool {
        self.connection.may_push() && (self.level != Level::None || self.connection.in_flight() == 0)
    }

    /// Pushes what may be pushed. Returns when something must be awaited.
    pub(super) fn emit(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<()> {
        if !self.is_opened() {
            return Ok(());
        }
        loop {
            let moved = match self.emit {
                Emit::Idle => self.emit_mail(queue, now)?,
                Emit::Recipients { next } => self.emit_recipient(next, queue, now)?,
                Emit::BeforeBody => self.emit_before_body(queue, now)?,
                Emit::BeforeGo => self.emit_go(queue, now)?,
                Emit::Body { chunk_left, last } => self.emit_body(chunk_left, last, queue, now)?,
            };
            if !moved {
                return Ok(());
            }
        }
    }

    fn emit_mail(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<bool> {
        let unanswered = self.connection.queued().saturating_sub(self.connection.answered());
        let full = self.flights.len() >= self.window.mails || unanswered >= self.window.bytes;
        let half = self.flights.len() <= self.window.mails / 2 && unanswered <= self.window.bytes / 2;
        // A full window is refilled in one go once half of it is answered, not mail by mail with each answer: fewer
        // flights and writes.
        self.refilling = half || (self.refilling && !full);
        let spent = self.connection.extensions().limits.mail_max.is_some_and(|max| self.begun >= max);
        if self.quitting || !self.refilling || !self.may() {
            return Ok(false);
        }
        if queue.waiting() == 0 && self.keeps_open && !(self.needs_reset && self.flights.is_empty()) {
            return Ok(false);
        }
        if if queue.waiting() == 0 { !self.keeps_open } else { spent } {
            self.connection.push(&Command::Quit, NO_MAIL, now)?;
            self.quitting = true;
            return Ok(false);
        }
        if self.needs_reset {
            self.connection.push(&Command::Rset, NO_MAIL, now)?;
            self.needs_reset = false;
            return Ok(true);
        }
        let Some(mail) = queue.take() else { return Ok(false) };
        let recipients = queue.undecided(mail);
        let mut flight = Flight::new(mail, self.next_number, recipients);
        flight.behind = !self.flights.is_empty();
        self.before = self.connection.queued();
        let tag = flight.tag(0);
        let measured = match measure(&self.connection, queue.mail_mut(mail)) {
            Ok(measured) => measured,
            Err(why) => {
                queue.settle_rest(mail, &Outcome::failed(&source_failed(&why)));
                return Ok(true);
            }
        };
        flight.unchanged = measured.unchanged;
        let sent = parameters_of(&self.connection, queue.mail(mail), measured.size)
            .and_then(|parameters| self.push_mail(queue.mail(mail), &parameters, tag, now));
        match sent {
            Ok(()) => {
                self.next_number = self.next_number.wrapping_add(1);
                self.begun += 1;
                self.flights.push_back(flight);
                self.count(true);
                self.emit = Emit::Recipients { next: 0 };
            }
            // The connection is well, this mail is not.
            Err(error) if is_mails_own(&error) => queue.settle_rest(mail, &Outcome::failed(&error)),
            Err(error) => {
                if !queue.requeue(mail) {
                    queue.settle_rest(mail, &Outcome::failed(&error));
                }
                return Err(error);
            }
        }
        Ok(true)
    }

    fn push_mail(&mut self, mail: &Mail, parameters: &[Parameter], tag: u64, now: Instant) -> Result<()> {
        let command = Command::Mail { verb: crate::proto::command::Verb::Mail, from: &mail.from, params: parameters };
        self.connection.push(&command, tag, now)
    }

    /// One more reply is due to the mail that is being emitted.
    fn count(&mut self, envelope: bool) {
        let ahead = self.connection.in_flight() > 1;
        if let Some(flight) = self.flights.back_mut() {
            flight.due += 1;
            flight.envelope_due += u32::from(envelope);
            flight.ahead |= ahead;
        }
    }

    /// Enough of this mail is sent ahead of the answer to the one before, as long as it is not known whether the server
    /// likes that.
    fn is_far_ahead(&self) -> bool {
        !self.agreed && self.flights.len() > 1 && self.connection.queued() - self.before >= AHEAD_AT_FIRST
    }

    fn emit_recipient(&mut self, next: usize, queue: &mut Queue<'_>, now: Instant) -> Result<bool> {
        let Some(flight) = self.flights.back() else { return Ok(self.idle()) };
        if flight.is_hopeless() {
            return Ok(self.end_of_mail(queue));
        }
        let Some(&recipient) = flight.recipients.get(next) else {
            self.emit = Emit::BeforeBody;
            return Ok(true);
        };
        if !self.may() || self.is_far_ahead() {
            return Ok(false);
        }
        let tag = flight.tag(next);
        let recipient = &queue.mail(flight.mail).recipients[recipient as usize];
        let parameters = recipient_parameters(self.connection.extensions(), &recipient.parameters);
        let pushed = parameters.and_then(|parameters| {
            self.connection.push(&Command::Rcpt { to: &recipient.to, params: &parameters }, tag, now)
        });
        match pushed {
            Ok(()) => self.count(true),
            Err(error) if is_mails_own(&error) => {
                let (mail, recipient) = (flight.mail, flight.recipients[next]);
                let error = Error { phase: Phase::Rcpt, ..error };
                queue.settle(mail, recipient as usize, Outcome::failed(&error));
            }
            Err(error) => return Err(error),
        }
        self.emit = Emit::Recipients { next: next + 1 };
        Ok(true)
    }

    fn emit_before_body(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<bool> {
        let Some(flight) = self.flights.back() else { return Ok(self.idle()) };
        let chunked = self.chunked(queue.mail(flight.mail));
        let known = flight.envelope_due == 0;
        if known && (flight.failed || flight.accepted.is_empty()) {
            return Ok(self.end_of_mail(queue));
        }
        if chunked {
            if !known && self.level != Level::Full {
                return Ok(false);
            }
            // What needs no change is not looked through again.
            let as_it_is = flight.unchanged || queue.mail(flight.mail).kind == BodyKind::Binary;
            self.connection.begin_body(true, as_it_is);
            self.emit = Emit::Body { chunk_left: Some(0), last: false };
            return Ok(true);
        }
        if !self.may() || (!known && self.level == Level::None) {
            return Ok(false);
        }
        let tag = flight.tag(0);
        self.connection.push(&Command::Data, tag, now)?;
        self.count(false);
        self.emit = Emit::BeforeGo;
        Ok(true)
    }

    fn emit_go(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<bool> {
        let Some(flight) = self.flights.back_mut() else { return Ok(self.idle()) };
        if flight.due > 0 {
            return Ok(false);
        }
        if !flight.go {
            return Ok(self.end_of_mail(queue));
        }
        if flight.failed && !flight.accepted.is_empty() {
            let text = "the server took recipients and the message of a sender that it had refused";
            return Err(Error::new(Phase::Data, Cause::Protocol, text));
        }
        self.connection.begin_body(false, false);
        if flight.accepted.is_empty() {
            // 354 although nobody is to get the message: an empty one ends it (RFC 2920 section 3.1).
            let tag = flight.tag(0);
            flight.due += 1;
            flight.ended = true;
            self.connection.push_end_of_data(tag, now)?;
            return Ok(self.end_of_mail(queue));
        }
        self.emit = Emit::Body { chunk_left: None, last: false };
        Ok(true)
    }

    fn emit_body(
        &mut self,
        chunk_left: Option<usize>,
        last: bool,
        queue: &mut Queue<'_>,
        now: Instant,
    ) -> Result<bool> {
        match chunk_left {
            None => self.emit_data(queue, now),
            Some(left) if left > 0 => self.emit_chunk_bytes(queue),
            Some(_) if last => {
                self.connection.stage_completion();
                self.needs_reset = true;
                Ok(self.end_of_mail(queue))
            }
            Some(_) => self.announce_chunk(queue, now),
        }
    }

    /// The body by DATA: small ones are staged, large ones go through `advance`.
    fn emit_data(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<bool> {
        let Some(flight) = self.flights.back_mut() else { return Ok(self.idle()) };
        let body = &mut queue.mail_mut(flight.mail).body;
        let (bytes, last) = match body.fill() {
            Ok(filled) => filled,
            // Nothing but a reset ends a message that DATA began and nobody can complete.
            Err(why) => return Err(source_failed(&why)),
        };
        if !(last && bytes.len() <= STAGE_BELOW) {
            return Ok(false);
        }
        let length = bytes.len();
        self.connection.stage_body(bytes);
        body.consume(length);
        let tag = flight.tag(0);
        flight.due += 1;
        flight.ended = true;
        self.connection.push_end_of_data(tag, now)?;
        Ok(self.end_of_mail(queue))
    }

    /// Announces the next chunk: as much of the source as is at hand.
    fn announce_chunk(&mut self, queue: &mut Queue<'_>, now: Instant) -> Result<bool> {
        let Some(flight) = self.flights.back_mut() else { return Ok(self.idle()) };
        if flight.failed || (flight.envelope_due == 0 && flight.accepted.is_empty()) {
            // A chunk was refused, or everyone: the rest stays here, and RSET clears what the server has (RFC 3030 section 2).
            self.needs_reset = true;
            return Ok(self.end_of_mail(queue));
        }
        if !self.connection.may_push() || self.connection.staged() > CHUNK_MAX {
            return Ok(false);
        }
        if self.level == Level::None && self.connection.in_flight() > 0 {
            return Ok(false);
        }
        let (bytes, at_end) = match queue.mail_mut(flight.mail).body.fill() {
            Ok(filled) => filled,
            Err(why) => {
                flight.fail(&Outcome::failed(&source_failed(&why)), queue);
                self.needs_reset = true;
                return Ok(self.end_of_mail(queue));
            }
        };
        let taken = bytes.len().min(CHUNK_MAX);
        let last = at_end && taken == bytes.len();
        let mut length = self.connection.encoder().encoded_len(&bytes[..taken]);
        if last {
            length += completion_after(self.connection.encoder(), &bytes[..taken]);
        }
        let tag = flight.tag(0);
        if length > 0 || last {
            self.connection.push(&Command::Bdat { length, last }, tag, now)?;
            flight.due += 1;
            flight.ended |= last;
            flight.ahead |= self.connection.in_flight() > 1;
        }
        self.emit = Emit::Body { chunk_left: Some(taken), last };
        Ok(true)
    }

    /// Stages a small chunk at once; a large one is left to `advance`.
    fn emit_chunk_bytes(&mut self, queue: &mut Queue<'_>) -> Result<bool> {
        let Emit::Body { chunk_left: Some(left), .. } = &mut self.emit else { return Ok(false) };
        let Some(flight) = self.flights.back() else { return Ok(false) };
        if *left > STAGE_BELOW {
            return Ok(false);
        }
        let body = &mut queue.mail_mut(flight.mail).body;
        let (bytes, _) = body.fill().map_err(|why| source_failed(&why))?;
        let taken = bytes.len().min(*left);
        self.connection.stage_body(&bytes[..taken]);
        *left -= taken;
        body.consume(taken);
        Ok(true)
    }

    fn idle(&mut self) -> bool {
        self.emit = Emit::Idle;
        true
    }

    /// All of this mail is queued; it may be over already.
    fn end_of_mail(&mut self, queue: &mut Queue<'_>) -> bool {
        if let Some(flight) = self.flights.back_mut() {
            flight.emitted = true;
            // Refused after MAIL was accepted: the server still holds the transaction.
            let needs_reset = self.needs_reset || (flight.open && !flight.ended);
            self.clear(queue);
            self.needs_reset |= needs_reset;
        }
        self.idle()
    }
}

/// The error is of this mail or recipient alone.
fn is_mails_own(error: &Error) -> bool {
    matches!(error.cause, Cause::BadArgument | Cause::NotSupported) || error.is_too_large()
}

/// What is known of the mail's body. Its line ends are counted where the server wants to know the size.
fn measure(connection: &Connection, mail: &mut Mail) -> std::io::Result<Measured> {
    let limit = connection.extensions().size;
    mail.body.measure(limit.is_some() && mail.kind != BodyKind::Binary, limit.flatten().filter(|limit| *limit > 0))
}

fn parameters_of(connection: &Connection, mail: &Mail, size: Option<u64>) -> Result<Vec<Parameter>> {
    let ascii = all_ascii(mail.recipients.iter().map(|r| &r.to));
    let (asked, kind) = (mail.parameters.as_slice(), mail.kind);
    let sender = Sender { ascii_recipients: ascii, asked, size, kind, ..Sender::new(&mail.from) };
    sender.parameters(connection.extensions())
}

/// What the last line lacks after `encoder` has seen `tail`: only the tail's last two bytes matter.
fn completion_after(encoder: &BodyEncoder, tail: &[u8]) -> u64 {
    let mut encoder = encoder.clone();
    let mut tail = tail.get(tail.len().saturating_sub(2)..).unwrap_or(&[]);
    while encoder.next(&mut tail).is_some() {}
    encoder.finish().len() as u64
}
