//! What a server keeps of a password for SCRAM, and how it is written down.

use super::super::prep::saslprep;
use super::super::scram::{self, FIELD_MAX, Hash, ITERATIONS_MAX, ITERATIONS_MIN, keyed};
use super::super::{SaslError, Secret};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use core::str::FromStr;
use ctutils::CtEq;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The digest that the keys are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramHash {
    /// For SCRAM-SHA-1.
    Sha1,
    /// For SCRAM-SHA-256.
    Sha256,
}

impl ScramHash {
    /// Both, the better one last.
    pub const ALL: [ScramHash; 2] = [ScramHash::Sha1, ScramHash::Sha256];

    /// The mechanism's name.
    pub fn name(self) -> &'static str {
        match self {
            ScramHash::Sha1 => scram::SHA1,
            ScramHash::Sha256 => scram::SHA256,
        }
    }

    /// How long the keys are, in octets.
    pub(super) fn len(self) -> usize {
        match self {
            ScramHash::Sha1 => <Sha1 as Digest>::output_size(),
            ScramHash::Sha256 => <Sha256 as Digest>::output_size(),
        }
    }

    /// Does the work of so many iterations, for nothing.
    pub(super) fn work(self, password: &str, iterations: u32) {
        let _ = match self {
            ScramHash::Sha1 => scram::salted::<Sha1>(password, b"nobody", iterations),
            ScramHash::Sha256 => scram::salted::<Sha256>(password, b"nobody", iterations),
        };
    }

    /// The keys among these that are made with it.
    pub(super) fn find(self, keys: &[ScramKeys]) -> Option<&ScramKeys> {
        keys.iter().find(|keys| keys.hash == self)
    }
}

/// What a server keeps of a password: enough to see that a client has it, and to prove that it knows it itself; not
/// enough to log in elsewhere with it.
///
/// Written as a text it is one line, as RFC 5803 and other servers have it, such as
/// `SCRAM-SHA-256$4096:salt$stored:server`, with salt and keys in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// The digest.
    pub hash: ScramHash,
    /// The salt.
    pub salt: Vec<u8>,
    /// How often the password was salted.
    pub iterations: u32,
    /// What the client's proof is checked with.
    pub stored_key: Zeroizing<Vec<u8>>,
    /// What the server's proof is made with.
    pub server_key: Zeroizing<Vec<u8>>,
}

impl ScramKeys {
    /// Makes the keys of a password. The salt should be 16 random octets, fresh for each user; with many iterations
    /// (4,096 to 1,000,000) it takes a while.
    pub fn derive(hash: ScramHash, password: &Secret, salt: &[u8], iterations: u32) -> Result<Self, SaslError> {
        ScramKeys::of_prepared(hash, &saslprep(password.expose())?, salt, iterations)
    }

    /// The same of a password that has been prepared.
    pub(super) fn of_prepared(
        hash: ScramHash,
        password: &str,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, SaslError> {
        if !ITERATIONS.contains(&iterations) || salt.is_empty() || salt.len() > FIELD_MAX {
            return Err(SaslError::BadCredentials("SCRAM needs a salt, and 4096 to 1000000 iterations"));
        }
        let (stored_key, server_key) = match hash {
            ScramHash::Sha1 => keys::<Sha1>(password, salt, iterations)?,
            ScramHash::Sha256 => keys::<Sha256>(password, salt, iterations)?,
        };
        Ok(ScramKeys { hash, salt: salt.to_vec(), iterations, stored_key, server_key })
    }

    /// These are the keys of this password.
    pub fn fit(&self, password: &Secret) -> bool {
        ScramKeys::derive(self.hash, password, &self.salt, self.iterations).is_ok_and(|keys| self.are(&keys))
    }

    /// These are the same keys.
    pub(super) fn are(&self, others: &ScramKeys) -> bool {
        self.stored_key.as_slice().ct_eq(&others.stored_key).to_bool()
    }
}

/// StoredKey and ServerKey.
type Pair = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

fn keys<D: Hash>(password: &str, salt: &[u8], iterations: u32) -> Result<Pair, SaslError> {
    let salted = scram::salted::<D>(password, salt, iterations)?;
    let client_key = keyed::<D>(&salted, b"Client Key")?;
    Ok((Zeroizing::new(D::digest(client_key.as_slice()).to_vec()), keyed::<D>(&salted, b"Server Key")?))
}

impl fmt::Display for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] = [&self.salt, &*self.stored_key, &*self.server_key].map(|key| STANDARD.encode(key));
        write!(f, "{}${}:{salt}${stored}:{server}", self.hash.name(), self.iterations)
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}$<hidden>", self.hash.name())
    }
}

/// The text is not what [`ScramKeys`] is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotKeys;

impl fmt::Display for NotKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not the keys of SCRAM: SCRAM-SHA-256$iterations:salt$stored-key:server-key, the last three in base64",
        )
    }
}

impl core::error::Error for NotKeys {}

impl FromStr for ScramKeys {
    type Err = NotKeys;

    fn from_str(text: &str) -> Result<Self, NotKeys> {
        let read = || {
            let (name, rest) = text.split_once('$')?;
            let hash = ScramHash::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(name))?;
            let (iterations, rest) = rest.split_once(':')?;
            let (salt, rest) = rest.split_once('$')?;
            let (stored, server) = rest.split_once(':')?;
            let digits = iterations.bytes().all(|b| b.is_ascii_digit());
            let iterations = iterations.parse().ok().filter(|count| digits && ITERATIONS.contains(count))?;
            let salt = octets(salt).filter(|salt| (1..=FIELD_MAX).contains(&salt.len()))?;
            let key = |text: &str| octets(text).filter(|key| key.len() == hash.len()).map(Zeroizing::new);
            Some(ScramKeys { hash, salt, iterations, stored_key: key(stored)?, server_key: key(server)? })
        };
        read().ok_or(NotKeys)
    }
}

const ITERATIONS: core::ops::RangeInclusive<u32> = ITERATIONS_MIN..=ITERATIONS_MAX;

fn octets(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
