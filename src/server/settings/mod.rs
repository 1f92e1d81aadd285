//! A server by its settings: keys and values, as they stand in a configuration file and on `helo-server`'s command line.
//!
//! [`Settings::set`] takes a key and its value, [`Settings::read`] a whole file, and [`Settings::setup`] makes of all of
//! them what [`Server::start`](super::Server::start) wants. Whoever embeds a server can put a spool, decisions and users
//! of its own beside them: [`Own`].

mod access;
#[cfg(unix)]
mod aliases;
mod files;
mod open;
mod secret;
mod setup;
mod text;
mod users;

pub use open::{Handed, Opened};
pub use setup::{MECHANISMS, Own, Setup};
pub use text::{Entry, entries, flag, seconds, size};
pub use users::Users;

use crate::policy::did_you_mean;
use crate::proto::dot::BareEnds;
use crate::sasl::Secret;
use std::path::PathBuf;
use std::time::Duration;
use text::{list, mode, number};

/// A key of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name; empty for the heading of a group.
    pub name: &'static str,
    /// What its value is, in a word; empty for a flag, which is yes or no.
    pub value: &'static str,
    /// What it does, in a line.
    pub words: &'static str,
}

const fn group(words: &'static str) -> Key {
    Key { name: "", value: "", words }
}

const fn key(name: &'static str, value: &'static str, words: &'static str) -> Key {
    Key { name, value, words }
}

/// What --help says of Maildirs, whose names Windows does not take.
const MAILDIR: &str = match cfg!(unix) {
    true => "one Maildir for every recipient",
    false => "not on this system, which has no Maildirs: use --relay, or --memory for tests",
};
const MAILDIRS: &str = match cfg!(unix) {
    true => "FOLDER/domain/name for each recipient; who has no folder there is refused",
    false => "not on this system, as --maildir",
};

/// All keys, group by group.
pub const KEYS: &[Key] = &[
    group("Where to listen (each may be given several times; default: port 2525)"),
    key("port", "PORT", "SMTP on this port of 127.0.0.1; 0 takes a free one"),
    key(
        "listen",
        "ADDRESS",
        "SMTP at HOST:PORT, [IPV6]:PORT, *:PORT, the path of a socket, or systemd[:NAME]: a socket that systemd opened",
    ),
    key("listen-tls", "ADDRESS", "the same with TLS from the first byte (port 465)"),
    key("listen-lmtp", "ADDRESS", "LMTP there"),
    key("socket-mode", "MODE", "rights of sockets with a path, as chmod writes them (default: what umask leaves)"),
    key("socket-group", "GROUP", "the group that they belong to"),
    key("proxies", "LIST", "addresses and networks (10.0.0.0/8) whose connections begin with the PROXY protocol"),
    group("Where mail goes (exactly one)"),
    key("maildir", "FOLDER", MAILDIR),
    key("maildirs", "FOLDER", MAILDIRS),
    key(
        "relay",
        "URL",
        "the next server: smtp://, smtps:// or smtp+starttls://[USER:PASSWORD@]HOST[:PORT], lmtp://HOST:PORT, lmtp:PATH",
    ),
    key("relay-ca", "FILE", "the authorities that may vouch for the next server, in PEM (default: the system's)"),
    key(
        "relay-connections",
        "COUNT",
        "connections to the next server at a time; one client has half of them (default: 50)",
    ),
    key(
        "relay-hold",
        "SECONDS",
        "a mail that does not go on keeps its connection no longer than this when others need one (default: 30)",
    ),
    key("memory", "SIZE", "memory, lost at the end, in MiB or as 512K, 1G; full, mails are refused"),
    key("discard", "", "nowhere: everything is confirmed and dropped"),
    key("make-maildirs", "", "with maildirs: make folders that are missing, for anyone who sends"),
    key("aliases", "FILE", "with maildirs: whose mail goes to whom, a line each: NAME: ADDRESS, ADDRESS"),
    key("mailbox-mode", "MODE", "in Maildirs: rights of files, as chmod writes them (default: 600)"),
    key("crlf", "", "in Maildirs: lines end in CRLF, as the mail came"),
    key("no-sync", "", "in Maildirs: confirm before the disk has it; for tests"),
    group("Who may send"),
    key("domains", "LIST", "recipients in these domains are taken; .example.com is all below it"),
    key("recipients", "LIST", "these recipients are taken"),
    key("users", "FILE", "users, a line each: NAME:PASSWORD or NAME:SCRAM keys; they may send to everyone"),
    key("mechanisms", "LIST", "what AUTH offers (default: all that passwords or keys are enough for)"),
    key(
        "login-secret",
        "FILE",
        "keeps what strangers who try to log in are shown the same; made when it is missing (default: by the machine's id)",
    ),
    key("auth-required", "", "only users may send"),
    key("auth-in-clear", "", "passwords without TLS, too: anyone on the way can read them"),
    key("md5-in-clear", "", "CRAM-MD5 without TLS, too: whoever reads it on the way can guess the password"),
    group("TLS"),
    key("tls-certificate", "FILE", "certificate and the chain behind it, in PEM"),
    key("tls-key", "FILE", "its private key, in PEM (default: in the same file)"),
    key("tls-required", "", "no mail before STARTTLS"),
    group("What is offered, and how much"),
    key("name", "NAME", "this server's name (default: the host's)"),
    key(
        "without",
        "LIST",
        "do not offer these: PIPELINING, 8BITMIME, SMTPUTF8, DSN, CHUNKING, BINARYMIME, ENHANCEDSTATUSCODES, LIMITS",
    ),
    key("dsn", "", "offer DSN: whoever the mail goes on to sends the notices that its sender asks for"),
    key(
        "bare-newline",
        "WHAT",
        "a line end of CR or LF alone in a message: normalize (default) makes CRLF of it, refuse",
    ),
    key("max-size", "SIZE", "largest message, in octets or as 10M; 0 for no limit (default: 50M)"),
    key("max-recipients", "COUNT", "recipients of a mail (default: 1000)"),
    key("max-mails", "COUNT", "mails of a connection, 0 for no limit (default: 1000, no limit for this machine)"),
    key("max-connections", "COUNT", "connections at a time, 0 for no limit (default: 20000)"),
    key("max-per-client", "COUNT", "connections at a time from one address, 0 for no limit (default: 50)"),
    key(
        "max-memory",
        "SIZE",
        "for envelopes, buffers and messages on their way, in MiB or as 1G, 0 for no limit (default: a quarter of what \
         there is)",
    ),
    key(
        "messages-in-memory",
        "",
        "where functions of a program take mail: they keep each message in memory while it comes, which counts there",
    ),
    key(
        "max-login-failures",
        "COUNT",
        "failed logins of an address in about ten minutes, 0 for no limit and no delay (default: 20)",
    ),
    key("timeout", "SECONDS", "for the next command or piece of a message (default: 300)"),
    key("threads", "COUNT", "threads for sessions (default, and 0: half of the processors)"),
    key("workers", "COUNT", "most threads for disks and the next server (default: 512)"),
    key("login-threads", "COUNT", "threads for logins (default, and 0: half of the processors)"),
];

/// Where mail goes.
#[derive(Clone, Debug)]
enum Destination {
    /// One Maildir for all.
    Maildir(PathBuf),
    /// A Maildir for each recipient below this folder.
    Maildirs(PathBuf),
    /// Nowhere.
    Discard,
    /// So many octets of memory.
    Memory(usize),
    /// The next server; its URL may hold a password.
    Relay(Secret),
}

/// Keys, their values and where they were set.
type Origins = Vec<(String, String, String)>;

/// What the keys say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Addresses, for SMTP, for SMTP with TLS from the first byte, and for LMTP.
    smtp: Vec<String>,
    smtps: Vec<String>,
    lmtp: Vec<String>,
    name: Option<String>,
    into: Option<Destination>,
    relay_ca: Option<PathBuf>,
    relay_connections: Option<usize>,
    relay_hold: Option<Duration>,
    make_maildirs: bool,
    crlf: bool,
    no_sync: bool,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_required: bool,
    users: Option<PathBuf>,
    mechanisms: Vec<String>,
    login_secret: Option<PathBuf>,
    auth_required: bool,
    auth_in_clear: bool,
    md5_in_clear: bool,
    domains: Vec<String>,
    recipients: Vec<String>,
    proxies: Vec<String>,
    without: Vec<String>,
    dsn: bool,
    bare_ends: BareEnds,
    size_max: Option<u64>,
    recipients_max: Option<usize>,
    mails_max: Option<usize>,
    connections_max: Option<usize>,
    connections_per_client: Option<usize>,
    /// In octets.
    memory_max: Option<usize>,
    messages_in_memory: bool,
    timeout: Option<Duration>,
    threads: usize,
    workers: Option<usize>,
    login_threads: usize,
    login_failures_max: Option<u32>,
    aliases: Option<PathBuf>,
    mailbox_mode: Option<u32>,
    socket_mode: Option<u32>,
    socket_group: Option<String>,
    /// Keys, values and where they were said: for what turns out to be wrong with them later.
    origins: Origins,
}

/// The error of a key that does not exist, with the nearest that does.
pub fn unknown(key: &str) -> String {
    let names = KEYS.iter().map(|key| key.name).filter(|name| !name.is_empty());
    match did_you_mean(key, names) {
        Some(near) => format!("there is no such key; did you mean {near}?"),
        None => "there is no such key".to_owned(),
    }
}

impl Settings {
    /// Nothing is said yet.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Sets a key of [`KEYS`]. Keys that list something (`listen`, `domains`) add to what was said before, the others
    /// take its place. The error says what is wrong with the key or the value, without naming the key again.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "port" => self.smtp.push(format!("127.0.0.1:{}", number::<u16>(value)?)),
            "listen" => self.smtp.push(value.to_owned()),
            "listen-tls" => self.smtps.push(value.to_owned()),
            "listen-lmtp" => self.lmtp.push(value.to_owned()),
            "socket-mode" => self.socket_mode = Some(mode(value)?),
            "socket-group" => self.socket_group = Some(value.to_owned()),
            "maildir" => return self.put(Destination::Maildir(value.into())),
            "maildirs" => return self.put(Destination::Maildirs(value.into())),
            "relay" => return self.put(Destination::Relay(Secret::new(value.to_owned()))),
            "relay-ca" => self.relay_ca = Some(value.into()),
            "relay-connections" => self.relay_connections = Some(at_least_one(value)?),
            "relay-hold" => self.relay_hold = Some(some_seconds(value)?),
            "memory" => {
                return self.put(Destination::Memory(some_octets(value)?));
            }
            "discard" if !flag(value)? => {}
            "discard" => return self.put(Destination::Discard),
            "make-maildirs" => self.make_maildirs = flag(value)?,
            "aliases" => self.aliases = Some(value.into()),
            "mailbox-mode" => self.mailbox_mode = Some(mode(value)?),
            "crlf" => self.crlf = flag(value)?,
            "no-sync" => self.no_sync = flag(value)?,
            "domains" => self.domains.extend(list(value).map(str::to_ascii_lowercase)),
            "recipients" => self.recipients.extend(list(value).map(str::to_ascii_lowercase)),
            "users" => self.users = Some(value.into()),
            "mechanisms" => self.mechanisms.extend(list(value).map(str::to_owned)),
            "login-secret" => self.login_secret = Some(value.into()),
            "auth-required" => self.auth_required = flag(value)?,
            "auth-in-clear" => self.auth_in_clear = flag(value)?,
            "md5-in-clear" => self.md5_in_clear = flag(value)?,
            "tls-certificate" => self.tls_certificate = Some(value.into()),
            "tls-key" => self.tls_key = Some(value.into()),
            "tls-required" => self.tls_required = flag(value)?,
            "name" => self.name = Some(value.to_owned()),
            "proxies" => self.proxies.extend(list(value).map(str::to_owned)),
            "without" => self.without.extend(list(value).map(str::to_ascii_uppercase)),
            "dsn" => self.dsn = flag(value)?,
            "bare-newline" => self.bare_ends = bare_ends(value)?,
            "max-size" => self.size_max = Some(size(value, 1)?),
            "max-recipients" => self.recipients_max = Some(at_least_one(value)?),
            "max-mails" => self.mails_max = Some(number(value)?),
            "max-connections" => self.connections_max = Some(number(value)?),
            "max-per-client" => self.connections_per_client = Some(number(value)?),
            "max-memory" => self.memory_max = Some(usize::try_from(size(value, 1 << 20)?).unwrap_or(usize::MAX)),
            "messages-in-memory" => self.messages_in_memory = flag(value)?,
            "timeout" => self.timeout = Some(some_seconds(value)?),
            "threads" => self.threads = number(value)?,
            "workers" => self.workers = Some(at_least_one(value)?),
            "login-threads" => self.login_threads = number(value)?,
            "max-login-failures" => self.login_failures_max = Some(number(value)?),
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn put(&mut self, into: Destination) -> Result<(), String> {
        if self.into.is_some() {
            return Err("where mail goes was said before; it can go to one place only".to_owned());
        }
        self.into = Some(into);
        Ok(())
    }

    /// Reads a configuration text: a line each, `key = value`, `#` begins a comment, flags are yes or no. On an error,
    /// which names the line and the key, nothing has changed.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        self.read_of(text, "")
    }

    /// The same with the text of a file, whose name errors begin with.
    pub fn read_of(&mut self, text: &str, file: &str) -> Result<(), String> {
        let mut read = self.clone();
        let comma = if file.is_empty() { "" } else { ", " };
        for Entry { line, key, value } in entries(text).map_err(|why| format!("{file}{comma}{why}"))? {
            let origin = format!("{file}{comma}line {line}");
            read.set(&key, &value).map_err(|why| format!("{origin}: {key}: {why}"))?;
            read.came_from(&key, &value, origin);
        }
        *self = read;
        Ok(())
    }

    /// Where a key was set: what turns out to be wrong with it later is said with that.
    pub fn came_from(&mut self, key: &str, value: &str, origin: String) {
        /// A list has no end.
        const MOST: usize = 10_000;
        if self.origins.len() < MOST {
            // A relay's URL holds a password.
            let value = if key == "relay" { String::new() } else { value.to_owned() };
            self.origins.push((key.to_owned(), value, origin));
        }
    }

    /// What is wrong with a key, which the words begin with, and where that was set.
    fn located(&self, why: String) -> String {
        let key = why.split([' ', ':', ',']).next().unwrap_or_default();
        let of_key = || self.origins.iter().rev().filter(|(known, ..)| known == key);
        let with_value = of_key().find(|(_, value, _)| !value.is_empty() && why.contains(value.as_str()));
        match with_value.or_else(|| of_key().next()) {
            Some((.., origin)) => format!("{origin}: {why}"),
            None => why,
        }
    }
}

fn bare_ends(value: &str) -> Result<BareEnds, String> {
    match value {
        "normalize" => Ok(BareEnds::Normalize),
        "refuse" => Ok(BareEnds::Refuse),
        _ => Err("write normalize or refuse".to_owned()),
    }
}

/// A number of which 0 would let nothing through.
fn at_least_one(value: &str) -> Result<usize, String> {
    match number(value)? {
        0 => Err("0 would let nothing through: give 1 at least".to_owned()),
        some => Ok(some),
    }
}

/// A time that is one.
fn some_seconds(value: &str) -> Result<Duration, String> {
    match seconds(value)? {
        Duration::ZERO => Err("0 would leave no time for anything: give 1 at least".to_owned()),
        some => Ok(some),
    }
}

/// A size of which 0 would let nothing through, in MiB where no unit stands behind it.
fn some_octets(value: &str) -> Result<usize, String> {
    match size(value, 1 << 20)? {
        0 => Err("0 would let nothing through: give 1 at least".to_owned()),
        some => Ok(usize::try_from(some).unwrap_or(usize::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_told_what_it_may_have_been() {
        let why = |key: &str| Settings::new().set(key, "1").unwrap_err();
        assert_eq!(why("prot"), "there is no such key; did you mean port?");
        assert_eq!(why("max_size"), "there is no such key; did you mean max-size?");
        assert_eq!(why("moonlight"), "there is no such key");
    }

    #[test]
    fn every_key_of_the_table_is_known() {
        for key in KEYS.iter().filter(|key| !key.name.is_empty()) {
            let value = match key.value {
                "" => "yes",
                "WHAT" => "refuse",
                "FILE" | "FOLDER" | "ADDRESS" | "LIST" | "URL" | "NAME" | "GROUP" => "x",
                _ => "7",
            };
            assert_eq!(Settings::new().set(key.name, value), Ok(()), "{}", key.name);
        }
        assert!(Settings::new().set("no-such", "x").is_err());
    }

    /// What 0 would make of a server that refuses everybody is said at once; elsewhere it stands for no limit.
    #[test]
    fn no_number_makes_a_server_that_refuses_everybody() {
        let unlimited = [
            "port",
            "max-size",
            "max-mails",
            "max-connections",
            "max-per-client",
            "max-login-failures",
            "max-memory",
            "threads",
            "login-threads",
        ];
        for key in KEYS.iter().filter(|key| ["COUNT", "SIZE", "SECONDS", "PORT"].contains(&key.value)) {
            let set = Settings::new().set(key.name, "0");
            match unlimited.contains(&key.name) {
                true => assert_eq!(set, Ok(()), "{}", key.name),
                false => assert!(set.is_err_and(|why| why.contains("give 1 at least")), "{}", key.name),
            }
            let said = key.words.contains('0') || key.name == "port";
            assert!(said || !unlimited.contains(&key.name), "{}: what 0 means is said", key.name);
            for bad in ["-1", "", "x", "1.5", "99999999999999999999999"] {
                assert!(Settings::new().set(key.name, bad).is_err(), "{} {bad}", key.name);
            }
        }
        let mut settings = Settings::new();
        for key in unlimited {
            settings.set(key, "0").unwrap();
        }
        settings.set("discard", "yes").unwrap();
        let setup = settings.setup(Own::default()).unwrap();
        assert_eq!((setup.limits.connections, setup.limits.connections_per_client), (0, 0));
        assert_eq!(setup.smtp.budget.limit(), usize::MAX);
    }

    #[test]
    fn a_second_place_for_mail_does_not_take_the_firsts() {
        let mut settings = Settings::new();
        settings.set("maildir", "here").unwrap();
        assert!(settings.set("discard", "yes").is_err());
        assert!(matches!(&settings.into, Some(Destination::Maildir(path)) if path.as_os_str() == "here"));
    }

    #[test]
    fn a_text_is_read_whole_or_not_at_all() {
        let mut settings = Settings::new();
        settings.read("# where\nport = 0\nrelay = smtp://a:b\"c\\d@host\n\ndomains = a.example, B.example\n").unwrap();
        assert_eq!(settings.smtp, ["127.0.0.1:0"]);
        assert_eq!(settings.domains, ["a.example", "b.example"]);
        let Some(Destination::Relay(url)) = &settings.into else { panic!("a relay") };
        assert_eq!(url.expose(), "smtp://a:b\"c\\d@host");
        assert!(!format!("{settings:?}").contains("b\"c"));
        for (bad, words) in [
            ("name = x\n[section]\nport = 0\n", "[section]"),
            ("name = x\nno-such = 1\n", "no-such: "),
            ("name = x\nport = 99999\n", "port: 99999"),
            ("name = x\ntls-required = maybe\n", "yes or no"),
            ("discard = yes\n", "one place only"),
        ] {
            let why = settings.read(bad).unwrap_err();
            assert!(why.contains(words), "{why}");
            assert_eq!(settings.name, None);
        }
    }
}
