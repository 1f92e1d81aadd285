//! What a server is made of and may be another while it runs: looked at by a thread of its own, since that reads files.

use super::counts::Counts;
use super::log::{self, Log, What};
use crate::net::lock::{Condvar, Mutex};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// So often files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Something that may have changed.
pub trait Watched: Send + Sync {
    /// Looks whether it has, and takes the new in place of the old if that can be used. `now`: in any case, changed or not.
    /// What came of it, if anything; may block.
    fn look(&self, now: bool) -> Vec<News>;
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The new is in force; else the old still is.
    pub well: bool,
    /// In a line, for the log.
    pub text: String,
}

/// The thread that looks, for as long as this lives.
pub(super) struct Watcher {
    wish: Arc<(Mutex<Wish>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Wish {
    now: bool,
    end: bool,
}

impl Watcher {
    /// Begins to look.
    pub(super) fn start(watched: Arc<dyn Watched>, log: Arc<dyn Log>, counts: Arc<Counts>) -> io::Result<Watcher> {
        let wish = Arc::new((Mutex::<Wish>::default(), Condvar::new()));
        let heard = wish.clone();
        let thread = crate::net::thread::named("helo-files").spawn(move || {
            let (wish, changed) = &*heard;
            loop {
                let mut wish = wish.lock();
                changed.wait_while_for(&mut wish, |wish| !wish.now && !wish.end, LOOK);
                if wish.end {
                    return;
                }
                let now = std::mem::take(&mut wish.now);
                drop(wish);
                for news in watched.look(now) {
                    counts.reloaded(news.well);
                    log::tell(&*log, None, What::Notice(&news.text));
                }
            }
        })?;
        Ok(Watcher { wish, thread: Mutex::new(Some(thread)) })
    }

    /// Looks at once, whether something has changed or not.
    pub(super) fn look_now(&self) {
        self.wish.0.lock().now = true;
        self.wish.1.notify_all();
    }

    /// Ends it, and waits for that.
    pub(super) fn end(&self) {
        self.wish.0.lock().end = true;
        self.wish.1.notify_all();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}
