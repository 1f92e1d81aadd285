//! Where the policy file is: the one that `HELO_CONFIG` names, else the user's, else the system's.

use super::Rights;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The environment variable that names the policy file.
const VARIABLE: &str = "HELO_CONFIG";

/// The name of the file in the user's and in the system's folder.
const NAME: &str = "helo.conf";

/// Who says that a file is the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The environment, by `HELO_CONFIG`.
    Variable,
    /// It is in the user's folder of configurations.
    User,
    /// It is the system's.
    System,
    /// The program has named it.
    Program,
}

impl Named {
    /// For error texts, to say why it was this file.
    pub(super) fn words(self) -> &'static str {
        match self {
            Named::Variable => "the environment variable HELO_CONFIG names it",
            Named::User => "it is the user's own policy",
            Named::System => "it is the system's policy",
            Named::Program => "the program has named it",
        }
    }
}

/// The file to read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) named: Named,
    /// What it is, or why that cannot be found out.
    pub(super) metadata: io::Result<Metadata>,
}

impl Found {
    pub(super) fn new(path: PathBuf, named: Named) -> Found {
        let metadata = fs::metadata(&path);
        Found { path, named, metadata }
    }
}

/// What tells of places: the environment, and folders that do not need it.
#[derive(Default)]
struct Surroundings {
    /// `HELO_CONFIG`.
    variable: Option<OsString>,
    /// The user's folder of configurations.
    user: Option<PathBuf>,
    /// The system's.
    system: Option<PathBuf>,
}

/// The file that holds now, at the cost of asking the system about two names at most; `None` when there is none.
pub(super) fn find(rights: Rights) -> Option<Found> {
    choose(surroundings(rights))
}

/// All files that could hold, the first before the others; and whether each is there.
pub(super) fn all(rights: Rights) -> Vec<(PathBuf, Named, bool)> {
    let around = surroundings(rights);
    let variable = around.variable.map(|name| (PathBuf::from(name), Named::Variable));
    let folders = [(around.user, Named::User), (around.system, Named::System)];
    let in_folders = folders.into_iter().filter_map(|(folder, named)| Some((folder?.join(NAME), named)));
    let found = variable.into_iter().chain(in_folders).map(|(path, named)| Found::new(path, named));
    // What the environment names counts even where it is not: that is an error then.
    let counts = |found: &Found| found.named == Named::Variable || !is_absent(found);
    found.map(|found| (found.path.clone(), found.named, counts(&found))).collect()
}

/// The library's variables of the environment.
const VARIABLES: [&str; 3] = [VARIABLE, "HELO_TRACE", "HELO_LOG_DIR"];

/// A variable of the environment that is none of the library's and looks as if it should be; and which.
pub(super) fn mistyped(rights: Rights) -> Option<(String, &'static str)> {
    let names = || std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    match rights {
        Rights::Raised => None,
        Rights::Ordinary => names().find_map(|name| Some((meant(&name)?, name))).map(|(meant, name)| (name, meant)),
    }
}

/// Which of the library's variables a name was meant to be.
fn meant(name: &str) -> Option<&'static str> {
    // Others have variables of their own that begin with the same letters, and words of their own behind them.
    let near = || super::did_you_mean(name, VARIABLES).filter(|near| name.len().abs_diff(near.len()) <= 2);
    if VARIABLES.contains(&name) || !name.to_ascii_uppercase().starts_with("HE") { None } else { near() }
}

fn surroundings(rights: Rights) -> Surroundings {
    match rights {
        // What the user put into the environment is not believed, and the user's own file neither.
        Rights::Raised => Surroundings { system: system_folder(), ..Surroundings::default() },
        Rights::Ordinary => Surroundings {
            variable: std::env::var_os(VARIABLE).filter(|name| !name.is_empty()),
            user: user_folder(),
            system: system_folder(),
        },
    }
}

fn choose(around: Surroundings) -> Option<Found> {
    if let Some(name) = around.variable {
        return Some(Found::new(name.into(), Named::Variable));
    }
    let places = [(around.user, Named::User), (around.system, Named::System)];
    places.into_iter().find_map(|(folder, named)| {
        let found = Found::new(folder?.join(NAME), named);
        if is_absent(&found) { None } else { Some(found) }
    })
}

/// Whether there is no such file. A user's folder that this process may not even look into is not its user's: a service
/// that was started by somebody else, with his environment.
fn is_absent(found: &Found) -> bool {
    let Err(why) = &found.metadata else { return false };
    match why.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => true,
        ErrorKind::PermissionDenied => found.named == Named::User,
        _ => false,
    }
}

#[cfg(unix)]
fn user_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".config")))
}

#[cfg(windows)]
fn user_folder() -> Option<PathBuf> {
    std::env::var_os("APPDATA").map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(unix)]
fn system_folder() -> Option<PathBuf> {
    Some(Path::new("/etc").to_owned())
}

#[cfg(windows)]
fn system_folder() -> Option<PathBuf> {
    let named = std::env::var_os("PROGRAMDATA").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(Path::new(r"C:\ProgramData").to_owned()))
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
