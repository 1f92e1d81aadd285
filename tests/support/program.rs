//! helo-server as a process, which ends when the test does, however that ends: it watches its standard input.

use super::installed;
use super::raw::Raw;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

/// The program, running.
pub struct Program {
    pub child: Child,
    input: Option<ChildStdin>,
    /// What it said it listens at: the kind and the place.
    pub places: Vec<(String, String)>,
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(installed::program("helo-server", env!("CARGO_BIN_EXE_helo-server")));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end, which must come at once.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("helo-server runs")
}

impl Program {
    /// Starts it and waits until it is ready. Panics with what it said when it does not get there.
    #[track_caller]
    pub fn start(arguments: &[&str]) -> Program {
        Program::start_by(command(&[&["--end-with-input"], arguments].concat()))
    }

    /// The same with at most so many open files.
    #[track_caller]
    pub fn start_with_descriptors(count: usize, arguments: &[&str]) -> Program {
        let limit = format!("ulimit -n {count} && exec \"$0\" \"$@\"");
        Program::start_under(&["sh", "-c", &limit], arguments)
    }

    /// The same by a program that runs it and hands its input and output on, such as `strace`: its arguments stand before
    /// the command line.
    #[track_caller]
    pub fn start_under(before: &[&str], arguments: &[&str]) -> Program {
        let program = command(&[&["--end-with-input"], arguments].concat());
        let mut other = Command::new(before[0]);
        other.args(&before[1..]).arg(program.get_program()).args(program.get_args());
        other.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Program::start_by(other)
    }

    /// The same by a command that becomes it.
    #[track_caller]
    pub fn start_by(mut command: Command) -> Program {
        let mut child = command.spawn().expect("helo-server runs");
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut places = Vec::new();
        loop {
            let mut line = String::new();
            output.read_line(&mut line).expect("text");
            if line == "ready\n" {
                return Program { child, input, places };
            }
            let Some((kind, place)) = line.trim_end().strip_prefix("listening: ").and_then(|rest| rest.split_once(' '))
            else {
                let mut said = String::new();
                let _ = child.stderr.take().expect("piped").read_to_string(&mut said);
                let _ = child.wait();
                panic!("helo-server did not get ready: {line}{said}");
            };
            places.push((kind.to_owned(), place.to_owned()));
        }
    }

    /// The first address of this kind: `smtp`, `smtps`, `lmtp`.
    #[track_caller]
    pub fn address(&self, kind: &str) -> SocketAddr {
        let place = self.places.iter().find(|place| place.0 == kind).expect("it listens there");
        place.1.parse().expect("an address")
    }

    /// A client that was greeted and has said EHLO.
    #[track_caller]
    pub fn client(&self) -> Raw {
        Raw::greeted(self.address("smtp"))
    }

    /// Ends it in order and waits: whether it ended well, and its log.
    pub fn stop(mut self) -> (bool, String) {
        drop(self.input.take());
        self.ended()
    }

    /// Waits for its end: whether it ended well, and its log.
    pub fn ended(mut self) -> (bool, String) {
        let mut log = String::new();
        let _ = self.child.stderr.take().expect("piped").read_to_string(&mut log);
        let status = self.child.wait().expect("a child");
        (status.success(), log)
    }

    /// Sends it a signal, by `kill`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
