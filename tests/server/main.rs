//! The server over real sockets: what it takes, what it refuses, its limits, and how it ends.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "tls")]
mod auth;
mod basics;
mod decisions;
mod ends;
mod guessing;
mod hostile;
mod house;
mod limits;
mod places;
mod proxied;
mod splits;
mod stop;
#[cfg(feature = "tls")]
mod tls;
