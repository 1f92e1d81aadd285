//! The text of a policy file: INI by `rust-ini`, held to one line a key so that every error can name its line.

use super::constants::Given;
use super::keys::{Draft, Misfit, Place};
use super::origin::Whence;
use super::{HostSection, Policy, Rights, glob};
use crate::error::{Cause, Error, Phase};
use ini::{Ini, ParseOption};
use std::fmt;

/// Largest file that is read.
pub(super) const MAX_FILE: usize = 256 * 1024;

/// What is wrong with a policy file, and where. Never holds a value, which could be a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The file as it was named; empty for a key that the program has set.
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
        match self.path.as_str() {
            "" => f.write_str("policy key")?,
            path => write!(f, "policy file {path}")?,
        }
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
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) why: String,
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
    /// Reads the text of a policy file; `path` is for the errors. Who else can read the file is not looked at here.
    pub fn parse(text: &str, path: &str) -> Result<Policy, PolicyError> {
        parse(text, path, Rights::Ordinary)
    }
}

/// Reads the text of a policy file for a process with these rights.
pub(super) fn parse(text: &str, path: &str, rights: Rights) -> Result<Policy, PolicyError> {
    read(text, rights).map_err(|Fault { line, key, why }| PolicyError { path: path.to_owned(), line, key, why })
}

fn read(text: &str, rights: Rights) -> Result<Policy, Fault> {
    if text.len() > MAX_FILE {
        return Err(Fault::at(0, "is larger than 256 KiB"));
    }
    let text = super::text::without_mark(text);
    let lines = check_lines(text)?;
    let mut key_lines = lines.keys.into_iter();
    let mut section_lines = lines.sections.into_iter();

    // Values are taken as they stand: a password may hold quotes and backslashes.
    let options = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
    let ini = Ini::load_from_str_opt(text, options).map_err(|error| Fault::at(error.line, error.msg))?;

    let mut reading = Reading::new(rights);
    for (name, properties) in &ini {
        match name {
            None => reading.begin(Section::General),
            Some(name) => {
                let line = section_lines.next().unwrap_or(0);
                reading.begin(Section::named(name).map_err(|why| Fault::at(line, why))?);
            }
        }
        for (key, value) in properties.iter() {
            reading.set(key, value, key_lines.next().unwrap_or(0))?;
        }
    }
    reading.finish()
}

/// What a section is for.
pub(super) enum Section {
    /// Every host.
    General,
    /// The hosts that match one of these.
    Host(Vec<String>),
    /// The numbers of a program's own Distinct header.
    Constants,
}

impl Section {
    /// A section by its name.
    pub(super) fn named(name: &str) -> Result<Section, String> {
        let mut words = name.split_whitespace();
        let kind = words.next().unwrap_or("").to_ascii_lowercase();
        let rest: Vec<String> = words.map(glob::normal).collect();
        match kind.as_str() {
            "general" if rest.is_empty() => Ok(Section::General),
            "distinct.constants" if rest.is_empty() => Ok(Section::Constants),
            "host" if rest.is_empty() => {
                Err("the section names no host; write [host mailhost] or [host *.example.com]".to_owned())
            }
            "host" => Ok(Section::Host(rest)),
            _ => {
                let near = super::did_you_mean(&kind, ["general", "host", "distinct.constants"]);
                let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                Err(format!("unknown section; known are [general], [host NAME ...] and [distinct.constants]{near}"))
            }
        }
    }
}

/// A policy while it is read, section by section.
pub(super) struct Reading {
    rights: Rights,
    general: Draft,
    hosts: Vec<(Vec<String>, Draft)>,
    constants: Given,
    now: Section,
}

impl Reading {
    pub(super) fn new(rights: Rights) -> Reading {
        let general = Draft::new(rights);
        Reading { rights, general, hosts: Vec::new(), constants: Given::default(), now: Section::General }
    }

    /// What comes is in this section, which may be a part of one that was begun before.
    pub(super) fn begin(&mut self, section: Section) {
        if let Section::Host(patterns) = &section {
            self.hosts.push((patterns.clone(), Draft::new(self.rights)));
        }
        self.now = section;
    }

    /// Takes a key of the section.
    pub(super) fn set(&mut self, key: &str, value: &str, line: usize) -> Result<(), Fault> {
        let taken = match (&self.now, self.hosts.last_mut()) {
            (Section::Constants, _) => self.constants.set(key, value, line),
            (Section::Host(_), Some((_, draft))) => draft.set(key, value, line),
            (Section::Host(_), None) | (Section::General, _) => self.general.set(key, value, line),
        };
        taken.map_err(|why| Fault { line, key: shown(key), why })
    }

    /// The first key whose value is a secret.
    pub(super) fn secret(&self) -> Option<Place> {
        self.drafts().find_map(|draft| draft.secret)
    }

    fn drafts(&self) -> impl Iterator<Item = &Draft> {
        std::iter::once(&self.general).chain(self.hosts.iter().map(|(_, draft)| draft))
    }

    /// The whole policy, if its keys go together.
    pub(super) fn finish(mut self) -> Result<Policy, Fault> {
        self.general.finish(None, &[])?;
        for (patterns, draft) in &mut self.hosts {
            draft.finish(Some(&self.general), patterns)?;
        }
        let (secret, command) = (self.secret(), self.drafts().find_map(|draft| draft.command));
        let files = self.drafts().flat_map(|draft| draft.files.read.iter().cloned()).collect();
        let constants = self.constants.finish().map_err(|(line, key, why)| Fault { line, key: key.to_owned(), why })?;
        let hosts =
            self.hosts.into_iter().map(|(patterns, draft)| HostSection { patterns, site: draft.site }).collect();
        Ok(Policy { general: self.general.site, hosts, constants, whence: Whence::Nowhere, files, secret, command })
    }
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

/// A key for an error text: short, even if a password was written without a key before it.
fn shown(key: &str) -> String {
    key.chars().take(40).collect()
}
