//! Why a call of the native face is not done, and the one way in for all of its functions.

use super::codes::HeloStatus;
use crate::capi::last_error::Failure;
use crate::capi::{StringError, at_once, boundary, last_error};
use crate::client::words::{Concerning, Context};
use crate::error::{Cause, Error};
use crate::policy::PolicyError;
use crate::proto::command::ArgumentError;

/// A status and the words for `helo_last_error()`.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: HeloStatus,
    pub(crate) words: String,
    /// Where it happened, if it was on a connection.
    pub(crate) failure: Option<Failure>,
}

impl Refusal {
    pub(crate) fn new(status: HeloStatus, words: impl Into<String>) -> Self {
        Refusal { status, words: words.into(), failure: None }
    }

    pub(crate) fn argument(words: impl Into<String>) -> Self {
        Refusal::new(HeloStatus::HeloBadArgument, words)
    }

    /// What is wrong with the argument called `name`.
    pub(crate) fn of_argument(name: &str, why: StringError) -> Self {
        Refusal::argument(format!("the {name} {why}"))
    }

    /// What is wrong with a text that names a server or a user: nothing of a connection yet, unless this build lacks what
    /// it asks for.
    pub(crate) fn of_text(error: Error) -> Self {
        match error.cause {
            Cause::BadArgument => Refusal::argument(error.detail),
            _ => error.into(),
        }
    }
}

/// What is wrong with an address, and which.
pub(crate) fn of_address(why: ArgumentError, address: &str) -> Refusal {
    let shown: String = address.chars().take(100).collect();
    Refusal::argument(format!("{why} ({shown:?})"))
}

impl From<ArgumentError> for Refusal {
    fn from(why: ArgumentError) -> Self {
        Refusal::argument(why.to_string())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.cause {
            Cause::NoMemory => HeloStatus::HeloNoMemory,
            Cause::NotSupported | Cause::Tls => HeloStatus::HeloNotSupported,
            Cause::Cancelled => HeloStatus::HeloCancelled,
            Cause::BadArgument => HeloStatus::HeloBadArgument,
            Cause::Policy => HeloStatus::HeloBadPolicy,
            _ => HeloStatus::HeloFailed,
        };
        let words = Context::default().said(&(&error).into(), Concerning::Connection);
        Refusal { status, failure: Some(Failure::from(&error)), words }
    }
}

impl From<PolicyError> for Refusal {
    fn from(why: PolicyError) -> Self {
        Refusal::new(HeloStatus::HeloBadPolicy, why.to_string())
    }
}

/// Runs an exported function: a panic and a refusal become a status with the words recorded.
pub(crate) fn call(function: &'static str, work: impl FnOnce() -> Result<(), Refusal>) -> HeloStatus {
    boundary(function, HeloStatus::HeloInternal, || status(function, work()))
}

/// The same for what is done at once in memory ([`at_once`]).
pub(crate) fn call_at_once(function: &'static str, work: impl FnOnce() -> Result<(), Refusal>) -> HeloStatus {
    at_once(function, HeloStatus::HeloInternal, || status(function, work()))
}

fn status(function: &'static str, result: Result<(), Refusal>) -> HeloStatus {
    match result {
        Ok(()) => HeloStatus::HeloOk,
        Err(refusal) => {
            last_error::set_with(format_args!("{function}: {}", refusal.words), refusal.failure);
            refusal.status
        }
    }
}
