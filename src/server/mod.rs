//! A server: a listener, its sessions, and the spool that takes their mail.

pub mod spool;
