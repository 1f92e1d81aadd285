//! The server as one text: what `policy::url` reads, and LMTP and sockets of the file system beside it.

use super::refusal::Refusal;
use crate::client::TlsMode;
use crate::error::{Cause, Error, Phase};
use crate::net::connect::Target;
use crate::net::tls;
use crate::policy::url;
use crate::proto::client::Protocol;
use crate::sasl::{Credentials, Secret};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// LMTP has no port of its own; 24 is "any private mail system", and what servers' documentation uses.
const LMTP_PORT: u16 = 24;

/// Where a delivery goes and in which protocol.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) protocol: Protocol,
    pub(crate) tls: TlsMode,
    pub(crate) credentials: Option<Credentials>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Host { host: String, port: u16 },
    Unix(PathBuf),
}

impl Server {
    /// Reads the text.
    pub(crate) fn parse(text: &str) -> Result<Server, Refusal> {
        let (protocol, rest) = match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("lmtp") && rest.starts_with("//") => {
                (Protocol::Lmtp, Zeroizing::new(format!("smtp:{rest}")))
            }
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("unix") => return unix(Protocol::Smtp, path),
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("lmtp+unix") => return unix(Protocol::Lmtp, path),
            _ => (Protocol::Smtp, Zeroizing::new(text.to_owned())),
        };
        let url = url::parse(&rest).map_err(|why| Refusal::argument(why.to_string()))?;
        let mode = url.scheme.tls_mode().unwrap_or_default();
        if !tls::AVAILABLE && mode != TlsMode::default() {
            return Err(Error::new(Phase::Tls, Cause::NotSupported, tls::LACKING).into());
        }
        let default_port = if protocol == Protocol::Lmtp { LMTP_PORT } else { url.scheme.default_port() };
        let credentials = match (url.user, url.password) {
            (None, _) => None,
            (Some(_), None) => return Err(Refusal::argument("the URL has a user name and no password")),
            (Some(user), Some(password)) => Some(login(user, password)?),
        };
        let place = Place::Host { host: url.host, port: url.port.unwrap_or(default_port) };
        Ok(Server { protocol, tls: mode, credentials, place })
    }

    /// The host and port that the site's policy is asked about. What stays on this machine is not the site's matter:
    /// sockets of the file system, and LMTP, which hands mail to the store.
    pub(crate) fn asked(&self) -> Option<(&str, u16)> {
        match &self.place {
            Place::Host { host, port } if self.protocol == Protocol::Smtp => Some((host, *port)),
            Place::Host { .. } | Place::Unix(_) => None,
        }
    }

    /// Where to connect to.
    pub(crate) fn target(&self) -> Target {
        match &self.place {
            Place::Host { host, port } => Target::Host { host: host.clone(), port: *port },
            Place::Unix(path) => Target::Unix(path.clone()),
        }
    }
}

/// A user and a password that can be sent.
pub(crate) fn login(user: String, password: Secret) -> Result<Credentials, Refusal> {
    let credentials = Credentials::new(user, password);
    credentials.check().map_err(|why| Refusal::argument(why.to_string()))?;
    Ok(credentials)
}

/// `unix:/path` and, as a URL has it, `unix:///path`.
fn unix(protocol: Protocol, path: &str) -> Result<Server, Refusal> {
    let path = match path.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) => return Err(Refusal::argument("a socket's path begins with a slash: unix:///run/lmtp")),
        None => path,
    };
    if path.is_empty() || path.contains('\0') {
        return Err(Refusal::argument("the path of the socket is missing"));
    }
    Ok(Server { protocol, tls: TlsMode::default(), credentials: None, place: Place::Unix(PathBuf::from(path)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Server::parse(text).map_or_else(|r| r.words, |s| format!("{:?} {:?}", s.protocol, s.target()))
    }

    #[test]
    fn hosts_urls_and_paths() {
        assert_eq!(shown("mail.example"), "Smtp mail.example:25");
        assert_eq!(shown("smtp://[::1]:2525"), "Smtp [::1]:2525");
        assert_eq!(shown("lmtp://store.example"), "Lmtp store.example:24");
        assert_eq!(shown("lmtp+unix:/run/lmtp"), "Lmtp /run/lmtp");
        assert_eq!(shown("unix:///run/smtp"), "Smtp /run/smtp");
    }

    #[test]
    fn the_scheme_says_when_it_is_encrypted() {
        let mode = |text: &str| Server::parse(text).map(|server| server.tls).map_err(|refusal| refusal.words);
        assert_eq!(mode("smtp://h"), Ok(TlsMode::Optional));
        assert_eq!(mode("unix:/run/smtp"), Ok(TlsMode::Optional));
        if tls::AVAILABLE {
            assert_eq!(mode("smtps://h"), Ok(TlsMode::Implicit));
            assert_eq!(mode("smtp+starttls://h"), Ok(TlsMode::Always));
        } else {
            assert_eq!(mode("smtps://h"), Err(tls::LACKING.to_owned()));
        }
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        assert!(shown("unix:").contains("path"));
        assert!(shown("smtp://alice@mail.example").contains("no password"));
    }

    #[test]
    fn a_login_is_kept_and_not_shown() {
        let server = Server::parse("smtp://alice:wonder%20land@mail.example").unwrap();
        let credentials = server.credentials.as_ref().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.expose()), ("alice", "wonder land"));
        assert!(!format!("{server:?}").contains("wonder"));
    }
}
