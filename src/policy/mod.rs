//! What the site decides outside the program: server, port, timeouts and the like, from a file.
//!
//! The environment variable `HELO_CONFIG` names the file:
//!
//! ```text
//! # For every host that a program asks for:
//! reply_timeout = 60
//! message_timeout = 10 min
//!
//! # A program that asks for mailhost, or for any address of the old network, is sent elsewhere.
//! [host mailhost 10.1.*]
//! server = smtp.example.com
//! port = 2525
//! ```
//!
//! `*` stands for any text, `?` for any one character; upper and lower case are the same. The first `[host ...]`
//! section that matches counts, and what it does not say, the lines before the first section (or in `[general]`) do.
//! The keys are in the table of `keys.rs`. The whole file is checked when it is read: one mistake and nothing of it
//! holds, with an error that names the line and the key.

mod chosen;
mod command;
mod constants;
mod explain;
mod file;
mod glob;
mod journal;
mod keys;
mod load;
mod login;
mod nearest;
mod origin;
mod overrides;
mod places;
mod registry;
mod safe_file;
mod supply;
pub mod target;
pub mod text;
mod tls;
mod trace_file;
mod trace_place;
mod trace_variable;
pub mod url;

pub use constants::{CONSTANTS, Constant, Constants, Kind};
pub use explain::{Candidate, candidates};
pub use file::PolicyError;
pub use journal::Journal;
pub use load::Rights;
pub use login::SiteLogin;
pub use nearest::did_you_mean;
pub use overrides::{Cache, Overrides};
pub use registry::registry_in_force;
pub use supply::Source;
pub use tls::SiteTls;
pub use trace_file::TraceFile;
pub use trace_variable::{remark, trace};

use crate::client::trace::Watch;
use crate::client::{Level, Settings};
use crate::net::options::Proxy;
use crate::proto::dot::Dots;
use keys::Place;
use origin::Whence;
use safe_file::Stamp;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::{Scheme, Url};

/// A site's decisions, read and checked.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    general: Site,
    hosts: Vec<HostSection>,
    constants: Constants,
    /// Where it was found.
    whence: Whence,
    /// The files that were read with it, as they were then.
    files: Vec<(PathBuf, Stamp)>,
    /// The first key whose value is a secret, and the first whose value is run.
    secret: Option<Place>,
    command: Option<Place>,
}

/// What holds for hosts of certain names.
#[derive(Clone, Debug)]
struct HostSection {
    patterns: Vec<String>,
    site: Site,
}

/// What the site decided for one host; `None` where it leaves the matter to the program.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// `server`: where to connect instead of the host asked for, a host or a URL.
    pub server: Option<Url>,
    /// `port`: instead of the one that the program or the URL says.
    pub port: Option<u16>,
    /// How long each phase may last.
    pub timeouts: Timeouts,
    /// `debug_level`: 0 nothing, 1 errors, 2 every call; of the faces that keep a log file.
    pub debug_level: Option<u8>,
    /// `pipelining`: how much is sent ahead of replies.
    pub pipelining: Option<Level>,
    /// `dots`: who doubles the dots at the beginnings of lines.
    pub dots: Option<Dots>,
    /// `helo_name`: the name to say in EHLO instead of the program's.
    pub helo_name: Option<String>,
    /// `proxy`: the SOCKS proxy to go through.
    pub proxy: Option<Proxy>,
    /// `source_address`: the address of this machine to connect from.
    pub source_address: Option<IpAddr>,
    /// `trace_file`: where the dialogue is written to.
    pub trace_file: Option<TraceFile>,
    /// `tls` and the keys that begin with it.
    pub tls: SiteTls,
    /// `mechanism`: the mechanisms to log in by, the first that is possible.
    pub mechanisms: Option<Vec<&'static str>>,
    /// What the site logs in with, in place of the program.
    pub login: Option<SiteLogin>,
}

/// How long each phase may last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// `connect_timeout`: name lookup, connection, proxy.
    pub connect: Option<Duration>,
    /// `greeting_timeout`: until the server's 220.
    pub greeting: Option<Duration>,
    /// `reply_timeout`: until the reply to a command.
    pub reply: Option<Duration>,
    /// `data_timeout`: until the next part of the body is taken.
    pub data: Option<Duration>,
    /// `message_timeout`: until the answer to the final dot.
    pub message: Option<Duration>,
}

impl Timeouts {
    /// Fills what is not decided from others.
    pub fn or(self, others: &Timeouts) -> Timeouts {
        Timeouts {
            connect: self.connect.or(others.connect),
            greeting: self.greeting.or(others.greeting),
            reply: self.reply.or(others.reply),
            data: self.data.or(others.data),
            message: self.message.or(others.message),
        }
    }
}

impl Policy {
    /// What the site decided for the host that a program asks for, by name or by address.
    pub fn settings_for(&self, host_asked: &str) -> Site {
        match self.section_of(host_asked) {
            None => self.general.clone(),
            Some(section) => section.site.clone().or(&self.general),
        }
    }

    /// The section for a host, if there is one.
    fn section_of(&self, host_asked: &str) -> Option<&HostSection> {
        let asked = glob::normal(host_asked);
        self.hosts.iter().find(|section| section.patterns.iter().any(|pattern| glob::matches(pattern, &asked)))
    }

    /// The numbers of a program's own Distinct header.
    pub fn distinct_constants(&self) -> &Constants {
        &self.constants
    }
}

impl Site {
    /// Where to connect for a program that asks for this host and port.
    pub fn place(&self, host_asked: &str, port_asked: u16) -> (String, u16) {
        let Some(server) = &self.server else { return (host_asked.to_owned(), self.port.unwrap_or(port_asked)) };
        // A server without scheme and port changes the host only.
        let own_port = if server.scheme == Scheme::Plain { port_asked } else { server.scheme.default_port() };
        (server.host.clone(), self.port.or(server.port).unwrap_or(own_port))
    }

    /// Puts what the site decided over what the program or the face has.
    pub fn apply(&self, settings: &mut Settings) {
        fn over<T: Clone>(value: &mut T, decided: &Option<T>) {
            if let Some(decided) = decided {
                value.clone_from(decided);
            }
        }
        over(&mut settings.timeouts.connect, &self.timeouts.connect);
        over(&mut settings.timeouts.greeting, &self.timeouts.greeting);
        over(&mut settings.timeouts.reply, &self.timeouts.reply);
        over(&mut settings.timeouts.data, &self.timeouts.data);
        over(&mut settings.timeouts.message, &self.timeouts.message);
        over(&mut settings.dots, &self.dots);
        over(&mut settings.helo_name, &self.helo_name);
        if self.proxy.is_some() {
            settings.connect.proxy.clone_from(&self.proxy);
        }
        if self.source_address.is_some() {
            settings.connect.source_address = self.source_address;
        }
        if let Some(trace_file) = &self.trace_file {
            settings.watches.push(Arc::new(trace_file.clone()) as Arc<dyn Watch>);
        }
        self.apply_login(&mut settings.auth);
        self.apply_tls(&mut settings.tls);
    }

    /// Fills what is not decided from another section.
    fn or(self, general: &Site) -> Site {
        Site {
            tls: self.tls.or(&general.tls, self.server.as_ref()),
            // The port belongs to the server beside it: a general one must not follow a host's own server.
            port: if self.server.is_some() { self.port } else { self.port.or(general.port) },
            server: self.server.or_else(|| general.server.clone()),
            timeouts: self.timeouts.or(&general.timeouts),
            debug_level: self.debug_level.or(general.debug_level),
            pipelining: self.pipelining.or(general.pipelining),
            dots: self.dots.or(general.dots),
            helo_name: self.helo_name.or_else(|| general.helo_name.clone()),
            proxy: self.proxy.or_else(|| general.proxy.clone()),
            source_address: self.source_address.or(general.source_address),
            trace_file: self.trace_file.or_else(|| general.trace_file.clone()),
            // What of the general login holds here was decided when the policy was read.
            mechanisms: self.mechanisms,
            login: self.login,
        }
    }
}

#[cfg(all(test, feature = "tls"))]
mod login_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
