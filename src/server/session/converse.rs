//! What a session does about what the dialogue says.

use super::memory::LOGIN;
use super::work::{Mail, Outcome, Task, Work, Worked};
use super::{Session, Working};
use crate::proto::address::ReversePath;
use crate::proto::command::{Parameter, Verb};
use crate::proto::reply::Reply;
use crate::proto::server::{Event, Refused};
use crate::server::log::What;
use crate::server::spool::{Confirmation, Envelope, Head, Protocol, Recipient, Refusal, new_id};

/// So much of a message is gathered before a worker writes it.
pub(super) const PIECE: usize = 64 * 1024;

/// After so many commands of one client the others have their turn.
pub(super) const COMMANDS: usize = 512;

/// Why the conversation pauses.
pub(super) enum Pause {
    /// All input is used up.
    NeedMore,
    /// It is the turn of others.
    Turn,
    /// The client does not read.
    Full,
    /// Something has to be done first.
    Work,
    /// TLS begins.
    Handshake,
    Closed,
}

impl Session {
    /// Takes input as long as nothing has to be waited for.
    pub(super) fn converse(&mut self, input: &mut &[u8]) -> Pause {
        let mut commands = 0;
        while commands < COMMANDS {
            commands += 1;
            match self.dialogue.advance(input) {
                Event::NeedMore => return Pause::NeedMore,
                Event::OutputFull => return Pause::Full,
                Event::Unanswered => return Pause::Work,
                Event::Handshake => return Pause::Handshake,
                Event::Closed => return Pause::Closed,
                Event::Connect => self.ask(Task::Connection),
                Event::Hello { verb, name } => self.ask(Task::Hello(verb, name)),
                Event::StartTls if !self.has_room_for_tls() => self.no_tls(),
                Event::StartTls => self.dialogue.answer(&Reply::new(220, "Begin TLS")),
                Event::Auth { mechanism, .. } if !self.has_room(LOGIN) => self.no_login(&mechanism),
                Event::Auth { mechanism, initial } => self.authenticate(mechanism, initial),
                Event::AuthResponse(answer) => self.authentication_goes_on(answer),
                Event::AuthCancelled => self.authentication_given_up(),
                Event::Mail { from, params, .. } => {
                    let mail = Mail::new(self.envelope(from, params));
                    let room = self.has_room(mail.held());
                    self.mail = Some(Box::new(mail));
                    self.ask_within(room, Task::Sender);
                }
                Event::Rcpt { to, params, .. } => {
                    let recipient = Recipient::with(to, params);
                    let room = self.has_room(recipient.octets());
                    self.ask_within(room, Task::Recipient(recipient));
                }
                Event::Begin => {
                    let room = self.has_room_for_body();
                    self.ask_within(room, Task::Begin);
                }
                Event::Body(part) => {
                    self.body(part);
                    commands -= 1;
                }
                Event::Complete => self.ask(Task::Finish),
                Event::Abandoned => self.drop_mail(),
                Event::Ask { verb, about } => self.ask(Task::Ask(verb, about)),
                Event::Refused(refused) => self.rejected(&refused),
            }
            if let Working::Due(_) = self.working {
                return Pause::Work;
            }
        }
        Pause::Turn
    }
}

impl Session {
    /// Has something done: here if it cannot block, else by whoever drives the session.
    pub(super) fn ask(&mut self, task: Task) {
        let work = Work::new(&self.service, &self.client, self.mail.take(), task);
        if work.blocks() {
            self.working = Working::Due(work);
        } else {
            self.apply(work.run());
        }
    }

    /// The same, if there is memory for it; else that is the answer.
    fn ask_within(&mut self, room: bool, task: Task) {
        if room {
            return self.ask(task);
        }
        let (mail, refusal) = (self.mail.take(), self.no_memory());
        self.apply(Worked { mail, task, outcome: Outcome::Verdict(Err(refusal)) });
    }

    /// What came of the [`Work`] that was handed out. Call `advance` after it.
    pub fn worked(&mut self, worked: Worked) {
        self.working = Working::No;
        self.apply(worked);
    }

    fn apply(&mut self, worked: Worked) {
        self.mail = worked.mail;
        self.settle();
        let refused = match (worked.task, worked.outcome) {
            (Task::Drop, _) => {
                self.mail = None;
                return;
            }
            (Task::Finish, Outcome::Finished(Ok(confirmation))) => return self.confirm(confirmation),
            (Task::Ask(..), Outcome::Answer(Ok(answer))) => {
                return self.dialogue.answer(&Reply::new(answer.code, &answer.text));
            }
            (Task::Write, Outcome::Verdict(Ok(()))) => return,
            (Task::Login(login, _), Outcome::Login(step)) => return self.authenticated(login, &step),
            (Task::Login(login, _), Outcome::PutOff) => return self.put_off(&login),
            (task, Outcome::Verdict(Ok(()))) => {
                let text = match task {
                    Task::Sender => "Sender ok",
                    Task::Recipient(_) => "Recipient ok",
                    _ => "Ok",
                };
                return self.dialogue.answer(&Reply::new(250, text));
            }
            (
                task,
                Outcome::Verdict(Err(refusal)) | Outcome::Answer(Err(refusal)) | Outcome::Finished(Err(refusal)),
            ) => (task, refusal),
            // A question that is answered with something else is a defect of this file, as a panic is one elsewhere.
            (
                task,
                Outcome::Defect | Outcome::Answer(_) | Outcome::Finished(_) | Outcome::Login(_) | Outcome::PutOff,
            ) => (task, Refusal::local("a defect of the server or of the program's callback: it panicked")),
        };
        let (task, refusal) = refused;
        self.refused(&task, &refusal);
        let reply = self.refusal(&refusal);
        match task {
            Task::Write => self.dialogue.refuse(&reply),
            Task::Finish => {
                for _ in 0..self.dialogue.answers_due() {
                    self.dialogue.answer(&reply);
                }
                self.mail = None;
            }
            Task::Sender => {
                self.mail = None;
                self.dialogue.answer(&reply);
            }
            _ => self.dialogue.answer(&reply),
        }
    }

    fn refused(&self, task: &Task, refusal: &Refusal) {
        let sender = || self.mail.as_ref().map_or("", |mail| mail.envelope.from.as_str());
        let (what, about) = match task {
            Task::Connection => ("connection", String::new()),
            Task::Hello(_, name) => ("hello", name.clone()),
            Task::Sender => ("sender", sender().to_owned()),
            Task::Recipient(recipient) => ("recipient", recipient.to.as_str().to_owned()),
            Task::Begin | Task::Write | Task::Finish | Task::Drop => ("message", String::new()),
            Task::Ask(verb, about) => (verb.name(), about.clone()),
            Task::Login(..) => ("authentication", String::new()),
        };
        self.log_refused(what, &about, refusal);
    }

    /// The dialogue has refused something by itself.
    fn rejected(&self, refused: &Refused) {
        let mail = self.mail.as_ref().map(|mail| &mail.envelope);
        self.log(What::Rejected { command: &refused.command, mail, reply: &refused.reply });
    }

    /// The client does not go on with its login.
    fn authentication_given_up(&mut self) {
        let login = self.login.take();
        let mechanism = login.as_ref().map_or("", |login| login.mechanism());
        let reply = Reply::new(501, "5.7.0 Authentication cancelled");
        self.log(What::NotAuthenticated { mechanism, why: "the client has given it up", reply: Some(&reply) });
    }

    fn body(&mut self, part: &[u8]) {
        let kept = self.service.messages_in_memory && !self.has_room(part.len());
        let Some(mail) = &mut self.mail else { return };
        mail.octets += part.len() as u64;
        let taken = if kept {
            Err(self.no_memory())
        } else if self.service.spool.blocks() {
            mail.gather(part, PIECE)
        } else {
            mail.put(part)
        };
        if let Err(refusal) = taken {
            self.refused(&Task::Write, &refusal);
            self.dialogue.refuse(&self.refusal(&refusal));
            return;
        }
        let gathered = self.mail.as_ref().map_or(0, |mail| mail.piece.len());
        // Where memory is short less is gathered before it is written.
        if gathered >= PIECE || (gathered > 0 && !self.has_room(gathered)) {
            self.ask(Task::Write);
        }
    }

    /// The mail is in the spool.
    fn confirm(&mut self, confirmation: Confirmation) {
        let Some(mail) = self.mail.take() else { return };
        let due = self.dialogue.answers_due();
        let answers = if self.service.dialogue.lmtp {
            confirmation.each(mail.envelope.recipients.len().max(due))
        } else {
            vec![confirmation.one()]
        };
        if let Some(text) = answers.iter().find_map(|answer| answer.as_ref().ok()) {
            self.mails += 1;
            self.log(What::Taken { mail: &mail.envelope, octets: mail.octets, text });
        }
        for (number, answer) in answers.into_iter().enumerate() {
            let reply = match &answer {
                Ok(text) => Reply::new(250, text),
                Err(refusal) => {
                    let recipient = mail.envelope.recipients.get(number).filter(|_| self.service.dialogue.lmtp);
                    let about = recipient.map_or("", |recipient| recipient.to.as_str());
                    self.log(What::Refused { what: "message", about, mail: Some(&mail.envelope), refusal });
                    self.refusal(refusal)
                }
            };
            self.dialogue.answer(&reply);
        }
    }

    /// The mail under way is given up.
    pub(super) fn drop_mail(&mut self) {
        if self.mail.is_some() {
            self.ask(Task::Drop);
        }
    }

    fn envelope(&self, from: ReversePath, params: Vec<Parameter>) -> Envelope {
        let (verb, hello) = self.dialogue.hello().unwrap_or((Verb::Helo, ""));
        Envelope::open(Head {
            id: new_id(),
            session: self.client.session,
            server: self.service.dialogue.name.clone(),
            hello: hello.to_owned(),
            peer: self.client.peer,
            local: self.client.local,
            user: self.client.user.clone(),
            tls: self.client.tls.clone(),
            protocol: match verb {
                Verb::Lhlo => Protocol::Lmtp,
                Verb::Helo => Protocol::Smtp,
                _ => Protocol::Esmtp,
            },
            from,
            params,
        })
    }
}
