//! Running a delivery.

use super::codes::HeloStatus;
use super::delivery::{Delivery, State};
use super::refusal::{Refusal, call};
use super::results::{HeloProgress, OnProgress, OnResult, Stored, Tracer};
use super::setup::helo_delivery;
use crate::capi::last_error::Failure;
use crate::client::delivery::{self, Mail, Options, Outcome, Progress, Report};
use crate::client::settings::{Level, Settings};
use crate::client::trace::Observer;
use crate::client::words::{self, Concerning, Context};
use crate::faces::site::{self, Way};
use crate::faces::wishes::Face;
use crate::net::connect::Target;
use crate::policy::target::MailServer;
use crate::proto::address::ForwardPath;

/// Sends all mails of the delivery that have not been sent by a run before. Returns when each of their recipients has a
/// result: HELO_OK when the server took the mail for all of them, else HELO_FAILED (or HELO_CANCELLED), and
/// helo_last_error() tells of the first failure.
///
/// HELO_BAD_ARGUMENT when no mail was ever added, or when one has no recipient or no body; HELO_BAD_POLICY when the site's
/// policy or the keys that were set cannot be used. Nothing was sent then, and no connection was made. When all mails
/// have been sent by runs before it is HELO_OK at once.
///
/// The call blocks; everything happens on the calling thread. Afterwards more mails may be added and run. To send a
/// mail again to whom it could not be sent, add it again.
#[unsafe(no_mangle)]
pub extern "C" fn helo_run(delivery: helo_delivery) -> HeloStatus {
    call("helo_run", || Delivery::of(delivery)?.run())
}

/// The port of a server that is named without one.
const DEFAULT_PORT: u16 = 25;

/// What a run is told.
struct Route {
    to: To,
    settings: Settings,
    /// What its failures have in common, for their words.
    context: Context,
    /// What the site decided of [`State::level`].
    pipelining: Option<Level>,
}

/// Where a run's connections go.
enum To {
    /// Over those that the program has made.
    Transports,
    /// To the socket of the file system that the program named, or to its LMTP server.
    Program,
    /// To this host and port.
    Host(String, u16),
}

/// What a run took out of the delivery.
struct Batch {
    mails: Vec<Mail>,
    /// The delivery's numbers of the mails.
    numbers: Vec<u32>,
}

/// Ends the run in the delivery's state, whatever happens.
struct Running<'a>(&'a Delivery);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // First the flag: a cancel from here on is for the next run.
        self.0.cancel.reset();
        self.0.state().running = false;
    }
}

impl Delivery {
    /// See [`helo_run`].
    pub(crate) fn run(&self) -> Result<(), Refusal> {
        let mut state = self.idle()?;
        let mut batch = state.take_batch()?;
        if batch.mails.is_empty() {
            state.progress = Progress::default();
            self.cancel.reset();
            return match state.entries.is_empty() {
                true => Err(Refusal::argument("the list is empty, there is no mail to send: helo_add_mail()")),
                // All of them have been run before.
                false => Ok(()),
            };
        }
        let Route { to, settings, context, pipelining } = match self.route(&state) {
            Ok(route) => route,
            Err(refusal) => {
                state.put_back(batch);
                return Err(refusal);
            }
        };
        state.running = true;
        state.progress = Progress { mails: batch.mails.len() as u64, ..Progress::default() };
        let (level, connections) = (pipelining.unwrap_or(state.level), state.connections);
        let (window_mails, window_bytes) = (state.window_mails, state.window_bytes);
        let on_trace = state.on_trace;
        let mut report = Told {
            delivery: self,
            context: &context,
            numbers: &batch.numbers,
            on_result: state.on_result,
            on_progress: state.on_progress,
            first_failure: None,
        };
        drop(state);
        let running = Running(self);

        let mut target = || self.next_target(&to);
        let mut opened = 0;
        let mut tracer = || {
            opened += 1;
            Box::new(Tracer { callback: on_trace, connection: opened }) as Box<dyn Observer>
        };
        let options = Options {
            target: &mut target,
            settings,
            level,
            connections,
            window_mails,
            window_bytes,
            observer: on_trace.is_some().then_some(&mut tracer),
        };
        delivery::run(&mut batch.mails, options, &mut report, &self.cancel, &mut ());
        let first_failure = report.first_failure.take();
        let cancelled = self.cancel.is_cancelled();
        drop(running);
        let progress = self.state().progress;
        verdict(&progress, first_failure, cancelled)
    }

    /// What the program, its keys and the site's policy make of a run together.
    fn route(&self, state: &State) -> Result<Route, Refusal> {
        let own_only = !state.transports.is_empty();
        let asked = match &state.server {
            _ if own_only => None,
            Some(server) => server.asked(),
            // The site may have a server for programs that name none.
            None => Some(("", DEFAULT_PORT)),
        };
        let mut settings = state.settings();
        settings.watches.push(self.wishes.watch(Face::Helo, self.handle as usize));
        let Some((host, port)) = asked else {
            let site = site::decide(Face::Helo, &self.wishes, None)?;
            site.apply(&mut settings);
            let (to, context) = match state.server.as_ref().filter(|_| !own_only) {
                Some(server) => (To::Program, Context::of(&settings, &server.target())),
                None => (To::Transports, Context::of_own_connection(&settings)),
            };
            return Ok(Route { to, settings, context, pipelining: site.pipelining });
        };
        let way = site::way(Face::Helo, &self.wishes, host, port, settings)?;
        let context = way.context();
        let Way { host, port, settings, site } = way;
        if host.is_empty() {
            let words = "there is no server: name one to helo_new(), helo_add_transport(), or write server = ... into \
                         the policy file";
            return Err(Refusal::argument(format!("{words} ({})", settings.origin)));
        }
        Ok(Route { to: To::Host(host, port), settings, context, pipelining: site.pipelining })
    }

    /// Where the next connection goes.
    fn next_target(&self, to: &To) -> Option<Target> {
        let mut state = self.state();
        match to {
            To::Transports => state.transports.pop_front().map(|transport| Target::Ready(Box::new(transport))),
            To::Program => state.server.as_ref().map(MailServer::target),
            To::Host(host, port) => Some(Target::Host { host: host.clone(), port: *port }),
        }
    }
}

impl State {
    /// Takes the mails that no run has taken, after a look at all of them.
    fn take_batch(&mut self) -> Result<Batch, Refusal> {
        for (number, entry) in self.entries.iter().enumerate() {
            let Some(mail) = &entry.mail else { continue };
            if mail.recipients.is_empty() {
                return Err(Refusal::argument(format!("mail {number} has no recipient: helo_add_recipient()")));
            }
            if !entry.has_body {
                return Err(Refusal::argument(format!("mail {number} has no body: helo_set_body() or its like")));
            }
        }
        let mut batch = Batch { mails: Vec::new(), numbers: Vec::new() };
        for (number, entry) in (0..).zip(&mut self.entries) {
            let Some(mail) = entry.mail.take() else { continue };
            entry.results.resize_with(mail.recipients.len(), || None);
            batch.mails.push(mail);
            batch.numbers.push(number);
        }
        Ok(batch)
    }

    /// The mails were not run after all.
    fn put_back(&mut self, batch: Batch) {
        for (mail, number) in batch.mails.into_iter().zip(batch.numbers) {
            if let Some(entry) = self.entries.get_mut(number as usize) {
                entry.mail = Some(mail);
            }
        }
    }
}

/// What the call returns, and what it says in words.
fn verdict(progress: &Progress, first_failure: Option<First>, cancelled: bool) -> Result<(), Refusal> {
    let Some(First { words: first, failure }) = first_failure else { return Ok(()) };
    let status = if cancelled { HeloStatus::HeloCancelled } else { HeloStatus::HeloFailed };
    let (failed, all) = (progress.failed, progress.failed + progress.delivered);
    let words = match all {
        1 => first,
        _ => format!("{failed} of {all} recipients did not get their mail; the first: {first}"),
    };
    Err(Refusal { status, words, failure: Some(failure) })
}

/// The first recipient's failure.
struct First {
    words: String,
    failure: Failure,
}

/// Keeps the results and tells the program.
struct Told<'a> {
    delivery: &'a Delivery,
    context: &'a Context,
    numbers: &'a [u32],
    on_result: Option<OnResult>,
    on_progress: Option<OnProgress>,
    first_failure: Option<First>,
}

impl Report for Told<'_> {
    fn outcome_of(&mut self, mail: usize, recipient: usize, address: &ForwardPath, outcome: &Outcome) {
        let Some((phase, cause)) = outcome.failure else { return self.outcome(mail, recipient, outcome) };
        let Outcome { code, enhanced, hint, .. } = *outcome;
        let failed = words::Failure { phase, cause, hint, code, enhanced, said: &outcome.text };
        let concerning = Concerning::Recipient(address.as_str());
        if self.first_failure.is_none() {
            let words = self.context.words_of(&failed, concerning);
            self.first_failure = Some(First { words, failure: Failure { phase, cause, code, enhanced } });
        }
        let text = self.context.said(&failed, concerning);
        self.outcome(mail, recipient, &Outcome { text, ..outcome.clone() });
    }

    fn outcome(&mut self, mail: usize, recipient: usize, outcome: &Outcome) {
        let (Some(&mail), Ok(recipient)) = (self.numbers.get(mail), u32::try_from(recipient)) else { return };
        let stored = Stored::new(outcome);
        // The text stays where it is when the result moves into its place, and there until the run is over.
        let shown = self.on_result.map(|_| stored.shown(mail, recipient));
        let mut state = self.delivery.state();
        let entry = state.entries.get_mut(mail as usize);
        if let Some(place) = entry.and_then(|entry| entry.results.get_mut(recipient as usize)) {
            *place = Some(stored);
        }
        drop(state);
        if let (Some(callback), Some(shown)) = (self.on_result, shown) {
            // SAFETY: the program gave this function for this purpose; the result lives until it returns.
            unsafe { (callback.function)(callback.user.as_ptr(), &raw const shown) }
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.delivery.state().progress = *progress;
        if let Some(callback) = self.on_progress {
            let shown = HeloProgress::from(progress);
            // SAFETY: as above.
            unsafe { (callback.function)(callback.user.as_ptr(), &raw const shown) }
        }
    }
}
