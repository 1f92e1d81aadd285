//! Opening connections: `smtp_helo`, which waits, and `smtp_xhelo`, which does not.

use super::codes::{Refusal, SMTP_CANNOT_INIT_WINSOCK, SMTP_CANNOT_INITIALIZE, SMTP_FAILURE};
use super::ctypes::{BufferProc, DWORD_PTR, FARPROC, GLOBALHANDLE, LPCSTR, StatusProc, argument, handle_of};
use super::entry::{call, recorded};
use super::handle::{Slot, code};
use super::shared::{Pause, Shared, Tracer};
use super::site::{self, Plan};
use super::{log, numbers, words};
use crate::capi::{guard, write_out};
use crate::client::words::Context;
use crate::client::{Session, driver};
use crate::error::{Cause, Error, Phase};
use crate::faces::wishes::Face;
use crate::net::fault::{self, Fault};
use crate::policy::url;
use std::ffi::c_int;
use std::sync::Arc;

/// Opens a connection and waits until the server is ready for mail.
///
/// host: the server's name or address, also with a port (mail.example:587), or a URL (smtp://user:password@mail.example).
/// The port is 25 unless said otherwise. The site's policy file may send the connection elsewhere.
///
/// local: this machine's name, for the server. NULL or an empty string stands for its address.
///
/// conn: where the handle is put. It is there while the call runs, for callbacks and other threads, and afterwards if the
/// call returned SMTP_SUCCESS or SMTP_FAILURE; with SMTP_FAILURE it serves smtp_rply only and should be closed with
/// smtp_quit. Otherwise NULL is there.
///
/// proc: a debug callback or NULL. It gets a copy of all traffic, each piece with a NUL behind it; credentials are shown as
/// "<hidden>". It is called on the thread of the call that causes the traffic.
///
/// lParam: handed to every callback of this connection.
///
/// Returns SMTP_SUCCESS, SMTP_FAILURE, SMTP_CANNOT_INITIALIZE, SMTP_CANNOT_INIT_WINSOCK,
/// SMTP_UNKNOWN_HOST, SMTP_CANNOT_ALLOC_SOCKET, SMTP_CANNOT_BIND_SOCKET, SMTP_HOST_NOT_RESPONDING,
/// SMTP_CANNOT_SEND_COMMAND or SMTP_TIMED_OUT, and SMTP_ABORTED if smtp_xquit was called meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_helo(
    host: LPCSTR,
    local: LPCSTR,
    conn: *mut GLOBALHANDLE,
    proc: FARPROC,
    lParam: DWORD_PTR,
) -> c_int {
    // SAFETY: the caller passes NULL or strings, and NULL or a place for a handle.
    call(
        "smtp_helo",
        || unsafe { shown_hosts(host, local) },
        || unsafe { connect(conn, BufferProc::new(proc), lParam, || plan(host, local)) },
    )
}

/// Opens a connection without waiting for it: stat is called once when it is ready, or when it is clear that it will never
/// be. Until then every call with the handle but smtp_xquit returns SMTP_IN_PROGRESS.
///
/// host, local, conn, lParam: as for smtp_helo. The handle is put into conn before anything else happens.
///
/// dbg: a debug callback or NULL. While the connection is being made it is called on the library's background thread: one
/// that takes long holds up the other connections that are being made.
///
/// stat: the status callback, or NULL. It is called on a thread of its own, on which it may use the connection, and gets
/// SMTP_SUCCESS, SMTP_FAILURE, SMTP_UNKNOWN_HOST, SMTP_CANNOT_ALLOC_SOCKET, SMTP_CANNOT_BIND_SOCKET,
/// SMTP_HOST_NOT_RESPONDING, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, or SMTP_ABORTED after smtp_xquit. After an error
/// other than SMTP_ABORTED the handle still serves smtp_rply and should be closed with smtp_quit.
///
/// A program may end or unload the library before stat was called: the library stays loaded while it has threads, but the
/// function itself must stay. In a child process after fork() the connections of the parent are invalid handles
/// (docs/processes.md).
///
/// Returns SMTP_SUCCESS, SMTP_CANNOT_INITIALIZE, SMTP_CANNOT_INIT_WINSOCK or SMTP_OUT_OF_MEMORY; SMTP_FAILURE if conn is
/// NULL. Unless it returns SMTP_SUCCESS, stat is not called.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_xhelo(
    host: LPCSTR,
    local: LPCSTR,
    conn: *mut GLOBALHANDLE,
    dbg: FARPROC,
    stat: FARPROC,
    lParam: DWORD_PTR,
) -> c_int {
    // SAFETY: the caller passes NULL or strings, and NULL or a place for a handle.
    call(
        "smtp_xhelo",
        || unsafe { shown_hosts(host, local) },
        || unsafe {
            let slot = begin(conn, BufferProc::new(dbg), lParam, true)?;
            let plan = plan(host, local);
            if let Ok(plan) = &plan {
                slot.shared.set_site(plan.timeouts);
            }
            let started = start(slot, plan, StatusProc::new(stat)).inspect_err(|_| {
                write_out(conn, handle_of(0));
            });
            words::note_opening(started.as_ref().err().map(|refusal| refusal.words.as_str()));
            started
        },
    )
}

/// The plan for what the program asks for.
///
/// # Safety
/// Both are NULL or strings.
unsafe fn plan(host: LPCSTR, local: LPCSTR) -> Result<Plan, Error> {
    // SAFETY: the caller's promise is the same.
    unsafe {
        let host = argument("host", host, Phase::Connect)?;
        site::plan(&host, &local_name(local)?)
    }
}

/// The client's own name; none is an empty one.
///
/// # Safety
/// `local` is NULL or a string.
pub(crate) unsafe fn local_name(local: LPCSTR) -> Result<String, Error> {
    if local.is_null() {
        return Ok(String::new());
    }
    // SAFETY: not NULL, so it is a string.
    unsafe { argument("own host name", local, Phase::Hello) }
}

/// A slot, with its handle where the program wants it.
///
/// # Safety
/// `conn` is NULL or a place for a handle.
unsafe fn begin(
    conn: *mut GLOBALHANDLE,
    debug: Option<BufferProc>,
    parameter: usize,
    asynchronous: bool,
) -> Result<Arc<Slot>, Refusal> {
    // SAFETY: the caller's promise.
    if !unsafe { write_out(conn, handle_of(0)) } {
        return Err(Refusal::new(SMTP_FAILURE, "conn is NULL: there is no place for the handle"));
    }
    if fault::hit(Fault::Initialize) {
        return Err(Refusal::new(SMTP_CANNOT_INITIALIZE, "the library cannot be initialised"));
    }
    if fault::hit(Fault::Winsock) {
        return Err(Refusal::new(SMTP_CANNOT_INIT_WINSOCK, "Windows Sockets cannot be initialised"));
    }
    let slot = Slot::create(Shared::new(debug, parameter), asynchronous)?;
    // SAFETY: as above.
    unsafe { write_out(conn, handle_of(slot.shared.handle())) };
    Ok(slot)
}

/// Makes a connection and waits for it; `smtp_helo` and `smtp_fw_helo` differ in the plan only.
///
/// # Safety
/// `conn` is NULL or a place for a handle.
pub(crate) unsafe fn connect(
    conn: *mut GLOBALHANDLE,
    debug: Option<BufferProc>,
    parameter: usize,
    plan: impl FnOnce() -> Result<Plan, Error>,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promise.
    let slot = unsafe { begin(conn, debug, parameter, false) }?;
    let result = slot.opened(plan().and_then(|plan| open(&slot, plan)));
    let code = code(&result);
    if result.is_err() && code != SMTP_FAILURE {
        // The manual has a handle after SMTP_FAILURE only. What smtp_rply would give is kept for this thread.
        slot.forget();
        // SAFETY: the caller's promise.
        unsafe { write_out(conn, handle_of(0)) };
    }
    words::note_opening(result.as_ref().err().map(|refusal| refusal.words.as_str()));
    result
}

fn open(slot: &Arc<Slot>, plan: Plan) -> Result<Session, Error> {
    let shared = &slot.shared;
    shared.set_site(plan.timeouts);
    let mut settings = plan.settings;
    settings.timeouts = shared.timeouts();
    settings.watches.push(shared.wishes.watch(Face::Distinct, shared.handle()));
    shared.set_context(Context::of(&settings, &plan.target));
    let mut session = Session::begin(plan.target, settings, slot.cancel.clone())?;
    session.connection_mut().set_observer(Some(Box::new(Tracer(shared.clone()))));
    let opened = session.finish_opening(&mut Pause::new(shared));
    match opened {
        Ok(()) => Ok(session),
        Err(error) => Err(error.with_reply(session.last_reply().cloned())),
    }
}

/// Hands the connection to the background driver. What is wrong with the plan is told like any other failure.
fn start(slot: Arc<Slot>, plan: Result<Plan, Error>, status: Option<StatusProc>) -> Result<(), Refusal> {
    let finished = slot.clone();
    let done: driver::Done = Box::new(move |result| finish(&finished, status, result));
    let plan = match plan {
        Ok(plan) => plan,
        // A policy that cannot be used is among what the call itself may return; the rest is the callback's.
        Err(error) if error.cause == Cause::Policy => {
            slot.forget();
            return Err(error.into());
        }
        Err(error) => {
            driver::tell(done, Err(error));
            return Ok(());
        }
    };
    let mut settings = plan.settings;
    settings.timeouts = slot.shared.timeouts();
    settings.watches.push(slot.shared.wishes.watch(Face::Distinct, slot.shared.handle()));
    slot.shared.set_context(Context::of(&settings, &plan.target));
    let tracer = Box::new(Tracer(slot.shared.clone()));
    driver::open(plan.target, settings, slot.cancel.clone(), Some(tracer), done).map_err(|error| {
        slot.forget();
        Refusal::new(SMTP_CANNOT_INITIALIZE, error.to_string())
    })
}

/// The connection is open or never will be: says so to the program.
fn finish(slot: &Arc<Slot>, status: Option<StatusProc>, result: Result<Session, Error>) {
    let told = guard("smtp_xhelo's status callback", || {
        let result = slot.opened(result);
        let code = code(&result);
        let handle = slot.shared.handle();
        // For the callback, which comes on this thread.
        let words = recorded(result);
        log::returned("status callback of smtp_xhelo", &format!("{handle:#x}"), code, &words);
        if let Some(status) = status {
            status.call(handle, numbers::code_for_program(code), slot.shared.parameter());
        }
    });
    if let Err(words) = told {
        log::returned("status callback of smtp_xhelo", "", SMTP_FAILURE, &words);
    }
}

/// Host and local name for the log; of a URL only the host, for it may hold a password.
///
/// # Safety
/// Both are NULL or strings.
unsafe fn shown_hosts(host: LPCSTR, local: LPCSTR) -> String {
    // SAFETY: the caller's promise is the same.
    let (host, local) = unsafe { (argument("host", host, Phase::Connect), local_name(local)) };
    let host = host.ok().and_then(|host| url::parse(&host).ok()).map(|url| url.host);
    format!("{:?}, {:?}", host.as_deref().unwrap_or("?"), local.as_deref().unwrap_or("?"))
}
