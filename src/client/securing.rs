//! Encryption in the opening of a connection: when it is begun, what it demands, and what may go without it.

use crate::client::connection::{Connection, Stage, Step};
use crate::client::settings::{Owner, TlsMode, TlsName};
use crate::client::trace::Observer;
use crate::client::wire::Wire;
use crate::error::{Cause, Error, Hint, Phase, Result};
use crate::net::tls::{self, Handshake, Options};
use crate::net::transport::Transport;
use crate::proto::client::Answer;
use crate::proto::command::Verb;
use std::time::Instant;

/// A handshake under way.
pub(crate) struct Securing {
    pub(crate) handshake: Handshake,
    then: Then,
    /// How much of the stream of bytes was sent before.
    sent: u64,
}

/// What comes after the handshake.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// The server's greeting.
    Greeting,
    /// This side's hello, again.
    Hello,
}

impl Connection {
    /// Refuses what could not be done once connected.
    pub(crate) fn check_tls(&self) -> Result<()> {
        let wanted = &self.settings.tls;
        if !tls::AVAILABLE && matches!(wanted.mode, TlsMode::Always | TlsMode::Implicit) {
            return Err(Error::new(Phase::Tls, Cause::NotSupported, tls::LACKING));
        }
        if self.settings.tls.verifies() && wanted.mode != TlsMode::Never && self.expected_name().is_none() {
            let words = "the server's certificate is to be verified, and the program names an address only: \
                         tls_name in the policy must say whose certificate it has to be";
            return Err(Error::new(Phase::Tls, Cause::Policy, words).hinting(Hint::NoTlsName));
        }
        Ok(())
    }

    /// The name or address that the certificate must have.
    fn expected_name(&self) -> Option<&str> {
        match &self.settings.tls.name {
            TlsName::Host => self.host.as_deref(),
            TlsName::Given(name) => Some(name),
            TlsName::Unknown => None,
        }
    }

    /// Begins the handshake over a transport by which so many bytes were sent.
    pub(crate) fn secure(&mut self, transport: Box<dyn Transport>, sent: u64, then: Then) -> Result<()> {
        let wanted = &self.settings.tls;
        let options = Options {
            verify: self.settings.tls.verifies(),
            roots: wanted.roots.clone(),
            pins: wanted.pins.clone(),
            identity: wanted.identity.clone(),
        };
        let mut handshake = Handshake::client(transport, self.expected_name(), &options)?;
        handshake.set_waker(&self.waker);
        self.handshake_begins();
        self.stage = Stage::Securing(Box::new(Securing { handshake, then, sent }));
        Ok(())
    }

    /// Goes on with the handshake, and with the dialogue after it.
    pub(crate) fn advance_securing(&mut self, now: Instant) -> Result<Step> {
        let Stage::Securing(securing) = &mut self.stage else { return Ok(Step::Wait(None)) };
        let (then, sent) = (securing.then, securing.sent);
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
                if let Then::Hello = then
                    && let Err(error) = self.say_hello(now)
                {
                    self.leave(error, now)?;
                }
                self.advance(now, &mut &[][..])
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
                self.stay_encrypted();
                Err(self.die(error))
            }
        }
    }

    /// The server and this side have no TLS in common. What can be done about it is said where it is not done at once.
    fn cannot_secure(&mut self, mut error: Error) -> Error {
        if !self.may_go_clear() {
            let login = if self.settings.auth.is_some() { ", without user and password" } else { "" };
            error.detail.push_str(&format!(
                "; if the server cannot do TLS 1.2 or 1.3, tls = never in the policy goes without encryption{login}"
            ));
        }
        self.die(error)
    }

    /// Whether STARTTLS is to be said now, after a hello; an error where it must be and cannot.
    pub(crate) fn wants_starttls(&self) -> Result<bool> {
        // Encrypted already, or by its nature: a connection inside this process.
        if self.is_secure() {
            return Ok(false);
        }
        let offered = self.extensions().starttls;
        match self.settings.tls.mode {
            TlsMode::Never => Ok(false),
            TlsMode::Optional => Ok(offered && tls::AVAILABLE && !self.in_clear),
            TlsMode::Always | TlsMode::Implicit if offered => Ok(true),
            TlsMode::Always | TlsMode::Implicit => Err(Error::new(
                Phase::Tls,
                Cause::Tls,
                "the server offers no TLS (STARTTLS), and the site demands it; nothing was sent",
            )
            .hinting(Hint::NoStartTls)),
        }
    }

    /// The reply to STARTTLS.
    pub(crate) fn after_starttls(&mut self, answer: Answer, now: Instant) -> Result<bool> {
        let code = answer.reply.code();
        if code != 220 {
            // Refused, so nothing of it has begun: where TLS is a wish only, the session goes on without.
            let refused = !answer.reply.is_success() && !answer.reply.is_intermediate() && code != 421;
            return match self.settings.tls.mode {
                TlsMode::Optional if refused => self.authenticate(Verb::Ehlo, now),
                _ if refused || code == 421 => Err(Error::refused(Phase::Tls, answer.reply)),
                _ => {
                    let words = format!("STARTTLS was answered with {}: neither 220 nor a refusal", answer.reply);
                    Err(Error::new(Phase::Tls, Cause::Protocol, words).with_reply(Some(answer.reply)))
                }
            };
        }
        let Some(wire) = self.wire.take() else { return Ok(false) };
        if !wire.input().is_empty() || self.dialogue.is_mid_reply() || !wire.is_drained() {
            let words = "bytes came after the reply to STARTTLS and before the encryption: somebody between here and \
                         the server may have put them there; the connection is given up";
            return Err(Error::new(Phase::Tls, Cause::Protocol, words));
        }
        self.dialogue.forget();
        self.unseen.clear();
        self.since = now;
        let (transport, sent) = wire.into_transport();
        self.secure(transport, sent, Then::Hello).map(|()| false)
    }

    /// Whether credentials may be sent as the connection is now.
    pub(crate) fn check_clear(&self, owner: Owner) -> Result<()> {
        if self.is_secure() {
            return Ok(());
        }
        let why = match (owner, self.settings.tls.mode) {
            (Owner::Site, _) => "the site's user and password never are",
            (Owner::Program, TlsMode::Optional) if !self.extensions().starttls => return Ok(()),
            (Owner::Program, TlsMode::Optional) if !tls::AVAILABLE => {
                "the server offers TLS, which this build of the library lacks"
            }
            (Owner::Program, TlsMode::Optional) => "the server offered TLS and then refused it",
            (Owner::Program, _) => "the site says tls = never, and only tls = optional lets a program's own go so",
        };
        let words = format!("user and password are not sent without encryption: {why}");
        Err(Error::new(Phase::Auth, Cause::Policy, words).hinting(Hint::ClearCredentials))
    }
}
