//! The relay, by SMTP and LMTP on both sides, before next servers that do anything and know what they took: what its
//! client is told of each recipient is what the next server said, and nothing is handed on twice.
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

libfuzzer_sys::fuzz_target!(|data: &[u8]| erratic_runs::relayed(data));
