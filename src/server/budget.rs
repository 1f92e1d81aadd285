//! How much memory clients make the server hold: in all, of each client, and of each session.
//!
//! Envelopes, what was read and not used yet, replies that are not read, bodies on their way and TLS are counted. Three
//! eighths of the budget are for whoever needs more than others: a session, an address or a network has as much of them as
//! half of what is free there (networks of IPv6 [as many times](super::clients::WIDER) as much). The rest is for all alike:
//! each session has its share of it by the number of sessions there are, so that a small mail finds room whatever others
//! hold. Clients on this machine count by session only.
//!
//! Counting is a few atomic numbers and no lock; a client's are looked up once a session.

use super::clients::{Clients, Known, is_this_machine};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of the memory that the machine or a limit has the server may hold this part.
const PART: u64 = 4;

/// The budget where nothing is known of the memory.
const UNKNOWN: usize = 256 << 20;

/// What a session takes by itself, about: the state of both protocols, its place in the tables, the socket.
pub(super) const SESSION: usize = 2 * 1024;

/// What is left for sessions in the clear when it is too much for those with TLS, as a part of the whole.
const CLEAR_PART: usize = 8;

/// The part of a limit that is not shared alike.
fn common(limit: usize) -> usize {
    limit / 8 * 3
}

/// A session's share of the rest, when there are `sessions`. Each has its own by how many there were when it took
/// it: the sum of `1 / (16 (sessions + 16))` is less than a half for up to 40,000 of them.
fn share(limit: usize, sessions: usize) -> usize {
    limit / 16 / (sessions.saturating_add(16))
}

/// The memory that the sessions of a server may hold.
#[derive(Debug)]
pub struct Budget {
    /// In octets; `usize::MAX` for no limit.
    limit: usize,
    used: AtomicUsize,
    sessions: AtomicUsize,
    clients: Arc<Clients<AtomicUsize>>,
}

impl Budget {
    /// So many octets; 0 for no limit.
    pub fn new(limit: usize) -> Arc<Budget> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        Arc::new(Budget { limit, used: AtomicUsize::new(0), sessions: AtomicUsize::new(0), clients: Clients::new() })
    }

    /// A quarter of the memory that the machine, the control group and the limits of the process leave.
    pub fn by_default() -> Arc<Budget> {
        let known = super::machine::memory().map(|all| usize::try_from(all / PART).unwrap_or(usize::MAX));
        Budget::new(known.unwrap_or(UNKNOWN).max(1))
    }

    /// How much it is; `usize::MAX` for no limit.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How much is held now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// What a session holds.
    pub(super) fn account(self: &Arc<Self>) -> Account {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Account { budget: Arc::clone(self), client: None, base: SESSION, held: 0 }
    }

    fn add(&self, octets: usize) {
        self.used.fetch_add(octets, Ordering::Relaxed);
    }

    fn take_off(&self, octets: usize) {
        self.used.fetch_sub(octets, Ordering::Relaxed);
    }
}

/// What one session holds of the budget. Dropped, it holds nothing.
#[derive(Debug)]
pub(super) struct Account {
    budget: Arc<Budget>,
    /// Whose session it is, once that is known; nobody's for clients on this machine.
    client: Option<Box<Known<AtomicUsize>>>,
    /// What it takes by itself, which leaves its share as it is.
    base: usize,
    held: usize,
}

impl Account {
    /// It is this client's.
    pub(super) fn belongs_to(&mut self, client: Option<IpAddr>) {
        let held = self.held;
        self.hold(0);
        let client = client.filter(|client| !is_this_machine(*client));
        self.client = client.map(|client| Box::new(self.budget.clients.of(client)));
        self.hold(held);
    }

    /// It holds so much now: that is how it is, whether it may or not.
    pub(super) fn hold(&mut self, octets: usize) {
        let before = core::mem::replace(&mut self.held, octets);
        if octets == before {
            return;
        }
        let counters = self.client.iter().flat_map(|client| client.counters());
        if octets > before {
            let more = octets - before;
            self.budget.add(more);
            counters.for_each(|(held, _)| _ = held.fetch_add(more, Ordering::Relaxed));
        } else {
            let less = before - octets;
            self.budget.take_off(less);
            counters.for_each(|(held, _)| _ = held.fetch_sub(less, Ordering::Relaxed));
        }
    }

    /// How much it holds.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.held
    }

    /// How much more it may hold.
    pub(super) fn room(&self) -> usize {
        if self.budget.limit == usize::MAX {
            return usize::MAX;
        }
        let Budget { limit, .. } = *self.budget;
        let (used, sessions) = (self.budget.used(), self.budget.sessions.load(Ordering::Relaxed));
        let half = common(limit).saturating_sub(used) / 2;
        let of_client = self.client.iter().flat_map(|client| client.counters()).map(|(held, wider)| {
            let most = half.saturating_mul(usize::try_from(wider).unwrap_or(usize::MAX));
            most.saturating_sub(held.load(Ordering::Relaxed))
        });
        let common = of_client.fold(half.saturating_sub(self.held), usize::min);
        let own = (share(limit, sessions) + self.base).saturating_sub(self.held);
        common.max(own).min(limit.saturating_sub(used))
    }

    /// So much more is what it takes by itself from now on, for TLS: whether it may.
    pub(super) fn widen(&mut self, octets: usize) -> bool {
        let limit = self.budget.limit;
        let most = if limit == usize::MAX { limit } else { limit - limit / CLEAR_PART };
        let may = self.budget.used().saturating_add(octets) <= most;
        self.base += if may { octets } else { 0 };
        may
    }

    /// What is held and what is there, for the log.
    pub(super) fn in_words(&self) -> String {
        let (used, limit) = (self.budget.used(), self.budget.limit);
        format!("{} octets held by this session, {used} of {limit} in all", self.held)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.hold(0);
        self.budget.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(budget: &Arc<Budget>, client: &str) -> Account {
        let mut account = budget.account();
        account.belongs_to(Some(client.parse().unwrap()));
        account
    }

    /// Takes pieces as long as it may.
    fn fill(account: &mut Account, piece: usize) {
        while account.room() >= piece {
            account.hold(account.held() + piece);
        }
    }

    #[test]
    fn the_more_is_held_the_less_each_may_hold_and_a_new_one_finds_room() {
        for (from, sessions) in [("127.0.0.1", 2000), ("192.0.2.1", 50), ("2001:db8::1", 500), ("127.0.0.1", 10_000)] {
            let budget = Budget::new(128 << 20);
            let mut all = Vec::new();
            // One after the other, each as much as it can.
            for _ in 0..sessions {
                let mut account = of(&budget, from);
                account.hold(SESSION);
                fill(&mut account, 250);
                all.push(account);
            }
            assert!(budget.used() < budget.limit(), "{from}: {}", budget.used());
            let least = if sessions > 2000 { 700 } else { 4000 };
            for honest in ["198.51.100.7", "127.0.0.1"] {
                let mut honest = of(&budget, honest);
                honest.hold(SESSION);
                assert!(honest.room() >= least, "{from}: {}", honest.room());
                assert!(honest.widen(32 << 10) || sessions > 2000);
            }
            drop(all);
            assert_eq!(budget.used(), 0);
            assert!(budget.clients.is_empty());
        }
    }

    #[test]
    fn an_address_has_one_share_however_many_sessions_and_a_network_has_a_larger_one() {
        let budget = Budget::new(8 << 20);
        let mut first = of(&budget, "192.0.2.1");
        fill(&mut first, 1 << 10);
        assert_eq!(first.held(), 1 << 20, "a third of three eighths: half of what is left of them");
        let share = |client: &str| of(&budget, client).room();
        let least = share("192.0.2.1");
        assert!(least < 32 << 10, "{least}");
        assert_eq!(share("::ffff:192.0.2.1"), least);
        assert_eq!(share("192.0.2.2"), 1 << 20);
        drop(first);
        let mut many: Vec<Account> = (0..8).map(|n| of(&budget, &format!("2001:db8:0:{n:x}::1"))).collect();
        many.iter_mut().for_each(|account| fill(account, 1 << 10));
        assert!(share("2001:db8:0:ffff::1") <= least, "its /48 has twice what is left");
        assert!(share("2001:db8:1::1") > 100 << 10, "another site of the provider");
        assert!(share("2001:db9::1") > 100 << 10);
    }

    #[test]
    fn a_session_whose_client_gets_known_moves_with_what_it_holds() {
        let budget = Budget::new(8 << 20);
        let mut account = budget.account();
        account.hold(1 << 20);
        account.belongs_to(Some("192.0.2.1".parse().unwrap()));
        let half = 1 << 20;
        assert_eq!(
            (budget.used(), account.held(), of(&budget, "192.0.2.1").room()),
            (1 << 20, 1 << 20, share(8 << 20, 2) + SESSION)
        );
        assert_eq!(of(&budget, "192.0.2.2").room(), half);
        account.hold(0);
        assert_eq!(of(&budget, "192.0.2.1").room(), 3 << 19);
    }

    #[test]
    fn without_a_limit_there_is_always_room() {
        let mut account = Budget::new(0).account();
        account.hold(usize::MAX / 2);
        assert_eq!(account.room(), usize::MAX);
        assert!(account.widen(1 << 20));
        assert!(Budget::by_default().limit() > 1 << 20);
    }
}
