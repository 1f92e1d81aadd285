//! Driving a session: everything here does I/O that never blocks.

use super::converse::Pause;
use super::pending::Pending;
use super::wire::{Got, Wire};
use super::{LINGER, Session, Stage, Step, Working};
use crate::net::tls::Handshake;
use crate::proto::server::Waiting;
use crate::server::ending::Why;
use crate::server::log::What;
use crate::server::proxy::{self, Behind, Header};
use crate::server::spool::{Peer, Refusal, TlsFacts};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After so many steps of one session the others have their turn, and before that after a buffer that it filled.
const TURNS: usize = 8;

/// A proxy has at least so long for its header: a segment that is lost comes again within it, as the specification of the
/// protocol has it.
const PROXY_LEAST: Duration = Duration::from_secs(3);

impl Session {
    /// Does what can be done without waiting. `buffer` is lent for this call, for what is read.
    pub fn advance(&mut self, now: Instant, buffer: &mut [u8]) -> Step {
        let step = self.take_turns(now, buffer);
        self.settle();
        step
    }

    fn take_turns(&mut self, now: Instant, buffer: &mut [u8]) -> Step {
        for _ in 0..TURNS {
            let step = match self.stage {
                Stage::Proxied(_) => self.proxied(now),
                Stage::Securing(_) => self.handshake(now),
                Stage::Talking => self.talk(now, buffer),
                Stage::Closing => self.closing(now),
                Stage::Lingering => self.linger(now, buffer),
                Stage::Ended => return Step::Ended,
            };
            if let Some(step) = step {
                return step;
            }
        }
        Step::Again
    }

    /// Reads once, converses, sends; `None` to be called again.
    fn talk(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Step> {
        match core::mem::replace(&mut self.working, Working::No) {
            Working::No => {}
            Working::Due(work) => {
                self.working = Working::Out;
                return Some(Step::Work(work));
            }
            Working::Out => {
                self.working = Working::Out;
                // Replies of before may still be on their way. A client that is gone is noticed afterwards.
                let _ = self.send();
                return Some(Step::Wait(None));
            }
        }
        if let Some(step) = self.hold(now) {
            return Some(step);
        }
        let pending = core::mem::take(&mut self.pending);
        // Nothing is read while there is something left of before, or while the client does not take our replies.
        let mut got = None;
        let most = self.allow(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        if pending.is_empty() && !self.has_unsent() {
            match self.read(buffer) {
                Ok(read) => got = Some(read),
                Err(why) => return self.lose(&why),
            }
        }
        let input: &[u8] = match got {
            Some(Got::Data(count)) => buffer.get(..count).unwrap_or_default(),
            _ => pending.rest(),
        };
        let mut rest = input;
        let pause = self.converse(&mut rest);
        let used = input.len() - rest.len();
        self.pending = match got {
            Some(Got::Data(_)) => Pending::new(rest),
            _ => pending.after(used),
        };
        if let Err(why) = self.send() {
            return self.lose(&why);
        }
        match pause {
            Pause::Closed => {
                if let Some(foreign) = self.dialogue.foreign() {
                    let refusal = Refusal::new(421, (7, 0), "Not SMTP").because(foreign.words());
                    self.log_refused("session", "", &refusal);
                }
                (self.stage, self.since.1) = (Stage::Closing, now);
            }
            Pause::Work => {}
            Pause::Turn => return Some(Step::Again),
            Pause::Handshake if self.has_unsent() => return Some(self.wait(now)),
            Pause::Handshake => {
                self.pending = Pending::default();
                self.secure(now);
            }
            Pause::NeedMore if got == Some(Got::End) => {
                self.ends(Why::Closed);
                self.dialogue.shut();
                self.log(What::Closed);
            }
            Pause::NeedMore | Pause::Full if self.has_unsent() => return Some(self.wait(now)),
            Pause::NeedMore if got == Some(Got::Later) => return Some(Step::Again),
            Pause::NeedMore if got == Some(Got::Blocked) => return Some(self.wait(now)),
            // A client that always has more to say is not the only one.
            Pause::NeedMore | Pause::Full if got == Some(Got::Data(buffer.len())) => return Some(Step::Again),
            Pause::NeedMore | Pause::Full => {}
        }
        None
    }

    /// What to wait for now, or what follows from having waited too long.
    fn wait(&mut self, now: Instant) -> Step {
        let Some(limit) = self.dialogue.time_limit() else { return Step::Wait(None) };
        if limit.turn != self.since.0 {
            self.since = (limit.turn, now);
        }
        let session = self.opened.checked_add(self.service.dialogue.timeouts.session);
        let until = [self.since.1.checked_add(limit.time), session].into_iter().flatten().min();
        if until.is_some_and(|until| now >= until) {
            let waiting = match limit.waiting {
                Waiting::Hello => "hello",
                Waiting::Command => "command",
                Waiting::Auth => "authentication",
                Waiting::Handshake => "handshake",
                Waiting::Body => "message",
                Waiting::Send => "replies not read",
            };
            self.log(What::TimedOut { waiting });
            self.ends(Why::TimedOut);
            self.dialogue.time_out();
            self.stage = Stage::Closing;
            self.since.1 = now;
            return Step::Again;
        }
        Step::Wait(until)
    }

    /// The last replies go out, as long as the client takes them.
    fn closing(&mut self, now: Instant) -> Option<Step> {
        if let Some(step) = self.leave_mail() {
            return Some(step);
        }
        if self.send().is_err() {
            self.end();
            return None;
        }
        if self.has_unsent() {
            let until = self.since.1.checked_add(self.service.dialogue.timeouts.send);
            if until.is_none_or(|until| now < until) {
                return Some(Step::Wait(until));
            }
            self.end();
            return None;
        }
        // After QUIT nothing more is due from the client; TLS has an end of its own, which may still come.
        let done = |wire: &Wire| wire.is_drained() && !wire.transport.is_secure();
        let done = self.dialogue.has_quit() && self.wire.as_ref().is_some_and(done);
        let lingers = !done && self.wire.as_mut().is_some_and(|wire| wire.transport.finish());
        if lingers {
            self.stage = Stage::Lingering;
            self.since.1 = now;
        } else {
            self.end();
        }
        None
    }

    /// A connection that is closed over unread octets is reset, and the client may lose our last reply to that.
    fn linger(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Step> {
        let until = self.since.1 + LINGER;
        match self.read(buffer) {
            Ok(Got::Data(_)) if now < until => {}
            Ok(Got::Later) if now < until => return Some(Step::Again),
            Ok(Got::Blocked) if now < until => return Some(Step::Wait(Some(until))),
            _ => self.end(),
        }
        None
    }

    fn end(&mut self) {
        if let Some(mut wire) = self.wire.take() {
            wire.transport.close();
        }
        self.pending = Pending::default();
        self.stage = Stage::Ended;
        self.log_end();
    }

    /// The connection is gone: nothing more can be said.
    fn lose(&mut self, why: &io::Error) -> Option<Step> {
        self.log(What::Lost(&crate::net::sys::words(why)));
        self.ends(Why::Lost);
        self.dialogue.shut();
        if let Some(mut wire) = self.wire.take() {
            wire.transport.abort();
        }
        self.stage = Stage::Closing;
        None
    }

    /// Hands over what is left of a mail that will not be completed.
    fn leave_mail(&mut self) -> Option<Step> {
        if let Working::Out = self.working {
            return Some(Step::Wait(None));
        }
        if let Working::No = self.working
            && self.mail.is_some()
        {
            self.drop_mail();
        }
        match core::mem::replace(&mut self.working, Working::No) {
            Working::Due(work) => {
                self.working = Working::Out;
                Some(Step::Work(work))
            }
            Working::Out | Working::No => None,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        match &mut self.wire {
            Some(wire) => wire.read(buffer),
            None => Ok(Got::End),
        }
    }

    pub(super) fn send(&mut self) -> io::Result<()> {
        let Some(wire) = &mut self.wire else { return Ok(()) };
        if self.dialogue.output().is_empty() && !wire.holds() {
            return Ok(());
        }
        let sent = wire.write(self.dialogue.output());
        if let Ok(sent) = sent {
            self.dialogue.sent(sent);
        }
        sent.map(drop)
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.wire.as_ref().is_some_and(|wire| wire.holds() || !self.dialogue.output().is_empty())
    }

    /// The client's own words begin.
    pub(super) fn begin(&mut self, now: Instant) {
        self.stage = Stage::Talking;
        self.since.1 = now;
        self.log(What::Connected);
        if let Err(why) = self.count() {
            return self.turn_away(why);
        }
        if self.implicit_tls {
            self.secure(now);
        }
    }

    /// Reads who is behind the proxy: exactly that, since TLS may follow.
    fn proxied(&mut self, now: Instant) -> Option<Step> {
        let Stage::Proxied(header) = &mut self.stage else { return None };
        match proxy::read(header) {
            Header::Wants(count) => {
                let arrived = header.len();
                header.resize(arrived + count, 0);
                let got = match &mut self.wire {
                    Some(wire) => wire.read(&mut header[arrived..]),
                    None => Ok(Got::End),
                };
                header.truncate(arrived + if let Ok(Got::Data(count)) = got { count } else { 0 });
                match got {
                    Ok(Got::Data(_)) => None,
                    Ok(Got::Later) => Some(Step::Again),
                    Ok(Got::Blocked) => {
                        let within = self.service.dialogue.timeouts.hello.max(PROXY_LEAST);
                        let until = self.since.1.checked_add(within);
                        if until.is_none_or(|until| now < until) {
                            return Some(Step::Wait(until));
                        }
                        self.not_proxied("it said nothing")
                    }
                    Ok(Got::End) => self.not_proxied("it closed the connection"),
                    Err(why) => self.lose(&why),
                }
            }
            Header::Complete(behind) => {
                if let Behind::Client { from, to } = behind {
                    let client = Arc::make_mut(&mut self.client);
                    (client.peer, client.local) = (Peer::Internet(from), Some(to));
                }
                self.begin(now);
                None
            }
            Header::Bad => self.not_proxied("what it said is not of the PROXY protocol"),
        }
    }

    fn not_proxied(&mut self, why: &str) -> Option<Step> {
        self.log(What::Lost(&format!("the proxy did not say whose connection it is: {why}")));
        self.ends(Why::Lost);
        self.dialogue.shut();
        self.stage = Stage::Closing;
        None
    }

    /// Begins the handshake.
    pub(super) fn secure(&mut self, now: Instant) {
        let Some(wire) = self.wire.take() else { return };
        self.since.1 = now;
        let begun = match &self.service.tls {
            Some(config) => Handshake::server(wire.transport, &config.get()),
            None => Err(crate::error::Error::new(
                crate::error::Phase::Tls,
                crate::error::Cause::Policy,
                "this server has no certificate: TLS from the first byte on needs one",
            )),
        };
        match begun {
            Ok(handshake) => self.stage = Stage::Securing(Box::new(handshake)),
            Err(why) => self.not_secured(&why),
        }
    }

    fn handshake(&mut self, now: Instant) -> Option<Step> {
        let Stage::Securing(handshake) = &mut self.stage else { return None };
        match handshake.advance() {
            Ok(Some(transport)) => {
                let (version, cipher) = handshake.version_and_cipher();
                Arc::make_mut(&mut self.client).tls = Some(TlsFacts { version, cipher, client: None });
                self.wire = Some(Wire::new(transport));
                self.stage = Stage::Talking;
                self.dialogue.secured();
                self.since.1 = now;
                self.log(What::Secured);
                None
            }
            Ok(None) if self.is_handshake_too_large() => {
                self.abort_handshake();
                self.not_secured(&self.no_memory_for_tls());
                None
            }
            Ok(None) => {
                let until = self.since.1.checked_add(self.service.dialogue.timeouts.handshake);
                if until.is_none_or(|until| now < until) {
                    return Some(Step::Wait(until));
                }
                self.abort_handshake();
                self.log(What::TimedOut { waiting: "handshake" });
                self.ends(Why::TimedOut);
                self.dialogue.shut();
                self.stage = Stage::Closing;
                None
            }
            Err(why) => {
                self.not_secured(&why);
                None
            }
        }
    }

    fn abort_handshake(&mut self) {
        if let Stage::Securing(handshake) = &mut self.stage {
            handshake.abort();
        }
    }

    fn not_secured(&mut self, why: &crate::error::Error) {
        self.log(What::NotSecured(why));
        self.ends(Why::NotSecured);
        self.dialogue.shut();
        self.stage = Stage::Closing;
    }
}
