//! cbindgen says through `log` what it leaves out, and goes on. Here that is kept, so that the build can stop.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::RefCell;

struct Collector;

thread_local! {
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            KEPT.with_borrow_mut(|kept| kept.push(record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Runs `work` and gives the warnings and errors that this thread logged meanwhile.
pub fn collect<R>(work: impl FnOnce() -> R) -> (R, Vec<String>) {
    // From the second call on the logger is set already, which is as well.
    let _ = log::set_logger(&Collector);
    log::set_max_level(LevelFilter::Warn);
    KEPT.take();
    let result = work();
    (result, KEPT.take())
}
