//! The connection is lost at every byte of a session, in each direction: the cause and the phase are right, what is
//! confirmed is stored, what is called unsent is not, and nothing waits beyond its time.

#[path = "../support/mod.rs"]
mod support;

mod lists;
mod sessions;
mod sockets;
