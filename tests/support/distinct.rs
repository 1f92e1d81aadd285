//! The Distinct face as tests call it: its exported functions with arguments as plain values.

use helo::faces::distinct::close::{smtp_quit, smtp_xquit};
pub use helo::faces::distinct::codes::*;
use helo::faces::distinct::commands::{smtp_noop, smtp_vrfy};
use helo::faces::distinct::data::smtp_data_buf;
use helo::faces::distinct::direct::smtp_direct;
use helo::faces::distinct::listing::{smtp_expn, smtp_help};
use helo::faces::distinct::mail::{smtp_mail, smtp_rcpt, smtp_send};
use helo::faces::distinct::open::smtp_helo;
use helo::faces::distinct::options::{OPT_TIMEOUT, smtp_opts};
use std::ffi::{CString, c_char, c_int, c_void};
use std::net::SocketAddr;
use std::ptr;

/// A connection; closed when dropped.
pub struct Distinct(*mut c_void);

// SAFETY: a handle is a number, and every function takes it from any thread.
unsafe impl Send for Distinct {}

/// The handle alone, for calls from another thread.
#[derive(Clone, Copy)]
pub struct Handle(usize);

impl Handle {
    /// `smtp_xquit`.
    pub fn abort(self) -> c_int {
        // SAFETY: any number may be passed.
        unsafe { smtp_xquit(ptr::without_provenance_mut(self.0)) }
    }
}

/// A text as C has it, which ends at its first NUL.
fn c(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).expect("cut at the NUL")
}

type Text = unsafe extern "system" fn(*mut c_void, *const c_char) -> c_int;

impl Distinct {
    /// `smtp_helo`; the code is that of the failure.
    pub fn open(address: SocketAddr, local: &str) -> Result<Distinct, c_int> {
        Distinct::open_host(&format!("smtp://{address}"), local)
    }

    /// The same for a host as the program names it.
    pub fn open_host(host: &str, local: &str) -> Result<Distinct, c_int> {
        let mut handle = ptr::null_mut();
        let (host, local) = (c(host), c(local));
        // SAFETY: texts and a place for the handle.
        let code = unsafe { smtp_helo(host.as_ptr(), local.as_ptr(), &raw mut handle, None, 0) };
        let open = Distinct(handle);
        if code == SMTP_SUCCESS { Ok(open) } else { Err(code) }
    }

    /// The handle as C has it.
    pub fn raw(&self) -> *const c_void {
        self.0
    }

    pub fn handle(&self) -> Handle {
        Handle(self.0.addr())
    }

    fn tell(&self, function: Text, text: &str) -> c_int {
        // SAFETY: a text.
        unsafe { function(self.0, c(text).as_ptr()) }
    }

    pub fn mail(&self, from: &str) -> c_int {
        self.tell(smtp_mail, from)
    }

    pub fn send(&self, from: &str) -> c_int {
        self.tell(smtp_send, from)
    }

    pub fn rcpt(&self, to: &str) -> c_int {
        self.tell(smtp_rcpt, to)
    }

    pub fn vrfy(&self, name: &str) -> c_int {
        self.tell(smtp_vrfy, name)
    }

    pub fn expn(&self, name: &str) -> c_int {
        // SAFETY: a text; no callback.
        unsafe { smtp_expn(self.0, c(name).as_ptr(), None) }
    }

    pub fn help(&self, topic: &str) -> c_int {
        // SAFETY: as above.
        unsafe { smtp_help(self.0, c(topic).as_ptr(), None) }
    }

    pub fn direct(&self, line: &str) -> c_int {
        // SAFETY: a text; no buffer for the reply.
        unsafe { smtp_direct(self.0, c(line).as_ptr(), ptr::null_mut(), ptr::null_mut()) }
    }

    pub fn noop(&self) -> c_int {
        // SAFETY: a handle.
        unsafe { smtp_noop(self.0) }
    }

    /// The time limit of every phase, in seconds.
    pub fn limit_seconds(&self, seconds: usize) {
        // SAFETY: the value is a number.
        assert_eq!(unsafe { smtp_opts(self.0, OPT_TIMEOUT as u16, seconds) }, SMTP_SUCCESS);
    }

    pub fn piece(&self, bytes: &[u8]) -> c_int {
        // SAFETY: so many bytes.
        unsafe { smtp_data_buf(self.0, bytes.as_ptr().cast(), c_int::try_from(bytes.len()).expect("a small piece")) }
    }

    /// The whole message by `smtp_data_buf`; the first code that is no success.
    pub fn body(&self, pieces: &[&[u8]]) -> c_int {
        let codes = pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| self.piece(piece));
        let failed = codes.into_iter().find(|code| *code != SMTP_SUCCESS);
        failed.unwrap_or_else(|| self.piece(b""))
    }

    /// `smtp_quit`.
    pub fn quit(self) -> c_int {
        let handle = std::mem::ManuallyDrop::new(self).0;
        // SAFETY: a handle.
        unsafe { smtp_quit(handle) }
    }
}

impl Drop for Distinct {
    fn drop(&mut self) {
        // A call with NULL would be the last failing one.
        if !self.0.is_null() {
            self.handle().abort();
        }
    }
}
