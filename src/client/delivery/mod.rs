//! Delivery of a list of mails over one connection or a stated number of them, with a result for every recipient.
//!
//! A [`Run`] drives all connections ([`lane::Lane`]) without waiting; [`run`] waits for one on the calling thread. What a
//! lane may send before answers are in is the [`Level`]; what became of each recipient is an [`Outcome`].

mod emit;
mod ending;
mod flight;
mod lane;
mod queue;
mod run;

use crate::client::body::Body;
use crate::client::envelope::BodyKind;
use crate::client::settings::{Level, Settings};
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Hint, Phase};
use crate::net::connect::Target;
use crate::net::turn;
use crate::net::wait::{Cancel, Yield, wait_many};
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::Parameter;
use crate::proto::reply::{EnhancedCode, Reply};
pub use run::{Run, RunStep};
use std::time::Instant;

/// One mail of a list.
pub struct Mail {
    /// The sender; null for notifications.
    pub from: ReversePath,
    /// Parameters of MAIL that the caller wants.
    pub parameters: Vec<Parameter>,
    /// To whom.
    pub recipients: Vec<Recipient>,
    /// The message, headers first.
    pub body: Body,
    /// What is known of the message.
    pub kind: BodyKind,
}

/// One recipient of a mail.
pub struct Recipient {
    /// The address.
    pub to: ForwardPath,
    /// Parameters of RCPT that the caller wants.
    pub parameters: Vec<Parameter>,
}

/// What became of one recipient of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where and why it failed; `None`: the server took the mail for this recipient.
    pub failure: Option<(Phase, Cause)>,
    /// The reply code that decided it; 0 when no reply did.
    pub code: u16,
    /// The enhanced code of that reply; 5.3.4 where this side held the message against the server's SIZE.
    pub enhanced: Option<EnhancedCode>,
    /// The server's words, or ours when it said nothing.
    pub text: String,
    /// What tells it from others of the same cause, where their cures differ.
    pub hint: Option<Hint>,
}

impl Outcome {
    /// Taken by the server.
    pub fn delivered(reply: &Reply) -> Self {
        Outcome { failure: None, code: reply.code(), enhanced: reply.enhanced(), text: reply.text(), hint: None }
    }

    /// Failed for this reason.
    pub fn failed(error: &Error) -> Self {
        Outcome {
            failure: Some((error.phase, error.cause)),
            code: error.code(),
            enhanced: error.enhanced(),
            text: if error.detail.is_empty() { error.to_string() } else { error.detail.clone() },
            hint: error.hint,
        }
    }

    /// The server has the mail for this recipient.
    pub fn is_delivered(&self) -> bool {
        self.failure.is_none()
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Mails with a final outcome for each recipient.
    pub mails_done: u64,
    /// Mails in the list.
    pub mails: u64,
    /// Recipients for whom the server took the mail.
    pub delivered: u64,
    /// Recipients for whom it did not.
    pub failed: u64,
    /// Bytes that the system has taken for sending, commands included.
    pub bytes_sent: u64,
}

/// Who is told while a run goes on. Called on the thread that runs it, without any lock.
pub trait Report {
    /// A recipient's final outcome.
    fn outcome(&mut self, mail: usize, recipient: usize, outcome: &Outcome);
    /// The same, with the recipient's address.
    fn outcome_of(&mut self, mail: usize, recipient: usize, _address: &ForwardPath, outcome: &Outcome) {
        self.outcome(mail, recipient, outcome);
    }
    /// After each step that moved something.
    fn progress(&mut self, _progress: &Progress) {}
}

/// How a list is delivered.
pub struct Options<'a> {
    /// Makes the target of each new connection; `None` when no more can be had.
    pub target: &'a mut dyn FnMut() -> Option<Target>,
    /// What every connection is told.
    pub settings: Settings,
    /// How much goes out before answers are in.
    pub level: Level,
    /// How many connections at most.
    pub connections: usize,
    /// Mails unanswered at a time on a connection.
    pub window_mails: usize,
    /// Bytes unanswered at a time on a connection, beyond which no further mail is begun.
    pub window_bytes: u64,
    /// Makes an observer for each connection.
    pub observer: Option<&'a mut dyn FnMut() -> Box<dyn Observer>>,
}

/// Mails unanswered at a time unless an option says otherwise.
pub const WINDOW_MAILS: usize = 1000;
/// Bytes unanswered at a time unless an option says otherwise.
pub const WINDOW_BYTES: u64 = 1024 * 1024;

/// Delivers `mails`; `outcomes[mail][recipient]` says what became of each. Returns when every recipient has an
/// outcome.
pub fn run(
    mails: &mut [Mail],
    options: Options<'_>,
    report: &mut dyn Report,
    cancel: &Cancel,
    yielding: &mut dyn Yield,
) -> Vec<Vec<Outcome>> {
    let mut run = Run::of(mails, options, report, cancel);
    finish(&mut run, cancel, yielding);
    run.into_outcomes()
}

/// Drives a run until it is done, and waits for it on the calling thread.
pub fn finish(run: &mut Run<'_, '_>, cancel: &Cancel, yielding: &mut dyn Yield) {
    let mut ready = Vec::new();
    loop {
        let until = match run.advance(Instant::now()) {
            RunStep::Done => return,
            RunStep::Moved => {
                if yielding.interval().is_some_and(|interval| interval.is_zero()) {
                    yielding.run();
                }
                turn::take_or(cancel);
                continue;
            }
            RunStep::Wait(until) => until,
        };
        let (mut sources, mut ends) = (Vec::new(), Vec::new());
        run.waits(&mut sources, &mut ends);
        wait_many(&sources, until, cancel, yielding, &mut ready);
        drop(sources);
        run.woken(&ready, &ends);
    }
}
