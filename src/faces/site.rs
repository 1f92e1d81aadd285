//! From the host that a program asks for to where its connection really goes, and how: the same way for every face.

use super::wishes::{Face, Wishes};
use crate::capi::rights;
use crate::client::trace::Watch;
use crate::client::words::{Concerning, Context};
use crate::client::{Settings, Tls, TlsName};
use crate::error::{Error, Result};
use crate::net::connect::Target;
use crate::policy::{self, Policy, Rights, Site};
use std::sync::Arc;

/// Where a connection goes, and what it is told.
#[derive(Debug)]
pub struct Way {
    /// The host to connect to.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What the connection is told: the program's, under what the site decided.
    pub settings: Settings,
    /// What the site decided.
    pub site: Site,
}

impl Face {
    /// What a face tells its connections of itself, before the program and the site have their say. The environment may
    /// want to watch them all.
    pub fn settings(self) -> Settings {
        let watches = policy::trace(rights()).map(|trace| Arc::new(trace) as Arc<dyn Watch>);
        Settings { watches: watches.into_iter().collect(), ..self.own_settings() }
    }

    fn own_settings(self) -> Settings {
        match self {
            #[cfg(feature = "native")]
            Face::Helo => Settings::default(),
            #[cfg(feature = "distinct")]
            Face::Distinct => Settings { timeouts: super::distinct::timeouts(), ..Settings::default() },
            #[cfg(feature = "netx-client")]
            Face::NetxClient => Settings {
                timeouts: super::netx_client::timeouts(),
                // The program names an address: whose it should be only the policy can say.
                tls: Tls { name: TlsName::Unknown, ..Tls::default() },
                ..Settings::default()
            },
        }
    }
}

/// The way of a connection for which a program asks by host and port. `settings` are the face's with the program's own.
pub(crate) fn way(face: Face, wishes: &Wishes, host: &str, port: u16, settings: Settings) -> Result<Way> {
    let rights = rights();
    let policy = Policy::in_force(rights).map_err(|why| untold(&why.into(), rights))?;
    let site = wishes.site(face, Some((&policy, host))).map_err(|why| untold(&why.into(), rights))?;
    let origin = policy.origin(host, &wishes.keys(face), rights);
    Ok(site_way(site, host, port, Settings { origin: origin.into(), ..settings }))
}

/// An error before there is a connection: whoever wants a trace is told of it there, too.
fn untold(error: &Error, rights: Rights) -> Error {
    policy::remark(&Context::default().words(error, Concerning::Connection), rights);
    error.clone()
}

/// The same for a program that has no wishes of its own, such as `helo-check`.
pub fn plain_way(face: Face, host: &str, port: u16, settings: Settings) -> Result<Way> {
    way(face, &Wishes::new(), host, port, settings)
}

fn site_way(site: Site, host: &str, port: u16, mut settings: Settings) -> Way {
    site.apply(&mut settings);
    let (host, port) = site.place(host, port);
    Way { host, port, settings, site }
}

/// What was decided outside of a face's own calls: by the keys that the program has set by `helo.h` and, for a connection
/// to a host, by the policy under them.
pub(crate) fn decide(face: Face, wishes: &Wishes, host: Option<&str>) -> Result<Site> {
    let policy = host.map(|_| Policy::in_force(rights())).transpose()?;
    let under = policy.as_ref().zip(host);
    Ok(wishes.site(face, under)?)
}

impl Way {
    /// What the failures of connections that go this way have in common, for their words.
    pub fn context(&self) -> Context {
        let target = Target::Host { host: self.host.clone(), port: self.port };
        Context::of(&self.settings, &target)
    }
}
