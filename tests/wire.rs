//! The dialogues of `tests/wire/` through the engine; the faces have them in their own test files.

mod support;

use helo::client::settings::Timeouts;
use helo::client::{Session, Settings};
use helo::error::{Error, Result};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{ArgumentError, Command, Parameter, Verb};
use std::net::SocketAddr;
use std::time::Duration;
use support::wire::{Expect, Program, Reported, Setup, Step, run_all};

/// The engine's session: one call a step, every result in full.
struct Engine {
    server: SocketAddr,
    timeout: Duration,
    session: Option<Session>,
}

/// What came of a step: the code of the reply, and the lines of a listing.
type Told = Result<(u16, Vec<String>)>;

impl Engine {
    fn open(&mut self, name: &str) -> Told {
        let settings =
            Settings { helo_name: name.into(), timeouts: Timeouts::all(self.timeout), ..Settings::default() };
        let target = Target::Host { host: self.server.ip().to_string(), port: self.server.port() };
        let session = Session::open(target, settings, Cancel::new(), &mut ())?;
        let code = session.last_reply().map_or(0, |reply| reply.code());
        self.session = Some(session);
        Ok((code, Vec::new()))
    }

    fn command(&mut self, command: &Command<'_>) -> Told {
        let session = self.session.as_mut().expect("the dialogue opens a connection first");
        let mut lines = Vec::new();
        let reply = session.listing(command, &mut (), &mut |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
            true
        })?;
        Ok((reply.code(), lines))
    }

    fn body(&mut self, bytes: &[u8], piece: usize) -> Told {
        let session = self.session.as_mut().expect("the dialogue opens a connection first");
        session.begin_data(&mut ())?;
        for part in bytes.chunks(if piece == 0 { bytes.len().max(1) } else { piece }) {
            session.body(part, &mut ())?;
        }
        let replies = session.end_data(&mut ())?;
        Ok((replies[0].code(), Vec::new()))
    }

    fn tell(&mut self, step: &Step) -> Told {
        match step {
            Step::Open(name) => self.open(name),
            Step::Mail { verb, from, parameters } => {
                let verb = Verb::parse(verb.as_bytes());
                let from = ReversePath::parse(from).map_err(|why| bad(verb, &why))?;
                let params = parsed(verb, parameters)?;
                self.command(&Command::Mail { verb, from: &from, params: &params })
            }
            Step::Rcpt { to, parameters } => {
                let to = ForwardPath::parse(to).map_err(|why| bad(Verb::Rcpt, &why))?;
                let params = parsed(Verb::Rcpt, parameters)?;
                self.command(&Command::Rcpt { to: &to, params: &params })
            }
            Step::Body { bytes, piece } => self.body(bytes, *piece),
            Step::Rset => self.command(&Command::Rset),
            Step::Noop => self.command(&Command::Noop(None)),
            Step::Vrfy(name) => self.command(&Command::Vrfy(name)),
            Step::Expn(name) => self.command(&Command::Expn(name)),
            Step::Help(topic) => self.command(&Command::Help(topic.as_deref())),
            Step::Turn => self.command(&Command::Turn),
            Step::Quit => {
                self.session.take().expect("the dialogue opens a connection first").quit(&mut ());
                Ok((221, Vec::new()))
            }
        }
    }
}

fn bad(verb: Verb, why: &ArgumentError) -> Error {
    Error::new(verb.phase(), helo::error::Cause::BadArgument, why.to_string())
}

fn parsed(verb: Verb, parameters: &[String]) -> Result<Vec<Parameter>> {
    parameters.iter().map(|text| Parameter::parse(text).map_err(|why| bad(verb, &why))).collect()
}

impl Program for Engine {
    type Told = Told;

    fn step(&mut self, step: &Step) -> Reported<Told> {
        Reported::One(self.tell(step))
    }

    fn fits(&self, _step: &Step, expect: &Expect, told: &Told) -> bool {
        let code = |code: u16| expect.code.is_none_or(|expected| expected == code);
        match (told, expect.cause) {
            (Ok((reply, lines)), None) => {
                code(*reply) && expect.lines.as_ref().is_none_or(|expected| expected == lines)
            }
            (Err(error), Some(cause)) => {
                error.cause == cause
                    && code(error.code())
                    && expect.phase.is_none_or(|expected| expected == error.phase)
            }
            _ => false,
        }
    }
}

#[test]
fn the_engine_follows_every_dialogue() {
    run_all("engine", |setup: &Setup<'_>| Engine { server: setup.server, timeout: setup.timeout, session: None });
}
