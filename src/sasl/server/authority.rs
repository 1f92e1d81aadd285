//! Who says who may come in.

use super::super::prep::saslprep;
use super::super::scram;
use super::strangers::{Likeness, best};
use super::{Failure, ScramHash, ScramKeys, Secret};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use ctutils::CtEq;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The users could not be looked up: a file that cannot be read, a directory that does not answer. The client is told
/// to try again later; why, is for the server's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What is kept about a user.
#[derive(Clone, Debug)]
pub enum Stored {
    /// The password itself. All mechanisms that take a password can go by it, CRAM-MD5 only by it.
    Password(Secret),
    /// The keys of SCRAM, of which nobody can make the password again; one for each digest. PLAIN and LOGIN go by them
    /// too.
    Keys(Vec<ScramKeys>),
}

/// Says who may come in. Every method may take its time, and may be called from several threads at once.
///
/// The names are as the client sent them, free of control characters but otherwise anything. A user store implements
/// [`look_up`](Self::look_up); a callback that only knows yes and no implements
/// [`check_password`](Self::check_password), and then only PLAIN and LOGIN can be offered.
pub trait Authority: Send + Sync {
    /// What is kept about this user; `None` if there is no such user.
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        let _ = user;
        Ok(None)
    }

    /// Whether the functions may wait for anything, such as a directory or the program. False: they only take the time that
    /// the processor needs.
    fn blocks(&self) -> bool {
        true
    }

    /// It is [`Stored::Password`] that `look_up` gives, of some users at least. Whoever fails is then made to cost as much
    /// work as such users do, so that the time does not tell who is one.
    fn keeps_passwords(&self) -> bool {
        false
    }

    /// Is this the user's password? `None` leaves it to what `look_up` gives.
    fn check_password(&self, user: &str, password: &Secret) -> Result<Option<bool>, Unavailable> {
        let _ = (user, password);
        Ok(None)
    }

    /// Is this a token that stands for the user? With OAUTHBEARER the name may be empty: then the token alone says
    /// whose it is. Gives the user's name, `None` if the token is not good.
    fn check_token(&self, user: &str, token: &Secret) -> Result<Option<String>, Unavailable> {
        let _ = (user, token);
        Ok(None)
    }

    /// May a guest come in, who leaves this word (a mail address, mostly) for the log?
    fn admit_guest(&self, word: &str) -> Result<bool, Unavailable> {
        let _ = word;
        Ok(false)
    }

    /// May `user`, who has proven himself, act as `other`, who is somebody else?
    fn may_act_as(&self, user: &str, other: &str) -> Result<bool, Unavailable> {
        let _ = (user, other);
        Ok(false)
    }
}

/// Where users belong: who says who may come in, and what all runs have in common.
pub struct Realm {
    /// Who says who may come in.
    pub authority: Box<dyn Authority>,
    /// The server's name, as CRAM-MD5 shows it.
    pub host: String,
    /// Random octets that stay the same, over restarts too if it can be: the salts that strangers are shown are made
    /// of them. Who knows them can tell strangers from users.
    pub secret: Zeroizing<[u8; 32]>,
    /// How many iterations strangers are told, and users of whom the password is kept. Set it to what the stored keys
    /// mostly have; 4,096 to 1,000,000.
    pub iterations: u32,
    /// What the users are like, as far as strangers have to be like them.
    pub likeness: Likeness,
    /// The scope that a token needs, as the refusal of one tells the client; may be empty.
    pub oauth_scope: String,
    /// Where clients find how to get a token (the URL of an OpenID configuration); may be empty.
    pub oauth_discovery: String,
}

/// What strangers and users with a password are told when nothing else is set: what the owner of a stolen file would
/// have to do for each guess costs a client some milliseconds.
pub const ITERATIONS: u32 = 10_000;

impl Realm {
    /// A realm without OAuth.
    pub fn new(authority: Box<dyn Authority>, host: impl Into<String>, secret: [u8; 32]) -> Self {
        Realm {
            authority,
            host: host.into(),
            secret: Zeroizing::new(secret),
            iterations: ITERATIONS,
            likeness: Likeness::default(),
            oauth_scope: String::new(),
            oauth_discovery: String::new(),
        }
    }

    /// Is this the user's password?
    pub(super) fn is_password(&self, user: &str, password: &Secret) -> Result<bool, Failure> {
        if let Some(verdict) = self.authority.check_password(user, password)? {
            return Ok(verdict);
        }
        let stored = self.look_up(user)?;
        let given = prepared(password);
        // One salting in every case, known or not: it is what takes time.
        let best = match &stored {
            Some(Stored::Keys(keys)) => best(keys),
            _ => None,
        };
        let (salt, iterations) = self.shown(ScramHash::Sha256, user, stored.as_ref());
        let (hash, salt, iterations) = match best {
            Some(keys) => (keys.hash, &keys.salt, keys.iterations),
            None => (ScramHash::Sha256, &salt, iterations),
        };
        let made = ScramKeys::of_prepared(hash, &given, salt, iterations);
        let right = match (&stored, best) {
            (Some(Stored::Password(known)), _) => is_same(&prepared(known), &given),
            (_, Some(keys)) => made.is_ok_and(|made| keys.are(&made)),
            _ => false,
        };
        if !right {
            self.make_up(&given, hash, iterations);
        }
        Ok(right)
    }

    /// What is kept about a user.
    pub(super) fn look_up(&self, user: &str) -> Result<Option<Stored>, Failure> {
        let stored = self.authority.look_up(user)?;
        if let Some(Stored::Keys(keys)) = &stored {
            self.likeness.seen(keys);
        }
        Ok(stored)
    }

    /// Octets that nobody without the secret can foretell, for this user and purpose.
    pub(super) fn derived(&self, purpose: &[u8], hash: ScramHash, user: &str) -> Zeroizing<Vec<u8>> {
        let text = [purpose, b"\0", hash.name().as_bytes(), b"\0", user.as_bytes()].concat();
        scram::keyed::<Sha256>(self.secret.as_slice(), &text).unwrap_or_default()
    }
}

/// One spelling of a password for all ways to type it; one that has no such spelling stays as it is.
fn prepared(password: &Secret) -> Zeroizing<String> {
    saslprep(password.expose()).unwrap_or_else(|_| Zeroizing::new(password.expose().into()))
}

fn is_same(one: &str, other: &str) -> bool {
    // Of two digests, so that the time does not tell how much of it was right.
    let [one, other] = [one, other].map(|text| Sha256::digest(text.as_bytes()));
    one.as_slice().ct_eq(other.as_slice()).to_bool()
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm").field("host", &self.host).field("iterations", &self.iterations).finish_non_exhaustive()
    }
}
