//! A run: a list of mails on its way over its connections, which somebody drives.

use super::lane::{Lane, Window, Work};
use super::queue::{Mails, Queue};
use super::{Mail, Options, Outcome, Report};
use crate::client::connection::Connection;
use crate::client::session::own_waker;
use crate::error::{Cause, Error, Phase};
use crate::net::transport::Source;
use crate::net::wait::{Cancel, Interest};
use std::time::Instant;

/// What came of [`Run::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStep {
    /// Something moved; call again.
    Moved,
    /// Nothing can be done now: wait for what [`Run::waits`] names, until then at the latest.
    Wait(Option<Instant>),
    /// Every recipient has an outcome, and every connection is closed, or idle where it outlives the list.
    Done,
}

/// A list of mails under way. [`run`](super::run) drives one to its end on the calling thread; whoever has other things to
/// wait for drives it with `advance`, `waits` and `woken`.
pub struct Run<'a, 'o> {
    queue: Queue<'a>,
    lanes: Vec<Lane>,
    options: Options<'o>,
    cancel: &'a Cancel,
}

impl<'a, 'o> Run<'a, 'o> {
    /// A run of these mails, over connections of its own. `cancel` ends it, from any thread.
    pub fn of(mails: &'a mut [Mail], options: Options<'o>, report: &'a mut dyn Report, cancel: &'a Cancel) -> Self {
        let queue = Queue::new(Mails::Lent(mails), report);
        Run { queue, lanes: Vec::new(), options, cancel }
    }

    /// A run over a connection that is open, which [`Run::give_back`] gives back; mails come by [`Run::add`]. No other
    /// connection is made unless the options have a target for it.
    pub fn over(connection: Connection, options: Options<'o>, report: &'a mut dyn Report, cancel: &'a Cancel) -> Self {
        let mut lane = Lane::over(connection, options.level, window(&options));
        lane.keeps_open = true;
        let queue = Queue::new(Mails::Own(Vec::new()), report);
        Run { queue, lanes: vec![lane], options, cancel }
    }

    /// Adds a mail to the end of the list of a run that began without one; its number, counted from 0.
    pub fn add(&mut self, mail: Mail) -> Option<usize> {
        self.queue.add(mail)
    }

    /// What has become of a mail's recipients.
    pub fn outcomes(&self, mail: usize) -> &[Option<Outcome>] {
        self.queue.outcomes(mail)
    }

    /// Does what can be done without waiting.
    pub fn advance(&mut self, now: Instant) -> RunStep {
        if self.cancel.is_cancelled() {
            let error = Error::new(Phase::Connect, Cause::Cancelled, self.cancel.words());
            for lane in &mut self.lanes {
                lane.lost(&error, &mut self.queue);
            }
            self.queue.fail_rest(&error);
            self.lanes.clear();
            self.queue.tell_progress();
            return RunStep::Done;
        }
        self.open_lanes(now);
        let mut until: Option<Instant> = None;
        let mut moved = false;
        for lane in &mut self.lanes {
            match lane.work(&mut self.queue, self.cancel, now) {
                Work::Waits(deadline) => until = [until, deadline].into_iter().flatten().min(),
                Work::More | Work::Over => moved = true,
            }
        }
        let alive = self.lanes.iter().filter(|lane| lane.is_at_work()).count();
        if alive > 0 && self.lanes.iter().any(Lane::is_crowded_out) {
            // The server has as many connections as it wants from us.
            self.options.connections = alive;
            self.lanes.retain(|lane| !lane.is_crowded_out());
            moved = true;
        }
        self.queue.set_sent(self.lanes.iter().map(Lane::bytes_sent).sum());
        self.lanes.retain_mut(|lane| !lane.retire(&mut self.queue));
        self.queue.tell_progress();
        let at_rest = self.lanes.iter().all(|lane| lane.keeps_open && lane.is_idle());
        if at_rest && self.queue.waiting() == 0 {
            // Whatever has no outcome now would never get one.
            self.queue.settle_forgotten();
            self.queue.tell_progress();
            return RunStep::Done;
        }
        if moved { RunStep::Moved } else { RunStep::Wait(until) }
    }

    /// What `advance` waits for, appended to `list`; the end of each connection's part goes to `ends`.
    pub fn waits<'b>(&'b self, list: &mut Vec<(Source<'b>, Interest)>, ends: &mut Vec<usize>) {
        for lane in &self.lanes {
            lane.waits(list);
            ends.push(list.len());
        }
    }

    /// Tells it what a wait has seen: which of the list's sources are ready, or none, for all of them.
    pub fn woken(&mut self, ready: &[bool], ends: &[usize]) {
        let mut begin = 0;
        for (lane, &end) in self.lanes.iter_mut().zip(ends) {
            if ready.get(begin..end).is_none_or(|of_lane| of_lane.contains(&true)) {
                lane.woken();
            }
            begin = end;
        }
    }

    /// The connection of [`Run::over`], with nothing under way on it; none where it was lost, or is not idle. It keeps the
    /// waker that it was given with.
    pub fn give_back(mut self) -> Option<Connection> {
        let lane = self.lanes.pop().filter(|lane| lane.keeps_open && lane.is_idle())?;
        Some(lane.connection)
    }

    /// What became of everybody, when it is done.
    pub(super) fn into_outcomes(self) -> Vec<Vec<Outcome>> {
        self.queue.into_outcomes()
    }

    /// Opens as many connections as the waiting mails are worth.
    fn open_lanes(&mut self, now: Instant) {
        let Run { queue, lanes, options, cancel, .. } = self;
        while lanes.len() < options.connections.max(1)
            && queue.waiting() > lanes.iter().filter(|lane| lane.is_young()).count()
        {
            if let Some(error) = queue.given_up() {
                if lanes.is_empty() {
                    queue.fail_rest(&error);
                }
                return;
            }
            let opened = (options.target)().ok_or_else(|| {
                Error::new(Phase::Connect, Cause::Unsent, "the connection given is used up, and no other can be made")
            });
            let opened = opened.and_then(|target| Ok((target, own_waker(cancel)?)));
            match opened {
                Ok((target, waker)) => {
                    let observer = options.observer.as_mut().map(|make| make());
                    let (settings, window) = (options.settings.clone(), window(options));
                    lanes.push(Lane::open(target, settings, options.level, window, waker, observer, now));
                }
                Err(error) => {
                    if lanes.is_empty() {
                        queue.fail_rest(&error);
                    }
                    return;
                }
            }
        }
    }
}

fn window(options: &Options<'_>) -> Window {
    Window { mails: options.window_mails, bytes: options.window_bytes }
}
