//! The attempt: what a program's first connection would do, up to the login and a NOOP, or to the server's say on sender and
//! recipients, with the dialogue shown. Nothing is delivered.

use super::arguments::Attempt;
use super::plan::Plan;
use super::{failed, printable};
use helo::client::envelope::{Sender, all_ascii};
use helo::client::trace::Observer;
use helo::client::words::Concerning;
use helo::client::{Session, Settings};
use helo::error::{Error, Result};
use helo::faces::site::Way;
use helo::net::connect::Target;
use helo::net::lock::Mutex;
use helo::net::wait::Cancel;
use helo::proto::address::ReversePath;
use helo::proto::command::Command;
use helo::proto::extension::Extensions;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connects, encrypts, logs in, asks what is to be asked, and says QUIT. Whether all of it went well; what did not has been
/// said.
pub fn run(plan: Plan, asked: &Attempt) -> bool {
    let context = plan.way.context();
    let Way { host, port, settings, site } = plan.way;
    say!("\nConnecting to {host}, port {port}. > is sent, < is received, * is a remark; times are in seconds.\n");
    let seen = Arc::new(Mutex::new(Agreed::default()));
    let show = Show { begun: Instant::now(), agreed: seen.clone() };
    let opened = open(Target::Host { host, port }, settings, show);
    let tried = opened.and_then(|mut session| {
        let refused = ask(&mut session, asked)?;
        let extensions = session.connection().extensions().clone();
        session.quit(&mut ());
        Ok((refused, extensions))
    });
    if let Some(problem) = site.trace_file.and_then(|file| file.problem()) {
        say!("\nwarning: {}", printable(&problem));
    }
    let (refused, extensions) = match tried {
        Ok(tried) => tried,
        Err(error) => {
            failed(&context, &error, Concerning::Connection);
            return false;
        }
    };
    for Refused { whom, error } in &refused {
        let concerning = match whom {
            Whom::Sender(address) => Concerning::Sender(address),
            Whom::Recipient(address) => Concerning::Recipient(address),
        };
        failed(&context, error, concerning);
    }
    match refused.is_empty() {
        true => say!("\nIt works: the server is ready for mail{}.", tried_with(asked)),
        false => say!("\nThe connection itself works: encryption and login are as they should be."),
    }
    seen.lock().print(&extensions);
    if let Some(words) = untried(asked) {
        say!("\nNot tried: {words}.");
    }
    refused.is_empty()
}

/// The part of the dialogue that an error ends.
fn open(target: Target, settings: Settings, show: Show) -> Result<Session> {
    let mut session = Session::begin(target, settings, Cancel::new())?;
    session.connection_mut().set_observer(Some(Box::new(show)));
    session.finish_opening(&mut ())?;
    Ok(session)
}

/// Whom the server does not want.
enum Whom {
    Sender(String),
    Recipient(String),
}

struct Refused {
    whom: Whom,
    error: Error,
}

/// Asks for the server's say on sender and recipients, and takes it back; an error when the connection is no more.
fn ask(session: &mut Session, asked: &Attempt) -> Result<Vec<Refused>> {
    let Some(from) = &asked.from else {
        return session.command(&Command::Noop(None), &mut ()).map(|_| Vec::new());
    };
    let mut refused = Vec::new();
    let mut note = |whom: Whom, error: Error, session: &Session| match session.connection().is_ready() {
        true => {
            refused.push(Refused { whom, error });
            Ok(())
        }
        false => Err(error),
    };
    match name_sender(session, from, asked) {
        Err(error) => note(Whom::Sender(from.as_str().to_owned()), error, session)?,
        Ok(()) => {
            for to in &asked.to {
                if session.connection().farewell().is_some() {
                    break;
                }
                if let Err(error) = session.command(&Command::Rcpt { to, params: &[] }, &mut ()) {
                    note(Whom::Recipient(to.as_str().to_owned()), error, session)?;
                }
            }
        }
    }
    // A server that has said goodbye is not asked again.
    if session.connection().farewell().is_none() {
        session.command(&Command::Rset, &mut ())?;
    }
    Ok(refused)
}

fn name_sender(session: &mut Session, from: &ReversePath, asked: &Attempt) -> Result<()> {
    let ascii_recipients = all_ascii(asked.to.iter());
    session.mail(&Sender { ascii_recipients, size: asked.size, ..Sender::new(from) }, &mut ()).map(drop)
}

/// What the server has said yes to.
fn tried_with(asked: &Attempt) -> String {
    let Some(from) = &asked.from else { return String::new() };
    let from = if from.is_null() { "<>" } else { from.as_str() };
    let to: Vec<&str> = asked.to.iter().map(|to| to.as_str()).collect();
    let to = if to.is_empty() { String::new() } else { format!(" to {}", to.join(", ")) };
    let size = asked.size.map(|size| format!(", of {size} octets")).unwrap_or_default();
    printable(&format!(" from {from}{to}{size}"))
}

/// What nobody has asked the server.
fn untried(asked: &Attempt) -> Option<&'static str> {
    match (&asked.from, asked.to.is_empty()) {
        (None, _) => Some("the server's say on sender and recipients (--from, --to), and on a message"),
        (Some(_), true) => Some("the server's say on recipients (--to), and on a message"),
        (Some(_), false) => Some("the server's say on a message itself"),
    }
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
        let size = match extensions.size {
            Some(Some(limit)) if limit > 0 => format!("at most {limit} octets"),
            _ => "the server states no limit".to_owned(),
        };
        say!(
            "messages     {size}; {}",
            match extensions.eight_bit_mime {
                true => "text beyond ASCII as it is (8BITMIME)",
                false => "the server does not say that it takes text beyond ASCII (no 8BITMIME)",
            }
        );
        say!(
            "addresses    {}",
            match extensions.smtputf8 {
                true => "also beyond ASCII (SMTPUTF8)",
                false => "ASCII only (no SMTPUTF8)",
            }
        );
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
