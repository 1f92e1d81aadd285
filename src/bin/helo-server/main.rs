//! helo-server: a small mail server over the library. `helo-server --help` says what it can; docs/helo-server.md more.

mod account;
mod journal;
mod limits;
mod make_user;
mod options;
mod signals;
mod status;
mod systemd;

use helo::server::Server;
use helo::server::settings::{Handed, Opened, Own, Setup};
use journal::Journal;
use options::{Asked, Options};
use signals::{Ending, Told};
use status::Status;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use systemd::News;

/// Sessions have no longer to finish their mail when the system is about to end the process: the rest is for saying so.
const SOON: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    let options = match Options::from_command_line(std::env::args_os().skip(1)) {
        Ok(Asked::Serve(options)) => *options,
        Ok(Asked::Check(options)) => {
            return match check(&options) {
                Ok(()) => {
                    let _ = std::io::stdout().write_all(b"the configuration is in order\n");
                    ExitCode::SUCCESS
                }
                Err(why) => fail(&why, 1),
            };
        }
        Ok(Asked::MakeUser(name)) => {
            return match make_user::line(&name) {
                Ok(line) => {
                    let _ = std::io::stdout().write_all(line.as_bytes());
                    ExitCode::SUCCESS
                }
                Err(why) => fail(&why, 1),
            };
        }
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

/// Everything that can be seen to be wrong without listening and without making a folder.
fn check(options: &Options) -> Result<(), String> {
    options.settings.check_addresses()?;
    options.settings.setup(Own { check: true, ..Own::default() }).map(drop)
}

fn run(options: &Options) -> Result<(), String> {
    limits::save_addresses();
    let ending = Ending::new(options.end_with_input).map_err(|why| format!("signals cannot be waited for: {why}"))?;
    limits::raise();
    let mut handed = systemd::sockets()?;
    let opened = options.settings.open(&mut handed)?;
    if let Some(user) = &options.user {
        account::become_user(user)?;
    }
    let journal = match &options.log {
        _ if options.quiet => Journal::none(),
        None => Journal::stderr(),
        Some(path) => Journal::file(path).map_err(|why| format!("log: {}: {why}", path.display()))?,
    };
    let served = serve(options, opened, &handed, &journal, &ending);
    journal.end();
    served
}

fn serve(
    options: &Options,
    opened: Vec<Opened>,
    handed: &Handed,
    journal: &Journal,
    ending: &Ending,
) -> Result<(), String> {
    let setup = options.settings.setup(Own { log: Some(Arc::new(journal.clone())), ..Own::default() })?;
    let server = setup.serve(opened, setup.limits)?;
    for name in handed.left() {
        journal
            .line(&format!("the socket {name} that systemd handed over is for no key: write listen = systemd:{name}"));
    }
    announce(journal, &server);
    systemd::tell(News::Ready);
    let told = until_the_end(options, ending, journal, &setup, &server);
    ending.begin_end();
    let stop_within = match told {
        Told::EndSoon => options.stop_within.min(SOON),
        Told::End | Told::HangUp => options.stop_within,
    };
    systemd::tell(News::Stopping);
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

/// Until it is told to end: by what.
fn until_the_end(options: &Options, ending: &Ending, journal: &Journal, setup: &Setup, server: &Server) -> Told {
    let mut status = options.status.as_deref().map(Status::new);
    let told = loop {
        if let Some(why) = status.as_mut().and_then(|status| status.write(&server.status())) {
            journal.line(&why);
        }
        match ending.wait(status.is_some().then_some(status::EVERY)) {
            None => {}
            Some(told @ (Told::End | Told::EndSoon)) => break told,
            // Whoever reads the log has gone, where there is nothing that may be another.
            Some(Told::HangUp) if !journal.is_file() && !setup.reloads() && !systemd::is_service() => {
                break Told::HangUp;
            }
            Some(Told::HangUp) => {
                systemd::tell(News::Reloading);
                if journal.is_file() {
                    journal.reopen();
                    journal.line("the log was opened anew");
                }
                server.reload();
                systemd::tell(News::Ready);
            }
        }
    };
    if let Some(status) = &status {
        status.remove();
    }
    told
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
