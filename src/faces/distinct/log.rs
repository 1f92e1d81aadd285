//! The log file D32-SMTP.DBG: errors at DebugLevel 1, every call and what it returned at 2.
//!
//! It stands in the folder from which the library was loaded, as the manual has it; where that folder cannot be written
//! to, in the user's folder for temporary files. The environment variable HELO_LOG_DIR names another. No secret is
//! written: credentials appear as `<hidden>`.

use super::codes::{SMTP_SUCCESS, name_of};
use super::{log_place, site};
use crate::capi::rights;
use crate::client::clock;
use crate::net::lock::Mutex;
use crate::policy::{Journal, Rights};
use std::ffi::c_int;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

/// The file's name.
const NAME: &str = "D32-SMTP.DBG";
/// Where the file goes when it has grown too long: one older file is kept.
const OLD_NAME: &str = "D32-SMTP.OLD";

/// The level was not asked for yet.
const UNKNOWN: u8 = u8::MAX;

static LEVEL: AtomicU8 = AtomicU8::new(UNKNOWN);
static FILE: Mutex<Option<Journal>> = Mutex::process_wide(None);

/// What the site decided last; the manual's default is no log.
pub(crate) fn set_level(level: Option<u8>) {
    LEVEL.store(level.unwrap_or(0), Ordering::Relaxed);
}

/// The level, read from the policy by the first call of the process, with the program's numbers.
fn level() -> u8 {
    let level = LEVEL.load(Ordering::Relaxed);
    if level != UNKNOWN {
        return level;
    }
    let decided = site::debug_level();
    set_level(decided);
    decided.unwrap_or(0)
}

/// Whether calls are written down, so that their arguments are worth putting into words.
pub(crate) fn wants_calls() -> bool {
    level() >= 2
}

/// A call has returned.
pub(crate) fn returned(call: &str, arguments: &str, code: c_int, words: &str) {
    let wanted = if code == SMTP_SUCCESS { 2 } else { 1 };
    if level() < wanted {
        return;
    }
    let mut line = format!("{} {call}({arguments}) = {}", clock::now(), name_of(code));
    if !words.is_empty() {
        let _ = write!(line, ": {words}");
    }
    write_line(line);
}

/// A line of text, whatever it is made of.
fn write_line(line: String) {
    let mut line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.push_str(if cfg!(windows) { "\r\n" } else { "\n" });
    let mut log = FILE.lock();
    if log.is_none() {
        *log = open();
    }
    // One write a line, at the end: several processes may share the file. A log that cannot be written is given up
    // silently, for there is nowhere else to say so.
    if log.as_mut().is_some_and(|log| log.write(line.as_bytes()).is_err()) {
        *log = None;
    }
}

/// The file in the first folder that takes it.
fn open() -> Option<Journal> {
    let ordinary = rights() == Rights::Ordinary;
    let named = std::env::var_os("HELO_LOG_DIR").filter(|name| ordinary && !name.is_empty()).map(PathBuf::from);
    let temporary = ordinary.then(std::env::temp_dir);
    let folders = [named, log_place::library_folder(), temporary];
    folders.into_iter().flatten().find_map(|folder| Journal::open(&folder.join(NAME), &folder.join(OLD_NAME)).ok())
}
