//! Confirmed is stored: the system calls of a delivery in the order that a crash at any moment needs.

use super::support::skip;
use super::support::temp::TempDir;
use super::{envelope, store};
use helo::server::spool::maildir::{Maildir, Options};
use std::process::Command;

const ASKED: &str = "HELO_TEST_ORDER";

/// The line that stands for the 250.
const CONFIRMED: &str = "confirmed";

#[test]
fn file_sync_rename_folder_sync_and_then_the_confirmation() {
    if let Some(root) = std::env::var_os(ASKED) {
        let spool = Maildir::open(root, Options::default()).unwrap();
        store(&spool, &envelope(&["b@example.com"]), &[b'x'; 200_000], 70_000).unwrap();
        println!("\n{CONFIRMED}");
        return;
    }
    const TEST: &str = "spool: the order of system calls";
    if !skip::have(TEST, &["strace"]) {
        return;
    }
    let folder = TempDir::new();
    let (root, trace) = (folder.join("mail"), folder.join("trace"));
    let run = Command::new("strace")
        .args(["-f", "-y", "-s", "64", "-o"])
        .arg(&trace)
        .args(["-e", "trace=openat,write,writev,fsync,fdatasync,/rename,/link"])
        .arg(std::env::current_exe().unwrap())
        .args(["order::file_sync_rename_folder_sync_and_then_the_confirmation", "--exact", "--nocapture"])
        .env(ASKED, &root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    if said.contains("ptrace") {
        return skip::skip(TEST, &format!("strace may not trace here: {}", said.trim()));
    }
    assert!(run.status.success(), "{said}");
    let trace = std::fs::read_to_string(&trace).unwrap();
    let root = root.canonicalize().unwrap();
    let root = root.to_str().unwrap();
    let (tmp, new) = (format!("<{root}/tmp/"), format!("<{root}/new>"));
    let at = |what: &str, fits: &dyn Fn(&str) -> bool| {
        let found = trace.lines().position(fits);
        found.unwrap_or_else(|| panic!("no {what} in:\n{trace}"))
    };
    let syncs = |line: &str| line.contains(" fsync(") || line.contains(" fdatasync(");
    let last_write =
        trace.lines().enumerate().filter(|(_, line)| line.contains(" write(") && line.contains(&tmp)).last();
    let order = [
        last_write.expect("a write into tmp").0,
        at("sync of the file", &|line| syncs(line) && line.contains(&tmp)),
        at("rename", &|line| (line.contains(" rename") || line.contains(" link")) && line.contains(&new)),
        at("sync of the folder", &|line| syncs(line) && line.contains(&new)),
        at("confirmation", &|line| line.contains(" write(") && line.contains(CONFIRMED)),
    ];
    assert!(order.is_sorted(), "{order:?} in:\n{trace}");
}
