//! What the sessions of a listener have in common.

use super::brake::Brake;
use super::budget::Budget;
use super::counts::Counts;
use super::current::Current;
use super::decide::{AcceptAll, Decide};
use super::log::{Floods, Log, Silent};
use super::proxy::Network;
use super::spool::Spool;
use super::watched::Watched;
use crate::net::tls::ServerConfig;
use crate::proto::server::Config;
use crate::sasl::server::Realm;
use crate::sasl::{self, SaslError};
use std::net::SocketAddr;
use std::sync::Arc;

/// What the sessions of a listener have in common: what they offer, who decides, where the mail goes.
#[derive(Clone)]
pub struct Service {
    /// What is offered, and how much is taken. `starttls` and
    /// `ask_connection` are set for each session.
    pub dialogue: Config,
    /// `dialogue.mails_max` is not for clients on this machine: they may send any number of mails over a connection.
    /// Whoever comes by one of the `proxies` is not one of them.
    pub mails_unlimited_locally: bool,
    /// The server's certificate; without it there is no TLS.
    pub tls: Option<Current<ServerConfig>>,
    /// The users; without them there is no AUTH. What is offered stands in `dialogue.auth`: [`Service::login`].
    pub realm: Option<Current<Realm>>,
    /// What of this may be another while the server runs.
    pub watched: Option<Arc<dyn Watched>>,
    /// What is remembered of failed logins; services that are copies of one another have one memory.
    pub brake: Arc<Brake>,
    /// Connections from these addresses begin with the PROXY protocol (version 1 or 2), and whoever it names is the
    /// client. From elsewhere it is not taken.
    pub proxies: Vec<Network>,
    /// Who is welcome.
    pub decide: Arc<dyn Decide>,
    /// Where the mail goes.
    pub spool: Arc<dyn Spool>,
    /// The memory that its sessions may hold. Places that share it share the memory.
    pub budget: Arc<Budget>,
    /// The spool keeps each message in memory while it comes, which counts.
    pub messages_in_memory: bool,
    /// Who is told what happens.
    pub log: Arc<dyn Log>,
    /// How much of it clients fill.
    pub(super) floods: Arc<Floods>,
    /// What has happened, whoever looks.
    pub counts: Arc<Counts>,
}

impl Service {
    /// A server of this name that takes every mail for everyone into the spool, without TLS and authentication, and
    /// says nothing.
    pub fn new(name: impl Into<String>, spool: Arc<dyn Spool>) -> Service {
        Service {
            dialogue: Config::new(name),
            mails_unlimited_locally: false,
            tls: None,
            realm: None,
            brake: Arc::default(),
            watched: None,
            proxies: Vec::new(),
            decide: Arc::new(AcceptAll),
            spool,
            budget: Budget::by_default(),
            messages_in_memory: false,
            log: Arc::new(Silent),
            floods: Arc::new(Floods::new()),
            counts: Arc::default(),
        }
    }

    /// Whether some of what a session has to do needs a worker: what it reads meanwhile it has to keep.
    pub(super) fn blocks(&self) -> bool {
        self.decide.blocks() || self.spool.blocks()
    }

    /// Whether a connection from there begins with the PROXY protocol.
    pub(super) fn is_proxy(&self, peer: Option<SocketAddr>) -> bool {
        peer.is_some_and(|peer| self.proxies.iter().any(|network| network.holds(peer.ip())))
    }

    /// Users may log in, by these mechanisms; one that the library does not know is an error.
    pub fn login(&mut self, realm: Arc<Realm>, mechanisms: &[&str]) -> Result<(), SaslError> {
        let offers = mechanisms.iter().map(|name| sasl::server::offer(name).ok_or(SaslError::UnknownMechanism));
        self.dialogue.auth = offers.collect::<Result<_, _>>()?;
        self.realm = Some(Current::new(realm));
        Ok(())
    }
}
