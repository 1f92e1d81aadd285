//! `helo-server` itself, the program: started on free ports with TLS, users and a Maildir for each recipient.

use super::maildir::{Mailbox, number};
use super::program::Program;
use super::temp::TempDir;
use super::tls::Authority;
use super::wait;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Who may log in.
pub const USER: &str = "alice@example.test";
pub const PASSWORD: &str = "secret";

/// Mail is taken for everybody below this domain who has a folder; [`REFUSED`] has none.
pub const DOMAIN: &str = "store.test";
/// Where [`HeloServer::fresh_mailbox`] makes mailboxes unless it is told otherwise, and who has none there.
pub const PLAIN: &str = "plain.store.test";
pub const REFUSED: &str = "refused@plain.store.test";

/// A running server.
pub struct HeloServer {
    program: Program,
    folder: TempDir,
}

impl HeloServer {
    /// One that keeps mail in Maildirs, with these options more.
    pub fn start(options: &[&str]) -> HeloServer {
        let folder = TempDir::new();
        let mail = folder.join("mail");
        std::fs::create_dir(&mail).expect("a folder");
        let domains = format!("{DOMAIN},.{DOMAIN}");
        Self::run(folder, &[&["--maildirs", text(&mail), "--domains", &domains], options].concat())
    }

    /// One that hands mail on to the next server, for this domain.
    pub fn relay(next: &str, domain: &str) -> HeloServer {
        Self::relay_with(next, domain, &[])
    }

    /// The same with these options more.
    pub fn relay_with(next: &str, domain: &str, options: &[&str]) -> HeloServer {
        Self::run(TempDir::new(), &[&["--relay", next, "--domains", domain], options].concat())
    }

    fn run(folder: TempDir, options: &[&str]) -> HeloServer {
        let authority = Authority::new("The test's authority");
        let certified = authority.certificate(&["localhost", "127.0.0.1"]);
        write(&folder.join("ca.pem"), &authority.pem);
        write(&folder.join("cert.pem"), &format!("{}{}", certified.pem, certified.key.serialize_pem()));
        write(&folder.join("users"), &format!("{USER}:{PASSWORD}\n"));
        let (users, certificate, log) = (folder.join("users"), folder.join("cert.pem"), folder.join("log"));
        let mut all = vec!["--port", "0", "--listen-tls", "127.0.0.1:0", "--name", "mx.store.test"];
        all.extend(["--users", text(&users), "--tls-certificate", text(&certificate)]);
        all.extend(["--log", text(&log), "--stop-within", "5"]);
        all.extend(options);
        let program = Program::start(&all);
        HeloServer { program, folder }
    }

    /// SMTP, with STARTTLS.
    pub fn address(&self) -> SocketAddr {
        self.program.address("smtp")
    }

    /// TLS from the first byte.
    pub fn tls_address(&self) -> SocketAddr {
        self.program.address("smtps")
    }

    /// LMTP, where the options have a place for it.
    pub fn lmtp_address(&self) -> SocketAddr {
        self.program.address("lmtp")
    }

    /// The certificate of the authority that vouches for the server's, which is for `localhost` and 127.0.0.1.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A mailbox of its own at [`PLAIN`].
    pub fn fresh_mailbox(&self) -> Mailbox {
        self.mailbox(&format!("box{}", number()), PLAIN)
    }

    /// The mailbox of `name@domain`, made if it is missing.
    pub fn mailbox(&self, name: &str, domain: &str) -> Mailbox {
        let folder = self.folder.join("mail").join(domain).join(name);
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(folder.join(part)).expect("a Maildir");
        }
        Mailbox::new(format!("{name}@{domain}"), folder)
    }

    /// A recipient whose folder cannot be opened now: 451.
    pub fn broken_mailbox(&self, name: &str, domain: &str) -> String {
        let folder = self.folder.join("mail").join(domain);
        std::fs::create_dir_all(&folder).expect("a folder");
        // It leads to itself.
        std::os::unix::fs::symlink(name, folder.join(name)).expect("a link");
        format!("{name}@{domain}")
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits for a line in the log that holds all of `words`, and returns it.
    pub fn wait_log(&self, words: &[&str]) -> String {
        wait::until(&format!("{words:?} in the log"), wait::LONG, || {
            let log = self.log();
            log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(String::from)
        })
    }
}

impl Drop for HeloServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("helo-server's log:\n{}", self.log());
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// For its owner only: keys and passwords are among them.
fn write(path: &Path, text: &str) {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).expect("a new file");
    std::io::Write::write_all(&mut file, text.as_bytes()).expect("a short text");
}
