//! One more connection to the same server, once: for fresh credentials, since many servers close after they have refused
//! the old ones, some at once and some when they hear more; and in the clear, where encryption is a wish only and this
//! server cannot do it, since on a connection on which a handshake has begun there is no way back to clear text.

use crate::client::connection::{Connection, Stage};
use crate::client::settings::{AuthPlan, Settings};
use crate::client::supplier::Login;
use crate::client::trace::Observer;
use crate::error::{Cause, Error, Phase};
use crate::net::connect::{Connecting, Target};
use crate::proto::client::Dialogue;
use std::time::Instant;

/// Where to connect once more, and for what. There is none where nothing could be done otherwise then, after the one time,
/// and for connections that cannot be made anew.
pub(crate) struct Again {
    target: Target,
    purpose: Purpose,
}

enum Purpose {
    /// To log in by this plan; none before there are fresh credentials.
    Login(Option<AuthPlan>),
    /// To go on without encryption, once a handshake has begun.
    Clear { begun: bool },
}

impl Again {
    pub(crate) fn of(target: &Target, settings: &Settings) -> Option<Again> {
        let purpose = match settings.auth.as_ref().map(|plan| &plan.login) {
            Some(Login::Supplied(_)) => Purpose::Login(None),
            // No login of anybody's is at stake.
            None if settings.tls.may_be_missing() => Purpose::Clear { begun: false },
            _ => return None,
        };
        target.again().map(|target| Again { target, purpose })
    }

    /// Whether it is time for it, after this.
    fn is_due(&self, lost: &Error) -> bool {
        match self.purpose {
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

impl Connection {
    /// Fresh credentials are about to be tried: by this plan, should the server turn out to have closed.
    pub(crate) fn arm(&mut self, plan: AuthPlan) {
        if let Some(Again { purpose: Purpose::Login(armed), .. }) = &mut self.again {
            *armed = Some(plan);
        }
    }

    /// The server has said something to the fresh credentials, and does not close.
    pub(crate) fn disarm(&mut self) {
        self.again.take_if(|again| matches!(again.purpose, Purpose::Login(Some(_))));
    }

    /// A handshake begins: should the server turn out not to be able to do it, there is another way, or not.
    pub(crate) fn handshake_begins(&mut self) {
        if let Some(Again { purpose: Purpose::Clear { begun }, .. }) = &mut self.again {
            *begun = true;
        }
    }

    /// From now on nothing leads to clear text: the server can do TLS, or something is wrong with how it does it.
    pub(crate) fn stay_encrypted(&mut self) {
        self.again.take_if(|again| matches!(again.purpose, Purpose::Clear { .. }));
    }

    /// Whether a handshake that fails now is followed by a connection in the clear.
    pub(crate) fn may_go_clear(&self) -> bool {
        self.again.as_ref().is_some_and(|again| matches!(again.purpose, Purpose::Clear { .. }))
    }

    /// Begins anew over another connection to the same server, where something can be done otherwise there; otherwise
    /// the error stays.
    pub(crate) fn begin_again(&mut self, lost: Error, now: Instant) -> Result<(), Error> {
        let Some(Again { target, purpose }) = self.again.take_if(|again| again.is_due(&lost)) else {
            return Err(lost);
        };
        match purpose {
            Purpose::Login(plan) => {
                self.observers.note("connecting again, with fresh credentials");
                self.settings.auth = plan;
            }
            Purpose::Clear { .. } => {
                self.observers.note(
                    "connecting again, in the clear: the handshake failed, and tls = optional asks for no encryption \
                     where there is none to be had",
                );
                self.in_clear = true;
            }
        }
        let connecting = Connecting::new(target, self.settings.connect.clone(), self.waker().clone(), now);
        self.stage = Stage::Connecting(Box::new(connecting));
        self.dialogue = Dialogue::new(self.settings.protocol);
        self.wire = None;
        self.unseen.clear();
        self.write_error = None;
        self.farewell = None;
        self.since = now;
        Ok(())
    }
}
