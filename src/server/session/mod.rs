//! One session: `proto::server` driven over a transport. It never blocks.
//!
//! [`Session::advance`] does what can be done without waiting. What may block comes out as [`Work`], to be run on any
//! thread; meanwhile the session takes nothing more, so that a client is only ever answered in order. The buffer for
//! reading is lent for each call: a session that waits for its client holds no buffer at all.

mod advance;
mod authenticate;
mod converse;
mod memory;
mod pending;
mod wire;
mod work;

pub use work::{Work, Worked};

use super::budget::Account;
use super::connections::Admitted;
use super::decide::Client;
use super::ending::Why;
use super::log::{Lines, What};
use super::service::Service;
use super::spool::{Peer, Refusal};
use crate::net::tls::Handshake;
use crate::net::transport::{Readiness, Source, Transport};
use crate::net::wait::Interest;
use crate::proto::reply::Reply;
use crate::proto::server::Dialogue;
use authenticate::{Held, Login};
use pending::Pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wire::Wire;
use work::Mail;

/// How large the buffer should be that is lent to [`Session::advance`].
pub const READ_BUFFER: usize = 128 * 1024;

/// So long what a client goes on sending is dropped when the session is over, so that it can read why.
const LINGER: Duration = Duration::from_secs(2);

/// What came of [`Session::advance`].
pub enum Step {
    /// Nothing can be done now: wait for what [`Session::waits`] names, until then at the latest.
    Wait(Option<Instant>),
    /// There is more to do, but others should have their turn first.
    Again,
    /// Run this, on a worker if there are any, and give what came of it to [`Session::worked`].
    Work(Work),
    /// The session is over and its connection closed.
    Ended,
}

/// Where a session begins.
pub struct Origin {
    /// Where the client is.
    pub peer: Peer,
    /// This end.
    pub local: Option<SocketAddr>,
    /// TLS from the first byte on.
    pub implicit_tls: bool,
}

enum Stage {
    /// A proxy says whose connection this is; so much of that has arrived.
    Proxied(Vec<u8>),
    /// A handshake has the transport.
    Securing(Box<Handshake>),
    Talking,
    /// The last replies go out.
    Closing,
    /// Nothing more is said; what still comes is dropped.
    Lingering,
    Ended,
}

/// A mail's work, at most one.
enum Working {
    No,
    /// To be handed out.
    Due(Work),
    /// Somebody runs it.
    Out,
}

/// A server's side of one connection.
///
/// It belongs to one thread at a time. Dropping it closes the connection without a word; a mail under way is given up.
pub struct Session {
    service: Arc<Service>,
    client: Arc<Client>,
    dialogue: Dialogue,
    stage: Stage,
    /// None while a handshake has the transport, and at the end.
    wire: Option<Wire>,
    /// What was read while a question was open.
    pending: Pending,
    mail: Option<Box<Mail>>,
    /// An authentication that waits for its client.
    login: Option<Box<Login>>,
    /// The answer to a failed one, which waits.
    held: Option<Box<Held>>,
    /// A login has failed in this session.
    mistaken: bool,
    /// The client sends nothing any more.
    left: bool,
    working: Working,
    /// What the time limit counts from, and whose turn that was.
    since: (u64, Instant),
    opened: Instant,
    implicit_tls: bool,
    mails: u64,
    /// What the log has of it.
    lines: Lines,
    /// What it holds of the server's memory, and how much of that is of the mail that a worker has.
    account: Account,
    mail_held: usize,
    /// It counts as one of the client's connections.
    admitted: Option<Admitted>,
    /// A proxy says who its client is.
    is_proxied: bool,
    /// Why it ends, where the dialogue does not know.
    why: Option<Why>,
}

static SESSIONS: AtomicU64 = AtomicU64::new(1);

impl Session {
    /// A session over a connection that was just made.
    pub fn new(service: Arc<Service>, transport: Box<dyn Transport>, origin: Origin, now: Instant) -> Session {
        Session::admitted(service, transport, origin, None, now)
    }

    /// The same, counted among the connections of a server.
    pub(super) fn admitted(
        service: Arc<Service>,
        transport: Box<dyn Transport>,
        origin: Origin,
        admitted: Option<Admitted>,
        now: Instant,
    ) -> Session {
        let client = Client {
            session: SESSIONS.fetch_add(1, Ordering::Relaxed),
            peer: origin.peer,
            local: origin.local,
            hello: String::new(),
            user: None,
            tls: None,
        };
        let mut config = service.dialogue.clone();
        config.starttls = service.tls.is_some() && !origin.implicit_tls && !transport.is_secure();
        config.ask_connection = true;
        let peer = if let Peer::Internet(peer) = origin.peer { Some(peer) } else { None };
        let proxied = service.is_proxy(peer);
        if service.mails_unlimited_locally && !proxied && peer.is_none_or(|peer| peer.ip().is_loopback()) {
            config.mails_max = 0;
        }
        if service.realm.is_none() {
            config.auth.clear();
        }
        let mut session = Session {
            dialogue: Dialogue::new(config),
            account: service.budget.account(),
            mail_held: 0,
            admitted,
            is_proxied: proxied,
            service,
            client: Arc::new(client),
            stage: Stage::Talking,
            wire: Some(Wire::new(transport)),
            pending: Pending::default(),
            mail: None,
            login: None,
            held: None,
            mistaken: false,
            left: false,
            working: Working::No,
            since: (0, now),
            opened: now,
            implicit_tls: origin.implicit_tls,
            mails: 0,
            lines: Lines::default(),
            why: None,
        };
        if proxied {
            session.stage = Stage::Proxied(Vec::new());
        } else {
            session.begin(now);
        }
        session
    }

    /// Who is at the other end.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How many mails were taken.
    pub fn mails(&self) -> u64 {
        self.mails
    }

    /// The waiting loop saw something on this connection. Comes back with whether `advance` has something to do.
    pub fn woken(&mut self, seen: Readiness) -> bool {
        if let Stage::Securing(handshake) = &mut self.stage {
            handshake.woken(seen);
            return true;
        }
        if let Some(wire) = &mut self.wire {
            wire.woken(seen);
        }
        seen.readable || seen.ended || self.has_unsent()
    }

    /// The client sends nothing any more, for certain. Call `woken` as well.
    pub fn left(&mut self) {
        self.left = true;
    }

    /// What `advance` waits for: appended to `list`.
    pub fn waits<'a>(&'a self, list: &mut Vec<(Source<'a>, Interest)>) {
        if let Stage::Securing(handshake) = &self.stage {
            handshake.waits(list);
        } else if let Some(wire) = &self.wire {
            let unsent = wire.holds() || !self.dialogue.output().is_empty();
            // What the client sends is not wanted while it does not take our replies, or while an answer is awaited.
            let readable = !unsent && !matches!(self.working, Working::Out) && self.held.is_none();
            list.push((wire.transport.source(), Interest { readable, writable: unsent }));
        }
    }

    /// No new mail: the session ends with 421 when the mail under way is answered, at once when there is none.
    /// Call `advance` after it.
    pub fn stop(&mut self) {
        // Before the greeting nothing can be said, and nothing is under way.
        let unsaid = match &mut self.stage {
            Stage::Securing(handshake) => {
                handshake.abort();
                true
            }
            Stage::Proxied(_) => true,
            Stage::Talking | Stage::Closing | Stage::Lingering | Stage::Ended => false,
        };
        if unsaid {
            self.ends(Why::Shutdown);
            self.dialogue.shut();
            self.stage = Stage::Closing;
        }
        if let Some(held) = &mut self.held {
            held.delay = Duration::ZERO;
        }
        self.dialogue.stop(&Reply::new(421, "This server is going down: try again later"));
    }

    /// Ends it now: what is not sent is lost, and a mail that is not confirmed is given up. What is left to be done for
    /// that comes back, to be run.
    pub fn abort(&mut self) -> Option<Work> {
        self.dialogue.shut();
        if let Stage::Securing(handshake) = &mut self.stage {
            handshake.abort();
        }
        if let Some(mut wire) = self.wire.take() {
            wire.transport.abort();
        }
        if !matches!(self.stage, Stage::Ended) {
            self.stage = Stage::Ended;
            self.log_end();
        }
        match core::mem::replace(&mut self.working, Working::No) {
            // Not begun, so the mail is still there: it goes the same way.
            Working::Due(work) => Some(Work::new(&self.service, &self.client, work.mail, work::Task::Drop)),
            Working::Out => None,
            Working::No => {
                let mail = self.mail.take()?;
                Some(Work::new(&self.service, &self.client, Some(mail), work::Task::Drop))
            }
        }
    }

    /// It ends because of this; the first reason counts.
    fn ends(&mut self, why: Why) {
        self.why.get_or_insert(why);
    }

    fn log_end(&mut self) {
        if let Some(login) = self.login.take() {
            self.log(What::NotAuthenticated {
                mechanism: login.mechanism(),
                why: "the client has left in the middle",
                reply: None,
            });
        }
        let why = self.why.or(self.dialogue.ended().map(Why::from)).unwrap_or(Why::BrokenOff);
        self.log(What::Ended { mails: self.mails, why });
    }

    fn log(&self, what: What<'_>) {
        self.service.counts.count(&what);
        self.service.floods.tell(&*self.service.log, &self.lines, &self.client, what);
    }

    fn log_refused(&self, what: &str, about: &str, refusal: &Refusal) {
        let mail = self.mail.as_ref().map(|mail| &mail.envelope);
        self.log(What::Refused { what, about, mail, refusal });
    }

    fn refusal(&self, refusal: &Refusal) -> Reply {
        refusal.reply(self.service.dialogue.enhanced_status_codes)
    }
}

#[cfg(test)]
mod tests;
