//! How the site logs in: the keys `mechanism`, `user`, `password...` and `oauth_token_...`, and a user in the server's
//! URL; which of them go together, and at which server they hold.
//!
//! Credentials belong to the server beside them, as a port does: a section with a server of its own takes nothing of them
//! from the general one, and credentials that would go to whatever server a program asks for are refused.

use super::Site;
use super::keys::{Draft, Misfit, Why};
use super::supply::{Source, Supply};
use crate::client::{AuthPlan, Login, Owner, TlsMode};
use crate::net::tls::{AVAILABLE, LACKING};
use crate::sasl::{self, Credentials, Proof, Secret};
use std::sync::Arc;

/// What the site logs in with at its server, in place of the program.
#[derive(Clone, Debug)]
pub struct SiteLogin {
    /// The user; empty where the mechanism needs none.
    pub user: String,
    /// What proves to be that user, which decides about the mechanisms that come into question.
    pub proof: Proof,
    /// Where the proof comes from.
    pub source: Source,
    login: Login,
}

/// The keys of one section, as far as they were given.
#[derive(Default)]
pub(super) struct LoginKeys {
    pub(super) user: Option<String>,
    /// Passwords and tokens, each with its key: all that were given, of which one can hold.
    pub(super) sources: Vec<(&'static str, Proof, Source)>,
}

/// The names of mechanisms, as the engine has them.
pub(super) fn mechanisms(value: &str) -> Result<Vec<&'static str>, Why> {
    let words = value.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    let names: Option<Vec<&'static str>> = words.map(|word| sasl::traits(word).map(|traits| traits.name)).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let known: Vec<&str> = sasl::mechanisms().collect();
        return Err(format!("is not one or several of {}", known.join(", ")));
    };
    match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        Some((_, name)) => Err(format!("names {name} twice")),
        None => Ok(names),
    }
}

pub(super) fn user(value: &str) -> Result<String, Why> {
    if value.is_empty() { Err("is empty".to_owned()) } else { Ok(value.to_owned()) }
}

/// Keeps where a password or a token comes from.
pub(super) fn put_source(
    keys: &mut LoginKeys,
    key: &'static str,
    proof: Proof,
    source: Result<Source, Why>,
) -> Result<(), Why> {
    let source = source?;
    if keys.sources.iter().any(|(name, ..)| *name == key) {
        return Err("is given twice".to_owned());
    }
    keys.sources.push((key, proof, source));
    Ok(())
}

pub(super) fn secret(value: &str) -> Result<Secret, Why> {
    if value.is_empty() { Err("is empty".to_owned()) } else { Ok(Secret::new(value.to_owned())) }
}

/// A line in words; nothing for a key that stands in no file.
fn at(line: usize) -> String {
    if line > 0 { format!(" (line {line})") } else { String::new() }
}

/// What a mechanism proves a user with.
fn proof_of(mechanism: &str) -> Option<Proof> {
    sasl::traits(mechanism).map(|traits| traits.proof)
}

/// A mechanism without which nobody needs to log in: it uses nothing that has to be kept secret.
fn stands_alone(mechanism: &str) -> bool {
    matches!(proof_of(mechanism), Some(Proof::Connection | Proof::Nothing))
}

impl SiteLogin {
    /// How to authenticate with it.
    fn plan(&self, mechanisms: Option<&[&'static str]>) -> AuthPlan {
        let mechanisms = mechanisms.unwrap_or_default().to_vec();
        AuthPlan { mechanisms, ..AuthPlan::new(self.login.clone(), Owner::Site) }
    }
}

impl Site {
    /// Puts what the site logs in with over what the program or the face has.
    pub(super) fn apply_login(&self, auth: &mut Option<AuthPlan>) {
        match (&self.login, &self.mechanisms, auth) {
            (Some(login), mechanisms, auth) => *auth = Some(login.plan(mechanisms.as_deref())),
            (None, Some(mechanisms), Some(plan)) => {
                plan.mechanisms.clone_from(mechanisms);
                // A mechanism that the face would have sent unasked is not the one that the site names.
                plan.unasked = false;
            }
            (None, _, _) => {}
        }
    }
}

impl Draft {
    /// Decides what the section logs in with, and whether its server and its encryption suit that. `general` is the
    /// general section, settled already, for a host's; `patterns` are the hosts that this one is for.
    pub(super) fn settle_login(&mut self, general: Option<&Draft>, patterns: &[String]) -> Result<(), Misfit> {
        let own = self.own_login()?;
        // What stands beside another server is not for this one.
        let beside = general.filter(|_| self.site.server.is_none());
        if let Some(login) = own {
            let has_server = self.site.server.is_some() || beside.is_some_and(|general| general.site.server.is_some());
            if !has_server {
                self.check_hosts(patterns)?;
            }
            let certificate = |draft: &Draft| draft.site.tls.identity.is_some();
            if login.proof == Proof::Connection && !certificate(self) && !general.is_some_and(certificate) {
                return Err(self.misfit("mechanism", "EXTERNAL needs a tls_certificate to show"));
            }
            self.check_encryption(self.login_key(), self.line_of(self.login_key()))?;
            self.site.login = Some(login);
            return Ok(());
        }
        let inherited = beside.and_then(|general| Some((general, general.site.login.clone()?)));
        if let Some((general, login)) = &inherited {
            let (key, line) = (general.login_key(), general.line_of(general.login_key()));
            self.check_mechanisms(login.proof, key, line)?;
            self.check_encryption(key, line)?;
        } else if let Some(name) = self.site.mechanisms.iter().flatten().find(|name| stands_alone(name)) {
            return Err(self.misfit("mechanism", format!("names {name} beside one of another kind")));
        }
        self.site.login = inherited.map(|(_, login)| login);
        if self.site.mechanisms.is_none() {
            self.site.mechanisms = beside.and_then(|general| general.site.mechanisms.clone());
        }
        Ok(())
    }

    /// What the section's own keys give.
    fn own_login(&self) -> Result<Option<SiteLogin>, Misfit> {
        let url = self.site.server.as_ref();
        let url_user = url.and_then(|server| server.user.clone());
        let url_password = url.and_then(|server| server.password.clone());
        if url_user.is_some() && self.login.user.is_some() {
            return Err(self.clash("user", "server", "whose URL has a user too"));
        }
        match self.login.sources.as_slice() {
            [(first, ..), (second, ..), ..] => {
                return Err(self.clash(second, first, "one of them is enough"));
            }
            [(key, ..)] if url_password.is_some() => {
                return Err(self.clash(key, "server", "whose URL has a password"));
            }
            _ => {}
        }
        let key = self.login_key();
        let user = self.login.user.clone().or(url_user);
        let secret = self.login.sources.first().map(|(_, proof, source)| (*proof, source.clone()));
        let secret = secret.or(url_password.map(|password| (Proof::Password, Source::Given(password))));
        let Some((proof, source)) = secret else { return self.login_without_secret(user) };
        let bearer = self.site.mechanisms.as_ref().is_some_and(|names| names.iter().all(|name| *name == "OAUTHBEARER"));
        let Some(user) = user.or((proof == Proof::Token && bearer).then(String::new)) else {
            return Err(self.misfit(key, "needs a user beside it"));
        };
        self.check_mechanisms(proof, key, self.line_of(key))?;
        self.check_build(key)?;
        let login = match &source {
            Source::Given(password) => {
                let credentials = Credentials { proof, ..Credentials::new(user.clone(), password.clone()) };
                credentials.check().map_err(|why| self.misfit(key, format!("cannot be sent: {why}")))?;
                Login::Given(credentials)
            }
            _ => Login::Supplied(Arc::new(Supply::new(&user, proof, &source, self.files.rights))),
        };
        Ok(Some(SiteLogin { user, proof, source, login }))
    }

    /// A login by a mechanism that needs no secret, when the section names only such.
    fn login_without_secret(&self, user: Option<String>) -> Result<Option<SiteLogin>, Misfit> {
        let mechanisms = self.site.mechanisms.as_deref().unwrap_or_default();
        let credentials = match mechanisms.first().and_then(|name| proof_of(name)) {
            Some(Proof::Connection) => Credentials { authzid: user.clone(), ..Credentials::connection() },
            Some(Proof::Nothing) => Credentials::guest(user.clone().unwrap_or_default()),
            _ if user.is_none() => return Ok(None),
            _ => {
                let words = "one of password, password_file, password_command, oauth_token_file and \
                             oauth_token_command beside it";
                return Err(match self.login.user {
                    Some(_) => self.misfit("user", format!("needs {words}")),
                    None => self.misfit("server", format!("has a user and no password, and needs {words}")),
                });
            }
        };
        self.check_mechanisms(credentials.proof, "mechanism", self.line_of("mechanism"))?;
        self.check_build("mechanism")?;
        let proof = credentials.proof;
        let login = Login::Given(credentials);
        Ok(Some(SiteLogin { user: user.unwrap_or_default(), proof, source: Source::Nothing, login }))
    }

    /// The key by which the section says what it logs in with.
    fn login_key(&self) -> &'static str {
        let of_url = self.site.server.as_ref().is_some_and(|server| server.password.is_some());
        match self.login.sources.first() {
            Some((key, ..)) => key,
            None if of_url => "server",
            None => "mechanism",
        }
    }

    /// Whether the section's mechanisms have a use for what the key on that line gives.
    fn check_mechanisms(&self, proof: Proof, key: &str, line: usize) -> Result<(), Misfit> {
        let mut names = self.site.mechanisms.iter().flatten();
        match names.find(|name| proof_of(name) != Some(proof)) {
            Some(name) => {
                Err(self.misfit("mechanism", format!("names {name}, which has no use for {key}{}", at(line))))
            }
            None => Ok(()),
        }
    }

    /// What the site logs in with never leaves in the clear.
    fn check_encryption(&self, key: &str, line: usize) -> Result<(), Misfit> {
        match self.site.tls.mode {
            None | Some(TlsMode::Always | TlsMode::Implicit) => Ok(()),
            Some(TlsMode::Never | TlsMode::Optional) => {
                let words = format!("must be always or implicit: what {key}{} gives never goes in the clear", at(line));
                Err(self.misfit("tls", words))
            }
        }
    }

    /// Without TLS in the build it could never be sent.
    fn check_build(&self, key: &'static str) -> Result<(), Misfit> {
        if AVAILABLE { Ok(()) } else { Err(self.misfit(key, format!("is only sent over TLS, and {LACKING}"))) }
    }

    /// Credentials without a server beside them go to the host that the program asks for: the section must say which.
    fn check_hosts(&self, patterns: &[String]) -> Result<(), Misfit> {
        let anybody = patterns.iter().find(|pattern| !pattern.contains(char::is_alphanumeric));
        let whose = match (patterns, anybody) {
            ([], _) => "every host".to_owned(),
            (_, Some(pattern)) => pattern.clone(),
            (_, None) => return Ok(()),
        };
        let words = format!(
            "needs a server beside it: here it holds for {whose}, and would be given to any server that a program asks for"
        );
        Err(self.misfit(self.login_key(), words))
    }

    fn clash(&self, key: &'static str, other: &'static str, why: &str) -> Misfit {
        self.misfit(key, format!("cannot stand beside {other}{}, {why}", at(self.line_of(other))))
    }
}
