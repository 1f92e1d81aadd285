//! What the console of Windows tells a program: keys, its window, the end of the user's session.

use std::io;
use std::sync::OnceLock;

/// What the console has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Ctrl-C or Ctrl-Break: the program ends in its own time.
    Key,
    /// The window is closed, the user logs off, the system goes down: it ends the process in a few seconds, done or not.
    Going,
}

/// Whether the system is to end the process now, as it does without a handler.
pub type EndNow = bool;

static TELL: OnceLock<Box<dyn Fn(Told) -> EndNow + Send + Sync>> = OnceLock::new();

const CTRL_C: u32 = 0;
const CTRL_BREAK: u32 = 1;
const LOGOFF: u32 = 5;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn SetConsoleCtrlHandler(handler: Option<unsafe extern "system" fn(u32) -> i32>, add: i32) -> i32;
    fn GetCurrentProcessId() -> u32;
    fn ProcessIdToSessionId(process: u32, session: *mut u32) -> i32;
}

/// Has `tell` called on a thread of the system at each event, from now on and for good; the first who asks is told.
pub fn watch(tell: impl Fn(Told) -> EndNow + Send + Sync + 'static) -> io::Result<()> {
    if TELL.set(Box::new(tell)).is_err() {
        return Err(io::Error::other("the console is watched already"));
    }
    // SAFETY: the function is there as long as the process.
    match unsafe { SetConsoleCtrlHandler(Some(handler), 1) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

unsafe extern "system" fn handler(event: u32) -> i32 {
    let Some(tell) = TELL.get() else { return 0 };
    match event {
        CTRL_C | CTRL_BREAK => i32::from(!tell(Told::Key)),
        // A service is told of every user who goes; it stays.
        LOGOFF if is_service() => 1,
        _ => {
            if tell(Told::Going) {
                return 0;
            }
            // The system ends the process when this returns. The end of `main` comes first, if there is time for it.
            loop {
                std::thread::park();
            }
        }
    }
}

/// Services have a session without a user.
fn is_service() -> bool {
    let mut session = u32::MAX;
    // SAFETY: the number is ours.
    unsafe { ProcessIdToSessionId(GetCurrentProcessId(), &mut session) != 0 && session == 0 }
}
