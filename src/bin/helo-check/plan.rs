//! What the policy makes of a program's wish, row by row.

use super::arguments::Arguments;
use helo::capi::rights;
use helo::client::{AuthPlan, Level, Login, Owner, Settings, Timeouts, TlsMode, TlsName};
use helo::error::{Cause, Error, Phase, Result};
use helo::faces::site::{Way, plain_way};
use helo::faces::wishes::Face;
use helo::net::options::Resolve;
use helo::policy::registry_in_force as registry;
use helo::policy::{Candidate, Policy, Site, candidates, url};
use helo::proto::dot::Dots;
use helo::sasl::{Credentials, Proof};
use std::fmt::Display;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// What would happen.
pub struct Plan {
    pub face: Face,
    /// What the program asks for.
    pub asked: (String, u16),
    /// The section that holds for it.
    section: Option<String>,
    /// Where the connection goes, and how.
    pub way: Way,
}

/// Says which files hold, or why none does.
pub fn print_sources(config: Option<&Path>) {
    if let Some(file) = config {
        row("policy", format!("{} (--config)", file.display()));
        return;
    }
    let candidates = candidates(rights());
    let holds = candidates.iter().position(|candidate| candidate.present);
    match holds.and_then(|at| candidates.get(at)) {
        Some(Candidate { path, why, .. }) => row("policy", format!("{} ({why})", path.display())),
        None => row("policy", registry().unwrap_or_else(|| "none".to_owned())),
    }
    let others = candidates.iter().enumerate().filter(|(at, _)| Some(*at) != holds);
    for (at, candidate) in others {
        let state = match holds {
            Some(held) if at > held => "not looked at",
            _ => "is not there",
        };
        row("", format!("{}: {state}", candidate.path.display()));
    }
}

impl Plan {
    /// What the policy makes of the arguments.
    pub fn make(arguments: &Arguments) -> Result<Plan> {
        let mut settings = arguments.face.settings();
        let (host, port) = asked(arguments, &mut settings)?;
        let section = Policy::in_force(rights())?.section_for(&host);
        let way = plain_way(arguments.face, &host, port, settings)?;
        if way.host.is_empty() {
            let words = "no server: name the HOST that the program asks for, or write server = ... into the policy";
            return Err(Error::new(Phase::Connect, Cause::BadArgument, words));
        }
        Ok(Plan { face: arguments.face, asked: (host, port), section, way })
    }

    /// Says it.
    pub fn print(&self) {
        let Way { host, port, settings, site } = &self.way;
        match &self.section {
            Some(section) => row("section", format!("{section}, and the general lines for what it leaves open")),
            None => row("section", "none for this host: only the general lines hold"),
        }
        match self.asked.0.as_str() {
            "" => row("asked for", "no server"),
            asked => row("asked for", format!("{asked}, port {}", self.asked.1)),
        }
        decided("server", format!("{host}, port {port}"), site.server.is_some() || site.port.is_some());
        self.print_way(settings, site);
        self.print_encryption(settings, site);
        print_login(settings, site);
        print_timeouts(&settings.timeouts, site);
        let level = match site.pipelining.unwrap_or_default() {
            Level::None => "each command waits for its reply",
            Level::Envelope => "one round trip a mail where the server allows it",
            Level::Full => "mail after mail without waiting where the server allows it",
        };
        if self.face == Face::Helo {
            decided("pipelining", level, site.pipelining.is_some());
        }
        let dots = match settings.dots {
            Dots::Stuff => "doubled by the library at the beginnings of lines",
            Dots::Off => "left as they are: the program doubles them itself",
        };
        decided("dots", dots, site.dots.is_some());
        if let Some(level) = site.debug_level {
            decided("debug_level", level, true);
        }
        if let Some(file) = &site.trace_file {
            decided("trace_file", file.path().display(), true);
        }
    }

    fn print_way(&self, settings: &Settings, site: &Site) {
        if let Some(proxy) = &settings.connect.proxy {
            let who = if proxy.resolve == Resolve::Remote { "the proxy" } else { "this machine" };
            let words = format!("{}, port {}; {who} looks up the server's name", proxy.host, proxy.port);
            decided("proxy", words, site.proxy.is_some());
        }
        if let Some(address) = settings.connect.source_address {
            decided("from", address, site.source_address.is_some());
        }
        match settings.helo_name.as_str() {
            "" => row("EHLO name", "what the program says, else this machine's address"),
            name => decided("EHLO name", name, site.helo_name.is_some()),
        }
    }

    fn print_encryption(&self, settings: &Settings, site: &Site) {
        let tls = &settings.tls;
        let mode = match tls.mode {
            TlsMode::Never => "never: everything can be read on the way",
            TlsMode::Optional => "optional: by STARTTLS when the server offers it",
            TlsMode::Always => "always: by STARTTLS or not at all",
            TlsMode::Implicit => "implicit: from the first byte",
        };
        let from_server = site.server.as_ref().is_some_and(|server| server.scheme.tls_mode().is_some());
        decided("encryption", mode, site.tls.mode.is_some() || from_server || site.login.is_some());
        if tls.mode == TlsMode::Never {
            return;
        }
        let name = match &tls.name {
            TlsName::Given(name) => Some(name.as_str()),
            TlsName::Host => Some(self.way.host.as_str()),
            TlsName::Unknown => None,
        };
        let words = match (tls.verifies(), name) {
            (false, _) if tls.pins.is_empty() => "not verified".to_owned(),
            (false, _) => "not verified, but for its key".to_owned(),
            (true, Some(name)) => format!("must be for {name}"),
            (true, None) => "must be verified, and nobody says for which name".to_owned(),
        };
        decided("certificate", words, site.tls.name.is_some() || site.tls.verify.is_some() || site.server.is_some());
        if tls.verifies() {
            let trusted =
                if tls.roots.is_some() { "the authorities of tls_ca only" } else { "this system's authorities" };
            decided("trusted", trusted, tls.roots.is_some());
        }
        for pin in &tls.pins {
            decided("key", pin, true);
        }
        if tls.identity.is_some() {
            decided("shown", "a certificate of this side's own, where the server asks for one", true);
        }
    }
}

/// The host and port that the program asks for; what a URL says beside them goes into the settings.
fn asked(arguments: &Arguments, settings: &mut Settings) -> Result<(String, u16)> {
    let bad = |words: &str| Error::new(Phase::Connect, Cause::BadArgument, words);
    if arguments.host.is_empty() {
        return Ok((String::new(), arguments.port.unwrap_or(url::Scheme::Plain.default_port())));
    }
    let asked = url::parse(&arguments.host)?;
    if arguments.face == Face::NetxClient && asked.host.parse::<IpAddr>().is_err() {
        return Err(bad("programs of netx-client name an address, not a name: give the address that the program has"));
    }
    if let Some(mode) = asked.scheme.tls_mode() {
        settings.tls.mode = mode;
    }
    let port = arguments.port.unwrap_or(asked.port_or_default());
    match (asked.user, asked.password) {
        (None, _) => {}
        (Some(_), None) => return Err(bad("the URL has a user name and no password")),
        (Some(user), Some(password)) => {
            let credentials = Credentials::new(user, password);
            settings.auth = Some(AuthPlan::new(credentials, Owner::Program));
        }
    }
    Ok((asked.host, port))
}

fn print_login(settings: &Settings, site: &Site) {
    let Some(plan) = &settings.auth else {
        return row("login", "the program's own, if it has one; the policy has none");
    };
    let who = match (&site.login, &plan.login) {
        (Some(login), _) if login.user.is_empty() => "without a user name".to_owned(),
        (Some(login), _) => login.user.clone(),
        (None, Login::Given(credentials)) => credentials.user.clone(),
        (None, Login::Supplied(supplier)) => supplier.name(),
    };
    let proof = match &site.login {
        None => "; the password stands in the URL".to_owned(),
        Some(login) => match login.proof {
            Proof::Password => format!("; the password comes from {}", login.source),
            Proof::Token => format!("; the token comes from {}", login.source),
            Proof::Connection => "; by the certificate that is shown".to_owned(),
            Proof::Nothing => "; as a guest".to_owned(),
        },
    };
    decided("login", format!("{who}{proof}"), site.login.is_some());
    match plan.mechanisms.as_slice() {
        [] => row("mechanism", "the strongest that the server has"),
        names => decided("mechanism", format!("the first that the server has of {}", names.join(", ")), true),
    }
}

fn print_timeouts(timeouts: &Timeouts, site: &Site) {
    let of_site = &site.timeouts;
    let rows = [
        ("connect", timeouts.connect, of_site.connect),
        ("greeting", timeouts.greeting, of_site.greeting),
        ("reply", timeouts.reply, of_site.reply),
        ("data", timeouts.data, of_site.data),
        ("end of message", timeouts.message, of_site.message),
    ];
    let words: Vec<String> = rows
        .iter()
        .map(|(name, limit, of_site)| {
            let star = if of_site.is_some() { "*" } else { "" };
            format!("{name} {}{star}", time(*limit))
        })
        .collect();
    let note = if words.iter().any(|words| words.ends_with('*')) { "   (* policy)" } else { "" };
    row("waits", format!("{}{note}", words.join(", ")));
}

/// A time as the policy writes it.
fn time(limit: Duration) -> String {
    match limit.as_millis() {
        _ if limit == Duration::MAX => "without end".to_owned(),
        ms if ms % 1000 != 0 => format!("{ms} ms"),
        ms if ms >= 120_000 && ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms => format!("{} s", ms / 1000),
    }
}

fn decided(name: &str, value: impl Display, by_policy: bool) {
    row(name, format!("{value}{}", if by_policy { "   (policy)" } else { "" }));
}

fn row(name: &str, value: impl Display) {
    say!("{name:<12} {}", super::printable(&value.to_string()));
}
