//! What strangers are shown, and what they cost: what the users of the same realm are shown and cost.
//!
//! SCRAM tells a client the length of a salt and a number of iterations before the client has proven anything. Users whose
//! keys come from several programs differ in both, so a stranger who always got the same would stand out. Each name that is
//! nobody's is therefore likened to some user, chosen by a keyed digest of the name: the same name is always shown the same,
//! and as many strangers as users are shown each of what there is.

use super::super::scram::{self, FIELD_MAX};
use super::{Realm, ScramHash, ScramKeys, Stored};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

/// How long a salt is that is made here.
const SALT: usize = 16;

/// What SCRAM shows of a user's keys before anything is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    salt_len: usize,
    iterations: u32,
}

/// So many bits hold any number of iterations, and those that are left of 32 any length of a salt.
const ITERATION_BITS: u32 = 20;
const _: () = assert!(scram::ITERATIONS_MAX < 1 << ITERATION_BITS && FIELD_MAX < 1 << (32 - ITERATION_BITS));

/// The same for each digest, in the order of [`ScramHash::ALL`]; none where the user has no such keys.
type Profile = [Option<Shown>; 2];

/// Choices with their weights: each with the sum of all weights up to and with its own.
#[derive(Clone, Debug)]
struct Weighted<T>(Vec<(T, u64)>);

impl<T> Default for Weighted<T> {
    fn default() -> Self {
        Weighted(Vec::new())
    }
}

impl<T: Copy> Weighted<T> {
    fn of(counts: impl IntoIterator<Item = (T, u64)>) -> Self {
        let mut sum = 0;
        let add = |(choice, count)| {
            sum += count;
            (choice, sum)
        };
        Weighted(counts.into_iter().map(add).collect())
    }

    /// The choice at this point of the whole range. A weight more or less moves few of the points.
    fn at(&self, point: u64) -> Option<T> {
        let all = self.0.last()?.1;
        let place = u64::try_from((u128::from(point) * u128::from(all)) >> 64).ok()?;
        let found = self.0.partition_point(|(_, upto)| *upto <= place);
        self.0.get(found).map(|(choice, _)| *choice)
    }
}

/// What the users of a realm are like, as far as a client can see or measure it. Without any users it is what
/// [`Realm::iterations`] says, or what the first keys have that are looked up.
#[derive(Debug, Default)]
pub struct Likeness {
    profiles: Weighted<Profile>,
    each: [Weighted<Shown>; 2],
    /// By how many iterations the dearest password is checked, by digest: everybody who fails costs as much.
    dearest: [u32; 2],
    /// Of the first keys that were looked up: the length of their salt and their iterations; 0 before.
    first: [AtomicU32; 2],
}

impl Likeness {
    /// What these users are like, in a realm of so many [iterations](Realm::iterations).
    pub fn of<'a>(users: impl IntoIterator<Item = &'a Stored>, iterations: u32) -> Likeness {
        let iterations = clamped(iterations);
        let mut profiles: BTreeMap<Profile, u64> = BTreeMap::new();
        let mut each = [BTreeMap::new(), BTreeMap::new()];
        let mut dearest = [0; 2];
        for stored in users {
            let profile = match stored {
                Stored::Password(_) => [Some(Shown { salt_len: SALT, iterations }); 2],
                Stored::Keys(keys) => ScramHash::ALL.map(|hash| hash.find(keys).map(shown)),
            };
            *profiles.entry(profile).or_default() += 1;
            for (counts, shown) in each.iter_mut().zip(profile) {
                if let Some(shown) = shown {
                    *counts.entry(shown).or_default() += 1;
                }
            }
            let (hash, cost) = match stored {
                Stored::Password(_) => (ScramHash::Sha256, iterations),
                Stored::Keys(keys) => match best(keys) {
                    Some(keys) => (keys.hash, keys.iterations),
                    None => continue,
                },
            };
            let most = &mut dearest[index(hash)];
            *most = cost.max(*most);
        }
        let each = each.map(Weighted::of);
        Likeness { profiles: Weighted::of(profiles), each, dearest, first: Default::default() }
    }

    /// These keys were looked up.
    pub(super) fn seen(&self, keys: &[ScramKeys]) {
        for keys in keys {
            let word = (keys.salt.len() as u32) << ITERATION_BITS | keys.iterations;
            let _ = self.first[index(keys.hash)].compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn first_seen(&self, hash: ScramHash) -> Option<Shown> {
        let word = self.first[index(hash)].load(Ordering::Relaxed);
        let (salt_len, iterations) = (word >> ITERATION_BITS, word & ((1 << ITERATION_BITS) - 1));
        (word != 0).then_some(Shown { salt_len: salt_len as usize, iterations })
    }
}

/// The keys that a password is held against where a user has several.
pub(super) fn best(keys: &[ScramKeys]) -> Option<&ScramKeys> {
    ScramHash::ALL.iter().rev().find_map(|hash| hash.find(keys))
}

fn shown(keys: &ScramKeys) -> Shown {
    Shown { salt_len: keys.salt.len(), iterations: keys.iterations }
}

fn index(hash: ScramHash) -> usize {
    match hash {
        ScramHash::Sha1 => 0,
        ScramHash::Sha256 => 1,
    }
}

fn clamped(iterations: u32) -> u32 {
    iterations.clamp(scram::ITERATIONS_MIN, scram::ITERATIONS_MAX)
}

impl Realm {
    /// How many iterations are shown and run where no keys say otherwise.
    pub(super) fn iterations(&self) -> u32 {
        clamped(self.iterations)
    }

    /// The salt and the iterations that this name is shown where it has no keys for this digest. `known`: there is such a
    /// user, of whom the password is kept, or keys for the other digest alone.
    pub(super) fn shown(&self, hash: ScramHash, user: &str, known: Option<&Stored>) -> (Vec<u8>, u32) {
        let like = &self.likeness;
        let own = Shown { salt_len: SALT, iterations: self.iterations() };
        // All is worked out for everybody, so that it takes as long.
        let stranger = like.profiles.at(self.point(b"like", hash, user, true)).and_then(|of| of[index(hash)]);
        let other = like.each[index(hash)].at(self.point(b"else", hash, user, false)).or_else(|| like.first_seen(hash));
        let shown = match known {
            Some(Stored::Password(_)) => own,
            Some(Stored::Keys(_)) => other.unwrap_or(own),
            None => stranger.or(other).unwrap_or(own),
        };
        (self.salt(hash, user, shown.salt_len), shown.iterations)
    }

    /// A place among the choices that nobody without the secret can foretell. `both`: the same for both digests.
    fn point(&self, purpose: &[u8], hash: ScramHash, user: &str, both: bool) -> u64 {
        let octets = self.derived(purpose, if both { ScramHash::Sha256 } else { hash }, user);
        octets.first_chunk::<8>().map_or(0, |octets| u64::from_be_bytes(*octets))
    }

    /// Octets that look like a salt: always the same ones.
    fn salt(&self, hash: ScramHash, user: &str, length: usize) -> Vec<u8> {
        let mut salt = Vec::new();
        for block in 0..length.div_ceil(32) {
            salt.extend_from_slice(&self.derived(format!("salt {block}").as_bytes(), hash, user));
        }
        salt.truncate(length);
        salt
    }

    /// A failed password has been checked with so many iterations of this digest: does the rest of what the dearest one
    /// costs, so that the time says nothing about whose it was.
    pub(super) fn make_up(&self, password: &str, hash: ScramHash, iterations: u32) {
        for other in ScramHash::ALL {
            let done = if other == hash { iterations } else { 0 };
            let missing = self.likeness.dearest[index(other)].saturating_sub(done);
            if missing > 0 {
                other.work(password, missing);
            }
        }
    }
}

#[cfg(test)]
mod tests;
