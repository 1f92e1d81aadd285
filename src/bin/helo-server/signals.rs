//! SIGTERM and SIGINT: the first ends the server in order, the second at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SIGNALS: [i32; 2] = [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT];

/// The signals, caught from now on.
pub struct Signals {
    #[cfg(unix)]
    signals: signal_hook::iterator::Signals,
    /// One has come: the next one ends the process.
    ending: Arc<AtomicBool>,
    #[cfg(not(unix))]
    came: Arc<AtomicBool>,
}

impl Signals {
    pub fn new() -> io::Result<Signals> {
        let ending = Arc::new(AtomicBool::new(false));
        for signal in SIGNALS {
            signal_hook::flag::register_conditional_shutdown(signal, 1, ending.clone())?;
        }
        #[cfg(unix)]
        return Ok(Signals { signals: signal_hook::iterator::Signals::new(SIGNALS)?, ending });
        #[cfg(not(unix))]
        {
            let came = Arc::new(AtomicBool::new(false));
            for signal in SIGNALS {
                signal_hook::flag::register(signal, came.clone())?;
            }
            Ok(Signals { ending, came })
        }
    }

    /// Waits for the first.
    pub fn wait(mut self) {
        self.come();
        self.ending.store(true, Ordering::SeqCst);
    }

    #[cfg(unix)]
    fn come(&mut self) {
        let _ = self.signals.forever().next();
    }

    /// This system has nothing to wait on.
    #[cfg(not(unix))]
    fn come(&mut self) {
        while !self.came.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}
