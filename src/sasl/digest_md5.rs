//! DIGEST-MD5, RFC 2831, for authentication alone (`qop=auth`): the password is the key of a digest, and the server
//! proves that it knows it, too. MD5 is weak by now (RFC 6331); servers that have nothing better still ask for it.

mod challenge;
mod spelling;
#[cfg(test)]
mod tests;

use super::{Context, Credentials, Mechanism, SaslError};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use challenge::Challenge;
use ctutils::CtEq;
use md5::{Digest, Md5};
use spelling::Spelling;
use zeroize::Zeroizing;

pub(super) const NAME: &str = "DIGEST-MD5";

enum Step {
    /// The server's challenge is due.
    Challenge,
    /// The server's own proof is due: these digits.
    Proof(String),
    Done,
}

struct DigestMd5 {
    credentials: Credentials,
    /// The service and the host, as in `smtp/mx.example`.
    uri: String,
    cnonce: String,
    step: Step,
}

pub(super) fn begin(credentials: &Credentials, context: &Context<'_>) -> Result<Box<dyn Mechanism>, SaslError> {
    let names = [credentials.user.as_str(), credentials.authzid.as_deref().unwrap_or(""), context.host];
    if names.iter().any(|name| name.chars().any(char::is_control)) {
        return Err(SaslError::BadCredentials("the user name holds a control character"));
    }
    Ok(Box::new(DigestMd5::new(credentials, format!("smtp/{}", context.host), context.nonce())))
}

impl DigestMd5 {
    fn new(credentials: &Credentials, uri: String, cnonce: String) -> Self {
        DigestMd5 { credentials: credentials.clone(), uri, cnonce, step: Step::Challenge }
    }

    fn prove(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        let challenge = Challenge::parse(challenge)?;
        let user = Spelling::of(&self.credentials.user, challenge.utf8)?;
        let password = Spelling::of(self.credentials.password.expose(), challenge.utf8)?;
        let realm = challenge.realm_of(&self.credentials.user);
        let realm = realm.map(|name| Spelling::of_octets(name, challenge.utf8)).transpose()?;
        let authzid = self.credentials.authzid.as_deref().filter(|name| !name.is_empty());

        let hashed_realm = realm.as_ref().map_or(&[][..], |realm| &realm.hashed);
        let secret = md5(&[&user.hashed, b":", hashed_realm, b":", &password.hashed]);
        let mut parts = Vec::from([&secret[..], b":", &challenge.nonce, b":", self.cnonce.as_bytes()]);
        if let Some(name) = authzid {
            parts.extend([b":", name.as_bytes()]);
        }
        let key = hex(&md5(&parts));
        let response = self.digest(&key, &challenge.nonce, "AUTHENTICATE:");
        self.step = Step::Proof(self.digest(&key, &challenge.nonce, ":"));

        let mut text = Vec::with_capacity(512);
        if challenge.utf8 {
            text.extend_from_slice(b"charset=utf-8,");
        }
        quoted(&mut text, "username", &user.sent);
        if let Some(realm) = &realm {
            quoted(&mut text, ",realm", &realm.sent);
        }
        quoted(&mut text, ",nonce", &challenge.nonce);
        quoted(&mut text, ",cnonce", self.cnonce.as_bytes());
        text.extend_from_slice(b",nc=00000001,qop=auth");
        quoted(&mut text, ",digest-uri", self.uri.as_bytes());
        text.extend_from_slice(format!(",response={response}").as_bytes());
        if let Some(name) = authzid {
            quoted(&mut text, ",authzid", name.as_bytes());
        }
        Ok(text)
    }

    /// RFC 2831 section 2.1.2.1: the client's digits begin with "AUTHENTICATE:", the server's with ":".
    fn digest(&self, key: &str, nonce: &[u8], method: &str) -> String {
        let second = hex(&md5(&[method.as_bytes(), self.uri.as_bytes()]));
        let cnonce = self.cnonce.as_bytes();
        let all = [key.as_bytes(), b":", nonce, b":00000001:", cnonce, b":auth:", second.as_bytes()];
        hex(&md5(&all)).as_str().into()
    }
}

impl Mechanism for DigestMd5 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn initial(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
        match &self.step {
            Step::Challenge => self.prove(challenge),
            Step::Proof(wanted) => {
                let proven = challenge::proof_of(challenge)?.as_slice().ct_eq(wanted.as_bytes());
                if !proven.to_bool() {
                    return Err(SaslError::BadChallenge(
                        "the server does not know the password itself: it is not the one it says it is",
                    ));
                }
                self.step = Step::Done;
                Ok(Vec::new())
            }
            Step::Done => Err(SaslError::BadChallenge("DIGEST-MD5 has nothing more to say, but the server asks again")),
        }
    }

    fn has_shown(&self) -> bool {
        !matches!(self.step, Step::Challenge)
    }

    fn is_complete(&self) -> bool {
        matches!(self.step, Step::Done)
    }
}

fn md5(parts: &[&[u8]]) -> Zeroizing<[u8; 16]> {
    let mut digest = Md5::new();
    parts.iter().for_each(|part| digest.update(part));
    Zeroizing::new(digest.finalize().into())
}

fn hex(digest: &[u8; 16]) -> Zeroizing<String> {
    Zeroizing::new(format!("{:032x}", u128::from_be_bytes(*digest)))
}

/// `name="value"`, with what would end the value escaped.
fn quoted(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    for &octet in value {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(octet);
    }
    out.push(b'"');
}
