//! From the host that a program names to where the connection really goes and how: URLs and the site's policy.

use super::{log, numbers};
use crate::capi::rights;
use crate::client::{AuthPlan, Owner, Settings};
use crate::error::{Cause, Error, Phase, Result};
use crate::faces::site::{Way, decide, way};
use crate::faces::wishes::{Face, Wishes};
use crate::net::connect::Target;
use crate::policy::url::{self, Url};
use crate::policy::{Policy, Timeouts};
use crate::proto::command::Command;
use crate::sasl::Credentials;

/// A connection to be made.
pub(crate) struct Plan {
    pub(crate) target: Target,
    pub(crate) settings: Settings,
    /// The site's limits, for `smtp_opts` to be weighed against.
    pub(crate) timeouts: Timeouts,
}

/// The plan for a host argument, which may be a name, an address or a URL, and for the client's own name.
pub(crate) fn plan(host: &str, local: &str) -> Result<Plan> {
    know_numbers();
    let asked = url::parse(host)?;
    let mut settings = Settings { helo_name: local.to_owned(), ..Face::Distinct.settings() };
    settings.tls.mode = asked.scheme.tls_mode().unwrap_or_default();
    let (host, port) = (asked.host.clone(), asked.port_or_default());
    settings.auth = login(asked)?;
    let Way { host, port, settings, site } = way(Face::Distinct, wishes(), &host, port, settings)?;
    log::set_level(site.debug_level);
    if !settings.helo_name.is_empty() {
        check_name(&settings.helo_name)?;
    }
    Ok(Plan { target: Target::Host { host, port }, settings, timeouts: site.timeouts })
}

/// What the program wishes of connections whose handles it does not have yet: of all of them.
fn wishes() -> &'static Wishes {
    Wishes::of(Some(Face::Distinct))
}

/// A host and port that the program gives apart, as one text for [`plan`].
pub(crate) fn place(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The level of the log as the site has it, before a host was named. An unreadable policy is the next connection's error.
pub(crate) fn debug_level() -> Option<u8> {
    know_numbers();
    decide(Face::Distinct, wishes(), Some("")).ok()?.debug_level
}

/// Takes over the numbers of the program's own header, if the site names them.
fn know_numbers() {
    if let Ok(policy) = Policy::in_force(rights()) {
        numbers::set(policy.distinct_constants());
    }
}

/// User and password of a URL: the program asks for authentication that the original did not have.
fn login(asked: Url) -> Result<Option<AuthPlan>> {
    let bad = |words: String| Error::new(Phase::Auth, Cause::BadArgument, words);
    let Some(user) = asked.user else { return Ok(None) };
    let Some(password) = asked.password else {
        return Err(bad("the URL has a user name and no password".to_owned()));
    };
    let credentials = Credentials::new(user, password);
    credentials.check().map_err(|why| bad(why.to_string()))?;
    Ok(Some(AuthPlan::new(credentials, Owner::Program)))
}

/// Refuses a name that cannot be said before a connection is made for it.
fn check_name(name: &str) -> Result<()> {
    Command::Helo(name)
        .encode(&mut Vec::new())
        .map_err(|why| Error::new(Phase::Hello, Cause::BadArgument, why.to_string()))
}
