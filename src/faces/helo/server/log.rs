//! What a server tells, to the program, and how often.

use super::codes::HeloEvent;
use super::inside::Inside;
use crate::capi::Callback;
use crate::faces::helo::results::c_text;
use crate::server::log::{Event, Log, What};
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Told what happens, in a line of text without control characters and without secrets. `session` is 0 for what concerns
/// the server as a whole. Called on the library's threads, mostly on those that serve all sessions: it must not wait for
/// anything.
pub type HeloLogFn =
    Option<unsafe extern "C" fn(user: *mut c_void, event: HeloEvent, session: u64, line: *const c_char)>;

pub(crate) type OnLog = Callback<unsafe extern "C" fn(*mut c_void, HeloEvent, u64, *const c_char)>;

/// What has happened since the server was made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HeloServerCounts {
    /// Set it to sizeof(helo_server_counts) before the call.
    pub size: usize,
    /// Connections that there are now.
    pub open: u64,
    /// Sessions that have begun.
    pub sessions: u64,
    /// Mails that were confirmed.
    pub mails: u64,
    /// Their octets.
    pub octets: u64,
    /// Connections, hellos, senders, recipients and messages that were refused.
    pub refused: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// Logins that failed.
    pub logins_failed: u64,
}

#[derive(Default)]
pub(crate) struct Counts {
    sessions: AtomicU64,
    mails: AtomicU64,
    octets: AtomicU64,
    refused: AtomicU64,
    logins: AtomicU64,
    logins_failed: AtomicU64,
}

impl Counts {
    /// As C gets them, with so many connections at the moment.
    pub(crate) fn shown(&self, open: u64) -> HeloServerCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        HeloServerCounts {
            size: size_of::<HeloServerCounts>(),
            open,
            sessions: of(&self.sessions),
            mails: of(&self.mails),
            octets: of(&self.octets),
            refused: of(&self.refused),
            logins: of(&self.logins),
            logins_failed: of(&self.logins_failed),
        }
    }

    fn count(&self, what: &What<'_>) {
        let add = |count: &AtomicU64, more| {
            count.fetch_add(more, Ordering::Relaxed);
        };
        match what {
            What::Connected => add(&self.sessions, 1),
            What::Taken { octets, .. } => {
                add(&self.mails, 1);
                add(&self.octets, *octets);
            }
            What::Refused { .. } => add(&self.refused, 1),
            What::Authenticated { .. } => add(&self.logins, 1),
            What::NotAuthenticated { .. } => add(&self.logins_failed, 1),
            What::Secured
            | What::NotSecured(_)
            | What::TimedOut { .. }
            | What::Closed
            | What::Lost(_)
            | What::Ended { .. }
            | What::Notice(_) => {}
        }
    }
}

/// Counts, and tells the program.
pub(crate) struct Told {
    pub(crate) server: u32,
    pub(crate) counts: Arc<Counts>,
    pub(crate) callback: Option<OnLog>,
}

impl Log for Told {
    fn event(&self, event: &Event<'_>) {
        self.counts.count(&event.what);
        let Some(callback) = self.callback else { return };
        let line = c_text(&event.to_string());
        let session = event.client.map_or(0, |client| client.session);
        let _inside = Inside::of(self.server);
        // SAFETY: the program gave this function for this purpose; the line lives until it returns.
        unsafe { (callback.function)(callback.user.as_ptr(), (&event.what).into(), session, line.as_ptr()) }
    }
}
