//! The system calls of a program, as strace writes them down, and the order in which a mail must have become safe.

use super::skip;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A call that has returned. Begin and end are places in the trace: of two calls of different threads, the one that ended
/// at a smaller place than the other began was over by then.
#[derive(Debug)]
pub struct Call<'a> {
    pub name: &'a str,
    /// As strace has them, descriptors with their paths: `7</the/path>, "a\r\n", 3`.
    pub arguments: String,
    pub failed: bool,
    pub begin: usize,
    pub end: usize,
}

/// True when strace is installed and may trace here; otherwise the test is noted as skipped.
pub fn works(test: &str) -> bool {
    if !skip::have(test, &["strace"]) {
        return false;
    }
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output().expect("strace runs");
    if !tried.status.success() {
        skip::skip(test, &format!("strace may not trace here: {}", String::from_utf8_lossy(&tried.stderr).trim()));
    }
    tried.status.success()
}

/// What to put before a command line, so that the calls that store and answer mails are written to this file.
pub fn before(trace: &Path) -> Vec<String> {
    const CALLS: &str = "trace=openat,write,writev,pwrite64,fsync,fdatasync,/rename,/link,sendto,sendmsg";
    let trace = trace.to_str().expect("a path of a test");
    ["strace", "-f", "-y", "-s", "1000", "-e", CALLS, "-o", trace].map(str::to_owned).into()
}

/// Reads what `strace -f -o` has written.
pub fn calls(text: &str) -> Vec<Call<'_>> {
    let mut unfinished: Vec<(&str, &str, &str, usize)> = Vec::new();
    let mut calls = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let Some((process, line)) = line.split_once(' ') else { continue };
        let line = line.trim_start();
        if let Some(rest) = line.strip_prefix("<... ") {
            let Some((name, rest)) = rest.split_once(" resumed>") else { continue };
            let Some(at) = unfinished.iter().position(|call| call.0 == process && call.1 == name) else { continue };
            let (_, name, front, begin) = unfinished.swap_remove(at);
            calls.extend(returned(name, front, rest, begin, place));
        } else if let Some((name, rest)) = line.split_once('(') {
            match rest.strip_suffix(" <unfinished ...>") {
                Some(front) => unfinished.push((process, name, front, place)),
                None => calls.extend(returned(name, "", rest, place, place)),
            }
        }
    }
    calls
}

fn returned<'a>(name: &'a str, front: &str, rest: &str, begin: usize, end: usize) -> Option<Call<'a>> {
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    Some(Call { name, arguments: format!("{front}{arguments}"), failed: result.starts_with('-'), begin, end })
}

impl Call<'_> {
    fn syncs(&self, path: &Path) -> bool {
        matches!(self.name, "fsync" | "fdatasync") && !self.failed && self.is_about(path)
    }

    /// The first descriptor is open there.
    fn is_about(&self, path: &Path) -> bool {
        self.arguments.split_once('<').is_some_and(|(_, rest)| rest.starts_with(&format!("{}>", path.display())))
    }

    /// The path of the file in some `tmp` that it writes to.
    fn written(&self) -> Option<PathBuf> {
        let writes = matches!(self.name, "write" | "writev" | "pwrite64");
        let path = Path::new(self.arguments.split_once('<')?.1.split_once('>')?.0);
        (writes && path.parent()?.ends_with("tmp")).then(|| path.to_owned())
    }
}

/// The files in `tmp` into which something with these words was written: one for each Maildir that a mail goes to.
pub fn files_with(calls: &[Call<'_>], words: &str) -> Vec<PathBuf> {
    let with = calls.iter().filter(|call| call.arguments.contains(words));
    with.filter_map(Call::written).collect()
}

/// A mail written to this file must be written, synced, renamed into `new`, and the folder synced, each when the step
/// before is over, before any of the calls that `confirms` begins. An error names the step that is missing.
pub fn safe_before(calls: &[Call<'_>], file: &Path, confirms: impl Fn(&Call<'_>) -> bool) -> Result<(), String> {
    let new = file.parent().and_then(Path::parent).ok_or("no Maildir")?.join("new");
    let name = file.file_name().and_then(|name| name.to_str()).ok_or("no name")?;
    let after = |end: usize, what: &str, fits: &dyn Fn(&Call<'_>) -> bool| {
        let found = calls.iter().filter(|call| call.begin > end && fits(call)).map(|call| call.end).min();
        found.ok_or_else(|| format!("no {what} behind line {} of the trace", end + 1))
    };
    let writes = calls.iter().filter(|call| call.written().as_deref() == Some(file));
    let written = writes.map(|call| call.end).max().ok_or("nothing was written")?;
    let synced = after(written, "sync of the file", &|call| call.syncs(file))?;
    let (from, to) = (format!("\"{name}\""), format!("<{}>", new.display()));
    let renamed = after(synced, "rename into new", &|call| {
        let renames = call.name.starts_with("rename") || call.name.starts_with("link");
        renames && !call.failed && call.arguments.contains(&from) && call.arguments.contains(&to)
    })?;
    let safe = after(renamed, "sync of the folder", &|call| call.syncs(&new))?;
    let confirmed = calls.iter().filter(|call| confirms(call)).map(|call| call.begin).min().ok_or("no confirmation")?;
    if confirmed > safe {
        Ok(())
    } else {
        Err(format!("confirmed in line {} of the trace, safe in line {}", confirmed + 1, safe + 1))
    }
}
