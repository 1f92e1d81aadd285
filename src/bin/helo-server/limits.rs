//! What the system lets the process have: a connection takes a descriptor, and memory.

/// As many as this process may have.
pub fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where it stays as it was, fewer connections are served at a time.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Where addresses are limited (`ulimit -v`) they are for what is used.
pub fn save_addresses() {
    #[cfg(target_os = "linux")]
    if rustix::process::getrlimit(rustix::process::Resource::As).current.is_some() {
        helo::capi::process::save_addresses();
    }
}
