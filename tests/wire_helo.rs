//! The dialogues of `tests/wire/` through the native C face, which delivers whole lists: what a dialogue does on one
//! connection is one run, each recipient has its result.

mod support;

use helo::error::{Cause, Phase};
use helo::faces::helo::*;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::net::SocketAddr;
use std::time::Duration;
use support::native::{Native, Seen, c, last_error};
use support::wire::{Expect, Program, Reported, Setup, Step, run_all};

/// The mails of a dialogue, run when the next connection begins or the dialogue ends. What a dialogue leaves out because
/// its server fails before is filled in.
struct Face {
    server: SocketAddr,
    timeout: Duration,
    /// The steps that are still to come.
    coming: VecDeque<Step>,
    delivery: Native,
    /// The steps of this run, each with the mail and, for a recipient, the recipient it is about.
    steps: Vec<(Kind, u32, u32)>,
    /// How many recipients each mail has.
    mails: Vec<u32>,
    /// Bodies, which the face borrows until the run is over.
    #[expect(clippy::vec_box, reason = "the library holds their addresses while the list grows")]
    bodies: Vec<Box<Pieces>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Session,
    Mail,
    Rcpt,
    Body,
}

/// A body that is handed over in pieces by a callback.
struct Pieces {
    rest: Vec<u8>,
    size: usize,
}

unsafe extern "C" fn give(user: *mut c_void, buffer: *mut c_void, size: usize) -> isize {
    // SAFETY: `user` is the body given with this callback, which lives until the run is over.
    let pieces = unsafe { &mut *user.cast::<Pieces>() };
    let count = pieces.size.min(size).min(pieces.rest.len());
    // SAFETY: the library gives a buffer of `size` bytes.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), count) };
    buffer.copy_from_slice(&pieces.rest[..count]);
    pieces.rest.drain(..count);
    isize::try_from(count).expect("a piece of a test")
}

impl Face {
    fn new(setup: &Setup<'_>) -> Self {
        let coming = setup.wire.steps.iter().map(|(_, step, _)| step.clone()).collect();
        let delivery = Native::to(setup.server);
        let (server, timeout) = (setup.server, setup.timeout);
        Face { server, timeout, coming, delivery, steps: Vec::new(), mails: Vec::new(), bodies: Vec::new() }
    }

    fn open(&mut self, name: &str) {
        self.delivery = Native::to(self.server).level(HeloLevel::None);
        let milliseconds = self.timeout.as_millis().try_into().expect("a limit of the tests");
        self.delivery.timeout(milliseconds);
        // SAFETY: a text.
        let status = unsafe { helo_set_hello_name(self.delivery.0, c(name).as_ptr()) };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
        self.mails.clear();
        self.bodies.clear();
    }

    /// The number of the mail under way.
    fn mail(&self) -> u32 {
        u32::try_from(self.mails.len()).unwrap_or(0).checked_sub(1).expect("the dialogue begins a mail first")
    }

    fn add(&mut self, step: &Step) {
        match step {
            Step::Open(name) => {
                self.open(name);
                self.steps.push((Kind::Session, 0, 0));
            }
            Step::Mail { verb, from, parameters } if verb == "MAIL" => {
                self.fill_in();
                let mail = self.add_mail(from);
                for parameter in parameters {
                    self.delivery.parameter(mail, parameter);
                }
                self.steps.push((Kind::Mail, mail, 0));
            }
            Step::Rcpt { to, parameters } => {
                let mail = self.mail();
                let number = self.add_recipient(to);
                for parameter in parameters {
                    self.delivery.recipient_parameter(mail, number, parameter);
                }
                self.steps.push((Kind::Rcpt, mail, number));
            }
            Step::Body { bytes, piece } => {
                self.add_body(bytes, *piece);
                self.steps.push((Kind::Body, self.mail(), 0));
            }
            Step::Quit => self.steps.push((Kind::Session, 0, 0)),
            other => panic!("helo.h cannot do this: {other:?}"),
        }
    }

    fn add_mail(&mut self, from: &str) -> u32 {
        self.mails.push(0);
        self.delivery.envelope(if from == "<>" { "" } else { from }, &[])
    }

    fn add_recipient(&mut self, to: &str) -> u32 {
        let mail = self.mail();
        // SAFETY: a text; NULL is allowed.
        let status = unsafe { helo_add_recipient(self.delivery.0, mail, c(to).as_ptr(), std::ptr::null_mut()) };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
        let count = self.mails.last_mut().expect("a mail");
        *count += 1;
        *count - 1
    }

    /// What the last mail lacks because the dialogue does not get so far.
    fn fill_in(&mut self) {
        if self.mails.last() == Some(&0) {
            self.add_recipient("b@example.org");
        }
        if self.bodies.len() < self.mails.len() {
            self.add_body(b"x", 0);
        }
    }

    fn add_body(&mut self, bytes: &[u8], piece: usize) {
        let mail = self.mail();
        let mut body = Box::new(Pieces { rest: bytes.to_vec(), size: piece });
        let status = if piece == 0 {
            // SAFETY: the bytes stay where they are until the run is over.
            unsafe { helo_set_body(self.delivery.0, mail, body.rest.as_ptr().cast(), body.rest.len()) }
        } else {
            helo_set_body_callback(self.delivery.0, mail, Some(give), (&raw mut *body).cast())
        };
        assert_eq!(status, HeloStatus::HeloOk, "{}", last_error());
        self.bodies.push(body);
    }

    fn results(&self) -> impl Iterator<Item = Seen> {
        let all = (0..).zip(&self.mails);
        all.flat_map(move |(number, count)| (0..*count).map(move |index| self.delivery.seen(number, index)))
    }

    /// What the results of the run say about a step. A mail's failure before its recipients is told to each of them;
    /// one of the connection ends all.
    fn told(&self, (kind, mail, recipient): (Kind, u32, u32)) -> Option<Seen> {
        let seen = self.results().filter(|seen| kind == Kind::Session || seen.mail == mail);
        let at = |phase: HeloPhase| match kind {
            Kind::Session => matches!(phase, HeloPhase::Connect | HeloPhase::Greeting | HeloPhase::Hello),
            Kind::Mail => phase == HeloPhase::Mail,
            Kind::Rcpt => phase == HeloPhase::Rcpt,
            Kind::Body => matches!(phase, HeloPhase::Data | HeloPhase::Message),
        };
        let mut failed = seen.filter(|seen| !seen.delivered && at(seen.phase));
        if kind == Kind::Rcpt { failed.find(|seen| seen.recipient == recipient) } else { failed.next() }
    }
}

impl Program for Face {
    /// The failure that a step stands for; none when it succeeded.
    type Told = Option<Seen>;

    fn step(&mut self, step: &Step) -> Reported<Self::Told> {
        self.coming.pop_front();
        self.add(step);
        if self.coming.front().is_some_and(|next| !matches!(next, Step::Open(_))) {
            return Reported::Later;
        }
        if self.mails.is_empty() {
            self.add_mail("a@example.org");
        }
        self.fill_in();
        let status = self.delivery.run();
        let told: Vec<Option<Seen>> = self.steps.iter().map(|step| self.told(*step)).collect();
        let good = told.iter().all(Option::is_none);
        let results: Vec<Seen> = self.results().collect();
        assert_eq!(status, if good { HeloStatus::HeloOk } else { HeloStatus::HeloFailed }, "{told:?} {results:#?}");
        self.steps.clear();
        Reported::Each(told)
    }

    fn fits(&self, _step: &Step, expect: &Expect, told: &Self::Told) -> bool {
        let (Some(cause), Some(seen)) = (expect.cause, told) else { return expect.cause.is_none() == told.is_none() };
        let code = expect.code.is_none_or(|code| seen.code == code.into());
        code && seen.cause == number_of(cause) && expect.phase.is_none_or(|phase| seen.phase == place_of(phase))
    }
}

/// The cause that `helo.h` has for what a dialogue expects.
fn number_of(cause: Cause) -> HeloCause {
    match cause {
        Cause::TimedOut => HeloCause::TimedOut,
        Cause::Refused => HeloCause::Refused,
        Cause::BrokenOff => HeloCause::BrokenOff,
        Cause::Protocol => HeloCause::Protocol,
        Cause::OutcomeUnknown => HeloCause::OutcomeUnknown,
        other => panic!("no dialogue of helo.h ends like this: {other:?}"),
    }
}

fn place_of(phase: Phase) -> HeloPhase {
    match phase {
        Phase::Greeting => HeloPhase::Greeting,
        Phase::Hello => HeloPhase::Hello,
        Phase::Mail => HeloPhase::Mail,
        Phase::Rcpt => HeloPhase::Rcpt,
        Phase::Data => HeloPhase::Data,
        Phase::Message => HeloPhase::Message,
        other => panic!("no dialogue of helo.h ends there: {other:?}"),
    }
}

#[test]
fn the_native_face_follows_the_dialogues_of_whole_mails() {
    run_all("helo", Face::new);
}
