//! Mail servers of Node (`tests/interop/haraka.sh`, `tests/interop/smtp-server.sh`), which store each mail as it came.

use super::server::Server;
use super::skip;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// A running server that keeps what it gets.
pub struct NodeServer(Server);

/// A mail as the server got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub from: String,
    pub to: Vec<String>,
    /// Whether it came over TLS, as the server says; Haraka does not.
    pub encrypted: bool,
    pub message: Vec<u8>,
}

impl NodeServer {
    /// Haraka. None, noted as a skip of `test`, where it is not installed.
    pub fn haraka(test: &str) -> Option<NodeServer> {
        installed(test, "Haraka").then(|| NodeServer(Server::start("haraka.sh", 1, &[])))
    }

    /// nodemailer's smtp-server, with the certificate that it brings. None, noted as a skip of `test`, where it is not
    /// installed.
    pub fn smtp_server(test: &str) -> Option<NodeServer> {
        installed(test, "smtp-server").then(|| NodeServer(Server::start("smtp-server.sh", 3, &[])))
    }

    /// Where it offers what it does by default: STARTTLS in smtp-server's case.
    pub fn address(&self) -> SocketAddr {
        self.at(0)
    }

    /// smtp-server's port with TLS from the first byte.
    pub fn tls_address(&self) -> SocketAddr {
        self.at(1)
    }

    /// smtp-server's port without TLS.
    pub fn clear_address(&self) -> SocketAddr {
        self.at(2)
    }

    fn at(&self, index: usize) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port(index)).into()
    }

    /// All mails that it has taken, in their order: what it confirmed is there.
    pub fn mails(&self) -> Vec<Kept> {
        let folder = self.0.folder().join("mail");
        let there = |number: &usize| folder.join(format!("{number}.envelope")).is_file();
        (1..).take_while(there).map(|number| read(&folder, number)).collect()
    }
}

fn read(folder: &Path, number: usize) -> Kept {
    let envelope = std::fs::read_to_string(folder.join(format!("{number}.envelope"))).expect("an envelope");
    let all = |key: &str| envelope.lines().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect();
    let (from, to, by): (Vec<String>, Vec<String>, Vec<String>) = (all("from "), all("to "), all("by "));
    Kept {
        from: from.concat(),
        to,
        encrypted: by == ["encrypted"],
        message: std::fs::read(folder.join(format!("{number}.eml"))).expect("a message"),
    }
}

/// Whether `scripts/setup-tests.sh` has put the package there.
fn installed(test: &str, package: &str) -> bool {
    skip::have(test, &["node"]) && skip::have_file(test, &format!("target/node/node_modules/{package}/package.json"))
}
