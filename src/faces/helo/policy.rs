//! The site's policy from inside the program: another file, or keys of the program's own, for handles of any face.

use super::arguments::path_of;
use super::arguments::utf8;
use super::codes::HeloStatus;
use super::handles::{Named, named};
use super::refusal::{Refusal, call};
use crate::capi::{c_bytes, rights};
#[cfg(feature = "distinct")]
use crate::faces::distinct;
use crate::policy::Policy;
use std::ffi::{c_char, c_int, c_void};

/// From now on this policy file holds for the whole process and all APIs, in place of the one that HELO_CONFIG names or
/// that the user or the system has. NULL: those hold again. The file is read at once, and again whenever it has changed
/// and a connection begins. Connections that are open stay as they are.
///
/// HELO_BAD_POLICY: the file cannot be used; helo_last_error() names its line and key, and what held before still does.
///
/// # Safety
/// `path` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_policy_file(path: *const c_char) -> HeloStatus {
    call("helo_policy_file", || {
        if path.is_null() {
            Policy::choose_found();
            return Ok(());
        }
        // SAFETY: not NULL, so a text by this function's own contract.
        Ok(Policy::choose_file(&unsafe { path_of(path) }?, rights())?)
    })
}

/// The same with the text of a policy file in memory, for programs that keep it elsewhere and for systems without files.
/// It is read at once. NULL as for helo_policy_file(). At most 256 KiB.
///
/// # Safety
/// `text` is NULL or leads to a text that ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_policy_text(text: *const c_char) -> HeloStatus {
    call("helo_policy_text", || {
        if text.is_null() {
            Policy::choose_found();
            return Ok(());
        }
        // SAFETY: not NULL, so a text by this function's own contract.
        let text = unsafe { c_bytes(text, TEXT_MAX) }.map_err(|why| Refusal::of_argument("text", why))?;
        let text = std::str::from_utf8(text).map_err(|_| Refusal::argument("the text is not UTF-8"))?;
        Ok(Policy::choose_text(text, rights())?)
    })
}

/// The longest policy text, and one byte for the policy itself to refuse.
const TEXT_MAX: usize = 256 * 1024 + 1;

/// Sets a key of the policy from inside the program: `key` and `value` are what stands left and right of the = in a
/// policy file, such as "tls" and "always". What is set so holds before what the file says, for connections that begin
/// afterwards. `value` NULL: the file's holds again. All keys set for a handle hold together, as one section of a file;
/// those for a handle before those for its API, and these before those for all.
///
/// `face` (a helo_face) and `handle` say for whom:
///
/// HELO_FACE_ALL, NULL: for the whole process.
/// A face, NULL: for all handles of this API. With HELO_FACE_DISTINCT set them before smtp_helo, which makes the
/// connection together with the handle; of a handle that is there already only the limits of time can be changed, from
/// its next call on.
/// HELO_FACE_HELO, HELO_HANDLE(delivery): for the next helo_run() of a delivery.
/// HELO_FACE_NETX_CLIENT, the NX_SMTP_CLIENT's address: for the mails that the client sends from now on.
///
/// HELO_BAD_HANDLE: there is no such handle. HELO_BAD_ARGUMENT: there is no such key, or the value is none of it;
/// helo_last_error() says which would be. Values that do not go together are the connection's error. From any thread.
///
/// # Safety
/// `key` and `value` are NULL or lead to texts that end in a NUL. `handle` may be anything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_set_key(
    face: c_int,
    handle: *const c_void,
    key: *const c_char,
    value: *const c_char,
) -> HeloStatus {
    call("helo_set_key", || {
        // SAFETY: as this function's own contract has it.
        let key = unsafe { utf8("key", key) }?;
        let value = match value.is_null() {
            true => None,
            // SAFETY: as above, and not NULL.
            false => Some(unsafe { utf8("value", value) }?),
        };
        let set = match named(face, handle)? {
            Named::All(wishes) => wishes.set_key(key, value),
            #[cfg(feature = "native")]
            Named::Delivery(delivery) => delivery.wishes.set_key(key, value),
            #[cfg(feature = "netx-client")]
            Named::NetxClient(wishes) => wishes.set_key(key, value),
            #[cfg(feature = "distinct")]
            Named::Distinct(connection) => {
                return distinct::set_key(&connection, key, value).map_err(Refusal::argument);
            }
        };
        set.map_err(|why| Refusal::argument(why.to_string()))
    })
}
