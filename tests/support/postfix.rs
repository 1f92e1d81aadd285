//! A private Postfix (`tests/interop/postfix.sh`) and what it delivered.

use super::maildir::{Mailbox, number};
use super::server::{Certificates, Server};
use super::{skip, wait};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

/// A recipient who is refused with 550, and a sender too.
pub const REFUSED: &str = "refused@example.test";
/// A recipient who is refused with 450.
pub const LATER: &str = "later@example.test";
/// The account of AUTH.
pub const USER: &str = "alice@example.test";
pub const PASSWORD: &str = "secret";

const PROGRAMS: &[&str] = &["postfix", "saslpasswd2", "openssl"];

/// A running Postfix.
pub struct Postfix(Server);

impl Postfix {
    /// One for all tests of this program; it stops when the program ends. None, noted as a skip of `test`, where
    /// Postfix is not installed or we are not root.
    pub fn shared(test: &str) -> Option<&'static Postfix> {
        static SHARED: OnceLock<Postfix> = OnceLock::new();
        Self::can_run(test).then(|| SHARED.get_or_init(Self::start))
    }

    /// One for this test alone, for tests that stop it or count what it logs.
    pub fn own(test: &str) -> Option<Postfix> {
        Self::can_run(test).then(Self::start)
    }

    fn can_run(test: &str) -> bool {
        skip::have(test, PROGRAMS) && skip::as_root(test, "Postfix")
    }

    fn start() -> Postfix {
        Postfix(Server::start("postfix.sh", 8, &[]))
    }

    /// SMTP, with STARTTLS.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
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

    /// STARTTLS, but the certificate between the server's and the authority's is not sent.
    pub fn leaf_port(&self) -> u16 {
        self.0.port(5)
    }

    /// STARTTLS with TLS 1.2 only.
    pub fn tls12_port(&self) -> u16 {
        self.0.port(6)
    }

    /// STARTTLS with TLS 1.3 only.
    pub fn tls13_port(&self) -> u16 {
        self.0.port(7)
    }

    /// The certificates that `tests/interop/common.sh` made.
    pub fn certificates(&self) -> Certificates {
        Certificates::new(self.0.folder().join("conf"))
    }

    /// A mailbox that no other test of this program uses.
    pub fn fresh_mailbox(&self) -> Mailbox {
        let number = number();
        assert!(number <= 400, "tests/interop/postfix.sh lists 400 mailboxes");
        self.mailbox(&format!("box{number}"))
    }

    /// The mailbox of `name@example.test`; of unknown names it is `catchall`.
    pub fn mailbox(&self, name: &str) -> Mailbox {
        Mailbox::new(format!("{name}@example.test"), self.0.folder().join("mail").join(name))
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.0.folder().join("mail.log")).unwrap_or_default()
    }

    /// Waits for a line in the log that holds all of `words`, and returns it.
    pub fn wait_log(&self, words: &[&str]) -> String {
        wait::until(&format!("{words:?} in Postfix's log"), wait::LONG, || {
            let log = self.log();
            log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(String::from)
        })
    }

    /// Waits until everything that was taken has been delivered or given up.
    pub fn settle(&self) {
        let spool = self.0.folder().join("spool");
        wait::until("Postfix's queue to empty", wait::LONG, || {
            let queues = ["maildrop", "incoming", "active", "deferred"];
            queues.iter().all(|queue| is_empty(&spool.join(queue))).then_some(())
        });
    }
}

/// No file in the folder or below it (the queues have folders by the first letter of a mail's name).
fn is_empty(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.all(|entry| {
            let Ok(entry) = entry else { return true };
            entry.path().is_dir() && is_empty(&entry.path())
        })
    })
}
