//! What the command line and the configuration file say: the server's settings, and what concerns the program itself.

use helo::policy::did_you_mean;
use helo::policy::text;
use helo::server::settings::{KEYS, Key, Settings, entries, flag, seconds};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A configuration file is no longer than this.
const FILE_MAX: usize = 1 << 20;

/// What the command line asks for.
pub enum Asked {
    Serve(Box<Options>),
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
}

impl Default for Options {
    fn default() -> Self {
        let stop_within = Duration::from_secs(30);
        Options { settings: Settings::new(), log: None, quiet: false, stop_within, end_with_input: false }
    }
}

/// The program's own keys, behind the server's.
const OWN: &[Key] = &[
    Key { name: "", value: "", words: "The rest" },
    Key { name: "log", value: "FILE", words: "append the log to this file (default: standard error)" },
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
    Key { name: "help", value: "", words: "this text" },
    Key { name: "version", value: "", words: "the version" },
];

fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(OWN)
}

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
            let value = match find(&name)?.value {
                "" => OsString::from("yes"),
                _ => parser.value().map_err(|why| why.to_string())?,
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
        let text =
            text::read(Path::new(path), FILE_MAX).map_err(|why| format!("the configuration file {path}: {why}"))?;
        for (key, value) in entries(&text).map_err(|why| format!("{path}: {why}"))? {
            if matches!(key.as_str(), "config" | "help" | "version") {
                return Err(format!("{path}: {key} is for the command line"));
            }
            find(&key).and_then(|_| self.set(&key, &value)).map_err(|why| format!("{path}, {key}: {why}"))?;
        }
        Ok(())
    }

    /// A key and its value, of the tables.
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "log" => self.log = Some(value.into()),
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
            Asked::Serve(options) => Ok(*options),
            Asked::Show(text) => Err(text),
        }
    }

    #[test]
    fn every_key_of_the_program_is_known() {
        for key in OWN.iter().filter(|key| !key.name.is_empty()) {
            if matches!(key.name, "config" | "help" | "version") {
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
        assert!(read("--help").unwrap_err().contains("--max-size OCTETS"));
    }
}
