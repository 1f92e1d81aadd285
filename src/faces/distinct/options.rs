//! `smtp_opts`: what can be set for each connection.

use super::codes::{Refusal, SMTP_INVALID_OPTION};
use super::ctypes::{BufferProc, DWORD_PTR, GLOBALHANDLE, WORD, YieldProc};
use super::entry::{call, shown_handle};
use super::handle::Slot;
use super::numbers;
use super::shared::{Shared, Yielding};
use crate::capi::write_out;
use crate::policy::Kind;
use std::ffi::c_int;
use std::time::Duration;

/// Yield while waiting, value: a function int WINAPI proc(void) that is called often, or 0 for the library's own, which on
/// Windows handles the messages of the calling thread and elsewhere does nothing.
pub const OPT_YIELD_ON: c_int = 1;
/// Do not yield. value: 0.
pub const OPT_YIELD_OFF: c_int = 2;
/// Change what callbacks get as lParam. value: the new one.
pub const OPT_SET_PARAM: c_int = 3;
/// Get what callbacks get as lParam. value: the address of a DWORD_PTR, which is 8 bytes on 64-bit systems (as is a
/// DWORD of libhelo's windows.h, but not of 64-bit Windows).
pub const OPT_GET_PARAM: c_int = 4;
/// Change the debug callback. value: the function, or 0 for none.
pub const OPT_DEBUG: c_int = 5;
/// Change how long the server's answers are waited for. value: 1 to 999 seconds.
pub const OPT_TIMEOUT: c_int = 6;

/// Sets an option of a connection, also while a call runs on it. A new timeout holds from the next command on.
///
/// option: one of OPT_YIELD_ON, OPT_YIELD_OFF, OPT_SET_PARAM, OPT_GET_PARAM, OPT_DEBUG, OPT_TIMEOUT.
///
/// value: a number or an address, as the option wants it.
///
/// Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE or SMTP_INVALID_OPTION, and SMTP_IN_PROGRESS while smtp_xhelo is making the
/// connection.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn smtp_opts(hConn: GLOBALHANDLE, option: WORD, value: DWORD_PTR) -> c_int {
    call(
        "smtp_opts",
        || format!("{}, {option}, {value:#x}", shown_handle(hConn)),
        || {
            let slot = Slot::connected(hConn)?;
            // SAFETY: the caller passes the address of a DWORD_PTR where the option wants one.
            unsafe { set(&slot.shared, numbers::from_program(Kind::Option, c_int::from(option)), value) }?;
            // A wait under way takes notice of a new yield function.
            if let Ok(waker) = slot.cancel.waker() {
                waker.wake();
            }
            Ok(())
        },
    )
}

/// # Safety
/// For OPT_GET_PARAM `value` is 0 or the address of a writable DWORD_PTR.
unsafe fn set(shared: &Shared, option: c_int, value: DWORD_PTR) -> Result<(), Refusal> {
    match option {
        OPT_YIELD_ON => shared.set_yielding(YieldProc::from_number(value).map_or(Yielding::Library, Yielding::Program)),
        // "must be set to NULL", says the manual, and that it is not used: so it is not looked at.
        OPT_YIELD_OFF => shared.set_yielding(Yielding::Off),
        OPT_SET_PARAM => shared.set_parameter(value),
        OPT_GET_PARAM => {
            let place = std::ptr::with_exposed_provenance_mut::<DWORD_PTR>(value);
            // SAFETY: NULL or a place for a DWORD_PTR, as the caller promises.
            if !unsafe { write_out(place, shared.parameter()) } {
                return Err(invalid("OPT_GET_PARAM needs the address of a DWORD_PTR"));
            }
        }
        OPT_DEBUG => shared.set_debug(BufferProc::from_number(value)),
        OPT_TIMEOUT => match value {
            1..=999 => shared.set_timeout(Duration::from_secs(value as u64)),
            _ => return Err(invalid("a timeout is 1 to 999 seconds")),
        },
        _ => return Err(invalid("there is no such option")),
    }
    Ok(())
}

fn invalid(words: &str) -> Refusal {
    Refusal::new(SMTP_INVALID_OPTION, words)
}
