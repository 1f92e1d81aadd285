//! A private Dovecot (`tests/interop/dovecot-lmtp.sh`) that stores what it gets by LMTP.

use super::maildir::Mailbox;
use super::server::Server;
use super::skip;
use std::net::{Ipv4Addr, SocketAddr};

/// A running Dovecot.
pub struct DovecotLmtp(Server);

impl DovecotLmtp {
    /// None, noted as a skip of `test`, where Dovecot's LMTP is not installed or we are not root.
    pub fn start(test: &str) -> Option<DovecotLmtp> {
        let installed = skip::have(test, &["dovecot"]);
        let lmtp = std::path::Path::new("/usr/lib/dovecot/lmtp");
        if installed && !lmtp.is_file() {
            skip::skip(test, &format!("no {} (scripts/setup-tests.sh installs it)", lmtp.display()));
            return None;
        }
        (installed && skip::as_root(test, "Dovecot")).then(|| DovecotLmtp(Server::start("dovecot-lmtp.sh", 1, &[])))
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(0)).into()
    }

    /// The mailbox of alice or bob; nobody else has one.
    pub fn mailbox(&self, name: &str) -> Mailbox {
        Mailbox::new(format!("{name}@example.test"), self.0.folder().join("mail").join(name))
    }
}
