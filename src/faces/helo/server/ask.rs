//! The program's decisions.

use super::answer::{About, Room, answer};
use super::codes::HeloAsk;
use super::facts::{Facts, HeloFacts};
use super::inside::Inside;
use crate::capi::Callback;
use crate::proto::command::Verb;
use crate::server::spool::{Envelope, Recipient, Result};
use crate::server::{AcceptAll, Answer, Client, Decide};
use std::ffi::{c_char, c_int, c_void};

/// Decides: 0 is yes. A reply code from 400 to 599 is no, 4xx for now and 5xx for good; 421 closes the connection. `text`
/// has room for `size` bytes and begins as ""; what the function writes there, up to a NUL, are the words of the reply: in
/// lines with \n between them, ASCII, beginning with an enhanced code such as "5.1.1" or without. A function that answers
/// with anything else is broken: the client gets 451, and the log says what came.
pub type HeloAskFn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        ask: HeloAsk,
        facts: *const HeloFacts,
        text: *mut c_char,
        size: usize,
    ) -> c_int,
>;

pub(crate) type OnAsk =
    Callback<unsafe extern "C" fn(*mut c_void, HeloAsk, *const HeloFacts, *mut c_char, usize) -> c_int>;

/// A function for each question, or none.
pub(crate) type Asks = [Option<OnAsk>; HeloAsk::ALL.len()];

/// Asks the program.
pub(crate) struct Asker {
    pub(crate) server: u32,
    pub(crate) asks: Asks,
}

impl Asker {
    /// Whether there is a function for this question.
    pub(crate) fn asks_for(&self, what: HeloAsk) -> bool {
        self.function(what).is_some()
    }

    fn function(&self, what: HeloAsk) -> Option<OnAsk> {
        self.asks.get(what as usize).copied().flatten()
    }

    /// Yes with a code, or 0, and a text, or no; `None` if there is no function to ask.
    fn ask(&self, what: HeloAsk, facts: impl FnOnce() -> Facts) -> Result<Option<(u16, String)>> {
        let Some(callback) = self.function(what) else { return Ok(None) };
        let facts = facts();
        let mut room = Room::new();
        let inside = Inside::of(self.server);
        // SAFETY: the program gave this function for this purpose; facts and room live until it returns, and the room is
        // as large as it is told.
        let code = unsafe {
            (callback.function)(callback.user.as_ptr(), what, facts.shown(), room.place(), super::answer::TEXT)
        };
        drop(inside);
        answer(what.name(), About::Welcome, code, &room).map(Some)
    }

    fn decide(&self, what: HeloAsk, facts: impl FnOnce() -> Facts) -> Result<()> {
        self.ask(what, facts).map(drop)
    }
}

impl Decide for Asker {
    fn connection(&self, client: &Client) -> Result<()> {
        self.decide(HeloAsk::Connection, || Facts::of_client(self.server, client))
    }

    fn hello(&self, client: &Client, _verb: Verb, name: &str) -> Result<()> {
        self.decide(HeloAsk::Hello, || Facts::of_client(self.server, client).about(name, &[]))
    }

    fn sender(&self, client: &Client, mail: &Envelope) -> Result<()> {
        self.decide(HeloAsk::Sender, || Facts::of_client(self.server, client).with_mail(mail))
    }

    fn recipient(&self, client: &Client, mail: &Envelope, recipient: &Recipient) -> Result<()> {
        self.decide(HeloAsk::Recipient, || {
            let facts = Facts::of_client(self.server, client).with_mail(mail);
            facts.about(recipient.to.mailbox().as_str(), &recipient.params)
        })
    }

    fn message(&self, client: &Client, mail: &Envelope, octets: u64) -> Result<()> {
        self.decide(HeloAsk::Message, || {
            Facts::of_client(self.server, client).with_mail(mail).with_recipients(mail).octets(octets)
        })
    }

    fn ask(&self, client: &Client, verb: Verb, about: &str) -> Result<Answer> {
        let (what, usual) = match verb {
            Verb::Vrfy => (HeloAsk::Verify, 252),
            Verb::Expn => (HeloAsk::Expand, 250),
            _ => return AcceptAll.ask(client, verb, about),
        };
        match Asker::ask(self, what, || Facts::of_client(self.server, client).about(about, &[]))? {
            Some((code, text)) if !text.is_empty() => Ok(Answer { code: if code == 0 { usual } else { code }, text }),
            // It says nothing about it: what is said without a function.
            _ => AcceptAll.ask(client, verb, about),
        }
    }
}
