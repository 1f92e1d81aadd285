//! How much of the log one client can fill: what it is refused costs it a few octets, and a line of the log many more.
//!
//! Each session may have [`OF_SESSION`] lines of the kinds that a client can have as many of as it likes, and each client
//! (by [`clients`](super::super::clients)) [`OF_CLIENT`] of them lately, however many connections it has. What is beyond
//! that is counted and told in a line. Mails, logins and what concerns the whole server are always told, and with them who
//! it is. Counts of events count all of them.

use super::super::clients::{Group, Recent};
use super::super::decide::Client;
use super::super::spool::Peer;
use super::{Log, What};
use crate::net::lock::Mutex;
use std::cell::Cell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// So many lines a session may have, besides those about its mails and logins.
const OF_SESSION: u32 = 100;

/// So many a client may have lately: at once, and some ten a second for as long as it goes on.
const OF_CLIENT: u32 = 1000;
const LATELY: Duration = Duration::from_secs(60);

/// What is not shown is told of this often.
const TOLD: Duration = Duration::from_secs(10);

/// So many clients are counted by themselves at a time.
const CLIENTS: usize = 1024;

/// What a session has told.
#[derive(Debug, Default)]
pub(in super::super) struct Lines {
    told: Cell<u32>,
    /// More than that.
    unsaid: Cell<u32>,
    /// Its beginning stands in the log.
    introduced: Cell<bool>,
    /// And so should its end.
    matters: Cell<bool>,
}

/// Lines that are not shown, of all clients of a server.
#[derive(Debug)]
pub(in super::super) struct Floods {
    lately: Recent,
    /// There are some.
    any: AtomicBool,
    unsaid: Mutex<Unsaid>,
}

#[derive(Debug, Default)]
struct Unsaid {
    /// How many, by client.
    counts: HashMap<Group, u64>,
    /// Of those beyond that.
    others: u64,
    /// When they were told of last.
    told: Option<Instant>,
}

impl Floods {
    pub(in super::super) fn new() -> Floods {
        Floods { lately: Recent::new(LATELY), any: AtomicBool::new(false), unsaid: Mutex::default() }
    }

    /// Tells what happened to a session, unless there is too much of it.
    pub(in super::super) fn tell(&self, log: &dyn Log, lines: &Lines, client: &Client, what: What<'_>) {
        if !log.enabled() {
            return;
        }
        let now = Instant::now();
        self.tell_of_others(log, now);
        let always = match what {
            What::Taken { .. } | What::Authenticated { .. } | What::Notice(_) | What::Unsaid { .. } => {
                lines.matters.set(true);
                true
            }
            What::Ended { .. } => lines.matters.get(),
            _ => false,
        };
        let told = lines.told.get();
        if let What::Ended { .. } = what
            && lines.unsaid.get() > 0
            && self.has_room(client, now, u64::from(lines.unsaid.get()))
        {
            super::tell(log, Some(client), What::Unsaid { lines: u64::from(lines.unsaid.get()), of: None });
        }
        if !always && (told >= OF_SESSION && !matches!(what, What::Ended { .. })) {
            lines.unsaid.set(lines.unsaid.get().saturating_add(1));
            return;
        }
        if !always && !self.has_room(client, now, 1) {
            return;
        }
        lines.told.set(told + u32::from(!always));
        if !lines.introduced.replace(true) && !matches!(what, What::Connected) {
            super::tell(log, Some(client), What::Connected);
        }
        super::tell(log, Some(client), what);
    }

    /// Tells something of a connection that has no session: it is sent away, say.
    pub(in super::super) fn notice(&self, log: &dyn Log, address: Option<IpAddr>, text: &str) {
        if !log.enabled() {
            return;
        }
        let now = Instant::now();
        self.tell_of_others(log, now);
        if self.takes(of_address(address), now, 1) {
            super::tell(log, None, What::Notice(text));
        }
    }

    fn has_room(&self, client: &Client, now: Instant, lines: u64) -> bool {
        let address = if let Peer::Internet(address) = client.peer { Some(address.ip()) } else { None };
        self.takes(of_address(address), now, lines)
    }

    /// Whether so many lines more of this client are shown. What is not is counted.
    fn takes(&self, address: IpAddr, now: Instant, lines: u64) -> bool {
        if self.lately.add_below(address, OF_CLIENT, now) {
            return true;
        }
        let Some(group) = Group::of(address).next() else { return true };
        let mut unsaid = self.unsaid.lock();
        if unsaid.counts.len() < CLIENTS || unsaid.counts.contains_key(&group) {
            *unsaid.counts.entry(group).or_default() += lines;
        } else {
            unsaid.others += lines;
        }
        unsaid.told.get_or_insert(now);
        self.any.store(true, Ordering::Relaxed);
        false
    }

    /// Tells of what was not shown, if it was long ago that this was done.
    fn tell_of_others(&self, log: &dyn Log, now: Instant) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let due = |told: Instant| now.saturating_duration_since(told) >= TOLD;
        let mut unsaid = self.unsaid.lock();
        if unsaid.told.is_some_and(due) {
            let all = core::mem::take(&mut *unsaid);
            self.any.store(false, Ordering::Relaxed);
            drop(unsaid);
            all.tell(log);
        }
    }

    /// Tells of all that was not shown: the server ends.
    pub(in super::super) fn end(&self, log: &dyn Log) {
        let all = core::mem::take(&mut *self.unsaid.lock());
        self.any.store(false, Ordering::Relaxed);
        all.tell(log);
    }
}

impl Unsaid {
    fn tell(self, log: &dyn Log) {
        /// So many clients are named.
        const NAMED: usize = 20;
        let mut counts: Vec<(Group, u64)> = self.counts.into_iter().filter(|(_, lines)| *lines > 0).collect();
        counts.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
        let more: u64 = counts.iter().skip(NAMED).map(|(_, lines)| lines).sum();
        for (group, lines) in counts.into_iter().take(NAMED) {
            super::tell(log, None, What::Unsaid { lines, of: Some(group) });
        }
        if self.others + more > 0 {
            super::tell(log, None, What::Unsaid { lines: self.others + more, of: None });
        }
    }
}

/// Whoever has no address of the Internet is on this machine.
fn of_address(address: Option<IpAddr>) -> IpAddr {
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
