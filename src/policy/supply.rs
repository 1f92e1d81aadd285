//! Where passwords and tokens come from: the policy itself, a file, a command.

use super::Rights;
use super::command::{self, LIMIT};
use super::safe_file::{self, Holds};
use super::text;
use crate::client::Supplier;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::fork::Own;
use crate::net::lock::Mutex;
use crate::sasl::{Credentials, MAX_CREDENTIALS, Proof, Secret};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where a password or a token comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// It stands in the policy.
    Given(Secret),
    /// The first line of a file, read for each connection.
    File(PathBuf),
    /// The first line that a command says, kept until a server refuses it. A command can hold a secret itself, so it is
    /// not shown.
    Command(Secret),
    /// There is none: the mechanism needs none.
    Nothing,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Given(_) => f.write_str("the policy"),
            Source::File(path) => write!(f, "the file {}", path.display()),
            Source::Command(_) => f.write_str("a command"),
            Source::Nothing => f.write_str("nothing"),
        }
    }
}

/// Files and commands as suppliers of credentials.
#[derive(Debug)]
pub(super) struct Supply {
    user: String,
    proof: Proof,
    source: Source,
    rights: Rights,
    /// What a command said last. Locked while one runs, so each process has its own.
    said: Own<Arc<Mutex<Option<Secret>>>>,
}

impl Supply {
    pub(super) fn new(user: &str, proof: Proof, source: &Source, rights: Rights) -> Supply {
        Supply { user: user.to_owned(), proof, source: source.clone(), rights, said: Own::new() }
    }

    /// The word for what is supplied.
    fn what(&self) -> &'static str {
        if self.proof == Proof::Token { "token" } else { "password" }
    }

    /// The file's first line, as it is now.
    fn of_file(&self, path: &Path) -> std::result::Result<Secret, String> {
        let (octets, metadata) = safe_file::read(path, FILE_MAX).map_err(|why| format!("cannot be read: {why}"))?;
        safe_file::check(path, &metadata, Holds::Secret, self.rights).map_err(|why| format!("is one that {why}"))?;
        first_line(&octets).map_err(|why| format!("has no {}: {why}", self.what()))
    }

    /// What the command says, or has said. Under the lock: several connections at once ask it once.
    fn of_command(&self, command: &Secret, renew: bool) -> std::result::Result<Secret, String> {
        if self.rights == Rights::Raised {
            return Err("is not run by a program with more rights than its user's: put it into a file".to_owned());
        }
        let place = self.said.lock().clone();
        let mut said = place.lock();
        if renew {
            *said = None;
        }
        if let Some(said) = &*said {
            return Ok(said.clone());
        }
        let output = command::run(command.expose(), LIMIT)?;
        let fresh = first_line(&output).map_err(|why| format!("has said no {}: {why}", self.what()))?;
        *said = Some(fresh.clone());
        Ok(fresh)
    }
}

impl Supplier for Supply {
    fn supply(&self, renew: bool) -> Result<Credentials> {
        let supplied = match &self.source {
            Source::Given(secret) => Ok(secret.clone()),
            Source::Nothing => Ok(Secret::default()),
            Source::File(path) => self.of_file(path),
            Source::Command(command) => self.of_command(command, renew),
        };
        let failed = |why: String| Error::new(Phase::Auth, Cause::Policy, format!("{} {why}", self.name()));
        let credentials =
            Credentials { proof: self.proof, ..Credentials::new(self.user.as_str(), supplied.map_err(failed)?) };
        credentials.check().map_err(|why| failed(format!("gives what cannot be sent: {why}")))?;
        Ok(credentials)
    }

    fn user(&self) -> &str {
        &self.user
    }

    fn name(&self) -> String {
        let what = if self.proof == Proof::Token { "oauth_token" } else { "password" };
        match &self.source {
            Source::Given(_) | Source::Nothing => "the policy".to_owned(),
            Source::File(path) => format!("the file {} ({what}_file)", path.display()),
            Source::Command(_) => format!("the command of {what}_command"),
        }
    }
}

/// The largest file of a password or token.
const FILE_MAX: usize = 64 * 1024;

/// The first line, without its end, if it can be a password or a token.
fn first_line(octets: &[u8]) -> std::result::Result<Secret, &'static str> {
    let line = text::content(octets)?.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err("its first line is empty");
    }
    if line.len() > MAX_CREDENTIALS {
        return Err("its first line is longer than 9000 octets");
    }
    let line = str::from_utf8(line).map_err(|_| "its first line is not UTF-8 text")?;
    // In its full size from the start: growing would leave copies behind.
    let mut copy = Zeroizing::new(String::with_capacity(line.len()));
    copy.push_str(line);
    Ok(Secret::new(std::mem::take(&mut *copy)))
}

#[cfg(test)]
#[path = "supply_tests.rs"]
mod tests;
