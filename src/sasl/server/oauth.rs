//! OAUTHBEARER (RFC 7628) and XOAUTH2: a token stands for the user. A token that is refused is refused in two steps: the
//! client is told in JSON what it would need, and fails once it has answered that.

use super::{Failure, Next, Realm, Secret, Side, Surroundings, authorize, text_of};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bearer,
    XOAuth2,
}

struct OAuth {
    kind: Kind,
    /// The token was refused, and the client has been told why.
    refused: bool,
}

pub(super) fn begin_bearer(_: Surroundings) -> Box<dyn Side> {
    Box::new(OAuth { kind: Kind::Bearer, refused: false })
}

pub(super) fn begin_xoauth2(_: Surroundings) -> Box<dyn Side> {
    Box::new(OAuth { kind: Kind::XOAuth2, refused: false })
}

impl Side for OAuth {
    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        if self.refused {
            return Err(Failure::Wrong); // whatever the client says to it
        }
        let message = core::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
        let (user, token) = match self.kind {
            Kind::Bearer => bearer(message)?,
            Kind::XOAuth2 => xoauth2(message)?,
        };
        let verdict = match realm.authority.check_token(&user, &token)? {
            // The user that was asked for is the one to act as, should the token be another's.
            Some(owner) => authorize(&owner, &user, realm),
            None => Err(Failure::Wrong),
        };
        match verdict {
            // Whether the token is none or another's: it is refused in as many replies.
            Err(Failure::Wrong) => {
                self.refused = true;
                Ok(Next::Ask(self.refusal(realm)))
            }
            verdict => verdict,
        }
    }
}

impl OAuth {
    fn refusal(&self, realm: &Realm) -> Vec<u8> {
        let status = if self.kind == Kind::Bearer { "invalid_token" } else { "401" };
        let mut json = format!("{{\"status\":{}", quoted(status));
        if self.kind == Kind::XOAuth2 {
            json += ",\"schemes\":\"bearer\"";
        }
        for (name, value) in [("scope", &realm.oauth_scope), ("openid-configuration", &realm.oauth_discovery)] {
            if !value.is_empty() {
                json += &format!(",{}:{}", quoted(name), quoted(value));
            }
        }
        json.push('}');
        json.into_bytes()
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => out += &format!("\\u{:04x}", u32::from(letter)),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// `n,a=user,^Ahost=...^Aport=...^Aauth=Bearer token^A^A`: the user may be missing, and so may host and port.
fn bearer(message: &str) -> Result<(String, Secret), Failure> {
    let (header, fields) = message.split_once('\u{1}').ok_or(Failure::Malformed)?;
    let user = match text_of(header.as_bytes())?.split(',').collect::<Vec<_>>().as_slice() {
        ["n" | "y", "", ""] => String::new(),
        ["n" | "y", identity, ""] => super::scram::name(identity.strip_prefix("a=").ok_or(Failure::Malformed)?)?,
        _ => return Err(Failure::Malformed),
    };
    Ok((user, token(fields)?))
}

/// `user=name^Aauth=Bearer token^A^A`.
fn xoauth2(message: &str) -> Result<(String, Secret), Failure> {
    let (user, fields) = message.split_once('\u{1}').ok_or(Failure::Malformed)?;
    let user = text_of(user.strip_prefix("user=").ok_or(Failure::Malformed)?.as_bytes())?;
    if user.is_empty() {
        return Err(Failure::Malformed);
    }
    Ok((user.into(), token(fields)?))
}

/// The token among fields that each end at ^A, after which another ^A ends the list.
fn token(fields: &str) -> Result<Secret, Failure> {
    let fields = fields.strip_suffix("\u{1}\u{1}").ok_or(Failure::Malformed)?;
    let mut found = None;
    for field in fields.split('\u{1}') {
        let (key, value) = field.split_once('=').ok_or(Failure::Malformed)?;
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(Failure::Malformed);
        }
        if key.eq_ignore_ascii_case("auth") && found.replace(value).is_some() {
            return Err(Failure::Malformed);
        }
    }
    let (scheme, token) = found.and_then(|value| value.split_once(' ')).ok_or(Failure::Malformed)?;
    let token = token.trim_start_matches(' ');
    let sound = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if !scheme.eq_ignore_ascii_case("bearer") || !sound {
        return Err(Failure::Malformed);
    }
    Ok(Secret::new(token.into()))
}
