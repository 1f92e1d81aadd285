//! Which mechanism AUTH is said with: the first, and the next one where the server does not take it after all.
//!
//! Servers offer mechanisms that they then do not have (a list in their settings that nobody has held against what is
//! installed), or whose challenges nobody can read. The next mechanism is worth a try then, as long as nothing was said
//! about the credentials: a wrong password that goes out in three ways locks an account three times as fast.

use super::exchange::{Attempt, AuthOptions, begin};
use super::{Facts, Next, Opening, Say};
use crate::error::{Cause, Error, Hint, Phase, Result};
use crate::sasl::{self, Context, Credentials, ENTROPY};
use std::fmt;

/// How much of an answer is repeated in the words of the last error, in characters.
const ANSWER_MAX: usize = 200;

/// A mechanism that the server has offered and does not take.
#[derive(Clone)]
pub(super) struct Tried {
    name: &'static str,
    answer: String,
}

impl Tried {
    fn of(attempt: &Attempt, error: &Error) -> Tried {
        let exchange = &attempt.exchange;
        let answer = error.detail.chars().take(ANSWER_MAX).collect();
        Tried { name: exchange.name(), answer }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.answer)
    }
}

impl Opening {
    /// The server has ended the attempt in a way that is about the mechanism: on with the next one that both have. The
    /// attempt itself comes back, and what to add to the error's words, where there is none.
    pub(super) fn try_next(
        &mut self,
        mut attempt: Box<Attempt>,
        error: &Error,
        facts: &Facts<'_>,
    ) -> std::result::Result<Next, (Box<Attempt>, String)> {
        let is_of_mechanism = attempt.exchange.is_of_mechanism(error);
        attempt.options.tried.push(Tried::of(&attempt, error));
        while is_of_mechanism && let Some(next) = next_mechanism(&attempt, facts) {
            self.notes.push(format!("{}: on with {next}", last_of(&attempt.options)));
            let (options, credentials) = (attempt.options.clone(), attempt.credentials.clone());
            match begin(options, credentials, attempt.supplier.clone(), 0, facts) {
                Ok((begun, initial)) => {
                    // If the server has closed meanwhile, that says less than its refusal.
                    let refusal = error.clone().adding(&account(&attempt, facts));
                    let say = Say::Auth(begun.exchange.name(), initial);
                    self.attempt = Some(begun);
                    return Ok(Next::SayOr(say, refusal));
                }
                // It cannot carry these credentials.
                Err(why) => attempt.options.tried.push(Tried { name: next, answer: why.detail }),
            }
        }
        if !is_of_mechanism && attempt.options.tried.len() == 1 {
            attempt.options.tried.clear();
            return Err((attempt, String::new()));
        }
        let words = account(&attempt, facts);
        if !is_of_mechanism {
            // Fresh credentials may be tried with it.
            attempt.options.tried.pop();
        }
        Err((attempt, words))
    }
}

fn next_mechanism(attempt: &Attempt, facts: &Facts<'_>) -> Option<&'static str> {
    left(attempt, facts, |name| attempt.options.allows(name)).into_iter().next()
}

/// Those of the server's mechanisms that these credentials could be tried with.
fn left(attempt: &Attempt, facts: &Facts<'_>, may: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let (host, port) = facts.place;
    let channel = (facts.channel_bindings)().into_iter().next();
    let context =
        Context { entropy: [0; ENTROPY], host, port, channel: channel.as_ref(), offered: &facts.extensions.auth };
    let possible = attempt.options.possible(&attempt.credentials, &context);
    possible.into_iter().filter(|name| may(name)).collect()
}

/// What was tried, what the server said to it, and who decides about it.
fn account(attempt: &Attempt, facts: &Facts<'_>) -> String {
    let options = &attempt.options;
    let tried: Vec<String> = match options.tried.as_slice() {
        [only] => vec![only.name.to_owned()],
        all => all.iter().map(Tried::to_string).collect(),
    };
    let is_left = |name: &str| !options.has_tried(name);
    let barred = left(attempt, facts, is_left);
    let not_asked_for = facts.extensions.auth.iter().filter(|offer| {
        let known = sasl::traits(offer).is_some_and(|traits| traits.proof == attempt.credentials.proof);
        known && is_left(offer) && !barred.iter().any(|name| name.eq_ignore_ascii_case(offer))
    });
    let not_asked_for: Vec<&str> = not_asked_for.map(String::as_str).collect();
    let mut words = format!(" (tried: {}", tried.join("; "));
    if !barred.is_empty() {
        words += &format!("; not tried, for it would give up what those protect: {}", barred.join(" "));
    }
    if !not_asked_for.is_empty() {
        words += &format!("; also offered: {}", not_asked_for.join(" "));
    }
    words + "; the key mechanism of the policy says which are tried)"
}

impl AuthOptions {
    /// The mechanisms of the plan that are possible here, the first to try first; without a list in it all that there are
    /// for the credentials, the best first.
    fn possible(&self, credentials: &Credentials, context: &Context<'_>) -> Vec<&'static str> {
        match self.mechanisms.as_slice() {
            [] => sasl::possible(credentials, context).collect(),
            list => list.iter().copied().filter(|name| sasl::is_possible(name, context)).collect(),
        }
    }

    fn has_tried(&self, name: &str) -> bool {
        self.tried.iter().any(|tried| tried.name.eq_ignore_ascii_case(name))
    }

    /// Whether this mechanism may be tried after those that were. Who sits in between can say no to a mechanism in the
    /// server's place, and must not gain by it what striking it from the offer would not gain him: so none without channel
    /// binding after one with it (RFC 5802 section 6: the server is told of the offer). In the clear he gains nothing: what
    /// he does not want used there he can strike.
    fn allows(&self, name: &str) -> bool {
        let Some(traits) = sasl::traits(name).filter(|_| !self.has_tried(name)) else { return false };
        traits.binds_channel
            || !self.tried.iter().any(|tried| sasl::traits(tried.name).is_some_and(|traits| traits.binds_channel))
    }
}

fn last_of(options: &AuthOptions) -> String {
    options.tried.last().map_or(String::new(), Tried::to_string)
}

/// The mechanism to try next: the first of the plan that is possible here and was not tried.
pub(super) fn choose(options: &AuthOptions, credentials: &Credentials, context: &Context<'_>) -> Result<&'static str> {
    let possible = options.possible(credentials, context).into_iter().find(|name| options.allows(name));
    let unasked = || options.mechanisms.first().copied().filter(|name| options.unasked && !options.has_tried(name));
    possible.or_else(unasked).ok_or_else(|| {
        if context.offered.is_empty() {
            return nothing_offered();
        }
        let wanted = wanted(options, credentials).join(" ");
        let words = format!("the server offers {}, wanted is {wanted}", context.offered.join(" "));
        Error::new(Phase::Auth, Cause::NotSupported, words).hinting(Hint::NoMechanism)
    })
}

pub(super) fn nothing_offered() -> Error {
    let words = "the server offers no authentication; use another port (587), or send without user and password";
    Error::new(Phase::Auth, Cause::NotSupported, words).hinting(Hint::NoAuth)
}

/// The mechanisms that the plan comes down to.
fn wanted(options: &AuthOptions, credentials: &Credentials) -> Vec<&'static str> {
    if !options.mechanisms.is_empty() {
        return options.mechanisms.clone();
    }
    let of_proof = |name: &&str| sasl::traits(name).is_some_and(|traits| traits.proof == credentials.proof);
    sasl::mechanisms().filter(of_proof).collect()
}
