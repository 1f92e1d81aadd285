//! smtp-sink, Postfix's server that drops everything: what our own server is measured beside.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 3] = ["smtp-sink", "/usr/sbin/smtp-sink", "/usr/lib/postfix/sbin/smtp-sink"];

/// How long it may take to listen.
const START: Duration = Duration::from_secs(10);

/// A running smtp-sink. It ends with this.
pub struct Sink {
    pub child: Child,
    pub address: SocketAddr,
}

impl Sink {
    /// Starts it on a free port, or says why not.
    pub fn start() -> Result<Sink, String> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = address.map_err(|why| why.to_string())?;
        let mut child =
            PROGRAMS.iter().find_map(|program| spawn(program, address)).ok_or("smtp-sink is not installed")?;
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begin.elapsed() > START || child.try_wait().is_ok_and(|ended| ended.is_some()) {
                let _ = child.kill();
                let _ = child.wait();
                return Err("smtp-sink does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Sink { child, address })
    }
}

fn spawn(program: &str, address: SocketAddr) -> Option<Child> {
    let mut command = Command::new(program);
    if rustix::process::geteuid().is_root() {
        command.args(["-u", "nobody"]); // it does not serve as root
    }
    // As many waiting connections as our own server has.
    command.arg(address.to_string()).arg("1024").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
