//! A mail server with OpenSSL's side of TLS (`peer.py`), and certificates made by the program `openssl`: what no library
//! of Rust's makes or serves.

use super::skip;
use super::temp::TempDir;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Whether both are here; otherwise the test is noted as skipped.
pub fn have(test: &str) -> bool {
    skip::have(test, &["python3", "openssl"])
}

/// Runs `openssl` in a folder; its words are split at blanks.
#[track_caller]
pub fn openssl(folder: &TempDir, words: &str) {
    let output = Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output().expect("openssl");
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a certificate by itself and its key, both in one file: `openssl req` with these words more.
#[track_caller]
pub fn certificate(folder: &TempDir, words: &str) -> PathBuf {
    openssl(folder, &format!("req -x509 -nodes -days 30 -keyout key.pem -out cert.pem {words}"));
    joined(folder)
}

/// The same of version 1, which has no extensions.
#[track_caller]
pub fn version_one(folder: &TempDir, words: &str) -> PathBuf {
    openssl(folder, &format!("req -new -nodes -keyout key.pem -out request.pem -subj /CN=peer.example {words}"));
    openssl(folder, "x509 -req -in request.pem -signkey key.pem -days 30 -out cert.pem");
    joined(folder)
}

fn joined(folder: &TempDir) -> PathBuf {
    let read = |name| std::fs::read(folder.join(name)).expect("a file that openssl has made");
    let both = folder.join("both.pem");
    std::fs::write(&both, [read("cert.pem"), read("key.pem")].concat()).expect("a file of a test");
    both
}

/// The pin of the certificate in a folder, as `openssl` reckons it.
pub fn pin(folder: &TempDir) -> String {
    openssl(folder, "x509 -in cert.pem -pubkey -noout -out public.pem");
    openssl(folder, "pkey -pubin -in public.pem -outform DER -out public.der");
    let digest = Command::new("openssl").args(["dgst", "-sha256", "-r"]).arg(folder.join("public.der")).output();
    let digest = String::from_utf8(digest.expect("openssl").stdout).expect("text");
    format!("sha256:{}", digest.split(' ').next().unwrap_or_default())
}

/// A running server.
pub struct Peer {
    child: Child,
    /// Closed, it ends.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub port: u16,
}

/// What it heard on a connection: in the clear and encrypted.
#[derive(Debug, Default, PartialEq)]
pub struct Heard {
    pub clear: Vec<String>,
    pub tls: Vec<String>,
}

impl Peer {
    /// With a file of a certificate and its key, and words that `peer.py` explains.
    #[track_caller]
    pub fn start(certificate: &Path, words: &[&str]) -> Peer {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/peer.py");
        let mut command = Command::new("python3");
        command.arg("-W").arg("ignore").arg(script).arg(certificate).args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 runs");
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        let port = line.trim().parse().expect("the server says its port");
        Peer { child, input, output, port }
    }

    /// What was heard on so many connections, which must have ended on the client's side.
    pub fn heard(&mut self, connections: usize) -> Vec<Heard> {
        let mut heard: Vec<Heard> = (0..connections).map(|_| Heard::default()).collect();
        let mut over = 0;
        while over < connections {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("text") > 0, "the server has ended");
            let mut parts = line.trim_end_matches('\n').splitn(3, '\t');
            let number: usize = parts.next().and_then(|number| number.parse().ok()).expect("a number");
            let (kind, text) = (parts.next().expect("a kind"), parts.next().expect("a text").to_owned());
            let of = heard.get_mut(number).unwrap_or_else(|| panic!("a connection too many: {line}"));
            match kind {
                "clear" => of.clear.push(text),
                "tls" => of.tls.push(text),
                "over" => over += 1,
                // Why it ended, for people.
                _ => eprintln!("peer, connection {number}: {text}"),
            }
        }
        heard
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
