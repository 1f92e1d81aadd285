//! Slows down whoever guesses passwords: by client address, over all connections and sessions.
//!
//! Every attempt is counted before any work is done for it and taken back unless it fails, so that many at once count as
//! many. The more there were lately, the longer a failed one waits for its answer: a timer of the session holds it, no
//! thread. Beyond the limit an address is not listened to any more, and costs no work: 454, which RFC 4954 (section 6) has
//! for what may be better later.
//!
//! This machine is never shut out, since mail programs of many users may run here (a webmail): it only waits, and is soon
//! forgiven.

use super::clients::{Recent, is_this_machine};
use super::pool::Turn;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Failures of a minute ago count, those of an hour ago hardly do.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// The same for this machine.
const FORGOTTEN_HERE: Duration = Duration::from_secs(10);

/// So many failed logins of an address are too many, unless a setting says otherwise.
pub const FAILURES_MAX: u32 = 20;

/// Whoever has failed no more often than this lately has an honest typing error, and is heard first.
const TRUSTED: f32 = 3.5;

/// The answer to the first failure waits so long, to each further one twice as long, up to this.
const FIRST: Duration = Duration::from_millis(100);
const DOUBLED_TO: Duration = Duration::from_millis(3200);
/// The answer waits so long for each attempt lately at least: what many connections at once get is as little.
const EACH: Duration = Duration::from_millis(50);
/// No answer waits longer.
const LONGEST: Duration = Duration::from_secs(60);

/// What one server remembers of failed logins.
#[derive(Debug)]
pub struct Brake {
    /// 0: nobody is slowed down.
    limit: u32,
    others: Recent,
    here: Recent,
}

impl Default for Brake {
    /// [`FAILURES_MAX`].
    fn default() -> Self {
        Brake::new(FAILURES_MAX)
    }
}

impl Brake {
    /// An address may fail so often in about ten minutes; 0 for no limit, and no waiting either.
    pub fn new(failures_max: u32) -> Brake {
        Brake { limit: failures_max, others: Recent::new(FORGOTTEN), here: Recent::new(FORGOTTEN_HERE) }
    }

    /// Somebody at this address, or on this machine, is about to log in.
    pub(super) fn attempt(self: &Arc<Self>, address: Option<IpAddr>, now: Instant) -> Attempt {
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if self.limit == 0 {
            return Attempt { counted: None, delay: Duration::ZERO, heard: true, turn: Turn::First };
        }
        let recent = self.of(address);
        let lately = recent.add(address, now);
        let heard = is_this_machine(address) || !lately.exceeds(self.limit);
        let times = lately.excess(0);
        let counted = Counted { brake: self.clone(), address, failed: false };
        Attempt {
            counted: Some(counted),
            delay: delay(times),
            heard,
            turn: if times < TRUSTED { Turn::First } else { Turn::Last },
        }
    }

    fn of(&self, address: IpAddr) -> &Recent {
        if is_this_machine(address) { &self.here } else { &self.others }
    }
}

/// How long the answer to a failure waits, with so many attempts lately.
fn delay(times: f32) -> Duration {
    let doubled = FIRST.mul_f32((times - 1.0).clamp(0.0, 30.0).exp2()).min(DOUBLED_TO);
    doubled.max(EACH.mul_f32(times.clamp(0.0, 10_000.0))).min(LONGEST)
}

/// Somebody who logs in. Dropped without [`failed`](Attempt::failed), it has not happened.
#[derive(Debug)]
pub(super) struct Attempt {
    counted: Option<Counted>,
    /// So long the answer waits if it fails.
    pub(super) delay: Duration,
    /// False: it is refused without being looked at.
    pub(super) heard: bool,
    /// Those from where few have failed lately come first.
    pub(super) turn: Turn,
}

#[derive(Debug)]
struct Counted {
    brake: Arc<Brake>,
    address: IpAddr,
    failed: bool,
}

impl Attempt {
    /// It was a wrong name or password.
    pub(super) fn failed(&mut self) {
        if let Some(counted) = &mut self.counted {
            counted.failed = true;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.failed {
            self.brake.of(self.address).take_back(self.address, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn fails(brake: &Arc<Brake>, address: &str, now: Instant) -> (Duration, bool) {
        let mut attempt = brake.attempt(from(address), now);
        if attempt.heard {
            attempt.failed();
        }
        (attempt.delay, attempt.heard)
    }

    #[test]
    fn an_address_that_fails_waits_longer_and_longer_and_is_then_not_heard() {
        let brake = Arc::new(Brake::new(10));
        let now = Instant::now();
        let heard: Vec<_> = (0..12).map(|_| fails(&brake, "192.0.2.1", now)).collect();
        let waits: Vec<u128> = heard.iter().map(|(delay, _)| delay.as_millis()).collect();
        assert_eq!(waits[..7], [100, 200, 400, 800, 1600, 3200, 3200]);
        let loud: Vec<bool> = heard.iter().map(|(_, heard)| *heard).collect();
        assert_eq!(loud, [[true; 10].as_slice(), &[false; 2]].concat());
        assert_eq!(brake.attempt(from("192.0.2.2"), now).turn, Turn::First, "nobody else is concerned");
        // What is not heard is not counted: it is forgiven by and by whatever goes on.
        assert!(!fails(&brake, "192.0.2.1", now + FORGOTTEN / 20).1);
        assert!(fails(&brake, "192.0.2.1", now + FORGOTTEN).1);
    }

    #[test]
    fn many_at_once_count_as_many_and_success_as_none() {
        let brake = Arc::new(Brake::new(10));
        let now = Instant::now();
        let open: Vec<_> = (0..50).map(|_| brake.attempt(from("192.0.2.1"), now)).collect();
        assert_eq!(open.iter().filter(|attempt| attempt.heard).count(), 10);
        drop(open);
        for _ in 0..100 {
            assert_eq!(brake.attempt(from("192.0.2.1"), now).turn, Turn::First);
        }
        // Logging in with an account of one's own in between buys no more guesses.
        let mut guesses = 0;
        for _ in 0..100 {
            drop(brake.attempt(from("192.0.2.9"), now));
            guesses += usize::from(fails(&brake, "192.0.2.9", now).1);
        }
        assert_eq!(guesses, 10);
    }

    #[test]
    fn a_network_counts_as_well_as_its_addresses() {
        let brake = Arc::new(Brake::new(10));
        let now = Instant::now();
        let heard = (0..100).filter(|n| fails(&brake, &format!("2001:db8::{n:x}"), now).1).count();
        assert_eq!(heard, 10, "a /64 is one client");
        let heard = (0..100).filter(|n| fails(&brake, &format!("2001:db9:0:{n:x}::1"), now).1).count();
        assert_eq!(heard, 40, "a /48 is four");
    }

    #[test]
    fn this_machine_waits_and_is_never_shut_out() {
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let brake = Arc::new(Brake::new(10));
            let now = Instant::now();
            let all: Vec<_> = (0..2000).map(|_| fails(&brake, here, now)).collect();
            assert!(all.iter().all(|(_, heard)| *heard));
            assert_eq!(all[1999].0, LONGEST);
            assert!(fails(&brake, here, now + 20 * FORGOTTEN_HERE).0 <= FIRST.mul_f32(1.1));
        }
        let brake = Arc::new(Brake::new(10));
        assert!(brake.attempt(None, Instant::now()).heard);
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let brake = Arc::new(Brake::new(0));
        let now = Instant::now();
        for _ in 0..100 {
            assert_eq!(fails(&brake, "192.0.2.1", now), (Duration::ZERO, true));
        }
    }
}
