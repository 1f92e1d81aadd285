//! What has happened, in numbers: for monitoring, and for programs that run a server.

use super::ending::Why;
use super::log::{What, rejected};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was refused, in words as the log has them; what is none of these is the last.
const REFUSED: [&str; 8] = ["connection", "hello", "sender", "recipient", "message", "command", "session", "other"];

/// Codes of refusals begin here.
const FIRST_CODE: usize = 400;
const CODES: usize = 200;

/// What has happened since the server was made. Every thread of it adds, without waiting for another.
#[derive(Debug)]
pub struct Counts {
    since: SystemTime,
    sessions: AtomicU64,
    mails: AtomicU64,
    octets: AtomicU64,
    refused: [AtomicU64; REFUSED.len()],
    replies: [AtomicU64; CODES],
    logins: AtomicU64,
    logins_failed: AtomicU64,
    secured: AtomicU64,
    not_secured: AtomicU64,
    timed_out: AtomicU64,
    lost: AtomicU64,
    ended: [AtomicU64; Why::COUNT],
    reloads: AtomicU64,
    reloads_failed: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        let none = || AtomicU64::new(0);
        Counts {
            since: SystemTime::now(),
            sessions: none(),
            mails: none(),
            octets: none(),
            refused: std::array::from_fn(|_| none()),
            replies: std::array::from_fn(|_| none()),
            logins: none(),
            logins_failed: none(),
            secured: none(),
            not_secured: none(),
            timed_out: none(),
            lost: none(),
            ended: std::array::from_fn(|_| none()),
            reloads: none(),
            reloads_failed: none(),
        }
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

fn of(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl Counts {
    /// Counts an event.
    pub(super) fn count(&self, what: &What<'_>) {
        match what {
            What::Connected => add(&self.sessions, 1),
            What::Secured => add(&self.secured, 1),
            What::NotSecured(_) => add(&self.not_secured, 1),
            What::Authenticated { .. } => add(&self.logins, 1),
            What::NotAuthenticated { reply, .. } => {
                add(&self.logins_failed, 1);
                reply.iter().for_each(|reply| self.answer(reply.code()));
            }
            What::Taken { octets, .. } => {
                add(&self.mails, 1);
                add(&self.octets, *octets);
            }
            What::Refused { what, refusal, .. } => self.refuse(what, refusal.code),
            What::Rejected { command, reply, .. } => self.refuse(rejected(command, reply), reply.code()),
            What::TimedOut { .. } => add(&self.timed_out, 1),
            What::Lost(_) => add(&self.lost, 1),
            What::Ended { why, .. } => self.ended.get(why.number()).into_iter().for_each(|count| add(count, 1)),
            What::Closed | What::Notice(_) | What::Unsaid { .. } => {}
        }
    }

    /// Something was refused with this code: also a connection that did not become a session.
    pub(super) fn refuse(&self, what: &str, code: u16) {
        let place = REFUSED.iter().position(|known| *known == what).unwrap_or(REFUSED.len() - 1);
        self.refused.get(place).into_iter().for_each(|count| add(count, 1));
        self.answer(code);
    }

    fn answer(&self, code: u16) {
        let code = usize::from(code).checked_sub(FIRST_CODE).and_then(|place| self.replies.get(place));
        code.into_iter().for_each(|count| add(count, 1));
    }

    /// Certificates or users were read again, or could not be.
    pub(super) fn reloaded(&self, well: bool) {
        add(if well { &self.reloads } else { &self.reloads_failed }, 1);
    }

    /// Sessions that have begun.
    pub fn sessions(&self) -> u64 {
        of(&self.sessions)
    }

    /// Mails that were confirmed.
    pub fn mails(&self) -> u64 {
        of(&self.mails)
    }

    /// The octets of their messages.
    pub fn octets(&self) -> u64 {
        of(&self.octets)
    }

    /// Connections, hellos, senders, recipients, messages and commands that were refused.
    pub fn refused(&self) -> u64 {
        self.refused.iter().map(of).sum()
    }

    /// Logins that succeeded.
    pub fn logins(&self) -> u64 {
        of(&self.logins)
    }

    /// Logins that failed, also those that were given up.
    pub fn logins_failed(&self) -> u64 {
        of(&self.logins_failed)
    }

    /// Sessions that came under TLS.
    pub fn secured(&self) -> u64 {
        of(&self.secured)
    }

    /// Handshakes of TLS that failed.
    pub fn not_secured(&self) -> u64 {
        of(&self.not_secured)
    }

    /// Clients that took too long.
    pub fn timed_out(&self) -> u64 {
        of(&self.timed_out)
    }

    /// Connections that broke.
    pub fn lost(&self) -> u64 {
        of(&self.lost)
    }

    /// Times that certificates or users were read again.
    pub fn reloads(&self) -> u64 {
        of(&self.reloads)
    }

    /// Times that this failed, and the old ones stayed in force.
    pub fn reloads_failed(&self) -> u64 {
        of(&self.reloads_failed)
    }

    /// All of it as monitoring systems read it (the text format of Prometheus), with so many connections at the moment.
    pub fn text(&self, open: u64) -> String {
        let mut text = Text(String::with_capacity(4096));
        text.one("up", "gauge", "1 while the server runs", 1);
        let since = self.since.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        text.one("start_time_seconds", "gauge", "When the server was made, in seconds since 1970", since);
        text.one("connections", "gauge", "Connections that there are now", open);
        text.one("sessions_total", "counter", "Sessions that have begun", self.sessions());
        text.head("sessions_ended_total", "counter", "Sessions that are over, by why");
        for (why, count) in Why::ALL.iter().zip(&self.ended) {
            text.line("sessions_ended_total", Some(("why", why.word())), of(count));
        }
        text.one("mails_total", "counter", "Mails that were confirmed", self.mails());
        text.one("mail_bytes_total", "counter", "Octets of the messages of these mails", self.octets());
        text.head("refused_total", "counter", "What was refused, by what it was");
        for (what, count) in REFUSED.iter().zip(&self.refused) {
            text.line("refused_total", Some(("what", what)), of(count));
        }
        text.head("refused_replies_total", "counter", "What was refused, by the reply's code");
        for (place, count) in self.replies.iter().enumerate().filter(|(_, count)| of(count) > 0) {
            let code = (FIRST_CODE + place).to_string();
            text.line("refused_replies_total", Some(("code", &code)), of(count));
        }
        for (name, words, count) in [
            ("logins_total", "Logins that succeeded", &self.logins),
            ("logins_failed_total", "Logins that failed", &self.logins_failed),
            ("tls_total", "Sessions that came under TLS", &self.secured),
            ("tls_failed_total", "Handshakes of TLS that failed", &self.not_secured),
            ("timeouts_total", "Clients that took too long", &self.timed_out),
            ("lost_total", "Connections that broke", &self.lost),
            ("reloads_total", "Times that certificates or users were read again", &self.reloads),
            ("reloads_failed_total", "Times that they could not be, and the old ones stayed", &self.reloads_failed),
        ] {
            text.one(name, "counter", words, of(count));
        }
        text.0
    }
}

/// The text format of Prometheus: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, words: &str) {
        // Writing to a String does not fail.
        let _ = write!(self.0, "# HELP helo_{name} {words}.\n# TYPE helo_{name} {kind}\n");
    }

    fn line(&mut self, name: &str, label: Option<(&str, &str)>, value: u64) {
        let _ = match label {
            Some((label, of)) => writeln!(self.0, "helo_{name}{{{label}=\"{of}\"}} {value}"),
            None => writeln!(self.0, "helo_{name} {value}"),
        };
    }

    fn one(&mut self, name: &str, kind: &str, words: &str, value: u64) {
        self.head(name, kind, words);
        self.line(name, None, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::reply::Reply;
    use crate::server::spool::Refusal;

    #[test]
    fn events_are_counted_by_what_they_are() {
        let counts = Counts::default();
        let refusal = Refusal::unknown_mailbox();
        counts.count(&What::Refused { what: "recipient", about: "x", mail: None, refusal: &refusal });
        let reply = Reply::new(501, "5.1.3 no");
        counts.count(&What::Rejected { command: "RCPT TO:<x", mail: None, reply: &reply });
        counts.count(&What::Rejected { command: "", mail: None, reply: &Reply::new(421, "4.7.0 Too many errors") });
        counts.count(&What::Rejected { command: "", mail: None, reply: &Reply::new(554, "5.6.0 bare") });
        counts.count(&What::Refused { what: "VRFY", about: "x", mail: None, refusal: &refusal });
        counts.count(&What::Ended { mails: 0, why: Why::Limit("Too many errors") });
        counts.refuse("connection", 421);
        counts.reloaded(false);
        assert_eq!((counts.refused(), counts.reloads_failed()), (6, 1));
        let text = counts.text(7);
        for line in [
            "helo_connections 7",
            "helo_refused_total{what=\"recipient\"} 1",
            "helo_refused_total{what=\"command\"} 1",
            "helo_refused_total{what=\"session\"} 1",
            "helo_refused_total{what=\"message\"} 1",
            "helo_refused_total{what=\"connection\"} 1",
            "helo_refused_total{what=\"other\"} 1",
            "helo_refused_replies_total{code=\"421\"} 2",
            "helo_refused_replies_total{code=\"550\"} 2",
            "helo_sessions_ended_total{why=\"limit\"} 1",
            "helo_reloads_failed_total 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }

    /// Each line is a comment, or a name, labels and a number; each name is described before.
    #[test]
    fn the_text_is_of_the_format() {
        let text = Counts::default().text(0);
        assert!(text.ends_with('\n'));
        let mut described = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                described.push(rest.split(' ').next().unwrap_or_default());
            } else if !line.starts_with("# HELP ") {
                let (name, value) = line.rsplit_once(' ').expect("a value");
                assert!(value.parse::<u64>().is_ok(), "{line}");
                assert!(described.contains(&name.split('{').next().unwrap_or_default()), "{line}");
            }
        }
    }
}
