//! Making a server and saying what it is to do.

use super::ask::HeloAskFn;
use super::codes::HeloAsk;
use super::log::{HeloLogFn, lines};
use super::spool::{self, HeloSpool};
use super::state::{OwnServer, SERVERS};
use super::users::{self, HeloUsers};
use crate::capi::{Callback, boundary, c_bytes, last_error};
use crate::faces::helo::arguments::path_of;
use crate::faces::helo::arguments::utf8;
use crate::faces::helo::codes::HeloStatus;
use crate::faces::helo::refusal::{Refusal, call};
use crate::faces::helo::transport::taken;
use crate::policy::text;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

/// The handle of a server: what is listened to, who may send, and where mail goes. Never 0, and never that of a delivery.
/// Any thread may use it.
///
/// In a child process made by fork() the parent's servers are bad handles: make and start servers after it. Stop a server
/// before main() returns, so that mails on their way are finished, and before the program unloads its own callbacks.
#[allow(non_camel_case_types)] // as C writes it
pub type helo_server = u32;

/// The largest configuration, and one byte for the settings themselves to refuse.
const TEXT_MAX: usize = (1 << 20) + 1;

/// Makes a server that does nothing yet; 0 if it cannot be made, helo_last_error() says why. Free it with
/// helo_server_free().
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_new() -> helo_server {
    boundary("helo_server_new", 0, || match SERVERS.insert_with(|handle| Arc::new(OwnServer::new(handle.get()))) {
        Ok(handle) => handle.get(),
        Err(why) => {
            last_error::set(format_args!("helo_server_new: {why}"));
            0
        }
    })
}

/// Frees a server; the handle is invalid from here on. One that runs is stopped first, at once: helo_server_stop() it
/// before to do that in order.
///
/// HELO_IN_PROGRESS: from inside one of the server's own callbacks, or one has not returned within five seconds; the server
/// is still there then, stopped, and what the callback uses must stay.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_free(server: helo_server) -> HeloStatus {
    call("helo_server_free", || OwnServer::free(server))
}

/// Sets a key: those of the program helo-server, with the same values ("listen", "maildir", "domains", "users",
/// "tls-certificate", "max-size", ...; docs/helo-server.md and `helo-server --help` have them all). Flags are "yes" or
/// "no". Keys that list something, "listen" and "domains" for two, add to what was said before.
///
/// HELO_BAD_ARGUMENT: there is no such key, or the value is none of it. What it names (files, addresses) is looked at when
/// the server is started. Not while the server runs.
///
/// # Safety
/// `key` and `value` are NULL or lead to texts that end in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_set(server: helo_server, key: *const c_char, value: *const c_char) -> HeloStatus {
    call("helo_server_set", || {
        // SAFETY: as this function's own contract has it.
        let (key, value) = unsafe { (utf8("key", key)?, utf8("value", value)?) };
        OwnServer::of(server)?.change(|state| {
            let set = state.settings.set(key, value);
            set.map_err(|why| Refusal::argument(format!("{}: {why}", key.escape_debug())))
        })
    })
}

/// Sets the keys of a configuration file, a line each: `key = value`, as helo-server reads them. The keys that concern that
/// program itself (log, quiet, stop-within, end-with-input) are none here. On an error, which names the key, nothing has
/// changed.
///
/// # Safety
/// `path` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_config_file(server: helo_server, path: *const c_char) -> HeloStatus {
    call("helo_server_config_file", || {
        // SAFETY: as this function's own contract has it.
        let path = unsafe { path_of(path) }?;
        let server = OwnServer::of(server)?;
        let shown = path.display();
        let text = text::read(&path, TEXT_MAX);
        let text = text.map_err(|why| Refusal::argument(format!("the configuration file {shown}: {why}")))?;
        server.change(|state| state.settings.read(&text).map_err(|why| Refusal::argument(format!("{shown}, {why}"))))
    })
}

/// The same with the text of such a file in memory. At most 1 MiB.
///
/// # Safety
/// `text` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_config_text(server: helo_server, text: *const c_char) -> HeloStatus {
    call("helo_server_config_text", || {
        // SAFETY: as this function's own contract has it.
        let text = unsafe { c_bytes(text, TEXT_MAX) }.map_err(|why| Refusal::of_argument("text", why))?;
        let text = std::str::from_utf8(text).map_err(|_| Refusal::argument("the text is not UTF-8"))?;
        OwnServer::of(server)?.change(|state| state.settings.read(text).map_err(Refusal::argument))
    })
}

/// Has a function decide a question, `ask` (a helo_ask); NULL: it is decided by the keys alone. They come first: whom
/// "domains" and "recipients" refuse, the function is not asked about.
///
/// All callbacks of a server come on threads of the library, the workers (key "workers"), where they may take their time;
/// those of helo_server_serve() on the thread that is in it. Those of one session come one after the other, not always on
/// the same thread; those of different sessions at the same time. No lock is held meanwhile: they may call everything, with
/// three exceptions on the server that called them. helo_server_stop() begins the end and does not wait for it;
/// helo_server_wait() and helo_server_free() return HELO_IN_PROGRESS. They must return: no longjmp() and no exception may
/// leave them. Not while the server runs.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_on_ask(
    server: helo_server,
    ask: c_int,
    function: HeloAskFn,
    user: *mut c_void,
) -> HeloStatus {
    call("helo_server_on_ask", || {
        let ask = HeloAsk::from_number(ask).ok_or_else(|| Refusal::argument("there is no such question"))?;
        OwnServer::of(server)?.change(|state| {
            if let Some(place) = state.asks.get_mut(ask as usize) {
                *place = Callback::new(function, user);
            }
            Ok(())
        })
    })
}

/// Has functions take the mail, in place of the keys that say where it goes ("maildir", "relay", ...); NULL: those again.
/// They are called as those of helo_server_on_ask() are, for several mails at once. The struct is copied.
///
/// # Safety
/// `spool` is NULL or leads to a helo_spool whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_set_spool(server: helo_server, spool: *const HeloSpool) -> HeloStatus {
    call("helo_server_set_spool", || {
        // SAFETY: as this function's own contract has it.
        let functions = match unsafe { taken("helo_spool", spool) }? {
            None => None,
            Some(spool) => {
                let missing = || Refusal::argument("a spool needs the functions begin, data and end");
                Some(spool::Functions::of(&spool).ok_or_else(missing)?)
            }
        };
        OwnServer::of(server)?.change(|state| {
            state.spool = functions;
            Ok(())
        })
    })
}

/// Has functions say who may log in, in place of the key "users"; NULL: that again. They are called as those of
/// helo_server_on_ask() are. The struct is copied.
///
/// # Safety
/// `users` is NULL or leads to a helo_users whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_set_users(server: helo_server, users: *const HeloUsers) -> HeloStatus {
    call("helo_server_set_users", || {
        // SAFETY: as this function's own contract has it.
        let functions = match unsafe { taken("helo_users", users) }? {
            None => None,
            Some(users) => {
                let missing = || Refusal::argument("users need one of the functions look_up, password and token");
                Some(users::Functions::of(&users).ok_or_else(missing)?)
            }
        };
        OwnServer::of(server)?.change(|state| {
            state.users = functions;
            Ok(())
        })
    })
}

/// The function that is told what happens; NULL for none. Not while the server runs.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_on_log(server: helo_server, function: HeloLogFn, user: *mut c_void) -> HeloStatus {
    call("helo_server_on_log", || {
        OwnServer::of(server)?.change(|state| {
            let callback = Callback::new(function, user);
            state.log = callback.map(|callback| Arc::new(lines(server, callback)));
            Ok(())
        })
    })
}
