//! A server: a listener, its sessions, and the spool that takes their mail.
//!
//! A [`Service`] says what is offered, who decides ([`Decide`]) and where the mail goes ([`spool::Spool`]). A
//! [`Server`] listens and serves many sessions a thread; [`serve`] serves one on the caller's thread.
//! [`settings::Settings`] makes all that of keys and values, as configuration files have them.
//!
//! ```text
//! Door  --accepts-->  EventLoop  --drives-->  Session  --Work: what may block-->  Pool
//!                         ^                                                         |
//!                         +--------------------- Worked: what came of it -----------+
//! ```

mod address;
mod brake;
pub mod budget;
pub mod clients;
mod connections;
mod counts;
mod current;
mod decide;
mod domain;
mod door;
mod ending;
mod event_loop;
pub mod log;
mod machine;
mod pool;
pub mod proxy;
mod running;
mod service;
mod session;
pub mod settings;
mod shared;
mod single;
mod slots;
pub mod spool;
mod timers;
mod watched;

pub use address::Place;
pub use brake::{Brake, FAILURES_MAX};
pub use counts::Counts;
pub use current::Current;
pub use decide::{AcceptAll, Answer, Client, Decide};
pub use door::{Access as SocketAccess, Open};
pub use ending::Why;
pub use proxy::Network;
pub use running::{CALLS_END, Listen, Listening, Server};
pub use service::Service;
pub use session::{Origin, READ_BUFFER, Session, Step, Work, Worked};
pub use shared::Limits;
pub use single::{Ending, Served, serve};
pub use watched::{News, Watched};
