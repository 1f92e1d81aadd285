//! What happens in any face: its traffic for a callback, and the last failure for the program to act on.

use super::arguments::hand_out;
use super::codes::{HeloCause, HeloFace, HeloPhase, HeloStatus, HeloTrace};
use super::handles::named;
use super::refusal::call;
use crate::capi::{Callback, boundary, last_error};
use crate::faces::wishes::{OnTraffic, Traffic, What};
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

/// What passes over a connection. Later versions may add members at the end.
#[repr(C)]
pub struct HeloTraffic {
    /// sizeof(helo_traffic) of the library.
    pub size: usize,
    /// Which API the connection belongs to.
    pub face: HeloFace,
    /// The connections of this process, counted from 1.
    pub connection: u32,
    /// The handle as the program has it; HELO_HANDLE(delivery) for a delivery. NULL for helo_send_file().
    pub handle: *const c_void,
    /// Which way it goes.
    pub what: HeloTrace,
    /// Whole lines, a piece of a message, or a remark. Credentials appear as `<hidden>`. No NUL behind them. Valid until
    /// the callback returns.
    pub bytes: *const c_char,
    /// How many bytes there are.
    pub length: usize,
}

/// Shown the traffic of connections, on the thread that drives the connection: mostly that of the program's call, or the
/// library's own while smtp_xhelo makes a connection. It may be called from several threads at once.
pub type HeloTrafficFn = Option<unsafe extern "C" fn(user: *mut c_void, traffic: *const HeloTraffic)>;

/// Where and why the last failing call of this thread failed.
#[repr(C)]
pub struct HeloFailure {
    /// Set it to sizeof(helo_failure) before the call.
    pub size: usize,
    /// Where it went wrong.
    pub phase: HeloPhase,
    /// Why.
    pub cause: HeloCause,
    /// The reply code that decided it, such as 535; 0 if no reply did.
    pub code: c_int,
    /// The reply's enhanced status code (RFC 3463), such as 5.7.8: three numbers, all 0 if there was none.
    pub enhanced_class: c_int,
    /// Its second number.
    pub enhanced_subject: c_int,
    /// Its third number.
    pub enhanced_detail: c_int,
}

/// Shows all traffic to a function: of one handle, of all handles of an API (`handle` NULL), or of the process
/// (HELO_FACE_ALL and NULL); `face` and `handle` as for helo_set_key(). It begins and ends at once, also on connections
/// that are open. A function that is NULL ends it; a call of it that has begun on another thread may still be at work
/// then. Each of the three has one function; all that are set are called.
///
/// Inside the callback everything may be called, but not on the handle that it is told of. It must return: no longjmp() and
/// no exception may leave it.
///
/// HELO_BAD_HANDLE: there is no such handle. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn helo_watch(
    face: c_int,
    handle: *const c_void,
    function: HeloTrafficFn,
    user: *mut c_void,
) -> HeloStatus {
    call("helo_watch", || {
        let watcher = Callback::new(function, user).map(|callback| {
            Arc::new(move |traffic: &Traffic<'_>| {
                let shown = HeloTraffic::from(traffic);
                // SAFETY: the program gave this function for this purpose; what is shown lives until it returns.
                unsafe { (callback.function)(callback.user.as_ptr(), &raw const shown) }
            }) as OnTraffic
        });
        named(face, handle)?.wishes().set_watcher(watcher);
        Ok(())
    })
}

impl From<&Traffic<'_>> for HeloTraffic {
    fn from(traffic: &Traffic<'_>) -> Self {
        HeloTraffic {
            size: size_of::<HeloTraffic>(),
            face: traffic.face.into(),
            connection: traffic.connection,
            handle: std::ptr::without_provenance(traffic.handle),
            what: match traffic.what {
                What::Sent => HeloTrace::Sent,
                What::Received => HeloTrace::Received,
                What::Note => HeloTrace::Note,
            },
            bytes: traffic.bytes.as_ptr().cast(),
            length: traffic.bytes.len(),
        }
    }
}

/// Where and why the last failing call of this thread failed, in numbers; helo_last_error() has the words. That call may
/// be of any API: a program in front of an old one's code learns here what is behind it. Inside the status callback of
/// smtp_xhelo it tells of that connection.
///
/// HELO_NO_RESULT: nothing has failed on this thread, or it was not on a connection but, say, an argument. Like
/// helo_last_error() it changes nothing: it can be asked again.
///
/// # Safety
/// `failure` is NULL or leads to a helo_failure whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_last_failure(failure: *mut HeloFailure) -> HeloStatus {
    boundary("helo_last_failure", HeloStatus::HeloInternal, || {
        let Some(last) = last_error::failure() else { return HeloStatus::HeloNoResult };
        let enhanced = last.enhanced.map_or([0; 3], |e| [u16::from(e.class), e.subject, e.detail]);
        let shown = HeloFailure {
            size: size_of::<HeloFailure>(),
            phase: last.phase.into(),
            cause: last.cause.into(),
            code: last.code.into(),
            enhanced_class: enhanced[0].into(),
            enhanced_subject: enhanced[1].into(),
            enhanced_detail: enhanced[2].into(),
        };
        // SAFETY: as this function's own contract has it.
        match unsafe { hand_out(failure, shown) } {
            Ok(()) => HeloStatus::HeloOk,
            Err(refusal) => refusal.status,
        }
    })
}
