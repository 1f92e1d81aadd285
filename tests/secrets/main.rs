//! No secret is shown: passwords, tokens and keys go through everything that has an output - traces, callbacks, logs,
//! results, error texts, Debug - in success and in every kind of failure, and all output is searched for them, in the
//! clear, in base64, percent-encoded and in hexadecimal, as are the very lines in which they went to the servers.
#![cfg(feature = "tls")]

#[path = "../distinct/api.rs"]
#[allow(dead_code, unused_imports)] // tests/distinct.rs uses the rest
mod api;
mod engine;
mod faces;
mod judges;
mod policy;
mod search;
#[path = "../support/mod.rs"]
mod support;
