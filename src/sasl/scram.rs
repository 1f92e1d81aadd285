//! SCRAM, RFC 5802 and 7677, with and without channel binding: both ends prove that they know the password, and neither
//! learns it from the other.

#[cfg(test)]
mod tests;

use super::prep::saslprep;
use super::{BindingKind, Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(super) const SHA1: &str = "SCRAM-SHA-1";
pub(super) const SHA1_PLUS: &str = "SCRAM-SHA-1-PLUS";
pub(super) const SHA256: &str = "SCRAM-SHA-256";
pub(super) const SHA256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// The fewest iterations taken: what RFC 5802 section 5.1 asks for. Fewer make the password cheap to guess for whoever
/// posed as the server.
pub const ITERATIONS_MIN: u32 = 4096;

/// The most iterations taken: some seconds of work on a small processor, which the server cannot make hours.
pub const ITERATIONS_MAX: u32 = 1_000_000;

/// The longest nonce, salt or verdict of the other side.
pub(super) const FIELD_MAX: usize = 1024;

pub(super) fn begin_sha1(credentials: &Credentials, context: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    begin::<Sha1>(SHA1, Bound::unless_bound(context), credentials, context)
}

pub(super) fn begin_sha256(credentials: &Credentials, context: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    begin::<Sha256>(SHA256, Bound::unless_bound(context), credentials, context)
}

pub(super) fn begin_sha1_plus(
    credentials: &Credentials,
    context: &Context<'_>,
) -> Result<Box<dyn Mechanism>, SaslError> {
    begin::<Sha1>(SHA1_PLUS, Bound::to_channel(context)?, credentials, context)
}

pub(super) fn begin_sha256_plus(
    credentials: &Credentials,
    context: &Context<'_>,
) -> Result<Box<dyn Mechanism>, SaslError> {
    begin::<Sha256>(SHA256_PLUS, Bound::to_channel(context)?, credentials, context)
}

fn begin<D: Hash>(
    name: &'static str,
    bound: Bound<'_>,
    credentials: &Credentials,
    context: &Context<'_>,
) -> Result<Box<dyn Mechanism>, SaslError> {
    Ok(Box::new(Scram::<D>::new(name, &bound, credentials, context.nonce())?))
}

/// How the exchange is tied to the channel: the first letters of the GS2 header.
enum Bound<'a> {
    /// The client could not do it.
    No,
    /// The client could, the server seems not to. A server that can and reads this knows that somebody in between
    /// struck the -PLUS mechanisms from its offer.
    ServerDoesNot,
    /// By this property.
    To(BindingKind, &'a [u8]),
}

impl<'a> Bound<'a> {
    /// Of a mechanism without -PLUS.
    fn unless_bound(context: &Context<'_>) -> Bound<'a> {
        match context.channel {
            Some(_) if !context.server_binds() => Bound::ServerDoesNot,
            // Somebody has chosen the plain mechanism though the server offers better: nothing was struck.
            _ => Bound::No,
        }
    }

    /// Of a mechanism with -PLUS.
    fn to_channel(context: &Context<'a>) -> Result<Bound<'a>, SaslError> {
        let channel = context.channel.ok_or(SaslError::NoChannel)?;
        Ok(Bound::To(channel.kind, &channel.data))
    }
}

/// A digest that SCRAM is done with.
pub(super) trait Hash: Digest + EagerHash + Send + 'static {}
impl Hash for Sha1 {}
impl Hash for Sha256 {}

enum Step {
    /// Nothing is said.
    First,
    /// The server's nonce, salt and iteration count are due.
    Salt,
    /// The server's signature is due.
    Signature { server_key: Zeroizing<Vec<u8>>, auth_message: String },
    /// The server has proven itself.
    Done,
    /// The server has said no, in these words.
    Refused(String),
}

struct Scram<D> {
    name: &'static str,
    password: Zeroizing<String>,
    nonce: String,
    /// The GS2 header, with which the first message begins.
    header: String,
    /// The first message behind the header.
    bare: String,
    /// The header in base64, with the channel's data behind it.
    binding: String,
    is_bound: bool,
    step: Step,
    digest: core::marker::PhantomData<fn() -> D>,
}

impl<D: Hash> Scram<D> {
    fn new(name: &'static str, bound: &Bound<'_>, credentials: &Credentials, nonce: String) -> Result<Self, SaslError> {
        let user = saslprep(&credentials.user)?;
        let password = saslprep(credentials.password.expose())?;
        let authzid = credentials.authzid.as_deref().map_or(String::new(), |other| format!("a={}", name_of(other)));
        let (flag, data): (String, &[u8]) = match bound {
            Bound::No => (String::from("n"), &[]),
            Bound::ServerDoesNot => (String::from("y"), &[]),
            Bound::To(kind, data) => (format!("p={}", kind.name()), data),
        };
        let header = format!("{flag},{authzid},");
        let binding = STANDARD.encode([header.as_bytes(), data].concat());
        let bare = format!("n={},r={nonce}", name_of(&user));
        let is_bound = matches!(bound, Bound::To(..));
        let digest = core::marker::PhantomData;
        Ok(Scram { name, password, nonce, header, bare, binding, is_bound, step: Step::First, digest })
    }

    fn first(&mut self) -> Vec<u8> {
        self.step = Step::Salt;
        format!("{}{}", self.header, self.bare).into_bytes()
    }

    /// The client's last message, from the server's first.
    fn prove(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        let first = ServerFirst::parse(challenge, &self.nonce)?;
        let without_proof = format!("c={},r={}", self.binding, first.nonce);
        let auth_message = format!("{},{},{without_proof}", self.bare, first.text);

        let salted = salted::<D>(&self.password, &first.salt, first.iterations)?;
        let client_key = keyed::<D>(&salted, b"Client Key")?;
        let stored_key = Zeroizing::new(D::digest(client_key.as_slice()).to_vec());
        let mut proof = keyed::<D>(&stored_key, auth_message.as_bytes())?;
        proof.iter_mut().zip(client_key.iter()).for_each(|(signature, key)| *signature ^= key);

        let server_key = keyed::<D>(&salted, b"Server Key")?;
        self.step = Step::Signature { server_key, auth_message };
        Ok(format!("{without_proof},p={}", STANDARD.encode(&*proof)).into_bytes())
    }
}

/// What the server says of its no: `e=words`.
fn words_of_error(text: &str) -> Option<String> {
    let words = text.strip_prefix("e=")?.split(',').next().unwrap_or_default();
    Some(words.chars().take(FIELD_MAX).collect())
}

/// The server's last message: whether it knows the password, too. Compared in constant time.
fn verdict<D: Hash>(challenge: &[u8], server_key: &[u8], auth_message: &str) -> Result<Step, SaslError> {
    let text = text_of(challenge)?;
    if let Some(words) = words_of_error(text) {
        return Ok(Step::Refused(words));
    }
    let signature = text.strip_prefix("v=").and_then(|rest| rest.split(',').next());
    let signature = signature.and_then(|base64| STANDARD.decode(base64).ok());
    let signature = signature.ok_or(SaslError::BadChallenge("the server's SCRAM verdict cannot be read"))?;
    let mac = hmac_of::<D>(server_key, auth_message.as_bytes())?;
    mac.verify_slice(&signature).map_err(|_| {
        SaslError::BadChallenge("the server does not know the password itself: it is not the one it says it is")
    })?;
    Ok(Step::Done)
}

impl<D: Hash> Mechanism for Scram<D> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        Some(self.first())
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        match &self.step {
            // The challenge should be empty; servers that greet here mean the same.
            Step::First => Ok(self.first()),
            // Some servers say no here already, as they may at the end only.
            Step::Salt if challenge.starts_with(b"e=") => {
                self.step = Step::Refused(words_of_error(text_of(challenge)?).unwrap_or_default());
                Ok(Vec::new())
            }
            Step::Salt => self.prove(challenge),
            Step::Signature { server_key, auth_message } => {
                self.step = verdict::<D>(challenge, server_key, auth_message)?;
                Ok(Vec::new())
            }
            Step::Done | Step::Refused(_) => {
                Err(SaslError::BadChallenge("SCRAM has nothing more to say, but the server asks again"))
            }
        }
    }

    fn reads_challenge(&self) -> bool {
        !matches!(self.step, Step::First)
    }

    fn has_shown(&self) -> bool {
        match &self.step {
            Step::First | Step::Salt => false,
            Step::Signature { .. } | Step::Done => true,
            // Some servers refuse in place of their challenge, which is about the user all the same.
            Step::Refused(_) => true,
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self.step, Step::Done)
    }

    fn refusal(&self) -> Option<&str> {
        match &self.step {
            Step::Refused(words) => Some(words),
            _ => None,
        }
    }

    fn may_lack_binding(&self) -> bool {
        let said = match &self.step {
            // The server has seen which kind it is, and nothing of the password yet.
            Step::Salt => true,
            Step::Refused(words) => words == "unsupported-channel-binding-type",
            _ => false,
        };
        said && self.is_bound
    }
}

/// The server's first message: `r=nonce,s=salt,i=iterations`, extensions behind them.
struct ServerFirst<'a> {
    text: &'a str,
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> ServerFirst<'a> {
    fn parse(challenge: &'a [u8], own_nonce: &str) -> Result<Self, SaslError> {
        let text = text_of(challenge)?;
        let mut fields = text.split(',');
        let mut field = |name| fields.next().and_then(|field| field.strip_prefix(name));
        if text.starts_with("m=") {
            return Err(SaslError::Unreadable("the server wants an extension of SCRAM that nobody here knows"));
        }
        let (Some(nonce), Some(salt), Some(iterations)) = (field("r="), field("s="), field("i=")) else {
            return Err(SaslError::Unreadable("the server's SCRAM challenge cannot be read"));
        };
        let printable = nonce.bytes().all(|byte| byte.is_ascii_graphic());
        let continued = nonce.strip_prefix(own_nonce).is_some_and(|servers| !servers.is_empty());
        if !printable || !continued || nonce.len() > FIELD_MAX {
            return Err(SaslError::BadChallenge("the server's SCRAM nonce does not go on from ours"));
        }
        let salt = STANDARD.decode(salt).ok().filter(|salt| (1..=FIELD_MAX).contains(&salt.len()));
        let salt = salt.ok_or(SaslError::Unreadable("the server's SCRAM salt cannot be used"))?;
        Ok(ServerFirst { text, nonce, salt, iterations: iteration_count(iterations)? })
    }
}

fn iteration_count(text: &str) -> Result<u32, SaslError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.parse::<u32>() {
        Ok(count) if digits && count < ITERATIONS_MIN => {
            Err(SaslError::BadChallenge("the server's SCRAM iteration count is below 4096: too weak"))
        }
        Ok(count) if digits && count <= ITERATIONS_MAX => Ok(count),
        _ if digits => Err(SaslError::Unreadable("the server's SCRAM iteration count is above 1000000")),
        _ => Err(SaslError::Unreadable("the server's SCRAM iteration count is no number")),
    }
}

fn text_of(challenge: &[u8]) -> Result<&str, SaslError> {
    let text = core::str::from_utf8(challenge).ok().filter(|text| !text.chars().any(char::is_control));
    text.ok_or(SaslError::Unreadable("the server's SCRAM message is not text"))
}

/// A name as the messages have it: `,` and `=` would end it.
pub(super) fn name_of(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The prepared password, salted: what all keys are made of. This is the work that makes guessing dear.
pub(super) fn salted<D: Hash>(password: &str, salt: &[u8], iterations: u32) -> Result<Zeroizing<Vec<u8>>, SaslError> {
    let mut salted = Zeroizing::new(alloc::vec![0; <D as Digest>::output_size()]);
    #[cfg(test)]
    let iterations = work_done::add(<D as Digest>::output_size(), iterations);
    pbkdf2::pbkdf2::<Hmac<D>>(password.as_bytes(), salt, iterations, &mut salted)
        .map_err(|_| SaslError::BadCredentials("the password is no key"))?;
    Ok(salted)
}

/// How much work was done, for tests: what takes time, without a clock.
#[cfg(test)]
pub(super) mod work_done {
    use alloc::vec::Vec;
    use core::cell::{Cell, RefCell};

    std::thread_local! {
        static DONE: RefCell<Vec<(usize, u32)>> = const { RefCell::new(Vec::new()) };
        static PRETENDED: Cell<bool> = const { Cell::new(false) };
    }

    /// From now on this thread counts all of its work, on both sides, and does a single iteration of it.
    pub fn pretend() {
        PRETENDED.set(true);
    }

    /// So much is about to be done; comes back with how much really.
    pub(super) fn add(octets: usize, iterations: u32) -> u32 {
        DONE.with_borrow_mut(|done| done.push((octets, iterations)));
        if PRETENDED.get() { 1 } else { iterations }
    }

    /// Takes what this thread has done since the last time: iterations with SHA-1 and with SHA-256.
    pub fn take() -> [u32; 2] {
        let done = DONE.take();
        [20, 32].map(|octets| done.iter().filter(|(of, _)| *of == octets).map(|(_, iterations)| iterations).sum())
    }
}

pub(super) fn hmac_of<D: Hash>(key: &[u8], text: &[u8]) -> Result<Hmac<D>, SaslError> {
    // HMAC takes keys of every length, so the error that the crate's signature allows for does not come.
    let mac = Hmac::<D>::new_from_slice(key).map_err(|_| SaslError::BadCredentials("the password is no key"))?;
    Ok(mac.chain_update(text))
}

pub(super) fn keyed<D: Hash>(key: &[u8], text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SaslError> {
    Ok(Zeroizing::new(hmac_of::<D>(key, text)?.finalize().into_bytes().to_vec()))
}
