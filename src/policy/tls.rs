//! What the site decides about encryption: the keys that begin with `tls`, and how they bear on each other.

use super::Site;
use super::keys::{Draft, Why, choice, whole_path};
use super::safe_file::{Files, Holds};
use super::url::Url;
use crate::client::{Tls, TlsMode, TlsName};
use crate::net::tls::{AVAILABLE, Identity, LACKING, Pin, Roots};
use std::path::PathBuf;

/// What the site decided about encryption; `None` where it leaves the matter open.
#[derive(Clone, Debug, Default)]
pub struct SiteTls {
    /// `tls`: never, optional, always, implicit.
    pub mode: Option<TlsMode>,
    /// `tls_name`: the name that the server's certificate must have.
    pub name: Option<String>,
    /// `tls_verify`: whether the certificate is verified.
    pub verify: Option<bool>,
    /// `tls_ca`: the authorities to trust in place of the system's.
    pub roots: Option<Roots>,
    /// `tls_pin`: the keys that the server may have.
    pub pins: Option<Vec<Pin>>,
    /// `tls_certificate` and `tls_key`: this side's own certificate.
    pub identity: Option<Identity>,
}

/// The largest file of certificates that is read.
const MAX_FILE: usize = 4 * 1024 * 1024;

const MODES: [(&str, TlsMode); 4] = [
    ("never", TlsMode::Never),
    ("optional", TlsMode::Optional),
    ("always", TlsMode::Always),
    ("implicit", TlsMode::Implicit),
];

impl SiteTls {
    /// Fills what a section leaves open from the general one; `server` is the section's own.
    pub(super) fn or(self, general: &SiteTls, server: Option<&Url>) -> SiteTls {
        // A server's URL may say how it is reached, and a name or a key is that of the server beside it.
        let says_mode = server.is_some_and(|server| server.scheme.tls_mode().is_some());
        let of_server = if server.is_some() { &SiteTls::default() } else { general };
        SiteTls {
            mode: self.mode.or(if says_mode { None } else { general.mode }),
            name: self.name.or_else(|| of_server.name.clone()),
            pins: self.pins.or_else(|| of_server.pins.clone()),
            // That a server need not prove who it is holds for that server only.
            verify: self.verify.or(general.verify.filter(|verify| *verify || server.is_none())),
            roots: self.roots.or_else(|| general.roots.clone()),
            identity: self.identity.or_else(|| general.identity.clone()),
        }
    }
}

impl Site {
    /// Puts what the site decided about encryption over what the program or the face has.
    pub(super) fn apply_tls(&self, tls: &mut Tls) {
        let decided = self.tls.mode.or(self.server.as_ref().and_then(|server| server.scheme.tls_mode()));
        if let Some(mode) = decided {
            tls.mode = mode;
        }
        // What the site logs in with never leaves in the clear.
        if self.login.is_some() && tls.mode != TlsMode::Implicit {
            tls.mode = TlsMode::Always;
        }
        match (&self.tls.name, &self.server) {
            (Some(name), _) => tls.name = TlsName::Given(name.clone()),
            (None, Some(server)) => tls.name = TlsName::Given(server.host.clone()),
            (None, None) => {}
        }
        tls.verify = self.tls.verify.or(tls.verify);
        tls.roots = self.tls.roots.clone().or(tls.roots.take());
        tls.identity = self.tls.identity.clone().or(tls.identity.take());
        if let Some(pins) = &self.tls.pins {
            tls.pins.clone_from(pins);
        }
    }
}

/// Whether the keys of one section go together.
pub(super) fn check(site: &Site) -> Result<(), (&'static str, Why)> {
    let (Some(mode), Some(server)) = (site.tls.mode, &site.server) else { return Ok(()) };
    if server.scheme.tls_mode().is_some_and(|of_server| of_server != mode) {
        return Err(("tls", "says otherwise than the server's URL".to_owned()));
    }
    Ok(())
}

/// Reads the certificate and the key that the section names.
pub(super) fn identity(draft: &mut Draft) -> Result<Option<Identity>, (&'static str, Why)> {
    let Some(certificate) = &draft.certificate else {
        let alone = draft.key.is_some();
        return if alone { Err(("tls_key", "needs a tls_certificate beside it".to_owned())) } else { Ok(None) };
    };
    let (key_name, key) = match &draft.key {
        Some(key) => ("tls_key", key),
        None => ("tls_certificate", certificate),
    };
    let files = &mut draft.files;
    let chain = files.read(certificate, MAX_FILE, Holds::Settings).map_err(|why| ("tls_certificate", why))?;
    let key = files.read(key, MAX_FILE, Holds::Key).map_err(|why| (key_name, why))?;
    identity_of(&chain, &key, key_name).map(Some)
}

#[cfg(feature = "tls")]
fn identity_of(chain: &[u8], key: &[u8], key_name: &'static str) -> Result<Identity, (&'static str, Why)> {
    Identity::from_pem(chain, key).map_err(|why| {
        let name = if why.which == crate::net::tls::Which::Certificate { "tls_certificate" } else { key_name };
        (name, format!("names a file that cannot be used: {why}"))
    })
}

#[cfg(not(feature = "tls"))]
fn identity_of(_: &[u8], _: &[u8], key_name: &'static str) -> Result<Identity, (&'static str, Why)> {
    Err((key_name, lacking()))
}

pub(super) fn mode(value: &str) -> Result<TlsMode, Why> {
    match choice(value, &MODES)? {
        TlsMode::Always | TlsMode::Implicit if !AVAILABLE => Err(lacking()),
        mode => Ok(mode),
    }
}

pub(super) fn name(value: &str) -> Result<String, Why> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if value.is_empty() || value.len() > 253 || !value.chars().all(good) {
        return Err("is no host name and no address (beyond ASCII: write its xn-- form)".to_owned());
    }
    Ok(value.to_owned())
}

pub(super) fn pins(value: &str) -> Result<Vec<Pin>, Why> {
    let words = "is not sha256: and 64 hexadecimal digits, or several of these with commas between";
    value.split(',').map(|pin| Pin::parse(pin.trim()).ok_or_else(|| words.to_owned())).collect()
}

pub(super) fn path(value: &str) -> Result<PathBuf, Why> {
    if !AVAILABLE {
        return Err(lacking());
    }
    whole_path(value)
}

#[cfg(feature = "tls")]
pub(super) fn roots(value: &str, files: &mut Files) -> Result<Roots, Why> {
    let text = files.read(&path(value)?, MAX_FILE, Holds::Settings)?;
    Roots::from_pem(&text).map_err(|why| format!("names a file that cannot be used: {why}"))
}

#[cfg(not(feature = "tls"))]
pub(super) fn roots(value: &str, _: &mut Files) -> Result<Roots, Why> {
    path(value).and(Err(lacking()))
}

fn lacking() -> Why {
    format!("needs TLS, and {LACKING}")
}
