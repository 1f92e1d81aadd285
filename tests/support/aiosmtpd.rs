//! aiosmtpd (`tests/interop/aiosmtpd.sh`), a server of another make that stores each message as it came.

use super::server::Server;
use super::skip;
use std::net::{Ipv4Addr, SocketAddr};

/// A running aiosmtpd.
pub struct Aiosmtpd(Server);

impl Aiosmtpd {
    /// None, noted as a skip of `test`, where it is not installed.
    pub fn start(test: &str) -> Option<Aiosmtpd> {
        skip::have_file(test, "target/venv/ready").then(|| Aiosmtpd(Server::start("aiosmtpd.sh", 1, &[])))
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(0)).into()
    }

    /// The message of this number, from 1, once its 250 was said.
    pub fn message(&self, number: usize) -> Vec<u8> {
        std::fs::read(self.0.folder().join(format!("mail/{number}.eml"))).expect("a stored message")
    }
}
