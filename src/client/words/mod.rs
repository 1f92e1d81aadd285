//! The words of a failure, for people: what happened, whom it concerns, which server, who sent the program there, and what
//! to try next. The one place that makes them, for every face, for programs and for traces.

mod advice;

use crate::client::settings::Settings;
use crate::client::supplier::Login;
use crate::client::trace::Watch;
use crate::error::{Cause, Error, Hint, Phase};
use crate::net::connect::Target;
use crate::proto::client::foreign;
use crate::proto::reply::EnhancedCode;
use std::sync::Arc;

pub use advice::Circumstances;

/// How much of what happened is shown where the rest must find its place, in octets.
const HEAD_SHOWN: usize = 1100;

/// How much of anything else is shown.
const PART_SHOWN: usize = 300;

/// What tells a server that speaks another protocol from others whose greeting cannot be read.
pub fn hint_of_greeting(bytes: &[u8]) -> Option<Hint> {
    foreign::protocol(bytes).map(|name| if name == foreign::TLS { Hint::TlsWhereClear } else { Hint::OtherProtocol })
}

/// What is the same for all failures of a connection.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// `host:port` as it is dialled, or a path; empty when there is none yet.
    server: String,
    /// Who says so.
    origin: Arc<str>,
    /// Who logs in.
    user: Option<String>,
    circumstances: Circumstances,
    /// They may have something to complain of.
    watches: Vec<Arc<dyn Watch>>,
}

/// Whom a failure concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concerning<'a> {
    /// The connection as a whole.
    #[default]
    Connection,
    /// The sender.
    Sender(&'a str),
    /// A recipient.
    Recipient(&'a str),
}

/// A failure, whichever form it has: of the engine, or the result of a recipient.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// Where.
    pub phase: Phase,
    /// What.
    pub cause: Cause,
    /// What tells it from others of the same cause.
    pub hint: Option<Hint>,
    /// The code of the reply that decided it; 0 if none did.
    pub code: u16,
    /// That reply's enhanced code.
    pub enhanced: Option<EnhancedCode>,
    /// The server's words, or the library's.
    pub said: &'a str,
}

impl<'a> From<&'a Error> for Failure<'a> {
    fn from(error: &'a Error) -> Self {
        let decided = error.cause == Cause::Refused;
        let reply = error.reply.as_deref().filter(|_| decided);
        Failure {
            phase: error.phase,
            cause: error.cause,
            hint: error.hint,
            code: reply.map_or(0, |reply| reply.code()),
            enhanced: reply.and_then(|reply| reply.enhanced()),
            said: &error.detail,
        }
    }
}

impl Context {
    /// What is known of a connection with these settings, to this target, before it begins.
    pub fn of(settings: &Settings, target: &Target) -> Context {
        match target {
            Target::Ready(_) => Context::of_own_connection(settings),
            target => Context::named(settings, format!("{target:?}"), target.place().1),
        }
    }

    /// The same where the connection is made by the program itself.
    pub fn of_own_connection(settings: &Settings) -> Context {
        Context::named(settings, "a connection of the program's own".to_owned(), 0)
    }

    fn named(settings: &Settings, server: String, port: u16) -> Context {
        let user = settings.auth.as_ref().map(|plan| match &plan.login {
            Login::Given(credentials) => credentials.user.clone(),
            Login::Supplied(supplier) => supplier.user().to_owned(),
        });
        let circumstances = Circumstances { port, encryption: settings.tls.mode, logs_in: settings.auth.is_some() };
        let watches = settings.watches.clone();
        Context { server, origin: settings.origin.clone(), user, circumstances, watches }
    }

    /// A failure in words: where, what, what was said, and all that goes with it. Bounded.
    pub fn words(&self, error: &Error, concerning: Concerning<'_>) -> String {
        self.words_for_trace(error, concerning) + &self.complaints()
    }

    /// The same for the trace, which is not told what is wrong with itself.
    pub(crate) fn words_for_trace(&self, error: &Error, concerning: Concerning<'_>) -> String {
        let head = cut(&error.to_string(), HEAD_SHOWN);
        self.complete(head, &error.into(), concerning)
    }

    /// The same without what to try next, for those who show that apart.
    pub fn facts(&self, error: &Error, concerning: Concerning<'_>) -> String {
        let mut words = cut(&error.to_string(), HEAD_SHOWN);
        self.add_facts(&mut words, error.phase, concerning);
        words
    }

    /// The same for a failure that is no error of the engine.
    pub fn words_of(&self, failure: &Failure<'_>, concerning: Concerning<'_>) -> String {
        let head = format!("{}: {}: {}", failure.phase.name(), failure.cause.name(), failure.said);
        self.complete(cut(&head, HEAD_SHOWN), failure, concerning) + &self.complaints()
    }

    /// What was said, whole, and behind it whom it concerns, where it was said, and what to try next.
    pub fn said(&self, failure: &Failure<'_>, concerning: Concerning<'_>) -> String {
        self.complete(failure.said.to_owned(), failure, concerning)
    }

    /// What to try next.
    pub fn advice(&self, failure: &Failure<'_>) -> &'static str {
        advice::of(failure, &self.circumstances)
    }

    /// The server, and who sent the program there: "mail.example:587, by /etc/helo.conf [host mailhost]"; empty when
    /// neither is known.
    pub fn whereto(&self) -> String {
        match (self.server.as_str(), &*self.origin) {
            ("", origin) => origin.to_owned(),
            (server, "") => format!("{}, as the program asked", cut(server, PART_SHOWN)),
            (server, origin) => format!("{}, {}", cut(server, PART_SHOWN), cut(origin, 2 * PART_SHOWN)),
        }
    }

    fn complete(&self, mut words: String, failure: &Failure<'_>, concerning: Concerning<'_>) -> String {
        self.add_facts(&mut words, failure.phase, concerning);
        words.push_str("; try next: ");
        words.push_str(self.advice(failure));
        words
    }

    /// What is wrong with those who watch, each told once.
    fn complaints(&self) -> String {
        let complaints = self.watches.iter().filter_map(|watch| watch.complaint());
        complaints.map(|complaint| format!("; besides, {}", cut(&complaint, PART_SHOWN))).collect()
    }

    /// Whom it concerns, and where it was.
    fn add_facts(&self, words: &mut String, phase: Phase, concerning: Concerning<'_>) {
        let mut add = |name: &str, value: &str| {
            words.push_str("; ");
            words.push_str(name);
            words.push_str(&cut(value, PART_SHOWN));
        };
        match concerning {
            Concerning::Connection => {}
            Concerning::Sender(address) => add("sender ", if address.is_empty() { "<>" } else { address }),
            Concerning::Recipient(address) => add("recipient ", address),
        }
        if let (Phase::Auth, Some(user)) = (phase, self.user.as_deref().filter(|user| !user.is_empty())) {
            add("user ", user);
        }
        if !self.server.is_empty() || !self.origin.is_empty() {
            let name = if self.server.is_empty() { "; " } else { "; server " };
            words.push_str(name);
            words.push_str(&self.whereto());
        }
    }
}

/// The beginning of a text, whole characters of it.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    format!("{} ...", &text[..text.floor_char_boundary(longest)])
}

/// All that is ever advised, for the test of the keys that it names.
#[cfg(test)]
pub(crate) fn every_advice() -> Vec<&'static str> {
    let mut found = Vec::new();
    let said = ["", "must issue STARTTLS", "relaying denied"];
    let places = [0, 25, 465].iter().flat_map(|port| [(*port, false), (*port, true)]);
    for (port, logs_in) in places {
        for encryption in [crate::client::TlsMode::Optional, crate::client::TlsMode::Implicit] {
            let at = Circumstances { port, encryption, logs_in };
            for (phase, cause) in Phase::ALL.iter().flat_map(|phase| Cause::ALL.map(|cause| (*phase, cause))) {
                for (code, said) in (399..600).flat_map(|code| said.map(|said| (code, said))) {
                    let enhanced = None;
                    found.push(advice::of(&Failure { phase, cause, hint: None, code, enhanced, said }, &at));
                }
            }
        }
    }
    for hint in Hint::ALL {
        let (phase, cause) = (Phase::Tls, Cause::Tls);
        let failure = Failure { phase, cause, hint: Some(hint), code: 0, enhanced: None, said: "" };
        found.push(advice::of(&failure, &Circumstances::default()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
