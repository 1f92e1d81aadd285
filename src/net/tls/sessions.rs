//! The client's sessions, kept for resumption by the server's name; none of servers with which a handshake has failed.
//!
//! Some servers offer to resume sessions and then break the connection of whoever does (OpenSSL does so where the server
//! asks for certificates and was not told how to name its sessions). A ticket is used once, but there may be several, and
//! each good handshake brings new ones: every other mail would fail for ever. After a failure, whatever its cause, such
//! a server gets whole handshakes, for as long as these sessions are kept.

use crate::net::lock::Mutex;
use rustls::NamedGroup;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

/// Servers whose sessions are kept, and at most so many that are not to have any.
const SERVERS: usize = 256;

#[derive(Debug)]
pub(super) struct Sessions {
    kept: ClientSessionMemoryCache,
    /// Those with which a handshake has failed, the oldest first.
    barred: Mutex<Vec<ServerName<'static>>>,
}

impl Sessions {
    pub(super) fn new() -> Sessions {
        Sessions { kept: ClientSessionMemoryCache::new(SERVERS), barred: Mutex::default() }
    }

    /// A handshake with this server has failed: no session of it is kept or resumed from now on.
    pub(super) fn bar(&self, name: ServerName<'static>) {
        let mut barred = self.barred.lock();
        if barred.contains(&name) {
            return;
        }
        if barred.len() == SERVERS {
            barred.remove(0);
        }
        barred.push(name);
    }

    fn is_barred(&self, name: &ServerName<'_>) -> bool {
        self.barred.lock().iter().any(|barred| barred == name)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(name, group);
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(name)
    }

    fn set_tls12_session(&self, name: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.kept.set_tls12_session(name, session);
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept.tls12_session(name).filter(|_| !self.is_barred(name))
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.kept.remove_tls12_session(name);
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.kept.insert_tls13_ticket(name, ticket);
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.kept.take_tls13_ticket(name).filter(|_| !self.is_barred(name))
    }
}
