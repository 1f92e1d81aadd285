//! The attempt: what a program's first connection would do, up to the login and a NOOP, with the dialogue shown.

use super::plan::Plan;
use super::printable;
use helo::client::Session;
use helo::client::trace::Observer;
use helo::error::Result;
use helo::faces::site::Way;
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::command::Command;
use helo::proto::extension::Extensions;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connects, encrypts, logs in, says NOOP and QUIT.
pub fn run(plan: Plan) -> Result<()> {
    let Way { host, port, settings, site } = plan.way;
    say!("\nConnecting to {host}, port {port}. > is sent, < is received, * is a remark; times are in seconds.\n");
    let seen = Arc::new(Mutex::new(Agreed::default()));
    let show = Show { begun: Instant::now(), agreed: seen.clone() };
    let mut session = Session::begin(Target::Host { host, port }, settings, Cancel::new())?;
    session.connection_mut().set_observer(Some(Box::new(show)));
    let tried = session.finish_opening(&mut ()).and_then(|()| session.command(&Command::Noop(None), &mut ()));
    let extensions = session.connection().extensions().clone();
    if tried.is_ok() {
        session.quit(&mut ());
    }
    if let Some(problem) = site.trace_file.and_then(|file| file.problem()) {
        say!("\nwarning: {}", printable(&problem));
    }
    tried?;
    say!("\nIt works: the server is ready for mail.");
    seen.lock().print(&extensions);
    Ok(())
}

/// What both sides agreed on, as the dialogue showed it.
#[derive(Default)]
struct Agreed {
    encryption: Option<String>,
    certificate: Option<String>,
    mechanism: Option<String>,
}

impl Agreed {
    fn print(&self, extensions: &Extensions) {
        let of = |value: &Option<String>, none: &str| printable(value.as_deref().unwrap_or(none));
        say!("encryption   {}", of(&self.encryption, "none: everything could be read on the way"));
        if let Some(certificate) = &self.certificate {
            say!("certificate  {}", printable(certificate));
        }
        say!("login        {}", of(&self.mechanism, "none"));
        say!("extensions   {}", offered(extensions));
    }
}

/// What a server offers, as far as it matters for sending.
fn offered(extensions: &Extensions) -> String {
    let size = match extensions.size {
        Some(Some(limit)) if limit > 0 => format!("SIZE up to {limit} bytes"),
        Some(_) => "SIZE".to_owned(),
        None => String::new(),
    };
    let names = [
        (extensions.pipelining, "PIPELINING"),
        (extensions.chunking, "CHUNKING"),
        (extensions.eight_bit_mime, "8BITMIME"),
        (extensions.binary_mime, "BINARYMIME"),
        (extensions.smtputf8, "SMTPUTF8"),
        (extensions.dsn, "DSN"),
    ];
    let mut words: Vec<&str> = names.iter().filter(|(offered, _)| *offered).map(|(_, name)| *name).collect();
    if !size.is_empty() {
        words.push(&size);
    }
    if words.is_empty() { "none that matter".to_owned() } else { words.join(", ") }
}

/// Prints the dialogue as it happens.
struct Show {
    begun: Instant,
    agreed: Arc<Mutex<Agreed>>,
}

impl Show {
    fn lines(&self, mark: char, bytes: &[u8]) {
        for line in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            say!("{:>8.3} {mark} {}", seconds(self.begun.elapsed()), printable(&line));
        }
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

impl Observer for Show {
    fn sent(&mut self, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        let mut words = line.split_ascii_whitespace();
        if words.next().is_some_and(|verb| verb.eq_ignore_ascii_case("AUTH")) {
            self.agreed.lock().mechanism = words.next().map(str::to_owned);
        }
        self.lines('>', bytes);
    }

    fn received(&mut self, bytes: &[u8]) {
        self.lines('<', bytes);
    }

    fn note(&mut self, text: &str) {
        let mut agreed = self.agreed.lock();
        if let Some(words) = text.strip_prefix("encrypted: ") {
            agreed.encryption = Some(words.to_owned());
        } else if let Some(words) = text.strip_prefix("certificate: ") {
            agreed.certificate = Some(words.to_owned());
        }
        drop(agreed);
        self.lines('*', text.as_bytes());
    }
}
