//! Mails of 1 KB a second over one loopback connection: the three levels beside two other clients, one sink for all.

use crate::native::{LEVELS, deliver, message, sink};
use crate::others;
use crate::table::{Table, best, grouped, per_second, timed};
use helo::faces::helo::HeloLevel;

const SIZE: usize = 1024;

pub fn measure(table: &mut Table) {
    let sink = sink(true);
    let body = message(SIZE);
    let source = others::smtp_source(sink.address(), 20_000, SIZE);
    let smtplib = others::smtplib(sink.address(), 4_000, SIZE);
    for (level, name) in LEVELS {
        let count = if matches!(level, HeloLevel::Full) { 200_000 } else { 20_000 };
        let before = sink.count();
        let time = best(3, || timed(|| deliver(sink.port(), level, count, &body)));
        assert_eq!(sink.count() - before, 3 * count as u64, "every mail has arrived");
        let rate = per_second(count, time);
        let beside = [("smtp-source", &source), ("smtplib", &smtplib)].map(|(other, theirs)| match theirs {
            Ok(theirs) => format!("{:.1} x {other}", rate / theirs),
            Err(why) => format!("{other}: {why}"),
        });
        table.row(format!("1 KB mails, {name}"), format!("{}/s", grouped(rate)), beside.join(", "));
    }
    for (other, theirs) in [("smtp-source (Postfix)", source), ("smtplib (Python)", smtplib)] {
        if let Ok(rate) = theirs {
            table.row(format!("1 KB mails, {other}"), format!("{}/s", grouped(rate)), "the same sink");
        }
    }
}
