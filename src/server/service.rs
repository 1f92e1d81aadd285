//! What the sessions of a listener have in common.

use super::decide::{AcceptAll, Decide};
use super::log::{Log, Silent};
use super::spool::Spool;
use crate::net::tls::ServerConfig;
use crate::proto::server::Config;
use std::sync::Arc;

/// What the sessions of a listener have in common: what they offer, who decides, where the mail goes.
#[derive(Clone)]
pub struct Service {
    /// What is offered, and how much is taken. `starttls` is set by [`Service::tls`].
    pub dialogue: Config,
    /// The server's certificate; without it there is no TLS.
    pub tls: Option<ServerConfig>,
    /// Who is welcome.
    pub decide: Arc<dyn Decide>,
    /// Where the mail goes.
    pub spool: Arc<dyn Spool>,
    /// Who is told what happens.
    pub log: Arc<dyn Log>,
}

impl Service {
    /// A server of this name that takes every mail for everyone into the spool, without TLS and authentication, and
    /// says nothing.
    pub fn new(name: impl Into<String>, spool: Arc<dyn Spool>) -> Service {
        Service {
            dialogue: Config::new(name),
            tls: None,
            decide: Arc::new(AcceptAll),
            spool,
            log: Arc::new(Silent),
        }
    }
}
