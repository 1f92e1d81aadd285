//! The TLS handshake of a connection: from the first byte, or after STARTTLS.

use super::{Connection, Event, Stage, Step};
use crate::client::opening::expected_name;
use crate::client::trace::Observer;
use crate::client::wire::Wire;
use crate::error::{Cause, Error, Phase, Result};
use crate::net::tls::{Handshake, Options};
use crate::net::transport::Transport;
use std::time::Instant;

/// A handshake under way.
pub(super) struct Securing {
    pub(super) handshake: Handshake,
    /// How much of the stream of bytes was sent before.
    sent: u64,
}

impl Connection {
    /// Begins the handshake over a transport by which so many bytes were sent.
    pub(super) fn secure(&mut self, transport: Box<dyn Transport>, sent: u64) -> Result<()> {
        let wanted = &self.settings.tls;
        let options = Options {
            verify: wanted.verifies(),
            roots: wanted.roots.clone(),
            pins: wanted.pins.clone(),
            identity: wanted.identity.clone(),
        };
        let name = expected_name(&self.settings, self.host.as_deref());
        let mut handshake = Handshake::client(transport, name, &options)?;
        handshake.set_waker(&self.waker);
        self.opening.handshake_begins();
        self.stage = Stage::Securing(Box::new(Securing { handshake, sent }));
        Ok(())
    }

    /// Begins the handshake after the server's 220 to STARTTLS, with nothing between the two.
    pub(super) fn secure_now(&mut self, now: Instant) -> Result<()> {
        let Some(wire) = self.wire.take() else { return Ok(()) };
        if !wire.input().is_empty() || self.dialogue.is_mid_reply() || !wire.is_drained() {
            let words = "bytes came after the reply to STARTTLS and before the encryption: somebody between here and \
                         the server may have put them there; the connection is given up";
            return Err(Error::new(Phase::Tls, Cause::Protocol, words));
        }
        self.dialogue.forget();
        self.unseen.clear();
        self.since = now;
        let (transport, sent) = wire.into_transport();
        self.secure(transport, sent)
    }

    /// Goes on with the handshake, and with the dialogue after it.
    pub(super) fn advance_securing(&mut self, now: Instant) -> Result<Step> {
        let Stage::Securing(securing) = &mut self.stage else { return Ok(Step::Wait(None)) };
        let sent = securing.sent;
        let advanced = securing.handshake.advance();
        let agreed = securing.handshake.agreed();
        let certificate = if self.observers.enabled() { securing.handshake.certificate() } else { None };
        let is_lack = securing.handshake.is_lack();
        match advanced {
            Ok(Some(transport)) => {
                self.observers.note(&format!("encrypted: {agreed}"));
                if let Some(certificate) = certificate {
                    self.observers.note(&format!("certificate: {certificate}"));
                }
                self.since = now;
                self.go_on(Wire::go_on(transport, sent));
                let next = self.ask_opening(|opening, facts| Ok(opening.on_secured(facts)));
                if let Err(error) = next.and_then(|next| self.act(next, now)) {
                    self.leave(error, now)?;
                }
                Ok(Step::Event(Event::Secured))
            }
            Ok(None) => {
                let limit = self.settings.timeouts.of(Phase::Tls);
                let deadline = self.since.checked_add(limit);
                if deadline.is_none_or(|d| now < d) {
                    return Ok(Step::Wait(deadline));
                }
                let text = format!("the handshake was not done within {limit:?}");
                Err(self.cannot_secure(Error::new(Phase::Tls, Cause::TimedOut, text)))
            }
            Err(error) if is_lack => Err(self.cannot_secure(error)),
            Err(error) => {
                self.opening.stay_encrypted();
                Err(self.die(error))
            }
        }
    }

    /// The server and this side have no TLS in common. What can be done about it is said where it is not done at once.
    fn cannot_secure(&mut self, mut error: Error) -> Error {
        if !self.opening.may_go_clear() {
            let login = if self.opening.logs_in() { ", without user and password" } else { "" };
            error = error.adding(&format!(
                "; if the server cannot do TLS 1.2 or 1.3, tls = never in the policy goes without encryption{login}"
            ));
        }
        self.die(error)
    }
}
