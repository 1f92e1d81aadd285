//! What to try next, for every way in which an attempt can fail.

use helo::error::{Cause, Error, Phase};

/// The next thing to try.
pub fn of(error: &Error) -> &'static str {
    match (error.phase, error.cause) {
        (_, Cause::UnknownHost) => {
            "look at the server's name; does this machine's name service know it (getent hosts NAME)?"
        }
        (_, Cause::NotResponding) => {
            "is the port right (587 with tls = always, 465 with tls = implicit, 25 between servers), and does a firewall \
             let it through?"
        }
        (_, Cause::Proxy) => {
            "look at proxy: its host and port, its user and password, and whether it may reach the server"
        }
        (_, Cause::NoBind) => "look at source_address: it must be an address of this machine",
        (_, Cause::NoSocket | Cause::NoMemory | Cause::CannotSend) => {
            "this machine is short of something: see the words above"
        }
        (Phase::Connect | Phase::Greeting, Cause::TimedOut) => {
            "nobody answers: is it the right port (465 wants tls = implicit, and waits in silence otherwise), or does a \
             firewall swallow it?"
        }
        (Phase::Greeting, Cause::BrokenOff | Cause::Protocol) => {
            "what answers there does not speak SMTP in the clear: is it the right port, and does it want tls = implicit?"
        }
        (Phase::Tls, Cause::Protocol | Cause::BrokenOff | Cause::TimedOut) => {
            "the server does not speak TLS at this point: 587 and 25 want tls = always, 465 wants tls = implicit"
        }
        (Phase::Tls, _) => {
            "if it is the right server: tls_name for another name in its certificate, tls_ca for its own authority, tls_pin \
             for just its key; otherwise port and mode (587 with tls = always, 465 with tls = implicit)"
        }
        (Phase::Auth, Cause::Refused) => {
            "user and password, or the token: many providers want an application's own password here, and the whole address \
             as the user"
        }
        (Phase::Auth, Cause::NotSupported) => {
            "the server has no mechanism for what the policy gives: another port (587), another mechanism, a token in \
             place of a password"
        }
        (Phase::Auth, Cause::Policy) => "the words above name the key of the policy that stands in the way",
        (Phase::Greeting | Phase::Hello, Cause::Refused) => {
            "the server does not want this machine: see its words; helo_name and source_address may matter"
        }
        (_, Cause::TimedOut) => "the server is slow or stuck: again later, or a longer reply_timeout",
        (_, Cause::BrokenOff) => "the server closed the connection: see its last words above, and try again later",
        (_, Cause::Protocol) => "what answers there does not keep to SMTP: is it the right host and port?",
        (_, Cause::Refused) => "see the server's words above; 4xx means later, 5xx means not so",
        (_, Cause::Policy | Cause::BadArgument) => "the policy, at the key that the words above name",
        (_, Cause::Tls) => {
            "the encrypted connection broke: try again; if it stays so, something between here and there breaks it"
        }
        (_, Cause::NotSupported) => "the server lacks what is wanted of it: another port or another server",
        (_, Cause::OutcomeUnknown | Cause::Unsent | Cause::Source | Cause::BadSequence) => "the same again",
        (_, Cause::Cancelled | Cause::InProgress) => "the same again",
    }
}
