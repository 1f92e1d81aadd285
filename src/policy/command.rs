//! Commands that say a password or a token: the shell runs them, without input, in bounded time.

use std::io::{self, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a command may take. Some ask the user for the key of a password store.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// What a command may say: more than any password or token is.
const OUTPUT_MAX: usize = 64 * 1024;

/// How much of its complaints is kept, in octets, and shown, in characters.
const COMPLAINT_MAX: usize = 2048;
const COMPLAINT_SHOWN: usize = 300;

/// So many commands may be at work, those included that were given up and whose descendants still hold their output.
const COMMANDS_MAX: usize = 16;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A pipe of a command has been read to its end.
enum Ended {
    Output(io::Result<Zeroizing<Vec<u8>>>),
    Complaints(Vec<u8>),
}

/// How long the complaints of a command that has failed are waited for; something that it has started may hold them.
const COMPLAINT_PATIENCE: Duration = Duration::from_millis(200);

/// What a command says, wiped after use; or why not, in words that follow "the command".
///
/// On Unix it is run by `/bin/sh -c`, on Windows by `cmd /C`, in the folder and with the environment of this process. At
/// the limit it is ended, on Unix with all that it has started.
pub(super) fn run(command: &str, limit: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let deadline = Instant::now() + limit;
    let place = Place::take().ok_or("is not run: too many others have not ended yet")?;
    let mut shell = shell(command);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = shell.spawn().map_err(|why| format!("cannot be run: {why}"))?;
    let mut running = Running { child, ended: false };
    let (sender, receiver) = channel();
    if let (Some(output), Some(complaints)) = (running.child.stdout.take(), running.child.stderr.take()) {
        readers(output, complaints, sender, place).map_err(|why| format!("cannot be listened to: {why}"))?;
    }
    let mut complaints = None;
    let output = loop {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ended::Output(output)) => break output.map_err(|why| format!("cannot be listened to: {why}"))?,
            Ok(Ended::Complaints(early)) => complaints = Some(early),
            Err(RecvTimeoutError::Timeout) => return Err(too_slow(limit, complaints)),
            Err(RecvTimeoutError::Disconnected) => return Err("cannot be listened to".to_owned()),
        }
    };
    if output.len() > OUTPUT_MAX {
        return Err(format!("says more than {} KiB", OUTPUT_MAX / 1024));
    }
    let Some(status) = running.wait(deadline) else { return Err(too_slow(limit, complaints)) };
    if status.good(!output.is_empty()) {
        return Ok(output);
    }
    if complaints.is_none()
        && let Ok(Ended::Complaints(late)) = receiver.recv_timeout(COMPLAINT_PATIENCE)
    {
        complaints = Some(late);
    }
    Err(format!("has failed ({status}){}", shown(complaints)))
}

fn too_slow(limit: Duration, complaints: Option<Vec<u8>>) -> String {
    format!("has not ended within {} s and was stopped{}", limit.as_secs_f32(), shown(complaints))
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut shell = Command::new("/bin/sh");
    // A group of its own, so that it can be ended with all that it starts.
    shell.arg("-c").arg(command).process_group(0);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut shell = Command::new("cmd.exe");
    // As it stands: cmd has rules of its own for quotes. /D: nothing that the registry would have run first.
    shell.raw_arg(format!("/D /S /C \"{command}\"")).creation_flags(CREATE_NO_WINDOW);
    shell
}

/// One of the commands that may be at work.
struct Place;

impl Place {
    fn take() -> Option<Place> {
        let taken = RUNNING.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < COMMANDS_MAX).then_some(n + 1));
        taken.ok().map(|_| Place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How a command has ended.
enum Status {
    Known(ExitStatus),
    /// The program around us has asked the system first, and only one is told.
    Unknown,
}

impl Status {
    /// Whether what it has said may be believed.
    fn good(&self, said_something: bool) -> bool {
        match self {
            Status::Known(status) => status.success(),
            Status::Unknown => said_something,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Status::Known(status) => write!(f, "{status}"),
            Status::Unknown => f.write_str("how is not known"),
        }
    }
}

/// A command at work; ended and forgotten by the system when dropped.
struct Running {
    child: Child,
    ended: bool,
}

impl Running {
    /// Waits for its end, which normally has come when its output has ended; `None` at the deadline.
    fn wait(&mut self, deadline: Instant) -> Option<Status> {
        let mut pause = Duration::from_millis(1);
        loop {
            let status = match self.child.try_wait() {
                Ok(None) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    thread::sleep(pause.min(left));
                    pause = (pause * 2).min(Duration::from_millis(50));
                    continue;
                }
                Ok(Some(status)) => Status::Known(status),
                Err(_) => Status::Unknown,
            };
            self.ended = true;
            return Some(status);
        }
    }

    #[cfg(unix)]
    fn kill_all(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Not yet waited for, so the number is still its own.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_all(&mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.kill_all();
            let _ = self.child.wait();
        }
    }
}

/// Reads both pipes on threads of their own: whoever inherits them can keep them open for longer than anybody waits.
fn readers(output: ChildStdout, complaints: ChildStderr, sender: Sender<Ended>, place: Place) -> io::Result<()> {
    let to = sender.clone();
    let both = Arc::new(place);
    let other = both.clone();
    crate::net::thread::named("helo command").spawn(move || {
        // In its full size from the start: growing would leave copies behind.
        let mut said = Zeroizing::new(Vec::with_capacity(OUTPUT_MAX + 1));
        let read = output.take(OUTPUT_MAX as u64 + 1).read_to_end(&mut said);
        let _ = to.send(Ended::Output(read.map(|_| said)));
        drop(both);
    })?;
    crate::net::thread::named("helo command").spawn(move || {
        let mut said = Vec::new();
        let mut complaints = complaints;
        let _ = complaints.by_ref().take(COMPLAINT_MAX as u64).read_to_end(&mut said);
        // The rest is let go: a command that complains at length is not held up by it.
        let _ = io::copy(&mut complaints, &mut io::sink());
        let _ = sender.send(Ended::Complaints(said));
        drop(other);
    })?;
    Ok(())
}

/// The end of an error text: what the command has complained of, in one line.
fn shown(complaints: Option<Vec<u8>>) -> String {
    let complaints = complaints.unwrap_or_default();
    let text = String::from_utf8_lossy(&complaints);
    let line: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(COMPLAINT_SHOWN).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
