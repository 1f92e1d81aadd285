//! What the tests have already: the programs under measurement, and what a process uses.
#![allow(dead_code)] // the tests use the rest

#[path = "../../tests/support/installed.rs"]
pub mod installed;
#[path = "../../tests/support/process.rs"]
pub mod process;
#[path = "../../tests/support/program.rs"]
pub mod program;
#[path = "../../tests/support/raw.rs"]
pub mod raw;
