//! `HELO_TRACE`: a trace of all connections of a program without a policy that asks for it. `stderr`, or the path of a file
//! that lines are added to.

use super::{Policy, Rights, TraceFile};
use crate::net::lock::Mutex;
use std::ffi::OsString;
use std::path::PathBuf;

/// The environment variable.
const VARIABLE: &str = "HELO_TRACE";

/// What stands for standard error.
const STANDARD: [&str; 2] = ["stderr", "/dev/stderr"];

/// The trace in force, and the variable's value that it was made for.
static TRACE: Mutex<Option<(OsString, TraceFile)>> = Mutex::process_wide(None);

/// The trace that the environment asks for. A process with raised rights has none. The environment is asked anew each time:
/// a program may set the variable itself, in Python by `os.environ`.
pub fn trace(rights: Rights) -> Option<TraceFile> {
    let value = std::env::var_os(VARIABLE).filter(|value| rights == Rights::Ordinary && !value.is_empty())?;
    let mut trace = TRACE.lock();
    if let Some((_, trace)) = trace.as_ref().filter(|(made_for, _)| *made_for == value) {
        return Some(trace.clone());
    }
    let made = match value.to_str() {
        Some(name) if STANDARD.contains(&name) => TraceFile::standard_error(beginning),
        // The program's folder may be another one later.
        _ => TraceFile::announced(std::path::absolute(&value).unwrap_or_else(|_| PathBuf::from(&value)), beginning),
    };
    *trace = Some((value, made.clone()));
    Some(made)
}

/// Adds a remark that belongs to no connection, such as why there is none.
pub fn remark(words: &str, rights: Rights) {
    if let Some(trace) = trace(rights) {
        trace.remark(words);
    }
}

/// What a trace begins with: the library, and which policy was found or where it was looked for.
fn beginning() -> String {
    let policy = match Policy::in_force(Rights::Ordinary) {
        Ok(policy) => policy.source(Rights::Ordinary),
        Err(why) => why.to_string(),
    };
    format!("libhelo {} traces what {VARIABLE} asks for; {policy}", env!("CARGO_PKG_VERSION"))
}
