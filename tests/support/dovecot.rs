//! A private Dovecot (`tests/interop/dovecot.sh`) that takes mail for submission and relays it. The account is that of
//! [`super::postfix`]; tokens are those of [`super::tokens`].

use super::server::{Certificates, Server};
use super::skip;
use super::tokens::Tokens;
use std::net::{Ipv4Addr, SocketAddr};

/// A running Dovecot.
pub struct Dovecot {
    server: Server,
    /// Where it asks whether a token holds.
    pub tokens: Tokens,
}

/// The host of which Dovecot demands TLS before a login. (To it a client from the server's own address is as good as
/// encrypted, and to 127.0.0.1 clients come from 127.0.0.1.)
pub const DEMANDING: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The host on which Dovecot has no TLS.
pub const CLEAR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

impl Dovecot {
    /// `relay`: the server that gets the mail. None, noted as a skip of `test`, where Dovecot is not installed or we are
    /// not root.
    pub fn start(test: &str, relay: SocketAddr) -> Option<Dovecot> {
        Dovecot::start_with(test, relay, &[])
    }

    /// The same as busy sites have it, where one login process serves all: it knows its TLS sessions again, and since
    /// it asks for certificates too, it breaks every connection that resumes one.
    pub fn start_busy(test: &str, relay: SocketAddr) -> Option<Dovecot> {
        Dovecot::start_with(test, relay, &["0"])
    }

    fn start_with(test: &str, relay: SocketAddr, more: &[&str]) -> Option<Dovecot> {
        let can_run = skip::have(test, &["dovecot", "openssl"]) && skip::as_root(test, "Dovecot");
        can_run.then(|| {
            let tokens = Tokens::start();
            let (relay, url) = (relay.port().to_string(), tokens.url());
            let server = Server::start("dovecot.sh", 2, &[&[relay.as_str(), &url], more].concat());
            Dovecot { server, tokens }
        })
    }

    /// Submission, with STARTTLS.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
    }

    /// Submission, with STARTTLS.
    pub fn port(&self) -> u16 {
        self.server.port(0)
    }

    /// Submission, with TLS from the first byte.
    pub fn tls_port(&self) -> u16 {
        self.server.port(1)
    }

    /// The certificates that `tests/interop/common.sh` made.
    pub fn certificates(&self) -> Certificates {
        Certificates::new(self.server.folder().into())
    }
}
