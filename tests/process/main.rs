//! The library in processes as old programs live in them: they fork, unload it, end in callbacks, and are interrupted by
//! signals. The C programs beside this file do it; `docs/processes.md` says what holds.
#![cfg(unix)]

#[path = "../support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use support::cc::{self, Link, Program};
use support::sink::{Options, Sink};

/// How often something is done: what a variable of the environment says, else `usual`.
fn count(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The program of one of the sources beside this file, linked with the shared library.
fn program(name: &str) -> Program {
    Program::new(cc::root().join(format!("tests/process/{name}.c")))
        .headers("distinct")
        .headers("helo")
        .include(&cc::root().join("tests/process"))
}

/// Runs it against a server that takes everything.
#[track_caller]
fn run(program: PathBuf, arguments: &[&str], limit: Duration) {
    let sink = Sink::start(Options::default());
    let mut command = Command::new(&program);
    command.arg(sink.address().ip().to_string()).arg(sink.address().port().to_string()).args(arguments);
    command.env("HELO_CONFIG", "/dev/null");
    cc::run(&mut command, limit).expect_success(&format!("{} {arguments:?}", program.display()));
}

/// `make check-fork` sets the number higher.
#[test]
fn children_of_fork_use_the_library_at_any_moment() {
    let children = count("HELO_FORKS", 300);
    let limit = Duration::from_secs(120) + Duration::from_millis(50) * children;
    run(program("fork").build(), &[&children.to_string()], limit);
}

#[test]
fn children_of_fork_use_the_static_library() {
    run(program("fork").link(Link::Static).build(), &["60"], Duration::from_secs(120));
}

/// The library on its way out while its threads are at work; and a library without threads, which really goes.
#[test]
fn the_library_is_unloaded_after_each_mail() {
    let program =
        program("unload").link(Link::Others).argument("-rdynamic").argument("-ldl").argument("-lpthread").build();
    let library = cc::shared_library().display().to_string();
    let cycles = count("HELO_UNLOADS", 1000).to_string();
    run(program.clone(), &[&library, &cycles, "busy"], Duration::from_secs(300));
    // More than a process has keys for thread-local memory, were one left behind at each.
    run(program, &[&library, "1200", "quiet"], Duration::from_secs(300));
}

#[test]
fn signals_interrupt_no_call() {
    run(program("signals").build(), &[], Duration::from_secs(120));
}

const PLACES: [&str; 6] = ["debug", "data", "status", "result", "trace", "yield"];

#[test]
fn exit_in_a_callback_ends_the_process() {
    let program = program("ends").build();
    for place in PLACES {
        let status = end(&program, "exit", place).status;
        assert_eq!(status.and_then(|status| status.code()), Some(7), "in the {place} callback: {status:?}");
    }
}

/// What cannot work has a clear end: no callback may leave by unwinding the library's frames.
#[test]
fn pthread_exit_in_a_callback_ends_the_process_with_words() {
    use std::os::unix::process::ExitStatusExt;
    let program = program("ends").build();
    for place in PLACES {
        let outcome = end(&program, "pthread_exit", place);
        let signal = outcome.status.and_then(|status| status.signal());
        assert_eq!(signal, Some(6), "in the {place} callback: {outcome:?}");
        assert!(outcome.stderr.contains("did not return"), "in the {place} callback: {outcome:?}");
    }
}

#[test]
fn longjmp_out_of_a_callback_leaves_only_its_handle_busy() {
    let program = program("ends").build();
    for place in ["debug", "data", "result", "trace", "yield"] {
        end(&program, "longjmp", place).expect_success(&format!("longjmp in the {place} callback"));
    }
}

/// The child comes back from the callback into a call on its parent's connection.
#[test]
fn a_child_forked_in_a_callback_leaves_the_parents_connection_alone() {
    let program = program("ends").build();
    for place in ["debug", "data", "result", "trace", "yield"] {
        end(&program, "fork", place).expect_success(&format!("fork in the {place} callback"));
    }
}

#[test]
fn a_cancelled_thread_ends_after_its_call() {
    end(&program("ends").build(), "cancel", "-").expect_success("pthread_cancel");
}

fn end(program: &std::path::Path, what: &str, place: &str) -> cc::Outcome {
    let sink = Sink::start(Options::default());
    let mut command = Command::new(program);
    command.arg(sink.address().ip().to_string()).arg(sink.address().port().to_string()).args([what, place]);
    command.env("HELO_CONFIG", "/dev/null");
    cc::run(&mut command, Duration::from_secs(40))
}
