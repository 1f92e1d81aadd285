//! A private Exim (`tests/interop/exim.sh`) and what it delivered. Accounts and refused addresses are those of
//! [`super::postfix`].

use super::maildir::{Mailbox, number};
use super::server::Server;
use super::skip;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// A running Exim.
pub struct Exim(Server);

impl Exim {
    /// None, noted as a skip of `test`, where it is not unpacked or we are not root.
    pub fn start(test: &str) -> Option<Exim> {
        let can_run = skip::have_file(test, "target/servers/exim/usr/sbin/exim4")
            && skip::have(test, &["openssl"])
            && skip::as_root(test, "Exim");
        can_run.then(|| Exim(Server::start("exim.sh", 2, &[])))
    }

    /// SMTP, with STARTTLS.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(0)).into()
    }

    /// TLS from the first byte.
    pub fn tls_port(&self) -> u16 {
        self.0.port(1)
    }

    /// The server's certificate, which signs itself.
    pub fn certificate(&self) -> PathBuf {
        self.0.folder().join("conf/cert.pem")
    }

    /// A mailbox that no other test of this program uses.
    pub fn fresh_mailbox(&self) -> Mailbox {
        let name = format!("box{}", number());
        Mailbox::new(format!("{name}@example.test"), self.0.folder().join("mail").join(name))
    }
}
