//! The body of a mail: by DATA and by chunks.

use super::super::answers::*;
use super::super::event::Event;
use super::super::refused::Refused;
use super::commands::Fault;
use super::{Dialogue, Place, Question};
use crate::proto::dot::{BodyDecoder, BodyError, Decoded};
use alloc::string::String;

fn what_is_wrong(error: BodyError) -> Answer {
    if error == BodyError::HiddenEnd { HIDDEN_END } else { BARE_LINE_END }
}

impl Dialogue {
    /// The chunk of a BDAT is read whatever is said to it: it must never be taken for commands.
    pub(super) fn begin_chunk<'a>(&mut self, left: u64, last: bool) -> Option<Event<'a>> {
        let extended = self.extended();
        let refusal = match &mut self.envelope {
            _ if self.turned_away => Some(TURNED_AWAY),
            _ if !self.config.chunking => Some(NO_CHUNKS),
            None => Some(NEEDS_MAIL),
            Some(envelope) if envelope.recipients == 0 && envelope.refused_any => Some(self.config.no_recipients()),
            Some(envelope) if envelope.recipients == 0 => Some(NEEDS_RCPT),
            Some(envelope) if envelope.failed.is_some() => None,
            Some(_) if !extended => Some(NEEDS_EHLO),
            Some(envelope) => {
                let first = !core::mem::replace(&mut envelope.chunked, true);
                if first {
                    self.decoder = BodyDecoder::chunks(self.config.bare_ends);
                }
                if let Err(answer) = envelope.receive(&self.config, left) {
                    self.fail_body(answer);
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

    /// A part of a chunk.
    pub(super) fn chunk<'a>(
        &mut self,
        input: &mut &'a [u8],
        left: u64,
        last: bool,
        refusal: Option<Answer>,
    ) -> Option<Event<'a>> {
        let available = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (mut part, _) = input.split_at(available);
        let whole = part;
        let event = match self.envelope.as_ref().filter(|envelope| envelope.failed.is_none() && refusal.is_none()) {
            // What is declared as binary has no lines.
            Some(envelope) if envelope.binary => {
                part = &[];
                Some(Event::Body(whole))
            }
            Some(_) => self.text_of_chunk(&mut part),
            None => {
                part = &[];
                None
            }
        };
        let taken = available - part.len();
        *input = &input[taken..];
        self.place = Place::Chunk { left: left - taken as u64, last, refusal };
        event
    }

    /// The next of a chunk that is text: its line ends are those of a message by DATA.
    fn text_of_chunk<'a>(&mut self, part: &mut &'a [u8]) -> Option<Event<'a>> {
        match self.decoder.next(part) {
            Ok(Decoded::Slice(text) | Decoded::Insert(text)) => {
                match self.envelope.as_mut()?.hand_out(&self.config, text.len() as u64) {
                    Ok(()) => Some(Event::Body(text)),
                    Err(answer) => self.fail_body(answer),
                }
            }
            Ok(Decoded::NeedMore | Decoded::End) => None,
            Err(error) => {
                *part = &[];
                self.fail_body(what_is_wrong(error))
            }
        }
    }

    /// The mail is not taken; what is still to come of it is read.
    fn fail_body<'a>(&mut self, answer: Answer) -> Option<Event<'a>> {
        let reply = self.config.reply(answer);
        self.refusals.push(Refused { command: String::new(), reply: reply.clone() });
        if let Some(envelope) = &mut self.envelope {
            envelope.failed = Some(reply);
            self.abandoned = true;
        }
        None
    }

    pub(super) fn end_chunk<'a>(&mut self, last: bool, refusal: Option<Answer>) -> Option<Event<'a>> {
        if last && refusal.is_none() && self.envelope.as_ref().is_some_and(|envelope| envelope.failed.is_none()) {
            // A line end that the last octet began. (A binary body has left nothing there.)
            match self.decoder.finish() {
                Ok(Some(text)) => return Some(Event::Body(text)),
                Ok(None) => {}
                Err(error) => {
                    self.fail_body(what_is_wrong(error));
                    return None; // the owner is told first
                }
            }
        }
        self.place = Place::Command;
        self.turn += 1;
        if let Some(answer) = refusal {
            if matches!(self.without_mail(), Fault::Refusal(_)) && answer == NEEDS_MAIL {
                self.tell(answer);
            } else {
                self.say(answer);
                self.blame(b"BDAT");
            }
            let follows = answer == self.config.no_recipients() || matches!(self.without_mail(), Fault::Refusal(_));
            if follows {
                self.refused()
            } else {
                self.failed()
            }
            return None;
        }
        if last {
            return self.end_body();
        }
        // The reason once; the mail stays failed until RSET or the last chunk.
        let failed = self.config.reply(CHUNK_FAILED);
        match self.envelope.as_mut().and_then(|envelope| envelope.failed.as_mut()) {
            Some(reply) => {
                core::mem::replace(reply, failed).encode(&mut self.output);
                self.refused();
            }
            None => self.say(CHUNK_TAKEN),
        }
        None
    }

    /// A part of the body by DATA.
    pub(super) fn body<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        let part: &'a [u8] = match self.decoder.next(input) {
            Ok(Decoded::Slice(part)) => part,
            Ok(Decoded::Insert(part)) => part,
            Ok(Decoded::NeedMore) => return None,
            Ok(Decoded::End) => {
                self.place = Place::Command;
                self.turn += 1;
                return self.end_body();
            }
            Err(error) => {
                self.end(what_is_wrong(error));
                return None;
            }
        };
        let envelope = self.envelope.as_mut().filter(|envelope| envelope.failed.is_none())?;
        match envelope.receive(&self.config, part.len() as u64) {
            Ok(()) => Some(Event::Body(part)),
            Err(answer) => self.fail_body(answer),
        }
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
                self.refused();
                None
            }
            None => {
                self.question = Some(Question::Complete { answers });
                Some(Event::Complete)
            }
        }
    }
}
