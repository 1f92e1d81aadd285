//! What the command line and the configuration file say. Both have the same keys.

use ini::{Ini, ParseOption};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// What the command line asks for.
pub enum Asked {
    Serve(Box<Options>),
    /// Print this and end.
    Show(String),
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// One Maildir for all.
    Maildir(PathBuf),
    /// A Maildir for each recipient below this folder.
    Maildirs(PathBuf),
    /// Nowhere.
    Discard,
    /// So many MiB of memory.
    Memory(usize),
    /// The next server.
    Relay(String),
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Addresses, for SMTP, for SMTP with TLS from the first byte, and for LMTP.
    pub smtp: Vec<String>,
    pub smtps: Vec<String>,
    pub lmtp: Vec<String>,
    pub name: Option<String>,
    pub into: Option<Destination>,
    pub make_maildirs: bool,
    pub crlf: bool,
    pub no_sync: bool,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub tls_required: bool,
    pub users: Option<PathBuf>,
    pub mechanisms: Vec<String>,
    pub auth_required: bool,
    pub auth_in_clear: bool,
    pub domains: Vec<String>,
    pub recipients: Vec<String>,
    pub proxies: Vec<String>,
    pub without: Vec<String>,
    pub size_max: Option<u64>,
    pub recipients_max: Option<usize>,
    pub mails_max: Option<usize>,
    pub connections_max: Option<usize>,
    pub connections_per_client: Option<usize>,
    pub timeout: Option<Duration>,
    pub threads: usize,
    pub workers: Option<usize>,
    pub log: Option<PathBuf>,
    pub quiet: bool,
    pub stop_within: Duration,
    pub end_with_input: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            smtp: Vec::new(),
            smtps: Vec::new(),
            lmtp: Vec::new(),
            name: None,
            into: None,
            make_maildirs: false,
            crlf: false,
            no_sync: false,
            tls_certificate: None,
            tls_key: None,
            tls_required: false,
            users: None,
            mechanisms: Vec::new(),
            auth_required: false,
            auth_in_clear: false,
            domains: Vec::new(),
            recipients: Vec::new(),
            proxies: Vec::new(),
            without: Vec::new(),
            size_max: None,
            recipients_max: None,
            mails_max: None,
            connections_max: None,
            connections_per_client: None,
            timeout: None,
            threads: 0,
            workers: None,
            log: None,
            quiet: false,
            stop_within: Duration::from_secs(30),
            end_with_input: false,
        }
    }
}

/// A key: its name, what its value is (empty: yes or no), and its line of the help.
struct Key(&'static str, &'static str, &'static str);

/// In the order of the help; an empty name begins a group.
const KEYS: &[Key] = &[
    Key("", "", "Where to listen (each may be given several times; default: --port 2525)"),
    Key("port", "PORT", "SMTP on this port of 127.0.0.1; 0 takes a free one"),
    Key("listen", "ADDRESS", "SMTP at HOST:PORT, [IPV6]:PORT, *:PORT or the path of a socket"),
    Key("listen-tls", "ADDRESS", "the same with TLS from the first byte (port 465)"),
    Key("listen-lmtp", "ADDRESS", "LMTP there"),
    Key("proxies", "LIST", "addresses and networks (10.0.0.0/8) whose connections begin with the PROXY protocol"),
    Key("", "", "Where mail goes (exactly one)"),
    Key("maildir", "FOLDER", "one Maildir for every recipient"),
    Key("maildirs", "FOLDER", "FOLDER/domain/name for each recipient; who has no folder there is refused"),
    Key(
        "relay",
        "URL",
        "the next server: smtp://, smtps:// or smtp+starttls://[USER:PASSWORD@]HOST[:PORT], lmtp://HOST:PORT, lmtp:PATH",
    ),
    Key("memory", "MIB", "memory, lost at the end; full, mails are refused"),
    Key("discard", "", "nowhere: everything is confirmed and dropped"),
    Key("make-maildirs", "", "with --maildirs: make folders that are missing, for anyone who sends"),
    Key("crlf", "", "in Maildirs: lines end in CRLF, as the mail came"),
    Key("no-sync", "", "in Maildirs: confirm before the disk has it; for tests"),
    Key("", "", "Who may send"),
    Key("domains", "LIST", "recipients in these domains are taken; .example.com is all below it"),
    Key("recipients", "LIST", "these recipients are taken"),
    Key("users", "FILE", "users, a line each: NAME:PASSWORD or NAME:SCRAM keys; they may send to everyone"),
    Key("mechanisms", "LIST", "what AUTH offers (default: all that passwords or keys are enough for)"),
    Key("auth-required", "", "only users may send"),
    Key("auth-in-clear", "", "passwords without TLS, too: anyone on the way can read them"),
    Key("", "", "TLS"),
    Key("tls-certificate", "FILE", "certificate and the chain behind it, in PEM"),
    Key("tls-key", "FILE", "its private key, in PEM (default: in the same file)"),
    Key("tls-required", "", "no mail before STARTTLS"),
    Key("", "", "What is offered, and how much"),
    Key("name", "NAME", "this server's name (default: the host's)"),
    Key(
        "without",
        "LIST",
        "do not offer these: PIPELINING, 8BITMIME, SMTPUTF8, DSN, CHUNKING, BINARYMIME, ENHANCEDSTATUSCODES, LIMITS",
    ),
    Key("max-size", "OCTETS", "largest message, 0 for no limit (default: 52428800)"),
    Key("max-recipients", "COUNT", "recipients of a mail (default: 1000)"),
    Key("max-mails", "COUNT", "mails of a connection, 0 for no limit (default: 1000)"),
    Key("max-connections", "COUNT", "connections at a time (default: 20000)"),
    Key("max-per-client", "COUNT", "connections at a time from one address, 0 for no limit (default: 50)"),
    Key("timeout", "SECONDS", "for the next command or piece of a message (default: 300)"),
    Key("threads", "COUNT", "threads for sessions (default: half of the processors)"),
    Key("workers", "COUNT", "most threads for disks, logins and the next server (default: 32)"),
    Key("", "", "The rest"),
    Key("log", "FILE", "append the log to this file (default: standard error)"),
    Key("quiet", "", "no log"),
    Key("stop-within", "SECONDS", "at SIGTERM, sessions have so long to end (default: 30)"),
    Key("end-with-input", "", "end when standard input ends, as it does with the program that started this one"),
    Key("config", "FILE", "read keys from this file, a line each: KEY = VALUE; flags: KEY = yes"),
    Key("help", "", "this text"),
    Key("version", "", "the version"),
];

impl Options {
    /// Reads the command line; a configuration file counts from where it is named.
    pub fn from_command_line(arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
        let mut options = Options::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|why| why.to_string())? {
            let lexopt::Arg::Long(name) = argument else {
                return Err(format!("{}; --help shows what there is", argument.unexpected()));
            };
            let name = name.to_owned();
            match name.as_str() {
                "help" => return Ok(Asked::Show(help())),
                "version" => return Ok(Asked::Show(format!("helo-server {}\n", env!("CARGO_PKG_VERSION")))),
                _ => {}
            }
            let value = match find(&name)? {
                Key(_, "", _) => OsString::from("yes"),
                Key(..) => parser.value().map_err(|why| why.to_string())?,
            };
            let value = value.into_string().map_err(|_| format!("--{name}: the value is not UTF-8"))?;
            if name == "config" {
                options.read_file(&value)?;
            } else {
                options.set(&name, &value).map_err(|why| format!("--{name}: {why}"))?;
            }
        }
        Ok(Asked::Serve(Box::new(options)))
    }

    fn read_file(&mut self, path: &str) -> Result<(), String> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("the configuration file {path}: {why}"))?;
        // Values are taken as they stand: a password may hold quotes and backslashes.
        let parse = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
        let ini =
            Ini::load_from_str_opt(&text, parse).map_err(|why| format!("{path}, line {}: {}", why.line, why.msg))?;
        for (section, keys) in &ini {
            if let Some(section) = section {
                return Err(format!("{path}: there are no sections here, but [{section}] is one"));
            }
            for (key, value) in keys.iter() {
                if matches!(key, "config" | "help" | "version") {
                    return Err(format!("{path}: {key} is for the command line"));
                }
                find(key).and_then(|_| self.set(key, value)).map_err(|why| format!("{path}, {key}: {why}"))?;
            }
        }
        Ok(())
    }

    /// A key and its value, of the table.
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "port" => self.smtp.push(format!("127.0.0.1:{}", number::<u16>(value)?)),
            "listen" => self.smtp.push(value.to_owned()),
            "listen-tls" => self.smtps.push(value.to_owned()),
            "listen-lmtp" => self.lmtp.push(value.to_owned()),
            "maildir" => return self.put(Destination::Maildir(value.into())),
            "maildirs" => return self.put(Destination::Maildirs(value.into())),
            "relay" => return self.put(Destination::Relay(value.to_owned())),
            "memory" => return self.put(Destination::Memory(number(value)?)),
            "discard" if !flag(value)? => {}
            "discard" => return self.put(Destination::Discard),
            "make-maildirs" => self.make_maildirs = flag(value)?,
            "crlf" => self.crlf = flag(value)?,
            "no-sync" => self.no_sync = flag(value)?,
            "domains" => self.domains.extend(list(value).map(str::to_ascii_lowercase)),
            "recipients" => self.recipients.extend(list(value).map(str::to_ascii_lowercase)),
            "users" => self.users = Some(value.into()),
            "mechanisms" => self.mechanisms.extend(list(value).map(str::to_owned)),
            "auth-required" => self.auth_required = flag(value)?,
            "auth-in-clear" => self.auth_in_clear = flag(value)?,
            "tls-certificate" => self.tls_certificate = Some(value.into()),
            "tls-key" => self.tls_key = Some(value.into()),
            "tls-required" => self.tls_required = flag(value)?,
            "name" => self.name = Some(value.to_owned()),
            "proxies" => self.proxies.extend(list(value).map(str::to_owned)),
            "without" => self.without.extend(list(value).map(str::to_ascii_uppercase)),
            "max-size" => self.size_max = Some(number(value)?),
            "max-recipients" => self.recipients_max = Some(number(value)?),
            "max-mails" => self.mails_max = Some(number(value)?),
            "max-connections" => self.connections_max = Some(number(value)?),
            "max-per-client" => self.connections_per_client = Some(number(value)?),
            "timeout" => self.timeout = Some(seconds(value)?),
            "threads" => self.threads = number(value)?,
            "workers" => self.workers = Some(number(value)?),
            "log" => self.log = Some(value.into()),
            "quiet" => self.quiet = flag(value)?,
            "stop-within" => self.stop_within = seconds(value)?,
            "end-with-input" => self.end_with_input = flag(value)?,
            _ => return Err("no such key".to_owned()),
        }
        Ok(())
    }

    fn put(&mut self, into: Destination) -> Result<(), String> {
        match self.into.replace(into) {
            None => Ok(()),
            Some(_) => Err("where mail goes was said before; it can go to one place only".to_owned()),
        }
    }
}

fn find(name: &str) -> Result<&'static Key, String> {
    let key = KEYS.iter().find(|key| !key.0.is_empty() && key.0 == name);
    key.ok_or_else(|| format!("there is no {name}; --help shows what there is"))
}

fn flag(value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{value} is no number that can be used here"))
}

fn seconds(value: &str) -> Result<Duration, String> {
    number::<u32>(value).map(|seconds| Duration::from_secs(seconds.into()))
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ']).filter(|word| !word.is_empty())
}

fn help() -> String {
    let mut text = String::from(
        "helo-server: a mail server for SMTP and LMTP.\n\n\
         Usage: helo-server WHERE-MAIL-GOES [OPTIONS]\n\n\
         It says on standard output where it listens, then `ready`. SIGTERM and SIGINT end it in order.\n",
    );
    for Key(name, value, words) in KEYS {
        // Writing to a String does not fail.
        let _ = match (name.is_empty(), value.is_empty()) {
            (true, _) => writeln!(text, "\n{words}:"),
            (false, true) => writeln!(text, "  --{name:<24} {words}"),
            (false, false) => writeln!(text, "  --{:<24} {words}", format!("{name} {value}")),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        match Options::from_command_line(line.split_whitespace().map(OsString::from))? {
            Asked::Serve(options) => Ok(*options),
            Asked::Show(text) => Err(text),
        }
    }

    #[test]
    fn every_key_of_the_help_is_known() {
        for Key(name, value, _) in KEYS.iter().filter(|key| !key.0.is_empty()) {
            if matches!(*name, "config" | "help" | "version") {
                continue;
            }
            let value = match *value {
                "" => "yes",
                "FILE" | "FOLDER" | "ADDRESS" | "LIST" | "URL" | "NAME" => "x",
                _ => "7",
            };
            assert_eq!(Options::default().set(name, value), Ok(()), "{name}");
        }
    }

    #[test]
    fn the_command_line() {
        let options =
            read("--port 0 --listen=[::1]:25 --discard --domains a.example,B.example --tls-required").unwrap();
        assert_eq!(options.smtp, ["127.0.0.1:0", "[::1]:25"]);
        assert_eq!(options.into, Some(Destination::Discard));
        assert_eq!(options.domains, ["a.example", "b.example"]);
        assert!(options.tls_required && !options.auth_required);
        for bad in ["--no-such", "--port x", "--port", "x", "--discard --maildir x", "--timeout -1", "--discard=no x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("--help").unwrap_err().contains("--max-size OCTETS"));
    }
}
