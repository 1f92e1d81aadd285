//! A private Exim (`tests/interop/exim.sh`) and what it delivered. Accounts and refused addresses are those of
//! [`super::postfix`].

use super::maildir::{Mailbox, number};
use super::next::Next;
use super::server::{Certificates, Server};
use super::skip;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

/// A running Exim.
pub struct Exim(Server);

impl Exim {
    /// None, noted as a skip of `test`, where it is not unpacked or we are not root.
    pub fn start(test: &str) -> Option<Exim> {
        Self::start_with(test, &[])
    }

    /// One that hands mail on: for `plain.store.test` in the clear; by STARTTLS for `encrypted.store.test`, and for
    /// `secure.store.test` with a login (a wrong one for senders who begin with `wrong`, by CRAM-MD5 or LOGIN for those who
    /// begin with `cram` or `login`); for `wrapped.store.test` by TLS from the first byte; for `lmtp.store.test` by LMTP.
    pub fn handing_on(test: &str, next: &Next) -> Option<Exim> {
        let ports = [next.clear, next.smtp, next.smtps, next.lmtp].map(|address| address.port().to_string());
        let mut arguments: Vec<&str> = ports.iter().map(String::as_str).collect();
        arguments.push(next.authority.to_str().expect("UTF-8"));
        Self::start_with(test, &arguments)
    }

    /// The command that takes a mail as `sendmail` does, and tries to deliver it before it ends.
    pub fn sendmail(&self) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(root.join("target/servers/exim/usr/sbin/exim4"));
        command.arg("-C").arg(self.0.folder().join("conf/exim.conf")).arg("-odf");
        command
    }

    fn start_with(test: &str, arguments: &[&str]) -> Option<Exim> {
        let can_run = skip::have_file(test, "target/servers/exim/usr/sbin/exim4")
            && skip::have(test, &["openssl"])
            && skip::as_root(test, "Exim");
        can_run.then(|| Exim(Server::start("exim.sh", 5, arguments)))
    }

    /// SMTP, with STARTTLS.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(0)).into()
    }

    /// SMTP, with STARTTLS.
    pub fn port(&self) -> u16 {
        self.0.port(0)
    }

    /// TLS from the first byte.
    pub fn tls_port(&self) -> u16 {
        self.0.port(1)
    }

    /// STARTTLS; takes nothing without TLS and AUTH.
    pub fn submission_port(&self) -> u16 {
        self.0.port(2)
    }

    /// TLS from the first byte; takes nothing without AUTH.
    pub fn submissions_port(&self) -> u16 {
        self.0.port(3)
    }

    /// Offers no TLS.
    pub fn clear_port(&self) -> u16 {
        self.0.port(4)
    }

    /// The certificates that `tests/interop/common.sh` made.
    pub fn certificates(&self) -> Certificates {
        Certificates::new(self.0.folder().join("conf"))
    }

    /// A mailbox that no other test of this program uses.
    pub fn fresh_mailbox(&self) -> Mailbox {
        self.mailbox(&format!("box{}", number()))
    }

    /// The mailbox of `name@example.test`; of unknown names it is `catchall`.
    pub fn mailbox(&self, name: &str) -> Mailbox {
        Mailbox::new(format!("{name}@example.test"), self.0.folder().join("mail").join(name))
    }
}
