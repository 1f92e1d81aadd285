//! A private Dovecot (`tests/interop/dovecot.sh`) that takes mail for submission and relays it. The account is that of
//! [`super::postfix`].

use super::server::Server;
use super::skip;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The token that OAUTHBEARER and XOAUTH2 take.
pub const TOKEN: &str = "token";

/// A running Dovecot.
pub struct Dovecot(Server);

impl Dovecot {
    /// `relay`: the server that gets the mail. None, noted as a skip of `test`, where Dovecot is not installed or we are
    /// not root.
    pub fn start(test: &str, relay: SocketAddr) -> Option<Dovecot> {
        let can_run = skip::have(test, &["dovecot", "openssl"]) && skip::as_root(test, "Dovecot");
        can_run.then(|| Dovecot(Server::start("dovecot.sh", 1, &[&relay.port().to_string()])))
    }

    /// Submission, with STARTTLS.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(0)).into()
    }

    /// The server's certificate, which signs itself.
    pub fn certificate(&self) -> PathBuf {
        self.0.folder().join("cert.pem")
    }
}
