//! What `helo.h` may set for a handle of this face.

use super::ctypes::GLOBALHANDLE;
use super::handle::Slot;
use super::shared::Shared;
use crate::capi::rights;
use crate::policy::Overrides;
use std::sync::Arc;

/// The connection of a handle; `None` if there is none.
pub(crate) fn connection(handle: GLOBALHANDLE) -> Option<Arc<Shared>> {
    Slot::of(handle).ok().map(|slot| slot.shared.clone())
}

/// Sets a policy key for a connection, which is made or being made: only the limits of time can still change. Else an error
/// in words.
pub(crate) fn set_key(connection: &Shared, key: &str, value: Option<&str>) -> Result<(), String> {
    Overrides::new().set(key, value, rights()).map_err(|why| why.to_string())?;
    if !Overrides::is_time_limit(key) {
        return Err(format!(
            "{}: the connection of this handle is made, only its limits of time can still be changed; set the key with \
             the handle NULL before smtp_helo",
            key.trim()
        ));
    }
    connection.wishes.set_key(key, value).map_err(|why| why.to_string())?;
    let own = connection.wishes.own_site().map_err(|why| why.to_string())?;
    connection.set_own(own.timeouts);
    Ok(())
}
