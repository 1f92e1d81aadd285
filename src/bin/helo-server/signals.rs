//! What the server is told by signals: SIGTERM or SIGINT ends it, the first in order and the second at once, as does the
//! end of standard input; SIGHUP is for the log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

const SIGNALS: [i32; 2] = [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT];

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    End,
    /// SIGHUP: the terminal is gone, or the log was moved away.
    #[cfg_attr(not(unix), allow(dead_code))] // Windows has none
    HangUp,
}

/// What is waited for, from now on.
pub struct Ending {
    came: Receiver<Told>,
    /// Kept so that the wait does not end because nobody is left to end it.
    _tell: Sender<Told>,
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
        // A log that is as large as the system lets it be does not end the server.
        #[cfg(unix)]
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
        let (tell, came) = channel();
        let told = tell.clone();
        let mut signals = Signals::new()?;
        thread("helo-signals", move || while told.send(signals.wait()).is_ok() {})?;
        if input {
            let told = tell.clone();
            thread("helo-input", move || {
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                let _ = told.send(Told::End);
            })?;
        }
        Ok(Ending { came, _tell: tell, again })
    }

    /// Waits for the next.
    pub fn wait(&self) -> Told {
        self.came.recv().unwrap_or(Told::End)
    }

    /// From now on SIGTERM and SIGINT end the process at once.
    pub fn begin_end(&self) {
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
        let all = SIGNALS.into_iter().chain([signal_hook::consts::SIGHUP]);
        signal_hook::iterator::Signals::new(all).map(Signals)
    }

    fn wait(&mut self) -> Told {
        match self.0.forever().next() {
            Some(signal_hook::consts::SIGHUP) => Told::HangUp,
            _ => Told::End,
        }
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

    fn wait(&mut self) -> Told {
        while !self.0.swap(false, Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Told::End
    }
}
