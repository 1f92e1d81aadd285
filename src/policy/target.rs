//! A mail server as one text: what [`url`] reads, and LMTP and sockets of the file system beside it.

use super::url;
use crate::client::TlsMode;
use crate::error::{Cause, Error, Phase};
use crate::net::connect::Target;
use crate::net::tls;
use crate::proto::client::Protocol;
use crate::sasl::{Credentials, Secret};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// LMTP has no port of its own; 24 is "any private mail system", and what servers' documentation uses.
const LMTP_PORT: u16 = 24;

/// Where mail goes and in which protocol.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// What the scheme demands of encryption.
    pub tls: TlsMode,
    /// The user and password, if the text has them.
    pub credentials: Option<Credentials>,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Host { host: String, port: u16 },
    Unix(PathBuf),
}

impl MailServer {
    /// Reads a URL, a host, `lmtp://host`, `unix:/path` (SMTP), `lmtp+unix:/path`, or `lmtp:/path`, which is the same.
    pub fn parse(text: &str) -> Result<MailServer, Error> {
        let (protocol, rest) = match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("lmtp") && rest.starts_with("//") => {
                (Protocol::Lmtp, Zeroizing::new(format!("smtp:{rest}")))
            }
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("unix") => return unix(Protocol::Smtp, path),
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("lmtp+unix") => return unix(Protocol::Lmtp, path),
            // Without the slash it would be a host of this name and its port.
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("lmtp") && path.starts_with('/') => {
                return unix(Protocol::Lmtp, path);
            }
            _ => (Protocol::Smtp, Zeroizing::new(text.to_owned())),
        };
        let url = url::parse(&rest)?;
        let mode = url.scheme.tls_mode().unwrap_or_default();
        if !tls::AVAILABLE && mode != TlsMode::default() {
            return Err(Error::new(Phase::Tls, Cause::NotSupported, tls::LACKING));
        }
        let default_port = if protocol == Protocol::Lmtp { LMTP_PORT } else { url.scheme.default_port() };
        let credentials = match (url.user, url.password) {
            (None, _) => None,
            (Some(_), None) => return Err(bad("the URL has a user name and no password")),
            (Some(user), Some(password)) => Some(login(user, password)?),
        };
        let place = Place::Host { host: url.host, port: url.port.unwrap_or(default_port) };
        Ok(MailServer { protocol, tls: mode, credentials, place })
    }

    /// The host and port that the site's policy is asked about. What stays on this machine is not the site's matter:
    /// sockets of the file system, and LMTP, which hands mail to the store.
    pub fn asked(&self) -> Option<(&str, u16)> {
        match &self.place {
            Place::Host { host, port } if self.protocol == Protocol::Smtp => Some((host, *port)),
            Place::Host { .. } | Place::Unix(_) => None,
        }
    }

    /// Where to connect to.
    pub fn target(&self) -> Target {
        match &self.place {
            Place::Host { host, port } => Target::Host { host: host.clone(), port: *port },
            Place::Unix(path) => Target::Unix(path.clone()),
        }
    }
}

/// A user and a password that can be sent.
pub fn login(user: String, password: Secret) -> Result<Credentials, Error> {
    let credentials = Credentials::new(user, password);
    credentials.check().map_err(|why| bad(why.to_string()))?;
    Ok(credentials)
}

/// `unix:/path` and, as a URL has it, `unix:///path`.
fn unix(protocol: Protocol, path: &str) -> Result<MailServer, Error> {
    let path = match path.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) => return Err(bad("a socket's path begins with a slash: unix:///run/lmtp")),
        None => path,
    };
    if path.is_empty() || path.contains('\0') {
        return Err(bad("the path of the socket is missing"));
    }
    Ok(MailServer { protocol, tls: TlsMode::default(), credentials: None, place: Place::Unix(PathBuf::from(path)) })
}

fn bad(words: impl Into<String>) -> Error {
    Error::new(Phase::Connect, Cause::BadArgument, words.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        MailServer::parse(text).map_or_else(|error| error.detail, |s| format!("{:?} {:?}", s.protocol, s.target()))
    }

    #[test]
    fn hosts_urls_and_paths() {
        assert_eq!(shown("mail.example"), "Smtp mail.example:25");
        assert_eq!(shown("smtp://[::1]:2525"), "Smtp [::1]:2525");
        assert_eq!(shown("lmtp://store.example"), "Lmtp store.example:24");
        assert_eq!(shown("lmtp+unix:/run/lmtp"), "Lmtp /run/lmtp");
        assert_eq!(shown("lmtp:/run/lmtp"), "Lmtp /run/lmtp");
        assert_eq!(shown("lmtp:2424"), "Smtp lmtp:2424");
        assert_eq!(shown("unix:///run/smtp"), "Smtp /run/smtp");
    }

    #[test]
    fn the_scheme_says_when_it_is_encrypted() {
        let mode = |text: &str| MailServer::parse(text).map(|server| server.tls).map_err(|error| error.detail);
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
        let server = MailServer::parse("smtp://alice:wonder%20land@mail.example").unwrap();
        let credentials = server.credentials.as_ref().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.expose()), ("alice", "wonder land"));
        assert!(!format!("{server:?}").contains("wonder"));
    }
}
