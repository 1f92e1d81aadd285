//! Running a server that listens.

use super::log::HeloServerCounts;
use super::setup::helo_server;
use super::state::OwnServer;
use crate::capi::copy_out;
use crate::faces::helo::arguments::hand_out;
use crate::faces::helo::codes::HeloStatus;
use crate::faces::helo::refusal::{Refusal, call};
use crate::server::{Listening, Place};
use std::ffi::{c_char, c_int};
use std::time::Duration;

/// No end to helo_server_wait(); the header's template has it, too, as C89 can read it.
pub(crate) const HELO_FOREVER: u32 = u32::MAX;

/// Begins to listen and to serve, on threads of the library, and returns. Once it has been stopped it can be started again.
///
/// HELO_BAD_ARGUMENT: what is set does not go together, or a file that it names cannot be used. HELO_FAILED: an address
/// cannot be listened at. Nothing is listened at then. HELO_IN_PROGRESS: it runs already.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_start(server: helo_server) -> HeloStatus {
    call("helo_server_start", || OwnServer::of(server)?.start())
}

/// Ends it in order, and waits for that: no new connections; each session ends with 421 as soon as its mail is answered,
/// those of helo_server_serve() too; what is left after so many milliseconds is broken off. Nothing that was confirmed is
/// lost. From any thread; not from a signal handler. Also HELO_OK when it does not run. Called again, by another thread
/// say, the earlier time counts.
///
/// From inside a callback of the same server it only begins the end: it returns at once.
///
/// HELO_IN_PROGRESS: a callback has not returned, five seconds after the time was over. It is still at work, and what it uses
/// must stay; helo_server_wait() and helo_server_free() tell when it has returned.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_stop(server: helo_server, milliseconds: u32) -> HeloStatus {
    call("helo_server_stop", || OwnServer::of(server)?.stop(Duration::from_millis(milliseconds.into())))
}

/// Waits until somebody has stopped the server, at most so many milliseconds; HELO_FOREVER for no end. HELO_OK: it has
/// ended, or it did not run. HELO_IN_PROGRESS: it still runs, or this thread is in one of its callbacks.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_wait(server: helo_server, milliseconds: u32) -> HeloStatus {
    call("helo_server_wait", || {
        let within = (milliseconds != HELO_FOREVER).then(|| Duration::from_millis(milliseconds.into()));
        OwnServer::of(server)?.wait(within)
    })
}

/// Where the server listens, with the port that it got, as helo_new() takes it: "smtp://127.0.0.1:2525", "smtps://[::1]:465",
/// "lmtp://...", "unix:/path", "lmtp+unix:/path". `index` counts from 0. It is written to `buffer`; returns the length that
/// the whole needs without the NUL: if that is `size` or more, the buffer is too small and what was written is cut. 0: there
/// is no such place, or the server does not run.
///
/// # Safety
/// `buffer` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_address(
    server: helo_server,
    index: u32,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    let mut length = 0;
    call("helo_server_address", || {
        let place = place(server, index)?;
        // SAFETY: as this function's own contract has it.
        length = unsafe { copy_out(&url(&place), buffer, size) };
        Ok(())
    });
    length
}

/// The port of such a place; 0 if there is no such place, if it is a path, or if the server does not run.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_port(server: helo_server, index: u32) -> c_int {
    let mut port = 0;
    call("helo_server_port", || {
        if let Place::Internet(address) = place(server, index)?.place {
            port = address.port().into();
        }
        Ok(())
    });
    port
}

/// Reads what has happened since the server was made. From any thread and from inside callbacks.
///
/// # Safety
/// `counts` is NULL or leads to a helo_server_counts whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_get_counts(server: helo_server, counts: *mut HeloServerCounts) -> HeloStatus {
    call("helo_server_get_counts", || {
        let current = OwnServer::of(server)?.counts();
        // SAFETY: as this function's own contract has it.
        unsafe { hand_out(counts, current) }
    })
}

fn place(server: helo_server, index: u32) -> Result<Listening, Refusal> {
    let mut listening = OwnServer::of(server)?.listening();
    let index = index as usize;
    if index < listening.len() {
        return Ok(listening.swap_remove(index));
    }
    let words = match listening.len() {
        0 => String::from("the server does not run, so it listens nowhere"),
        count => format!("the server listens at {count} places, counted from 0"),
    };
    Err(Refusal::new(HeloStatus::HeloNoResult, words))
}

fn url(listening: &Listening) -> String {
    match &listening.place {
        Place::Path(path) => {
            let scheme = if listening.lmtp { "lmtp+unix" } else { "unix" };
            format!("{scheme}:{}", path.display())
        }
        place => format!("{}://{place}", listening.protocol()),
    }
}
