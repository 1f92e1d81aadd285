//! Every key of the policy file: its name, and what its value may be.

use super::did_you_mean;
use super::login::{self, LoginKeys, put_source, secret};
use super::safe_file::Files;
use super::supply::Source;
use super::tls;
use super::trace_file::TraceFile;
use super::url::{self, Url};
use super::{Rights, Site};
use crate::client::{Level, TlsMode};
use crate::net::options::Proxy;
use crate::net::tls::{AVAILABLE, LACKING};
use crate::proto::dot::Dots;
use crate::sasl::Proof::{Password, Token};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A section while it is read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) site: Site,
    /// `timeout`: of every phase that has no key of its own.
    timeout: Option<Duration>,
    /// `tls_certificate` and `tls_key`, which belong together.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// Who logs in, and by what.
    pub(super) login: LoginKeys,
    /// The files that are read with the section.
    pub(super) files: Files,
    /// The first key whose value is a secret, and the first whose value is run.
    pub(super) secret: Option<Place>,
    pub(super) command: Option<Place>,
    /// On which line each key was given.
    lines: Vec<(&'static str, usize)>,
}

/// A key, and the line on which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: &'static str,
    pub(super) line: usize,
}

/// What is wrong, in words that follow the key.
pub(super) type Why = String;

/// Keys that do not go together: the name and the line of the one that shows it, and why.
pub(super) struct Misfit {
    pub(super) line: usize,
    pub(super) key: &'static str,
    pub(super) why: Why,
}

/// A key: its name, and what takes its value.
struct Key {
    name: &'static str,
    set: fn(&mut Draft, &str) -> Result<(), Why>,
}

const KEYS: &[Key] = &[
    Key { name: "server", set: |to, value| put(&mut to.site.server, server(value)) },
    Key { name: "port", set: |to, value| put(&mut to.site.port, port(value)) },
    Key { name: "mechanism", set: |to, value| put(&mut to.site.mechanisms, login::mechanisms(value)) },
    Key { name: "user", set: |to, value| put(&mut to.login.user, login::user(value)) },
    Key { name: "password", set: |to, value| put_source(&mut to.login, "password", Password, given(value)) },
    Key { name: "password_file", set: |to, value| put_source(&mut to.login, "password_file", Password, file(value)) },
    Key {
        name: "password_command",
        set: |to, value| put_source(&mut to.login, "password_command", Password, command(value)),
    },
    Key {
        name: "oauth_token_file",
        set: |to, value| put_source(&mut to.login, "oauth_token_file", Token, file(value)),
    },
    Key {
        name: "oauth_token_command",
        set: |to, value| put_source(&mut to.login, "oauth_token_command", Token, command(value)),
    },
    Key { name: "timeout", set: |to, value| put(&mut to.timeout, duration(value)) },
    Key { name: "connect_timeout", set: |to, value| put(&mut to.site.timeouts.connect, duration(value)) },
    Key { name: "greeting_timeout", set: |to, value| put(&mut to.site.timeouts.greeting, duration(value)) },
    Key { name: "reply_timeout", set: |to, value| put(&mut to.site.timeouts.reply, duration(value)) },
    Key { name: "data_timeout", set: |to, value| put(&mut to.site.timeouts.data, duration(value)) },
    Key { name: "message_timeout", set: |to, value| put(&mut to.site.timeouts.message, duration(value)) },
    Key { name: "debug_level", set: |to, value| put(&mut to.site.debug_level, choice(value, &LEVELS)) },
    Key { name: "pipelining", set: |to, value| put(&mut to.site.pipelining, choice(value, &PIPELININGS)) },
    Key { name: "dots", set: |to, value| put(&mut to.site.dots, choice(value, &DOTS)) },
    Key { name: "helo_name", set: |to, value| put(&mut to.site.helo_name, helo_name(value)) },
    Key { name: "source_address", set: |to, value| put(&mut to.site.source_address, source_address(value)) },
    Key { name: "trace_file", set: |to, value| put(&mut to.site.trace_file, trace_file(value)) },
    Key { name: "tls", set: |to, value| put(&mut to.site.tls.mode, tls::mode(value)) },
    Key { name: "tls_name", set: |to, value| put(&mut to.site.tls.name, tls::name(value)) },
    Key { name: "tls_verify", set: |to, value| put(&mut to.site.tls.verify, choice(value, &YES_NO)) },
    Key { name: "tls_pin", set: |to, value| put(&mut to.site.tls.pins, tls::pins(value)) },
    Key { name: "tls_ca", set: |to, value| put(&mut to.site.tls.roots, tls::roots(value, &mut to.files)) },
    Key { name: "tls_certificate", set: |to, value| put(&mut to.certificate, tls::path(value)) },
    Key { name: "tls_key", set: |to, value| put(&mut to.key, tls::path(value)) },
    Key { name: "proxy", set: |to, value| put(&mut to.site.proxy, proxy(value)) },
];

const LEVELS: [(&str, u8); 3] = [("0", 0), ("1", 1), ("2", 2)];
const PIPELININGS: [(&str, Level); 3] = [("none", Level::None), ("envelope", Level::Envelope), ("full", Level::Full)];
const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];
const DOTS: [(&str, Dots); 2] = [("library", Dots::Stuff), ("caller", Dots::Off)];

/// The longest time that can be given: a day.
const MAX_SECONDS: u64 = 24 * 60 * 60;

impl Draft {
    /// A section's keys, to be used by a process with these rights.
    pub(super) fn new(rights: Rights) -> Draft {
        Draft { files: Files { rights, ..Files::default() }, ..Draft::default() }
    }

    /// Takes a key's value, or says why not.
    pub(super) fn set(&mut self, name: &str, value: &str, line: usize) -> Result<(), Why> {
        let Some(key) = KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name)) else { return Err(unknown(name)) };
        self.lines.push((key.name, line));
        (key.set)(self, value)?;
        let place = Place { key: key.name, line };
        if self.is_secret(key.name) {
            self.secret.get_or_insert(place);
        }
        if key.name.ends_with("_command") {
            self.command.get_or_insert(place);
        }
        Ok(())
    }

    /// Whether the value of a key that was just taken is or holds a password.
    fn is_secret(&self, key: &str) -> bool {
        match key {
            "password" => true,
            "server" => self.site.server.as_ref().is_some_and(|server| server.password.is_some()),
            "proxy" => self.site.proxy.as_ref().is_some_and(|proxy| proxy.password.is_some()),
            _ => false,
        }
    }

    /// Completes the section, with what the general one bears on it; or says which of its keys do not go together.
    /// `general` is the general section, finished already, for a host's; `patterns` are the hosts that it is for.
    pub(super) fn finish(&mut self, general: Option<&Draft>, patterns: &[String]) -> Result<(), Misfit> {
        tls::check(&self.site).map_err(|(key, why)| self.misfit(key, why))?;
        self.site.tls.identity = tls::identity(self).map_err(|(key, why)| self.misfit(key, why))?;
        self.settle_login(general, patterns)?;
        let Some(timeout) = self.timeout else { return Ok(()) };
        let times = &mut self.site.timeouts;
        for phase in [&mut times.connect, &mut times.greeting, &mut times.reply, &mut times.data, &mut times.message] {
            phase.get_or_insert(timeout);
        }
        Ok(())
    }

    /// The line on which a key was given; 0 where it was not.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.lines.iter().find(|(name, _)| *name == key).map_or(0, |(_, line)| *line)
    }

    pub(super) fn misfit(&self, key: &'static str, why: impl Into<Why>) -> Misfit {
        Misfit { line: self.line_of(key), key, why: why.into() }
    }
}

/// Whether there is a key of this name.
pub(super) fn is_known(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.eq_ignore_ascii_case(name))
}

/// Keeps a value that is good and the first of its key.
fn put<T>(slot: &mut Option<T>, value: Result<T, Why>) -> Result<(), Why> {
    let value = value?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("is given twice".to_owned()),
    }
}

/// A server that this build can serve as the site wants: what needs TLS is refused now, not when mail is sent.
fn server(value: &str) -> Result<Url, Why> {
    let url = url::parse(value).map_err(|error| format!("is no host and no URL: {error}"))?;
    match url.scheme.tls_mode() {
        Some(TlsMode::Always | TlsMode::Implicit) if !AVAILABLE => Err(format!("asks for TLS, and {LACKING}")),
        _ => Ok(url),
    }
}

fn given(value: &str) -> Result<Source, Why> {
    secret(value).map(Source::Given)
}

fn file(value: &str) -> Result<Source, Why> {
    whole_path(value).map(Source::File)
}

fn command(value: &str) -> Result<Source, Why> {
    secret(value).map(Source::Command)
}

/// A path that means the same wherever the program runs.
pub(super) fn whole_path(value: &str) -> Result<PathBuf, Why> {
    let path = Path::new(value);
    if !path.is_absolute() {
        return Err("is not a file's whole path, from the root on".to_owned());
    }
    Ok(path.to_owned())
}

fn trace_file(value: &str) -> Result<TraceFile, Why> {
    whole_path(value).map(TraceFile::new)
}

fn source_address(value: &str) -> Result<IpAddr, Why> {
    value.parse().map_err(|_| "is no IPv4 or IPv6 address of this machine, such as 192.0.2.1 or 2001:db8::1".to_owned())
}

fn proxy(value: &str) -> Result<Proxy, Why> {
    url::parse_proxy(value).map_err(|error| format!("is no proxy: {error}"))
}

fn port(value: &str) -> Result<u16, Why> {
    let port = value.parse::<u16>().ok().filter(|port| *port != 0);
    port.ok_or_else(|| "is not a number from 1 to 65535".to_owned())
}

/// `20`, `20 s`, `500 ms`, `10 min`, `1 h`.
fn duration(value: &str) -> Result<Duration, Why> {
    let split = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(split);
    let unit_ms = match unit.trim() {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "min" => Some(60 * 1000),
        "h" => Some(60 * 60 * 1000),
        _ => None,
    };
    let milliseconds = unit_ms.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit));
    match milliseconds {
        Some(ms) if (1..=MAX_SECONDS * 1000).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err("is not a time from 1 ms to 24 h, such as 20, 500 ms, 10 min".to_owned()),
    }
}

pub(super) fn choice<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, Why> {
    match choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)) {
        Some((_, choice)) => Ok(*choice),
        None => {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            Err(format!("is none of {}", names.join(", ")))
        }
    }
}

fn helo_name(value: &str) -> Result<String, Why> {
    if value.is_empty() || value.len() > 255 || value.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err("is not a name of 1 to 255 characters without spaces".to_owned());
    }
    Ok(value.to_owned())
}

/// The error of a key that does not exist, with the nearest that does.
fn unknown(name: &str) -> Why {
    match did_you_mean(name, KEYS.iter().map(|key| key.name)) {
        Some(near) => format!("is unknown; did you mean {near}?"),
        None => {
            let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            format!("is unknown; known are {}", names.join(", "))
        }
    }
}
