//! `make bench`: the numbers of README's table, measured in one run on one machine, beside what others do there.
//!
//! `scripts/bench.sh mails` runs one part: `calls`, `mails`, `bodies`, `system-calls`, `tls`, `server`, `maildir` or
//! `memory`. What the library weighs says `make size`.

mod bodies;
mod calls;
mod mails;
mod native;
mod others;
mod server;
#[path = "../../tests/support/sink/mod.rs"]
mod sink;
mod support;
mod system_calls;
mod table;
#[cfg(feature = "tls")]
mod tls;

use table::Table;

/// A part of the run: what it is called, and what it adds to the table.
type Part = (&'static str, fn(&mut Table));

const PARTS: &[Part] = &[
    ("calls", calls::measure),
    ("mails", mails::measure),
    ("bodies", bodies::measure),
    ("system-calls", system_calls::measure),
    #[cfg(feature = "tls")]
    ("tls", tls::measure),
    ("server", server::measure),
    ("maildir", server::measure_maildir),
    ("memory", server::measure_memory),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(task) = system_calls::child_task(&arguments) {
        return task.run();
    }
    // Cargo passes `--bench`; what has no dash is a part.
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = wanted.iter().find(|name| !PARTS.iter().any(|(part, _)| part == *name)) {
        eprintln!("there is no part called {unknown}");
        std::process::exit(2);
    }
    let mut table = Table::default();
    for &(name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|part| *part == name) {
            measure(&mut table);
        }
    }
    table.print();
}
