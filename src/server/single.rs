//! One session on the thread of the caller, who waits for its end.

use super::service::Service;
use super::session::{Origin, READ_BUFFER, Session, Step};
use super::spool::Spool;
use crate::net::lock::Mutex;
use crate::net::transport::{Readiness, Transport};
use crate::net::wait::{Cancel, Waited, Waker, Yield, wait_many};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a session on the caller's thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// How many mails were taken.
    pub mails: u64,
    /// It was broken off.
    pub cancelled: bool,
}

/// Ends the session of one [`serve`] from elsewhere, before or while it runs. Clones end the same one.
#[derive(Clone, Debug, Default)]
pub struct Ending(Arc<EndingState>);

#[derive(Debug, Default)]
struct EndingState {
    cancel: Cancel,
    /// When the session is broken off.
    until: Mutex<Option<Instant>>,
}

impl Ending {
    /// Nothing ends it but the client.
    pub fn new() -> Ending {
        Ending::default()
    }

    /// Ends it in order: when its mail is answered, and `within` this time. Called again, the earlier time counts.
    pub fn stop(&self, within: Duration) {
        let now = Instant::now();
        let mut place = self.0.until.lock();
        let until = now.checked_add(within);
        *place = Some(match (*place, until) {
            (Some(before), Some(until)) => before.min(until),
            (before, until) => until.or(before).unwrap_or(now + Duration::from_secs(365 * 24 * 3600)),
        });
        drop(place);
        self.0.cancel.cancel();
    }

    /// Breaks it off.
    pub fn cancel(&self) {
        self.stop(Duration::ZERO);
    }

    /// Rings for a transport that has to be told that it can go on.
    pub fn waker(&self) -> io::Result<Waker> {
        self.0.cancel.waker()
    }
}

/// Serves one client on this thread until the session is over or `ending` ends it. Decisions and the spool run on it,
/// too, one after the other; `yielding` is called while the client is waited for.
pub fn serve(
    service: Arc<Service>,
    mut transport: Box<dyn Transport>,
    origin: Origin,
    ending: &Ending,
    yielding: &mut dyn Yield,
) -> Served {
    let cancel = &ending.0.cancel;
    if let Ok(waker) = cancel.waker() {
        transport.set_waker(&waker);
    }
    let _used = Used::by(&service.spool);
    let mut session = Session::new(service, transport, origin, Instant::now());
    let mut buffer = vec![0; READ_BUFFER];
    let mut broken_off_at = None;
    loop {
        if cancel.is_cancelled() {
            // The flag first: a stop that comes between the two is seen here or raises it again.
            cancel.reset();
            // A cancel without a time is this thread's own: see `net::turn`.
            broken_off_at = ending.0.until.lock().or_else(|| Some(Instant::now()));
            session.stop();
        }
        if broken_off_at.is_some_and(|at| Instant::now() >= at) {
            if let Some(work) = session.abort() {
                work.run();
            }
            return Served { mails: session.mails(), cancelled: true };
        }
        match session.advance(Instant::now(), &mut buffer) {
            Step::Again => {}
            Step::Work(work) => session.worked(work.run()),
            Step::Ended => return Served { mails: session.mails(), cancelled: false },
            Step::Wait(until) => {
                let until = [until, broken_off_at].into_iter().flatten().min();
                let mut sources = Vec::new();
                session.waits(&mut sources);
                if wait_many(&sources, until, cancel, yielding, &mut Vec::new()) != Waited::Cancelled {
                    session.woken(Readiness::ANY);
                }
            }
        }
    }
}

/// The spool is used by this session as by a server of its own.
struct Used(Arc<dyn Spool>);

impl Used {
    fn by(spool: &Arc<dyn Spool>) -> Used {
        spool.opened();
        Used(spool.clone())
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        self.0.closed();
    }
}
