//! The SMTP language and who may say what when. No sockets, no clock, no threads: `core` and `alloc` only.

pub mod address;
pub mod client;
pub mod command;
pub mod dot;
pub mod extension;
pub mod line;
pub mod reply;
pub mod server;
