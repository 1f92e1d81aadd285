//! A spool that hands each mail on to another server, by SMTP or LMTP, while it comes.
//!
//! There is no queue: each command of the client is asked of the next server before it is answered, the message is
//! passed on as it arrives, and a mail is confirmed when the next server has confirmed it. Its words and codes are
//! passed on, for each recipient where it speaks LMTP. When it cannot be reached the answer is 451 and the client,
//! which has a queue, tries again.
//!
//! A Received field is put on top, no Return-Path: that is for whoever delivers it. A mail that has more than
//! [`Options::hops_max`] Received fields goes in a circle and is refused. What the next server lacks is not made up for:
//! DSN parameters are left out where it has no DSN, a mail that needs SMTPUTF8 or BINARYMIME is refused where it lacks
//! them, and one that was announced as 8BITMIME is refused when it does hold eight bits.
//!
//! When the last server that uses it is over, nothing is waited for any more.

mod answers;
mod hops;
mod line;
mod passing;
mod pool;

use super::{Delivery, Envelope, Result, Spool};
use crate::client::settings::{Settings, Timeouts};
use crate::net::connect::Target;
use passing::Passing;
use pool::Pool;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Where the next server is: asked for each new connection.
pub type NextHop = Arc<dyn Fn() -> Target + Send + Sync>;

/// How a [`Relay`] hands mail on.
#[derive(Clone)]
pub struct Options {
    /// Where to.
    pub next_hop: NextHop,
    /// Protocol, name, TLS, login and limits of time of each connection. A client waits 5 minutes for the answer to
    /// RCPT and 10 for that to the message (RFC 5321 section 4.5.3.2): limits beyond these serve nobody.
    pub settings: Settings,
    /// So many connections at a time. A mail that finds none free, nor one that another mail does not use, is refused with
    /// 451 after a while. One client (an address, or a network of IPv6) has half of them at most.
    pub connections_max: usize,
    /// When others need a connection, a mail that has begun keeps its own no longer than this without going on.
    pub hold: Duration,
    /// So many of them are kept open when no mail is on its way.
    pub idle_max: usize,
    /// A connection that was kept so long without a mail is closed.
    pub idle_time: Duration,
    /// A mail that has passed more servers is refused with 554 5.4.6.
    pub hops_max: usize,
}

/// Settings for the connections of a relay that calls itself by this name. A client waits 5 minutes for the answer to
/// RCPT, and before that is given the next server may have to be connected to, to greet and to be logged in to: each of
/// its answers is waited for 40 seconds, but that to the message 9 minutes.
pub fn settings(name: &str) -> Settings {
    const SECOND: Duration = Duration::from_secs(1);
    let step = 40 * SECOND;
    let timeouts =
        Timeouts { connect: 20 * SECOND, greeting: step, reply: step, data: 120 * SECOND, message: 540 * SECOND };
    Settings { helo_name: name.to_owned(), timeouts, ..Settings::default() }
}

impl Options {
    /// 50 connections at a time, held for 30 seconds, 4 kept for as long, 100 hops.
    pub fn new(next_hop: NextHop, settings: Settings) -> Options {
        let idle_time = Duration::from_secs(30);
        Options { next_hop, settings, connections_max: 50, hold: idle_time, idle_max: 4, idle_time, hops_max: 100 }
    }

    /// The same for a host.
    pub fn to_host(host: impl Into<String>, port: u16, settings: Settings) -> Options {
        let host = host.into();
        Options::new(Arc::new(move || Target::Host { host: host.clone(), port }), settings)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options {{ next hop: {:?}, .. }}", (self.next_hop)())
    }
}

/// A spool that hands mail on. Dropped, it says QUIT on the connections that it kept.
pub struct Relay {
    pool: Arc<Pool>,
}

impl Relay {
    /// Nothing is connected before the first mail.
    pub fn new(options: Options) -> Relay {
        Relay { pool: Arc::new(Pool::new(options)) }
    }
}

impl Spool for Relay {
    /// The next server is asked for each recipient.
    fn early(&self) -> bool {
        true
    }

    fn opened(&self) {
        self.pool.opened();
    }

    fn closed(&self) {
        self.pool.closed();
    }

    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        Ok(Box::new(Passing::begin(&self.pool, envelope)?))
    }
}
