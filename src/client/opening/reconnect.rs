//! One more connection to the same server, once: for fresh credentials, since many servers close after they have refused
//! the old ones, some at once and some when they hear more; and in the clear, where encryption is a wish only and this
//! server cannot do it, since on a connection on which a handshake has begun there is no way back to clear text.

use super::Opening;
use crate::client::settings::{AuthPlan, Settings};
use crate::client::supplier::Login;
use crate::error::{Cause, Error, Phase};

/// For what the server may be connected to once more. There is nothing where nothing could be done otherwise then, after
/// the one time.
pub(super) enum Purpose {
    /// To log in by this plan; none before there are fresh credentials.
    Login(Option<AuthPlan>),
    /// To go on without encryption, once a handshake has begun.
    Clear { begun: bool },
}

impl Purpose {
    pub(super) fn of(plan: Option<&AuthPlan>, settings: &Settings) -> Option<Purpose> {
        match plan.map(|plan| &plan.login) {
            Some(Login::Supplied(_)) => Some(Purpose::Login(None)),
            // No login of anybody's is at stake.
            None if settings.tls.may_be_missing() => Some(Purpose::Clear { begun: false }),
            _ => None,
        }
    }

    /// Whether it is time for it, after this.
    fn is_due(&self, lost: &Error) -> bool {
        match self {
            Purpose::Login(Some(_)) => {
                matches!(lost.cause, Cause::BrokenOff | Cause::CannotSend | Cause::Tls) || lost.code() == 421
            }
            // In the handshake, or before the first word behind it: in TLS 1.3 this side has done its part before the
            // server has looked at it.
            Purpose::Clear { begun: true } => match lost.cause {
                Cause::Tls => true,
                Cause::BrokenOff | Cause::CannotSend => matches!(lost.phase, Phase::Tls | Phase::Hello),
                Cause::TimedOut => lost.phase == Phase::Tls,
                _ => false,
            },
            Purpose::Login(None) | Purpose::Clear { begun: false } => false,
        }
    }
}

impl Opening {
    /// Fresh credentials are about to be tried: by this plan, should the server turn out to have closed.
    pub(super) fn arm(&mut self, plan: AuthPlan) {
        if let Some(Purpose::Login(armed)) = &mut self.purpose {
            *armed = Some(plan);
        }
    }

    /// The server has said something to the fresh credentials, and does not close.
    pub(super) fn disarm(&mut self) {
        self.purpose.take_if(|purpose| matches!(purpose, Purpose::Login(Some(_))));
    }

    /// Whether a login may be tried over a new connection.
    pub(super) fn may_log_in_anew(&self) -> bool {
        matches!(self.purpose, Some(Purpose::Login(_)))
    }

    /// Notes that a handshake begins: should the server turn out not to be able to do it, there is another way, or not.
    pub(crate) fn handshake_begins(&mut self) {
        if let Some(Purpose::Clear { begun }) = &mut self.purpose {
            *begun = true;
        }
    }

    /// Notes that from now on nothing leads to clear text: the server can do TLS, or something is wrong with how it does it.
    pub(crate) fn stay_encrypted(&mut self) {
        self.purpose.take_if(|purpose| matches!(purpose, Purpose::Clear { .. }));
    }

    /// Whether a handshake that fails now is followed by a connection in the clear.
    pub(crate) fn may_go_clear(&self) -> bool {
        matches!(self.purpose, Some(Purpose::Clear { .. }))
    }

    /// Decides whether to begin anew over another connection to the same server, where something can be done otherwise
    /// there. The opening is then that of the new connection.
    pub(crate) fn reconnect(&mut self, lost: &Error) -> bool {
        // Who leads has heard this greeting.
        if self.step.is_some() {
            return false;
        }
        let Some(purpose) = self.purpose.take_if(|purpose| purpose.is_due(lost)) else { return false };
        match purpose {
            Purpose::Login(plan) => {
                self.notes.push(String::from("connecting again, with fresh credentials"));
                self.plan = plan;
            }
            Purpose::Clear { .. } => {
                self.notes.push(String::from(
                    "connecting again, in the clear: the handshake failed, and tls = optional asks for no encryption \
                     where there is none to be had",
                ));
                self.in_clear = true;
            }
        }
        (self.attempt, self.asked, self.answer, self.greeted) = (None, None, None, false);
        true
    }
}
