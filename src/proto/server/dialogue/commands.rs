//! Commands: what may be said when.

use super::super::answers::*;
use super::super::envelope::Envelope;
use super::super::event::{End, Event};
use super::super::foreign::Foreign;
use super::super::options::{MailOptions, RcptOptions};
use super::super::refused;
use super::super::request::{self, Request};
use super::{Dialogue, Place, Question};
use crate::proto::command::Verb;
use crate::proto::reply::Reply;
use alloc::string::String;

/// What comes of a command: something for the owner, or nothing; or it is refused.
pub(super) type Outcome<'a> = Result<Option<Event<'a>>, Fault>;

/// A refusal of the dialogue's own.
pub(super) enum Fault {
    /// The client does not keep to the protocol.
    Error(Answer),
    /// It does, and could not know better.
    Refusal(Answer),
    /// The session ends with it.
    End(Answer),
}

impl From<Answer> for Fault {
    fn from(answer: Answer) -> Self {
        Fault::Error(answer)
    }
}

impl Dialogue {
    pub(super) fn command<'a>(&mut self, line: &[u8]) -> Option<Event<'a>> {
        let verb = Verb::parse(line);
        self.logging_in |= refused::is_auth(line);
        if self.hello.is_none()
            && let Some(foreign) = Foreign::of_line(line, verb != Verb::Other)
        {
            self.send_away(foreign);
            return None;
        }
        if matches!(verb, Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml) && self.envelope.is_none() {
            // Until the owner has said yes: what is pipelined behind a MAIL that fails only follows from it.
            self.mail_refused = true;
        }
        let outcome = request::parse(verb, line).map_err(Fault::from).and_then(|request| {
            // AUTH alone may have a line as long as this; the line has been taken whole, so the session goes on.
            let long = line.len() + 2 > self.config.line_max && !matches!(request, Request::Auth { .. });
            if long && !matches!(request, Request::Bdat { .. }) {
                return Err(LINE_TOO_LONG.into());
            }
            self.request(request)
        });
        match outcome {
            Ok(event) => return event,
            // Nobody knows where the next command begins.
            Err(Fault::Error(answer @ BAD_CHUNK) | Fault::End(answer)) => {
                self.end(answer);
                self.blame(line);
            }
            Err(Fault::Error(answer)) => {
                self.say(answer);
                self.blame(line);
                // A long list may well hold addresses that cannot be taken.
                match self.envelope.as_mut().filter(|_| verb == Verb::Rcpt) {
                    Some(envelope) => {
                        envelope.refused_any = true;
                        self.refused();
                    }
                    None => self.failed(),
                }
            }
            Err(Fault::Refusal(NEEDS_MAIL)) => {
                self.tell(NEEDS_MAIL);
                self.refused();
            }
            Err(Fault::Refusal(answer)) => {
                self.say(answer);
                self.blame(line);
                self.refused();
            }
        }
        None
    }

    fn request<'a>(&mut self, request: Request<'_>) -> Outcome<'a> {
        self.check_access(&request)?;
        match request {
            Request::Hello { verb, name } => return self.say_hello(verb, name),
            Request::Mail { verb, from, params } => {
                if self.hello.is_none() {
                    return Err(NEEDS_HELLO.into());
                }
                if verb != Verb::Mail && !self.config.terminals {
                    return Err(NOT_HERE.into());
                }
                if self.envelope.is_some() {
                    return Err(NESTED_MAIL.into());
                }
                if self.config.mails_max != 0 && self.counts.mails >= self.config.mails_max {
                    return Err(Fault::End(TOO_MANY_MAILS));
                }
                if !params.is_empty() && !self.extended() {
                    return Err(NOT_OFFERED.into()); // after HELO nothing was offered
                }
                let options = MailOptions::read(&self.config, &params)?;
                self.envelope = Some(Envelope::open(&from, &options)?);
                self.question = Some(Question::Mail);
                return Ok(Some(Event::Mail { verb, from, params, options }));
            }
            Request::Rcpt { to, params } => {
                let extended = self.extended();
                let Some(envelope) = self.envelope.as_mut() else { return Err(self.without_mail()) };
                if envelope.chunked {
                    return Err(DATA_AFTER_BDAT.into());
                }
                let options = match RcptOptions::read(&self.config, &params) {
                    _ if !params.is_empty() && !extended => Err(NOT_OFFERED),
                    options => envelope.check_recipient(&to).and(options),
                };
                let options = options?;
                if envelope.recipients >= self.config.recipients_max {
                    return Err(Fault::Refusal(TOO_MANY_RCPT));
                }
                self.question = Some(Question::Rcpt);
                return Ok(Some(Event::Rcpt { to, params, options }));
            }
            Request::Data => {
                let Some(envelope) = self.envelope.as_ref() else { return Err(self.without_mail()) };
                if envelope.chunked {
                    return Err(DATA_AFTER_BDAT.into());
                }
                if envelope.binary {
                    return Err(NEEDS_BDAT.into());
                }
                if envelope.recipients == 0 {
                    return Err(if envelope.refused_any {
                        Fault::Refusal(self.config.no_recipients())
                    } else {
                        NEEDS_RCPT.into()
                    });
                }
                self.question = Some(Question::Data);
                return Ok(Some(Event::Begin));
            }
            Request::Bdat { length, last } => return Ok(self.begin_chunk(length, last)),
            Request::Rset => {
                self.abandon();
                self.say(OK);
                self.idled();
            }
            Request::Noop => {
                self.say(OK);
                self.idled();
            }
            Request::Quit => {
                self.end(BYE);
            }
            Request::Ask { verb: Verb::Expn, .. } if !self.config.expn => return Err(NOT_HERE.into()),
            Request::Ask { verb, about } => {
                self.idled();
                if !matches!(self.place, Place::Closed) {
                    self.question = Some(Question::Ask);
                    return Ok(Some(Event::Ask { verb, about: String::from(about) }));
                }
            }
            Request::StartTls => return self.start_tls(),
            Request::Auth { mechanism, initial } => return self.begin_auth(mechanism, initial),
        }
        Ok(None)
    }

    /// What is closed to a client that was turned away, has no TLS, or has not authenticated itself. A chunk is
    /// judged apart: it is read whatever is said to it.
    fn check_access(&self, request: &Request<'_>) -> Result<(), Answer> {
        if matches!(request, Request::Quit | Request::Bdat { .. }) {
            return Ok(());
        }
        if self.turned_away {
            return Err(TURNED_AWAY);
        }
        let open = matches!(request, Request::Hello { .. } | Request::Noop | Request::StartTls | Request::Rset);
        if self.config.tls_required && !self.secured && !open {
            return Err(if self.hello.is_none() { NEEDS_HELLO } else { NEEDS_TLS });
        }
        let guarded = match request {
            Request::Mail { .. } => self.hello.is_some(), // the order of commands comes first
            Request::Ask { verb, .. } => *verb != Verb::Help,
            _ => false,
        };
        if self.config.auth_required && !self.authenticated && guarded { Err(NEEDS_AUTH) } else { Ok(()) }
    }

    /// Why a command that belongs to a mail is refused when there is none.
    pub(super) fn without_mail(&self) -> Fault {
        if self.mail_refused { Fault::Refusal(NEEDS_MAIL) } else { Fault::Error(NEEDS_MAIL) }
    }

    /// The client knows what is on offer.
    pub(super) fn extended(&self) -> bool {
        self.hello().is_some_and(|(verb, _)| verb != Verb::Helo)
    }

    fn say_hello<'a>(&mut self, verb: Verb, name: &str) -> Outcome<'a> {
        if self.config.lmtp != (verb == Verb::Lhlo) {
            return Err(WRONG_HELLO.into());
        }
        let name = String::from(name);
        if self.config.ask_hello {
            self.question = Some(Question::Hello { verb, name: name.clone() });
            return Ok(Some(Event::Hello { verb, name }));
        }
        self.welcome(verb, name);
        Ok(None)
    }

    /// The hello is good: the session is at its beginning again.
    pub(super) fn welcome(&mut self, verb: Verb, name: String) {
        self.hello = Some((verb, name));
        // HELO takes nothing back: other servers go on to take AUTH, and some clients count on it.
        self.offered |= verb != Verb::Helo;
        self.abandon();
        self.config.hello(verb, self.secured, self.authenticated).encode(&mut self.output);
        self.idled();
    }

    pub(super) fn answer_connect(&mut self, reply: &Reply, accepted: bool) {
        if accepted {
            return self.config.greeting().encode(&mut self.output);
        }
        reply.encode(&mut self.output);
        self.turned_away = true;
        if reply.code() == 421 {
            self.end = Some(End::Refused);
            self.shut();
        }
    }

    fn start_tls<'a>(&mut self) -> Outcome<'a> {
        if self.secured {
            return Err(TLS_ALREADY.into());
        }
        if !self.config.starttls {
            return Err(NOT_HERE.into());
        }
        if !self.extended() {
            return Err(NEEDS_EHLO.into());
        }
        self.question = Some(Question::StartTls);
        Ok(Some(Event::StartTls))
    }

    pub(super) fn begin_tls(&mut self) {
        self.say(BEGIN_TLS);
        self.abandon();
        self.place = Place::Handshake;
    }
}
