//! A spool of the tests: it keeps mails in memory, and can be told to refuse or to wait.

use helo::server::spool::{Confirmation, Delivery, Envelope, Refusal, Result, Spool};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex};

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct KeptMail {
    pub envelope: Envelope,
    pub message: Vec<u8>,
}

impl KeptMail {
    pub fn from(&self) -> &str {
        self.envelope.from.mailbox().map_or("", |mailbox| mailbox.as_str())
    }

    pub fn to(&self) -> Vec<&str> {
        self.envelope.recipients.iter().map(|recipient| recipient.to.mailbox().as_str()).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.message).expect("text")
    }
}

#[derive(Default)]
struct State {
    mails: Vec<KeptMail>,
    /// Mails begun and neither taken nor given up.
    open: usize,
    given_up: usize,
}

/// Clones share the mails.
#[derive(Clone, Default)]
pub struct Kept {
    state: Arc<(Mutex<State>, Condvar)>,
    blocks: bool,
    /// A refusal for mails from a sender that has this in it.
    gate: Option<Arc<Mutex<Receiver<()>>>>,
}

impl Kept {
    /// Its calls run on the thread of the sessions.
    pub fn new() -> Kept {
        Kept::default()
    }

    /// Its calls run on workers.
    pub fn blocking() -> Kept {
        Kept { blocks: true, ..Kept::default() }
    }

    /// Mails from `slow@...` are finished only when something can be received from the gate, or its other end is gone.
    pub fn gated(gate: Receiver<()>) -> Kept {
        Kept { blocks: true, gate: Some(Arc::new(Mutex::new(gate))), ..Kept::default() }
    }

    pub fn mails(&self) -> Vec<KeptMail> {
        self.state.0.lock().expect("no panic").mails.clone()
    }

    /// Waits until so many mails were given up, and none is under way.
    pub fn wait_given_up(&self, count: usize) {
        let state = self.state.0.lock().expect("no panic");
        let late = |state: &mut State| state.given_up < count || state.open > 0;
        let (_state, waited) =
            self.state.1.wait_timeout_while(state, std::time::Duration::from_secs(60), late).expect("no panic");
        assert!(!waited.timed_out(), "{count} mails were to be given up");
    }

    /// Waits until so many mails are under way.
    pub fn wait_open(&self, count: usize) {
        let state = self.state.0.lock().expect("no panic");
        let (_state, waited) = self
            .state
            .1
            .wait_timeout_while(state, std::time::Duration::from_secs(60), |state| state.open < count)
            .expect("no panic");
        assert!(!waited.timed_out(), "{count} mails were to be begun");
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.0.lock().expect("no panic"));
        self.state.1.notify_all();
    }
}

impl Spool for Kept {
    fn blocks(&self) -> bool {
        self.blocks
    }

    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        if envelope.from.as_str().contains("nobegin") {
            return Err(Refusal::full());
        }
        self.change(|state| state.open += 1);
        let mail = KeptMail { envelope: envelope.clone(), message: Vec::new() };
        Ok(Box::new(Keeping { kept: self.clone(), mail: Some(mail) }))
    }
}

struct Keeping {
    kept: Kept,
    mail: Option<KeptMail>,
}

impl Delivery for Keeping {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        let mail = self.mail.as_mut().expect("open");
        if mail.envelope.from.as_str().contains("nowrite") {
            return Err(Refusal::full());
        }
        mail.message.extend_from_slice(piece);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        let mail = self.mail.as_ref().expect("open");
        if mail.envelope.from.as_str().contains("nofinish") {
            return Err(Refusal::new(554, (6, 0), "Not this message"));
        }
        if let Some(gate) = self.kept.gate.as_ref().filter(|_| mail.envelope.from.as_str().contains("slow")) {
            let _ = gate.lock().expect("no panic").recv();
        }
        let answers = mail.envelope.recipients.iter().map(|recipient| match recipient.to.as_str() {
            to if to.contains("full") => Err(Refusal::new(452, (2, 2), "Mailbox full")),
            _ => Ok("Kept".to_owned()),
        });
        let confirmation = match mail.envelope.answers_each() {
            true => Confirmation::Each(answers.collect()),
            false => Confirmation::All("Kept".to_owned()),
        };
        let mail = self.mail.take().expect("open");
        self.kept.change(|state| {
            state.mails.push(mail);
            state.open -= 1;
        });
        Ok(confirmation)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        if self.mail.is_some() {
            self.kept.change(|state| {
                state.open -= 1;
                state.given_up += 1;
            });
        }
    }
}
