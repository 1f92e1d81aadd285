//! TLS that was broken after the handshake, as reading and writing say it.

use std::fmt;
use std::io::{self, ErrorKind};

/// What arrived is not the TLS that was agreed: forged, garbled, or clear text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure(pub(super) String);

impl TlsFailure {
    /// Whether this is why reading or writing failed.
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<TlsFailure>())
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsFailure {}

impl From<TlsFailure> for io::Error {
    fn from(failure: TlsFailure) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, failure)
    }
}
