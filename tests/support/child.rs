//! Tests of what a process gets from its environment run in a process of their own, which is this test program again.

use std::process::{Command, Output};

/// Set in the child, so that a test knows where it is.
const MARK: &str = "HELO_TEST_CHILD";

/// Whether this process was started by [`run`].
pub fn is_this() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs one test of this program, named with its modules, in a process with these variables. Panics unless it passes.
#[track_caller]
pub fn run(test: &str, variables: &[(&str, &std::ffi::OsStr)]) -> Output {
    let program = std::env::current_exe().expect("this program's path");
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture"]).env(MARK, "1").env_remove("HELO_LOG_DIR");
    command.envs(variables.iter().copied());
    let output = command.output().expect("the test program runs again");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{test}:\n{said}\n{complained}");
    output
}
