//! Where a trace is written to: a file, or the program's standard error.

use super::journal::Journal;
use std::io;
use std::path::Path;

/// What takes the lines of a trace.
#[derive(Debug)]
pub(super) enum Place {
    File(Journal),
    /// Standard error, which may be a pipe: who does not read it, or has closed it, must not hold up or end the program.
    Standard {
        /// Lines that were not written, since nobody reads.
        lost: u64,
    },
}

impl Place {
    /// Opens the file; `None` stands for standard error.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Place> {
        let Some(path) = path else { return Ok(Place::Standard { lost: 0 }) };
        let mut old = path.to_owned().into_os_string();
        old.push(".old");
        Ok(Place::File(Journal::open(path, Path::new(&old))?))
    }

    /// Adds whole lines.
    pub(super) fn write(&mut self, lines: &str) -> io::Result<()> {
        match self {
            Place::File(journal) => journal.write(lines.as_bytes()),
            Place::Standard { lost } => lines.split_inclusive('\n').try_for_each(|line| standard(line, lost)),
        }
    }

    /// Goes on in a new file if this one was taken away meanwhile.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        match self {
            Place::File(journal) => journal.refresh(),
            Place::Standard { .. } => Ok(()),
        }
    }
}

/// A line to standard error, if it takes one.
fn standard(line: &str, lost: &mut u64) -> io::Result<()> {
    use std::io::Write;
    if !is_ready(*lost == 0)? {
        *lost += 1;
        return Ok(());
    }
    let mut to = io::stderr().lock();
    let missing = match std::mem::take(lost) {
        0 => String::new(),
        lost => format!("... {lost} lines of the trace were not taken\n"),
    };
    to.write_all(format!("{missing}{line}").as_bytes())
}

/// Whether a line can be written without waiting and without a signal that would end the program.
#[cfg(unix)]
fn is_ready(patient: bool) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = io::stderr();
    let mut places = [PollFd::new(&stderr, PollFlags::OUT)];
    let patience = Timespec { tv_sec: 0, tv_nsec: if patient { 200_000_000 } else { 0 } };
    match poll(&mut places, Some(&patience)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(false),
        Ok(_) => {}
        Err(why) => return Err(why.into()),
    }
    let seen = places.first().map_or(PollFlags::empty(), PollFd::revents);
    if seen.intersects(PollFlags::ERR | PollFlags::NVAL) {
        return Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads it any more"));
    }
    Ok(seen.contains(PollFlags::OUT))
}

#[cfg(not(unix))]
fn is_ready(_: bool) -> io::Result<bool> {
    Ok(true)
}
