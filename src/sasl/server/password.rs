//! PLAIN (RFC 4616) and LOGIN: the password itself comes, and is held against what is kept.

use super::{Failure, Identity, Next, Realm, Secret, Side, Surroundings, authorize, text_of};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

struct Plain;

pub(super) fn begin_plain(_: Surroundings) -> Box<dyn Side> {
    Box::new(Plain)
}

impl Side for Plain {
    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        let mut parts = message.split(|byte| *byte == 0);
        let (Some(other), Some(user), Some(password), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Failure::Malformed);
        };
        let other = text_of(other)?;
        let user = proven(user, password, realm)?;
        authorize(&user, other, realm)
    }
}

/// The user's name, if the password is his.
fn proven(user: &[u8], password: &[u8], realm: &Realm) -> Result<String, Failure> {
    let user = text_of(user)?;
    let password = core::str::from_utf8(password).map_err(|_| Failure::Malformed)?;
    if user.is_empty() || password.is_empty() {
        return Err(Failure::Malformed); // RFC 4616 wants at least a letter of each
    }
    match realm.is_password(user, &Secret::new(password.into()))? {
        true => Ok(user.into()),
        false => Err(Failure::Wrong),
    }
}

/// No RFC has LOGIN. These prompts are the ones that old clients compare to the letter.
const PROMPTS: [&[u8]; 2] = [b"Username:", b"Password:"];

#[derive(Default)]
struct Login {
    user: Option<Vec<u8>>,
}

pub(super) fn begin_login(_: Surroundings) -> Box<dyn Side> {
    Box::new(Login::default())
}

impl Side for Login {
    fn prompt(&mut self, _: &Realm) -> Vec<u8> {
        PROMPTS[0].to_vec()
    }

    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        match self.user.take() {
            None => {
                self.user = Some(message.to_vec());
                Ok(Next::Ask(PROMPTS[1].to_vec()))
            }
            Some(user) => Ok(Next::Accept(Identity::of(proven(&user, message, realm)?))),
        }
    }
}
