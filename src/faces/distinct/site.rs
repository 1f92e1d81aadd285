//! From the host that a program names to where the connection really goes and how: URLs and the site's policy.

use super::log;
use crate::capi::rights;
use crate::client::{AuthPlan, Owner, Settings, Tls};
use crate::error::{Cause, Error, Phase, Result};
use crate::net::connect::Target;
use crate::policy::url::{self, Url};
use crate::policy::{Policy, Site, Timeouts};
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
    let asked = url::parse(host)?;
    let site = site_for(&asked.host)?;
    let (host, port) = site.place(&asked.host, asked.port_or_default());
    let mut settings = Settings {
        helo_name: local.to_owned(),
        tls: Tls::mode(asked.scheme.tls_mode().unwrap_or_default()),
        auth: login(asked)?,
        ..Settings::default()
    };
    // The site's login comes before the program's.
    site.apply(&mut settings);
    if !settings.helo_name.is_empty() {
        check_name(&settings.helo_name)?;
    }
    Ok(Plan { target: Target::Host { host, port }, settings, timeouts: site.timeouts })
}

/// A host and port that the program gives apart, as one text for [`plan`].
pub(crate) fn place(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What the site decided for a host.
pub(crate) fn site_for(host: &str) -> Result<Site> {
    let policy = Policy::from_environment(rights())
        .map_err(|why| Error::new(Phase::Connect, Cause::Policy, format!("the policy file: {why}")))?;
    let site = policy.settings_for(host);
    log::set_level(site.debug_level);
    Ok(site)
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
