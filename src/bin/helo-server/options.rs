//! What the command line and the configuration file say: the server's settings, and what concerns the program itself.

use helo::policy::did_you_mean;
use helo::policy::text;
use helo::server::settings::{Entry, KEYS, Key, Settings, entries, flag, seconds};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A configuration file is no longer than this.
const FILE_MAX: usize = 1 << 20;

/// What the command line asks for.
pub enum Asked {
    Serve(Box<Options>),
    /// Only see whether it could be served.
    Check(Box<Options>),
    /// Make a line for the users file.
    MakeUser(String),
    /// Print this and end.
    Show(String),
}

/// All of it.
#[derive(Debug)]
pub struct Options {
    /// What makes the server.
    pub settings: Settings,
    pub log: Option<PathBuf>,
    pub quiet: bool,
    pub stop_within: Duration,
    pub end_with_input: bool,
    /// Whom to become once the sockets are open.
    pub user: Option<String>,
    /// Where the counts are written.
    pub status: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let stop_within = Duration::from_secs(30);
        Options {
            settings: Settings::new(),
            log: None,
            quiet: false,
            stop_within,
            end_with_input: false,
            user: None,
            status: None,
        }
    }
}

/// The program's own keys, behind the server's.
const OWN: &[Key] = &[
    Key { name: "", value: "", words: "The rest" },
    Key { name: "log", value: "FILE", words: "append the log to this file (default: standard error)" },
    Key {
        name: "status",
        value: "FILE",
        words: "write the counts to this file every 5 seconds, as Prometheus reads them (name it *.prom)",
    },
    Key {
        name: "user",
        value: "NAME",
        words: "started as root, become this user once the sockets are open; all other files are opened as that user",
    },
    Key { name: "quiet", value: "", words: "no log" },
    Key {
        name: "stop-within",
        value: "SECONDS",
        words: "at the end, sessions have so long to finish their mail (default: 30)",
    },
    Key {
        name: "end-with-input",
        value: "",
        words: "end when standard input ends, as it does with the program that started this one",
    },
    Key {
        name: "config",
        value: "FILE",
        words: "read keys from this file, a line each: KEY = VALUE; flags: KEY = yes",
    },
    Key { name: "check", value: "", words: "see whether all of this could be served, say what is wrong, and end" },
    Key {
        name: "make-user",
        value: "NAME",
        words: "write a line for the users file: the password is asked for, or the first line of standard input",
    },
    Key { name: "help", value: "", words: "this text" },
    Key { name: "version", value: "", words: "the version" },
];

/// What no file can say.
const COMMAND_LINE: [&str; 5] = ["config", "check", "make-user", "help", "version"];

fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(OWN)
}

impl Options {
    /// Reads the command line; a configuration file counts from where it is named.
    pub fn from_command_line(arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
        let mut options = Options::default();
        let mut check = false;
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
            let value = match find(&name)?.value {
                "" => OsString::from("yes"),
                _ => parser.value().map_err(|why| why.to_string())?,
            };
            let value = value.into_string().map_err(|_| format!("--{name}: the value is not UTF-8"))?;
            match name.as_str() {
                "check" => check = flag(&value).map_err(|why| format!("--check: {why}"))?,
                "make-user" => return Ok(Asked::MakeUser(value)),
                "config" => options.read_file(&value)?,
                _ => {
                    options.set(&name, &value).map_err(|why| format!("--{name}: {why}"))?;
                }
            }
        }
        let options = Box::new(options);
        Ok(if check { Asked::Check(options) } else { Asked::Serve(options) })
    }

    fn read_file(&mut self, path: &str) -> Result<(), String> {
        let text =
            text::read(Path::new(path), FILE_MAX).map_err(|why| format!("the configuration file {path}: {why}"))?;
        for Entry { line, key, value } in entries(&text).map_err(|why| format!("{path}, {why}"))? {
            let origin = format!("{path}, line {line}");
            if COMMAND_LINE.contains(&key.as_str()) {
                return Err(format!("{origin}: {key} is for the command line"));
            }
            find(&key).and_then(|_| self.set(&key, &value)).map_err(|why| format!("{origin}: {key}: {why}"))?;
            self.settings.came_from(&key, &value, origin);
        }
        Ok(())
    }

    /// A key and its value, of the tables.
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "log" => self.log = Some(value.into()),
            "status" => self.status = Some(value.into()),
            "user" => self.user = Some(value.to_owned()),
            "quiet" => self.quiet = flag(value)?,
            "stop-within" => self.stop_within = seconds(value)?,
            "end-with-input" => self.end_with_input = flag(value)?,
            _ => return self.settings.set(key, value),
        }
        Ok(())
    }
}

fn find(name: &str) -> Result<&'static Key, String> {
    let key = keys().find(|key| !key.name.is_empty() && key.name == name);
    key.ok_or_else(|| {
        let near = did_you_mean(name, keys().map(|key| key.name).filter(|name| !name.is_empty()));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        format!("there is no {name}{near}; --help shows what there is")
    })
}

fn help() -> String {
    let end = match cfg!(windows) {
        true => "Ctrl-C, Ctrl-Break and the end of the console or of the user's session end it in order.",
        false => "SIGTERM and SIGINT end it in order.",
    };
    let mut text = format!(
        "helo-server: a mail server for SMTP and LMTP.\n\n\
         Usage: helo-server WHERE-MAIL-GOES [OPTIONS]\n\n\
         It says on standard output where it listens, then `ready`. {end}\n"
    );
    for Key { name, value, words } in keys() {
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
            Asked::Serve(options) | Asked::Check(options) => Ok(*options),
            Asked::MakeUser(name) => Err(name),
            Asked::Show(text) => Err(text),
        }
    }

    #[test]
    fn every_key_of_the_program_is_known() {
        for key in OWN.iter().filter(|key| !key.name.is_empty()) {
            if COMMAND_LINE.contains(&key.name) {
                continue;
            }
            let value = if key.value.is_empty() { "yes" } else { "7" };
            assert_eq!(Options::default().set(key.name, value), Ok(()), "{}", key.name);
        }
    }

    #[test]
    fn the_command_line() {
        let options =
            read("--port 0 --listen=[::1]:25 --discard --domains a.example --tls-required --stop-within 7").unwrap();
        assert_eq!((options.stop_within, options.quiet), (Duration::from_secs(7), false));
        let settings = format!("{:?}", options.settings);
        for set in ["[\"127.0.0.1:0\", \"[::1]:25\"]", "Some(Discard)", "tls_required: true", "auth_required: false"] {
            assert!(settings.contains(set), "{set}: {settings}");
        }
        for bad in ["--no-such", "--port x", "--port", "x", "--discard --maildir x", "--timeout -1", "--discard=no x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("--help").unwrap_err().contains("--max-size SIZE"));
    }
}
