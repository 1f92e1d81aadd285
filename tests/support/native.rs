//! The native C face as tests call it: through its exported functions, with results as plain values.

use helo::faces::helo::*;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

/// A delivery; freed when dropped.
pub struct Native(pub helo_delivery);

/// A result as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub mail: u32,
    pub recipient: u32,
    pub delivered: bool,
    pub cause: HeloCause,
    pub phase: HeloPhase,
    pub code: c_int,
    pub enhanced: (c_int, c_int, c_int),
    pub text: String,
}

impl Seen {
    /// Copies what a callback or `helo_get_result` gave.
    pub fn of(result: &HeloResult) -> Seen {
        Seen {
            mail: result.mail,
            recipient: result.recipient,
            delivered: result.delivered == 1,
            cause: result.cause,
            phase: result.phase,
            code: result.code,
            enhanced: (result.enhanced_class, result.enhanced_subject, result.enhanced_detail),
            // SAFETY: the library's text, valid at this moment.
            text: unsafe { CStr::from_ptr(result.text) }.to_string_lossy().into_owned(),
        }
    }
}

/// The text for C.
pub fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL in a test's text")
}

/// A text of the library.
pub fn words(pointer: *const c_char) -> String {
    // SAFETY: what the library's text functions return: never NULL, ended by a NUL.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

/// Why the last call failed.
pub fn last_error() -> String {
    words(helo_last_error())
}

impl Native {
    pub fn new(server: &str) -> Native {
        // SAFETY: a text.
        let handle = unsafe { helo_new(c(server).as_ptr()) };
        assert_ne!(handle, 0, "{}", last_error());
        Native(handle)
    }

    /// To a server of a test.
    pub fn to(address: std::net::SocketAddr) -> Native {
        Native::new(&format!("smtp://{address}"))
    }

    /// Without a server: over transports given later.
    pub fn without_server() -> Native {
        // SAFETY: NULL is allowed.
        Native(unsafe { helo_new(ptr::null()) })
    }

    pub fn level(self, level: HeloLevel) -> Native {
        assert_eq!(helo_set_level(self.0, level as c_int), HeloStatus::HeloOk);
        self
    }

    /// A mail with its recipients and no body yet.
    pub fn envelope(&self, sender: &str, recipients: &[&str]) -> u32 {
        let mut mail = u32::MAX;
        // SAFETY: texts and a place for the number.
        let status = unsafe { helo_add_mail(self.0, c(sender).as_ptr(), &raw mut mail) };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
        for recipient in recipients {
            // SAFETY: a text; NULL is allowed.
            let status = unsafe { helo_add_recipient(self.0, mail, c(recipient).as_ptr(), ptr::null_mut()) };
            assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
        }
        mail
    }

    /// A mail with a body that lives as long as the program.
    pub fn mail(&self, sender: &str, recipients: &[&str], body: &'static [u8]) -> u32 {
        let mail = self.envelope(sender, recipients);
        // SAFETY: the bytes stay.
        let status = unsafe { helo_set_body(self.0, mail, body.as_ptr().cast(), body.len()) };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
        mail
    }

    pub fn parameter(&self, mail: u32, text: &str) {
        // SAFETY: a text.
        let status = unsafe { helo_set_mail_parameter(self.0, mail, c(text).as_ptr()) };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
    }

    pub fn recipient_parameter(&self, mail: u32, recipient: u32, text: &str) {
        // SAFETY: a text.
        let status = unsafe { helo_set_recipient_parameter(self.0, mail, recipient, c(text).as_ptr()) };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
    }

    /// The same limit for every phase.
    pub fn timeout(&self, milliseconds: u32) {
        assert_eq!(helo_set_timeout(self.0, HeloPhase::None as c_int, milliseconds), HeloStatus::HeloOk);
    }

    pub fn run(&self) -> HeloStatus {
        helo_run(self.0)
    }

    /// A result, `None` while there is none.
    pub fn result(&self, mail: u32, recipient: u32) -> Option<Seen> {
        let mut result = empty_result();
        // SAFETY: a whole struct with its size.
        match unsafe { helo_get_result(self.0, mail, recipient, &raw mut result) } {
            HeloStatus::HeloOk => Some(Seen::of(&result)),
            HeloStatus::HeloNoResult => None,
            other => panic!("helo_get_result: {other:?}: {}", last_error()),
        }
    }

    /// A result that must be there.
    pub fn seen(&self, mail: u32, recipient: u32) -> Seen {
        self.result(mail, recipient).unwrap_or_else(|| panic!("mail {mail}, recipient {recipient}: no result"))
    }

    pub fn progress(&self) -> HeloProgress {
        let mut progress = HeloProgress {
            size: size_of::<HeloProgress>(),
            mails: 0,
            mails_done: 0,
            delivered: 0,
            failed: 0,
            bytes_sent: 0,
        };
        // SAFETY: a whole struct with its size.
        assert_eq!(unsafe { helo_get_progress(self.0, &raw mut progress) }, HeloStatus::HeloOk);
        progress
    }

    /// `told` hears every result of the runs that follow; it must live as long as they go on.
    pub fn on_result<F: FnMut(Seen)>(&self, told: &mut F) {
        unsafe extern "C" fn hand_on<F: FnMut(Seen)>(user: *mut c_void, result: *const HeloResult) {
            // SAFETY: `user` is the closure given below, which the test keeps alive; the result lives until we return.
            unsafe { (*user.cast::<F>())(Seen::of(&*result)) }
        }
        let user: *mut F = told;
        assert_eq!(helo_on_result(self.0, Some(hand_on::<F>), user.cast()), HeloStatus::HeloOk);
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        helo_free(self.0);
    }
}

/// A struct to be filled.
pub fn empty_result() -> HeloResult {
    HeloResult {
        size: size_of::<HeloResult>(),
        mail: 0,
        recipient: 0,
        delivered: 0,
        cause: HeloCause::None,
        phase: HeloPhase::None,
        code: 0,
        enhanced_class: 0,
        enhanced_subject: 0,
        enhanced_detail: 0,
        text: ptr::null(),
    }
}
