//! Keys that the program sets in code, by the names and with the values of the file. They hold like one section for the
//! host that it asks for, which stands before all others of the file.

use super::keys::{self, Draft};
use super::safe_file::Stamp;
use super::{Policy, PolicyError, Rights, Site};
use crate::net::fork;
use crate::net::lock::Mutex;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

/// Keys and values of the program, each checked when it was set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    keys: Vec<(String, Zeroizing<String>)>,
}

/// No value is shown: it could be a password.
impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(key, _)| key)).finish()
    }
}

/// What was decided last, so that files are not read, and programs not run, again for nothing.
#[derive(Debug)]
pub struct Cache(Mutex<Vec<Decided>>);

/// So many decisions are kept.
const DECIDED_MAX: usize = 8;

/// What keys came to over a policy, for a host.
#[derive(Clone, Debug)]
struct Decided {
    keys: Overrides,
    policy: Arc<Policy>,
    host: Option<String>,
    site: Site,
    files: Vec<(PathBuf, Stamp)>,
}

/// What stands under keys where no policy holds.
static NO_POLICY: LazyLock<Arc<Policy>> = LazyLock::new(Arc::default);

/// The host of the section that the keys are taken for: whichever it is, the program has named it.
const NAMED_BY_THE_PROGRAM: &str = "program";

impl Default for Cache {
    fn default() -> Self {
        Cache::new()
    }
}

impl Cache {
    /// Nothing was asked for yet.
    pub const fn new() -> Self {
        Cache(Mutex::process_wide(Vec::new()))
    }
}

impl Decided {
    fn is_current(&self) -> bool {
        self.files.iter().all(|(file, then)| Stamp::now(file) == Some(*then))
    }
}

impl Overrides {
    /// No keys.
    pub const fn new() -> Self {
        Overrides { keys: Vec::new() }
    }

    /// Sets a key, in place of what it was set to before; `None` leaves it to the file again. What a value alone shows to
    /// be wrong is an error here, with the key; whether the keys go together shows when they are used.
    pub fn set(&mut self, key: &str, value: Option<&str>, rights: Rights) -> Result<(), PolicyError> {
        let key = key.trim().to_ascii_lowercase();
        let taken = match value.map(str::trim) {
            Some(value) if value.contains(|c: char| c.is_control() && c != '\t') => {
                Err("has a value with a control character".to_owned())
            }
            Some(value) => Draft::new(rights).set(&key, value, 0),
            None if keys::is_known(&key) => Ok(()),
            // Only for its words about a key that does not exist.
            None => Draft::new(rights).set(&key, "", 0),
        };
        taken.map_err(|why| wrong(&key, why))?;
        self.keys.retain(|(name, _)| *name != key);
        if let Some(value) = value {
            self.keys.push((key, Zeroizing::new(value.trim().to_owned())));
        }
        Ok(())
    }

    /// Whether a key sets a limit of time, as all do whose names end so.
    pub fn is_time_limit(key: &str) -> bool {
        let key = key.trim().to_ascii_lowercase();
        keys::is_known(&key) && key.ends_with("timeout")
    }

    /// Whether a key is set.
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|(name, _)| name == key)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// These keys, and beside them those of `others` that are not among them.
    pub fn before(mut self, others: &Overrides) -> Overrides {
        let more: Vec<_> =
            others.keys.iter().filter(|(key, _)| self.keys.iter().all(|(own, _)| own != key)).cloned().collect();
        self.keys.extend(more);
        self
    }

    /// What the keys decide where no policy holds; an error when they do not go together.
    pub fn site(&self, cache: &Cache, rights: Rights) -> Result<Site, PolicyError> {
        let none = {
            let _pass = fork::pass();
            NO_POLICY.clone()
        };
        none.decide(None, self, cache, rights)
    }
}

impl Policy {
    /// What holds for the host that a program asks for when it has set keys of its own: they come first.
    pub fn settings_under(
        self: &Arc<Self>,
        host_asked: &str,
        keys: &Overrides,
        cache: &Cache,
        rights: Rights,
    ) -> Result<Site, PolicyError> {
        self.decide(Some(host_asked), keys, cache, rights)
    }

    fn decide(
        self: &Arc<Self>,
        host: Option<&str>,
        keys: &Overrides,
        cache: &Cache,
        rights: Rights,
    ) -> Result<Site, PolicyError> {
        let under = host.map(|host| self.settings_for(host)).unwrap_or_default();
        if keys.is_empty() {
            return Ok(under);
        }
        let same = |decided: &Decided| {
            decided.keys == *keys && Arc::ptr_eq(&decided.policy, self) && decided.host.as_deref() == host
        };
        // Files are looked at without the lock, as in `load`.
        let kept = cache.0.lock().iter().find(|decided| same(decided)).cloned();
        if let Some(decided) = kept
            && decided.is_current()
        {
            return Ok(decided.site);
        }
        let mut draft = Draft::new(rights);
        for (key, value) in &keys.keys {
            draft.set(key, value, 0).map_err(|why| wrong(key, why))?;
        }
        let mut general = Draft::new(rights);
        general.site = under.clone();
        let named = [NAMED_BY_THE_PROGRAM.to_owned()];
        draft.finish(Some(&general), &named).map_err(|misfit| wrong(misfit.key, misfit.why))?;
        let site = draft.site.or(&under);
        let mut cache = cache.0.lock();
        cache.retain(|decided| !same(decided));
        if cache.len() >= DECIDED_MAX {
            cache.remove(0);
        }
        cache.push(Decided {
            keys: keys.clone(),
            policy: self.clone(),
            host: host.map(str::to_owned),
            site: site.clone(),
            files: draft.files.read,
        });
        Ok(site)
    }
}

fn wrong(key: &str, why: impl Into<String>) -> PolicyError {
    PolicyError { path: String::new(), line: 0, key: key.chars().take(40).collect(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: Rights = Rights::Ordinary;

    fn of(keys: &[(&str, &str)]) -> Overrides {
        let mut overrides = Overrides::default();
        for (key, value) in keys {
            overrides.set(key, Some(value), R).unwrap();
        }
        overrides
    }

    fn under(text: &str, host: &str, keys: &[(&str, &str)]) -> Result<Site, String> {
        let policy = Arc::new(Policy::parse(text, "f").unwrap());
        policy.settings_under(host, &of(keys), &Cache::new(), R).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_come_before_the_file() {
        let text = "port = 2525\nreply_timeout = 60\n[host a]\nserver = b\nport = 99\n";
        let site = under(text, "a", &[("Port", " 26 "), ("helo_name", "me")]).unwrap();
        assert_eq!(site.place("a", 25), ("b".to_owned(), 26));
        assert_eq!(site.helo_name.as_deref(), Some("me"));
        assert_eq!(site.timeouts.reply.map(|limit| limit.as_secs()), Some(60));
    }

    #[test]
    fn a_key_is_replaced_and_taken_back() {
        let mut overrides = of(&[("port", "26"), ("port", "27")]);
        let site = |overrides: &Overrides| overrides.site(&Cache::new(), R).unwrap();
        assert_eq!(site(&overrides).port, Some(27));
        overrides.set("PORT", None, R).unwrap();
        assert!(overrides.is_empty() && site(&overrides).port.is_none());
    }

    #[test]
    fn errors_name_the_key_and_never_the_value() {
        let mut overrides = Overrides::default();
        for (key, value, words) in [
            ("port", Some("hunter2"), "policy key: port is not a number"),
            ("prot", Some("25"), "did you mean port?"),
            ("prot", None, "did you mean port?"),
            ("helo_name", Some("a\nb"), "control character"),
        ] {
            let error = overrides.set(key, value, R).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
        }
        assert!(overrides.is_empty());
    }

    #[test]
    fn the_nearer_keys_win() {
        let near = of(&[("port", "1"), ("dots", "caller")]);
        let far = of(&[("port", "2"), ("helo_name", "me")]);
        let site = near.before(&far).site(&Cache::new(), R).unwrap();
        assert_eq!((site.port, site.helo_name.as_deref()), (Some(1), Some("me")));
    }

    #[test]
    fn nothing_of_a_value_is_shown() {
        assert_eq!(format!("{:?}", of(&[("helo_name", "hunter2")])), "[\"helo_name\"]");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_login_stays_with_its_server() {
        let text = "server = mx.example\nuser = alice\npassword = secret\n";
        let user = |site: &Site| site.login.as_ref().map(|login| login.user.clone());
        let kept = under(text, "any", &[("port", "587"), ("mechanism", "SCRAM-SHA-256")]).unwrap();
        assert_eq!((user(&kept).as_deref(), kept.mechanisms), (Some("alice"), Some(vec!["SCRAM-SHA-256"])));
        let elsewhere = under(text, "any", &[("server", "mx.other")]).unwrap();
        assert!(user(&elsewhere).is_none(), "the file's password is not for another server");
        let own = under(text, "any", &[("user", "bob"), ("password", "other")]).unwrap();
        assert_eq!(user(&own).as_deref(), Some("bob"));
        let clear = under(text, "any", &[("tls", "never")]).unwrap_err();
        assert!(clear.contains("policy key: tls must be always or implicit"), "{clear}");
        let alone = under("", "any", &[("user", "bob")]).unwrap_err();
        assert!(alone.contains("user needs one of password"), "{alone}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn what_was_decided_is_kept_while_nothing_changes() {
        let policy = Arc::new(Policy::default());
        let keys = of(&[("user", "bob"), ("password_command", "echo x")]);
        let cache = Cache::new();
        for host in ["a", "b", "a"] {
            policy.settings_under(host, &keys, &cache, R).unwrap();
        }
        assert_eq!(cache.0.lock().len(), 2);
        let (first, other) = (Arc::new(Policy::default()), of(&[("port", "1")]));
        for number in 0..20 {
            first.settings_under(&number.to_string(), &other, &cache, R).unwrap();
        }
        assert_eq!(cache.0.lock().len(), DECIDED_MAX);
    }
}
