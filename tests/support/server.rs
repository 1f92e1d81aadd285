//! Starts a real server by its script in `tests/interop/` and stops it when dropped, or when this process ends,
//! however it ends: the script watches its standard input.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A running server.
pub struct Server {
    child: Child,
    input: Option<ChildStdin>,
    folder: PathBuf,
    ports: Vec<u16>,
}

impl Server {
    /// Runs `tests/interop/<script>` with that many free ports as its first arguments. Panics with what the script said
    /// when it does not get ready.
    pub fn start(script: &str, ports: usize, arguments: &[&str]) -> Server {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script);
        let mut said = String::new();
        // Somebody else may take a port between our finding it free and the server's taking it.
        for _ in 0..3 {
            let ports = free_ports(ports);
            let mut child = Command::new(&path)
                .args(ports.iter().map(u16::to_string))
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let input = child.stdin.take();
            let mut line = String::new();
            let output = child.stdout.take().expect("piped");
            BufReader::new(output).read_line(&mut line).expect("output of a script");
            if let Some(folder) = line.strip_prefix("ready ") {
                return Server { child, input, folder: folder.trim_end().into(), ports };
            }
            drop(input);
            let _ = child.stderr.take().expect("piped").read_to_string(&mut said);
            let _ = child.wait();
        }
        panic!("{script} did not start a server:\n{said}");
    }

    /// The server's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of its ports, in the order of the script's arguments.
    pub fn port(&self, index: usize) -> u16 {
        self.ports[index]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// What `certificates` of `tests/interop/common.sh` made for a server and its clients.
pub struct Certificates(PathBuf);

impl Certificates {
    pub fn new(folder: PathBuf) -> Certificates {
        Certificates(folder)
    }

    /// The authority that vouches for the server's certificate, over one between.
    pub fn authority(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Another authority, which does not.
    pub fn other_authority(&self) -> PathBuf {
        self.0.join("other-ca.pem")
    }

    /// A client's certificate and its key: `alice`; `mallory`, whom no server knows; `forged`, which says alice but
    /// which the other authority signed.
    pub fn client(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.0.join(format!("{name}.pem")), self.0.join(format!("{name}-key.pem")))
    }
}

/// Ports that were free a moment ago, each different.
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port")).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("an address").port()).collect()
}
