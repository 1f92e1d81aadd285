//! The table that is printed, and the small rules of measuring.

use std::time::{Duration, Instant};

/// Rows: what was measured, the number with its unit, and what it means beside others.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 3]>,
}

impl Table {
    pub fn row(&mut self, what: impl Into<String>, number: impl Into<String>, beside: impl Into<String>) {
        let row = [what.into(), number.into(), beside.into()];
        // At once too, on the other channel: a run takes a while.
        eprintln!("{}: {} {}", row[0], row[1], row[2]);
        self.rows.push(row);
    }

    /// As Markdown.
    pub fn print(&self) {
        let head = ["what", "number", "beside"].map(String::from);
        let width = |column: usize| {
            self.rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths = [width(0), width(1), width(2)];
        let line = |cells: &[String; 3]| {
            println!(
                "| {:a$} | {:>b$} | {:c$} |",
                cells[0],
                cells[1],
                cells[2],
                a = widths[0],
                b = widths[1],
                c = widths[2]
            );
        };
        line(&head);
        println!("|{:-<a$}|{:->b$}:|{:-<c$}|", "", "", "", a = widths[0] + 2, b = widths[1] + 1, c = widths[2] + 2);
        self.rows.iter().for_each(line);
    }
}

/// The best of several runs: what the machine can do when nothing else wants it.
pub fn best(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    (0..runs.max(1)).map(|_| run()).min().unwrap_or_default()
}

pub fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

/// `count` in so much time, by the second.
pub fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// A large number with its thousands apart.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
