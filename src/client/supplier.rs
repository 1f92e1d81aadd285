//! Credentials that are fetched when they are needed: from a file, from a program, from whoever renews a token.

use crate::error::Result;
use crate::sasl::Credentials;
use std::fmt::Debug;
use std::sync::Arc;

/// Who gives user and password, or the token, when a connection is ready to authenticate and not before.
///
/// Its Debug output must hold no secret.
pub trait Supplier: Debug + Send + Sync {
    /// The credentials. It may block: it is called on a helper thread, by several connections at a time if need be. A
    /// connection that no longer waits leaves it to itself, so it should end by itself in bounded time.
    ///
    /// `renew`: what it gave last was refused by the server. It gives fresh ones then, nothing that it has kept.
    fn supply(&self, renew: bool) -> Result<Credentials>;

    /// What it asks, for error texts: "the program of password_command".
    fn name(&self) -> String {
        String::from("the supplier of user and password")
    }

    /// Whose credentials it gives, for error texts; empty where that is not known.
    fn user(&self) -> &str {
        ""
    }
}

/// Where the credentials of a plan come from.
#[derive(Clone, Debug)]
pub enum Login {
    /// They are here.
    Given(Credentials),
    /// They are fetched when the connection is ready to authenticate, and once more when the server refuses them.
    Supplied(Arc<dyn Supplier>),
}

impl From<Credentials> for Login {
    fn from(credentials: Credentials) -> Self {
        Login::Given(credentials)
    }
}
