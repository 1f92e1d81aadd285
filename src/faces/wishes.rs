//! What a program wishes by `helo.h` of the handles of any face: policy keys of its own, and to watch the traffic. A wish
//! is for one handle, for all of a face, or for all.

use crate::capi::rights;
use crate::client::trace::{Observer, Watch};
use crate::net::lock::RwLock;
use crate::policy::{Cache, Overrides, Policy, PolicyError, Site};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The faces that have handles, as far as this build has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `helo.h`: deliveries.
    #[cfg(feature = "native")]
    Helo,
    /// Distinct SMTP-32: connections.
    #[cfg(feature = "distinct")]
    Distinct,
    /// NetX SMTP Client: control blocks.
    #[cfg(feature = "netx-client")]
    NetxClient,
}

/// Called with what passes over a connection.
pub(crate) type OnTraffic = Arc<dyn Fn(&Traffic<'_>) + Send + Sync>;

/// What passes over a connection, for whoever watches.
pub(crate) struct Traffic<'a> {
    pub(crate) face: Face,
    /// The program's handle, as a number.
    pub(crate) handle: usize,
    /// The connections of this process, counted from 1.
    pub(crate) connection: u32,
    pub(crate) what: What,
    pub(crate) bytes: &'a [u8],
}

/// Which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Sent,
    Received,
    /// A remark of the library.
    Note,
}

/// The wishes for one handle, for a face, or for all.
pub(crate) struct Wishes {
    keys: RwLock<Overrides>,
    cache: Cache,
    watcher: RwLock<Option<OnTraffic>>,
}

static FOR_ALL: Wishes = Wishes::new();
/// At least as many as there are faces.
static FOR_FACE: [Wishes; 8] = [const { Wishes::new() }; 8];

/// How many watchers there are in all: with none, connections do not look for them.
static WATCHERS: AtomicUsize = AtomicUsize::new(0);

/// The number of the last connection that could be watched.
static CONNECTIONS: AtomicU32 = AtomicU32::new(0);

impl Wishes {
    pub(crate) const fn new() -> Wishes {
        Wishes {
            keys: RwLock::process_wide(Overrides::new()),
            cache: Cache::new(),
            watcher: RwLock::process_wide(None),
        }
    }

    /// The wishes for all handles of a face, or of all faces.
    pub(crate) fn of(face: Option<Face>) -> &'static Wishes {
        match face {
            None => &FOR_ALL,
            Some(face) => FOR_FACE.get(face as usize).unwrap_or(&FOR_ALL),
        }
    }

    /// Sets a policy key, or takes it back.
    pub(crate) fn set_key(&self, key: &str, value: Option<&str>) -> Result<(), PolicyError> {
        self.keys.write().set(key, value, rights())
    }

    /// What the keys for this handle, for its face and for all decide together, the nearest first, and under them the
    /// policy for a host.
    pub(crate) fn site(&self, face: Face, under: Option<(&Arc<Policy>, &str)>) -> Result<Site, PolicyError> {
        let keys = self.keys(face);
        match under {
            Some((policy, host)) => policy.settings_under(host, &keys, &self.cache, rights()),
            None => keys.site(&self.cache, rights()),
        }
    }

    /// The keys for this handle, for its face and for all, the nearest before the others.
    pub(crate) fn keys(&self, face: Face) -> Overrides {
        let keys = self.keys.read().clone();
        keys.before(&Wishes::of(Some(face)).keys.read()).before(&Wishes::of(None).keys.read())
    }

    /// What the keys for this handle alone decide.
    pub(crate) fn own_site(&self) -> Result<Site, PolicyError> {
        self.keys.read().site(&self.cache, rights())
    }

    /// Who watches from now on, connections that are open included.
    pub(crate) fn set_watcher(&self, watcher: Option<OnTraffic>) {
        let added = usize::from(watcher.is_some());
        WATCHERS.fetch_add(added, Ordering::Relaxed);
        let old = std::mem::replace(&mut *self.watcher.write(), watcher);
        WATCHERS.fetch_sub(usize::from(old.is_some()), Ordering::Relaxed);
    }

    /// For a connection's settings: shows its traffic to whoever watches.
    pub(crate) fn watch(self: &Arc<Self>, face: Face, handle: usize) -> Arc<dyn Watch> {
        Arc::new(Watched { face, handle, wishes: self.clone() })
    }
}

impl Drop for Wishes {
    fn drop(&mut self) {
        self.set_watcher(None);
    }
}

/// A handle whose connections are watched.
struct Watched {
    face: Face,
    handle: usize,
    wishes: Arc<Wishes>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({:?} {:#x})", self.face, self.handle)
    }
}

impl Watch for Watched {
    fn observer(&self, _: &str, _: u16) -> Option<Box<dyn Observer>> {
        let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let Watched { face, handle, ref wishes } = *self;
        Some(Box::new(WatchedConnection { face, handle, connection, wishes: wishes.clone() }))
    }
}

/// One connection of such a handle.
struct WatchedConnection {
    face: Face,
    handle: usize,
    connection: u32,
    wishes: Arc<Wishes>,
}

impl WatchedConnection {
    fn watchers(&self) -> [&Wishes; 3] {
        [&self.wishes, Wishes::of(Some(self.face)), Wishes::of(None)]
    }

    fn show(&self, what: What, bytes: &[u8]) {
        if WATCHERS.load(Ordering::Relaxed) == 0 {
            return;
        }
        let traffic = Traffic { face: self.face, handle: self.handle, connection: self.connection, what, bytes };
        for wishes in self.watchers() {
            // The lock is gone before the watcher is called: it may set another.
            let watcher = wishes.watcher.read().clone();
            if let Some(watcher) = watcher {
                watcher(&traffic);
            }
        }
    }
}

impl Observer for WatchedConnection {
    fn sent(&mut self, bytes: &[u8]) {
        self.show(What::Sent, bytes);
    }

    fn received(&mut self, bytes: &[u8]) {
        self.show(What::Received, bytes);
    }

    fn enabled(&self) -> bool {
        WATCHERS.load(Ordering::Relaxed) > 0 && self.watchers().iter().any(|wishes| wishes.watcher.read().is_some())
    }

    fn note(&mut self, text: &str) {
        self.show(What::Note, text.as_bytes());
    }
}

#[cfg(all(test, feature = "faces"))]
mod tests {
    use super::*;
    use crate::net::lock::Mutex;

    #[test]
    fn a_watcher_hears_of_its_handle_and_may_go_at_any_time() {
        let wishes = Arc::new(Wishes::new());
        let mut observer = wishes.watch(Face::Distinct, 7).observer("host", 25).unwrap();
        observer.note("nobody is there");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (told, again) = (seen.clone(), wishes.clone());
        wishes.set_watcher(Some(Arc::new(move |traffic: &Traffic<'_>| {
            let words = String::from_utf8_lossy(traffic.bytes).into_owned();
            told.lock().push((traffic.handle, traffic.what, words));
            if traffic.what == What::Received {
                again.set_watcher(None);
            }
        })));
        assert!(observer.enabled());
        observer.sent(b"a");
        observer.received(b"b");
        assert!(!observer.enabled());
        observer.sent(b"c");
        let expected = [(7, What::Sent, "a".to_owned()), (7, What::Received, "b".to_owned())];
        assert_eq!(*seen.lock(), expected);
    }

    #[test]
    fn every_connection_has_a_number_of_its_own() {
        let wishes = Arc::new(Wishes::new());
        let numbers = Arc::new(Mutex::new(Vec::new()));
        let told = numbers.clone();
        wishes.set_watcher(Some(Arc::new(move |traffic: &Traffic<'_>| told.lock().push(traffic.connection))));
        let watch = wishes.watch(Face::Helo, 1);
        for _ in 0..2 {
            watch.observer("host", 25).unwrap().note("x");
        }
        let numbers = numbers.lock();
        assert!(numbers[0] > 0 && numbers[1] > numbers[0], "{numbers:?}");
    }
}
