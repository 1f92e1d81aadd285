//! What ends the server: SIGTERM or SIGINT, the first in order and the second at once, or the end of standard input.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

const SIGNALS: [i32; 2] = [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT];

/// What is waited for, from now on.
pub struct Ending {
    came: Receiver<()>,
    /// Kept so that the wait does not end because nobody is left to end it.
    _tell: Sender<()>,
    /// It has come: the next signal ends the process.
    again: Arc<AtomicBool>,
}

impl Ending {
    /// Catches the signals, and with `input` watches standard input, too.
    pub fn new(input: bool) -> io::Result<Ending> {
        let again = Arc::new(AtomicBool::new(false));
        for signal in SIGNALS {
            signal_hook::flag::register_conditional_shutdown(signal, 1, again.clone())?;
        }
        // A mail that makes a file larger than the system lets it be is refused, and does not end the server.
        #[cfg(unix)]
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
        let (tell, came) = channel();
        let told = tell.clone();
        let mut signals = Signals::new()?;
        thread("helo-signals", move || {
            signals.wait();
            let _ = told.send(());
        })?;
        if input {
            let told = tell.clone();
            thread("helo-input", move || {
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                let _ = told.send(());
            })?;
        }
        Ok(Ending { came, _tell: tell, again })
    }

    /// Waits for the first.
    pub fn wait(&self) {
        let _ = self.came.recv();
        self.again.store(true, Ordering::SeqCst);
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

#[cfg(unix)]
struct Signals(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        signal_hook::iterator::Signals::new(SIGNALS).map(Signals)
    }

    fn wait(&mut self) {
        let _ = self.0.forever().next();
    }
}

/// Windows has nothing to wait on: one looks now and then.
#[cfg(not(unix))]
struct Signals(Arc<AtomicBool>);

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in SIGNALS {
            signal_hook::flag::register(signal, came.clone())?;
        }
        Ok(Signals(came))
    }

    fn wait(&mut self) {
        while !self.0.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}
