//! Who sent the program to a server, in words for error texts and traces.

use super::places::{self, Named};
use super::{HostSection, Overrides, Policy, Rights, Site};
use std::path::PathBuf;

/// Where a policy was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Whence {
    /// There is none.
    #[default]
    Nowhere,
    /// In this file.
    File(PathBuf, Named),
    /// The program has given its text.
    Memory,
    /// In the registry.
    #[cfg_attr(not(windows), allow(dead_code))]
    Registry,
}

impl Whence {
    /// The policy's name, and what is to be said behind the section.
    fn name(&self) -> (String, &'static str) {
        match self {
            Whence::Nowhere => ("no policy".to_owned(), ""),
            Whence::File(path, Named::Variable) => (path.display().to_string(), " (HELO_CONFIG)"),
            Whence::File(path, Named::Program) => (path.display().to_string(), " (the program has named it)"),
            Whence::File(path, Named::User | Named::System) => (path.display().to_string(), ""),
            Whence::Memory => ("the policy that the program has given".to_owned(), ""),
            Whence::Registry => ("the registry".to_owned(), ""),
        }
    }
}

impl HostSection {
    /// As the file has it: `[host mailhost 10.1.*]`.
    pub(super) fn header(&self) -> String {
        format!("[host {}]", self.patterns.join(" "))
    }
}

impl Policy {
    /// Who sends a program that asks for this host to its server, when it has set these keys: "by /etc/helo.conf [host
    /// mailhost]", "as the program asked: no section of /etc/helo.conf matches mailhost". Holds no secret.
    pub fn origin(&self, host_asked: &str, keys: &Overrides, rights: Rights) -> String {
        for key in ["server", "port"] {
            if keys.has(key) {
                return format!("by the key {key} that the program has set");
            }
        }
        let names_server = |site: &Site| site.server.is_some() || site.port.is_some();
        let (name, note) = self.whence.name();
        let asked = |why: String| format!("as the program asked: {why}");
        match self.section_of(host_asked) {
            Some(section) if names_server(&section.site) => {
                let literal = section.patterns.contains(&super::glob::normal(host_asked));
                let of = if literal { String::new() } else { format!(" for {host_asked}") };
                format!("by {name} {}{note}{of}", section.header())
            }
            _ if names_server(&self.general) => format!("by {name}{note}, the lines for every host"),
            _ if self.whence == Whence::Nowhere => asked(nothing_found(rights)),
            Some(section) => asked(format!("{name} {}{note} names no other server", section.header())),
            None if host_asked.is_empty() => asked(format!("{name}{note} names no server for programs that name none")),
            None => asked(format!("no section of {name}{note} matches {host_asked}")),
        }
    }
}

/// That there is no policy, and where it was looked for.
pub(super) fn nothing_found(rights: Rights) -> String {
    let looked: Vec<String> = places::all(rights).iter().map(|(path, ..)| path.display().to_string()).collect();
    let registry = if cfg!(windows) { ", the registry" } else { "" };
    let mistyped = places::mistyped(rights).map(|(typed, meant)| {
        let typed: String = typed.chars().take(40).collect();
        format!("; the environment has {typed}: did you mean {meant}?")
    });
    format!("no policy was found (looked at {}{registry}{})", looked.join(", "), mistyped.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str, host: &str, keys: &[&str]) -> String {
        let mut set = Overrides::new();
        for key in keys {
            set.set(key, Some("26"), Rights::Ordinary).unwrap();
        }
        let whence = Whence::File("/etc/helo.conf".into(), Named::System);
        let policy = Policy { whence, ..Policy::parse(text, "f").unwrap() };
        policy.origin(host, &set, Rights::Ordinary)
    }

    #[test]
    fn whoever_names_the_server_is_named() {
        let text = "[host mailhost 10.1.*]\nserver = mx.example\n[host slow]\ntimeout = 60\n[host moved]\nport = 26\n";
        for (host, words) in [
            ("mailhost", "by /etc/helo.conf [host mailhost 10.1.*]"),
            ("MailHost.", "by /etc/helo.conf [host mailhost 10.1.*]"),
            ("10.1.2.3", "by /etc/helo.conf [host mailhost 10.1.*] for 10.1.2.3"),
            ("moved", "by /etc/helo.conf [host moved]"),
            ("slow", "as the program asked: /etc/helo.conf [host slow] names no other server"),
            ("else", "as the program asked: no section of /etc/helo.conf matches else"),
            ("", "as the program asked: /etc/helo.conf names no server for programs that name none"),
        ] {
            assert_eq!(origin(text, host, &[]), words);
        }
        assert_eq!(origin(text, "mailhost", &["port"]), "by the key port that the program has set");
        let general = format!("server = gw.example\n{text}");
        assert_eq!(origin(&general, "else", &[]), "by /etc/helo.conf, the lines for every host");
        assert_eq!(origin(&general, "mailhost", &[]), "by /etc/helo.conf [host mailhost 10.1.*]");
    }

    #[test]
    fn a_password_in_the_server_is_no_part_of_it() {
        if crate::net::tls::AVAILABLE {
            let words = origin("[host h]\nserver = smtps://alice:hunter2@mx.example\n", "h", &[]);
            assert_eq!(words, "by /etc/helo.conf [host h]");
        }
    }

    #[test]
    fn other_places_have_other_names() {
        let named = |whence| Policy { whence, ..Policy::parse("server = x", "f").unwrap() };
        let words = |whence| named(whence).origin("h", &Overrides::new(), Rights::Ordinary);
        let file = |named| Whence::File("p".into(), named);
        assert_eq!(words(file(Named::Variable)), "by p (HELO_CONFIG), the lines for every host");
        assert_eq!(words(file(Named::Program)), "by p (the program has named it), the lines for every host");
        assert_eq!(words(Whence::Memory), "by the policy that the program has given, the lines for every host");
        assert_eq!(words(Whence::Registry), "by the registry, the lines for every host");
        let none = Policy::default().origin("h", &Overrides::new(), Rights::Raised);
        assert!(none.starts_with("as the program asked: no policy was found (looked at "), "{none}");
        assert!(none.contains("helo.conf"), "{none}");
    }
}
