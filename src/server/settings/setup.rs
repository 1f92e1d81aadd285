//! From the settings to a server: everything that can be wrong is said before it listens.

use super::access::Access;
use super::users::Users;
use super::{Destination, Settings};
use crate::client::{AuthPlan, Owner};
use crate::net::tls::Roots;
use crate::policy::target::MailServer;
use crate::sasl::server::Authority;
use crate::server::budget::Budget;
use crate::server::decide::Decide;
use crate::server::log::Log;
use crate::server::machine;
#[cfg(unix)]
use crate::server::spool::maildir;
use crate::server::spool::{Discard, Memory, Spool, relay};
use crate::server::{Brake, FAILURES_MAX, Limits, Listen, Network, Place, Service};
use std::path::Path;
use std::sync::Arc;

/// What passwords and SCRAM keys are enough for.
pub const MECHANISMS: &[&str] =
    &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];

/// What a program has of its own beside the settings.
#[derive(Default)]
pub struct Own {
    /// Where mail goes, in place of the keys that say that.
    pub spool: Option<Arc<dyn Spool>>,
    /// Asked after the lists of the settings have said yes.
    pub decide: Option<Arc<dyn Decide>>,
    /// It decides on recipients: a relay without lists and users is not open then.
    pub decides_recipients: bool,
    /// It is asked about the names of hellos.
    pub decides_hellos: bool,
    /// It knows lists: EXPN is offered.
    pub knows_lists: bool,
    /// Who says who may come in, in place of the users file, and what is offered where the settings name no mechanisms.
    pub users: Option<(Box<dyn Authority>, Vec<&'static str>)>,
    /// Who is told what happens; nobody otherwise.
    pub log: Option<Arc<dyn Log>>,
}

/// What a server is made of.
pub struct Setup {
    /// What is served over SMTP.
    pub smtp: Arc<Service>,
    /// The same over LMTP.
    pub lmtp: Arc<Service>,
    /// How much at a time.
    pub limits: Limits,
    memory: Option<Memory>,
}

impl Settings {
    /// Makes a server of the settings. Certificates, users and Maildirs are looked at here.
    pub fn setup(&self, own: Own) -> Result<Setup, String> {
        let name = self.name.clone().unwrap_or_else(host_name);
        if name.is_empty() || name.len() > 255 || name.contains(|c: char| !c.is_ascii_graphic()) {
            return Err("name: a server's name is letters, digits, dots and hyphens".to_owned());
        }
        let mut memory = None;
        let own_spool = own.spool.is_some();
        let spool: Arc<dyn Spool> = match (&self.into, own.spool) {
            (Some(_), Some(_)) => return Err("where mail goes was said twice: by a key and by the program".to_owned()),
            (None, None) => {
                return Err("say where mail goes: maildir, maildirs, relay, memory or discard".to_owned());
            }
            (None, Some(own)) => own,
            (Some(Destination::Discard), None) => Arc::new(Discard::new()),
            (Some(Destination::Memory(mib)), None) => {
                let store = Memory::new(mib.saturating_mul(1 << 20));
                memory = Some(store.clone());
                Arc::new(store)
            }
            (Some(Destination::Maildir(path)), None) => self.maildir(path, false)?,
            (Some(Destination::Maildirs(path)), None) => self.maildir(path, true)?,
            (Some(Destination::Relay(to)), None) => {
                let mut options = relay_to(to.expose(), self.relay_ca.as_deref(), &name)?;
                options.connections_max = self.relay_connections.unwrap_or(options.connections_max);
                options.hold = self.relay_hold.unwrap_or(options.hold);
                Arc::new(relay::Relay::new(options))
            }
        };
        let mut service = Service::new(name, spool);
        if let Some(log) = own.log {
            service.log = log;
        }
        if let Some(mib) = self.memory_max {
            service.budget = Budget::new(mib.saturating_mul(1 << 20));
        }
        service.messages_in_memory = self.messages_in_memory && own_spool;
        self.offer(&mut service)?;
        self.secure(&mut service)?;
        let has_users = self.users.is_some() || own.users.is_some();
        self.login(&mut service, own.users)?;
        for text in &self.proxies {
            let network =
                Network::parse(text).ok_or_else(|| format!("proxies: {text} is no address and no network"))?;
            service.proxies.push(network);
        }
        service.dialogue.ask_hello = own.decides_hellos;
        service.dialogue.expn = own.knows_lists;
        let relays = matches!(self.into, Some(Destination::Relay(_)));
        let (domains, recipients) = (&self.domains, &self.recipients);
        if relays && domains.is_empty() && recipients.is_empty() && !has_users && !own.decides_recipients {
            return Err("a relay without domains, recipients or users would take mail for nobody".to_owned());
        }
        let open = !relays || own.decides_recipients;
        service.decide =
            Arc::new(Access { open, relays, then: own.decide, ..Access::default() }.lists(domains, recipients));

        let defaults = Limits::default();
        let limits = Limits {
            threads: self.threads,
            workers: self.workers.unwrap_or_else(workers),
            login_threads: self.login_threads,
            connections: self.connections_max.unwrap_or(defaults.connections),
            connections_per_client: self.connections_per_client.unwrap_or(defaults.connections_per_client),
        };
        let mut lmtp = service.clone();
        lmtp.dialogue.lmtp = true;
        Ok(Setup { smtp: Arc::new(service), lmtp: Arc::new(lmtp), limits, memory })
    }

    /// Where `setup` is to listen. Names are looked up.
    pub fn listens(&self, setup: &Setup) -> Result<Vec<Listen>, String> {
        let fallback = ["127.0.0.1:2525".to_owned()];
        let none = self.smtp.is_empty() && self.smtps.is_empty() && self.lmtp.is_empty();
        let clear = if none { &fallback[..] } else { &self.smtp };
        let mut listens = Vec::new();
        for (texts, implicit_tls, service) in
            [(clear, false, &setup.smtp), (&self.smtps, true, &setup.smtp), (&self.lmtp, false, &setup.lmtp)]
        {
            for text in texts {
                for place in Place::parse(text)? {
                    listens.push(Listen { place, implicit_tls, service: service.clone() });
                }
            }
        }
        Ok(listens)
    }

    /// What is offered, and how much is taken.
    fn offer(&self, service: &mut Service) -> Result<(), String> {
        let dialogue = &mut service.dialogue;
        // Who offers DSN promises notices (RFC 3461 section 5.2), and this server sends none.
        dialogue.dsn = self.dsn;
        for extension in &self.without {
            let offered = match extension.as_str() {
                "PIPELINING" => &mut dialogue.pipelining,
                "8BITMIME" => &mut dialogue.eight_bit_mime,
                "SMTPUTF8" => &mut dialogue.smtputf8,
                "DSN" => &mut dialogue.dsn,
                "CHUNKING" => &mut dialogue.chunking,
                "BINARYMIME" => &mut dialogue.binary_mime,
                "ENHANCEDSTATUSCODES" => &mut dialogue.enhanced_status_codes,
                "LIMITS" => &mut dialogue.limits,
                _ => return Err(format!("without: {extension} is none of those that can be left out")),
            };
            *offered = false;
        }
        dialogue.binary_mime &= dialogue.chunking;
        dialogue.bare_ends = self.bare_ends;
        dialogue.size = self.size_max.unwrap_or(dialogue.size);
        dialogue.recipients_max = self.recipients_max.unwrap_or(dialogue.recipients_max).max(1);
        dialogue.mails_max = self.mails_max.unwrap_or(dialogue.mails_max);
        service.mails_unlimited_locally = self.mails_max.is_none();
        let dialogue = &mut service.dialogue;
        if let Some(time) = self.timeout {
            let times = &mut dialogue.timeouts;
            (times.hello, times.command, times.auth, times.body, times.send) = (time, time, time, time, time);
        }
        Ok(())
    }

    fn secure(&self, service: &mut Service) -> Result<(), String> {
        match (&self.tls_certificate, &self.tls_key) {
            (None, None) if self.tls_required => return Err("tls-required needs tls-certificate".to_owned()),
            (None, None) => {}
            (None, Some(_)) => return Err("tls-key needs tls-certificate".to_owned()),
            (Some(certificate), key) => certify(service, certificate, key.as_ref().unwrap_or(certificate))?,
        }
        service.dialogue.tls_required = self.tls_required;
        Ok(())
    }

    fn login(&self, service: &mut Service, own: Option<(Box<dyn Authority>, Vec<&'static str>)>) -> Result<(), String> {
        service.dialogue.auth_required = self.auth_required;
        service.dialogue.auth_in_clear = self.auth_in_clear;
        service.dialogue.guessable_in_clear = self.md5_in_clear;
        service.brake = Arc::new(Brake::new(self.login_failures_max.unwrap_or(FAILURES_MAX)));
        let kept = self.login_secret.as_deref();
        let (realm, offered) = match (&self.users, own) {
            (None, None) if self.auth_required => return Err("auth-required needs users".to_owned()),
            (None, None) => return Ok(()),
            (Some(_), Some(_)) => return Err("users were given twice: by a file and by the program".to_owned()),
            (Some(path), None) => (Users::realm(path, &service.dialogue.name, kept)?, MECHANISMS.to_vec()),
            (None, Some((authority, offered))) => {
                (super::users::realm(authority, &service.dialogue.name, kept)?, offered)
            }
        };
        let named: Vec<&str> = self.mechanisms.iter().map(String::as_str).collect();
        let mechanisms = if named.is_empty() { offered } else { named };
        service.login(Arc::new(realm), &mechanisms).map_err(|why| format!("mechanisms: {why}"))
    }

    #[cfg(unix)]
    fn maildir(&self, path: &Path, each: bool) -> Result<Arc<dyn Spool>, String> {
        use maildir::{LineEnds, Mailboxes, Maildir, Options, Syncs};
        let how = Options {
            mailboxes: if each { Mailboxes::each(self.make_maildirs) } else { Mailboxes::One },
            line_ends: if self.crlf { LineEnds::Crlf } else { LineEnds::Lf },
            sync: if self.no_sync { Syncs::Never } else { Syncs::Grouped },
            ..Options::default()
        };
        match Maildir::open(path, how) {
            Ok(maildir) => Ok(Arc::new(maildir)),
            Err(why) => Err(format!("the Maildir {}: {why}", path.display())),
        }
    }

    #[cfg(not(unix))]
    fn maildir(&self, _: &Path, _: bool) -> Result<Arc<dyn Spool>, String> {
        let words = "this system has no Maildirs, whose file names it does not take: relay hands mail on to a server that has \
                     folders, memory keeps it for a test";
        Err(words.to_owned())
    }
}

impl Setup {
    /// So many mails are in memory, and lost at the end.
    pub fn in_memory(&self) -> usize {
        self.memory.as_ref().map_or(0, Memory::len)
    }
}

#[cfg(feature = "tls")]
fn certify(service: &mut Service, certificate: &Path, key: &Path) -> Result<(), String> {
    use crate::net::tls::{Identity, Which, server_config};
    let read = |key: &str, path: &Path| std::fs::read(path).map_err(|why| format!("{key} {}: {why}", path.display()));
    let chain = read("tls-certificate", certificate)?;
    let key_text = zeroize::Zeroizing::new(read("tls-key", key)?);
    let (of_certificate, of_key) = (format!("tls-certificate {}", certificate.display()), key.display());
    let identity = Identity::from_pem(&chain, &key_text).map_err(|why| match why.which {
        Which::Certificate => format!("{of_certificate}: {why}"),
        Which::Key | Which::Pair if certificate == key => format!("{of_certificate}: {why}"),
        Which::Key => format!("tls-key {of_key}: {why}"),
        Which::Pair => format!("{of_certificate}, tls-key {of_key}: {why}"),
    })?;
    service.tls = Some(server_config(&identity).map_err(|why| format!("{of_certificate}: {why}"))?);
    Ok(())
}

#[cfg(not(feature = "tls"))]
fn certify(_: &mut Service, _: &Path, _: &Path) -> Result<(), String> {
    Err(crate::net::tls::LACKING.to_owned())
}

#[cfg(feature = "tls")]
fn roots(path: &Path) -> Result<Roots, String> {
    let text = std::fs::read(path).map_err(|why| why.to_string())?;
    Roots::from_pem(&text)
}

#[cfg(not(feature = "tls"))]
fn roots(_: &Path) -> Result<Roots, String> {
    Err(crate::net::tls::LACKING.to_owned())
}

/// The next server, by SMTP or LMTP.
fn relay_to(text: &str, ca: Option<&Path>, name: &str) -> Result<relay::Options, String> {
    let server = MailServer::parse(text).map_err(|why| format!("relay: {}", why.detail))?;
    let mut settings = relay::settings(name);
    settings.protocol = server.protocol;
    settings.tls.mode = server.tls;
    if let Some(path) = ca {
        settings.tls.roots = Some(roots(path).map_err(|why| format!("relay-ca: {}: {why}", path.display()))?);
    }
    let login = server.credentials.clone();
    settings.auth = login.map(|credentials| AuthPlan::new(credentials, Owner::Site));
    Ok(relay::Options::new(Arc::new(move || server.target()), settings))
}

/// As many workers as ever, but where the address space is limited their stacks take no more than an eighth of it.
fn workers() -> usize {
    const STACK: u64 = 2 << 20;
    let most = Limits::default().workers;
    let fit = machine::address_space().map_or(most, |space| usize::try_from(space / 8 / STACK).unwrap_or(most));
    most.min(fit.max(4))
}

/// The host's name, as far as it is one that can be said.
fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.is_empty() || name.contains(|c: char| !c.is_ascii_graphic()) { "localhost".to_owned() } else { name }
}
