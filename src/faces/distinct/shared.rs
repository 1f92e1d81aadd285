//! What a connection's calls and its callbacks share: small things behind one small lock, never held across a callback.

use super::codes::Refusal;
use super::ctypes::{BufferProc, YieldProc};
use super::pump;
use super::words::own_reply;
use crate::client::Timeouts;
use crate::client::trace::Observer;
use crate::client::words::{Concerning, Context};
use crate::error::{Cause, Error};
use crate::faces::wishes::Wishes;
use crate::net::lock::Mutex;
use crate::net::wait::Yield;
use crate::policy;
use crate::proto::reply::Reply;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The manual's default for every wait.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// How often the yield function is called while the library waits.
const YIELD_INTERVAL: Duration = Duration::from_millis(20);

/// The limits of time when nobody has said anything.
pub(crate) fn timeouts() -> Timeouts {
    Timeouts::all(DEFAULT_TIMEOUT)
}

/// The state that outlives single calls.
pub(crate) struct Shared {
    handle: OnceLock<usize>,
    /// What `helo.h` has set for this handle.
    pub(crate) wishes: Arc<Wishes>,
    /// What the failures of the connection have in common, for their words; set when it is known where it goes.
    context: OnceLock<Context>,
    fields: Mutex<Fields>,
}

struct Fields {
    parameter: usize,
    debug: Option<BufferProc>,
    yielding: Yielding,
    /// What OPT_TIMEOUT said.
    timeout: Option<Duration>,
    /// What the site's policy says.
    site: policy::Timeouts,
    /// What the program has set by `helo.h` for this handle.
    own: policy::Timeouts,
    reply: Vec<u8>,
    code: u16,
}

/// What OPT_YIELD_ON and OPT_YIELD_OFF have set.
#[derive(Clone, Copy)]
pub(crate) enum Yielding {
    /// The library's own: Windows's messages; nothing elsewhere.
    Library,
    /// The program's function.
    Program(YieldProc),
    Off,
}

impl Shared {
    pub(crate) fn new(debug: Option<BufferProc>, parameter: usize) -> Arc<Self> {
        let fields = Fields {
            parameter,
            debug,
            yielding: Yielding::Library,
            timeout: None,
            site: policy::Timeouts::default(),
            own: policy::Timeouts::default(),
            reply: Vec::new(),
            code: 0,
        };
        let wishes = Arc::new(Wishes::new());
        Arc::new(Shared { handle: OnceLock::new(), wishes, context: OnceLock::new(), fields: Mutex::new(fields) })
    }

    /// The handle that callbacks are told; set once, when the table has given it out.
    pub(crate) fn set_handle(&self, handle: usize) {
        let _ = self.handle.set(handle);
    }

    pub(crate) fn handle(&self) -> usize {
        self.handle.get().copied().unwrap_or(0)
    }

    pub(crate) fn parameter(&self) -> usize {
        self.fields.lock().parameter
    }

    pub(crate) fn set_parameter(&self, parameter: usize) {
        self.fields.lock().parameter = parameter;
    }

    pub(crate) fn set_debug(&self, debug: Option<BufferProc>) {
        self.fields.lock().debug = debug;
    }

    pub(crate) fn set_yielding(&self, yielding: Yielding) {
        self.fields.lock().yielding = yielding;
    }

    /// What the site decided for the host.
    pub(crate) fn set_site(&self, site: policy::Timeouts) {
        self.fields.lock().site = site;
    }

    /// What the program decided by `helo.h`.
    pub(crate) fn set_own(&self, own: policy::Timeouts) {
        self.fields.lock().own = own;
    }

    pub(crate) fn set_timeout(&self, timeout: Duration) {
        self.fields.lock().timeout = Some(timeout);
    }

    /// The limits that hold now: what the program said by `helo.h` before its OPT_TIMEOUT, that before the site's, and the
    /// manual's last. After the end of a message the site's may be longer than OPT_TIMEOUT: an answer that comes late is a
    /// mail that is sent twice.
    pub(crate) fn timeouts(&self) -> Timeouts {
        let fields = self.fields.lock();
        let (own, site) = (&fields.own, &fields.site);
        let of = |own: Option<Duration>, site| own.or(fields.timeout).or(site).unwrap_or(DEFAULT_TIMEOUT);
        let message = match (own.message, fields.timeout, site.message) {
            (None, Some(program), Some(site)) => program.max(site),
            (own, _, site) => of(own, site),
        };
        Timeouts {
            connect: of(own.connect, site.connect),
            greeting: of(own.greeting, site.greeting),
            reply: of(own.reply, site.reply),
            data: of(own.data, site.data),
            message,
        }
    }

    /// Where the connection goes and how.
    pub(crate) fn set_context(&self, context: Context) {
        let _ = self.context.set(context);
    }

    /// The refusal that a failure of this connection is for the program; `smtp_rply` gives the server's words, or those of
    /// the failure where the server has not said why.
    pub(crate) fn failed(&self, error: &Error, concerning: Concerning<'_>) -> Refusal {
        let refusal = match self.context.get() {
            Some(context) => Refusal::of(error, context, concerning),
            None => Refusal::of(error, &Context::default(), concerning),
        };
        // A no that came during this call, and then the connection was lost: that is why.
        let is_new_no = |reply: &Reply| {
            error.cause == Cause::BrokenOff && reply.code() >= 400 && self.fields.lock().reply != reply.raw()
        };
        match error.reply.as_deref().filter(|reply| error.cause == Cause::Refused || is_new_no(reply)) {
            Some(reply) => self.note_reply(Some(reply)),
            None => self.note_failure(&refusal.words),
        }
        refusal
    }

    /// Keeps a failure of the library's own for `smtp_rply`.
    pub(crate) fn note_failure(&self, words: &str) {
        let mut fields = self.fields.lock();
        (fields.reply, fields.code) = (own_reply(words), 0);
    }

    /// Keeps what `smtp_rply` gives.
    pub(crate) fn note_reply(&self, reply: Option<&Reply>) {
        let Some(reply) = reply else { return };
        let mut fields = self.fields.lock();
        fields.code = reply.code();
        fields.reply.clear();
        fields.reply.extend_from_slice(reply.raw());
    }

    /// The last reply's bytes and code, the words and 0 after a failure of the library's own; empty and 0 before the first.
    pub(crate) fn reply(&self) -> (Vec<u8>, u16) {
        let fields = self.fields.lock();
        (fields.reply.clone(), fields.code)
    }

    fn debug(&self) -> Option<(BufferProc, usize)> {
        let fields = self.fields.lock();
        fields.debug.map(|debug| (debug, fields.parameter))
    }
}

/// Shows the traffic to the program's debug callback.
pub(crate) struct Tracer(pub(crate) Arc<Shared>);

impl Tracer {
    fn show(&self, bytes: &[u8]) {
        // The lock is gone before the callback is called: it may call the library.
        if let Some((debug, parameter)) = self.0.debug() {
            debug.call_with_text(self.0.handle(), bytes, parameter);
        }
    }
}

impl Observer for Tracer {
    fn sent(&mut self, bytes: &[u8]) {
        self.show(bytes);
    }

    fn received(&mut self, bytes: &[u8]) {
        self.show(bytes);
    }

    fn enabled(&self) -> bool {
        self.0.debug().is_some()
    }
}

/// Yields while a call waits, as the options of this moment say.
pub(crate) struct Pause {
    shared: Arc<Shared>,
    last: Instant,
}

impl Pause {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Pause { shared: shared.clone(), last: Instant::now() }
    }

    fn yielding(&self) -> Yielding {
        self.shared.fields.lock().yielding
    }
}

impl Yield for Pause {
    fn interval(&self) -> Option<Duration> {
        match self.yielding() {
            Yielding::Library if !pump::EXISTS => None,
            Yielding::Off => None,
            Yielding::Library | Yielding::Program(_) => Some(YIELD_INTERVAL.saturating_sub(self.last.elapsed())),
        }
    }

    fn run(&mut self) {
        match self.yielding() {
            Yielding::Library => pump::run(),
            Yielding::Program(function) => function.call(),
            Yielding::Off => {}
        }
        self.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_manuals_twenty_seconds_hold_for_every_phase() {
        assert_eq!(Shared::new(None, 0).timeouts(), Timeouts::all(S(20)));
    }

    #[test]
    fn the_program_overrides_the_site_but_cannot_shorten_the_last_wait() {
        let site = policy::Timeouts { reply: Some(S(60)), message: Some(S(600)), ..Default::default() };
        let shared = Shared::new(None, 0);
        shared.set_site(site);
        assert_eq!(shared.timeouts(), Timeouts { reply: S(60), message: S(600), ..Timeouts::all(S(20)) });
        shared.set_timeout(S(5));
        assert_eq!(shared.timeouts(), Timeouts { message: S(600), ..Timeouts::all(S(5)) });
        shared.set_timeout(S(900));
        assert_eq!(shared.timeouts(), Timeouts::all(S(900)));
        shared.set_own(policy::Timeouts { data: Some(S(7)), message: Some(S(8)), ..Default::default() });
        assert_eq!(shared.timeouts(), Timeouts { data: S(7), message: S(8), ..Timeouts::all(S(900)) });
    }

    #[test]
    fn the_default_yield_costs_nothing_but_on_windows() {
        let shared = Shared::new(None, 0);
        assert_eq!(Pause::new(&shared).interval().is_some(), cfg!(windows));
        shared.set_yielding(Yielding::Off);
        assert_eq!(Pause::new(&shared).interval(), None);
    }
}
