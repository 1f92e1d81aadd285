//! The host's clock, for what is composed here: headers and `smtp_date`.

use crate::message::Date;

/// This moment in the host's local time, as the variable TZ or the system's setting has it; in UTC without the cargo
/// feature `local-time`, which reads time zones.
pub fn now() -> Date {
    moment().0
}

/// This moment as a log has it, in the same time: `2026-11-22 05:15:18.042`.
pub fn stamp() -> String {
    let (date, milliseconds) = moment();
    format!("{}.{milliseconds:03}", date.for_logs())
}

/// `chrono` reads the time zone itself, in Rust: the C library's `localtime_r` races with a `setenv` on another thread.
#[cfg(feature = "local-time")]
fn moment() -> (Date, u32) {
    use chrono::{Local, Offset};
    let now = Local::now();
    let date = Date::new(now.timestamp(), now.offset().fix().local_minus_utc() / 60);
    // A leap second counts on beyond 999.
    (date, now.timestamp_subsec_millis().min(999))
}

#[cfg(not(feature = "local-time"))]
fn moment() -> (Date, u32) {
    use std::time::{SystemTime, UNIX_EPOCH};
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (Date::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), 0), since.subsec_millis())
}

#[cfg(all(test, feature = "local-time"))]
mod tests {
    use super::*;
    #[cfg(unix)]
    use std::process::Command;

    /// The same date in another process with another time zone: the environment of this one is shared by all tests.
    #[cfg(unix)]
    fn now_in(zone: &str) -> String {
        let this = std::env::current_exe().unwrap();
        let run = Command::new(this)
            .args(["client::clock::tests::prints_now", "--exact", "--nocapture"])
            .env("TZ", zone)
            .env(ASKED, "1")
            .output()
            .unwrap();
        let shown = String::from_utf8(run.stdout).unwrap();
        shown.lines().find_map(|line| line.split_once("now: ")).expect(&shown).1.to_string()
    }

    const ASKED: &str = "HELO_TEST_PRINTS_NOW";

    #[test]
    fn prints_now() {
        let now = now().to_string();
        assert_eq!(now.len(), 31);
        if std::env::var_os(ASKED).is_some() {
            println!("\nnow: {now}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_offset_is_the_hosts() {
        assert!(now_in("UTC0").ends_with(" +0000"));
        assert!(now_in("XYZ-5:45").ends_with(" +0545"));
        assert!(now_in("XYZ3:30").ends_with(" -0330"));
    }

    #[test]
    #[cfg(unix)]
    fn the_moment_is_now() {
        use std::time::{SystemTime, UNIX_EPOCH};
        let unix_now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let before = unix_now();
        let shown = now_in("UTC0");
        let possible: Vec<String> = (before..=unix_now()).map(|second| Date::new(second, 0).to_string()).collect();
        assert!(possible.contains(&shown), "{shown} is not among {possible:?}");
    }
}
