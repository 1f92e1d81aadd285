//! Encryption in the opening: when it is begun, what it demands, and what may go without it.

use super::{Facts, Next, Opening, Step};
use crate::client::settings::{Owner, Settings, TlsMode, TlsName};
use crate::error::{Cause, Error, Hint, Phase, Result};
use crate::net::tls;
use crate::proto::client::Answer;
use crate::proto::command::Verb;

/// The name or address that the certificate must have, of a server that is connected to as `host`.
pub(crate) fn expected_name<'a>(settings: &'a Settings, host: Option<&'a str>) -> Option<&'a str> {
    match &settings.tls.name {
        TlsName::Host => host,
        TlsName::Given(name) => Some(name),
        TlsName::Unknown => None,
    }
}

impl Opening {
    /// Refuses what could not be done once connected.
    pub(crate) fn check(&self, settings: &Settings, host: Option<&str>) -> Result<()> {
        let wanted = &settings.tls;
        if !tls::AVAILABLE && matches!(wanted.mode, TlsMode::Always | TlsMode::Implicit) {
            return Err(Error::new(Phase::Tls, Cause::NotSupported, tls::LACKING));
        }
        if wanted.verifies() && wanted.mode != TlsMode::Never && expected_name(settings, host).is_none() {
            let words = "the server's certificate is to be verified, and the program names an address only: \
                         tls_name in the policy must say whose certificate it has to be";
            return Err(Error::new(Phase::Tls, Cause::Policy, words).hinting(Hint::NoTlsName));
        }
        Ok(())
    }

    /// Whether STARTTLS is to be said now, after a hello; an error where it must be and cannot.
    pub(super) fn wants_starttls(&self, facts: &Facts<'_>) -> Result<bool> {
        // Encrypted already, or by its nature: a connection inside this process.
        if facts.secure {
            return Ok(false);
        }
        let offered = facts.extensions.starttls;
        match facts.settings.tls.mode {
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

    /// Refuses a caller's STARTTLS where there is nothing to be begun.
    pub(super) fn may_start_tls(&self, facts: &Facts<'_>) -> Result<()> {
        let why = match facts.settings.tls.mode {
            _ if facts.secure => "the connection is encrypted already",
            _ if !tls::AVAILABLE => tls::LACKING,
            TlsMode::Never => "the site says tls = never",
            _ => return Ok(()),
        };
        Err(Error::new(Phase::Tls, Cause::BadSequence, why))
    }

    /// Acts on the reply to STARTTLS.
    pub(super) fn after_starttls(&mut self, answer: Answer, facts: &Facts<'_>) -> Result<Next> {
        let code = answer.reply.code();
        if code == 220 {
            return Ok(Next::StartTls);
        }
        // Refused, so nothing of it has begun: where TLS is a wish only, the session goes on without.
        let refused = !answer.reply.is_success() && !answer.reply.is_intermediate() && code != 421;
        match facts.settings.tls.mode {
            TlsMode::Optional if refused && self.step == Some(Step::StartTls) => Ok(Next::Answered(answer)),
            TlsMode::Optional if refused => self.authenticate(Verb::Ehlo, facts),
            _ if refused || code == 421 => Err(Error::refused(Phase::Tls, answer.reply)),
            _ => {
                let words = format!("STARTTLS was answered with {}: neither 220 nor a refusal", answer.reply);
                Err(Error::new(Phase::Tls, Cause::Protocol, words).with_reply(Some(answer.reply)))
            }
        }
    }
}

/// Refuses to send credentials of this owner as the connection is now.
pub(super) fn check_clear(owner: Owner, facts: &Facts<'_>) -> Result<()> {
    if facts.secure {
        return Ok(());
    }
    let why = match (owner, facts.settings.tls.mode) {
        (Owner::Site, _) => "the site's user and password never are",
        (Owner::Program, TlsMode::Optional) if !facts.extensions.starttls => return Ok(()),
        (Owner::Program, TlsMode::Optional) if !tls::AVAILABLE => {
            "the server offers TLS, which this build of the library lacks"
        }
        (Owner::Program, TlsMode::Optional) => "the server offered TLS and then refused it",
        (Owner::Program, _) => "the site says tls = never, and only tls = optional lets a program's own go so",
    };
    let words = format!("user and password are not sent without encryption: {why}");
    Err(Error::new(Phase::Auth, Cause::Policy, words).hinting(Hint::ClearCredentials))
}
