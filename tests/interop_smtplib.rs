//! CPython's own cases for a client of SMTP (`test.test_smtplib`) against the Python package: `tests/interop/smtplib/`
//! has the adapter, and the table of what does not apply.

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use support::{cc, skip};

/// At least so many cases apply; fewer would mean that the table or the search has gone wrong.
const CASES: usize = 45;

#[test]
fn cases_of_cpython_pass() {
    let test = "CPython's cases for smtplib";
    if !skip::have_file(test, "target/venv/ready") {
        return;
    }
    let python = cc::root().join("target/venv/bin/python");
    let probe = cc::run(Command::new(&python).args(["-c", "import test.test_smtplib"]), Duration::from_secs(60));
    if !probe.status.is_some_and(|status| status.success()) {
        let why = probe.stderr.lines().last().unwrap_or_default().to_owned();
        skip::skip(test, &format!("{why} (scripts/setup-tests.sh, as root, installs it)"));
        return;
    }
    let library = std::env::var_os("HELO_LIBRARY").map_or_else(cc::shared_library, Into::into);
    let mut command = Command::new(&python);
    command.arg(cc::root().join("tests/interop/smtplib/cases.py"));
    command.env("HELO_LIBRARY", library).env("PYTHONPATH", cc::root().join("python"));
    // Without a policy, be there one on this machine.
    command.env("HELO_CONFIG", Path::new("/dev/null")).env("PYTHONDONTWRITEBYTECODE", "1");
    let outcome = cc::run(&mut command, Duration::from_secs(300));
    outcome.expect_success(test);
    let ran = outcome.stdout.lines().find_map(|line| line.strip_prefix("ran ")?.strip_suffix(" cases")?.parse().ok());
    assert!(ran.is_some_and(|count: usize| count >= CASES), "{ran:?} cases ran");
}
