//! Where a mail server hands mail on to.

use std::net::SocketAddr;
use std::path::Path;

/// The server that gets the mail. Which mail goes where is up to the one that has it.
pub struct Next<'a> {
    /// In the clear.
    pub clear: SocketAddr,
    /// By STARTTLS.
    pub smtp: SocketAddr,
    /// By TLS from the first byte.
    pub smtps: SocketAddr,
    /// By LMTP.
    pub lmtp: SocketAddr,
    /// Who vouches for it.
    pub authority: &'a Path,
}
