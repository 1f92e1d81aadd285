//! What a server tells, to the program, and how often.

use super::codes::HeloEvent;
use super::inside::Inside;
use crate::capi::Callback;
use crate::faces::helo::results::c_text;
use crate::server::log::{Entry, Event, Log, Queue, What};
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Told what happens, in a line of text without control characters and without secrets. `session` is 0 for what concerns
/// the server as a whole. Called on a thread of the library's own, one line after the other and a moment after it has
/// happened: who waits there loses lines, of which HELO_EVENT_NOTICE tells, and holds up no mail. What one client can bring
/// about as often as it likes is told so often and then only counted. When helo_server_stop(), helo_server_wait() or
/// helo_server_serve() has returned HELO_OK, all lines of before have been told, unless it takes too long for them.
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

    fn add(&self, what: &What<'_>) {
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
            | What::Notice(_)
            | What::Unsaid { .. } => {}
        }
    }
}

/// So many octets of lines may wait for the program's function.
const ROOM: usize = 1 << 20;

/// A line for the program's function.
pub(crate) struct Line {
    event: HeloEvent,
    session: u64,
    text: CString,
}

/// Lines on their way to the program's function, which is called on the queue's thread.
pub(crate) fn lines(server: u32, callback: OnLog) -> Queue<Line> {
    Queue::new("helo-log", ROOM, move |entries| {
        for entry in entries {
            let line = match entry {
                Entry::Line(line) => line,
                Entry::Lost(count) => {
                    let text = c_text(&format!("{count} lines of the log were lost: they were not taken in time"));
                    Line { event: HeloEvent::Notice, session: 0, text }
                }
            };
            let _inside = Inside::of(server);
            // SAFETY: the program gave this function for this purpose; the line lives until it returns.
            unsafe { (callback.function)(callback.user.as_ptr(), line.event, line.session, line.text.as_ptr()) }
        }
    })
}

/// Counts, and tells the program.
pub(crate) struct Told {
    pub(crate) counts: Arc<Counts>,
    pub(crate) lines: Option<Arc<Queue<Line>>>,
}

impl Log for Told {
    fn enabled(&self) -> bool {
        self.lines.is_some()
    }

    fn count(&self, what: &What<'_>) {
        self.counts.add(what);
    }

    fn event(&self, event: &Event<'_>) {
        let Some(lines) = &self.lines else { return };
        let text = c_text(&event.to_string());
        let session = event.client.map_or(0, |client| client.session);
        lines.put(text.as_bytes().len(), Line { event: (&event.what).into(), session, text });
    }
}
