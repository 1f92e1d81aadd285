//! A private Postfix (`tests/interop/postfix-client.sh`) that hands mail on to a server of the test's, each domain below
//! `store.test` in its own way.

use super::next::Next;
use super::raw::Raw;
use super::server::Server;
use super::{skip, wait};
use std::net::{Ipv4Addr, SocketAddr};

/// A running Postfix.
pub struct PostfixClient(Server);

impl PostfixClient {
    /// None, noted as a skip of `test`, where Postfix is not installed or we are not root.
    pub fn start(test: &str, next: &Next) -> Option<PostfixClient> {
        if !(skip::have(test, &["postfix", "openssl"]) && skip::as_root(test, "Postfix")) {
            return None;
        }
        let ports = [next.clear, next.smtp, next.smtps, next.lmtp].map(|address| address.port().to_string());
        let mut arguments: Vec<&str> = ports.iter().map(String::as_str).collect();
        arguments.push(next.authority.to_str().expect("UTF-8"));
        Some(PostfixClient(Server::start("postfix-client.sh", 1, &arguments)))
    }

    /// Gives it a mail: MAIL and RCPT with what follows FROM and TO, and the message, which ends in CRLF. Returns the
    /// mail's number in its queue.
    pub fn give(&self, from: &str, to: &[&str], message: &[u8]) -> String {
        let address: SocketAddr = (Ipv4Addr::LOCALHOST, self.0.port(0)).into();
        let mut raw = Raw::greeted(address);
        raw.ask(&format!("MAIL FROM:{from}"), 250);
        for to in to {
            raw.ask(&format!("RCPT TO:{to}"), 250);
        }
        raw.ask("DATA", 354);
        let mut stuffed = Vec::with_capacity(message.len() + 1000);
        for line in message.split_inclusive(|&octet| octet == b'\n') {
            if line.starts_with(b".") {
                stuffed.push(b'.');
            }
            stuffed.extend_from_slice(line);
        }
        let taken = raw.send(stuffed).send(".\r\n").expect(250);
        raw.ask("QUIT", 221);
        taken.trim_end().rsplit(' ').next().expect("queued as").to_owned()
    }

    /// What became of a recipient: the line of the log that has its status, without what stands before the address.
    pub fn fate(&self, queued: &str, to: &str) -> String {
        let (mail, to) = (format!(" {queued}: to=<{to}>"), format!("to=<{to}>"));
        let line = wait::until(&format!("the fate of {to} in Postfix's log"), wait::LONG, || {
            let log = self.log();
            log.lines().find(|line| line.contains(&mail) && line.contains(" status=")).map(String::from)
        });
        line[line.find(&to).expect("found before")..].to_owned()
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.0.folder().join("mail.log")).unwrap_or_default()
    }
}

impl Drop for PostfixClient {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Postfix's log:\n{}", self.log());
        }
    }
}
