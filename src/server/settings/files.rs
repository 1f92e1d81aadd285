//! Certificate, key, users and aliases: read at the start, and again when their files change.
//!
//! What cannot be used leaves what was there before in force, and is told. A file that is being written when it is looked at
//! is left alone until it has rested for a moment.

#[cfg(unix)]
use super::aliases::Aliases;
use super::setup::identity;
use super::users::Users;
use crate::net::lock::Mutex;
use crate::net::tls::ServerConfig;
use crate::sasl::server::Realm;
use crate::server::Current;
use crate::server::watched::{News, Watched};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Changed files are waited for, so many looks long, until they rest.
const RESTLESS: u32 = 4;

/// The files of a server that are read again.
pub(super) struct Files {
    sources: Vec<Source>,
}

/// Something that is made of files.
struct Source {
    paths: Vec<PathBuf>,
    what: What,
    state: Mutex<State>,
}

enum What {
    /// Of a certificate and its key.
    Certificate(Current<ServerConfig>),
    /// Of a users file, for a server of this name; and the file of its secret.
    Users(Current<Realm>, String, Option<PathBuf>),
    #[cfg(unix)]
    Aliases(Current<Aliases>),
}

#[derive(Default)]
struct State {
    /// As the files were when they were read, well or not.
    read: Vec<Option<Stamp>>,
    /// As they were when they were last looked at.
    seen: Vec<Option<Stamp>>,
    /// So often they were not as before.
    restless: u32,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64, i64, i64),
}

impl Stamp {
    /// Of the file behind a name; none where there is none.
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Stamp { length: metadata.len(), modified: metadata.modified().ok(), identity: identity_of(&metadata) })
    }
}

#[cfg(unix)]
fn identity_of(metadata: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity_of(_: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

impl Files {
    /// None yet. What is watched is stamped when it is added: do that before it is read.
    pub(super) fn new() -> Files {
        Files { sources: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub(super) fn add_certificate(
        &mut self,
        certificate: &Path,
        key: &Path,
        before: Before,
        now: Current<ServerConfig>,
    ) {
        self.add(vec![certificate.to_owned(), key.to_owned()], before, What::Certificate(now));
    }

    pub(super) fn add_users(
        &mut self,
        path: &Path,
        server: &str,
        kept: Option<&Path>,
        before: Before,
        now: Current<Realm>,
    ) {
        let kept = kept.map(Path::to_owned);
        self.add(vec![path.to_owned()], before, What::Users(now, server.to_owned(), kept));
    }

    #[cfg(unix)]
    pub(super) fn add_aliases(&mut self, path: &Path, before: Before, now: Current<Aliases>) {
        self.add(vec![path.to_owned()], before, What::Aliases(now));
    }

    fn add(&mut self, paths: Vec<PathBuf>, Before(stamps): Before, what: What) {
        let state = State { read: stamps.clone(), seen: stamps, restless: 0 };
        self.sources.push(Source { paths, what, state: Mutex::new(state) });
    }
}

/// How files were before they were read.
pub(super) struct Before(Vec<Option<Stamp>>);

impl Before {
    pub(super) fn of(paths: &[&Path]) -> Before {
        Before(paths.iter().map(|path| Stamp::of(path)).collect())
    }
}

impl Watched for Files {
    fn look(&self, now: bool) -> Vec<News> {
        self.sources.iter().filter_map(|source| source.look(now)).collect()
    }
}

impl Source {
    fn look(&self, now: bool) -> Option<News> {
        let mut state = self.state.lock();
        let stamps: Vec<Option<Stamp>> = self.paths.iter().map(|path| Stamp::of(path)).collect();
        if !now {
            if stamps == state.read {
                (state.seen, state.restless) = (stamps, 0);
                return None;
            }
            let rests = stamps == state.seen && stamps.iter().all(Option::is_some);
            state.seen.clone_from(&stamps);
            state.restless += 1;
            if !rests && state.restless < RESTLESS {
                return None;
            }
        }
        state.read = stamps;
        state.restless = 0;
        drop(state);
        Some(self.read())
    }

    /// Reads it anew; what is wrong leaves what is in force.
    fn read(&self) -> News {
        let done = match &self.what {
            What::Certificate(current) => self
                .certificate()
                .map(|next| {
                    current.put(next);
                    format!("tls-certificate {} was read again", self.paths[0].display())
                })
                .map_err(|why| format!("the certificate stays as it was: {why}")),
            #[cfg(unix)]
            What::Aliases(current) => Aliases::of_file(&self.paths[0])
                .map(|next| {
                    current.put(next);
                    format!("aliases {} was read again", self.paths[0].display())
                })
                .map_err(|why| format!("the aliases stay as they were: {why}")),
            What::Users(current, server, kept) => {
                Users::realm(&self.paths[0], server, kept.as_deref())
                    .map(|mut next| {
                        // What strangers are shown stays the same.
                        next.secret = current.get().secret.clone();
                        current.put(next);
                        format!("users {} was read again", self.paths[0].display())
                    })
                    .map_err(|why| format!("the users stay as they were: {why}"))
            }
        };
        News { well: done.is_ok(), text: done.unwrap_or_else(|why| why) }
    }

    fn certificate(&self) -> Result<ServerConfig, String> {
        match self.paths.as_slice() {
            [certificate, key] => identity(certificate, key),
            _ => Err("a certificate has a file and a key".to_owned()),
        }
    }
}
