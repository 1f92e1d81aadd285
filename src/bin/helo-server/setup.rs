//! From the options to a server: everything that can be wrong is said before it listens.

use super::access::Access;
use super::journal::Journal;
use super::options::{Destination, Options};
use super::users::Users;
use helo::client::{AuthPlan, Owner, Settings};
use helo::net::connect::Target;
use helo::policy::url;
use helo::proto;
use helo::sasl::Credentials;
#[cfg(unix)]
use helo::server::spool::maildir;
use helo::server::spool::{Discard, Memory, Spool, relay};
use helo::server::{Limits, Listen, Network, Place, Service};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the server is made of.
pub struct Setup {
    pub listens: Vec<Listen>,
    pub limits: Limits,
    pub journal: Journal,
    memory: Option<Memory>,
}

/// What passwords and SCRAM keys are enough for.
const MECHANISMS: &[&str] =
    &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];

impl Setup {
    pub fn new(options: &Options) -> Result<Setup, String> {
        let journal = match &options.log {
            _ if options.quiet => Journal::none(),
            None => Journal::stderr(),
            Some(path) => Journal::file(path).map_err(|why| format!("the log {}: {why}", path.display()))?,
        };
        let name = options.name.clone().unwrap_or_else(host_name);
        let mut memory = None;
        let into = options
            .into
            .as_ref()
            .ok_or("say where mail goes: --maildir, --maildirs, --relay, --memory or --discard; --help shows more")?;
        let spool: Arc<dyn Spool> = match into {
            Destination::Discard => Arc::new(Discard::new()),
            Destination::Memory(mib) => {
                let store = Memory::new(mib.saturating_mul(1 << 20));
                memory = Some(store.clone());
                Arc::new(store)
            }
            Destination::Maildir(path) => maildir(path, false, options)?,
            Destination::Maildirs(path) => maildir(path, true, options)?,
            Destination::Relay(to) => Arc::new(relay::Relay::new(relay_to(to, &name)?)),
        };
        let mut service = Service::new(name, spool);
        service.log = Arc::new(journal.clone());
        offer(&mut service, options)?;
        secure(&mut service, options)?;
        for text in &options.proxies {
            let network =
                Network::parse(text).ok_or_else(|| format!("--proxies: {text} is no address and no network"))?;
            service.proxies.push(network);
        }
        let relays = matches!(into, Destination::Relay(_));
        let (domains, recipients) = (options.domains.clone(), options.recipients.clone());
        if relays && domains.is_empty() && recipients.is_empty() && options.users.is_none() {
            return Err("a relay without --domains, --recipients or --users would take mail for nobody".to_owned());
        }
        service.decide = Arc::new(Access { domains, recipients, open: !relays });

        let defaults = Limits::default();
        let limits = Limits {
            threads: options.threads,
            workers: options.workers.unwrap_or(defaults.workers),
            connections: options.connections_max.unwrap_or(defaults.connections),
            connections_per_client: options.connections_per_client.unwrap_or(defaults.connections_per_client),
        };
        Ok(Setup { listens: listens(service, options)?, limits, journal, memory })
    }

    /// What the end loses, in words for the log.
    pub fn left_behind(&self) -> String {
        match self.memory.as_ref().map_or(0, Memory::len) {
            0 => String::new(),
            count => format!("; {count} mails that were in memory are gone"),
        }
    }
}

fn listens(service: Service, options: &Options) -> Result<Vec<Listen>, String> {
    let mut lmtp = service.clone();
    lmtp.dialogue.lmtp = true;
    let (smtp, lmtp) = (Arc::new(service), Arc::new(lmtp));
    let fallback = ["127.0.0.1:2525".to_owned()];
    let none = options.smtp.is_empty() && options.smtps.is_empty() && options.lmtp.is_empty();
    let clear = if none { &fallback[..] } else { &options.smtp };
    let mut listens = Vec::new();
    for (texts, implicit_tls, service) in
        [(clear, false, &smtp), (&options.smtps, true, &smtp), (&options.lmtp, false, &lmtp)]
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
fn offer(service: &mut Service, options: &Options) -> Result<(), String> {
    let dialogue = &mut service.dialogue;
    for extension in &options.without {
        let offered = match extension.as_str() {
            "PIPELINING" => &mut dialogue.pipelining,
            "8BITMIME" => &mut dialogue.eight_bit_mime,
            "SMTPUTF8" => &mut dialogue.smtputf8,
            "DSN" => &mut dialogue.dsn,
            "CHUNKING" => &mut dialogue.chunking,
            "BINARYMIME" => &mut dialogue.binary_mime,
            "ENHANCEDSTATUSCODES" => &mut dialogue.enhanced_status_codes,
            "LIMITS" => &mut dialogue.limits,
            _ => return Err(format!("--without: {extension} is none of those that can be left out")),
        };
        *offered = false;
    }
    dialogue.binary_mime &= dialogue.chunking;
    dialogue.size = options.size_max.unwrap_or(dialogue.size);
    dialogue.recipients_max = options.recipients_max.unwrap_or(dialogue.recipients_max).max(1);
    dialogue.mails_max = options.mails_max.unwrap_or(dialogue.mails_max);
    if let Some(time) = options.timeout {
        let times = &mut dialogue.timeouts;
        (times.hello, times.command, times.auth, times.body, times.send) = (time, time, time, time, time);
    }
    Ok(())
}

/// TLS and users.
fn secure(service: &mut Service, options: &Options) -> Result<(), String> {
    let tls = match (&options.tls_certificate, &options.tls_key) {
        (None, None) => false,
        (None, Some(_)) => return Err("--tls-key needs --tls-certificate".to_owned()),
        (Some(certificate), key) => {
            certify(service, certificate, key.as_ref().unwrap_or(certificate))?;
            true
        }
    };
    if options.tls_required && !tls {
        return Err("--tls-required needs --tls-certificate".to_owned());
    }
    service.dialogue.tls_required = options.tls_required;
    service.dialogue.auth_required = options.auth_required;
    service.dialogue.auth_in_clear = options.auth_in_clear;
    match &options.users {
        None if options.auth_required => Err("--auth-required needs --users".to_owned()),
        None => Ok(()),
        Some(path) => {
            let realm = Users::realm(path, &service.dialogue.name)?;
            let named: Vec<&str> = options.mechanisms.iter().map(String::as_str).collect();
            let mechanisms = if named.is_empty() { MECHANISMS } else { &named };
            service.login(Arc::new(realm), mechanisms).map_err(|why| format!("--mechanisms: {why}"))
        }
    }
}

#[cfg(feature = "tls")]
fn certify(service: &mut Service, certificate: &Path, key: &Path) -> Result<(), String> {
    let read = |path: &Path| std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()));
    let key_text = zeroize::Zeroizing::new(read(key)?);
    let named = |why: String| format!("{} and {}: {why}", certificate.display(), key.display());
    let identity = helo::net::tls::Identity::from_pem(&read(certificate)?, &key_text).map_err(named)?;
    service.tls = Some(helo::net::tls::server_config(&identity).map_err(named)?);
    Ok(())
}

#[cfg(not(feature = "tls"))]
fn certify(_: &mut Service, _: &Path, _: &Path) -> Result<(), String> {
    Err(helo::net::tls::LACKING.to_owned())
}

#[cfg(unix)]
fn maildir(path: &Path, each: bool, options: &Options) -> Result<Arc<dyn Spool>, String> {
    use maildir::{LineEnds, Mailboxes, Maildir, Syncs};
    let how = maildir::Options {
        mailboxes: if each { Mailboxes::each(options.make_maildirs) } else { Mailboxes::One },
        line_ends: if options.crlf { LineEnds::Crlf } else { LineEnds::Lf },
        sync: if options.no_sync { Syncs::Never } else { Syncs::Grouped },
        ..maildir::Options::default()
    };
    match Maildir::open(path, how) {
        Ok(maildir) => Ok(Arc::new(maildir)),
        Err(why) => Err(format!("the Maildir {}: {why}", path.display())),
    }
}

#[cfg(not(unix))]
fn maildir(_: &Path, _: bool, _: &Options) -> Result<Arc<dyn Spool>, String> {
    Err("Maildirs are for Unix systems: use --relay".to_owned())
}

/// The next server, by SMTP or LMTP.
fn relay_to(text: &str, name: &str) -> Result<relay::Options, String> {
    let mut settings = Settings { helo_name: name.to_owned(), ..Settings::default() };
    if let Some(path) = text.strip_prefix("lmtp:").filter(|path| !path.starts_with("//")) {
        settings.protocol = proto::client::Protocol::Lmtp;
        let path = PathBuf::from(path);
        return Ok(relay::Options::new(Arc::new(move || Target::Unix(path.clone())), settings));
    }
    // LMTP has no scheme of its own there; it is reached in the same way as SMTP.
    let plain = text.strip_prefix("lmtp://");
    if plain.is_some() {
        settings.protocol = proto::client::Protocol::Lmtp;
    }
    let url = match plain {
        Some(rest) => url::parse(&format!("smtp://{rest}")),
        None => url::parse(text),
    };
    let url = url.map_err(|why| format!("--relay: {why}"))?;
    if let Some(mode) = url.scheme.tls_mode() {
        settings.tls.mode = mode;
    }
    if let (Some(user), Some(password)) = (&url.user, &url.password) {
        settings.auth = Some(AuthPlan::new(Credentials::new(user.clone(), password.clone()), Owner::Site));
    }
    let port = if plain.is_some() && url.port.is_none() { 24 } else { url.port_or_default() };
    Ok(relay::Options::to_host(url.host, port, settings))
}

/// The host's name, as far as it is one that can be said.
fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.is_empty() || name.contains(|c: char| c.is_control() || c == ' ') { "localhost".to_owned() } else { name }
}

/// A connection takes a descriptor: as many as this process may have.
pub fn raise_descriptors() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where it stays as it was, fewer connections are served at a time.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
