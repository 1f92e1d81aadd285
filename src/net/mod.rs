//! Bytes over a connection: transports, name resolution, proxies, and the one waiting loop.
//!
//! Nothing in this room blocks but [`wait::wait`]. A [`connect::Connecting`] is advanced until it yields a
//! [`transport::Transport`]; a transport is read and written until it says `WouldBlock`; between the two the caller
//! waits with [`wait::wait`] for one connection or [`wait::wait_many`] for several.
//!
//! One [`wait::Waker`] serves a waiting party: what happens without a descriptor (a name was resolved, the other end
//! of an in-process stream moved, another thread cancelled) rings it, and the wait that holds it comes back.

pub mod callback;
pub mod connect;
pub mod fault;
pub mod fork;
pub(crate) mod helpers;
pub mod lock;
pub mod options;
pub mod polled;
mod proxy;
pub mod ram;
pub mod resolve;
pub mod socks;
pub(crate) mod sys;
pub mod tcp;
pub mod thread;
pub mod tls;
pub mod transport;
pub mod turn;
#[cfg(unix)]
mod unix;
pub mod wait;

#[cfg(test)]
mod proxy_tests;
#[cfg(all(test, unix))]
mod race_tests;
#[cfg(test)]
mod resolve_tests;
#[cfg(test)]
mod socks_tests;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tcp_tests;
#[cfg(test)]
mod tests_support;
#[cfg(test)]
mod turn_tests;
#[cfg(all(test, unix))]
mod unix_tests;
#[cfg(test)]
mod wait_tests;
