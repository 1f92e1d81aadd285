//! Which policy holds for this process: the one that the program chose by `helo.h`, else the one that is found outside.

use super::load::Rights;
use super::origin::Whence;
use super::{Policy, PolicyError, file};
use crate::net::lock::RwLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the program chose.
#[derive(Clone)]
enum Chosen {
    /// Nothing: the file that is found outside.
    Found,
    /// This file, read again when it changes.
    File(PathBuf),
    /// A text in memory, which is read again when a file that it names changes.
    Text(Arc<Zeroizing<String>>, Arc<Policy>),
}

static CHOSEN: RwLock<Chosen> = RwLock::process_wide(Chosen::Found);

/// What stands for the file's name in errors about a text in memory.
const IN_MEMORY: &str = "given by the program";

fn in_memory(text: &str, rights: Rights) -> Result<Policy, PolicyError> {
    Ok(Policy { whence: Whence::Memory, ..file::parse(text, IN_MEMORY, rights)? })
}

impl Policy {
    /// The policy that holds now. Asked anew for every connection that begins: a file that has changed is read again.
    pub fn in_force(rights: Rights) -> Result<Arc<Policy>, PolicyError> {
        let chosen = CHOSEN.read().clone();
        match chosen {
            Chosen::Found => Policy::from_environment(rights),
            Chosen::File(path) => Policy::load(&path, rights),
            Chosen::Text(_, policy) if policy.is_current() => Ok(policy),
            Chosen::Text(text, before) => {
                let policy = Arc::new(in_memory(&text, rights)?);
                let mut chosen = CHOSEN.write();
                // Unless the program has chosen otherwise meanwhile.
                if matches!(&*chosen, Chosen::Text(_, now) if Arc::ptr_eq(now, &before)) {
                    *chosen = Chosen::Text(text, policy.clone());
                }
                Ok(policy)
            }
        }
    }

    /// From now on this file holds, whatever is found outside. A file that cannot be used changes nothing.
    pub fn choose_file(path: &Path, rights: Rights) -> Result<(), PolicyError> {
        // The program's folder may be another one when the file is read again.
        let path = std::path::absolute(path).map_err(|why| PolicyError {
            path: path.display().to_string(),
            line: 0,
            key: String::new(),
            why: format!("is no path: {why}"),
        })?;
        Policy::load(&path, rights)?;
        *CHOSEN.write() = Chosen::File(path);
        Ok(())
    }

    /// From now on this text holds. One that has a mistake changes nothing.
    pub fn choose_text(text: &str, rights: Rights) -> Result<(), PolicyError> {
        let policy = Arc::new(in_memory(text, rights)?);
        *CHOSEN.write() = Chosen::Text(Arc::new(Zeroizing::new(text.to_owned())), policy);
        Ok(())
    }

    /// From now on what is found outside holds again.
    pub fn choose_found() {
        *CHOSEN.write() = Chosen::Found;
    }
}
