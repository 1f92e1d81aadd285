//! One mail in one call.

use super::arguments::path_of;
use super::arguments::utf8;
use super::codes::HeloStatus;
use super::delivery::Delivery;
use super::refusal::{Refusal, call};
use crate::client::body::Body;
use crate::policy::target::MailServer;
use std::ffi::c_char;

/// Sends the message in a file to `count` recipients: a delivery of one mail, made, run and freed. Waits until the
/// server has answered; HELO_OK when it took the mail for every recipient. `server` as for helo_new(), `sender` and
/// `recipients` as for helo_add_mail() and helo_add_recipient().
///
/// # Safety
/// Texts are NULL or end in a NUL; `recipients` is NULL or leads to `count` pointers to such texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_send_file(
    server: *const c_char,
    sender: *const c_char,
    recipients: *const *const c_char,
    count: usize,
    path: *const c_char,
) -> HeloStatus {
    call("helo_send_file", || {
        // SAFETY: as this function's own contract has it.
        let (server, sender, path) = unsafe { (utf8("server", server)?, utf8("sender", sender)?, path_of(path)?) };
        if recipients.is_null() || count == 0 || count > isize::MAX as usize / size_of::<usize>() {
            return Err(Refusal::argument("there are no recipients"));
        }
        let delivery = Delivery::new(0, Some(MailServer::parse(server).map_err(Refusal::of_text)?));
        let mut state = delivery.idle()?;
        let mail = state.add_mail(sender)?;
        for number in 0..count {
            // SAFETY: `count` pointers are there, as this function's own contract has it; each is NULL or a text.
            let recipient = unsafe { utf8("recipient", recipients.add(number).read_unaligned()) }?;
            state.add_recipient(mail, recipient)?;
        }
        state.set_body(mail, Body::file(path))?;
        drop(state);
        delivery.run()
    })
}
