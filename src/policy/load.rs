//! Finding and reading the policy file.

use super::file::MAX_FILE;
use super::{Policy, PolicyError};
use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The environment variable that names the policy file.
const VARIABLE: &str = "HELO_CONFIG";

/// Whether the process may be trusted to do what its environment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Its user's own.
    Ordinary,
    /// More than its user's (set-user-id and the like): what the user put into the environment is ignored.
    Raised,
}

/// A policy and the file it came from, as it was then.
struct Cached {
    path: PathBuf,
    stamp: Stamp,
    policy: Arc<Policy>,
}

/// What changes when a file does.
pub(super) type Stamp = (u64, Option<SystemTime>);

static CACHE: Mutex<Option<Cached>> = Mutex::new(None);

impl Policy {
    /// The policy that holds now: of the file that `HELO_CONFIG` names, read again when the file has changed; an empty
    /// one when the variable is not set or the process has raised rights.
    pub fn from_environment(rights: Rights) -> Result<Arc<Policy>, PolicyError> {
        let named = match rights {
            Rights::Ordinary => std::env::var_os(VARIABLE).filter(|name| !name.is_empty()),
            Rights::Raised => None,
        };
        match named {
            None => Ok(Arc::default()),
            Some(name) => Policy::load(Path::new(&name)),
        }
    }

    /// The policy of a file, read again when the file has changed, or one that it names.
    pub fn load(path: &Path) -> Result<Arc<Policy>, PolicyError> {
        let stamp = stamp_of(&fs::metadata(path).map_err(|error| unreadable(path, &error.to_string()))?);
        // What is kept is whole after a panic too: it is put there in one piece.
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = &*cache
            && cached.path == path
            && cached.stamp == stamp
            && cached
                .policy
                .files
                .iter()
                .all(|(file, then)| fs::metadata(file).is_ok_and(|now| stamp_of(&now) == *then))
        {
            return Ok(cached.policy.clone());
        }
        let policy = Arc::new(read(path)?);
        *cache = Some(Cached { path: path.to_owned(), stamp, policy: policy.clone() });
        Ok(policy)
    }
}

pub(super) fn stamp_of(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.modified().ok())
}

fn read(path: &Path) -> Result<Policy, PolicyError> {
    let text = contents(path).map_err(|why| unreadable(path, &why))?;
    Policy::parse(&text, &path.display().to_string())
}

fn contents(path: &Path) -> Result<String, String> {
    // Opening a pipe or a device could wait for ever.
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut octets = Vec::new();
    // One octet more than is allowed, for the parser to refuse.
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut octets).map_err(|error| error.to_string())?;
    String::from_utf8(octets).map_err(|_| "it is not UTF-8 text".to_owned())
}

fn unreadable(path: &Path, why: &str) -> PolicyError {
    PolicyError {
        path: path.display().to_string(),
        line: 0,
        key: String::new(),
        why: format!("cannot be read: {why} (the environment variable {VARIABLE} names it)"),
    }
}
