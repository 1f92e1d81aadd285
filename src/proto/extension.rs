//! What a server says it can do: the lines of its answer to EHLO or LHLO (RFC 5321, 4.1.1.1, and the extensions' own).

use super::reply::Reply;
use alloc::string::String;
use alloc::vec::Vec;

#[cfg(test)]
mod tests;

/// How many mechanisms and how many unknown lines are kept; a server that sends more is playing.
const KEPT_MAX: usize = 100;
/// The longest unknown line that is kept, in octets.
const LINE_MAX: usize = 512;

/// How much a server takes over one connection (RFC 9422).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Mails (MAILMAX).
    pub mail_max: Option<u64>,
    /// Recipients of a mail (RCPTMAX).
    pub rcpt_max: Option<u64>,
    /// Domains among the recipients of a mail (RCPTDOMAINMAX).
    pub rcpt_domain_max: Option<u64>,
}

/// How far ahead a server takes mail for later delivery (RFC 4865).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FutureRelease {
    /// The longest delay in seconds (HOLDFOR).
    pub max_interval: u64,
    /// The latest date (HOLDUNTIL), as the server wrote it; may be empty.
    pub max_date_time: String,
}

/// What a server offers. Fields are false, empty or `None` for what it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// The name that the server gave itself: the first word of the first line.
    pub greeting_name: String,
    /// SIZE (RFC 1870), and the limit if there is one: `Some(Some(0))` is "no fixed limit" in the server's own words.
    pub size: Option<Option<u64>>,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// BINARYMIME (RFC 3030).
    pub binary_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// CHUNKING: BDAT (RFC 3030).
    pub chunking: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    pub enhanced_status_codes: bool,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// TURN (RFC 821).
    pub turn: bool,
    /// VRFY.
    pub vrfy: bool,
    /// EXPN.
    pub expn: bool,
    /// HELP.
    pub help: bool,
    /// ETRN (RFC 1985).
    pub etrn: bool,
    /// AUTH (RFC 4954): the mechanisms in capitals, each once, in the server's order.
    pub auth: Vec<String>,
    /// DELIVERBY (RFC 2852), and the shortest time in seconds if there is one.
    pub deliver_by: Option<Option<u64>>,
    /// MT-PRIORITY (RFC 6710), and the name of its priority policy if there is one.
    pub mt_priority: Option<Option<String>>,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
    /// LIMITS (RFC 9422); `None` in each where the server says nothing.
    pub limits: Limits,
    /// BURL (RFC 4468).
    pub burl: bool,
    /// FUTURERELEASE (RFC 4865).
    pub future_release: Option<FutureRelease>,
    /// NO-SOLICITING (RFC 3865).
    pub no_soliciting: bool,
    /// The lines that are none of these, keyword in capitals, at most a hundred.
    pub other: Vec<String>,
}

impl Extensions {
    /// What a server offers that was greeted with HELO, or not yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the reply to EHLO or LHLO. Lines that are not sound are passed over; a reply that is not 2xx offers
    /// nothing.
    pub fn parse(reply: &Reply) -> Self {
        let mut extensions = Self::none();
        if !reply.is_success() {
            return extensions;
        }
        let mut lines = reply.lines().map(|line| core::str::from_utf8(line).unwrap_or_default());
        let greeting = lines.next().unwrap_or_default();
        if !greeting.contains(char::is_control) {
            extensions.greeting_name = String::from(greeting.split_whitespace().next().unwrap_or_default());
        }
        for line in lines {
            extensions.read_line(line);
        }
        extensions
    }

    /// The server offers `keyword`, whatever the case, known here or not.
    pub fn has(&self, keyword: &str) -> bool {
        match keyword.to_ascii_uppercase().as_str() {
            "AUTH" => !self.auth.is_empty(),
            "SIZE" => self.size.is_some(),
            "DELIVERBY" => self.deliver_by.is_some(),
            "MT-PRIORITY" => self.mt_priority.is_some(),
            "FUTURERELEASE" => self.future_release.is_some(),
            "LIMITS" => self.limits != Limits::default(),
            "8BITMIME" => self.eight_bit_mime,
            "BINARYMIME" => self.binary_mime,
            "SMTPUTF8" => self.smtputf8,
            "PIPELINING" => self.pipelining,
            "CHUNKING" => self.chunking,
            "DSN" => self.dsn,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes,
            "STARTTLS" => self.starttls,
            "TURN" => self.turn,
            "VRFY" => self.vrfy,
            "EXPN" => self.expn,
            "HELP" => self.help,
            "ETRN" => self.etrn,
            "REQUIRETLS" => self.require_tls,
            "BURL" => self.burl,
            "NO-SOLICITING" => self.no_soliciting,
            other => self.other.iter().any(|line| line.split([' ', '\t', '=']).next() == Some(other)),
        }
    }

    /// The server offers the authentication mechanism, whatever the case.
    pub fn has_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|offered| offered.eq_ignore_ascii_case(mechanism))
    }

    fn read_line(&mut self, line: &str) {
        let line = line.trim_matches([' ', '\t']);
        // Servers of the last century wrote "AUTH=LOGIN"; no keyword has an equals sign.
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(line.len());
        let (keyword, rest) = line.split_at(end);
        let separated = rest.is_empty() || rest.starts_with([' ', '\t', '=']);
        if keyword.is_empty()
            || keyword.starts_with('-')
            || !separated
            || line.chars().any(|c| c.is_control() && c != '\t')
        {
            return;
        }
        let keyword = keyword.to_ascii_uppercase();
        let rest = if keyword == "AUTH" { rest.trim_start_matches('=') } else { rest };
        let mut words = rest.split_ascii_whitespace();
        match keyword.as_str() {
            "AUTH" => self.read_mechanisms(words),
            "SIZE" => self.size = Some(words.next().and_then(number)),
            "DELIVERBY" => self.deliver_by = Some(words.next().and_then(number)),
            "MT-PRIORITY" => self.mt_priority = Some(words.next().map(String::from)),
            "LIMITS" => self.read_limits(words),
            "FUTURERELEASE" => {
                // Without its interval the line says nothing that could be held to.
                if let Some(max_interval) = words.next().and_then(number) {
                    let max_date_time = String::from(words.next().unwrap_or_default());
                    self.future_release = Some(FutureRelease { max_interval, max_date_time });
                }
            }
            "8BITMIME" => self.eight_bit_mime = true,
            "BINARYMIME" => self.binary_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "PIPELINING" => self.pipelining = true,
            "CHUNKING" => self.chunking = true,
            "DSN" => self.dsn = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "STARTTLS" => self.starttls = true,
            "TURN" => self.turn = true,
            "VRFY" => self.vrfy = true,
            "EXPN" => self.expn = true,
            "HELP" => self.help = true,
            "ETRN" => self.etrn = true,
            "REQUIRETLS" => self.require_tls = true,
            "BURL" => self.burl = true,
            "NO-SOLICITING" => self.no_soliciting = true,
            _ => {
                if self.other.len() < KEPT_MAX && line.len() <= LINE_MAX {
                    self.other.push(keyword + rest);
                }
            }
        }
    }

    /// Both forms of the line may come, and each may name mechanisms.
    fn read_mechanisms<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            let letters = word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if letters && word.len() <= 20 && self.auth.len() < KEPT_MAX && !self.has_auth(word) {
                self.auth.push(word.to_ascii_uppercase());
            }
        }
    }

    fn read_limits<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            let Some((name, value)) = word.split_once('=') else { continue };
            let Some(value) = number(value).filter(|&value| value > 0) else { continue };
            match name.to_ascii_uppercase().as_str() {
                "MAILMAX" => self.limits.mail_max = Some(value),
                "RCPTMAX" => self.limits.rcpt_max = Some(value),
                "RCPTDOMAINMAX" => self.limits.rcpt_domain_max = Some(value),
                _ => {}
            }
        }
    }
}

/// A number of digits alone; one beyond 64 bits is no number.
fn number(word: &str) -> Option<u64> {
    if word.bytes().all(|b| b.is_ascii_digit()) { word.parse().ok() } else { None }
}
