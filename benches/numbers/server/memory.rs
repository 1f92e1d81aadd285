//! What an idle session of helo-server holds: after its greeting and hello, in the clear and under TLS.

use crate::support::process::{memory_of, raise_descriptors};
use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::table::Table;

const CLIENTS: usize = 5_000;

pub fn measure(table: &mut Table) {
    // Less is enough for a number.
    let clients = if raise_descriptors(CLIENTS as u64 + 100) { CLIENTS } else { 500 };
    let server = Program::start(&["--port", "0", "--discard", "--quiet", "--max-connections", "20000"]);
    let each = each(&server, clients, || Raw::greeted(server.address("smtp")));
    table.row("memory of an idle session of the server", format!("{:.1} KB", each / 1e3), format!("of {clients}"));
    #[cfg(feature = "tls")]
    tls::measure(table);
}

/// Octets for each of so many; what the first ones cost is the program's own.
fn each<T>(server: &Program, count: usize, open: impl Fn() -> T) -> f64 {
    let first: Vec<T> = (0..50).map(|_| open()).collect();
    let before = memory_of(server.child.id());
    let open: Vec<T> = (0..count).map(|_| open()).collect();
    let more = memory_of(server.child.id()).saturating_sub(before);
    drop((first, open));
    more as f64 / count as f64
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use crate::tls::{NAME, session};
    use helo::net::tls::Roots;

    const CLIENTS: usize = 500;

    pub fn measure(table: &mut Table) {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let roots = Roots::from_pem(made.cert.pem().as_bytes()).expect("an authority");
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}.pem", std::process::id()));
        write(&file, &(made.cert.pem() + &made.signing_key.serialize_pem()));
        let listen = ["--listen-tls", "127.0.0.1:0", "--tls-certificate", file.to_str().expect("UTF-8")];
        let server = Program::start(&[&["--discard", "--quiet"], &listen[..]].concat());
        let _ = std::fs::remove_file(&file);
        let port = server.address("smtps").port();
        let each = each(&server, CLIENTS, || session(port, Some(&roots)));
        table.row("the same under TLS", format!("{:.1} KB", each / 1e3), format!("of {CLIENTS}"));
    }

    /// A key is for its owner only.
    fn write(path: &std::path::Path, text: &str) {
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(path).expect("a new file");
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("a short text");
    }
}
