//! helo-server: a small mail server over the library. `helo-server --help` says what it can; docs/helo-server.md more.

mod journal;
mod limits;
mod options;
mod signals;

use helo::server::Server;
use helo::server::settings::Own;
use journal::Journal;
use options::{Asked, Options};
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Sessions have no longer to finish their mail when the system is about to end the process: the rest is for saying so.
const SOON: Duration = Duration::from_secs(4);

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
    limits::save_addresses();
    let ending =
        signals::Ending::new(options.end_with_input).map_err(|why| format!("signals cannot be waited for: {why}"))?;
    limits::raise();
    let journal = match &options.log {
        _ if options.quiet => Journal::none(),
        None => Journal::stderr(),
        Some(path) => Journal::file(path).map_err(|why| format!("the log {}: {why}", path.display()))?,
    };
    let served = serve(options, &journal, &ending);
    journal.end();
    served
}

fn serve(options: &Options, journal: &Journal, ending: &signals::Ending) -> Result<(), String> {
    let setup = options.settings.setup(Own { log: Some(Arc::new(journal.clone())), ..Own::default() })?;
    let listens = options.settings.listens(&setup)?;
    let server = Server::start(&listens, setup.limits)?;
    announce(journal, &server);
    // A log in a file may be moved away; without one SIGHUP says that whoever reads it has gone.
    let mut told = ending.wait();
    while told == signals::Told::HangUp && journal.is_file() {
        journal.reopen();
        journal.line("the log was opened anew");
        told = ending.wait();
    }
    ending.begin_end();
    let stop_within = match told {
        signals::Told::EndSoon => options.stop_within.min(SOON),
        _ => options.stop_within,
    };
    journal.line("stopping: no new connections, sessions end when their mail is answered");
    if !server.stop(stop_within) {
        journal.line("a disk, a login or the next server has not answered in time: it is not waited for any longer");
    }
    let left = match setup.in_memory() {
        0 => String::new(),
        count => format!("; {count} mails that were in memory are gone"),
    };
    journal.line(&format!("stopped{left}"));
    Ok(())
}

/// Tells whoever started it where it listens, with the ports that it got.
fn announce(journal: &Journal, server: &Server) {
    let mut text = String::new();
    for opened in server.listening() {
        text.push_str(&format!("listening: {} {}\n", opened.protocol(), opened.place));
    }
    text.push_str("ready\n");
    let mut out = std::io::stdout();
    // Nobody may be reading; the journal has it, too.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    text.lines().for_each(|line| journal.line(line));
}
