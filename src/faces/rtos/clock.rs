//! Ticks: 100 a second, 32 bits, counted from the first look at the clock.

use super::tx_codes::{TX_NO_WAIT, TX_TIMER_TICKS_PER_SECOND, TX_WAIT_FOREVER};
use crate::net::fork;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();
/// What `tx_time_set` added.
static OFFSET: AtomicU32 = AtomicU32::new(0);

fn elapsed() -> u32 {
    let start = START.get().copied().unwrap_or_else(|| {
        let _pass = fork::pass();
        *START.get_or_init(Instant::now)
    });
    let ticks = start.elapsed().as_millis() * u128::from(TX_TIMER_TICKS_PER_SECOND) / 1000;
    // The counter wraps, as the original's does.
    ticks as u32
}

/// The tick counter.
pub(super) fn now() -> u32 {
    elapsed().wrapping_add(OFFSET.load(Ordering::Relaxed))
}

/// Sets the tick counter.
pub(super) fn set(ticks: u32) {
    OFFSET.store(ticks.wrapping_sub(elapsed()), Ordering::Relaxed);
}

/// A number of ticks as a time.
pub(crate) fn duration(ticks: u32) -> Duration {
    Duration::from_millis(u64::from(ticks) * 1000 / u64::from(TX_TIMER_TICKS_PER_SECOND))
}

/// How long a service may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// Until then.
    Until(Instant),
    /// As long as it takes.
    Forever,
}

impl Patience {
    /// From a service's wait option, counted from now.
    pub(super) fn from_ticks(ticks: u32) -> Self {
        match ticks {
            TX_NO_WAIT => Patience::None,
            TX_WAIT_FOREVER => Patience::Forever,
            ticks => Patience::Until(Instant::now() + duration(ticks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_hundredths_of_a_second() {
        assert_eq!(duration(250), Duration::from_millis(2500));
        assert_eq!(Patience::from_ticks(0), Patience::None);
        assert_eq!(Patience::from_ticks(0xFFFF_FFFF), Patience::Forever);
        assert!(matches!(Patience::from_ticks(1), Patience::Until(_)));
    }

    #[test]
    fn the_counter_goes_on_from_where_it_is_set() {
        set(0xFFFF_FFF0);
        assert!(now().wrapping_sub(0xFFFF_FFF0) < 1000);
    }
}
