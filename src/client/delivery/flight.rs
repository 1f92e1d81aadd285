//! One mail on its way over a connection, from MAIL to the answer to its end.

use super::Outcome;
use super::queue::Queue;
use crate::error::{Cause, Error, Phase};
use crate::proto::client::{Answer, Expect};
use crate::proto::command::Verb;

/// A mail whose commands are going out or whose replies are due.
pub(super) struct Flight {
    /// Its place in the list.
    pub(super) mail: usize,
    /// Its mark in the tags of its commands.
    pub(super) number: u32,
    /// The recipients that this attempt names.
    pub(super) recipients: Vec<u32>,
    /// Replies to MAIL, RCPT, DATA and chunks that are due.
    pub(super) due: u32,
    /// Replies to MAIL and RCPT that are due.
    pub(super) envelope_due: u32,
    /// The server refused MAIL, DATA or a chunk, or all recipients: nothing of this mail is delivered.
    pub(super) failed: bool,
    /// MAIL was accepted and no end of message has closed the transaction.
    pub(super) open: bool,
    /// Recipients accepted, in the order of their replies.
    pub(super) accepted: Vec<u32>,
    /// The server asks for the message (354).
    pub(super) go: bool,
    /// All of its commands are queued.
    pub(super) emitted: bool,
    /// Its last chunk or final dot is queued.
    pub(super) ended: bool,
    /// The end of the message was answered.
    pub(super) decided: bool,
    /// Its body has been measured and needs no mending of line ends.
    pub(super) unchanged: bool,
    /// Commands of it went out before the ones in front of them were answered.
    pub(super) ahead: bool,
    /// Its MAIL went out before the mail ahead of it was answered.
    pub(super) behind: bool,
    /// A recipient has the mail.
    pub(super) delivered: bool,
    /// The server does not like what was sent ahead: whoever has no outcome is tried again, one step at a time. If that
    /// cannot be, this is the outcome.
    pub(super) put_off: Option<Outcome>,
}

impl Flight {
    pub(super) fn new(mail: usize, number: u32, recipients: Vec<u32>) -> Self {
        Flight {
            mail,
            number,
            recipients,
            due: 0,
            envelope_due: 0,
            failed: false,
            open: false,
            accepted: Vec::new(),
            go: false,
            emitted: false,
            ended: false,
            decided: false,
            unchanged: false,
            ahead: false,
            behind: false,
            delivered: false,
            put_off: None,
        }
    }

    /// The tag of this mail's commands; `recipient` counts in `recipients`.
    pub(super) fn tag(&self, recipient: usize) -> u64 {
        u64::from(self.number) << 32 | recipient as u64
    }

    pub(super) fn number_of(tag: u64) -> u32 {
        (tag >> 32) as u32
    }

    /// All commands out, all replies in.
    pub(super) fn is_over(&self) -> bool {
        self.emitted && self.due == 0
    }

    /// A reply to one of this mail's commands.
    pub(super) fn take(&mut self, answer: &Answer, queue: &mut Queue<'_>) {
        if !answer.more {
            self.due = self.due.saturating_sub(1);
        }
        let positive = answer.is_positive();
        match answer.expect {
            Expect::Command(Verb::Mail) => {
                self.envelope_due -= 1;
                self.open = positive;
                if !positive {
                    self.refused(answer, queue);
                }
            }
            Expect::Command(Verb::Rcpt) => {
                self.envelope_due -= 1;
                let recipient = self.recipients[(answer.tag & 0xffff_ffff) as usize];
                if positive {
                    self.accepted.push(recipient);
                    // Accepted after a refused MAIL: the server has another transaction open.
                    self.open = true;
                } else if !self.failed && self.is_ahead(answer) {
                    self.put_off = Some(refusal(answer));
                } else if !self.failed {
                    queue.settle(self.mail, recipient as usize, refusal(answer));
                }
            }
            Expect::Command(Verb::Data) => {
                self.go = positive;
                if !positive {
                    self.refused(answer, queue);
                }
            }
            Expect::Chunk { last: false } if !positive => self.refused(answer, queue),
            Expect::Message | Expect::Chunk { last: true } => self.take_verdict(answer, queue),
            _ => {}
        }
    }

    /// The no is one to commands that were sent ahead, not to this mail.
    fn is_ahead(&self, answer: &Answer) -> bool {
        self.ahead && answer.is_of_sequence()
    }

    /// The server will not have the mail: for good, or not in this way.
    fn refused(&mut self, answer: &Answer, queue: &mut Queue<'_>) {
        if self.failed {
            return;
        }
        // After the envelope a bad sequence may only mean that nobody was accepted.
        let follows = self.accepted.is_empty() && !matches!(answer.expect, Expect::Command(Verb::Mail));
        if follows && self.put_off.is_some() {
            self.failed = true;
        } else if !follows && self.is_ahead(answer) {
            self.failed = true;
            self.put_off = Some(refusal(answer));
        } else {
            self.fail(&refusal(answer), queue);
        }
    }

    fn take_verdict(&mut self, answer: &Answer, queue: &mut Queue<'_>) {
        let positive = answer.is_positive();
        // A refused last chunk leaves the transaction in doubt (RFC 3030 section 2), a refused message ends it.
        self.open = !positive && matches!(answer.expect, Expect::Chunk { .. });
        self.decided |= !answer.more;
        if self.failed {
            if positive && !self.accepted.is_empty() && self.put_off.take().is_some() {
                // Sending it again could make a duplicate.
                let text = "the server took the message of a mail that it had refused: delivered or not is unknown";
                self.fail(&Outcome::failed(&Error::new(Phase::Message, Cause::OutcomeUnknown, text)), queue);
            }
            return;
        }
        if !positive && !answer.more && answer.index == 0 {
            // Also the one answer to a chunk of whose mail nobody was accepted.
            self.refused(answer, queue);
            return;
        }
        let outcome = if positive { Outcome::delivered(&answer.reply) } else { refusal(answer) };
        self.delivered |= positive;
        // LMTP answers once for each accepted recipient, SMTP once for all; the last answer (or a 421 before it) decides
        // for whoever is left.
        if answer.more {
            if let Some(&recipient) = self.accepted.get(answer.index as usize) {
                queue.settle(self.mail, recipient as usize, outcome);
            }
            return;
        }
        for &recipient in &self.accepted {
            queue.settle(self.mail, recipient as usize, outcome.clone());
        }
        self.failed = !positive;
    }

    /// No command of this mail is of use any more, since MAIL was refused.
    pub(super) fn is_hopeless(&self) -> bool {
        self.failed && !self.open
    }

    /// Nothing of this mail will be delivered: those who have no outcome get this one.
    pub(super) fn fail(&mut self, outcome: &Outcome, queue: &mut Queue<'_>) {
        self.failed = true;
        for &recipient in &self.recipients {
            queue.settle(self.mail, recipient as usize, outcome.clone());
        }
    }

    /// The connection is gone. `whole`: the end of this mail was sent and is unanswered. `oldest`: its reply was the
    /// one awaited.
    pub(super) fn lost(&mut self, error: &Error, whole: bool, oldest: bool, queue: &mut Queue<'_>) {
        let outcome = if whole && !self.failed {
            let text = "the message was sent whole and its answer did not come: delivered or not is unknown, and \
                        sending it again may make a duplicate";
            let mut unknown = Error::new(Phase::Message, Cause::OutcomeUnknown, text);
            unknown.reply.clone_from(&error.reply);
            Outcome::failed(&unknown)
        } else if oldest || error.cause == Cause::Cancelled {
            Outcome::failed(error)
        } else {
            let text = format!("not sent, the connection failed before: {error}");
            Outcome::failed(&Error::new(error.phase, Cause::Unsent, text))
        };
        self.fail(&outcome, queue);
    }
}

fn refusal(answer: &Answer) -> Outcome {
    Outcome::failed(&answer.error())
}
