//! MAIL and RCPT: with the parameters that the server has, and in one flight where it takes them so.

use super::Session;
use crate::client::connection::Connection;
use crate::client::envelope::{Sender, recipient_parameters};
use crate::error::Result;
use crate::net::wait::Yield;
use crate::proto::address::ForwardPath;
use crate::proto::command::{Command, Parameter};
use crate::proto::reply::Reply;
use std::time::Instant;

impl Session {
    /// Says MAIL, or one of its kin, with the parameters that the mail and the server call for. A refusal is an error with
    /// the reply in it.
    pub fn mail(&mut self, sender: &Sender<'_>, yielding: &mut dyn Yield) -> Result<Reply> {
        let params = sender.parameters(self.connection.extensions())?;
        self.command(&Command::Mail { verb: sender.verb, from: sender.from, params: &params }, yielding)
    }

    /// Says MAIL and a RCPT for each recipient with its parameters: in one flight where the server has PIPELINING, else
    /// one after the other, and none after a refused MAIL. The answers are in the order of the recipients; a refusal is an
    /// error with the reply in it. An error in place of the answers is that of MAIL, or of the connection.
    pub fn envelope(
        &mut self,
        sender: &Sender<'_>,
        recipients: &[(&ForwardPath, &[Parameter])],
        yielding: &mut dyn Yield,
    ) -> Result<Vec<Result<Reply>>> {
        let params = sender.parameters(self.connection.extensions())?;
        let mail = Command::Mail { verb: sender.verb, from: sender.from, params: &params };
        self.connection.push(&mail, 0, Instant::now())?;
        let mut left = recipients.iter();
        // MAIL's own verdict comes first. What goes wrong keeps more from being said; what is answered yet is heard.
        let (mut is_mail_answered, mut failed) = (false, None);
        let mut answers = Vec::with_capacity(recipients.len());
        loop {
            while failed.is_none()
                && self.connection.may_push()
                && let Some((to, asked)) = left.next()
            {
                failed = say_recipient(&mut self.connection, to, asked).err();
            }
            if self.connection.in_flight() == 0 {
                return failed.map_or(Ok(answers), Err);
            }
            let answer = self.receive(yielding)?;
            let verdict = if answer.is_positive() { Ok(answer.reply) } else { Err(answer.error()) };
            match is_mail_answered {
                true => answers.push(verdict),
                false => {
                    is_mail_answered = true;
                    failed = failed.or(verdict.err());
                }
            }
        }
    }
}

fn say_recipient(connection: &mut Connection, to: &ForwardPath, asked: &[Parameter]) -> Result<()> {
    let params = recipient_parameters(connection.extensions(), asked)?;
    connection.push(&Command::Rcpt { to, params: &params }, 0, Instant::now())
}
