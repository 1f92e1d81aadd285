//! What a server tells, to the program, and how often.

use super::codes::HeloEvent;
use super::inside::Inside;
use crate::capi::Callback;
use crate::faces::helo::results::c_text;
use crate::server::Counts;
use crate::server::log::{Entry, Event, Log, Queue};
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

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
    /// Connections, hellos, senders, recipients, messages and commands that were refused.
    pub refused: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// Logins that failed.
    pub logins_failed: u64,
    /// Sessions that came under TLS.
    pub tls: u64,
    /// Handshakes of TLS that failed.
    pub tls_failed: u64,
    /// Clients that took too long.
    pub timeouts: u64,
    /// Connections that broke.
    pub lost: u64,
    /// Times that the certificate or the users were read again: helo_server_reload().
    pub reloads: u64,
    /// Times that they could not be, and the old ones stayed in force.
    pub reloads_failed: u64,
}

/// What has happened, as C gets it, with so many connections at the moment.
pub(crate) fn shown(counts: &Counts, open: u64) -> HeloServerCounts {
    HeloServerCounts {
        size: size_of::<HeloServerCounts>(),
        open,
        sessions: counts.sessions(),
        mails: counts.mails(),
        octets: counts.octets(),
        refused: counts.refused(),
        logins: counts.logins(),
        logins_failed: counts.logins_failed(),
        tls: counts.secured(),
        tls_failed: counts.not_secured(),
        timeouts: counts.timed_out(),
        lost: counts.lost(),
        reloads: counts.reloads(),
        reloads_failed: counts.reloads_failed(),
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

/// Tells the program.
pub(crate) struct Told {
    pub(crate) lines: Arc<Queue<Line>>,
}

impl Log for Told {
    fn event(&self, event: &Event<'_>) {
        let text = c_text(&event.to_string());
        let session = event.client.map_or(0, |client| client.session);
        self.lines.put(text.as_bytes().len(), Line { event: (&event.what).into(), session, text });
    }
}
