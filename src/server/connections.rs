//! How many connections there are, in all and of each client.

use super::clients::{Clients, Known, is_this_machine};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    /// How many there may be, in all and of one client; 0 for no limit.
    most: usize,
    most_of_client: usize,
    open: AtomicUsize,
    clients: Arc<Clients<AtomicUsize>>,
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMany {
    InAll,
    OfClient,
    /// What there is holds as much memory as may be held.
    Memory,
}

impl TooMany {
    /// What the client is told behind 421.
    pub(super) fn text(self) -> &'static str {
        match self {
            TooMany::InAll => "4.3.2 Too many connections: try again later",
            TooMany::OfClient => "4.7.0 Too many connections from your address: try again later",
            TooMany::Memory => "4.3.2 Too little memory now: try again later",
        }
    }
}

impl Connections {
    /// Nobody is connected.
    pub(super) fn new(most: usize, most_of_client: usize) -> Arc<Connections> {
        Arc::new(Connections { most, most_of_client, open: AtomicUsize::new(0), clients: Clients::new() })
    }

    /// How many there are.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many groups of addresses they come from.
    #[cfg(test)]
    pub(super) fn groups(&self) -> usize {
        self.clients.len()
    }

    /// Counts a connection, as long as what comes back lives. None: its client is not known yet.
    pub(super) fn admit(self: &Arc<Self>, client: Option<IpAddr>) -> Result<Admitted, TooMany> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let mut admitted = Admitted { connections: Arc::clone(self), client: None };
        if self.most > 0 && before >= self.most {
            return Err(TooMany::InAll);
        }
        admitted.belongs_to(client)?;
        Ok(admitted)
    }
}

/// A connection that counts.
#[derive(Debug)]
pub(super) struct Admitted {
    connections: Arc<Connections>,
    client: Option<Box<Known<AtomicUsize>>>,
}

impl Admitted {
    /// It is this client's: who is behind a proxy is known when the proxy has said it.
    pub(super) fn belongs_to(&mut self, client: Option<IpAddr>) -> Result<(), TooMany> {
        let most = self.connections.most_of_client;
        let Some(client) = client.filter(|client| most > 0 && !is_this_machine(*client)) else { return Ok(()) };
        let known = Box::new(self.connections.clients.of(client));
        // All of them, and then taken back if one is too many: each sees those that came before it.
        let mut too_many = false;
        for (open, wider) in known.counters() {
            let most = most.saturating_mul(usize::try_from(wider).unwrap_or(usize::MAX));
            too_many |= open.fetch_add(1, Ordering::Relaxed) >= most;
        }
        self.client = Some(known);
        if too_many {
            self.leave();
            return Err(TooMany::OfClient);
        }
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(known) = self.client.take() {
            known.counters().for_each(|(open, _)| _ = open.fetch_sub(1, Ordering::Relaxed));
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.leave();
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn they_are_counted_in_all_and_for_each_client() {
        let connections = Connections::new(4, 2);
        let one = connections.admit(ip("2001:db8::1")).unwrap();
        let _two = connections.admit(ip("2001:db8::2")).unwrap();
        assert_eq!(connections.admit(ip("2001:db8::3")).err(), Some(TooMany::OfClient));
        let _three = connections.admit(ip("192.0.2.1")).unwrap();
        let mut four = connections.admit(None).unwrap();
        assert_eq!(connections.admit(ip("192.0.2.2")).err(), Some(TooMany::InAll));
        assert_eq!(connections.open(), 4);
        drop(one);
        let five = connections.admit(ip("2001:db8::3")).unwrap();
        assert_eq!((connections.open(), connections.groups()), (4, 4));
        // Behind a proxy.
        assert_eq!(four.belongs_to(ip("2001:db8::4")), Err(TooMany::OfClient));
        drop(five);
        assert_eq!(four.belongs_to(ip("2001:db8::4")), Ok(()));
        assert_eq!(connections.admit(ip("2001:db8::5")).err(), Some(TooMany::OfClient));
        assert_eq!(connections.open(), 3);
    }

    #[test]
    fn clients_on_this_machine_have_no_limit_of_their_own() {
        let connections = Connections::new(0, 1);
        let held: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"]
            .map(|peer| connections.admit(ip(peer)).unwrap())
            .into();
        assert_eq!((connections.open(), held.len()), (5, 5));
    }

    #[test]
    fn whoever_has_a_whole_network_has_four_times_as_many() {
        let connections = Connections::new(0, 2);
        let held: Vec<_> = (0..100).map(|n| connections.admit(ip(&format!("2001:db8:0:{n:x}::1")))).collect();
        assert_eq!(held.iter().filter(|admitted| admitted.is_ok()).count(), 8);
        assert_eq!(connections.open(), 8);
        assert!(connections.admit(ip("2001:db8:1::1")).is_ok());
    }
}
