//! A login under way: the lines of its exchange, and what it takes to begin another.

use super::Facts;
use super::mechanisms::{self, Tried};
use crate::client::settings::{AuthPlan, Owner};
use crate::client::supplier::{Login, Supplier};
use crate::client::trace;
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::reply::Reply;
use crate::sasl::{self, Context, Credentials, ENTROPY, Mechanism, SaslError, Secret};
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// The longest AUTH command with an initial response, its end included: what RFC 5321 has for any command, from which
/// RFC 4954 section 4 makes no exception. A longer response waits for the server's empty challenge.
const COMMAND_MAX: usize = 512;

/// A line in base64, wiped after use.
pub(crate) type Line = Zeroizing<String>;

/// How AUTH is said: a plan without its login.
#[derive(Clone)]
pub(super) struct AuthOptions {
    pub(super) mechanisms: Vec<&'static str>,
    two_step: bool,
    pub(super) unasked: bool,
    owner: Owner,
    /// Mechanisms that this server does not take after all.
    pub(super) tried: Vec<Tried>,
}

impl AuthOptions {
    pub(super) fn of(plan: AuthPlan) -> (Login, AuthOptions) {
        let AuthPlan { login, mechanisms, two_step, unasked, owner } = plan;
        (login, AuthOptions { mechanisms, two_step, unasked, owner, tried: Vec::new() })
    }

    pub(super) fn with(self, login: Login) -> AuthPlan {
        let AuthOptions { mechanisms, two_step, unasked, owner, tried: _ } = self;
        AuthPlan { login, mechanisms, two_step, unasked, owner }
    }

    /// Refuses a server that offers nothing at all, before anybody is asked for a password.
    pub(super) fn check_offer(&self, offered: &[String]) -> Result<()> {
        if offered.is_empty() && !self.unasked { Err(mechanisms::nothing_offered()) } else { Ok(()) }
    }
}

/// A login under way: an exchange, and what it takes to begin another. All of it is wiped when the login is over.
pub(super) struct Attempt {
    pub(super) exchange: Exchange,
    pub(super) credentials: Credentials,
    pub(super) options: AuthOptions,
    /// Who is asked, once, for fresh credentials when these are refused.
    pub(super) supplier: Option<Arc<dyn Supplier>>,
    /// Which of the connection's channel bindings this is done with, where it needs one.
    pub(super) binding: usize,
}

impl Attempt {
    /// What the server knows now, and may repeat.
    pub(super) fn password(&self) -> &Secret {
        &self.credentials.password
    }

    /// An error without what the server has repeated.
    pub(super) fn without_secret(&self, mut error: Error) -> Error {
        let secret = self.password();
        let repeating = error.reply.take_if(|reply| reply.lines().any(|line| trace::repeats(line, secret)));
        if let Some(reply) = repeating {
            // The enhanced code says what was wrong; it holds no secret.
            let hidden = match reply.enhanced() {
                Some(enhanced) => Reply::new(reply.code(), &format!("{enhanced} {}", trace::HIDDEN)),
                None => Reply::new(reply.code(), trace::HIDDEN),
            };
            error.detail = error.detail.replace(&reply.text(), &hidden.text());
            error.reply = Some(Box::new(hidden));
        }
        if trace::repeats(error.detail.as_bytes(), secret) {
            // What was said within the exchange.
            error.detail = error.reply.as_ref().map_or(trace::HIDDEN.into(), |reply| reply.text());
        }
        error
    }
}

/// An exchange under way.
pub(super) struct Exchange {
    pub(super) mechanism: Box<dyn Mechanism>,
    /// The first response, too long to go out with the command.
    held_back: Option<Line>,
    /// Why the client has cancelled with `*`.
    cancelled: Option<Error>,
    /// The reason was a challenge that another mechanism need not have.
    is_unreadable: bool,
}

impl Exchange {
    pub(super) fn name(&self) -> &'static str {
        self.mechanism.name()
    }

    /// The line that answers a reply; `None` when the server and the mechanism agree that it went well.
    pub(super) fn next_line(&mut self, reply: Reply) -> Result<Option<Line>> {
        if let Some(error) = self.cancelled.take() {
            return Err(error.with_reply(Some(reply)));
        }
        if reply.is_success() && self.mechanism.is_complete() && self.held_back.is_none() {
            return Ok(None);
        }
        if reply.code() != 334 {
            return Err(self.refused(reply));
        }
        let response = match self.held_back.take() {
            // The challenge should be empty; what else a server says here has nothing to go by yet.
            Some(line) => Ok(line),
            None => self
                .challenge(&reply)
                .and_then(|challenge| self.mechanism.respond(&challenge))
                .and_then(sasl::wire::encode_response)
                .map(Zeroizing::new),
        };
        Ok(Some(response.unwrap_or_else(|why| {
            self.is_unreadable = matches!(why, SaslError::Unreadable(_)) && !self.has_shown();
            self.cancelled = Some(Error::from(why));
            Zeroizing::new(String::from("*"))
        })))
    }

    fn challenge(&self, reply: &Reply) -> std::result::Result<Vec<u8>, SaslError> {
        match self.mechanism.reads_challenge() {
            true => sasl::wire::decode_lines(reply.lines()),
            false => Ok(sasl::wire::words_of_lines(reply.lines().collect::<Vec<_>>().into_iter())),
        }
    }

    /// Something made of the password or the token has gone out.
    fn has_shown(&self) -> bool {
        self.mechanism.has_shown() && self.held_back.is_none()
    }

    /// Whether the attempt has ended in a way that is about the mechanism and says nothing about the credentials: the
    /// server does not know it (500, 502, 504), or not on this connection (538), or its challenge could not be read. 501
    /// and 534 mean that as well as a password that does not please, and are taken so only before one was shown.
    pub(super) fn is_of_mechanism(&self, error: &Error) -> bool {
        // The last word of the exchange, also where it was not what decided.
        match error.reply.as_ref().map_or(0, |reply| reply.code()) {
            // It waits for more, it closes, or it lets in whom it should not.
            334 | 421 => false,
            400.. if self.is_unreadable => true,
            500 | 502 | 504 | 538 => true,
            501 | 534 => error.cause == Cause::Refused && !self.has_shown(),
            _ => false,
        }
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

/// Whether a refusal may be about the credentials: a lasting no that is neither about the command itself (500 to 504, but
/// for 501, which some servers say to a token) nor about the mechanism (534, 538).
pub(super) fn is_of_credentials(error: &Error) -> bool {
    let about_others = [500, 502, 503, 504, 534, 538].contains(&error.code());
    error.cause == Cause::Refused && error.reply.as_ref().is_some_and(|reply| reply.is_permanent()) && !about_others
}

/// An attempt with these credentials, by a mechanism of the server's that they can be used with, and what goes out with
/// AUTH. `binding` is the number of the channel binding that is tried.
pub(super) fn begin(
    options: AuthOptions,
    credentials: Credentials,
    supplier: Option<Arc<dyn Supplier>>,
    binding: usize,
    facts: &Facts<'_>,
) -> Result<(Box<Attempt>, Option<Line>)> {
    let mut entropy = [0; ENTROPY];
    getrandom::fill(&mut entropy).map_err(|why| {
        Error::new(Phase::Auth, Cause::CannotSend, format!("the system gives no random numbers: {why}"))
    })?;
    let (host, port) = facts.place;
    let channel = (facts.channel_bindings)().into_iter().nth(binding);
    let mut context = Context { entropy, host, port, channel: channel.as_ref(), offered: &facts.extensions.auth };
    let begun = mechanisms::choose(&options, &credentials, &context)
        .and_then(|name| Exchange::begin(name, &options, &credentials, &context));
    context.entropy.zeroize();
    let (exchange, initial) = begun?;
    Ok((Box::new(Attempt { exchange, credentials, options, supplier, binding }), initial))
}

impl Exchange {
    fn begin(
        name: &'static str,
        options: &AuthOptions,
        credentials: &Credentials,
        context: &Context<'_>,
    ) -> Result<(Exchange, Option<Line>)> {
        let mut mechanism = sasl::client(name, credentials, context)?;
        let initial = if options.two_step { None } else { mechanism.initial() };
        let initial = initial.map(sasl::wire::encode_initial).transpose()?.map(Zeroizing::new);
        let fits = |text: &Line| "AUTH  \r\n".len() + name.len() + text.len() <= COMMAND_MAX;
        let (with_command, held_back) = match initial {
            Some(text) if !fits(&text) => (None, Some(text)),
            text => (text, None),
        };
        let exchange = Exchange { mechanism, held_back, cancelled: None, is_unreadable: false };
        Ok((exchange, with_command))
    }
}
