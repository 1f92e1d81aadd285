//! One mail on its way to the next server.

use super::super::envelope::{Envelope, Recipient};
use super::super::trace::{self, Seam};
use super::super::{Confirmation, Delivery, Refusal, Result};
use super::answers;
use super::hops::Hops;
use super::line::Line;
use super::pool::Pool;
use crate::client::envelope::{BodyKind, Sender, recipient_parameters};
use crate::client::{Session, clock};
use crate::error;
use crate::proto::client::Protocol;
use crate::proto::command::{Command, Parameter};
use crate::proto::extension::Extensions;
use crate::proto::reply::Reply;
use crate::proto::server::BodyType;
use std::sync::Arc;

/// Chunks of a binary mail are gathered up to this size: each costs a round trip.
const CHUNK: usize = 256 * 1024;

/// Received has about so many octets, which the next server is told of beforehand.
const TOP: u64 = 400;

/// A mail that is being handed on.
pub(super) struct Passing {
    pool: Arc<Pool>,
    /// The number of its connection, which is parked in the pool between two calls.
    number: u64,
    envelope: Envelope,
    hops_max: usize,
    lmtp: bool,
    /// The client has announced eight bits, which the next server does not take: the message goes as long as there are
    /// none in it.
    seven_bit: bool,
    hops: Hops,
    seam: Seam,
    stage: Stage,
}

enum Stage {
    /// Recipients may come.
    Envelope,
    /// DATA was taken: the message goes out as it comes.
    Data,
    /// By BDAT: what is gathered of the next chunk.
    Chunks(Vec<u8>),
    /// Failed: nothing more comes of it.
    Over,
}

impl Passing {
    /// MAIL, and RCPT for the recipients that the envelope has so far.
    pub fn begin(pool: &Arc<Pool>, envelope: &Envelope) -> Result<Passing> {
        let (line, seven_bit) = open(pool, envelope)?;
        let (hops_max, lmtp) = (pool.options.hops_max, pool.options.settings.protocol == Protocol::Lmtp);
        let (pool, own) = (Arc::clone(pool), envelope.without_recipients());
        let (number, hops, seam, stage) = (line.number(), Hops::default(), Seam::default(), Stage::Envelope);
        let mut passing = Passing { pool, number, envelope: own, hops_max, lmtp, seven_bit, hops, seam, stage };
        passing.park(line);
        envelope.recipients.iter().try_for_each(|recipient| passing.recipient(recipient))?;
        Ok(passing)
    }

    fn park(&mut self, line: Line) {
        self.number = line.number();
        self.pool.park(line, !matches!(self.stage, Stage::Envelope));
    }

    /// The connection for the next step. If another mail has it, the envelope is said again over a new one.
    fn resume(&mut self) -> Result<Line> {
        if let Some(line) = self.pool.unpark(self.number) {
            return Ok(line);
        }
        if !matches!(self.stage, Stage::Envelope) {
            let text = "The message came too slowly, and others had to be let through; try again later";
            let cause = "others waited for the connection to the next server";
            return Err(Refusal::new(451, (4, 2), text).because(cause));
        }
        let (mut line, seven_bit) = open(&self.pool, &self.envelope)?;
        self.seven_bit = seven_bit;
        for recipient in &self.envelope.recipients {
            // The client has been told that he is taken: it is to come again with all of them.
            let again = |refusal: Refusal| {
                let cause = format!("said again, for <{}>: {refusal}", recipient.to);
                Refusal::new(451, (4, 2), "The next server was lost; try again later").because(cause)
            };
            say_recipient(&mut line, recipient).map_err(again)?;
        }
        Ok(line)
    }

    /// Does a step over the connection, which is others' to have before the next one.
    fn step<T>(&mut self, step: impl FnOnce(&mut Passing, &mut Line) -> Result<T>) -> Result<T> {
        let mut line = self.resume()?;
        let done = step(self, &mut line);
        self.park(line);
        done
    }

    /// DATA, unless the mail is binary, and Received.
    fn begin_message(&mut self, line: &mut Line) -> Result<()> {
        let only = match self.envelope.recipients.as_slice() {
            [only] => Some(&only.to),
            _ => None,
        };
        let top = trace::received(&self.envelope, only, clock::now()).into_bytes();
        if self.envelope.body() == BodyType::Binary {
            self.stage = Stage::Chunks(top);
            return Ok(());
        }
        line.run(|session| {
            session.begin_data(&mut ())?;
            session.body(&top, &mut ())
        })?;
        self.stage = Stage::Data;
        Ok(())
    }

    fn pass(&mut self, line: &mut Line, piece: &[u8]) -> Result<()> {
        if let Stage::Envelope = self.stage {
            self.begin_message(line)?;
        }
        if self.hops.push(piece) > self.hops_max {
            let text = "The message has passed too many servers: it seems to go in a circle";
            return Err(Refusal::new(554, (4, 6), text));
        }
        // RFC 6152 section 3: it must be converted, which is not done here, or come back.
        if self.seven_bit && !piece.is_ascii() {
            return Err(conversion("8BITMIME, and the message holds octets beyond ASCII"));
        }
        let parts = self.seam.join(piece);
        match &mut self.stage {
            Stage::Data => parts
                .iter()
                .filter(|part| !part.is_empty())
                .try_for_each(|part| line.run(|session| session.body(part, &mut ())).map(drop)),
            Stage::Chunks(gathered) => {
                parts.iter().for_each(|part| gathered.extend_from_slice(part));
                if gathered.len() < CHUNK {
                    return Ok(());
                }
                let chunk = std::mem::take(gathered);
                let replies = line.run(|session| session.chunk(&chunk, false, &mut ()))?;
                replies.into_iter().try_for_each(|verdict| answers::of(verdict).map(drop))
            }
            Stage::Envelope | Stage::Over => Err(Refusal::local("a mail that was refused goes on")),
        }
    }

    /// The end of the message, and the verdicts on it.
    fn end(&mut self, line: &mut Line) -> Result<Vec<error::Result<Reply>>> {
        if let Stage::Envelope = self.stage {
            self.begin_message(line)?;
        }
        match &self.stage {
            Stage::Data => line.run(|session| session.end_data_each(&mut ())),
            Stage::Chunks(last) => line.run(|session| session.chunk(last, true, &mut ())),
            Stage::Envelope | Stage::Over => Err(Refusal::local("a mail that was refused ends")),
        }
    }
}

impl Delivery for Passing {
    fn recipient(&mut self, recipient: &Recipient) -> Result<()> {
        self.step(|_, line| say_recipient(line, recipient))?;
        self.envelope.recipients.push(recipient.clone());
        Ok(())
    }

    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.step(|own, line| own.pass(line, piece)).inspect_err(|_| self.stage = Stage::Over)
    }

    fn held(&self) -> usize {
        let chunk = if let Stage::Chunks(gathered) = &self.stage { gathered.capacity() } else { 0 };
        size_of::<Passing>() + size_of_val(self.envelope.recipients.as_slice()) + chunk
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        let mut line = self.resume()?;
        let mut replies = self.end(&mut line)?;
        // Whatever the verdict, the mail is over. A refused chunk leaves its transaction open.
        if let Stage::Data = self.stage {
            line.ended();
        }
        drop(line);
        if self.lmtp {
            // Who has a verdict keeps it, and with it his mail; a connection that was lost then is the others' trouble.
            if let Some(Err(lost)) = replies.last().cloned() {
                replies.resize(self.envelope.recipients.len().max(replies.len()), Err(lost));
            }
            let verdicts = replies.into_iter().map(answers::of);
            return Ok(Confirmation::Each(answers::named(verdicts.collect(), &self.envelope)));
        }
        match replies.into_iter().next() {
            Some(verdict) => answers::of(verdict).map(Confirmation::All),
            None => Err(Refusal::local("the next server's answer was lost")),
        }
    }
}

/// Given up, or over: its connection is for others.
impl Drop for Passing {
    fn drop(&mut self) {
        drop(self.pool.unpark(self.number));
    }
}

/// A connection over which this mail has begun, and whether the next server takes seven bits only where eight were
/// announced.
fn open(pool: &Arc<Pool>, envelope: &Envelope) -> Result<(Line, bool)> {
    let mut line = pool.line(envelope)?;
    line.begin(|extensions| can_take(extensions, envelope), |session| mail(session, envelope))?;
    let seven_bit = envelope.body() == BodyType::EightBit && line.extensions().is_some_and(|ext| !ext.eight_bit_mime);
    Ok((line, seven_bit))
}

/// RCPT.
fn say_recipient(line: &mut Line, recipient: &Recipient) -> Result<()> {
    line.run(|session| {
        let params = recipient_parameters(session.connection().extensions(), &recipient.params)?;
        session.command(&Command::Rcpt { to: &recipient.to, params: &params }, &mut ()).map(drop)
    })
}

/// Whether the mail can go to a server with these extensions as it is.
fn can_take(extensions: &Extensions, envelope: &Envelope) -> Result<()> {
    if envelope.is_utf8() && !extensions.smtputf8 {
        // RFC 6531 section 3.5.
        let refusal = Refusal::new(550, (6, 7), "The next server takes no mail that needs SMTPUTF8");
        return Err(refusal.because("the next server does not offer SMTPUTF8"));
    }
    if envelope.body() == BodyType::Binary && !(extensions.binary_mime && extensions.chunking) {
        return Err(conversion("BINARYMIME"));
    }
    Ok(())
}

fn conversion(lacking: &str) -> Refusal {
    let refusal = Refusal::new(554, (6, 3), "The next server cannot take this message as it is; send it encoded");
    refusal.because(format!("the next server does not offer {lacking}"))
}

/// MAIL with what the next server has of the parameters.
fn mail(session: &mut Session, envelope: &Envelope) -> error::Result<()> {
    let kind = match envelope.body() {
        BodyType::Binary => BodyKind::Binary,
        BodyType::EightBit => BodyKind::EightBit,
        // Many clients send eight bits without a word.
        BodyType::SevenBit => BodyKind::Unknown,
    };
    // SIZE and BODY are said anew; who submitted the mail first (AUTH) is the client's word, which is not vouched for.
    let own = |param: &&Parameter| !["SIZE", "BODY", "AUTH"].iter().any(|keyword| param.is(keyword));
    let asked: Vec<Parameter> = envelope.params.iter().filter(own).cloned().collect();
    let size = envelope.size().map(|size| size.saturating_add(TOP));
    // A client that declared SMTPUTF8 may use it anywhere, in the header too.
    let ascii_recipients = !envelope.is_utf8();
    let sender = Sender { ascii_recipients, asked: &asked, size, kind, ..Sender::new(&envelope.from) };
    session.mail(&sender, &mut ()).map(drop)
}
