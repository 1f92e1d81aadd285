//! A thread that serves many sessions: it waits for all of them at once and drives those for which something happened.

use super::connections::TooMany;
use super::door::{AcceptFailure, Door, accept_failure};
use super::service::Service;
use super::session::{Origin, READ_BUFFER, Session, Step, Work, Worked};
use super::shared::{Arrival, Message, Shared};
use super::slots::{Key, Slots};
use super::spool::Peer;
use super::timers::{Deadline, Timers};
use crate::net::polled::PolledTransport;
use crate::net::sys::words;
use crate::net::transport::{Readiness, Transport};
use crate::proto::reply::Reply;
use mio::event::Event;
use mio::{Events, Poll, Token};
use std::io::{self, IoSlice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The token of the mailbox; those of the doors lie below it, those of the sessions begin at 0.
pub(super) const MAILBOX: Token = Token(usize::MAX);
/// So many events are taken from the system at a time.
const EVENTS: usize = 1024;
/// So many connections are accepted before the sessions have their turn.
const ACCEPTS: usize = 64;
/// With so many logins waiting, one more is put off: those who wait would have to wait for too long.
const LOGINS_WAITING: usize = 4000;
/// When the system is out of descriptors, so long nobody is accepted.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// A door and what those get who come by it.
pub(super) struct Entrance {
    pub(super) door: Door,
    pub(super) service: Arc<Service>,
    pub(super) implicit_tls: bool,
    /// Somebody may be waiting there.
    pub(super) knocked: bool,
}

struct Entry {
    session: Session,
    deadline: Deadline,
    /// What a worker has done for it.
    worked: Option<Worked>,
    /// It is in the list of those to be driven.
    listed: bool,
}

pub(super) struct EventLoop {
    poll: Poll,
    shared: Arc<Shared>,
    /// Which of the loops this is: its mailbox.
    number: usize,
    /// To which loop the next connection goes.
    next: usize,
    /// Only the first loop has them.
    entrances: Vec<Entrance>,
    /// No accepting before this time.
    pause: Option<Instant>,
    sessions: Slots<Entry>,
    timers: Timers,
    /// No connections could be accepted lately, which was told.
    short: bool,
    /// Those to be driven.
    ready: Vec<Key>,
    buffer: Box<[u8]>,
    /// Set when the sessions are to end: when those that are left are broken off.
    stop: Option<Instant>,
}

impl EventLoop {
    pub(super) fn new(poll: Poll, shared: Arc<Shared>, number: usize, entrances: Vec<Entrance>) -> io::Result<Self> {
        let mut this = EventLoop {
            poll,
            shared,
            number,
            next: 0,
            entrances,
            pause: None,
            sessions: Slots::new(),
            timers: Timers::default(),
            short: false,
            ready: Vec::new(),
            buffer: vec![0; READ_BUFFER].into(),
            stop: None,
        };
        for (number, entrance) in this.entrances.iter_mut().enumerate() {
            entrance.door.register(this.poll.registry(), Token(MAILBOX.0 - 1 - number))?;
        }
        Ok(this)
    }

    /// Serves until it is told to stop and its sessions have ended.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            if let Err(why) = self.poll.poll(&mut events, self.timeout())
                && why.kind() != io::ErrorKind::Interrupted
            {
                // The system has no memory, say. Waiting a little is all that can be done.
                self.shared.notice(&format!("waiting for events failed: {why}"));
                std::thread::sleep(SHORTAGE_PAUSE);
            }
            let now = Instant::now();
            for event in &events {
                self.happened(event);
            }
            for message in self.shared.mailboxes.get(self.number).map(|mailbox| mailbox.take()).unwrap_or_default() {
                self.told(message, now);
            }
            self.accept(now);
            while let Some((key, entry_time)) = self.timers.pop(now) {
                if let Some(entry) = self.sessions.get_mut(key)
                    && self.timers.is_due(key, &mut entry.deadline, entry_time, now)
                {
                    self.list(key);
                }
            }
            for key in core::mem::take(&mut self.ready) {
                self.drive(key, now);
            }
            let sessions = &mut self.sessions;
            self.timers
                .tidy(sessions.len(), |key, at| sessions.get_mut(key).is_some_and(|entry| entry.deadline.has(at)));
            if let Some(until) = self.stop {
                if self.sessions.len() == 0 {
                    return;
                }
                if now >= until {
                    self.abort_all();
                    return;
                }
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let knocked = self.pause.is_none() && self.entrances.iter().any(|entrance| entrance.knocked);
        if knocked || !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = [self.timers.next(), self.pause, self.stop].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn happened(&mut self, event: &Event) {
        let token = event.token();
        if token == MAILBOX {
            return; // its messages are taken in every turn
        }
        if let Some(key) = self.sessions.key_at(token.0) {
            let broken = event.is_error();
            let ended = broken || event.is_read_closed();
            let seen = Readiness {
                readable: event.is_readable() || ended,
                writable: event.is_writable() || event.is_write_closed() || broken,
                ended,
            };
            let Some(entry) = self.sessions.get_mut(key) else { return };
            if ended {
                entry.session.left();
            }
            if entry.session.woken(seen) {
                self.list(key);
            }
        } else if let Some(entrance) = self.entrances.get_mut(MAILBOX.0 - 1 - token.0) {
            entrance.knocked = true;
        }
    }

    fn list(&mut self, key: Key) {
        if let Some(entry) = self.sessions.get_mut(key)
            && !core::mem::replace(&mut entry.listed, true)
        {
            self.ready.push(key);
        }
    }

    fn told(&mut self, message: Message, now: Instant) {
        match message {
            Message::Take(arrival) => self.serve(*arrival, now),
            Message::Worked(key, worked) => {
                if let Some(entry) = self.sessions.get_mut(key) {
                    entry.worked = Some(worked);
                    self.list(key);
                }
            }
            Message::Stop(until) => {
                self.entrances.clear();
                self.pause = None;
                self.stop = Some(self.stop.map_or(until, |before| before.min(until)));
                for key in self.sessions.keys() {
                    if let Some(entry) = self.sessions.get_mut(key) {
                        entry.session.stop();
                    }
                    self.list(key);
                }
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        if self.pause.is_some_and(|pause| now < pause) {
            return;
        }
        self.pause = None;
        for number in 0..self.entrances.len() {
            for _ in 0..ACCEPTS {
                let Some(entrance) = self.entrances.get_mut(number).filter(|entrance| entrance.knocked) else { break };
                match entrance.door.accept() {
                    Ok(transport) => {
                        self.short = false;
                        let (service, implicit_tls) = (entrance.service.clone(), entrance.implicit_tls);
                        let peer = transport.peer_address();
                        // Those who are connected need descriptors for their mails.
                        #[cfg(unix)]
                        if transport.is_among_the_last() {
                            self.send_away(transport, &service, implicit_tls, TooMany::InAll);
                            continue;
                        }
                        // Many clients come by one proxy: they count when it has named them.
                        let client = peer.filter(|_| !service.is_proxy(peer)).map(|peer| peer.ip());
                        match self.shared.connections.admit(client) {
                            Ok(admitted) => {
                                self.hand_over(Arrival { transport, service, implicit_tls, admitted }, now);
                            }
                            Err(why) => self.send_away(transport, &service, implicit_tls, why),
                        }
                    }
                    Err(why) => match accept_failure(&why) {
                        AcceptFailure::Nobody => entrance.knocked = false,
                        AcceptFailure::Gone => {}
                        AcceptFailure::Short => {
                            let place = entrance.door.place().to_string();
                            self.pause = Some(now + SHORTAGE_PAUSE);
                            if !core::mem::replace(&mut self.short, true) {
                                self.shared
                                    .notice(&format!("no connections are accepted at {place} now: {}", words(&why)));
                            }
                            return;
                        }
                    },
                }
            }
        }
    }

    /// One more than there may be is told so, as far as that goes out at once.
    fn send_away(&self, mut transport: PolledTransport, service: &Service, tls: bool, why: TooMany) {
        let text = why.text();
        let notice = format!("{} is sent away: 421 {text}", transport.peer());
        self.shared.notice_about(transport.peer_address(), &notice);
        service.counts.refuse("connection", 421);
        // Whatever it has said already is to be read before it is closed.
        transport.woken(Readiness::ANY);
        if !tls {
            let text = format!("{} {text}", service.dialogue.name);
            let _ = transport.write(&[IoSlice::new(Reply::new(421, &text).raw()), IoSlice::new(b"\r\n")]);
        }
        transport.close();
    }

    fn hand_over(&mut self, arrival: Arrival, now: Instant) {
        let to = self.next;
        self.next = (self.next + 1) % self.shared.mailboxes.len().max(1);
        match self.shared.mailboxes.get(to).filter(|_| to != self.number) {
            Some(mailbox) => mailbox.post(Message::Take(Box::new(arrival))),
            None => self.serve(arrival, now),
        }
    }

    fn serve(&mut self, arrival: Arrival, now: Instant) {
        let Arrival { mut transport, service, implicit_tls, admitted } = arrival;
        let token = Token(self.sessions.next_key().index);
        if let Err(why) = transport.register(self.poll.registry(), token) {
            self.shared.notice(&format!("a connection could not be served: {}", words(&why)));
            return transport.abort();
        }
        let origin = Origin {
            peer: transport.peer_address().map_or(Peer::Local, Peer::Internet),
            local: transport.local_address(),
            implicit_tls,
        };
        let mut session = Session::admitted(service, Box::new(transport), origin, Some(admitted), now);
        if self.stop.is_some() {
            session.stop();
        }
        let entry = Entry { session, deadline: Deadline::default(), worked: None, listed: false };
        let key = self.sessions.insert(entry);
        self.list(key);
    }

    fn drive(&mut self, key: Key, now: Instant) {
        let Some(entry) = self.sessions.get_mut(key) else { return };
        entry.listed = false;
        // A panic, be it of a callback, ends this session and not all of them.
        let (session, worked, buffer) = (&mut entry.session, entry.worked.take(), &mut self.buffer);
        let advanced = catch_unwind(AssertUnwindSafe(|| {
            if let Some(worked) = worked {
                session.worked(worked);
            }
            session.advance(now, buffer)
        }));
        match advanced {
            Ok(Step::Wait(until)) => self.timers.set(key, &mut entry.deadline, until),
            Ok(Step::Again) => self.list(key),
            Ok(Step::Work(work)) => {
                self.timers.set(key, &mut entry.deadline, None);
                self.submit(key, work);
            }
            Ok(Step::Ended) => drop(self.sessions.remove(key)),
            Err(_) => {
                self.shared.notice("a defect of the library ended a session: please report it");
                self.sessions.remove(key);
            }
        }
    }

    /// Gives work to the workers; without any it is done here, which holds the others up but loses nothing.
    fn submit(&self, key: Key, work: Work) {
        let (shared, number) = (self.shared.clone(), self.number);
        let post = move |shared: &Shared, worked| {
            if let Some(mailbox) = shared.mailboxes.get(number) {
                mailbox.post(Message::Worked(key, worked));
            }
        };
        let logins = &self.shared.logins;
        let submitted = match work.login() {
            Some(turn) if logins.waiting(turn) >= LOGINS_WAITING => return post(&shared, work.put_off()),
            Some(turn) => {
                let job = move || {
                    // At the end nobody waits for those who still want to come in.
                    let worked = if shared.is_ending() { work.put_off() } else { work.run() };
                    post(&shared, worked);
                };
                logins.submit_as(Box::new(job), turn)
            }
            None => self.shared.pool.submit(Box::new(move || post(&shared, work.run()))),
        };
        if let Err((job, why)) = submitted {
            self.shared.notice(&format!("no worker could be started: {why}"));
            job();
        }
    }

    fn abort_all(&mut self) {
        for key in self.sessions.keys() {
            if let Some(mut entry) = self.sessions.remove(key)
                && let Some(work) = entry.session.abort()
            {
                self.submit(key, work);
            }
        }
    }
}

/// Another loop may hand over a connection while this one ends: nobody would ever look at it.
impl Drop for EventLoop {
    fn drop(&mut self) {
        if let Some(mailbox) = self.shared.mailboxes.get(self.number) {
            mailbox.close();
        }
    }
}
