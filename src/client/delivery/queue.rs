//! The list of mails: which wait, which are done, and each recipient's outcome.

use super::{Mail, Outcome, Progress, Report};
use crate::error::{Cause, Error, Phase};
use std::collections::VecDeque;

/// Connections in a row that brought no mail further, before the rest is given up.
const FRUITLESS_MAX: u32 = 3;
/// Times that one mail is begun again after its connection was closed by 421.
const ATTEMPTS_MAX: u8 = 3;

pub(super) struct Queue<'a> {
    mails: &'a mut [Mail],
    report: &'a mut dyn Report,
    waiting: VecDeque<usize>,
    attempts: Vec<u8>,
    outcomes: Vec<Vec<Option<Outcome>>>,
    open: Vec<usize>,
    progress: Progress,
    told: Progress,
    fruitless: u32,
    fatal: Option<Error>,
    sent_by_retired: u64,
}

impl<'a> Queue<'a> {
    pub(super) fn new(mails: &'a mut [Mail], report: &'a mut dyn Report) -> Self {
        let progress = Progress { mails: mails.len() as u64, ..Progress::default() };
        let open: Vec<usize> = mails.iter().map(|m| m.recipients.len()).collect();
        let mut queue = Queue {
            waiting: (0..mails.len()).filter(|&m| open[m] > 0).collect(),
            attempts: vec![0; mails.len()],
            outcomes: open.iter().map(|&n| vec![None; n]).collect(),
            open,
            mails,
            report,
            progress,
            told: Progress::default(),
            fruitless: 0,
            fatal: None,
            sent_by_retired: 0,
        };
        // A mail without recipients is done before it begins.
        queue.progress.mails_done = (queue.mails.len() - queue.waiting.len()) as u64;
        queue
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn take(&mut self) -> Option<usize> {
        self.waiting.pop_front()
    }

    pub(super) fn mail(&self, mail: usize) -> &Mail {
        &self.mails[mail]
    }

    pub(super) fn mail_mut(&mut self, mail: usize) -> &mut Mail {
        &mut self.mails[mail]
    }

    /// A recipient's outcome, once.
    pub(super) fn settle(&mut self, mail: usize, recipient: usize, outcome: Outcome) {
        let slot = &mut self.outcomes[mail][recipient];
        if slot.is_some() {
            return;
        }
        match outcome.is_delivered() {
            true => self.progress.delivered += 1,
            false => self.progress.failed += 1,
        }
        self.report.outcome_of(mail, recipient, &self.mails[mail].recipients[recipient].to, &outcome);
        *slot = Some(outcome);
        self.open[mail] -= 1;
        if self.open[mail] == 0 {
            self.progress.mails_done += 1;
            self.mails[mail].body.release();
        }
    }

    /// The same outcome for all recipients of a mail that have none.
    pub(super) fn settle_rest(&mut self, mail: usize, outcome: &Outcome) {
        for recipient in 0..self.outcomes[mail].len() {
            if self.outcomes[mail][recipient].is_none() {
                self.settle(mail, recipient, outcome.clone());
            }
        }
    }

    /// Back to the front of the list, for another connection; false when it must not be begun again.
    pub(super) fn requeue(&mut self, mail: usize) -> bool {
        self.attempts[mail] += 1;
        let again = self.attempts[mail] < ATTEMPTS_MAX && self.mails[mail].body.rewind();
        if again {
            // Verdicts of the broken attempt stand for nothing: every recipient is asked again, but for those that
            // have been told.
            self.waiting.push_front(mail);
        }
        again
    }

    /// Recipients of a mail that still want an outcome.
    pub(super) fn undecided(&self, mail: usize) -> Vec<u32> {
        let outcomes = self.outcomes[mail].iter().enumerate();
        outcomes.filter(|(_, outcome)| outcome.is_none()).map(|(recipient, _)| recipient as u32).collect()
    }

    /// A connection ended: whether it had brought anything further, and why it ended when that was a failure.
    pub(super) fn connection_over(&mut self, fruitful: bool, error: Option<Error>, sent: u64) {
        self.sent_by_retired += sent;
        match (fruitful, error) {
            (true, _) => self.fruitless = 0,
            (false, None) => {}
            (false, Some(error)) => {
                self.fruitless += 1;
                // Only a 421 invites another connection; what else failed would fail again.
                if error.code() != 421 || self.fruitless >= FRUITLESS_MAX {
                    self.give_up(error);
                }
            }
        }
    }

    /// No more connections are to be made, for this reason.
    pub(super) fn give_up(&mut self, error: Error) {
        self.fatal.get_or_insert(error);
    }

    pub(super) fn given_up(&self) -> Option<Error> {
        self.fatal.clone()
    }

    /// Whatever waits fails for this reason.
    pub(super) fn fail_rest(&mut self, error: &Error) {
        let outcome = Outcome::failed(error);
        while let Some(mail) = self.waiting.pop_front() {
            self.settle_rest(mail, &outcome);
        }
    }

    /// The end of a run: no recipient stays without an outcome, even should a defect have lost it on the way.
    pub(super) fn settle_forgotten(&mut self) {
        if self.progress.mails_done == self.progress.mails {
            return;
        }
        let text = "the library lost track of this mail, and whether it was sent is not known: please report it";
        let outcome = Outcome::failed(&Error::new(Phase::Command, Cause::OutcomeUnknown, text));
        for mail in 0..self.outcomes.len() {
            self.settle_rest(mail, &outcome);
        }
    }

    pub(super) fn set_sent(&mut self, by_living: u64) {
        self.progress.bytes_sent = self.sent_by_retired + by_living;
    }

    pub(super) fn tell_progress(&mut self) {
        if self.progress != self.told {
            self.told = self.progress;
            self.report.progress(&self.progress);
        }
    }

    pub(super) fn into_outcomes(self) -> Vec<Vec<Outcome>> {
        self.outcomes.into_iter().map(|mail| mail.into_iter().flatten().collect()).collect()
    }
}
