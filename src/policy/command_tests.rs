#![cfg(unix)]

use super::*;

const LONG: Duration = Duration::from_secs(30);

fn said(command: &str) -> Result<String, String> {
    run(command, LONG).map(|octets| String::from_utf8(octets.to_vec()).unwrap())
}

#[test]
fn the_shell_runs_it_without_input() {
    assert_eq!(said("echo secret").as_deref(), Ok("secret\n"));
    assert_eq!(said("printf '%s' \"$((40 + 2))\"; cat").as_deref(), Ok("42"));
}

#[test]
fn a_failure_shows_its_complaints_and_never_what_it_said() {
    let words = said("echo wonderland; echo 'no such\tentry' >&2; exit 3").unwrap_err();
    assert!(words.contains("exit status: 3") && words.ends_with(": no such entry"), "{words}");
    assert!(!words.contains("wonderland"), "{words}");
    let words = said("yes complaint | head -c 100000 >&2; exit 1").unwrap_err();
    assert!(words.contains("complaint") && words.len() < 400, "{words}");
    assert!(said("kill -9 $$").unwrap_err().contains("signal: 9"));
    assert!(said("exit 1").unwrap_err().ends_with("(exit status: 1)"));
}

#[test]
fn what_does_not_end_is_stopped_with_all_that_it_started() {
    // The pipe to the second process ends only when that has ended as well.
    let began = Instant::now();
    let words = run("sleep 600 & sleep 600", Duration::from_millis(100)).unwrap_err();
    assert!(words.contains("has not ended within 0.1 s"), "{words}");
    assert!(began.elapsed() < LONG);
    // Output ended, but the process has not.
    let words = run("exec >&- 2>&-; sleep 600", Duration::from_millis(100)).unwrap_err();
    assert!(words.contains("has not ended"), "{words}");
}

#[test]
fn something_left_behind_with_its_complaints_holds_nobody_up() {
    let began = Instant::now();
    assert_eq!(said("sleep 5 >/dev/null & echo token").as_deref(), Ok("token\n"));
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_says_too_much_is_stopped() {
    let words = said("yes").unwrap_err();
    assert!(words.contains("says more than 64 KiB"), "{words}");
}
