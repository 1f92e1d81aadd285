//! Clients by address: who counts as one, what each holds now, and how often something has happened to each lately.
//!
//! This is the one place that knows which addresses belong together. An IPv4 address is one client, also where it comes
//! mapped into IPv6. Of IPv6 a client has whole networks to choose addresses from, so its /64 counts as one, and around it
//! the /48 of a site and the /32 of a provider, which may have [`WIDER`] times as much. This machine has no limit of its
//! own ([`is_this_machine`]): what it does is the administrator's. By the PROXY protocol a client is who the proxy names,
//! never the proxy.
//!
//! - [`Clients`] keeps counters of what clients hold (connections, memory, lines to a next server), as long as they hold
//!   something: a [`Known`] gives those of one client. Getting it takes a lock, once a connection; counting takes none.
//! - [`Recent`] counts what happened (a wrong password, a line in the log) and forgets by and by. It outlives connections,
//!   and is of bounded size whoever comes from wherever:
//!
//! ```ignore
//! let failures = Recent::new(Duration::from_secs(600)); // halved in ten minutes; one for all sessions
//! failures.add(address, Instant::now());
//! if failures.lately(address, Instant::now()).exceeds(10) { /* this address, or a network around it */ }
//! ```

use crate::net::lock::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// In how many groups one address is at most.
pub const GROUPS: usize = 3;

/// How much more a group may have than the narrowest one: the /64, the /48, the /32.
pub const WIDER: [u32; GROUPS] = [1, 4, 16];

/// The lengths of the prefixes that belong to [`WIDER`].
const PREFIXES: [u8; GROUPS] = [64, 48, 32];

/// Addresses that count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    first: IpAddr,
    bits: u8,
}

impl Group {
    /// The groups that this address belongs to, the narrowest first: one of IPv4, three of IPv6.
    pub fn of(address: IpAddr) -> impl Iterator<Item = Group> {
        let (only, of_six) = match address.to_canonical() {
            only @ IpAddr::V4(_) => (Some(Group { first: only, bits: 32 }), None),
            IpAddr::V6(address) => (None, Some(u128::from(address))),
        };
        let networks = of_six.into_iter().flat_map(|address| {
            PREFIXES.into_iter().map(move |bits| {
                let rest = 128 - u32::from(bits);
                Group { first: IpAddr::V6(Ipv6Addr::from(address >> rest << rest)), bits }
            })
        });
        only.into_iter().chain(networks)
    }
}

/// A client on this machine, to whom limits for each client do not apply.
pub fn is_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Counters of clients, by group, for as long as somebody [knows](Known) the client.
#[derive(Debug, Default)]
pub struct Clients<T> {
    known: Mutex<HashMap<Group, Arc<T>>>,
}

impl<T: Default> Clients<T> {
    /// Nobody is known.
    pub fn new() -> Arc<Clients<T>> {
        Arc::new(Clients { known: Mutex::new(HashMap::new()) })
    }

    /// The counters of this client. There are never more groups than three for each of those that live.
    pub fn of(self: &Arc<Self>, address: IpAddr) -> Known<T> {
        let mut groups = [const { None }; GROUPS];
        let mut known = self.known.lock();
        for (slot, group) in groups.iter_mut().zip(Group::of(address)) {
            *slot = Some((group, Arc::clone(known.entry(group).or_default())));
        }
        drop(known);
        Known { clients: Arc::clone(self), groups }
    }
}

impl<T> Clients<T> {
    /// How many groups are known.
    pub fn len(&self) -> usize {
        self.known.lock().len()
    }

    /// Nobody is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A client whose counters are in use.
#[derive(Debug)]
pub struct Known<T> {
    clients: Arc<Clients<T>>,
    groups: [Option<(Group, Arc<T>)>; GROUPS],
}

impl<T> Known<T> {
    /// The counters of its groups, the narrowest first, each with how many times as much it may have as that.
    pub fn counters(&self) -> impl Iterator<Item = (&T, u32)> {
        self.groups.iter().flatten().zip(WIDER).map(|((_, counter), wider)| (&**counter, wider))
    }
}

impl<T> Drop for Known<T> {
    fn drop(&mut self) {
        let mut known = self.clients.known.lock();
        for (group, counter) in self.groups.iter_mut().filter_map(Option::take) {
            // One in the table and this one; new ones are only made under the lock.
            if Arc::strong_count(&counter) == 2 {
                known.remove(&group);
            }
        }
    }
}

/// So many groups are remembered at most.
const REMEMBERED: usize = 1 << 16;

/// How often something has happened to clients lately: each count is halved again and again as time goes by.
#[derive(Debug)]
pub struct Recent {
    half: Duration,
    most: usize,
    counts: Mutex<HashMap<Group, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    count: f32,
    at: Instant,
}

impl Count {
    fn at(self, now: Instant, half: Duration) -> f32 {
        let halvings = now.saturating_duration_since(self.at).as_secs_f32() / half.as_secs_f32();
        self.count * (-halvings).exp2()
    }
}

/// Counts of a client and of the networks around it, the narrowest first; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lately([f32; GROUPS]);

impl Recent {
    /// What happened counts for half after this time, for a quarter after twice as long, and so on.
    pub fn new(half: Duration) -> Recent {
        Recent::with_room(half, REMEMBERED)
    }

    fn with_room(half: Duration, most: usize) -> Recent {
        Recent { half: half.max(Duration::from_millis(1)), most, counts: Mutex::default() }
    }

    /// It happened to this client, now; comes back with how often it has, this time included.
    pub fn add(&self, address: IpAddr, now: Instant) -> Lately {
        self.count(&mut self.counts.lock(), address, now)
    }

    fn count(&self, counts: &mut HashMap<Group, Count>, address: IpAddr, now: Instant) -> Lately {
        let mut lately = Lately::default();
        if counts.len() + GROUPS > self.most {
            self.forget(counts, now);
        }
        for (shown, group) in lately.0.iter_mut().zip(Group::of(address)) {
            let known = counts.entry(group).or_insert(Count { count: 0.0, at: now });
            *known = Count { count: known.at(now, self.half) + 1.0, at: now };
            *shown = known.count;
        }
        lately
    }

    /// The same, unless it has happened too often already, which is not counted then: whether it was not.
    pub fn add_below(&self, address: IpAddr, limit: u32, now: Instant) -> bool {
        let mut counts = self.counts.lock();
        if self.counted(&counts, address, now).exceeds(limit) {
            return false;
        }
        self.count(&mut counts, address, now);
        true
    }

    /// One of what was [added](Recent::add) has not happened to this client after all.
    pub fn take_back(&self, address: IpAddr, now: Instant) {
        let mut counts = self.counts.lock();
        for group in Group::of(address) {
            if let Some(known) = counts.get_mut(&group) {
                *known = Count { count: (known.at(now, self.half) - 1.0).max(0.0), at: now };
            }
        }
    }

    /// How often it has happened to this client.
    pub fn lately(&self, address: IpAddr, now: Instant) -> Lately {
        self.counted(&self.counts.lock(), address, now)
    }

    fn counted(&self, counts: &HashMap<Group, Count>, address: IpAddr, now: Instant) -> Lately {
        let mut lately = Lately::default();
        for (shown, group) in lately.0.iter_mut().zip(Group::of(address)) {
            *shown = counts.get(&group).map_or(0.0, |known| known.at(now, self.half));
        }
        lately
    }

    /// Nothing has happened to this address: what it has done since was right. The networks around it keep their counts.
    pub fn forgive(&self, address: IpAddr) {
        if let Some(group) = Group::of(address).next() {
            self.counts.lock().remove(&group);
        }
    }

    /// Makes room: half of the groups go, those with the lowest counts.
    fn forget(&self, counts: &mut HashMap<Group, Count>, now: Instant) {
        let mut all: Vec<f32> = counts.values().map(|known| known.at(now, self.half)).collect();
        let middle = all.len() / 2;
        let (_, middle, _) = all.select_nth_unstable_by(middle, f32::total_cmp);
        let middle = *middle;
        // Where all are alike half of them go all the same.
        let mut alike = counts.len() / 2;
        counts.retain(|_, known| {
            let count = known.at(now, self.half);
            if count == middle {
                alike = alike.saturating_sub(1);
                return alike == 0;
            }
            count > middle
        });
    }
}

impl Lately {
    /// The client's own count.
    pub fn own(&self) -> f32 {
        self.0[0]
    }

    /// More than so often to the client, or more than [`WIDER`] times as often to a network around it.
    pub fn exceeds(&self, limit: u32) -> bool {
        self.excess(limit) > 0.0
    }

    /// By how much, of the narrowest group, they are beyond the limit; 0 if they are not.
    pub fn excess(&self, limit: u32) -> f32 {
        let beyond = self.0.iter().zip(WIDER).map(|(count, wider)| count / wider as f32 - limit as f32);
        beyond.fold(0.0, f32::max)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            IpAddr::V4(only) => only.fmt(f),
            IpAddr::V6(first) => write!(f, "{first}/{}", self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn groups(text: &str) -> Vec<String> {
        Group::of(ip(text)).map(|group| group.to_string()).collect()
    }

    #[test]
    fn which_addresses_belong_together() {
        assert_eq!(groups("192.0.2.7"), ["192.0.2.7"]);
        assert_eq!(groups("::ffff:192.0.2.7"), ["192.0.2.7"]);
        assert_eq!(groups("2001:db8:1:2:3:4:5:6"), ["2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"]);
        for (address, local) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("::2", false),
        ] {
            assert_eq!(is_this_machine(ip(address)), local, "{address}");
        }
    }

    #[test]
    fn counters_are_shared_and_go_with_the_last_who_knows_them() {
        let clients = Clients::<AtomicUsize>::new();
        let first = clients.of(ip("2001:db8::1"));
        let second = clients.of(ip("2001:db8::2"));
        let neighbour = clients.of(ip("2001:db8:0:1::1"));
        for known in [&first, &second, &neighbour] {
            for (counter, _) in known.counters() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
        let counts = |known: &Known<AtomicUsize>| {
            known.counters().map(|(counter, wider)| (counter.load(Ordering::Relaxed), wider)).collect::<Vec<_>>()
        };
        assert_eq!(counts(&first), [(2, 1), (3, 4), (3, 16)]);
        assert_eq!(counts(&neighbour), [(1, 1), (3, 4), (3, 16)]);
        assert_eq!(clients.len(), 4);
        drop((first, neighbour));
        assert_eq!(clients.len(), 3);
        drop(second);
        assert!(clients.is_empty());
    }

    #[test]
    fn what_happened_is_forgotten_by_and_by() {
        let recent = Recent::new(Duration::from_secs(60));
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..8 {
            recent.add(ip("192.0.2.1"), start);
        }
        let lately = |address: &str, seconds| recent.lately(ip(address), after(seconds));
        assert!(lately("192.0.2.1", 0).exceeds(7) && !lately("192.0.2.1", 0).exceeds(8));
        assert!(lately("192.0.2.1", 60).exceeds(3) && !lately("192.0.2.1", 60).exceeds(4));
        assert!(!lately("192.0.2.1", 6000).exceeds(0) || lately("192.0.2.1", 6000).own() < 0.001);
        assert_eq!(lately("192.0.2.2", 0), Lately::default());
        recent.forgive(ip("192.0.2.1"));
        assert_eq!(lately("192.0.2.1", 0), Lately::default());
    }

    #[test]
    fn a_network_of_many_addresses_counts_too() {
        let recent = Recent::new(Duration::from_secs(3600));
        let now = Instant::now();
        let mut lately = Lately::default();
        for number in 0..50 {
            lately = recent.add(ip(&format!("2001:db8:0:{number:x}::1")), now);
        }
        assert!(lately.own() < 1.1, "each /64 has done it once");
        assert!(
            lately.exceeds(10) && !lately.exceeds(13),
            "their /48 has done it fifty times, and may four times as often"
        );
        assert!(lately.excess(10) > 2.0);
    }

    #[test]
    fn however_many_come_it_does_not_grow_and_the_worst_are_remembered() {
        let recent = Recent::with_room(Duration::from_secs(3600), 1000);
        let now = Instant::now();
        let bad = ip("203.0.113.9");
        for number in 0..20_000u32 {
            recent.add(IpAddr::V4((0x0a00_0000 + number).into()), now);
            if number % 100 == 0 {
                recent.add(bad, now);
            }
            assert!(recent.counts.lock().len() <= 1000);
        }
        assert!(recent.lately(bad, now).own() > 190.0);
        for number in 0..20_000u128 {
            recent.add(IpAddr::V6((0x2001_0db8 << 96 | number << 64).into()), now);
        }
        assert!(recent.counts.lock().len() <= 1000);
        assert!(recent.lately(ip("2001:db8::1"), now).exceeds(1000), "the provider's network is remembered");
    }
}
