//! Handles of any face, as C passes them beside a helo_face.

use super::codes::{HeloFace, HeloStatus};
use super::delivery::Delivery;
use super::refusal::Refusal;
use crate::faces::wishes::{Face, Wishes};
use crate::faces::{distinct, netx_client};
use std::ffi::{c_int, c_void};
use std::sync::Arc;

/// Whom a face and a handle name.
pub(crate) enum Named {
    /// All handles, of one face or of all.
    All(&'static Wishes),
    Delivery(Arc<Delivery>),
    Distinct(Arc<distinct::Shared>),
    NetxClient(Arc<Wishes>),
}

impl Named {
    /// What can be wished of it.
    pub(crate) fn wishes(&self) -> &Wishes {
        match self {
            Named::All(wishes) => wishes,
            Named::Delivery(delivery) => &delivery.wishes,
            Named::Distinct(connection) => &connection.wishes,
            Named::NetxClient(wishes) => wishes,
        }
    }
}

impl HeloFace {
    /// The face that C passed; `Some(None)` for all.
    fn engine(number: c_int) -> Option<Option<Face>> {
        match number {
            n if n == HeloFace::All as c_int => Some(None),
            n if n == HeloFace::Helo as c_int => Some(Some(Face::Helo)),
            n if n == HeloFace::Distinct as c_int => Some(Some(Face::Distinct)),
            n if n == HeloFace::NetxClient as c_int => Some(Some(Face::NetxClient)),
            _ => None,
        }
    }
}

impl From<Face> for HeloFace {
    fn from(face: Face) -> Self {
        match face {
            Face::Helo => HeloFace::Helo,
            Face::Distinct => HeloFace::Distinct,
            Face::NetxClient => HeloFace::NetxClient,
        }
    }
}

/// Finds whom C means. The handle may be anything: no memory is looked at by it.
pub(crate) fn named(face: c_int, handle: *const c_void) -> Result<Named, Refusal> {
    let face = HeloFace::engine(face).ok_or_else(|| Refusal::argument("there is no such face (HELO_FACE_...)"))?;
    if handle.is_null() {
        return Ok(Named::All(Wishes::of(face)));
    }
    let bad = |words: &str| Refusal::new(HeloStatus::HeloBadHandle, words);
    match face {
        None => Err(bad("HELO_FACE_ALL has no handles: name the face that the handle is of, or pass NULL")),
        Some(Face::Helo) => match u32::try_from(handle.addr()) {
            Ok(delivery) => Delivery::of(delivery).map(Named::Delivery),
            Err(_) => Err(bad("this is no delivery: pass HELO_HANDLE(delivery)")),
        },
        Some(Face::Distinct) => {
            let connection = distinct::connection(handle.cast_mut()).map(Named::Distinct);
            connection.ok_or_else(|| bad("this is no connection of Distinct SMTP-32, or it has been closed"))
        }
        Some(Face::NetxClient) => {
            let wishes = netx_client::wishes(handle.addr()).map(Named::NetxClient);
            wishes.ok_or_else(|| bad("there is no NX_SMTP_CLIENT at this address, or it has been deleted"))
        }
    }
}
