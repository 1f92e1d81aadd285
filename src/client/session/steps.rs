//! A session that is led by the hand: a command apart from its reply, a reply line by line, the opening step by step
//! ([`OpeningMode::Stepwise`]), and the transport given back where the two ends turn around.
//!
//! [`OpeningMode::Stepwise`]: crate::client::settings::OpeningMode::Stepwise

use super::Session;
use crate::client::connection::{Connection, Event};
use crate::client::opening::{Say, Step};
use crate::error::{Cause, Error, Phase, Result};
use crate::net::transport::Transport;
use crate::net::wait::{Cancel, Yield};
use crate::proto::client::Answer;
use crate::proto::command::{Command, Verb};
use crate::proto::reply::Reply;
use std::time::Instant;
use zeroize::Zeroizing;

/// One line of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyLine {
    /// The reply's code.
    pub code: u16,
    /// The line without its code and end.
    pub text: Vec<u8>,
    /// Another line of the same reply follows.
    pub more: bool,
}

/// A reply that is handed out line by line.
pub(super) struct BegunReply {
    reply: Reply,
    /// How many of its lines have been.
    given: usize,
}

impl Session {
    /// Sends a command without waiting for its reply, which [`Session::receive`] gives. Some of it may still be on its way
    /// when this returns.
    pub fn send(&mut self, command: &Command<'_>) -> Result<()> {
        self.connection.push(command, 0, Instant::now())?;
        self.connection.flush();
        Ok(())
    }

    /// Waits for the reply to the oldest command that has none yet, whatever its code. Lines of a listing are left out
    /// ([`Session::listing`]).
    pub fn receive(&mut self, yielding: &mut dyn Yield) -> Result<Answer> {
        self.begun = None;
        self.answer(yielding, &mut |_| true)
    }

    /// The next line of the reply to the oldest command that has none yet.
    pub fn receive_line(&mut self, yielding: &mut dyn Yield) -> Result<ReplyLine> {
        let BegunReply { reply, given } = match self.begun.take() {
            Some(begun) => begun,
            None => BegunReply { reply: self.receive(yielding)?.reply, given: 0 },
        };
        let (code, text) = (reply.code(), reply.lines().nth(given).unwrap_or_default().to_vec());
        let more = reply.lines().nth(given + 1).is_some();
        if more {
            self.begun = Some(BegunReply { reply, given: given + 1 });
        }
        Ok(ReplyLine { code, text, more })
    }

    /// Says EHLO, HELO or LHLO where the caller leads the opening, and does what the settings demand behind it: STARTTLS and
    /// the same hello again, a login. The reply is that to the last hello, whatever its code.
    pub fn hello(&mut self, verb: Verb, yielding: &mut dyn Yield) -> Result<Reply> {
        self.connection.begin_step(Step::Hello(verb), Instant::now())?;
        self.answer(yielding, &mut |_| true).map(|answer| answer.reply)
    }

    /// Says STARTTLS and encrypts the connection; a hello has to follow (RFC 3207 section 4.2). The reply where the server
    /// refuses and the settings leave it at that.
    pub fn start_tls(&mut self, yielding: &mut dyn Yield) -> Result<Option<Reply>> {
        self.connection.begin_step(Step::StartTls, Instant::now())?;
        loop {
            match self.drive(&mut &[][..], yielding)? {
                Event::Secured => return Ok(None),
                Event::Reply(answer) => return Ok(Some(answer.reply)),
                Event::Authenticated | Event::Opened | Event::Line { .. } => {}
            }
        }
    }

    /// Says AUTH with a mechanism and, if there is one, a first response in base64; the reply, whatever its code. What it
    /// says is hidden from those who watch. An error, before anything is said, where credentials may not go out as the
    /// connection is now.
    pub fn auth(&mut self, mechanism: &'static str, initial: Option<&str>, yielding: &mut dyn Yield) -> Result<Reply> {
        let initial = initial.map(|line| Zeroizing::new(line.to_owned()));
        self.auth_step(&Say::Auth(mechanism, initial), yielding)
    }

    /// Answers a challenge, in base64, or cancels the exchange by `*`; the reply, whatever its code.
    pub fn auth_line(&mut self, line: &str, yielding: &mut dyn Yield) -> Result<Reply> {
        self.auth_step(&Say::AuthLine(Zeroizing::new(line.to_owned())), yielding)
    }

    fn auth_step(&mut self, say: &Say, yielding: &mut dyn Yield) -> Result<Reply> {
        self.connection.begin_auth_step(say, Instant::now())?;
        self.answer(yielding, &mut |_| true).map(|answer| answer.reply)
    }

    /// The connection, for a driver of another kind ([`Run`](crate::client::delivery::Run)).
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// A session over a connection that somebody else has driven. `cancel` is that whose waker the connection has.
    pub fn over(connection: Connection, cancel: Cancel) -> Session {
        Session { connection, cancel, begun: None }
    }

    /// Says TURN (RFC 821 section 3.8). Where the server agrees the two ends change places: the transport, and what was
    /// read beyond the reply. Otherwise the session goes on, with the error.
    #[allow(clippy::type_complexity)] // Either of two ends, as it is.
    pub fn turn(
        mut self,
        yielding: &mut dyn Yield,
    ) -> std::result::Result<(Box<dyn Transport>, Vec<u8>), (Session, Error)> {
        if let Err(error) = self.command(&Command::Turn, yielding) {
            return Err((self, error));
        }
        self.connection.into_transport().ok_or_else(|| {
            let error = Error::new(Phase::Command, Cause::BrokenOff, "the server closed the connection");
            (self, error)
        })
    }
}
