//! One session on the thread of the caller, who waits for its end.

use super::service::Service;
use super::session::{Origin, READ_BUFFER, Session, Step};
use crate::net::transport::{Readiness, Transport};
use crate::net::wait::{Cancel, Waited, Yield, wait_many};
use std::sync::Arc;
use std::time::Instant;

/// How a session on the caller's thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// How many mails were taken.
    pub mails: u64,
    /// It was cancelled, and broken off.
    pub cancelled: bool,
}

/// Serves one client on this thread until the session is over or `cancel` is cancelled. Decisions and the spool run on
/// it, too, one after the other; `yielding` is called while the client is waited for.
pub fn serve(
    service: Arc<Service>,
    mut transport: Box<dyn Transport>,
    origin: Origin,
    cancel: &Cancel,
    yielding: &mut dyn Yield,
) -> Served {
    if let Ok(waker) = cancel.waker() {
        transport.set_waker(&waker);
    }
    let mut session = Session::new(service, transport, origin, Instant::now());
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        match session.advance(Instant::now(), &mut buffer) {
            Step::Again => {}
            Step::Work(work) => session.worked(work.run()),
            Step::Ended => return Served { mails: session.mails(), cancelled: false },
            Step::Wait(until) => {
                let mut sources = Vec::new();
                session.waits(&mut sources);
                if let Waited::Cancelled = wait_many(&sources, until, cancel, yielding, &mut Vec::new()) {
                    if let Some(work) = session.abort() {
                        work.run();
                    }
                    return Served { mails: session.mails(), cancelled: true };
                }
                session.woken(Readiness::ANY);
            }
        }
    }
}
