//! EXTERNAL (RFC 4422, appendix A) and ANONYMOUS (RFC 4505): nothing is proven within the exchange.

use super::{Failure, Identity, Next, Realm, Side, Surroundings, authorize, text_of};
use alloc::boxed::Box;
use alloc::string::String;

struct External {
    peer: Option<String>,
}

pub(super) fn begin_external(surroundings: Surroundings) -> Box<dyn Side> {
    Box::new(External { peer: surroundings.peer })
}

impl Side for External {
    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        let other = text_of(message)?;
        let peer = self.peer.as_deref().filter(|peer| !peer.is_empty()).ok_or(Failure::Wrong)?;
        authorize(peer, other, realm)
    }
}

struct Anonymous;

pub(super) fn begin_anonymous(_: Surroundings) -> Box<dyn Side> {
    Box::new(Anonymous)
}

impl Side for Anonymous {
    fn hear(&mut self, message: &[u8], realm: &Realm) -> Result<Next, Failure> {
        let word = text_of(message)?;
        if word.chars().count() > super::super::anonymous::TRACE_MAX {
            return Err(Failure::Malformed);
        }
        if !realm.authority.admit_guest(word)? {
            return Err(Failure::Wrong);
        }
        Ok(Next::Accept(Identity { guest: true, ..Identity::of(word) }))
    }
}
