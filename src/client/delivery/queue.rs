//! The list of mails: which wait, which are done, and each recipient's outcome.

use super::{Mail, Outcome, Progress, Report};
use crate::error::{Cause, Error, Phase};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

/// Connections in a row that the server has closed with 421 before it had taken a mail: then the rest is given up (RFC 5321
/// section 4.5.4.1). One more than a single mail may use up.
const FRUITLESS_MAX: u32 = 4;
/// The same for connections that ended with the refusal of a mail, each of which decided that mail.
const REFUSING_MAX: u32 = 20;
/// Times that one mail is begun again after its connection was closed by 421.
const ATTEMPTS_MAX: u8 = 3;

/// How a connection ended.
pub(super) enum Ended {
    /// The server has closed it with 421. It invites another.
    Closed(Error),
    /// The server has refused a message and takes no more of it: the rest goes over another.
    Refused(Error),
    /// A message could not be read: that mail's trouble.
    Unread,
    /// It failed: whatever it was would fail again.
    Lost(Error),
}

/// The error of mails that were not begun, because of the reply that ended the connections before.
pub(super) fn not_sent(error: &Error, why: &str) -> Error {
    Error { cause: Cause::Unsent, detail: format!("not sent, {why}: {}", error.detail), ..error.clone() }
}

/// The mails of a list: lent for a run, or the run's own, to which more can be added.
pub(super) enum Mails<'a> {
    Lent(&'a mut [Mail]),
    Own(Vec<Mail>),
}

impl Deref for Mails<'_> {
    type Target = [Mail];

    fn deref(&self) -> &[Mail] {
        match self {
            Mails::Lent(mails) => mails,
            Mails::Own(mails) => mails,
        }
    }
}

impl DerefMut for Mails<'_> {
    fn deref_mut(&mut self) -> &mut [Mail] {
        match self {
            Mails::Lent(mails) => mails,
            Mails::Own(mails) => mails,
        }
    }
}

pub(super) struct Queue<'a> {
    mails: Mails<'a>,
    report: &'a mut dyn Report,
    waiting: VecDeque<usize>,
    attempts: Vec<u8>,
    outcomes: Vec<Vec<Option<Outcome>>>,
    open: Vec<usize>,
    progress: Progress,
    told: Progress,
    fruitless: u32,
    refusing: u32,
    /// The server does not like commands that are sent ahead.
    stepwise: bool,
    fatal: Option<Error>,
    sent_by_retired: u64,
}

impl<'a> Queue<'a> {
    pub(super) fn new(mails: Mails<'a>, report: &'a mut dyn Report) -> Self {
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
            refusing: 0,
            stepwise: false,
            fatal: None,
            sent_by_retired: 0,
        };
        // A mail without recipients is done before it begins.
        queue.progress.mails_done = (queue.mails.len() - queue.waiting.len()) as u64;
        queue
    }

    /// One more mail at the end of a list that is the run's own: its number.
    pub(super) fn add(&mut self, mail: Mail) -> Option<usize> {
        let Mails::Own(mails) = &mut self.mails else { return None };
        let (number, recipients) = (mails.len(), mail.recipients.len());
        mails.push(mail);
        self.attempts.push(0);
        self.outcomes.push(vec![None; recipients]);
        self.open.push(recipients);
        self.progress.mails += 1;
        match recipients {
            0 => self.progress.mails_done += 1,
            _ => self.waiting.push_back(number),
        }
        Some(number)
    }

    /// What became of a mail's recipients so far.
    pub(super) fn outcomes(&self, mail: usize) -> &[Option<Outcome>] {
        self.outcomes.get(mail).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_done(&self) -> bool {
        self.progress.mails_done == self.progress.mails
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

    /// Back into its place in the list, to be begun again; false when it must not be, or cannot be read again.
    pub(super) fn requeue(&mut self, mail: usize) -> bool {
        let again = self.attempts[mail] < ATTEMPTS_MAX && self.mails[mail].body.rewind();
        if again {
            // Verdicts of the broken attempt stand for nothing: every recipient is asked again, but for those that
            // have been told.
            let place = self.waiting.partition_point(|&other| other < mail);
            self.waiting.insert(place, mail);
        }
        again
    }

    /// One attempt at this mail has ended with its connection, maybe because of it.
    pub(super) fn count_attempt(&mut self, mail: usize) {
        self.attempts[mail] += 1;
    }

    /// From now on, and over every connection, each command waits for its reply.
    pub(super) fn go_stepwise(&mut self) {
        self.stepwise = true;
    }

    pub(super) fn is_stepwise(&self) -> bool {
        self.stepwise
    }

    /// Recipients of a mail that still want an outcome.
    pub(super) fn undecided(&self, mail: usize) -> Vec<u32> {
        let outcomes = self.outcomes[mail].iter().enumerate();
        outcomes.filter(|(_, outcome)| outcome.is_none()).map(|(recipient, _)| recipient as u32).collect()
    }

    /// A connection ended: whether a mail was delivered over it, and how it ended if it was not by QUIT.
    pub(super) fn connection_over(&mut self, fruitful: bool, ended: Option<&Ended>, sent: u64) {
        self.sent_by_retired += sent;
        if fruitful {
            (self.fruitless, self.refusing) = (0, 0);
        }
        match ended {
            Some(Ended::Closed(error)) if !fruitful => {
                self.fruitless += 1;
                if self.fruitless >= FRUITLESS_MAX {
                    self.give_up(not_sent(error, "the server closes one connection after the other"));
                }
            }
            Some(Ended::Refused(error)) if !fruitful => {
                self.refusing += 1;
                if self.refusing >= REFUSING_MAX {
                    self.give_up(not_sent(error, "the server refuses one message after the other"));
                }
            }
            Some(Ended::Lost(error)) => self.give_up(error.clone()),
            Some(Ended::Closed(_) | Ended::Refused(_) | Ended::Unread) | None => {}
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
        if self.is_done() {
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
