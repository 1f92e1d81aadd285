//! What the server is told by signals: SIGTERM or SIGINT ends it, the first in order and the second at once, as does the
//! end of standard input; SIGHUP is for what may be another now: log, certificate, users. On Windows the console tells: Ctrl-C, Ctrl-Break, its end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

#[cfg(unix)]
const SIGNALS: [i32; 2] = [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT];

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    End,
    /// The console, the user's session or the system goes, and in some five seconds it takes the process along.
    #[cfg_attr(not(windows), allow(dead_code))] // others wait
    EndSoon,
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
        let (tell, came) = channel();
        watch(&again, tell.clone())?;
        if input {
            let told = tell.clone();
            thread("helo-input", move || {
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                let _ = told.send(Told::End);
            })?;
        }
        Ok(Ending { came, _tell: tell, again })
    }

    /// Waits for the next, or for so long.
    pub fn wait(&self, limit: Option<Duration>) -> Option<Told> {
        match limit {
            None => Some(self.came.recv().unwrap_or(Told::End)),
            Some(limit) => match self.came.recv_timeout(limit) {
                Ok(told) => Some(told),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Told::End),
            },
        }
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
fn watch(again: &Arc<AtomicBool>, tell: Sender<Told>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGXFSZ};
    for signal in SIGNALS {
        signal_hook::flag::register_conditional_shutdown(signal, 1, again.clone())?;
    }
    // A log that is as large as the system lets it be does not end the server.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    let mut signals = signal_hook::iterator::Signals::new(SIGNALS.into_iter().chain([SIGHUP]))?;
    let mut next = move || match signals.forever().next() {
        Some(SIGHUP) => Told::HangUp,
        _ => Told::End,
    };
    thread("helo-signals", move || while tell.send(next()).is_ok() {})
}

#[cfg(windows)]
fn watch(again: &Arc<AtomicBool>, tell: Sender<Told>) -> io::Result<()> {
    use helo::capi::console;
    let again = again.clone();
    console::watch(move |told| {
        let told = match told {
            // A second key ends it at once; of the end of the session there is no second one.
            console::Told::Key if again.load(Ordering::SeqCst) => return true,
            console::Told::Key => Told::End,
            console::Told::Going => Told::EndSoon,
        };
        tell.send(told).is_err()
    })
}
