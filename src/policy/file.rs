//! The text of a policy file: INI by `rust-ini`, held to one line a key so that every error can name its line.

use super::keys::{Draft, Misfit};
use super::{HostSection, Policy, glob};
use crate::error::{Cause, Error, Phase};
use ini::{Ini, ParseOption};
use std::fmt;

/// Largest file that is read.
pub(super) const MAX_FILE: usize = 256 * 1024;

/// What is wrong with a policy file, and where. Never holds a value, which could be a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The file as it was named.
    pub path: String,
    /// The line, from 1; 0 when it is not about one.
    pub line: usize,
    /// The key; empty when it is not about one.
    pub key: String,
    /// What is wrong and what would be right, in plain words.
    pub why: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy file {}", self.path)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        match self.key.as_str() {
            "" => write!(f, ": {}", self.why),
            key => write!(f, ": {key} {}", self.why),
        }
    }
}

impl std::error::Error for PolicyError {}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Error {
        Error::new(Phase::Connect, Cause::Policy, error.to_string())
    }
}

/// An error about a line, before the file's name is put to it.
struct Fault {
    line: usize,
    key: String,
    why: String,
}

impl Fault {
    fn at(line: usize, why: impl Into<String>) -> Self {
        Fault { line, key: String::new(), why: why.into() }
    }
}

impl From<Misfit> for Fault {
    fn from(Misfit { line, key, why }: Misfit) -> Self {
        Fault { line, key: key.to_owned(), why }
    }
}

impl Policy {
    /// Reads the text of a policy file; `path` is for the errors.
    pub fn parse(text: &str, path: &str) -> Result<Policy, PolicyError> {
        read(text).map_err(|Fault { line, key, why }| PolicyError { path: path.to_owned(), line, key, why })
    }
}

fn read(text: &str) -> Result<Policy, Fault> {
    if text.len() > MAX_FILE {
        return Err(Fault::at(0, "is larger than 256 KiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = check_lines(text)?;
    let mut key_lines = lines.keys.into_iter();
    let mut section_lines = lines.sections.into_iter();

    // Values are taken as they stand: a password may hold quotes and backslashes.
    let options = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
    let ini = Ini::load_from_str_opt(text, options).map_err(|error| Fault::at(error.line, error.msg))?;

    let mut general = Draft::default();
    let mut hosts = Vec::new();
    let mut files = Vec::new();
    for (name, properties) in &ini {
        let line = if name.is_some() { section_lines.next().unwrap_or(0) } else { 0 };
        let patterns = match name {
            None => None,
            Some(name) => patterns_of(name).map_err(|why| Fault::at(line, why))?,
        };
        let mut own = Draft::default();
        let draft = if patterns.is_some() { &mut own } else { &mut general };
        for (key, value) in properties.iter() {
            let line = key_lines.next().unwrap_or(0);
            draft.set(key, value, line).map_err(|why| Fault { line, key: shown(key), why })?;
        }
        if let Some(patterns) = patterns {
            let (site, named) = own.finish()?;
            files.extend(named);
            hosts.push(HostSection { patterns, site });
        }
    }
    let (general, named) = general.finish()?;
    files.extend(named);
    Ok(Policy { general, hosts, files })
}

/// The lines on which keys and sections stand, in their order.
struct Lines {
    keys: Vec<usize>,
    sections: Vec<usize>,
}

/// Refuses what the INI format takes in more than one way, so that each line is a comment, a section or a key.
fn check_lines(text: &str) -> Result<Lines, Fault> {
    let mut lines = Lines { keys: Vec::new(), sections: Vec::new() };
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let fault = |why: &str| Err(Fault::at(number, why));
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return fault("holds a control character");
        }
        let bare = line.trim();
        if bare.is_empty() {
            continue;
        }
        if bare != line {
            let trimmed_start = line.trim_start();
            if trimmed_start != line {
                return fault("begins with a space; keys, sections and comments stand at the beginning of the line");
            }
        }
        if bare.ends_with('\\') {
            return fault("ends in a backslash; a value stands on one line");
        }
        if bare.starts_with(['#', ';']) {
            continue;
        }
        // The format would take what follows a backslash for text: a ] or = that ends the name here goes on there.
        let name_end = if bare.starts_with('[') { bare.len() } else { bare.find(['=', ':']).unwrap_or(bare.len()) };
        if bare[..name_end].contains('\\') {
            return fault("holds a backslash in the name of a section or a key");
        }
        if let Some(name) = bare.strip_prefix('[') {
            if name.strip_suffix(']').is_none_or(|name| name.contains(']')) {
                return fault("is not a section: one ] must end it");
            }
            lines.sections.push(number);
        } else if bare.find(['=', ':']).is_some_and(|at| at > 0 && bare.as_bytes()[at] == b'=') {
            lines.keys.push(number);
        } else {
            return fault("is neither a comment, nor a [section], nor key = value");
        }
    }
    Ok(lines)
}

/// The patterns of a `[host ...]` section; none for `[general]`.
fn patterns_of(section: &str) -> Result<Option<Vec<String>>, String> {
    let mut words = section.split_whitespace();
    let kind = words.next().unwrap_or("");
    let rest: Vec<String> = words.map(glob::normal).collect();
    if kind.eq_ignore_ascii_case("general") && rest.is_empty() {
        return Ok(None);
    }
    if kind.eq_ignore_ascii_case("host") {
        if rest.is_empty() {
            return Err("the section names no host; write [host mailhost] or [host *.example.com]".to_owned());
        }
        return Ok(Some(rest));
    }
    Err("unknown section; known are [general] and [host NAME ...]".to_owned())
}

/// A key for an error text: short, even if a password was written without a key before it.
fn shown(key: &str) -> String {
    key.chars().take(40).collect()
}
