//! The engine as tests call it: sessions step by step, lists of mails, and the faces' functions beside it.

pub use super::mended::mended;
use helo::client::body::Body;
use helo::client::delivery::{self, Mail, Options, Outcome, Recipient, Report, WINDOW_BYTES, WINDOW_MAILS};
use helo::client::envelope::BodyKind;
use helo::client::settings::Timeouts;
use helo::client::{Level, Session, Settings};
use helo::error::{Error, Result};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{Command, Verb};
use std::net::SocketAddr;
use std::time::Duration;

pub const LEVELS: [Level; 3] = [Level::None, Level::Envelope, Level::Full];

/// Settings with the same limit for every phase.
pub fn settings(limit: Duration) -> Settings {
    Settings { helo_name: "me.example".into(), timeouts: Timeouts::all(limit), ..Settings::default() }
}

pub fn target(address: SocketAddr) -> Target {
    Target::Host { host: address.ip().to_string(), port: address.port() }
}

/// Opens a session with generous limits.
pub fn open(address: SocketAddr) -> Result<Session> {
    open_within(address, super::wait::LONG)
}

pub fn open_within(address: SocketAddr, limit: Duration) -> Result<Session> {
    Session::open(target(address), settings(limit), Cancel::new(), &mut ())
}

/// A command's reply code.
pub fn tell(session: &mut Session, command: &Command<'_>) -> Result<u16> {
    session.command(command, &mut ()).map(|reply| reply.code())
}

pub fn mail(session: &mut Session, from: &str) -> Result<u16> {
    let from = ReversePath::parse(from).expect("a path");
    tell(session, &Command::Mail { verb: Verb::Mail, from: &from, params: &[] })
}

pub fn rcpt(session: &mut Session, to: &str) -> Result<u16> {
    let to = ForwardPath::parse(to).expect("a path");
    tell(session, &Command::Rcpt { to: &to, params: &[] })
}

/// A whole mail from `a@example.org` to `b@example.org`, its body in the pieces given.
pub fn send(session: &mut Session, pieces: &[&[u8]]) -> Result<u16> {
    mail(session, "a@example.org")?;
    rcpt(session, "b@example.org")?;
    session.begin_data(&mut ())?;
    for piece in pieces {
        session.body(piece, &mut ())?;
    }
    session.end_data(&mut ()).map(|replies| replies[0].code())
}

/// A mail for a list: from `s{number}@example.org` to `r{number}-0@example.org` and so on.
pub fn mail_to(number: usize, recipients: usize, body: Body) -> Mail {
    Mail {
        from: ReversePath::parse(&format!("s{number}@example.org")).expect("a path"),
        parameters: Vec::new(),
        recipients: (0..recipients)
            .map(|r| Recipient {
                to: ForwardPath::parse(&format!("r{number}-{r}@example.org")).expect("a path"),
                parameters: Vec::new(),
            })
            .collect(),
        body,
        kind: BodyKind::Unknown,
    }
}

/// So many mails of a few lines each.
pub fn small_mails(count: usize, recipients: usize) -> Vec<Mail> {
    (0..count)
        .map(|i| mail_to(i, recipients, Body::memory(Box::new(format!("Subject: {i}\n\n.dot\nend").into_bytes()))))
        .collect()
}

struct Quiet;

impl Report for Quiet {
    fn outcome(&mut self, _mail: usize, _recipient: usize, _outcome: &Outcome) {}
}

/// Delivers a list over one connection at a time.
pub fn deliver(address: SocketAddr, level: Level, settings: Settings, mails: &mut [Mail]) -> Vec<Vec<Outcome>> {
    deliver_to(&mut || Some(target(address)), level, settings, mails)
}

/// The same until `cancel` is cancelled.
pub fn deliver_cancelled(
    address: SocketAddr,
    level: Level,
    settings: Settings,
    mails: &mut [Mail],
    cancel: &Cancel,
) -> Vec<Vec<Outcome>> {
    run(&mut || Some(target(address)), level, settings, mails, cancel)
}

/// The same over whatever `make` gives.
pub fn deliver_to(
    make: &mut dyn FnMut() -> Option<Target>,
    level: Level,
    settings: Settings,
    mails: &mut [Mail],
) -> Vec<Vec<Outcome>> {
    run(make, level, settings, mails, &Cancel::new())
}

fn run(
    make: &mut dyn FnMut() -> Option<Target>,
    level: Level,
    settings: Settings,
    mails: &mut [Mail],
    cancel: &Cancel,
) -> Vec<Vec<Outcome>> {
    let options = Options {
        target: make,
        settings,
        level,
        connections: 1,
        window_mails: WINDOW_MAILS,
        window_bytes: WINDOW_BYTES,
        observer: None,
    };
    delivery::run(mails, options, &mut Quiet, cancel, &mut ())
}

/// What an error says, for comparing.
pub fn of(error: &Error) -> (helo::error::Phase, helo::error::Cause) {
    (error.phase, error.cause)
}
