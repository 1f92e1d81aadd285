//! The server: mails a second that it confirms, beside Postfix's smtp-sink and beside what the disk can do.
//!
//! Each server is a process of its own. They have their turns one after the other in several rounds, under the same load
//! by the same client; the middle one of the rounds counts, for the rate and for how it compares with the other's turn
//! beside it. Beside the rate stands the processor time that the
//! server itself took for a mail: where the client is what holds the rate down, that is what tells the servers apart.

mod load;
mod maildir;
mod memory;
mod rival;

use crate::others;
use crate::support::program::Program;
use crate::table::{Table, grouped};
use load::{Script, Way};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use maildir::measure as measure_maildir;
pub use memory::measure as measure_memory;

const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_millis(200);

/// A server under load.
struct Subject {
    address: SocketAddr,
    process: u32,
}

/// What the rounds gave: mails a second, and microseconds of the server's processor a mail.
struct Measured {
    rate: f64,
    cost: f64,
}

pub fn measure(table: &mut Table) {
    let ours = Program::start(&["--port", "0", "--discard", "--quiet"]);
    let rival = rival::Sink::start();
    let mut subjects = vec![Subject { address: ours.address("smtp"), process: ours.child.id() }];
    if let Ok(rival) = &rival {
        subjects.push(Subject { address: rival.address, process: rival.child.id() });
    }
    let why = rival.as_ref().err().map(String::as_str);
    for way in [Way::Steps, Way::Pipelined, Way::Connections] {
        for size in [1024, 100 * 1024] {
            for connections in [1, 16, 200] {
                let script = Script::new(way, size);
                let results = compare(&subjects, |subject| load::run(subject.address, &script, connections, TURN));
                let how = match way {
                    Way::Steps => "step by step",
                    Way::Pipelined => "pipelined",
                    Way::Connections => "a connection each",
                };
                row(table, &format!("dropped mails of {}, {how}, {connections} at a time", kilo(size)), &results, why);
            }
        }
    }
    for (reuse, how) in [(true, ""), (false, ", a connection each")] {
        let count = if reuse { 3_000 } else { 1_500 };
        let mut failed = None;
        let results = compare(&subjects, |subject| {
            others::smtp_source_many(subject.address, reuse, 200, count, 1024).unwrap_or_else(|why| {
                failed = Some(why);
                0.0
            })
        });
        let what = format!("the same by smtp-source, 1 KB, 200 at a time{how}");
        match failed {
            None => row(table, &what, &results, why),
            Some(why) => table.row(what, "-", format!("smtp-source: {why}")),
        }
    }
}

/// Lets each have its turn in several rounds: the rounds of each.
fn compare(subjects: &[Subject], mut turn: impl FnMut(&Subject) -> f64) -> Vec<Vec<Measured>> {
    let mut all: Vec<Vec<Measured>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for number in order {
            all[number].push(self::turn(&subjects[number], &mut turn));
        }
    }
    all
}

/// One turn of one server.
fn turn(subject: &Subject, load: impl FnOnce(&Subject) -> f64) -> Measured {
    let (before, begin) = (processor_time(subject.process), Instant::now());
    let rate = load(subject);
    let mails = rate * begin.elapsed().as_secs_f64();
    let used = processor_time(subject.process).saturating_sub(before);
    Measured { rate, cost: used.as_secs_f64() * 1e6 / mails }
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// How one compares with the other, turn by turn.
fn ratio(ours: &[Measured], others: &[Measured], of: fn(&Measured) -> f64) -> f64 {
    middle(ours.iter().zip(others).map(|(ours, other)| of(ours) / of(other)))
}

fn row(table: &mut Table, what: &str, results: &[Vec<Measured>], lacking: Option<&str>) {
    let [ours, ..] = results else { return };
    let cost = middle(ours.iter().map(|turn| turn.cost));
    let beside = match results.get(1) {
        Some(rival) => format!(
            "{:.2} x smtp-sink; processor time {cost:.1} µs a mail, {:.2} x",
            ratio(ours, rival, |turn| turn.rate),
            ratio(ours, rival, |turn| turn.cost),
        ),
        None => lacking.unwrap_or_default().to_owned(),
    };
    table.row(what, format!("{}/s", grouped(middle(ours.iter().map(|turn| turn.rate)))), beside);
}

fn kilo(size: usize) -> String {
    format!("{} KB", size / 1024)
}

/// What the threads of a process have had of the processors so far, to the nanosecond where the kernel counts that.
fn processor_time(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}
