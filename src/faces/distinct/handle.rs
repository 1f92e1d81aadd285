//! Connections behind their handles: one call at a time, cancelled from anywhere.
//!
//! A call takes the session out of its slot and puts it back at its end, so no lock is held while it runs. Who finds the
//! session gone, another thread or a callback of that very call, gets SMTP_IN_PROGRESS.

use super::codes::{
    Refusal, SMTP_ABORTED, SMTP_FAILURE, SMTP_IN_PROGRESS, SMTP_INVALID_HANDLE, SMTP_OUT_OF_MEMORY, SMTP_SUCCESS,
};
use super::ctypes::{GLOBALHANDLE, number_of};
use super::mail::Begun;
use super::shared::{Pause, Shared};
use crate::capi::HandleTable;
use crate::client::words::Concerning;
use crate::client::{Session, driver};
use crate::error::{Cause, Error};
use crate::net::fault::{self, Fault};
use crate::net::fork::{self, Own};
use crate::net::lock::Mutex;
use crate::net::wait::Cancel;
use std::collections::VecDeque;
use std::sync::Arc;

/// All connections of the process.
static CONNECTIONS: HandleTable<Slot> = HandleTable::new();

/// Handles whose connection was never made, the oldest first. They are kept so that the program can ask for the server's
/// words; one that never closes them must not fill the table.
static FAILED: Own<VecDeque<usize>> = Own::new();

/// So many of them are kept.
const FAILED_MAX: usize = 256;

/// One connection.
pub(crate) struct Slot {
    pub(crate) shared: Arc<Shared>,
    pub(crate) cancel: Cancel,
    /// The mail whose recipients are being named.
    begun: Mutex<Option<Begun>>,
    life: Mutex<Life>,
}

/// Where a connection is in its life.
enum Life {
    /// `smtp_xhelo` is making it.
    Connecting,
    /// A call is running and has the session.
    Busy,
    /// Waiting for a call. The connection may be lost: its calls fail then.
    Idle(Box<Session>),
    /// Never made, or destroyed by a defect of the library.
    Failed,
    /// `smtp_xquit` was called: whoever has the session destroys it.
    Aborted,
}

impl Slot {
    /// A slot and its handle, for `smtp_helo`, which is a call of its own, or for `smtp_xhelo`.
    pub(crate) fn create(shared: Arc<Shared>, asynchronous: bool) -> Result<Arc<Slot>, Refusal> {
        let full = |words: String| Refusal::new(SMTP_OUT_OF_MEMORY, words);
        if fault::hit(Fault::Memory) {
            return Err(full("no memory for a connection".to_owned()));
        }
        let life = if asynchronous { Life::Connecting } else { Life::Busy };
        let slot = Arc::new(Slot { shared, cancel: Cancel::new(), begun: Mutex::new(None), life: Mutex::new(life) });
        let handle = CONNECTIONS.insert(slot.clone()).map_err(|why| full(why.to_string()))?;
        slot.shared.set_handle(handle.get() as usize);
        Ok(slot)
    }

    /// The slot of a handle that calls may use.
    pub(crate) fn of(handle: GLOBALHANDLE) -> Result<Arc<Slot>, Refusal> {
        let slot = Slot::even_aborted(handle)?;
        let aborted = matches!(*slot.life.lock(), Life::Aborted);
        if aborted { Err(invalid("smtp_xquit has ended this connection")) } else { Ok(slot) }
    }

    /// The same, also when `smtp_xquit` has ended it and the cancelled call has not returned yet.
    fn even_aborted(handle: GLOBALHANDLE) -> Result<Arc<Slot>, Refusal> {
        let number = number_of(handle);
        CONNECTIONS.get(number).ok_or_else(|| match CONNECTIONS.is_foreign(number) {
            true => invalid(&format!("this connection {}", fork::OF_THE_PARENT)),
            false => invalid("this handle is of no open connection"),
        })
    }

    /// For what may be asked at any time but while `smtp_xhelo` is at work.
    pub(crate) fn connected(handle: GLOBALHANDLE) -> Result<Arc<Slot>, Refusal> {
        let slot = Slot::of(handle)?;
        let connecting = matches!(*slot.life.lock(), Life::Connecting);
        if connecting { Err(connecting_still()) } else { Ok(slot) }
    }

    /// Ends an attempt to open: the session is kept, or the handle as one that failed. The code for the program.
    ///
    /// The server's last words are kept either way.
    pub(crate) fn opened(self: &Arc<Self>, result: Result<Session, Error>) -> Result<(), Refusal> {
        let result = match result {
            Ok(session) => {
                self.shared.note_reply(session.last_reply());
                Ok(session)
            }
            Err(error) => Err((error.cause, self.shared.failed(&error, Concerning::Connection))),
        };
        let mut life = self.life.lock();
        if matches!(*life, Life::Aborted) {
            drop(life);
            self.destroy(result.ok().map(Box::new));
            return Err(aborted());
        }
        match result {
            Ok(session) => {
                *life = Life::Idle(Box::new(session));
                Ok(())
            }
            Err((Cause::Cancelled, refusal)) => {
                drop(life);
                self.destroy(None);
                Err(refusal)
            }
            Err((_, refusal)) => {
                *life = Life::Failed;
                drop(life);
                keep_failed(self.shared.handle());
                Err(refusal)
            }
        }
    }

    /// Resets the connection and makes the handle invalid.
    fn destroy(&self, session: Option<Box<Session>>) {
        *self.life.lock() = Life::Aborted;
        if let Some(session) = session {
            session.abort();
        }
        self.forget();
    }

    /// Makes the handle invalid.
    pub(crate) fn forget(&self) {
        CONNECTIONS.remove(self.shared.handle());
    }
}

/// `smtp_xquit`.
pub(crate) fn abort(handle: GLOBALHANDLE) -> Result<(), Refusal> {
    let slot = Slot::even_aborted(handle)?;
    let mut life = slot.life.lock();
    match &*life {
        Life::Connecting | Life::Busy => {
            *life = Life::Aborted;
            drop(life);
            // What is still said on the way out is not the program's business any more.
            slot.shared.set_debug(None);
            slot.cancel.cancel();
            driver::wake();
            Ok(())
        }
        // A message begun with smtp_data_buf is an operation in progress, even while no call runs.
        Life::Idle(session) if session.connection().is_body_open() => {
            let Life::Idle(session) = std::mem::replace(&mut *life, Life::Aborted) else { return Ok(()) };
            drop(life);
            slot.destroy(Some(session));
            Ok(())
        }
        Life::Idle(_) => Err(Refusal::new(SMTP_FAILURE, "nothing is in progress; smtp_quit closes a connection")),
        Life::Failed => {
            drop(life);
            slot.forget();
            Ok(())
        }
        Life::Aborted => Err(Refusal::new(SMTP_FAILURE, "smtp_xquit was called already")),
    }
}

/// A call that has the session for itself.
pub(crate) struct Operation {
    pub(crate) slot: Arc<Slot>,
    session: Option<Box<Session>>,
}

/// What a call works with.
pub(crate) struct Work<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) pause: &'a mut Pause,
    pub(crate) shared: &'a Arc<Shared>,
    /// The mail whose recipients are being named; every other command that touches it takes it away.
    pub(crate) begun: Option<Begun>,
    /// Whom the call is about, for the words of its failure.
    pub(crate) about: About,
}

/// Whom a call is about.
#[derive(Default)]
pub(crate) enum About {
    #[default]
    Connection,
    Sender(String),
    Recipient(String),
}

impl About {
    fn concerning(&self) -> Concerning<'_> {
        match self {
            About::Connection => Concerning::Connection,
            About::Sender(address) => Concerning::Sender(address),
            About::Recipient(address) => Concerning::Recipient(address),
        }
    }
}

impl Work<'_> {
    /// Takes over what `smtp_opts` has changed meanwhile, and shows `smtp_rply` what has been said.
    pub(crate) fn sync(&mut self) {
        self.shared.note_reply(self.session.last_reply());
        self.take_over();
    }

    /// Takes over what `smtp_opts` has changed meanwhile.
    fn take_over(&mut self) {
        self.session.connection_mut().settings_mut().timeouts = self.shared.timeouts();
    }
}

impl Operation {
    /// Takes the session of a handle.
    pub(crate) fn begin(handle: GLOBALHANDLE) -> Result<Operation, Refusal> {
        let slot = Slot::of(handle)?;
        let mut life = slot.life.lock();
        let refusal = match &*life {
            Life::Idle(_) => {
                let Life::Idle(session) = std::mem::replace(&mut *life, Life::Busy) else { return Err(busy()) };
                drop(life);
                return Ok(Operation { slot, session: Some(session) });
            }
            Life::Connecting => connecting_still(),
            Life::Busy => busy(),
            Life::Failed => Refusal::new(SMTP_FAILURE, "the connection was never made: close it with smtp_quit"),
            Life::Aborted => invalid("smtp_xquit has ended this connection"),
        };
        drop(life);
        Err(refusal)
    }

    /// Does the work and gives the session back, unless the connection was aborted meanwhile.
    pub(crate) fn run<T>(mut self, work: impl FnOnce(&mut Work<'_>) -> Result<T, Error>) -> Result<T, Refusal> {
        let Some(session) = self.session.as_mut() else { return Err(busy()) };
        let mut pause = Pause::new(&self.slot.shared);
        let begun = self.slot.begun.lock().take();
        let about = About::default();
        let mut tools = Work { session, pause: &mut pause, shared: &self.slot.shared, begun, about };
        // What smtp_rply gives stays until there is something new: it may be why the call before has failed.
        tools.take_over();
        let result = work(&mut tools);
        if result.is_ok() {
            tools.sync();
        }
        let (begun, about) = (tools.begun, tools.about);
        *self.slot.begun.lock() = begun;
        let cancelled = matches!(&result, Err(error) if error.cause == Cause::Cancelled);
        let result = result.map_err(|error| self.slot.shared.failed(&error, about.concerning()));
        self.end(result, cancelled)
    }

    /// Gives the session back: the call is refused for a reason of its own, not the connection's.
    pub(crate) fn refuse<T>(self, refusal: Refusal) -> Result<T, Refusal> {
        self.slot.shared.note_failure(&refusal.words);
        self.end(Err(refusal), false)
    }

    fn end<T>(mut self, result: Result<T, Refusal>, cancelled: bool) -> Result<T, Refusal> {
        let session = self.session.take();
        let mut life = self.slot.life.lock();
        if matches!(*life, Life::Aborted) {
            drop(life);
            self.slot.destroy(session);
            return Err(aborted());
        }
        match session {
            Some(session) if !cancelled => *life = Life::Idle(session),
            session => {
                drop(life);
                self.slot.destroy(session);
            }
        }
        result
    }

    /// Ends the connection in order; the handle is invalid afterwards.
    pub(crate) fn quit(mut self) {
        let Some(session) = self.session.take() else { return };
        session.quit(&mut Pause::new(&self.slot.shared));
        self.slot.forget();
    }
}

impl Drop for Operation {
    /// Only a panic leaves the session here: its state is unknown, so it is not used again.
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            session.abort();
            let mut life = self.slot.life.lock();
            let aborted = matches!(*life, Life::Aborted);
            *life = if aborted { Life::Aborted } else { Life::Failed };
            drop(life);
            if aborted {
                self.slot.forget();
            }
        }
    }
}

/// `smtp_quit`.
pub(crate) fn quit(handle: GLOBALHANDLE) -> Result<(), Refusal> {
    let slot = Slot::of(handle)?;
    let failed = matches!(*slot.life.lock(), Life::Failed);
    if failed {
        slot.forget();
        return Ok(());
    }
    Operation::begin(handle)?.quit();
    Ok(())
}

/// Remembers a handle whose connection was never made, and drops the oldest of too many.
fn keep_failed(handle: usize) {
    let mut failed = FAILED.lock();
    // What the program has closed by now needs no place.
    failed.retain(|handle| CONNECTIONS.get(*handle).is_some());
    failed.push_back(handle);
    let oldest = if failed.len() > FAILED_MAX { failed.pop_front() } else { None };
    drop(failed);
    if let Some(oldest) = oldest {
        CONNECTIONS.remove(oldest);
    }
}

/// The code of a result.
pub(crate) fn code(result: &Result<(), Refusal>) -> std::ffi::c_int {
    result.as_ref().map_or_else(|refusal| refusal.code, |()| SMTP_SUCCESS)
}

fn invalid(words: &str) -> Refusal {
    Refusal::new(SMTP_INVALID_HANDLE, words)
}

fn busy() -> Refusal {
    Refusal::new(SMTP_IN_PROGRESS, "another call is running on this connection")
}

fn connecting_still() -> Refusal {
    Refusal::new(SMTP_IN_PROGRESS, "smtp_xhelo has not made this connection yet")
}

fn aborted() -> Refusal {
    Refusal::new(SMTP_ABORTED, "smtp_xquit has aborted this operation; the connection has been reset")
}
