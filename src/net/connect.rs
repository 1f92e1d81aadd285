//! The whole way to a transport, without blocking: look up the name, race its addresses.

use super::fault::{self, Fault};
use super::options::failure;
use super::resolve::Lookup;
use super::tcp::TcpConnect;
use super::transport::{Source, Transport};
use super::wait::{Interest, Waker};
use crate::error::{Cause, Error, Result};
use std::time::Instant;

pub use super::options::{ConnectOptions, Family, SEND_BUFFER, Target};

/// A connection being made. Dropping it gives up: its sockets are closed, a lookup is left to its helper.
pub struct Connecting {
    options: ConnectOptions,
    waker: Waker,
    state: State,
    /// The host asked for, for error texts.
    place: String,
    now: Instant,
}

enum State {
    Begin(Target),
    Lookup(Lookup),
    Race(TcpConnect),
    Done,
}

impl Connecting {
    /// A connection to `target`. Nothing is done before the first `advance`; `waker` rings when something without a
    /// descriptor has moved.
    pub fn new(target: Target, options: ConnectOptions, waker: Waker, now: Instant) -> Self {
        let place = format!("{target:?}");
        Connecting { options, waker, state: State::Begin(target), place, now }
    }

    /// Does what can be done without waiting: the transport, `None` while it is under way, or why there is none.
    /// The caller's deadline is the caller's: this never times out.
    pub fn advance(&mut self, now: Instant) -> Result<Option<Box<dyn Transport>>> {
        self.now = now;
        loop {
            match &mut self.state {
                State::Begin(_) => {
                    let State::Begin(target) = core::mem::replace(&mut self.state, State::Done) else { continue };
                    if let Some(transport) = self.begin(target)? {
                        return Ok(Some(transport));
                    }
                }
                State::Lookup(lookup) => match lookup.poll() {
                    None => return Ok(None),
                    Some(Ok(addresses)) => {
                        self.state = State::Race(TcpConnect::start(&addresses, &self.options, now));
                    }
                    Some(Err(error)) => return Err(self.failed(error)),
                },
                State::Race(race) => match race.poll(now) {
                    Ok(None) => return Ok(None),
                    Ok(Some(transport)) => {
                        self.state = State::Done;
                        return Ok(Some(Box::new(transport)));
                    }
                    Err(error) => return Err(self.failed(error)),
                },
                State::Done => return Err(failure(Cause::BadSequence, "this connect has ended already")),
            }
        }
    }

    /// What `advance` waits for, and until when it wants to be called anyway.
    pub fn waits<'a>(&'a self, list: &mut Vec<(Source<'a>, Interest)>) -> Option<Instant> {
        match &self.state {
            State::Lookup(_) => {
                list.push((Source::Notified, Interest::NONE));
                None
            }
            State::Race(race) => race.waits(self.now, list),
            State::Begin(_) | State::Done => Some(self.now),
        }
    }

    fn begin(&mut self, target: Target) -> Result<Option<Box<dyn Transport>>> {
        if fault::hit(Fault::Memory) {
            return Err(failure(Cause::NoMemory, "no memory for a connection"));
        }
        match target {
            Target::Host { host, port } => {
                self.state = State::Lookup(Lookup::start(&host, port, &self.waker));
                Ok(None)
            }
            Target::Unix(path) => {
                let place = path.display();
                Err(failure(Cause::NotSupported, format!("{place}: sockets of the file system come later")))
            }
            Target::Ready(mut transport) => {
                transport.set_waker(&self.waker);
                Ok(Some(transport))
            }
        }
    }

    /// Ends here, with the host asked for in the text.
    fn failed(&mut self, mut error: Error) -> Error {
        self.state = State::Done;
        if !error.detail.contains(&self.place) {
            error.detail = format!("{}: {}", self.place, error.detail);
        }
        error
    }
}
