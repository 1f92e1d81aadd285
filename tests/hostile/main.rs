//! Published attacks on SMTP clients, each a case: what the program passes in, what the server says, what a proxy says.
//! Those that need TLS stand with the tests of TLS, those on servers with the server's.

#[path = "../support/mod.rs"]
mod support;

mod arguments;
mod auth;
mod bodies;
mod netx;
mod order;
mod proxy;
mod replies;
