//! Authentication after the hello: which mechanism, and the lines of its exchange.

use crate::client::connection::Connection;
use crate::client::settings::AuthPlan;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::reply::Reply;
use crate::sasl::{self, Context, ENTROPY, Mechanism};
use zeroize::{Zeroize, Zeroizing};

/// The longest AUTH command with an initial response, its end included: what RFC 5321 has for any command, from which
/// RFC 4954 section 4 makes no exception. A longer response waits for the server's empty challenge.
const COMMAND_MAX: usize = 512;

/// A line in base64, wiped after use.
type Line = Zeroizing<String>;

/// An authentication under way.
pub(crate) struct Exchange {
    mechanism: Box<dyn Mechanism>,
    /// The first response, too long to go out with the command.
    held_back: Option<Line>,
    /// Why the client has cancelled with `*`.
    cancelled: Option<Error>,
}

impl Exchange {
    pub(crate) fn mechanism_name(&self) -> &'static str {
        self.mechanism.name()
    }

    /// The line that answers a reply; `None` when the server and the mechanism agree that it went well.
    pub(crate) fn next_line(&mut self, reply: Reply) -> Result<Option<Line>> {
        if let Some(error) = self.cancelled.take() {
            return Err(error.with_reply(Some(reply)));
        }
        if reply.is_success() && self.mechanism.is_complete() && self.held_back.is_none() {
            return Ok(None);
        }
        if reply.code() != 334 {
            return Err(self.refused(reply));
        }
        let text = reply.lines().next().unwrap_or_default().trim_ascii();
        let response = match self.held_back.take() {
            // The challenge should be empty; what else a server says here has nothing to go by yet.
            Some(line) => Ok(line),
            None => sasl::wire::decode_challenge(text)
                .and_then(|challenge| self.mechanism.respond(&challenge))
                .and_then(sasl::wire::encode_response)
                .map(Zeroizing::new),
        };
        Ok(Some(response.unwrap_or_else(|why| {
            self.cancelled = Some(Error::from(why));
            Zeroizing::new(String::from("*"))
        })))
    }

    /// What an answer that is no challenge means, with what the server said before within the exchange.
    fn refused(&self, reply: Reply) -> Error {
        let refusal = self.mechanism.refusal();
        if reply.is_success() {
            let early = "the server says yes before the exchange is complete";
            return Error::new(Phase::Auth, Cause::Protocol, early).with_reply(Some(reply));
        }
        let mut error = Error::refused(Phase::Auth, reply);
        if let Some(words) = refusal {
            error.detail = format!("{} (before that: {words})", error.detail);
        }
        error
    }
}

impl Connection {
    /// Chooses a mechanism and begins it: the exchange, and what goes out with AUTH.
    pub(crate) fn begin_authentication(&self, plan: &AuthPlan) -> Result<(Exchange, Option<Line>)> {
        let mut entropy = [0; ENTROPY];
        getrandom::fill(&mut entropy).map_err(|why| {
            Error::new(Phase::Auth, Cause::CannotSend, format!("the system gives no random numbers: {why}"))
        })?;
        let bindings = self.channel_bindings();
        let (host, port) = &self.place;
        let offered = &self.extensions().auth;
        let mut context = Context { entropy, host, port: *port, channel: bindings.first(), offered };
        let begun = choose(plan, &context).and_then(|name| begin(name, plan, &context));
        context.entropy.zeroize();
        begun
    }
}

fn begin(name: &'static str, plan: &AuthPlan, context: &Context<'_>) -> Result<(Exchange, Option<Line>)> {
    let mut mechanism = sasl::client(name, &plan.credentials, context)?;
    let initial = if plan.two_step { None } else { mechanism.initial() };
    let initial = initial.map(sasl::wire::encode_initial).transpose()?.map(Zeroizing::new);
    let fits = |text: &Line| "AUTH  \r\n".len() + name.len() + text.len() <= COMMAND_MAX;
    let (with_command, held_back) = match initial {
        Some(text) if !fits(&text) => (None, Some(text)),
        text => (text, None),
    };
    Ok((Exchange { mechanism, held_back, cancelled: None }, with_command))
}

/// The first mechanism of the plan that is possible here; without a list in it the best one for the credentials.
fn choose(plan: &AuthPlan, context: &Context<'_>) -> Result<&'static str> {
    let chosen = match plan.mechanisms.as_slice() {
        [] => sasl::choose(&plan.credentials, context),
        list => {
            let possible = list.iter().find(|name| sasl::is_possible(name, context));
            possible.or(list.first().filter(|_| plan.unasked)).copied()
        }
    };
    chosen.ok_or_else(|| {
        let words = if context.offered.is_empty() {
            String::from(
                "the server offers no authentication; use another port (587), or send without user and password",
            )
        } else {
            format!("the server offers {}, wanted is {}", context.offered.join(" "), wanted(plan).join(" "))
        };
        Error::new(Phase::Auth, Cause::NotSupported, words)
    })
}

/// The mechanisms that the plan comes down to.
fn wanted(plan: &AuthPlan) -> Vec<&'static str> {
    if !plan.mechanisms.is_empty() {
        return plan.mechanisms.clone();
    }
    let of_proof = |name: &&str| sasl::traits(name).is_some_and(|traits| traits.proof == plan.credentials.proof);
    sasl::mechanisms().filter(of_proof).collect()
}
