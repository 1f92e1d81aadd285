//! One more connection for fresh credentials: many servers close after they have refused the old ones, some at once and
//! some when they hear more.

use crate::client::connection::{Connection, Stage};
use crate::client::settings::{AuthPlan, Settings};
use crate::client::supplier::Login;
use crate::client::trace::Observer;
use crate::error::{Cause, Error};
use crate::net::connect::{Connecting, Target};
use crate::proto::client::Dialogue;
use std::time::Instant;

/// Where to connect once more. There is none where nobody can be asked for fresh credentials, after the one time, and
/// for connections that cannot be made anew.
pub(crate) struct Again {
    target: Target,
    /// How to log in there; none before there are fresh credentials.
    plan: Option<AuthPlan>,
}

impl Again {
    pub(crate) fn of(target: &Target, settings: &Settings) -> Option<Again> {
        let login = settings.auth.as_ref().map(|plan| &plan.login);
        let target = target.again().filter(|_| matches!(login, Some(Login::Supplied(_))))?;
        Some(Again { target, plan: None })
    }
}

impl Connection {
    /// Fresh credentials are about to be tried: by this plan, should the server turn out to have closed.
    pub(crate) fn arm(&mut self, plan: AuthPlan) {
        if let Some(again) = &mut self.again {
            again.plan = Some(plan);
        }
    }

    /// The server has said something to the fresh credentials, and does not close.
    pub(crate) fn disarm(&mut self) {
        self.again.take_if(|again| again.plan.is_some());
    }

    /// Begins anew over another connection to the same server, where fresh credentials were to be tried and this
    /// connection is no more; otherwise the error stays.
    pub(crate) fn begin_again(&mut self, lost: Error, now: Instant) -> Result<(), Error> {
        let is_gone = match lost.cause {
            Cause::BrokenOff | Cause::CannotSend | Cause::Tls => true,
            _ => lost.code() == 421,
        };
        let Some(Again { target, plan: Some(plan) }) = self.again.take_if(|again| is_gone && again.plan.is_some())
        else {
            return Err(lost);
        };
        self.observers.note("connecting again, with fresh credentials");
        let connecting = Connecting::new(target, self.settings.connect.clone(), self.waker().clone(), now);
        self.stage = Stage::Connecting(Box::new(connecting));
        self.settings.auth = Some(plan);
        self.dialogue = Dialogue::new(self.settings.protocol);
        self.wire = None;
        self.unseen.clear();
        self.write_error = None;
        self.farewell = None;
        self.since = now;
        Ok(())
    }
}
