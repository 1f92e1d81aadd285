//! Distinct SMTP-32 5.2: all 22 functions of its manual.
//!
//! - `codes`: the numbers, and the one table from the engine's errors to them
//! - `handle`: connections behind handles, one call at a time, cancelled from anywhere
//! - `shared`: what calls and callbacks share; yielding; the debug callback
//! - `open`, `firewall`, `site`: making connections
//! - `mail`, `data`, `commands`, `listing`, `direct`, `turn`, `options`, `close`, `date`: the other functions
//! - `entry`, `log`, `numbers`: what every call passes through
//! - `wishes`: what `helo.h` may set for a handle; `words`: failures in the form that `smtp_rply` gives
#![allow(unsafe_code)] // exported symbols
#![allow(non_camel_case_types, non_snake_case, clippy::upper_case_acronyms)]
// the manual's names
// The doc comments are for the reader of the C header; what a caller must keep to is what C asks of every caller.
#![allow(clippy::missing_safety_doc)]

pub mod close;
pub mod codes;
pub mod commands;
mod ctypes;
pub mod data;
pub mod date;
pub mod direct;
mod entry;
pub mod firewall;
mod handle;
pub mod listing;
mod log;
mod log_place;
pub mod mail;
mod numbers;
pub mod open;
pub mod options;
mod pump;
mod shared;
mod site;
pub mod turn;
mod wishes;
mod words;

pub(crate) use shared::{Shared, timeouts};
pub(crate) use wishes::{connection, set_key};
