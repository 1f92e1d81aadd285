//! Handles of any face, as C passes them beside a helo_face.

use super::codes::{HeloFace, HeloStatus};
#[cfg(feature = "native")]
use super::delivery::Delivery;
use super::refusal::Refusal;
#[cfg(feature = "distinct")]
use crate::faces::distinct;
#[cfg(feature = "netx-client")]
use crate::faces::netx_client;
use crate::faces::wishes::{Face, Wishes};
use std::ffi::{c_int, c_void};
use std::sync::Arc;

/// Whom a face and a handle name.
pub(crate) enum Named {
    /// All handles, of one face or of all.
    All(&'static Wishes),
    #[cfg(feature = "native")]
    Delivery(Arc<Delivery>),
    #[cfg(feature = "distinct")]
    Distinct(Arc<distinct::Shared>),
    #[cfg(feature = "netx-client")]
    NetxClient(Arc<Wishes>),
}

impl Named {
    /// What can be wished of it.
    pub(crate) fn wishes(&self) -> &Wishes {
        match self {
            Named::All(wishes) => wishes,
            #[cfg(feature = "native")]
            Named::Delivery(delivery) => &delivery.wishes,
            #[cfg(feature = "distinct")]
            Named::Distinct(connection) => &connection.wishes,
            #[cfg(feature = "netx-client")]
            Named::NetxClient(wishes) => wishes,
        }
    }
}

impl HeloFace {
    /// The face that C passed; `Some(None)` for all. `None` for one that this build does not have.
    fn engine(number: c_int) -> Option<Option<Face>> {
        match number {
            n if n == HeloFace::All as c_int => Some(None),
            #[cfg(feature = "native")]
            n if n == HeloFace::Helo as c_int => Some(Some(Face::Helo)),
            #[cfg(feature = "distinct")]
            n if n == HeloFace::Distinct as c_int => Some(Some(Face::Distinct)),
            #[cfg(feature = "netx-client")]
            n if n == HeloFace::NetxClient as c_int => Some(Some(Face::NetxClient)),
            _ => None,
        }
    }
}

impl From<Face> for HeloFace {
    fn from(face: Face) -> Self {
        match face {
            #[cfg(feature = "native")]
            Face::Helo => HeloFace::Helo,
            #[cfg(feature = "distinct")]
            Face::Distinct => HeloFace::Distinct,
            #[cfg(feature = "netx-client")]
            Face::NetxClient => HeloFace::NetxClient,
        }
    }
}

/// Finds whom C means. The handle may be anything: no memory is looked at by it.
pub(crate) fn named(face: c_int, handle: *const c_void) -> Result<Named, Refusal> {
    let face = HeloFace::engine(face)
        .ok_or_else(|| Refusal::argument("there is no such face (HELO_FACE_...) in this library"))?;
    if handle.is_null() {
        return Ok(Named::All(Wishes::of(face)));
    }
    let bad = |words: &str| Refusal::new(HeloStatus::HeloBadHandle, words);
    match face {
        None => Err(bad("HELO_FACE_ALL has no handles: name the face that the handle is of, or pass NULL")),
        #[cfg(feature = "native")]
        Some(Face::Helo) => match u32::try_from(handle.addr()) {
            Ok(delivery) => Delivery::of(delivery).map(Named::Delivery),
            Err(_) => Err(bad("this is no delivery: pass HELO_HANDLE(delivery)")),
        },
        #[cfg(feature = "distinct")]
        Some(Face::Distinct) => {
            let connection = distinct::connection(handle.cast_mut()).map(Named::Distinct);
            connection.ok_or_else(|| bad("this is no connection of Distinct SMTP-32, or it has been closed"))
        }
        #[cfg(feature = "netx-client")]
        Some(Face::NetxClient) => {
            let wishes = netx_client::wishes(handle.addr()).map(Named::NetxClient);
            wishes.ok_or_else(|| bad("there is no NX_SMTP_CLIENT at this address, or it has been deleted"))
        }
    }
}
