//! Distinct SMTP-32 as a program meets it: its C functions, against scripted servers.
//!
//! Every function, every option, every return value of the manual, by fault injection where nothing else provokes it.
//! The C programs of `tests/c/distinct` show the same from C.

mod support;

#[path = "distinct/api.rs"]
mod api;
#[path = "distinct/calls.rs"]
mod calls;
#[path = "distinct/faults.rs"]
mod faults;
#[path = "distinct/firewall.rs"]
mod firewall;
#[path = "distinct/log.rs"]
mod log;
#[path = "distinct/message.rs"]
mod message;
#[path = "distinct/options.rs"]
mod options;
#[path = "distinct/progress.rs"]
mod progress;
#[path = "distinct/time.rs"]
mod time;
#[path = "distinct/wire.rs"]
mod wire;
#[path = "distinct/words.rs"]
mod words;
#[path = "distinct/xhelo.rs"]
mod xhelo;
#[path = "distinct/xquit.rs"]
mod xquit;

use support::child;
