//! What a session has done for it: the program's decisions and the spool's calls, here or on a worker.

use super::authenticate::Login;
use crate::proto::command::Verb;
use crate::proto::server::AuthText;
use crate::sasl::server::Step;
use crate::server::decide::{Answer, Client};
use crate::server::pool::Turn;
use crate::server::service::Service;
use crate::server::spool::{Confirmation, Delivery, Envelope, Recipient, Refusal, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A mail on its way in.
pub(super) struct Mail {
    pub(super) envelope: Envelope,
    /// None before the spool has begun it, and after it has refused it.
    pub(super) delivery: Option<Box<dyn Delivery>>,
    /// What has arrived and was not given to the spool yet.
    pub(super) piece: Vec<u8>,
    /// How much of the message has arrived.
    pub(super) octets: u64,
    /// The spool has panicked over it.
    broken: bool,
    /// What the envelope takes of memory.
    envelope_held: usize,
}

/// What is to be done.
pub(super) enum Task {
    Connection,
    Hello(Verb, String),
    Sender,
    Recipient(Recipient),
    /// The body comes.
    Begin,
    /// A piece of the body.
    Write,
    /// The rest of the body, and the confirmation.
    Finish,
    /// The mail is given up.
    Drop,
    Ask(Verb, String),
    /// A step of an authentication, with what the client said.
    Login(Box<Login>, Option<AuthText>),
}

/// What came of it.
pub(super) enum Outcome {
    /// Yes, or a refusal.
    Verdict(Result<()>),
    Answer(Result<Answer>),
    Finished(Result<Confirmation>),
    Login(Step),
    /// A login that is not looked at now.
    PutOff,
    /// It panicked.
    Defect,
}

/// Something that may block, to be done by [`Work::run`] on any thread; what comes of it goes back by
/// [`Session::worked`](super::Session::worked).
pub struct Work {
    service: Arc<Service>,
    client: Arc<Client>,
    pub(super) mail: Option<Box<Mail>>,
    pub(super) task: Task,
}

/// What came of a [`Work`].
pub struct Worked {
    pub(super) mail: Option<Box<Mail>>,
    pub(super) task: Task,
    pub(super) outcome: Outcome,
}

impl Work {
    pub(super) fn new(service: &Arc<Service>, client: &Arc<Client>, mail: Option<Box<Mail>>, task: Task) -> Self {
        Work { service: service.clone(), client: client.clone(), mail, task }
    }

    /// Whether it needs a worker; else it is done at once where it comes up.
    pub(super) fn blocks(&self) -> bool {
        let decides = self.service.decide.blocks();
        let spools = self.service.spool.blocks();
        match &self.task {
            Task::Connection | Task::Hello(..) | Task::Sender | Task::Ask(..) => decides,
            Task::Recipient(_) => decides || (spools && self.service.spool.early()),
            // Looking up users and salting passwords take time.
            Task::Login(..) => true,
            Task::Begin | Task::Write => spools,
            Task::Finish => decides || spools,
            Task::Drop => spools && self.mail.as_ref().is_some_and(|mail| mail.delivery.is_some()),
        }
    }

    /// Whether it is a step of a login, which has workers of its own; and its turn there.
    pub(in crate::server) fn login(&self) -> Option<Turn> {
        match &self.task {
            Task::Login(login, _) => Some(login.turn()),
            _ => None,
        }
    }

    /// There are so many logins that this one is not looked at; or the server ends.
    pub(in crate::server) fn put_off(self) -> Worked {
        Worked { mail: self.mail, task: self.task, outcome: Outcome::PutOff }
    }

    /// Does it, on the thread that calls. A panic in it becomes a refusal.
    pub fn run(mut self) -> Worked {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.outcome())).unwrap_or(Outcome::Defect);
        if let (Outcome::Defect, Some(mail)) = (&outcome, &mut self.mail) {
            // Whatever it left half done is not gone on with.
            mail.broken |= mail.delivery.take().is_some();
        }
        Worked { mail: self.mail, task: self.task, outcome }
    }

    fn outcome(&mut self) -> Outcome {
        let (decide, client) = (&self.service.decide, &*self.client);
        match (&mut self.task, &mut self.mail) {
            (Task::Connection, _) => Outcome::Verdict(decide.connection(client)),
            (Task::Hello(verb, name), _) => Outcome::Verdict(decide.hello(client, *verb, name)),
            (Task::Ask(verb, about), _) => Outcome::Answer(decide.ask(client, *verb, about)),
            (Task::Login(login, text), _) => Outcome::Login(login.step(text.as_ref())),
            (Task::Sender, Some(mail)) => Outcome::Verdict(decide.sender(client, &mail.envelope)),
            (Task::Recipient(recipient), Some(mail)) => {
                let verdict = decide.recipient(client, &mail.envelope, recipient);
                Outcome::Verdict(verdict.and_then(|()| mail.add(&self.service, recipient)))
            }
            (Task::Begin, Some(mail)) => Outcome::Verdict(mail.begin(&self.service)),
            (Task::Write, Some(mail)) => Outcome::Verdict(mail.write()),
            (Task::Finish, Some(mail)) => Outcome::Finished(mail.finish(&self.service, client)),
            (Task::Drop, _) => {
                self.mail = None;
                Outcome::Verdict(Ok(()))
            }
            // A mail's tasks come with the mail.
            (_, None) => Outcome::Verdict(Err(Refusal::local("the mail is gone"))),
        }
    }
}

impl Mail {
    pub(super) fn new(envelope: Envelope) -> Self {
        let envelope_held = envelope.octets();
        Mail { envelope, delivery: None, piece: Vec::new(), octets: 0, broken: false, envelope_held }
    }

    /// What it holds of memory, in octets.
    pub(super) fn held(&self) -> usize {
        self.envelope_held + self.piece.capacity() + self.delivery.as_ref().map_or(0, |delivery| delivery.held())
    }

    /// Takes what has arrived, to be written later; no more memory than for `most` octets, if that is enough.
    pub(super) fn gather(&mut self, part: &[u8], most: usize) -> Result<()> {
        let length = self.piece.len() + part.len();
        if length > self.piece.capacity() {
            let wanted = length.next_power_of_two().min(most).max(length);
            let more = wanted - self.piece.len();
            let taken = self.piece.try_reserve_exact(more);
            taken.map_err(|why| Refusal::full().because(format!("{more} octets of memory for a message: {why}")))?;
        }
        self.piece.extend_from_slice(part);
        Ok(())
    }

    fn add(&mut self, service: &Service, recipient: &Recipient) -> Result<()> {
        if service.spool.early() {
            self.begin(service)?;
            if let Some(delivery) = &mut self.delivery {
                delivery.recipient(recipient)?;
            }
        }
        self.envelope.recipients.push(recipient.clone());
        self.envelope_held += recipient.octets();
        Ok(())
    }

    fn begin(&mut self, service: &Service) -> Result<()> {
        if self.broken {
            return Err(Refusal::local("the spool has panicked over this mail before"));
        }
        if self.delivery.is_none() {
            self.delivery = Some(service.spool.begin(&self.envelope)?);
        }
        Ok(())
    }

    /// Gives a piece to the spool; after a refusal the mail is gone from it.
    pub(super) fn put(&mut self, piece: &[u8]) -> Result<()> {
        let written = match &mut self.delivery {
            Some(delivery) => delivery.write(piece),
            None => Err(Refusal::local("a piece of a mail that was not begun")),
        };
        if written.is_err() {
            self.delivery = None;
        }
        written
    }

    fn write(&mut self) -> Result<()> {
        // A client that is slow holds no memory that it does not need.
        let piece = core::mem::take(&mut self.piece);
        self.put(&piece)
    }

    fn finish(&mut self, service: &Service, client: &Client) -> Result<Confirmation> {
        if !self.piece.is_empty() {
            self.write()?;
        }
        if let Err(refusal) = service.decide.message(client, &self.envelope, self.octets) {
            self.delivery = None;
            return Err(refusal);
        }
        match self.delivery.take() {
            Some(delivery) => delivery.finish(),
            None => Err(Refusal::local("the end of a mail that was not begun")),
        }
    }
}
