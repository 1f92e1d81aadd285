//! Every key of the policy file: its name, and what its value may be.

use super::Site;
use super::load::Stamp;
use super::tls;
use super::url::{self, Url};
use crate::client::{Level, TlsMode};
use crate::net::options::Proxy;
use crate::net::tls::{AVAILABLE, LACKING};
use crate::proto::dot::Dots;
use crate::sasl::Credentials;
use std::path::PathBuf;
use std::time::Duration;

/// A section while it is read.
#[derive(Default)]
pub(super) struct Draft {
    site: Site,
    /// `timeout`: of every phase that has no key of its own.
    timeout: Option<Duration>,
    /// `tls_certificate` and `tls_key`, which belong together.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// The files that the section names, as they were when they were read.
    pub(super) files: Vec<(PathBuf, Stamp)>,
    /// On which line each key was given.
    lines: Vec<(&'static str, usize)>,
}

/// What is wrong, in words that follow the key.
pub(super) type Why = String;

/// Keys that do not go together: the line and the name of the one that shows it, and why.
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
    /// Takes a key's value, or says why not.
    pub(super) fn set(&mut self, name: &str, value: &str, line: usize) -> Result<(), Why> {
        let Some(key) = KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name)) else { return Err(unknown(name)) };
        self.lines.push((key.name, line));
        (key.set)(self, value)
    }

    /// The section as it holds, and the files that it names; or which of its keys do not go together.
    pub(super) fn finish(mut self) -> Result<(Site, Vec<(PathBuf, Stamp)>), Misfit> {
        let lines = core::mem::take(&mut self.lines);
        let misfit = |(key, why): (&'static str, Why)| {
            let line = lines.iter().find(|(name, _)| *name == key).map_or(0, |(_, line)| *line);
            Misfit { line, key, why }
        };
        tls::check(&self.site).map_err(misfit)?;
        self.site.tls.identity = tls::identity(&mut self).map_err(misfit)?;
        let Draft { mut site, timeout, files, .. } = self;
        let Some(timeout) = timeout else { return Ok((site, files)) };
        let times = &mut site.timeouts;
        for phase in [&mut times.connect, &mut times.greeting, &mut times.reply, &mut times.data, &mut times.message] {
            phase.get_or_insert(timeout);
        }
        Ok((site, files))
    }
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
    match (&url.user, &url.password) {
        // A password of the site's never leaves in the clear.
        (Some(_), _) if !AVAILABLE => return Err(format!("has a user, whose password needs TLS, and {LACKING}")),
        (Some(_), None) => return Err("has a user without a password".to_owned()),
        (Some(user), Some(password)) => {
            let credentials = Credentials::new(user.clone(), password.clone());
            credentials.check().map_err(|why| format!("has a user and password that cannot be sent: {why}"))?;
        }
        (None, _) => {}
    }
    match url.scheme.tls_mode() {
        Some(TlsMode::Always | TlsMode::Implicit) if !AVAILABLE => Err(format!("asks for TLS, and {LACKING}")),
        _ => Ok(url),
    }
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
    let name = name.to_ascii_lowercase();
    let nearest = KEYS.iter().map(|key| (distance(&name, key.name), key.name)).min();
    match nearest {
        Some((distance, near)) if distance <= 1 + near.len() / 4 => format!("is unknown; did you mean {near}?"),
        _ => {
            let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            format!("is unknown; known are {}", names.join(", "))
        }
    }
}

/// How many letters must change, come or go (Levenshtein's distance); far when the name is too long to be meant.
fn distance(name: &str, key: &str) -> usize {
    if name.len() > 40 {
        return usize::MAX;
    }
    let key: Vec<char> = key.chars().collect();
    let mut row: Vec<usize> = (0..=key.len()).collect();
    for (i, letter) in name.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in key.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[key.len()]
}
