//! Reading the policy where it is, and again when it has changed.

use super::origin::Whence;
use super::places::{self, Found, Named};
use super::safe_file::{self, Holds, Stamp};
use super::{Policy, PolicyError, file, text};
use crate::net::lock::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether the process may be trusted to do what its environment says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// Its user's own.
    #[default]
    Ordinary,
    /// More than its user's (set-user-id and the like): what the user put into the environment is ignored.
    Raised,
}

/// A policy and the file it came from, as it was then.
struct Cached {
    path: PathBuf,
    /// Both decide how strictly a file is judged.
    named: Named,
    rights: Rights,
    stamp: Stamp,
    policy: Arc<Policy>,
}

/// The policies that were read last, the latest at the end.
static CACHE: Mutex<Vec<Cached>> = Mutex::process_wide(Vec::new());

/// So many are kept: a process has one, as a rule, and those that it names itself.
const CACHED_MAX: usize = 8;

impl Policy {
    /// The policy that holds now: of the file that `HELO_CONFIG` names, else of the user's, else of the system's; on
    /// Windows, when there is none of these, of the registry. An empty one when there is nothing. In a process with raised
    /// rights only the system's counts.
    ///
    /// Cheap enough for every connection: a file is read again only when it, or one that it names, has changed.
    pub fn from_environment(rights: Rights) -> Result<Arc<Policy>, PolicyError> {
        match places::find(rights) {
            Some(found) => load(found, rights),
            None => super::registry::policy(rights),
        }
    }

    /// The policy of a file that the program names, read again when the file has changed, or one that it names.
    pub fn load(path: &Path, rights: Rights) -> Result<Arc<Policy>, PolicyError> {
        load(Found::new(path.to_owned(), Named::Program), rights)
    }

    /// Whether the files that it was made of are as they were.
    pub(super) fn is_current(&self) -> bool {
        self.files.iter().all(|(file, then)| Stamp::now(file) == Some(*then))
    }
}

fn load(found: Found, rights: Rights) -> Result<Arc<Policy>, PolicyError> {
    if is_nothing(&found.path) {
        return Ok(Arc::default());
    }
    let Found { path, named, metadata } = found;
    let stamp = Stamp::of(&metadata.map_err(|why| unreadable(&path, named, &why.to_string()))?);
    let same = |cached: &Cached| cached.path == path && cached.named == named && cached.rights == rights;
    // Files are looked at without the lock: one that hangs holds up nobody who does not need it, and no fork.
    let kept = CACHE.lock().iter().find(|cached| same(cached)).map(|cached| (cached.stamp, cached.policy.clone()));
    if let Some((then, policy)) = kept
        && then == stamp
        && policy.is_current()
    {
        return Ok(policy);
    }
    let fresh = read(&path, named, rights);
    let mut cache = CACHE.lock();
    cache.retain(|cached| !same(cached));
    let (policy, stamp) = fresh?;
    let policy = Arc::new(policy);
    if cache.len() >= CACHED_MAX {
        cache.remove(0);
    }
    cache.push(Cached { path, named, rights, stamp, policy: policy.clone() });
    Ok(policy)
}

/// The name that stands for no policy at all, where one is to be given.
fn is_nothing(path: &Path) -> bool {
    path == Path::new(if cfg!(windows) { "NUL" } else { "/dev/null" })
}

/// Reads a file, and judges whether what is in it may be believed and is kept well.
fn read(path: &Path, named: Named, rights: Rights) -> Result<(Policy, Stamp), PolicyError> {
    let (octets, metadata) = safe_file::read(path, file::MAX_FILE).map_err(|why| unreadable(path, named, &why))?;
    let text = text::of_octets(&octets).map_err(|why| unreadable(path, named, &why))?;
    let shown = path.display().to_string();
    let mut policy = file::parse(text, &shown, rights)?;
    policy.whence = Whence::File(path.to_owned(), named);
    let check = |holds| safe_file::check(path, &metadata, holds, rights);
    let places = [(policy.secret, Holds::Secret), (policy.command, Holds::Command)];
    for (place, holds) in places.into_iter().filter_map(|(place, holds)| Some((place?, holds))) {
        check(holds).map_err(|why| PolicyError {
            path: shown.clone(),
            line: place.line,
            key: place.key.to_owned(),
            why: format!("stands in a file that {why}"),
        })?;
    }
    // What others have put into a user's folder, or could put into the system's, would be followed without a word.
    let holds = if named == Named::User { Holds::Command } else { Holds::Settings };
    check(holds).map_err(|why| unusable(path, named, &format!("is a file that {why}")))?;
    Ok((policy, Stamp::of(&metadata)))
}

fn unreadable(path: &Path, named: Named, why: &str) -> PolicyError {
    unusable(path, named, &format!("cannot be read: {why}"))
}

fn unusable(path: &Path, named: Named, why: &str) -> PolicyError {
    PolicyError {
        path: path.display().to_string(),
        line: 0,
        key: String::new(),
        why: format!("{why} ({})", named.words()),
    }
}
