//! A list of mails, at all levels, to servers that do anything and know what they took: nothing arrives twice, nobody is
//! told a yes that was not said, "outcome unknown" stands exactly where it must (`tests/support/erratic_runs.rs`).
#![no_main]

#[path = "../../tests/support/direct.rs"]
#[allow(dead_code)]
mod direct;
#[path = "../../tests/support/erratic.rs"]
#[allow(dead_code)]
mod erratic;
#[path = "../../tests/support/erratic_runs.rs"]
#[allow(dead_code)]
mod erratic_runs;
#[path = "../../tests/support/mended.rs"]
mod mended;

libfuzzer_sys::fuzz_target!(|data: &[u8]| erratic_runs::list(data));
