//! What a thread has called while the library waits on it.

use super::codes::HeloStatus;
use super::refusal::{Refusal, call};
use crate::capi::Callback;
use crate::net::turn;
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use std::time::Duration;

/// Called while a call of the library waits. 0: go on. Anything else ends the call that waits.
pub type HeloWaitFn = Option<unsafe extern "C" fn(user: *mut c_void) -> c_int>;

/// No interval is longer.
const LONGEST: u32 = 60_000;

/// Has `function` called about every so many `milliseconds` (1 to 60000) while a call of the library waits on this thread,
/// whatever its API: helo_run(), helo_server_serve(), helo_server_wait() and helo_server_stop(), smtp_helo() and the rest. For
/// programs in languages that look at signals now and then, and for those that want to give up on a condition of their own,
/// also before there is a handle. NULL: no more of it.
///
/// It holds for the thread that calls this, until that sets another. When the function returns another number than 0, the
/// call that waits ends as if by helo_cancel() or smtp_xquit(), with the API's code for that; a server that was waited for
/// goes on, and only the wait ends (HELO_CANCELLED). Inside the function everything may be called, but not on the
/// handle of the call that waits, except to cancel it. It must return: no longjmp() and no exception may leave it.
///
/// HELO_BAD_ARGUMENT: the interval is none.
#[unsafe(no_mangle)]
pub extern "C" fn helo_on_wait(function: HeloWaitFn, user: *mut c_void, milliseconds: u32) -> HeloStatus {
    call("helo_on_wait", || {
        let Some(callback) = Callback::new(function, user) else {
            turn::set(None);
            return Ok(());
        };
        if !(1..=LONGEST).contains(&milliseconds) {
            return Err(Refusal::argument(format!("the interval is not 1 to {LONGEST} milliseconds")));
        }
        let function = Rc::new(move || {
            // SAFETY: the program gave this function for this purpose.
            unsafe { (callback.function)(callback.user.as_ptr()) == 0 }
        });
        turn::set(Some((function, Duration::from_millis(milliseconds.into()))));
        Ok(())
    })
}
