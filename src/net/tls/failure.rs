//! TLS that was broken, in the handshake or after it, as reading and writing say it.

use crate::error::Hint;
use std::fmt;
use std::io::{self, ErrorKind};

/// What arrived is not the TLS that was agreed: forged, garbled, or clear text; or none could be agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    pub(super) words: String,
    pub(super) is_lack: bool,
    pub(super) hint: Option<Hint>,
}

impl TlsFailure {
    /// Whether this is why reading or writing failed.
    pub fn is_in(error: &io::Error) -> bool {
        TlsFailure::of(error).is_some()
    }

    /// Whether reading or writing failed because the two sides do not fit each other, and not because a check found
    /// something wrong or somebody between them may have had a hand in it.
    pub fn is_lack(error: &io::Error) -> bool {
        TlsFailure::of(error).is_some_and(|failure| failure.is_lack)
    }

    /// What tells it from others, where their cures differ.
    pub fn hint(error: &io::Error) -> Option<Hint> {
        TlsFailure::of(error)?.hint
    }

    fn of(error: &io::Error) -> Option<&TlsFailure> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for TlsFailure {}

impl From<TlsFailure> for io::Error {
    fn from(failure: TlsFailure) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, failure)
    }
}
