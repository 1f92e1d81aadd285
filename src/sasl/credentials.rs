//! Who logs in, and by what.

use super::{SaslError, Secret};
use alloc::string::String;

/// Longest user name, password and authorization identity together, in octets: more does not fit into an AUTH line.
pub const MAX_CREDENTIALS: usize = 9000;

/// By what somebody proves to be who he says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A password.
    Password,
    /// An OAuth access token, which only OAUTHBEARER and XOAUTH2 carry.
    Token,
    /// What the connection has shown already: the client certificate of TLS, or a socket's owner.
    Connection,
    /// Nothing: a guest.
    Nothing,
}

/// Who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user name as the server knows it. For a guest, what he leaves in the server's log; may be empty.
    pub user: String,
    /// The password, or the token of the mechanisms that take one.
    pub password: Secret,
    /// The identity to act as, when it is not the user's own.
    pub authzid: Option<String>,
    /// What `password` holds, if anything. It decides which mechanisms come into question when none is named.
    pub proof: Proof,
}

impl Credentials {
    /// A user and a password.
    pub fn new(user: impl Into<String>, password: Secret) -> Self {
        Credentials { user: user.into(), password, authzid: None, proof: Proof::Password }
    }

    /// A user and an OAuth access token.
    pub fn token(user: impl Into<String>, token: Secret) -> Self {
        Credentials { proof: Proof::Token, ..Credentials::new(user, token) }
    }

    /// Whoever the connection has shown itself to be.
    pub fn connection() -> Self {
        Credentials { proof: Proof::Connection, ..Credentials::new("", Secret::default()) }
    }

    /// A guest, who may leave a mail address or a word in the server's log.
    pub fn guest(trace: impl Into<String>) -> Self {
        Credentials { proof: Proof::Nothing, ..Credentials::new(trace, Secret::default()) }
    }

    /// Whether these credentials can be sent at all: no NUL, nothing beyond its limit, and the user name that a
    /// password belongs to.
    pub fn check(&self) -> Result<(), SaslError> {
        if self.user.is_empty() && self.proof == Proof::Password {
            return Err(SaslError::BadCredentials("the user name is empty"));
        }
        let parts = [self.user.as_str(), self.password.expose(), self.authzid.as_deref().unwrap_or("")];
        if parts.iter().any(|part| part.contains('\0')) {
            return Err(SaslError::BadCredentials("the user name or the password holds a NUL"));
        }
        if parts.iter().map(|part| part.len()).sum::<usize>() > MAX_CREDENTIALS {
            return Err(SaslError::BadCredentials("user name and password together are longer than 9000 octets"));
        }
        Ok(())
    }

    /// For mechanisms that cannot carry another identity than the user's.
    pub(super) fn refuse_authzid(&self) -> Result<(), SaslError> {
        match self.authzid {
            None => Ok(()),
            Some(_) => Err(SaslError::BadCredentials("this mechanism cannot act as another user")),
        }
    }
}
