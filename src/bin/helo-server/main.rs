//! helo-server: a small mail server over the library. `helo-server --help` says what it can; docs/helo-server.md more.

mod access;
mod journal;
mod options;
mod setup;
mod signals;
mod users;

use helo::server::Server;
use options::{Asked, Options};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::from_command_line(std::env::args_os().skip(1)) {
        Ok(Asked::Serve(options)) => *options,
        Ok(Asked::Show(text)) => {
            // A reader that has seen enough of it has gone.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(why) => return fail(&why, 2),
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why, 1),
    }
}

fn fail(why: &str, code: u8) -> ExitCode {
    eprintln!("helo-server: {why}");
    ExitCode::from(code)
}

fn run(options: &Options) -> Result<(), String> {
    let ending =
        signals::Ending::new(options.end_with_input).map_err(|why| format!("signals cannot be waited for: {why}"))?;
    setup::raise_descriptors();
    let setup = setup::Setup::new(options)?;
    let server = Server::start(&setup.listens, setup.limits)?;
    announce(&setup, &server);
    ending.wait();
    setup.journal.line("stopping: no new connections, sessions end when their mail is answered");
    server.stop(options.stop_within);
    setup.journal.line(&format!("stopped{}", setup.left_behind()));
    Ok(())
}

/// Tells whoever started it where it listens, with the ports that it got.
fn announce(setup: &setup::Setup, server: &Server) {
    let mut text = String::new();
    for (listen, place) in setup.listens.iter().zip(server.places()) {
        let kind = match (listen.service.dialogue.lmtp, listen.implicit_tls) {
            (false, false) => "smtp",
            (false, true) => "smtps",
            (true, false) => "lmtp",
            (true, true) => "lmtps",
        };
        text.push_str(&format!("listening: {kind} {place}\n"));
    }
    text.push_str("ready\n");
    let mut out = std::io::stdout();
    // Nobody may be reading; the journal has it, too.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    text.lines().for_each(|line| setup.journal.line(line));
}
