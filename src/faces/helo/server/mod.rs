//! A server in the program: what stands in `helo.h` under helo_server_... [`state::OwnServer`] is what a handle stands for;
//! the rest translates between C and `crate::server`.

mod answer;
pub mod ask;
pub mod codes;
pub mod facts;
mod inside;
pub mod log;
pub mod mails;
pub mod run;
pub mod serve;
pub mod setup;
pub mod spool;
mod state;
pub mod users;

pub use ask::*;
pub use codes::*;
pub use facts::HeloFacts;
pub use log::{HeloLogFn, HeloServerCounts};
pub use mails::*;
pub use run::*;
pub use serve::*;
pub use setup::*;
pub use spool::*;
pub use users::*;
