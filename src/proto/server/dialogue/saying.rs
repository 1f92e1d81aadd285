//! What the dialogue says of its own: the one place where refusals come to the owner's log, and where limits count.

use super::super::answers::*;
use super::super::event::End;
use super::super::foreign::Foreign;
use super::super::refused::{self, Refused};
use super::Dialogue;
use crate::proto::reply::Reply;
use alloc::string::String;

impl Dialogue {
    /// Says it; a refusal comes to the owner's log, too.
    pub(super) fn say(&mut self, answer: Answer) {
        self.speak(answer, self.config.reply(answer));
    }

    /// Says it to the client alone: the owner knows, or it only follows from a refusal that was told.
    pub(super) fn tell(&mut self, answer: Answer) {
        self.config.reply(answer).encode(&mut self.output);
    }

    /// Says a last word.
    pub(super) fn end(&mut self, answer: Answer) {
        self.speak(answer, self.config.last_reply(answer));
        self.end = Some(match answer.0 {
            221 => End::Quit,
            421 => End::Limit(answer.2),
            _ => End::Protocol(answer.2),
        });
        self.shut();
    }

    pub(super) fn speak(&mut self, answer: Answer, reply: Reply) {
        reply.encode(&mut self.output);
        if answer.is_refusal() {
            self.refusals.push(Refused { command: String::new(), reply });
        }
    }

    /// The last refusal was about this command.
    pub(super) fn blame(&mut self, line: &[u8]) {
        let command = refused::words(line, self.logging_in);
        if let Some(refused) = self.refusals.last_mut() {
            refused.command = command;
        }
    }

    /// One more faulty command, which has been answered.
    pub(super) fn failed(&mut self) {
        self.counts.errors += 1;
        if self.counts.errors >= self.config.errors_max {
            self.end(TOO_MANY_ERRORS);
        }
    }

    /// One more refusal, which has been answered.
    pub(super) fn refused(&mut self) {
        self.counts.refusals += 1;
        if self.counts.refusals >= self.config.refusals_max {
            self.end(TOO_MANY_REFUSALS);
        }
    }

    /// One more command that leads nowhere.
    pub(super) fn idled(&mut self) {
        self.counts.idle += 1;
        if self.counts.idle >= self.config.idle_max {
            self.end(TOO_IDLE);
        }
    }

    /// The client speaks another protocol: nothing of it is carried out.
    pub(super) fn send_away(&mut self, foreign: Foreign) {
        // Whoever does not speak the language is not told anything in it either, but for people who look.
        if foreign != Foreign::Tls {
            self.tell(NOT_SMTP); // the owner tells it, with what it is
        }
        self.foreign = Some(foreign);
        self.end = Some(End::Protocol(NOT_SMTP.2));
        self.shut();
    }
}
