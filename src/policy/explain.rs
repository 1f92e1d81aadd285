//! What the policy is made of, for people: where it is looked for, and which of its sections holds.

use super::origin::{Whence, nothing_found};
use super::{HostSection, Policy, Rights, places};
use std::path::PathBuf;

/// A file that could be the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub path: PathBuf,
    /// Why it comes into question: "the environment variable HELO_CONFIG names it".
    pub why: &'static str,
    /// Whether it is there, so that it holds unless one before it does.
    pub present: bool,
}

/// The files that come into question when the program has chosen none, in their order: the first that is present holds, and
/// no other is read.
pub fn candidates(rights: Rights) -> Vec<Candidate> {
    let found = places::all(rights).into_iter();
    found.map(|(path, named, present)| Candidate { path, why: named.words(), present }).collect()
}

impl Policy {
    /// The section for a host that a program asks for, as its header has it: `[host mailhost 10.1.*]`; `None` when only the
    /// general lines hold for it.
    pub fn section_for(&self, host_asked: &str) -> Option<String> {
        self.section_of(host_asked).map(HostSection::header)
    }

    /// Which policy this is: "/etc/helo.conf (it is the system's policy)", or where none was found.
    pub fn source(&self, rights: Rights) -> String {
        match &self.whence {
            Whence::Nowhere => nothing_found(rights),
            Whence::File(path, named) => format!("the policy is {} ({})", path.display(), named.words()),
            Whence::Memory => "the policy is a text that the program has given".to_owned(),
            Whence::Registry => "the policy is in the registry".to_owned(),
        }
    }
}
