//! The date of a header, RFC 5322 section 3.3 (RFC 822's with four digits of the year).

use alloc::format;
use alloc::string::String;
use core::fmt;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
/// 1900-01-01 and 9999-12-31 23:59:59: the years that the format can hold.
const FIRST: i64 = -2_208_988_800;
const LAST: i64 = 253_402_300_799;

/// A moment and the local time to show it in.
///
/// Displayed, it is always 31 characters: `Fri, 21 Nov 1997 09:55:06 -0600`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    unix_seconds: i64,
    offset_minutes: i32,
}

impl Date {
    /// Seconds since 1970-01-01 00:00 UTC, and how many minutes local time is ahead of UTC. An offset beyond a day and
    /// a year that needs other than four digits, from a clock that is not set, become the nearest that can be written.
    pub fn new(unix_seconds: i64, offset_minutes: i32) -> Self {
        Date { unix_seconds, offset_minutes: offset_minutes.clamp(-1439, 1439) }
    }

    /// Day and second of the day in its local time.
    fn local(&self) -> (i64, i64) {
        let local = self.unix_seconds.saturating_add(i64::from(self.offset_minutes) * MINUTE).clamp(FIRST, LAST);
        (local.div_euclid(DAY), local.rem_euclid(DAY))
    }

    /// As logs have it, in its local time, which is not named: `1997-11-21 09:55:06`.
    pub fn for_logs(&self) -> String {
        let (days, second) = self.local();
        let (year, month, day) = civil(days);
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}", month + 1)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

        let (days, second) = self.local();
        let (year, month, day) = civil(days);
        // Day 0 was a Thursday.
        let weekday = WEEKDAYS[days.rem_euclid(7) as usize];
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        write!(
            f,
            "{weekday}, {day:02} {} {year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            MONTHS[month as usize],
            second / 3600,
            second / 60 % 60,
            second % 60,
            offset / 60,
            offset % 60,
        )
    }
}

/// Year, month from 0 and day of the month of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years are counted from a 1 March, so that the leap day is a year's last; 719468 days lie between 0000-03-01 and
    // 1970-01-01, 146097 in 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, five months always have 153 days.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        for (unix_seconds, offset_minutes, expected) in [
            (880_127_706, -360, "Fri, 21 Nov 1997 09:55:06 -0600"),
            (0, 0, "Thu, 01 Jan 1970 00:00:00 +0000"),
            (0, -1, "Wed, 31 Dec 1969 23:59:00 -0001"),
            (951_782_399, 0, "Mon, 28 Feb 2000 23:59:59 +0000"),
            (951_782_400, 0, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (951_868_800, 345, "Wed, 01 Mar 2000 05:45:00 +0545"),
            (4_107_542_400, 0, "Mon, 01 Mar 2100 00:00:00 +0000"),
            (4_107_542_399, 0, "Sun, 28 Feb 2100 23:59:59 +0000"),
            (2_147_483_648, 840, "Tue, 19 Jan 2038 17:14:08 +1400"),
        ] {
            assert_eq!(Date::new(unix_seconds, offset_minutes).to_string(), expected);
        }
    }

    #[test]
    fn logs_have_it_so_that_it_sorts() {
        assert_eq!(Date::new(880_127_706, -360).for_logs(), "1997-11-21 09:55:06");
        assert_eq!(Date::new(0, 0).for_logs(), "1970-01-01 00:00:00");
    }

    #[test]
    fn clocks_that_are_not_set_still_give_a_date() {
        assert_eq!(Date::new(i64::MIN, i32::MIN).to_string(), "Mon, 01 Jan 1900 00:00:00 -2359");
        assert_eq!(Date::new(i64::MAX, i32::MAX).to_string(), "Fri, 31 Dec 9999 23:59:59 +2359");
    }

    #[test]
    fn each_day_follows_the_one_before() {
        let mut before = civil(FIRST / DAY);
        assert_eq!(before, (1900, 0, 1));
        for day in FIRST / DAY + 1..=200_000 {
            let (year, month, date) = civil(day);
            let next = [(before.0, before.1, before.2 + 1), (before.0, before.1 + 1, 1), (before.0 + 1, 0, 1)];
            assert!(next.contains(&(year, month, date)), "{before:?} then {year} {month} {date}");
            assert!((28..=31).contains(&before.2) || date == before.2 + 1);
            before = (year, month, date);
        }
    }

    proptest! {
        #[test]
        fn always_31_characters(unix_seconds in any::<i64>(), offset_minutes in any::<i32>()) {
            // The buffer of smtp_date holds 36 and a NUL.
            prop_assert_eq!(Date::new(unix_seconds, offset_minutes).to_string().len(), 31);
        }
    }
}
