//! What a server says in DIGEST-MD5: directives, `name=value` or `name="value"`, with commas between.

use super::SaslError;
use alloc::vec::Vec;

/// The longest challenge (RFC 2831 section 2.1.1: less than 2048 octets).
const CHALLENGE_MAX: usize = 2047;

/// The first challenge.
#[derive(Debug)]
pub(super) struct Challenge {
    realms: Vec<Vec<u8>>,
    pub nonce: Vec<u8>,
    pub utf8: bool,
}

impl Challenge {
    pub(super) fn parse(challenge: &[u8]) -> Result<Challenge, SaslError> {
        let mut realms = Vec::new();
        let mut nonces = Vec::new();
        let mut algorithms = Vec::new();
        let mut utf8 = false;
        let mut auth = None;
        for directive in Directives::new(challenge)? {
            let (name, value) = directive?;
            match name.to_ascii_lowercase().as_slice() {
                b"realm" => realms.push(value),
                b"nonce" => nonces.push(value),
                b"algorithm" => algorithms.push(value),
                b"charset" => utf8 = value.eq_ignore_ascii_case(b"utf-8"),
                b"qop" => {
                    let mut ways = value.split(|octet| matches!(octet, b',' | b' ' | b'\t'));
                    auth = Some(ways.any(|way| way.eq_ignore_ascii_case(b"auth")));
                }
                // Others are to be ignored, as are those for protecting what follows: TLS does that.
                _ => {}
            }
        }
        let [algorithm] = algorithms.as_slice() else {
            return Err(SaslError::Unreadable("the server's DIGEST-MD5 challenge has not exactly one algorithm"));
        };
        if !algorithm.eq_ignore_ascii_case(b"md5-sess") {
            return Err(SaslError::Unreadable("the server's DIGEST-MD5 challenge has an unknown algorithm"));
        }
        if auth == Some(false) {
            return Err(SaslError::Unreadable("the server's DIGEST-MD5 wants more than to authenticate"));
        }
        match (nonces.pop(), nonces.is_empty()) {
            (Some(nonce), true) if !nonce.is_empty() => Ok(Challenge { realms, nonce, utf8 }),
            _ => Err(SaslError::Unreadable("the server's DIGEST-MD5 challenge has not exactly one nonce")),
        }
    }

    /// The realm to log in to: of several the one that the user name ends in, as in `alice@example.org`, else the first.
    pub(super) fn realm_of(&self, user: &str) -> Option<&[u8]> {
        let own = user.rsplit_once('@').map(|(_, realm)| realm.as_bytes());
        let named = self.realms.iter().find(|realm| Some(realm.as_slice()) == own);
        named.or(self.realms.first()).map(Vec::as_slice)
    }
}

/// The digits by which the server proves itself in its second challenge.
pub(super) fn proof_of(challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
    for directive in Directives::new(challenge)? {
        let (name, value) = directive?;
        if name.eq_ignore_ascii_case(b"rspauth") {
            return Ok(value);
        }
    }
    Err(SaslError::BadChallenge("the server does not prove itself by DIGEST-MD5"))
}

/// The directives of a challenge, from the front.
struct Directives<'a> {
    rest: &'a [u8],
}

impl<'a> Directives<'a> {
    fn new(challenge: &'a [u8]) -> Result<Self, SaslError> {
        if challenge.len() > CHALLENGE_MAX {
            return Err(SaslError::Unreadable("the server's DIGEST-MD5 challenge is longer than 2047 octets"));
        }
        if challenge.iter().any(|octet| octet.is_ascii_control() && !matches!(octet, b'\r' | b'\n' | b'\t')) {
            return Err(bad());
        }
        Ok(Directives { rest: challenge })
    }

    /// One directive, with what separates it from the next.
    fn next_directive(&mut self) -> Result<(&'a [u8], Vec<u8>), SaslError> {
        let end = self.rest.iter().position(|octet| !is_token(*octet)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let rest = rest.trim_ascii_start().strip_prefix(b"=").ok_or_else(bad)?.trim_ascii_start();
        let (value, rest) = match rest.strip_prefix(b"\"") {
            Some(rest) => quoted_string(rest)?,
            None => {
                let end = rest.iter().position(|octet| !is_token(*octet)).unwrap_or(rest.len());
                (rest[..end].to_vec(), &rest[end..])
            }
        };
        self.rest = rest.trim_ascii_start();
        let separated = self.rest.is_empty() || self.rest.starts_with(b",");
        if name.is_empty() || !separated { Err(bad()) } else { Ok((name, value)) }
    }
}

impl<'a> Iterator for Directives<'a> {
    type Item = Result<(&'a [u8], Vec<u8>), SaslError>;

    fn next(&mut self) -> Option<Self::Item> {
        // Empty places between commas are allowed (the `#rule` of RFC 2616).
        while let [b',' | b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let directive = self.next_directive();
        if directive.is_err() {
            self.rest = &[];
        }
        Some(directive)
    }
}

/// The value up to the closing quote, and what follows it. Line ends never belong to one: the response echoes it.
fn quoted_string(text: &[u8]) -> Result<(Vec<u8>, &[u8]), SaslError> {
    let mut value = Vec::new();
    let mut at = 0;
    loop {
        match text.get(at..).unwrap_or_default() {
            [b'"', rest @ ..] => return Ok((value, rest)),
            [b'\\', octet, ..] if !octet.is_ascii_control() => {
                value.push(*octet);
                at += 2;
            }
            [octet, ..] if *octet != b'\\' && !octet.is_ascii_control() => {
                value.push(*octet);
                at += 1;
            }
            _ => return Err(bad()),
        }
    }
}

/// A letter of a token of RFC 2616.
fn is_token(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&octet)
}

fn bad() -> SaslError {
    SaslError::Unreadable("the server's DIGEST-MD5 challenge cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    fn refused(challenge: &str) {
        assert!(matches!(Challenge::parse(challenge.as_bytes()), Err(SaslError::Unreadable(_))), "{challenge:?}");
    }

    #[test]
    fn directives_in_all_their_forms() {
        let text =
            b",, Realm = \"a \\\"b\\\\\" ,realm=plain,\tNONCE=\"n\"\r\n ,qop=\"auth-int, AUTH\",algorithm=MD5-sess,\
                     cipher=\"rc4,des\",maxbuf=65536,stale=true,what-ever=1,charset=UTF-8,";
        let challenge = Challenge::parse(text).unwrap();
        assert_eq!(challenge.realms, [b"a \"b\\".to_vec(), b"plain".to_vec()]);
        assert_eq!(challenge.nonce, b"n");
        assert!(challenge.utf8);
    }

    #[test]
    fn what_a_challenge_must_have() {
        refused("");
        refused("realm=\"x\"");
        refused("nonce=\"a\"");
        refused("nonce=\"\",algorithm=md5-sess");
        refused("nonce=\"a\",nonce=\"b\",algorithm=md5-sess");
        refused("nonce=\"a\",algorithm=md5-sess,algorithm=md5-sess");
        refused("nonce=\"a\",algorithm=md5");
        refused("nonce=\"a\",algorithm=md5-sess,qop=\"auth-conf\"");
        assert!(Challenge::parse(b"nonce=\"a\",algorithm=md5-sess").is_ok());
    }

    #[test]
    fn what_cannot_be_read() {
        for text in ["nonce", "nonce=\"a", "nonce=\"a\\", "nonce=\"a\"b=c", "=x", "a b=c", "nonce=\"a\rb\"", "n=\0"] {
            refused(&format!("{text},algorithm=md5-sess"));
            refused(&format!("algorithm=md5-sess,nonce=\"x\",{text}"));
        }
    }

    #[test]
    fn a_huge_realm_is_refused() {
        let with_realm = |length| format!("nonce=\"n\",algorithm=md5-sess,realm=\"{}\"", "r".repeat(length));
        let around = with_realm(0).len();
        assert!(Challenge::parse(with_realm(CHALLENGE_MAX - around).as_bytes()).is_ok());
        refused(&with_realm(CHALLENGE_MAX - around + 1));
        refused(&with_realm(1 << 20));
    }

    #[test]
    fn the_realm_is_the_users_own_or_the_first() {
        let challenge = Challenge::parse(b"realm=one,realm=two.example,nonce=n,algorithm=md5-sess").unwrap();
        let realm = |user| challenge.realm_of(user).map(|realm| String::from_utf8(realm.to_vec()).unwrap());
        assert_eq!(realm("alice").as_deref(), Some("one"));
        assert_eq!(realm("alice@two.example").as_deref(), Some("two.example"));
        assert_eq!(realm("alice@three.example").as_deref(), Some("one"));
        assert_eq!(Challenge::parse(b"nonce=n,algorithm=md5-sess").unwrap().realm_of("a@b"), None);
    }
}
