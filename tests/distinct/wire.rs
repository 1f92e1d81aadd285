//! The dialogues of `tests/wire/` through this face.

use crate::api::*;
use crate::child;
use crate::support::temp::TempDir;
use crate::support::wire::{self, Expect, Program, Reported, Setup, Step};
use helo::error::Cause;
use std::ffi::c_int;
use std::sync::{Arc, Mutex};

/// A program's connection and what its callbacks have seen and give.
struct Face {
    host: String,
    conn: Conn,
    hooks: &'static Hooks,
    lines: Arc<Mutex<Vec<String>>>,
    /// What the data callback still has to give.
    message: Arc<Mutex<Vec<u8>>>,
}

/// What the program is told: the code, the last reply's code, a listing's lines.
type Told = (&'static str, c_int, Vec<String>);

impl Face {
    fn new(host: String) -> Face {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let message = Arc::new(Mutex::new(Vec::new()));
        let (seen, rest) = (Arc::clone(&lines), Arc::clone(&message));
        let line = move |_: Conn, text: &mut [u8]| {
            seen.lock().unwrap().push(String::from_utf8_lossy(text).into_owned());
            0
        };
        let data = move |_: Conn, buffer: &mut [u8]| {
            let mut rest = rest.lock().unwrap();
            let count = rest.len().min(buffer.len());
            for (place, byte) in buffer.iter_mut().zip(rest.drain(..count)) {
                *place = byte;
            }
            count as c_int
        };
        let hooks = Hooks { line: Some(Box::new(line)), data: Some(Box::new(data)), ..Hooks::default() };
        Face { host, conn: NO_CONN, hooks: hooks.keep(), lines, message }
    }

    fn tell(&mut self, step: &Step) -> c_int {
        let conn = self.conn;
        match step {
            Step::Open(name) => {
                if conn != NO_CONN {
                    conn.quit();
                }
                let (code, conn) = helo(&self.host, name, self.hooks);
                self.conn = conn;
                code
            }
            Step::Mail { verb, from, .. } => match verb.as_str() {
                "SEND" => conn.send(from),
                "SOML" => conn.soml(from),
                "SAML" => conn.saml(from),
                _ => conn.mail(from),
            },
            Step::Rcpt { to, .. } => conn.rcpt(to),
            Step::Body { bytes, piece: 0 } => {
                *self.message.lock().unwrap() = bytes.clone();
                conn.data()
            }
            Step::Body { bytes, piece } => {
                let pieces = bytes.chunks(*piece).chain([&[][..]]);
                pieces.map(|piece| conn.data_buf(piece)).find(|code| *code != SMTP_SUCCESS).unwrap_or(SMTP_SUCCESS)
            }
            Step::Rset => conn.rset(),
            Step::Noop => conn.noop(),
            Step::Vrfy(name) => conn.vrfy(name),
            Step::Expn(name) => conn.expn(name),
            Step::Help(topic) => conn.help(topic.as_deref()),
            Step::Turn => conn.turn(),
            Step::Quit => {
                self.conn = NO_CONN;
                conn.quit()
            }
        }
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        if self.conn != NO_CONN {
            self.conn.quit();
        }
    }
}

impl Program for Face {
    type Told = Told;

    fn step(&mut self, step: &Step) -> Reported<Told> {
        let result = self.tell(step);
        let code = if self.conn == NO_CONN { 0 } else { self.conn.reply().1 };
        Reported::One((name(result), code, std::mem::take(&mut *self.lines.lock().unwrap())))
    }

    fn fits(&self, step: &Step, expect: &Expect, (result, code, lines): &Told) -> bool {
        // smtp_quit succeeds whatever the server says, and leaves nothing to ask.
        if matches!(step, Step::Quit) {
            return *result == "SMTP_SUCCESS";
        }
        let expected = match expect.cause {
            None => "SMTP_SUCCESS",
            Some(Cause::TimedOut | Cause::OutcomeUnknown) => "SMTP_TIMED_OUT",
            Some(Cause::Cancelled) => "SMTP_ABORTED",
            Some(Cause::NotResponding) => "SMTP_HOST_NOT_RESPONDING",
            Some(_) => "SMTP_FAILURE",
        };
        *result == expected
            && expect.code.is_none_or(|wanted| c_int::from(wanted as i16) == *code)
            && expect.lines.as_ref().is_none_or(|wanted| wanted == lines)
    }
}

/// The site's policy, one section for each time limit: only it can make the opening's wait shorter. Hosts are told apart
/// by the address asked for; all lead to this machine.
fn policy() -> String {
    let mut limits: Vec<u128> = wire::all().iter().filter_map(|wire| Some(wire.timeout?.as_millis())).collect();
    limits.sort_unstable();
    limits.dedup();
    limits
        .iter()
        .map(|limit| format!("[host {}]\nserver = 127.0.0.1\ntimeout = {limit} ms\n", stand_in(*limit)))
        .collect()
}

fn stand_in(limit: u128) -> String {
    format!("limit-{limit}.example")
}

#[test]
fn the_face_follows_every_dialogue() {
    if !child::is_this() {
        let folder = TempDir::new();
        let file = folder.join("helo.conf");
        std::fs::write(&file, policy()).unwrap();
        child::run("wire::the_face_follows_every_dialogue", &[("HELO_CONFIG", file.as_os_str())]);
        return;
    }
    wire::run_all("distinct", |setup: &Setup<'_>| {
        let asked = match setup.wire.timeout {
            Some(limit) => stand_in(limit.as_millis()),
            None => "127.0.0.1".to_owned(),
        };
        Face::new(format!("{asked}:{}", setup.server.port()))
    });
}
