//! Where the settings say that a server listens, opened; also what systemd has opened.

use super::{Settings, Setup};
use crate::server::{Limits, Listen, Open, Place, Server, SocketAccess};
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::net::UnixListener;

/// The address of a key that stands for a socket that was handed over.
const SYSTEMD: &str = "systemd";

/// Sockets that listen already, from whoever started the program, with the names that it gave them.
#[derive(Default)]
pub struct Handed(Vec<(String, Open)>);

impl Handed {
    /// None.
    pub fn new() -> Handed {
        Handed::default()
    }

    /// One more of TCP.
    pub fn add_tcp(&mut self, name: &str, listener: TcpListener) -> std::io::Result<()> {
        self.0.push((name.to_owned(), Open::tcp(listener)?));
        Ok(())
    }

    /// One more with a path.
    #[cfg(unix)]
    pub fn add_unix(&mut self, name: &str, listener: UnixListener) -> std::io::Result<()> {
        self.0.push((name.to_owned(), Open::unix(listener)?));
        Ok(())
    }

    /// The names of those that nobody has taken.
    pub fn left(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Takes those of this name, or all that no other key names.
    fn take(&mut self, name: Option<&str>, named: &[&str]) -> Vec<Open> {
        let wanted = |known: &String| match name {
            Some(name) => known == name,
            None => !named.contains(&known.as_str()),
        };
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(known, _)| wanted(known));
        self.0 = left;
        let taken: Vec<(String, Open)> = taken;
        taken.into_iter().map(|(_, open)| open).collect()
    }
}

/// A socket of the settings, which listens.
pub struct Opened {
    open: Open,
    place: Place,
    implicit_tls: bool,
    lmtp: bool,
}

impl Settings {
    /// Listens where the keys say, and takes what was handed over. Names are looked up. Nothing is served yet.
    pub fn open(&self, handed: &mut Handed) -> Result<Vec<Opened>, String> {
        let mut opened = Vec::new();
        let access = self.access()?;
        let named: Vec<&str> = self.addresses().filter_map(|(_, text, ..)| name_of(text).flatten()).collect();
        for (key, text, implicit_tls, lmtp) in self.addresses() {
            let wrong = |why: String| self.located(format!("{key}: {why}"));
            if let Some(name) = name_of(text) {
                let taken = handed.take(name, &named);
                if taken.is_empty() {
                    return Err(wrong(format!("{text}: no such socket was handed over by systemd")));
                }
                for open in taken {
                    let place = open.place().cloned().unwrap_or(Place::Everywhere(0));
                    opened.push(Opened { open, place, implicit_tls, lmtp });
                }
                continue;
            }
            for place in Place::parse(text).map_err(wrong)? {
                let open = Open::at(&place, &access).map_err(|why| self.located(format!("{key}: {why}")))?;
                opened.push(Opened { open, place, implicit_tls, lmtp });
            }
        }
        Ok(opened)
    }

    /// Whether that could be opened, without doing it.
    pub fn check_addresses(&self) -> Result<(), String> {
        self.access()?;
        for (key, text, ..) in self.addresses().filter(|(_, text, ..)| name_of(text).is_none()) {
            Place::parse(text).map_err(|why| self.located(format!("{key}: {why}")))?;
        }
        Ok(())
    }

    /// Keys and their addresses, with TLS from the first byte, by LMTP.
    fn addresses(&self) -> impl Iterator<Item = (&'static str, &str, bool, bool)> {
        let none = self.smtp.is_empty() && self.smtps.is_empty() && self.lmtp.is_empty();
        let fallback = none.then_some(("port", "127.0.0.1:2525", false, false));
        let smtp = self.smtp.iter().map(|text| ("listen", text.as_str(), false, false));
        let smtps = self.smtps.iter().map(|text| ("listen-tls", text.as_str(), true, false));
        let lmtp = self.lmtp.iter().map(|text| ("listen-lmtp", text.as_str(), false, true));
        fallback.into_iter().chain(smtp).chain(smtps).chain(lmtp)
    }

    fn access(&self) -> Result<SocketAccess, String> {
        let group = self.socket_group.as_deref().map(group).transpose();
        let group = group.map_err(|why| self.located(format!("socket-group: {why}")))?;
        Ok(SocketAccess { mode: self.socket_mode, group })
    }
}

/// A handed socket's name: of `systemd` none, of `systemd:smtp` smtp. None at all: the address is another.
fn name_of(text: &str) -> Option<Option<&str>> {
    let rest = text.strip_prefix(SYSTEMD)?;
    if rest.is_empty() { Some(None) } else { rest.strip_prefix(':').map(Some) }
}

/// The number of a group: by its number, or by its name in the system's table.
#[cfg(unix)]
fn group(name: &str) -> Result<u32, String> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    match nix::unistd::Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        Ok(None) => Err(format!("there is no group {name}")),
        Err(why) => Err(format!("the system's groups cannot be looked up: {why}")),
    }
}

#[cfg(not(unix))]
fn group(_: &str) -> Result<u32, String> {
    Err("there are no such groups on this system".to_owned())
}

impl Setup {
    /// Serves at what is open.
    pub fn serve(&self, opened: Vec<Opened>, limits: Limits) -> Result<Server, String> {
        let at = |Opened { open, place, implicit_tls, lmtp }| {
            let service = if lmtp { self.lmtp.clone() } else { self.smtp.clone() };
            (open, Listen { place, implicit_tls, service })
        };
        Server::start_at(opened.into_iter().map(at).collect(), limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_goes_where_it_is_named() {
        let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
        let mut handed = Handed::new();
        for name in ["smtp", "smtps", "other"] {
            handed.add_tcp(name, listener()).unwrap();
        }
        let mut settings = Settings::new();
        settings.set("listen-tls", "systemd:smtps").unwrap();
        settings.set("listen", "systemd").unwrap();
        let opened = settings.open(&mut handed).unwrap();
        assert_eq!(opened.iter().filter(|opened| opened.implicit_tls).count(), 1);
        assert_eq!((opened.len(), handed.left().len()), (3, 0));
        let why = settings.open(&mut handed).err().unwrap();
        assert!(why.contains("systemd"), "{why}");
    }
}
