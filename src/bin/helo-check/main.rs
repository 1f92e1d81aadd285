//! `helo-check`: reads the policy the way the library does and says what would happen to a program's mail; with `--try`
//! it connects, encrypts, logs in, and shows the dialogue without its secrets. docs/helo-check.md is its page.

/// Prints a line. Where nobody reads any more there is nobody to tell.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}

mod arguments;
mod attempt;
mod plan;
mod warnings;

use arguments::{Action, Arguments, HELP};
use helo::capi::rights;
use helo::client::words::{Concerning, Context};
use helo::error::{Cause, Error};
use helo::policy::Policy;
use std::process::ExitCode;

/// Everything is as it should be.
const OK: u8 = 0;
/// The policy is wrong, or cannot work for this program.
const BAD_POLICY: u8 = 1;
/// The call of this program is wrong.
const BAD_USAGE: u8 = 2;
/// The attempt failed.
const FAILED: u8 = 3;

fn main() -> ExitCode {
    let code = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Action::Help) => show(HELP),
        Ok(Action::Version) => show(concat!("helo-check ", env!("CARGO_PKG_VERSION"))),
        Ok(Action::Check(arguments)) => check(&arguments),
        Err(words) => {
            eprintln!("helo-check: {words}\nTry helo-check --help.");
            BAD_USAGE
        }
    };
    ExitCode::from(code)
}

fn show(words: &str) -> u8 {
    say!("{words}");
    OK
}

/// The check itself: the plan, what is to be warned of, and the attempt if one is wanted.
fn check(arguments: &Arguments) -> u8 {
    plan::print_sources(arguments.config.as_deref());
    if let Some(file) = &arguments.config
        && let Err(why) = Policy::choose_file(file, rights())
    {
        return wrong_policy(&why.to_string());
    }
    let plan = match plan::Plan::make(arguments) {
        Ok(plan) => plan,
        Err(error) if error.cause == Cause::BadArgument => {
            eprintln!("helo-check: {}", printable(&error.detail));
            return BAD_USAGE;
        }
        Err(error) => return wrong_policy(&error.detail),
    };
    plan.print();
    let found = warnings::of(&plan);
    for warning in &found {
        say!("\n{}: {}", if warning.fatal { "ERROR" } else { "warning" }, warning.words);
    }
    if found.iter().any(|warning| warning.fatal) {
        return BAD_POLICY;
    }
    let Some(attempt) = &arguments.attempt else {
        say!(
            "\nNothing was sent. With --try the connection is made and the login tried, with --from and --to the addresses."
        );
        return OK;
    };
    if attempt::run(plan, attempt) { OK } else { FAILED }
}

fn wrong_policy(words: &str) -> u8 {
    say!("\nERROR: {}", printable(words));
    say!("As long as it is so, every call that would connect fails with these words. Nothing was sent.");
    BAD_POLICY
}

/// Says what failed, whom it concerns, and what to try next.
fn failed(context: &Context, error: &Error, concerning: Concerning<'_>) {
    say!("\nFAILED: {}", printable(&context.facts(error, concerning)));
    say!("Try next: {}", context.advice(&error.into()));
}

/// A text from outside as it may stand on a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
