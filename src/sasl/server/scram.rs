//! SCRAM (RFC 5802, RFC 7677): the client proves that it has the password, and we that we know its keys.

use super::super::prep::saslprep;
use super::super::scram::{FIELD_MAX, Hash, keyed};
use super::super::{BindingKind, ChannelBinding};
use super::{Failure, Next, Realm, ScramHash, ScramKeys, Secret, Side, Stored, Surroundings, authorize, text_of};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use core::marker::PhantomData;
use ctutils::CtEq;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

pub(super) fn begin_sha1(surroundings: Surroundings) -> Box<dyn Side> {
    Scram::<Sha1>::begin(ScramHash::Sha1, false, surroundings)
}

pub(super) fn begin_sha1_plus(surroundings: Surroundings) -> Box<dyn Side> {
    Scram::<Sha1>::begin(ScramHash::Sha1, true, surroundings)
}

pub(super) fn begin_sha256(surroundings: Surroundings) -> Box<dyn Side> {
    Scram::<Sha256>::begin(ScramHash::Sha256, false, surroundings)
}

pub(super) fn begin_sha256_plus(surroundings: Surroundings) -> Box<dyn Side> {
    Scram::<Sha256>::begin(ScramHash::Sha256, true, surroundings)
}

struct Scram<D> {
    hash: ScramHash,
    /// The mechanism has -PLUS.
    plus: bool,
    plus_offered: bool,
    bindings: Vec<ChannelBinding>,
    /// Our part of the nonce.
    nonce: String,
    step: Step,
    digest: PhantomData<fn() -> D>,
}

enum Step {
    First,
    /// The proof is due.
    Proof(Box<Asked>),
    /// We have proven ourselves; an empty answer is due.
    Said {
        user: String,
        authzid: String,
    },
    Over,
}

/// What was said so far.
struct Asked {
    user: String,
    authzid: String,
    /// What `c=` has to stand for: the header and the channel's octets.
    binding: Vec<u8>,
    /// Both nonces.
    nonce: String,
    /// The client's first message without its header, a comma, and our first message.
    front: String,
    /// The salt that was shown.
    salt: Vec<u8>,
    against: Against,
}

/// What the proof is held against.
enum Against {
    /// The user's keys.
    Keys(ScramKeys),
    /// The user's password, of which the keys are yet to be made: that takes time.
    Password(Secret),
    /// There is no such user. Nobody is told so.
    Nobody,
}

impl<D: Hash> Scram<D> {
    fn begin(hash: ScramHash, plus: bool, surroundings: Surroundings) -> Box<dyn Side> {
        Box::new(Scram::<D> {
            hash,
            plus,
            plus_offered: surroundings.plus_offered,
            bindings: surroundings.bindings,
            nonce: STANDARD.encode(surroundings.entropy),
            step: Step::First,
            digest: PhantomData,
        })
    }

    fn first(&mut self, message: &str, realm: &Realm) -> Result<Next, Failure> {
        let first = ClientFirst::parse(message)?;
        let channel: &[u8] = match (self.plus, first.flag) {
            (false, "n") => &[],
            // The client could bind, and believes that we cannot: somebody has struck the mechanisms from our offer.
            (false, "y") if self.plus_offered => return Err(Failure::Wrong),
            (false, "y") => &[],
            (true, flag) => {
                let kind = flag.strip_prefix("p=").ok_or(Failure::Malformed)?;
                let bound = self.bindings.iter().find(|binding| BindingKind::name(binding.kind) == kind);
                &bound.ok_or(Failure::Malformed)?.data
            }
            (false, _) => return Err(Failure::Malformed),
        };
        let binding = [first.header.as_bytes(), channel].concat();
        // A name that nobody can have goes the way of all others that are nobody's.
        let (user, possible) = match saslprep(&first.user) {
            Ok(user) => (user, true),
            Err(_) => (Zeroizing::new(first.user), false),
        };
        let stored = realm.look_up(&user)?.filter(|_| possible);
        let (salt, iterations) = realm.shown(self.hash, &user, stored.as_ref());
        let against = match stored {
            Some(Stored::Password(password)) => Against::Password(password),
            Some(Stored::Keys(keys)) => self.hash.find(&keys).cloned().map_or(Against::Nobody, Against::Keys),
            None => Against::Nobody,
        };
        let (salt, iterations) = match &against {
            Against::Keys(keys) => (keys.salt.clone(), keys.iterations),
            Against::Password(_) | Against::Nobody => (salt, iterations),
        };
        let nonce = format!("{}{}", first.nonce, self.nonce);
        let answer = format!("r={nonce},s={},i={iterations}", STANDARD.encode(&salt));
        let front = format!("{},{answer}", first.bare);
        let (user, authzid) = (String::from(user.as_str()), first.authzid);
        self.step = Step::Proof(Box::new(Asked { user, authzid, binding, nonce, front, salt, against }));
        Ok(Next::Ask(answer.into_bytes()))
    }

    /// Our proof, if the client's is right.
    fn last(&mut self, asked: Asked, message: &str, realm: &Realm) -> Result<Next, Failure> {
        let last = ClientLast::parse(message)?;
        let (keys, salted) = self.keys(&asked, realm);
        let text = format!("{},{}", asked.front, last.without_proof);
        let keys = keys.filter(|keys| proves::<D>(keys, text.as_bytes(), &last.proof));
        let known = !matches!(asked.against, Against::Nobody);
        let keys = keys.filter(|_| known && last.nonce == asked.nonce && last.binding == asked.binding);
        if keys.is_none() && !salted && realm.authority.keeps_passwords() {
            // As much as it costs to see that the proof is not that of a password.
            self.hash.work("nobody", realm.iterations());
        }
        let keys = keys.ok_or(Failure::Wrong)?;
        let signature = keyed::<D>(&keys.server_key, text.as_bytes()).map_err(|_| Failure::Wrong)?;
        self.step = Step::Said { user: asked.user, authzid: asked.authzid };
        Ok(Next::Ask(format!("v={}", STANDARD.encode(&*signature)).into_bytes()))
    }

    /// The keys of a user, and whether a password was salted for them. A stranger's proof is held against keys that nobody
    /// has, in vain.
    fn keys(&self, asked: &Asked, realm: &Realm) -> (Option<ScramKeys>, bool) {
        match &asked.against {
            Against::Keys(keys) => (Some(keys.clone()), false),
            Against::Password(password) => {
                let keys = ScramKeys::derive(self.hash, password, &asked.salt, realm.iterations()).ok();
                let salted = keys.is_some();
                (keys, salted)
            }
            Against::Nobody => {
                let mut nobodys = realm.derived(b"nobody", self.hash, &asked.user);
                nobodys.truncate(self.hash.len());
                let (salt, iterations) = (Vec::new(), realm.iterations());
                let (stored_key, server_key) = (nobodys.clone(), nobodys);
                (Some(ScramKeys { hash: self.hash, salt, iterations, stored_key, server_key }), false)
            }
        }
    }
}

/// The client's proof shows that it has the key of which we keep the digest.
fn proves<D: Hash>(keys: &ScramKeys, text: &[u8], proof: &[u8]) -> bool {
    let Ok(mut client_key) = keyed::<D>(&keys.stored_key, text) else { return false };
    client_key.iter_mut().zip(proof).for_each(|(signature, proof)| *signature ^= proof);
    let digest = Zeroizing::new(D::digest(client_key.as_slice()).to_vec());
    keys.stored_key.as_slice().ct_eq(&digest).to_bool() && proof.len() == client_key.len()
}

impl<D: Hash> Side for Scram<D> {
    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        match core::mem::replace(&mut self.step, Step::Over) {
            Step::First => self.first(text_of(message)?, realm),
            Step::Proof(asked) => self.last(*asked, text_of(message)?, realm),
            Step::Said { user, authzid } if message.is_empty() => authorize(&user, &authzid, realm),
            Step::Said { .. } | Step::Over => Err(Failure::Malformed),
        }
    }
}

/// The client's first message: `flag,a=authzid,n=user,r=nonce`, extensions behind them.
struct ClientFirst<'a> {
    /// `n`, `y` or `p=kind`.
    flag: &'a str,
    /// What of the message `c=` says again.
    header: &'a str,
    bare: &'a str,
    authzid: String,
    user: String,
    nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    fn parse(text: &'a str) -> Result<Self, Failure> {
        let mut parts = text.splitn(3, ',');
        let (Some(flag), Some(other), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Failure::Malformed);
        };
        let header = text.strip_suffix(bare).ok_or(Failure::Malformed)?;
        let authzid = match other {
            "" => String::new(),
            other => name(other.strip_prefix("a=").ok_or(Failure::Malformed)?)?,
        };
        let mut fields = bare.split(',');
        // An extension that must be understood would stand here: "m=".
        let user = fields.next().and_then(|field| field.strip_prefix("n=")).ok_or(Failure::Malformed)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(Failure::Malformed)?;
        let sound = (1..=FIELD_MAX).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_graphic());
        if !sound {
            return Err(Failure::Malformed);
        }
        Ok(ClientFirst { flag, header, bare, authzid, user: name(user)?, nonce })
    }
}

/// The client's last message: `c=binding,r=nonce`, extensions, `p=proof`.
struct ClientLast<'a> {
    without_proof: &'a str,
    binding: Vec<u8>,
    nonce: &'a str,
    proof: Vec<u8>,
}

impl<'a> ClientLast<'a> {
    fn parse(text: &'a str) -> Result<Self, Failure> {
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(Failure::Malformed)?;
        let mut fields = without_proof.split(',');
        let binding = fields.next().and_then(|field| field.strip_prefix("c=")).ok_or(Failure::Malformed)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(Failure::Malformed)?;
        let octets = |text: &str| STANDARD.decode(text).map_err(|_| Failure::Malformed);
        Ok(ClientLast { without_proof, binding: octets(binding)?, nonce, proof: octets(proof)? })
    }
}

/// A name as the messages have it: `=2C` is a comma and `=3D` an equals sign, and neither stands there as itself.
pub(super) fn name(text: &str) -> Result<String, Failure> {
    let mut parts = text.split('=');
    let mut name = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let (letter, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (None, Some(rest)) => ('=', rest),
            (None, None) => return Err(Failure::Malformed),
        };
        name.push(letter);
        name.push_str(rest);
    }
    if name.is_empty() { Err(Failure::Malformed) } else { Ok(name) }
}
