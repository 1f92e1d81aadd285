//! What a session holds of the server's memory, and what happens when there is none for it.

use super::converse::PIECE;
use super::{Session, Stage, Working};
use crate::error::{Cause, Error, Phase};
use crate::proto::reply::Reply;
use crate::sasl::server::{Failure, Step};
use crate::server::budget::SESSION;
use crate::server::connections::TooMany;
use crate::server::log::What;
use crate::server::spool::{Peer, Refusal};

/// What TLS takes, with its buffers of both directions, from the handshake on.
const TLS: usize = 20 * 1024;
/// A message of a handshake is no longer, as far as it is kept.
const HANDSHAKE: usize = 80 * 1024;
/// What an authentication takes: a long line, and what the mechanism keeps.
pub(super) const LOGIN: usize = 8 * 1024;

/// What is read at a time where it may have to be kept, because something that blocks comes first.
const KEPT: usize = 16 * 1024;
/// So much is read, and so much of replies is made, however short memory is.
const LEAST_READ: usize = 512;
const LEAST_OUTPUT: usize = 2 * 1024;

impl Session {
    /// Whether it may hold so much more.
    pub(super) fn has_room(&mut self, octets: usize) -> bool {
        self.settle();
        octets <= self.account.room()
    }

    /// A message that the program keeps takes more than its octets: who takes it keeps an envelope of his own.
    pub(super) fn has_room_for_body(&mut self) -> bool {
        let envelope = self.mail.as_ref().map_or(0, |mail| mail.held());
        !self.service.messages_in_memory || self.has_room(2 * envelope)
    }

    /// Counts what it holds now.
    pub(super) fn settle(&mut self) {
        let tls = match self.stage {
            Stage::Ended => return self.account.hold(0),
            Stage::Securing(ref handshake) => TLS + handshake.taken().min(HANDSHAKE),
            _ if self.dialogue.is_secured() => TLS,
            _ => 0,
        };
        let header = if let Stage::Proxied(header) = &self.stage { header.capacity() } else { 0 };
        match (&self.mail, &self.working) {
            (Some(mail), _) => {
                let body = if self.service.messages_in_memory && mail.delivery.is_some() {
                    // The program's own copy of the envelope, and a buffer that grows.
                    let body = usize::try_from(mail.octets).unwrap_or(usize::MAX);
                    mail.held().saturating_add(body).saturating_add(body / 8)
                } else {
                    0
                };
                self.mail_held = mail.held().saturating_add(body);
            }
            (None, Working::No) => self.mail_held = 0,
            // A worker has it.
            (None, Working::Due(_) | Working::Out) => {}
        }
        let login = if self.login.is_some() { LOGIN } else { 0 };
        let said = self.client.hello.capacity() + self.client.user.as_ref().map_or(0, String::capacity);
        let own = SESSION + tls + login + header + said + self.dialogue.held() + self.pending.held();
        self.account.hold(own.saturating_add(self.mail_held));
    }

    /// A handshake has come so far that memory for it matters, and there is none.
    pub(super) fn is_handshake_too_large(&mut self) -> bool {
        let Stage::Securing(handshake) = &self.stage else { return false };
        handshake.taken() > TLS && !self.has_room(LEAST_READ)
    }

    /// How much may be read now, of this much at most; and how much of replies may wait.
    pub(super) fn allow(&mut self, most: usize) -> usize {
        self.settle();
        // What is read becomes replies, and may have to be kept besides; of a message only that.
        let part = self.account.room() / if self.dialogue.is_in_body() { 2 } else { 4 };
        self.dialogue.limit_output(part.max(LEAST_OUTPUT));
        let needed = match &self.mail {
            _ if !self.service.blocks() => most,
            // No more than a worker takes at a time: nothing of it is left.
            Some(mail) if self.dialogue.is_in_body() => PIECE.saturating_sub(mail.piece.len()).max(LEAST_READ),
            _ => KEPT,
        };
        most.min(needed).min(part.max(LEAST_READ))
    }

    /// Counts the session as its client's.
    pub(super) fn count(&mut self) -> Result<(), TooMany> {
        let client = if let Peer::Internet(address) = self.client.peer { Some(address.ip()) } else { None };
        self.account.belongs_to(client);
        if self.is_proxied
            && let Some(admitted) = &mut self.admitted
        {
            admitted.belongs_to(client)?;
        }
        if self.has_room(LEAST_READ) && (!self.implicit_tls || self.has_room_for_tls()) {
            Ok(())
        } else {
            Err(TooMany::Memory)
        }
    }

    /// Whether it may hold what TLS takes, from now on.
    pub(super) fn has_room_for_tls(&mut self) -> bool {
        self.settle();
        self.account.widen(TLS)
    }

    /// It is one too many: the client is told so, where it can be.
    pub(super) fn turn_away(&mut self, why: TooMany) {
        let text = why.text();
        let refusal = match text.split_once(' ') {
            Some((_, words)) if why == TooMany::OfClient => Refusal::new(421, (7, 0), words),
            Some((_, words)) => Refusal::new(421, (3, 2), words).because(self.account.in_words()),
            None => Refusal::new(421, (3, 2), text),
        };
        self.log_refused("connection", "", &refusal);
        if !self.implicit_tls {
            self.dialogue.close(&Reply::new(421, &format!("{} {text}", self.service.dialogue.name)));
        }
        self.dialogue.shut();
        self.stage = Stage::Closing;
    }

    /// The refusal of what there is no memory for.
    pub(super) fn no_memory(&self) -> Refusal {
        let refusal = Refusal::new(452, (3, 1), "Too little memory for more now; try again later");
        refusal.because(self.account.in_words())
    }

    pub(super) fn no_tls(&mut self) {
        let refusal = Refusal::new(454, (7, 0), "Too little memory for TLS now; try again later");
        self.log_refused("STARTTLS", "", &refusal.clone().because(self.account.in_words()));
        self.dialogue.answer(&self.refusal(&refusal));
    }

    /// Why a handshake is broken off.
    pub(super) fn no_memory_for_tls(&self) -> Error {
        Error::new(
            Phase::Tls,
            Cause::NoMemory,
            format!("too little memory for the handshake: {}", self.account.in_words()),
        )
    }

    pub(super) fn no_login(&mut self, mechanism: &str) {
        let reply = Step::Refused(Failure::Unavailable).reply();
        self.log(What::NotAuthenticated { mechanism, why: "too little memory", reply: Some(&reply) });
        self.dialogue.answer(&reply);
    }
}
