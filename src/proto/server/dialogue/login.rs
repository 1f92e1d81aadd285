//! AUTH and its exchange (RFC 4954). What is said in it is for others to understand: here it is lines.

use super::super::answers::*;
use super::super::event::{AuthText, Event};
use super::commands::Outcome;
use super::{Dialogue, Place, Question};
use crate::proto::reply::Reply;

impl Dialogue {
    pub(super) fn begin_auth<'a>(&mut self, mechanism: &str, initial: Option<&str>) -> Outcome<'a> {
        if self.config.auth.is_empty() {
            return Err(NOT_HERE.into());
        }
        if !self.offered {
            return Err(NEEDS_EHLO.into());
        }
        if self.authenticated {
            return Err(AUTH_ALREADY.into());
        }
        if self.envelope.is_some() {
            return Err(AUTH_IN_MAIL.into());
        }
        let offer = self.config.auth.iter().find(|offer| offer.name.eq_ignore_ascii_case(mechanism));
        let offer = offer.ok_or(NO_MECHANISM)?;
        if !self.config.can_offer(offer, self.secured) {
            return Err(MECHANISM_NEEDS_TLS.into());
        }
        if initial.is_some() && !offer.client_first {
            return Err(SERVER_BEGINS.into());
        }
        let mechanism = offer.name.clone();
        self.question = Some(Question::Auth);
        Ok(Some(Event::Auth { mechanism, initial: initial.map(|text| AuthText::new(text.as_bytes())) }))
    }

    /// The client's answer to a challenge.
    pub(super) fn auth_line<'a>(&mut self, line: &[u8]) -> Option<Event<'a>> {
        self.place = Place::Command;
        if line == b"*" {
            self.tell(AUTH_CANCELLED); // the event says the rest
            self.auth_failed();
            return Some(Event::AuthCancelled);
        }
        self.question = Some(Question::Auth);
        Some(Event::AuthResponse(AuthText::new(line)))
    }

    pub(super) fn answer_auth(&mut self, reply: &Reply) {
        self.config.complete(reply, "7.0").encode(&mut self.output);
        if reply.is_intermediate() {
            self.place = Place::AuthLine;
        } else if reply.is_success() {
            self.authenticated = true;
        } else {
            self.auth_failed();
        }
    }

    pub(super) fn auth_failed(&mut self) {
        self.counts.auth_failures += 1;
        if self.counts.auth_failures >= self.config.auth_failures_max {
            self.end(TOO_MANY_FAILURES);
        }
    }
}
