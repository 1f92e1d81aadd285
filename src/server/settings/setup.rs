//! From the settings to a server: everything that can be wrong is said before it listens.

use super::access::Access;
#[cfg(unix)]
use super::aliases::Aliases;
use super::files::{Before, Files};
use super::users::Users;
use super::{Destination, Settings};
use crate::client::{AuthPlan, Owner};
use crate::net::tls::{Roots, ServerConfig};
use crate::policy::target::MailServer;
use crate::sasl::server::Authority;
use crate::server::budget::Budget;
use crate::server::decide::Decide;
use crate::server::log::Log;
use crate::server::machine;
#[cfg(unix)]
use crate::server::spool::maildir;
use crate::server::spool::{Discard, Memory, Spool, relay};
use crate::server::{Brake, Counts, Current, FAILURES_MAX, Limits, Network, Service};
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
    /// Only to see whether all of it is right: nothing is made, and nothing must be served by it.
    pub check: bool,
    /// Who is told what happens; nobody otherwise.
    pub log: Option<Arc<dyn Log>>,
    /// Where what happens is counted, in place of counts of its own.
    pub counts: Option<Arc<Counts>>,
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
        self.make(own).map_err(|why| self.located(why))
    }

    fn make(&self, own: Own) -> Result<Setup, String> {
        let name = self.name.clone().unwrap_or_else(host_name);
        if name.is_empty() || name.len() > 255 || name.contains(|c: char| !c.is_ascii_graphic()) {
            return Err("name: a server's name is letters, digits, dots and hyphens".to_owned());
        }
        let mut memory = None;
        let own_spool = own.spool.is_some();
        let mut files = Files::new();
        if self.aliases.is_some() && !matches!(self.into, Some(Destination::Maildirs(_))) {
            return Err("aliases: only with maildirs".to_owned());
        }
        let spool: Arc<dyn Spool> = match (&self.into, own.spool) {
            (Some(_), Some(_)) => return Err("where mail goes was said twice: by a key and by the program".to_owned()),
            (None, None) => {
                return Err("say where mail goes: maildir, maildirs, relay, memory or discard".to_owned());
            }
            (None, Some(own)) => own,
            (Some(Destination::Discard), None) => Arc::new(Discard::new()),
            (Some(Destination::Memory(octets)), None) => {
                let store = Memory::new(*octets);
                memory = Some(store.clone());
                Arc::new(store)
            }
            (Some(Destination::Maildir(path)), None) => self.maildir(path, false, own.check, &mut files)?,
            (Some(Destination::Maildirs(path)), None) => self.maildir(path, true, own.check, &mut files)?,
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
        if let Some(octets) = self.memory_max {
            service.budget = Budget::new(octets);
        }
        service.messages_in_memory = self.messages_in_memory && own_spool;
        if let Some(counts) = own.counts {
            service.counts = counts;
        }
        self.offer(&mut service)?;
        self.secure(&mut service, &mut files)?;
        let has_users = self.users.is_some() || own.users.is_some();
        self.login(&mut service, own.users, &mut files)?;
        if !files.is_empty() {
            service.watched = Some(Arc::new(files));
        }
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
            return Err("relay: without domains, recipients or users it would take mail for nobody".to_owned());
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

    fn secure(&self, service: &mut Service, files: &mut Files) -> Result<(), String> {
        match (&self.tls_certificate, &self.tls_key) {
            (None, None) if self.tls_required => return Err("tls-required needs tls-certificate".to_owned()),
            (None, None) => {}
            (None, Some(_)) => return Err("tls-key needs tls-certificate".to_owned()),
            (Some(certificate), key) => {
                let key = key.as_ref().unwrap_or(certificate);
                let before = Before::of(&[certificate, key]);
                let current = Current::new(identity(certificate, key)?);
                service.tls = Some(current.clone());
                files.add_certificate(certificate, key, before, current);
            }
        }
        service.dialogue.tls_required = self.tls_required;
        Ok(())
    }

    fn login(
        &self,
        service: &mut Service,
        own: Option<(Box<dyn Authority>, Vec<&'static str>)>,
        files: &mut Files,
    ) -> Result<(), String> {
        let before = self.users.as_ref().map(|path| Before::of(&[path]));
        service.dialogue.auth_required = self.auth_required;
        service.dialogue.auth_in_clear = self.auth_in_clear;
        service.dialogue.guessable_in_clear = self.md5_in_clear;
        service.brake = Arc::new(Brake::new(self.login_failures_max.unwrap_or(FAILURES_MAX)));
        let kept = self.login_secret.as_deref();
        let (realm, offered) = match (&self.users, own) {
            (None, None) if self.auth_required => return Err("auth-required needs users".to_owned()),
            (None, None) => return Ok(()),
            (Some(_), Some(_)) => return Err("users were given twice: by a file and by the program".to_owned()),
            (Some(path), None) => {
                let realm = Users::realm(path, &service.dialogue.name, kept)?;
                // CRAM-MD5 needs a password: where only keys are kept nobody could ever log in by it.
                let able = |name: &&str| *name != "CRAM-MD5" || realm.authority.keeps_passwords();
                let offered = MECHANISMS.iter().copied().filter(|name| able(name)).collect();
                (realm, offered)
            }
            (None, Some((authority, offered))) => {
                (super::users::realm(authority, &service.dialogue.name, kept)?, offered)
            }
        };
        let named: Vec<&str> = self.mechanisms.iter().map(String::as_str).collect();
        let mechanisms = if named.is_empty() { offered } else { named };
        service.login(Arc::new(realm), &mechanisms).map_err(|why| format!("mechanisms: {why}"))?;
        if let (Some(path), Some(before), Some(realm)) = (&self.users, before, &service.realm) {
            files.add_users(path, &service.dialogue.name, kept, before, realm.clone());
        }
        Ok(())
    }

    #[cfg(unix)]
    fn maildir(&self, path: &Path, each: bool, check: bool, files: &mut Files) -> Result<Arc<dyn Spool>, String> {
        use maildir::{LineEnds, Mailboxes, Maildir, Options, Syncs};
        let mut expand: Option<maildir::Expand> = None;
        if let Some(path) = &self.aliases {
            let before = Before::of(&[path]);
            let current = Current::new(Aliases::of_file(path)?);
            files.add_aliases(path, before, current.clone());
            expand = Some(Arc::new(move |to| current.get().targets(to)));
        }
        let how = Options {
            aliases: expand,
            mode: self.mailbox_mode,
            mailboxes: if each { Mailboxes::each(self.make_maildirs) } else { Mailboxes::One },
            line_ends: if self.crlf { LineEnds::Crlf } else { LineEnds::Lf },
            sync: if self.no_sync { Syncs::Never } else { Syncs::Grouped },
            ..Options::default()
        };
        let key = if each { "maildirs" } else { "maildir" };
        let wrong = |why: std::io::Error| format!("{key}: {}: {why}", path.display());
        if check {
            Maildir::check(path).map_err(wrong)?;
            return Ok(Arc::new(Discard::new()));
        }
        Maildir::open(path, how).map(|maildir| Arc::new(maildir) as Arc<dyn Spool>).map_err(wrong)
    }

    #[cfg(not(unix))]
    fn maildir(&self, _: &Path, _: bool, _: bool, _: &mut Files) -> Result<Arc<dyn Spool>, String> {
        let words = "maildir: this system has no Maildirs, whose file names it does not take: relay hands mail on to a server that has \
                     folders, memory keeps it for a test";
        Err(words.to_owned())
    }
}

impl Setup {
    /// There are files that are read again: [`Server::reload`](crate::server::Server::reload).
    pub fn reloads(&self) -> bool {
        self.smtp.watched.is_some()
    }

    /// The mails that are kept, if they go to memory.
    pub fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// So many mails are in memory, and lost at the end.
    pub fn in_memory(&self) -> usize {
        self.memory.as_ref().map_or(0, Memory::len)
    }
}

/// The certificate and the key in these files, and what is wrong with them.
#[cfg(feature = "tls")]
pub(super) fn identity(certificate: &Path, key: &Path) -> Result<ServerConfig, String> {
    use crate::net::tls::{Identity, Which, server_config};
    let chain =
        std::fs::read(certificate).map_err(|why| format!("tls-certificate {}: {why}", certificate.display()))?;
    let same = certificate == key;
    let key_named = if same { "tls-certificate" } else { "tls-key" };
    let key_text = private(key).map_err(|why| format!("{key_named} {}: {why}", key.display()))?;
    let (of_certificate, of_key) = (format!("tls-certificate {}", certificate.display()), key.display());
    let identity = Identity::from_pem(&chain, &key_text).map_err(|why| match why.which {
        Which::Certificate => format!("{of_certificate}: {why}"),
        Which::Key | Which::Pair if same => format!("{of_certificate}: {why}"),
        Which::Key => format!("tls-key {of_key}: {why}"),
        Which::Pair => format!("{of_certificate}, tls-key {of_key}: {why}"),
    })?;
    server_config(&identity).map_err(|why| format!("{of_certificate}: {why}"))
}

/// A private key's file. Its group may read it, as the one that some systems have for such keys; others may not.
#[cfg(feature = "tls")]
fn private(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, String> {
    use std::io::Read;
    /// No key is larger, with its chain in the same file.
    const MOST: u64 = 1 << 20;
    let file = std::fs::File::open(path).map_err(|why| why.to_string())?;
    let about = file.metadata().map_err(|why| why.to_string())?;
    let mut octets = zeroize::Zeroizing::new(Vec::with_capacity(about.len().min(MOST) as usize + 1));
    file.take(MOST + 1).read_to_end(&mut octets).map_err(|why| why.to_string())?;
    if octets.len() as u64 > MOST {
        return Err("it is larger than 1 MiB".to_owned());
    }
    // One that has no key in it is wrong in another way.
    #[cfg(unix)]
    if memchr::memmem::find(&octets, b"PRIVATE KEY-----").is_some() {
        use std::os::unix::fs::PermissionsExt;
        let mode = about.permissions().mode();
        if mode & 0o027 != 0 {
            let words = "has a private key in it, and others may read or change it";
            return Err(format!("it {words} (mode {:o}); chmod 600 first", mode & 0o777));
        }
    }
    Ok(octets)
}

#[cfg(not(feature = "tls"))]
pub(super) fn identity(_: &Path, _: &Path) -> Result<ServerConfig, String> {
    Err(format!("tls-certificate: {}", crate::net::tls::LACKING))
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
