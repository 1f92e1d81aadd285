//! A connection to a server: `proto::client` driven over `net`; delivery of many mails; results.
//!
//! - [`Connection`] never blocks: `advance` does what can be done and says what it waits for. What its opening does next
//!   is decided in `opening`, without I/O.
//! - [`Session`] waits for it, for faces whose calls return a verdict.
//! - [`delivery`] sends lists of mails over one or more connections and keeps a result for every recipient.

pub mod body;
pub mod clock;
pub mod connection;
pub mod delivery;
pub mod driver;
pub mod envelope;
mod opening;
pub mod session;
pub mod settings;
pub mod supplier;
pub mod trace;
mod wire;
pub mod words;

#[cfg(all(test, feature = "tls"))]
mod waiting_tests;

pub use connection::{Connection, Event, Step};
pub use session::Session;
pub use settings::{AuthPlan, Level, Owner, Settings, Timeouts, Tls, TlsMode, TlsName};
pub use supplier::{Login, Supplier};
