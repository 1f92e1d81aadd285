//! Mails of 1 KB a second over one loopback connection: the three levels beside two other clients, one sink for all.

use crate::native::{LEVELS, deliver, message, sink};
use crate::others::{self, Rate};
use crate::table::{Table, grouped, per_second, timed};
use helo::faces::helo::HeloLevel;

const SIZE: usize = 1024;

/// Rounds in which everybody has a turn, so that a busy moment of the machine hits all alike. The best of each counts.
const ROUNDS: usize = 3;

pub fn measure(table: &mut Table) {
    let sink = sink(true);
    let body = message(SIZE);
    let mut ours = [0.0_f64; LEVELS.len()];
    let mut source: Rate = Ok(0.0);
    let mut smtplib: Rate = Ok(0.0);
    for _ in 0..ROUNDS {
        for ((level, _), best) in LEVELS.into_iter().zip(&mut ours) {
            let count = if matches!(level, HeloLevel::Full) { 200_000 } else { 20_000 };
            let before = sink.count();
            let time = timed(|| deliver(sink.port(), level, count, &body));
            assert_eq!(sink.count() - before, count as u64, "every mail has arrived");
            *best = best.max(per_second(count, time));
        }
        source = better(source, || others::smtp_source(sink.address(), 20_000, SIZE));
        smtplib = better(smtplib, || others::smtplib(sink.address(), 4_000, SIZE));
    }
    for ((_, name), rate) in LEVELS.into_iter().zip(ours) {
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

/// The better of what was and one more run; who cannot run is not asked again.
fn better(was: Rate, run: impl FnOnce() -> Rate) -> Rate {
    Ok(was?.max(run()?))
}
