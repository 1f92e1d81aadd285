//! Authentication after the hello: which mechanism, and the lines of its exchange.

use crate::client::connection::{Connection, Stage};
use crate::client::mechanisms::{self, Tried};
use crate::client::settings::{AuthPlan, Owner};
use crate::client::supplier::{Login, Supplier};
use crate::client::supplying::Refused;
use crate::client::trace::{self, Observer};
use crate::error::{Cause, Error, Phase, Result};
use crate::proto::command::Command;
use crate::proto::reply::Reply;
use crate::sasl::{self, ChannelBinding, Context, Credentials, ENTROPY, Mechanism, SaslError, Secret};
use std::sync::Arc;
use std::time::Instant;
use zeroize::{Zeroize, Zeroizing};

/// The longest AUTH command with an initial response, its end included: what RFC 5321 has for any command, from which
/// RFC 4954 section 4 makes no exception. A longer response waits for the server's empty challenge.
const COMMAND_MAX: usize = 512;

/// A line in base64, wiped after use.
type Line = Zeroizing<String>;

/// How AUTH is said: a plan without its login.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) mechanisms: Vec<&'static str>,
    two_step: bool,
    pub(crate) unasked: bool,
    owner: Owner,
    /// Mechanisms that this server does not take after all.
    pub(crate) tried: Vec<Tried>,
}

impl Manner {
    pub(crate) fn of(plan: AuthPlan) -> (Login, Manner) {
        let AuthPlan { login, mechanisms, two_step, unasked, owner } = plan;
        (login, Manner { mechanisms, two_step, unasked, owner, tried: Vec::new() })
    }

    pub(crate) fn with(self, login: Login) -> AuthPlan {
        let Manner { mechanisms, two_step, unasked, owner, tried: _ } = self;
        AuthPlan { login, mechanisms, two_step, unasked, owner }
    }

    /// Refuses a server that offers nothing at all, before anybody is asked for a password.
    pub(crate) fn check_offer(&self, offered: &[String]) -> Result<()> {
        if offered.is_empty() && !self.unasked { Err(mechanisms::nothing_offered()) } else { Ok(()) }
    }
}

/// A login under way: an exchange, and what it takes to begin another. All of it is wiped when the login is over.
pub(crate) struct Attempt {
    pub(crate) exchange: Exchange,
    pub(crate) credentials: Credentials,
    pub(crate) manner: Manner,
    /// Who is asked, once, for fresh credentials when these are refused.
    pub(crate) supplier: Option<Arc<dyn Supplier>>,
    /// Which of the connection's channel bindings this is done with, where it needs one.
    binding: usize,
}

impl Attempt {
    /// What the server knows now, and may repeat.
    pub(crate) fn password(&self) -> &Secret {
        &self.credentials.password
    }

    /// An error without what the server has repeated.
    fn without_secret(&self, mut error: Error) -> Error {
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
pub(crate) struct Exchange {
    mechanism: Box<dyn Mechanism>,
    /// The first response, too long to go out with the command.
    held_back: Option<Line>,
    /// Why the client has cancelled with `*`.
    cancelled: Option<Error>,
    /// The reason was a challenge that another mechanism need not have.
    is_unreadable: bool,
}

impl Exchange {
    pub(crate) fn name(&self) -> &'static str {
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
    pub(crate) fn is_of_mechanism(&self, error: &Error) -> bool {
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

impl Connection {
    /// Says AUTH with these credentials. `supplier` is asked for fresh ones, once, when the server refuses them.
    pub(crate) fn log_in(
        &mut self,
        manner: Manner,
        credentials: Credentials,
        supplier: Option<Arc<dyn Supplier>>,
        now: Instant,
    ) -> Result<()> {
        self.log_in_bound(manner, credentials, supplier, 0, now)
    }

    fn log_in_bound(
        &mut self,
        manner: Manner,
        credentials: Credentials,
        supplier: Option<Arc<dyn Supplier>>,
        binding: usize,
        now: Instant,
    ) -> Result<()> {
        let channel = self.channel_bindings().into_iter().nth(binding);
        let (exchange, initial) = self.begin_exchange(&manner, &credentials, channel.as_ref())?;
        let initial = initial.as_ref().map(|text| text.as_str());
        self.push(&Command::Auth { mechanism: exchange.name(), initial }, 0, now)?;
        self.go_on_with(Box::new(Attempt { exchange, credentials, manner, supplier, binding }));
        Ok(())
    }

    /// The attempt whose answer is due.
    pub(crate) fn go_on_with(&mut self, attempt: Box<Attempt>) {
        if let Stage::Opening(opening) = &mut self.stage {
            opening.auth = Some(attempt);
        }
    }

    /// The server, or the mechanism, has ended the attempt: what else can be tried.
    ///
    /// A server that does not know the kind of channel binding is asked with the next kind, on the same connection. It
    /// costs nothing in safety: who sits in between can have neither kind agree without the server's own key. Never is it
    /// asked without binding instead, though it may have that, too: it has offered to bind, so whoever says that it does
    /// not is the one to be kept out (RFC 5802 section 6), and `y` in place of `p` would be a lie that a true server
    /// refuses. A site that wants to do without names the mechanism.
    pub(crate) fn after_refusal(&mut self, attempt: Box<Attempt>, error: Error, now: Instant) -> Result<()> {
        let mut error = attempt.without_secret(error);
        if attempt.exchange.mechanism.may_lack_binding() && is_of_credentials(&error) {
            let kinds: Vec<&str> = self.channel_bindings().iter().map(|channel| channel.kind.name()).collect();
            let kinds_left = kinds.len().saturating_sub(attempt.binding + 1);
            if kinds_left > 0 {
                let Attempt { credentials, manner, supplier, binding, .. } = *attempt;
                self.observers.note("the server may not know this kind of channel binding: on with the next");
                return self.log_in_bound(manner, credentials, supplier, binding + 1, now);
            }
            let lacking = kinds.join(" and ");
            error.detail += &format!(
                " (the server may not know the channel binding {lacking}; a mechanism without -PLUS, named in the \
                 policy, does without)"
            );
        }
        let (attempt, account) = match self.try_next(attempt, &error, now) {
            Ok(()) => return Ok(()),
            Err(ended) => ended,
        };
        error.detail += &account;
        let Attempt { credentials, manner, supplier, .. } = *attempt;
        match supplier {
            Some(supplier) if is_of_credentials(&error) => {
                self.ask(supplier, manner, Some(Refused { credentials, error }), now)
            }
            _ => Err(error),
        }
    }

    /// Chooses a mechanism and begins it: the exchange, and what goes out with AUTH.
    fn begin_exchange(
        &self,
        manner: &Manner,
        credentials: &Credentials,
        channel: Option<&ChannelBinding>,
    ) -> Result<(Exchange, Option<Line>)> {
        let mut entropy = [0; ENTROPY];
        getrandom::fill(&mut entropy).map_err(|why| {
            Error::new(Phase::Auth, Cause::CannotSend, format!("the system gives no random numbers: {why}"))
        })?;
        let (host, port) = &self.place;
        let offered = &self.extensions().auth;
        let mut context = Context { entropy, host, port: *port, channel, offered };
        let begun = mechanisms::choose(manner, credentials, &context)
            .and_then(|name| begin(name, manner, credentials, &context));
        context.entropy.zeroize();
        begun
    }
}

/// Whether a refusal may be about the credentials: a lasting no that is neither about the command itself (500 to 504, but
/// for 501, which some servers say to a token) nor about the mechanism (534, 538).
fn is_of_credentials(error: &Error) -> bool {
    let about_others = [500, 502, 503, 504, 534, 538].contains(&error.code());
    error.cause == Cause::Refused && error.reply.as_ref().is_some_and(|reply| reply.is_permanent()) && !about_others
}

fn begin(
    name: &'static str,
    manner: &Manner,
    credentials: &Credentials,
    context: &Context<'_>,
) -> Result<(Exchange, Option<Line>)> {
    let mut mechanism = sasl::client(name, credentials, context)?;
    let initial = if manner.two_step { None } else { mechanism.initial() };
    let initial = initial.map(sasl::wire::encode_initial).transpose()?.map(Zeroizing::new);
    let fits = |text: &Line| "AUTH  \r\n".len() + name.len() + text.len() <= COMMAND_MAX;
    let (with_command, held_back) = match initial {
        Some(text) if !fits(&text) => (None, Some(text)),
        text => (text, None),
    };
    let exchange = Exchange { mechanism, held_back, cancelled: None, is_unreadable: false };
    Ok((exchange, with_command))
}
