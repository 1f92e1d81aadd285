//! Confirmed is stored: the system calls of a delivery in the order that a crash at any moment needs.

use super::support::strace;
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
    if !strace::works("spool: the order of system calls") {
        return;
    }
    let folder = TempDir::new();
    let (root, trace) = (folder.join("mail"), folder.join("trace"));
    let strace = strace::before(&trace);
    let run = Command::new(&strace[0])
        .args(&strace[1..])
        .arg(std::env::current_exe().unwrap())
        .args(["order::file_sync_rename_folder_sync_and_then_the_confirmation", "--exact", "--nocapture"])
        .env(ASKED, &root)
        .env("ASAN_OPTIONS", "detect_leaks=0") // leaks are looked for by ptrace, which strace has taken
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = std::fs::read_to_string(&trace).unwrap();
    let calls = strace::calls(&text);
    let files = strace::files_with(&calls, "Return-Path: ");
    assert_eq!(files.len(), 1, "{text}");
    let confirms = |call: &strace::Call| call.name == "write" && call.arguments.contains(CONFIRMED);
    strace::safe_before(&calls, &files[0], confirms).unwrap_or_else(|why| panic!("{why}:\n{text}"));
}
