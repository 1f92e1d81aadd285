//! A program that is told a line and answers with a line, again and again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running program; dropping it ends its input and waits for its end.
pub struct Pipe {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Pipe {
    pub fn start(command: &mut Command) -> Pipe {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("piped"));
        Pipe { child, input, output: BufReader::new(output) }
    }

    /// Tells it a line and waits for its answer; empty when it has ended.
    pub fn ask(&mut self, line: &str) -> String {
        let mut answer = String::new();
        if let Some(input) = &mut self.input {
            // One that has ended does not read; that it does not answer either says enough.
            let _ = writeln!(input, "{line}");
            self.output.read_line(&mut answer).expect("a line");
        }
        answer.trim_end_matches('\n').to_owned()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.child.wait();
    }
}
