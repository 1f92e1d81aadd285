//! The program as the place where mail goes.

use super::answer::{About, Room, TEXT, answer};
use super::facts::{Facts, HeloFacts};
use super::inside::Inside;
use crate::capi::User;
use crate::server::spool::{Confirmation, Delivery, Envelope, Refusal, Result, Spool};
use std::ffi::{c_char, c_int, c_void};

/// A mail begins: all its recipients are known. Its answer is that of a helo_ask_fn; after a yes `data`, `end` and
/// `close` get the pointer that it stored in `mail` (NULL unless it did). A refusal answers DATA or the first BDAT, and
/// nothing more is called for this mail.
pub type HeloBeginFn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        facts: *const HeloFacts,
        mail: *mut *mut c_void,
        text: *mut c_char,
        size: usize,
    ) -> c_int,
>;

/// The next piece of the message: dots unstuffed, lines ending in CRLF (binary mails: as they are), split anywhere. A
/// refusal gives the mail up: the rest is read and dropped, and this is the answer to its end.
pub type HeloDataFn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        mail: *mut c_void,
        bytes: *const c_void,
        length: usize,
        text: *mut c_char,
        size: usize,
    ) -> c_int,
>;

/// The message is complete. A yes confirms it to the client: from then on it is the program's to keep, so say yes when it
/// is safe. The text of a yes is sent, too: "Saved as 4711".
pub type HeloEndFn =
    Option<unsafe extern "C" fn(user: *mut c_void, mail: *mut c_void, text: *mut c_char, size: usize) -> c_int>;

/// After `end` has said yes: has this recipient the mail, by the number that he had in `facts`? Over LMTP it is the answer
/// for him. Over SMTP, which has one answer for all, the worst one is sent, "later" before "never".
pub type HeloRecipientFn = Option<
    unsafe extern "C" fn(user: *mut c_void, mail: *mut c_void, recipient: u32, text: *mut c_char, size: usize) -> c_int,
>;

/// The library has done with a mail, and does not use its pointer again. `abort` 1: it was given up, by a refusal, by the
/// client or because the connection broke: nothing of it may remain. 0: `end` has said yes.
pub type HeloCloseMailFn = Option<unsafe extern "C" fn(user: *mut c_void, mail: *mut c_void, abort: c_int)>;

/// Functions that take the mail, see helo_server_set_spool(). For one mail they come one after the other, not always on the
/// same thread: `begin`, and after its yes `data` as often as it takes, `end`, `recipient` for each, and in any case
/// `close`, once. After a no of `begin` none of them comes.
#[repr(C)]
pub struct HeloSpool {
    /// sizeof(helo_spool).
    pub size: usize,
    /// Handed to the functions.
    pub user: *mut c_void,
    /// A mail begins.
    pub begin: HeloBeginFn,
    /// A piece of the message.
    pub data: HeloDataFn,
    /// Its end.
    pub end: HeloEndFn,
    /// Each recipient's own answer; may be NULL: that of `end` is for all.
    pub recipient: HeloRecipientFn,
    /// The mail is over; may be NULL.
    pub close: HeloCloseMailFn,
}

/// [`HeloSpool`], checked.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    user: User,
    begin: unsafe extern "C" fn(*mut c_void, *const HeloFacts, *mut *mut c_void, *mut c_char, usize) -> c_int,
    data: unsafe extern "C" fn(*mut c_void, *mut c_void, *const c_void, usize, *mut c_char, usize) -> c_int,
    end: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_char, usize) -> c_int,
    recipient: HeloRecipientFn,
    close: HeloCloseMailFn,
}

impl Functions {
    /// `None` if one is missing that is needed.
    pub(crate) fn of(spool: &HeloSpool) -> Option<Functions> {
        Some(Functions {
            user: User::new(spool.user),
            begin: spool.begin?,
            data: spool.data?,
            end: spool.end?,
            recipient: spool.recipient,
            close: spool.close,
        })
    }
}

/// The program's functions as a spool.
pub(crate) struct OwnSpool {
    pub(crate) server: u32,
    pub(crate) functions: Functions,
}

impl Spool for OwnSpool {
    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        let facts = Facts::of_mail(self.server, envelope);
        let mut room = Room::new();
        let mut mail = std::ptr::null_mut();
        let inside = Inside::of(self.server);
        // SAFETY: the program gave this function for this purpose; facts, place and room live until it returns.
        let code = unsafe {
            (self.functions.begin)(self.functions.user.as_ptr(), facts.shown(), &raw mut mail, room.place(), TEXT)
        };
        drop(inside);
        answer("begin", About::Keeping, code, &room)?;
        let recipients = u32::try_from(envelope.recipients.len()).unwrap_or(u32::MAX);
        let (server, functions) = (self.server, self.functions);
        Ok(Box::new(OwnMail { server, functions, mail: User::new(mail), recipients, open: true }))
    }
}

/// A mail that the program is given.
struct OwnMail {
    server: u32,
    functions: Functions,
    mail: User,
    recipients: u32,
    /// Not closed yet.
    open: bool,
}

impl OwnMail {
    /// Calls one of the functions with room for its words.
    fn call(
        &self,
        name: &str,
        function: impl FnOnce(*mut c_void, *mut c_void, *mut c_char) -> c_int,
    ) -> Result<String> {
        let mut room = Room::new();
        let inside = Inside::of(self.server);
        let code = function(self.functions.user.as_ptr(), self.mail.as_ptr(), room.place());
        drop(inside);
        answer(name, About::Keeping, code, &room).map(|(_, text)| text)
    }

    fn close(&mut self, abort: bool) {
        if !core::mem::replace(&mut self.open, false) {
            return;
        }
        if let Some(close) = self.functions.close {
            let _inside = Inside::of(self.server);
            // SAFETY: the program gave this function for this purpose; it is called once for a mail.
            unsafe { close(self.functions.user.as_ptr(), self.mail.as_ptr(), abort.into()) }
        }
    }
}

impl Delivery for OwnMail {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        if !self.open {
            return Err(Refusal::local("the mail was refused before"));
        }
        let function = self.functions.data;
        // SAFETY: the program gave this function for this purpose; piece and room live until it returns.
        let taken = self.call("data", |user, mail, text| unsafe {
            function(user, mail, piece.as_ptr().cast(), piece.len(), text, TEXT)
        });
        taken.map(drop).inspect_err(|_| self.close(true))
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        if !self.open {
            return Err(Refusal::local("the mail was refused before"));
        }
        let end = self.functions.end;
        // SAFETY: the program gave this function for this purpose; the room lives until it returns.
        let text = self.call("end", |user, mail, text| unsafe { end(user, mail, text, TEXT) })?;
        let text = if text.is_empty() { String::from("Taken") } else { text };
        let Some(recipient) = self.functions.recipient else {
            self.close(false);
            return Ok(Confirmation::All(text));
        };
        let answers = (0..self.recipients).map(|number| {
            // SAFETY: as above.
            let answer =
                self.call("recipient", |user, mail, text| unsafe { recipient(user, mail, number, text, TEXT) });
            answer.map(|own| if own.is_empty() { text.clone() } else { own })
        });
        let answers = answers.collect();
        self.close(false);
        Ok(Confirmation::Each(answers))
    }
}

/// Given up, unless it was closed before.
impl Drop for OwnMail {
    fn drop(&mut self) {
        self.close(true);
    }
}
