//! A connection takes a descriptor.

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
