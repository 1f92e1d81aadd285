//! NetX SMTP Client 5.3: three services, a connection for each mail.
//!
//! - `create`, `services`: the exported functions. The original's header maps the public names to `_nxe_` functions, which
//!   check, or to `_nx_` functions, which do not; object files refer to those. Programs that are compiled with our header
//!   hand their options over too;
//! - `api`: what stands behind them: from C's parameters to Rust's, and from errors to codes;
//! - `client`: a client as `create` made it, and the checks;
//! - `mail`: the headers of a mail and the dialogue that delivers it;
//! - `error_map`: from the engine's errors to the original's codes;
//! - `codes`, `options`: what the header shows of both.

mod api;
mod client;
pub mod codes;
mod create;
mod error_map;
mod mail;
mod options;
mod services;

pub(crate) use api::wishes;

/// The guide's limits of time.
pub(crate) fn timeouts() -> crate::client::Timeouts {
    options::HELO_NX_SMTP_CLIENT_OPTIONS::default().timeouts()
}

#[cfg(test)]
mod tests;
