//! TLS as one transport among the others: a [`Handshake`] turns any transport into one that is encrypted.
//!
//! What is wanted is said by [`Options`], which hold no file names: who reads them says what is wrong with them then.
//! Without the cargo feature `tls` the options are there and a handshake is an error.

mod failure;
mod options;

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod config;
#[cfg(feature = "tls")]
mod der;
#[cfg(feature = "tls")]
mod handshake;
#[cfg(feature = "tls")]
mod key;
#[cfg(feature = "tls")]
mod own;
#[cfg(feature = "tls")]
mod pem;
#[cfg(feature = "tls")]
mod sessions;
#[cfg(feature = "tls")]
mod store;
#[cfg(feature = "tls")]
mod stream;
#[cfg(feature = "tls")]
mod verify;
#[cfg(feature = "tls")]
mod words;

#[cfg(all(test, feature = "tls"))]
mod tests;
#[cfg(all(test, feature = "tls"))]
pub(crate) mod waiting_tests;

#[cfg(not(feature = "tls"))]
pub use absent::{Handshake, ServerConfig, distrust_environment};
#[cfg(feature = "tls")]
pub use config::{ServerConfig, server_config};
pub use failure::TlsFailure;
#[cfg(feature = "tls")]
pub use handshake::Handshake;
pub use options::{Identity, Options, Pin, Roots, Unusable, Which};
#[cfg(feature = "tls")]
pub use store::distrust_environment;

/// Whether this build of the library has TLS.
pub const AVAILABLE: bool = cfg!(feature = "tls");

/// What an attempt to use TLS is answered without it.
pub const LACKING: &str = "this build of the library has no TLS";
