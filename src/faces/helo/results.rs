//! Results and progress, as C sees them.

use super::arguments::hand_out;
use super::codes::{HeloCause, HeloPhase, HeloStatus, HeloTrace};
use super::delivery::Delivery;
use super::refusal::{Refusal, call_at_once};
use super::setup::helo_delivery;
use crate::capi::Callback;
use crate::client::delivery::{Outcome, Progress};
use crate::client::trace::Observer;
use std::ffi::{CString, c_char, c_int, c_void};

/// What became of one recipient of one mail.
///
/// A program built with an older header may get the front part only, one built with a newer header finds the rest
/// zeroed: `size` says how much there is.
#[repr(C)]
pub struct HeloResult {
    /// For helo_get_result(): set it to sizeof(helo_result) before the call.
    pub size: usize,
    /// The number of the mail.
    pub mail: u32,
    /// The number of the recipient within the mail.
    pub recipient: u32,
    /// 1: the server has taken the mail for this recipient. 0: it has not, or nobody knows.
    pub delivered: c_int,
    /// Why not.
    pub cause: HeloCause,
    /// Where it went wrong.
    pub phase: HeloPhase,
    /// The reply code that decided it, such as 250 or 550; 0 if no reply did: lost, timed out, cancelled, no SMTP, outcome
    /// unknown. Of mails that were not sent since the server refuses to go on (421), it is that reply's.
    pub code: c_int,
    /// The reply's enhanced status code (RFC 3463), such as 5.1.1: three numbers, all 0 if there was none. HELO_CAUSE_REFUSED
    /// with code 0 and 5.3.4: the message is larger than the server says that it takes (SIZE), so it was not asked; it
    /// would not take it later either.
    pub enhanced_class: c_int,
    /// Its second number.
    pub enhanced_subject: c_int,
    /// Its third number.
    pub enhanced_detail: c_int,
    /// The server's words, or the library's when the server said nothing. After a failure there stands behind them which
    /// recipient and which server it was, who sent the program there (the policy, or that none was found), and what to
    /// try next. Never NULL. Valid until helo_clear() or helo_free(); in a callback until it returns.
    pub text: *const c_char,
}

/// How a run stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HeloProgress {
    /// For helo_get_progress(): set it to sizeof(helo_progress) before the call.
    pub size: usize,
    /// Mails of this run.
    pub mails: u64,
    /// Mails whose recipients all have a result.
    pub mails_done: u64,
    /// Recipients for whom the server has taken the mail.
    pub delivered: u64,
    /// Recipients for whom it has not.
    pub failed: u64,
    /// Bytes handed to the system for sending, commands included.
    pub bytes_sent: u64,
}

/// Called with each recipient's result as soon as it is final, on the thread that is in helo_run().
pub type HeloResultFn = Option<unsafe extern "C" fn(user: *mut c_void, result: *const HeloResult)>;

/// Called when a run has moved on, on the thread that is in helo_run().
pub type HeloProgressFn = Option<unsafe extern "C" fn(user: *mut c_void, progress: *const HeloProgress)>;

/// Shown the traffic, on the thread that is in helo_run(): whole lines, or pieces of a message. `connection` counts the
/// connections of the run from 1. `what` is a helo_trace. The bytes do not end in a NUL. Credentials appear as
/// `<hidden>`.
pub type HeloTraceFn = Option<
    unsafe extern "C" fn(user: *mut c_void, connection: u32, what: HeloTrace, bytes: *const c_char, length: usize),
>;

pub(crate) type OnResult = Callback<unsafe extern "C" fn(*mut c_void, *const HeloResult)>;
pub(crate) type OnProgress = Callback<unsafe extern "C" fn(*mut c_void, *const HeloProgress)>;
pub(crate) type OnTrace = Callback<unsafe extern "C" fn(*mut c_void, u32, HeloTrace, *const c_char, usize)>;

/// A result as it is kept.
pub(crate) struct Stored {
    cause: HeloCause,
    phase: HeloPhase,
    code: u16,
    enhanced: [u16; 3],
    text: CString,
}

impl Stored {
    pub(crate) fn new(outcome: &Outcome) -> Stored {
        let (phase, cause) = match outcome.failure {
            None => (HeloPhase::None, HeloCause::None),
            Some((phase, cause)) => (phase.into(), cause.into()),
        };
        let enhanced = outcome.enhanced.as_ref().map_or([0; 3], |e| [u16::from(e.class), e.subject, e.detail]);
        Stored { cause, phase, code: outcome.code, enhanced, text: c_text(&outcome.text) }
    }

    /// As C gets it. The text is this one's own.
    pub(crate) fn shown(&self, mail: u32, recipient: u32) -> HeloResult {
        HeloResult {
            size: size_of::<HeloResult>(),
            mail,
            recipient,
            delivered: (self.cause == HeloCause::None).into(),
            cause: self.cause,
            phase: self.phase,
            code: self.code.into(),
            enhanced_class: self.enhanced[0].into(),
            enhanced_subject: self.enhanced[1].into(),
            enhanced_detail: self.enhanced[2].into(),
            text: self.text.as_ptr(),
        }
    }
}

/// A text for C; a NUL in it would end it early.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', " ")).unwrap_or_default())
}

impl From<&Progress> for HeloProgress {
    fn from(progress: &Progress) -> Self {
        HeloProgress {
            size: size_of::<HeloProgress>(),
            mails: progress.mails,
            mails_done: progress.mails_done,
            delivered: progress.delivered,
            failed: progress.failed,
            bytes_sent: progress.bytes_sent,
        }
    }
}

/// Hands one connection's traffic to the program.
pub(crate) struct Tracer {
    pub(crate) callback: Option<OnTrace>,
    pub(crate) connection: u32,
}

impl Tracer {
    fn show(&self, what: HeloTrace, bytes: &[u8]) {
        let Some(Callback { function, user }) = self.callback else { return };
        // SAFETY: the program gave this function for this purpose, and the bytes live until it returns.
        unsafe { function(user.as_ptr(), self.connection, what, bytes.as_ptr().cast(), bytes.len()) }
    }
}

impl Observer for Tracer {
    fn sent(&mut self, bytes: &[u8]) {
        self.show(HeloTrace::Sent, bytes);
    }
    fn received(&mut self, bytes: &[u8]) {
        self.show(HeloTrace::Received, bytes);
    }
    fn note(&mut self, text: &str) {
        self.show(HeloTrace::Note, text.as_bytes());
    }
}

/// Reads the result of a recipient: `mail` as helo_add_mail() numbered it, `recipient` as helo_add_recipient() did.
///
/// From any thread, also while a run is at work and from inside callbacks; HELO_NO_RESULT until it is final. Results
/// stay until helo_clear() or helo_free().
///
/// # Safety
/// `result` is NULL or leads to a helo_result whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_get_result(
    delivery: helo_delivery,
    mail: u32,
    recipient: u32,
    result: *mut HeloResult,
) -> HeloStatus {
    call_at_once("helo_get_result", || {
        let delivery = Delivery::of(delivery)?;
        let state = delivery.state();
        let entry = state.entries.get(mail as usize);
        let entry = entry.ok_or_else(|| Refusal::argument("the delivery has no mail of this number"))?;
        let recipients = entry.mail.as_ref().map_or(entry.results.len(), |mail| mail.recipients.len());
        if recipient as usize >= recipients {
            return Err(Refusal::argument("the mail has no recipient of this number"));
        }
        let stored = entry.results.get(recipient as usize).and_then(Option::as_ref);
        let stored = stored.ok_or_else(|| Refusal::new(HeloStatus::HeloNoResult, "there is no result yet"))?;
        // SAFETY: `result` is as this function's own contract has it.
        unsafe { hand_out(result, stored.shown(mail, recipient)) }
    })
}

/// Reads how the run stands, or how the last one ended. From any thread and from inside callbacks.
///
/// # Safety
/// `progress` is NULL or leads to a helo_progress whose `size` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_get_progress(delivery: helo_delivery, progress: *mut HeloProgress) -> HeloStatus {
    call_at_once("helo_get_progress", || {
        let delivery = Delivery::of(delivery)?;
        let current = HeloProgress::from(&delivery.state().progress);
        // SAFETY: `progress` is as this function's own contract has it.
        unsafe { hand_out(progress, current) }
    })
}
