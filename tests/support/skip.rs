//! How a test says that it could not run here.
//!
//! `make check` names a file in `HELO_SKIP_LOG`, prints what stands in it at the end and counts it. `.ci/run` fails on
//! any skip: there everything must have run.

use std::io::Write;

/// Notes that `test` could not run, and why. The caller then returns.
pub fn skip(test: &str, why: &str) {
    let line = format!("SKIP {test}: {why}\n");
    eprint!("{line}");
    if let Ok(path) = std::env::var("HELO_SKIP_LOG")
        && let Ok(mut log) = std::fs::OpenOptions::new().append(true).create(true).open(path)
    {
        let _ = log.write_all(line.as_bytes());
    }
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// True when this process runs as root; otherwise the test is noted as skipped.
pub fn as_root(test: &str, server: &str) -> bool {
    let root = is_root();
    if !root {
        skip(test, &format!("{server} starts as root only"));
    }
    root
}

/// True when a file that `scripts/setup-tests.sh` makes is there; otherwise the test is noted as skipped.
pub fn have_file(test: &str, file: &str) -> bool {
    let there = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file).is_file();
    if !there {
        skip(test, &format!("no {file} (scripts/setup-tests.sh makes it)"));
    }
    there
}

/// The path of a program, looked for in PATH and in the folders of system programs.
pub fn program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(Into::into))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// True when every program is there; otherwise the test is noted as skipped.
pub fn have(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| program(name).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    skip(test, &format!("{} not installed (scripts/setup-tests.sh installs it)", missing.join(", ")));
    false
}
