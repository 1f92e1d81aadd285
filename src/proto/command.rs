//! Commands: what a client says. Every argument is checked before a byte of it is written, so that no argument can
//! become a command of its own.

use super::address::{ForwardPath, ReversePath};
use crate::error::Phase;
use alloc::vec::Vec;
use core::fmt;

mod parameter;
pub use parameter::{Parameter, xtext, xtext_decode};

#[cfg(test)]
mod tests;

/// The longest command line that is sent, its end included (RFC 4954 asks it of AUTH).
pub const LINE_MAX: usize = 12_288;
/// The longest MAIL or RCPT with its parameters: 512, and what the extensions add together.
const PATH_LINE_MAX: usize = 2_048;
/// The longest line of any other command (RFC 5321, 4.5.3.1.4).
const SHORT_LINE_MAX: usize = 512;

/// An argument that cannot be sent: which one, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// Which argument: "recipient", "sender", ...
    pub what: &'static str,
    /// Why, in plain words.
    pub why: &'static str,
    /// The character that it is about, and how many-th of the argument's it is, where that says more.
    pub at: Option<(usize, char)>,
}

impl ArgumentError {
    /// About the argument as a whole.
    pub const fn new(what: &'static str, why: &'static str) -> Self {
        ArgumentError { what, why, at: None }
    }

    /// About the character that is so many octets into the argument `text`.
    pub fn about(what: &'static str, why: &'static str, text: &str, place: usize) -> Self {
        let at = text.split_at_checked(place);
        let at = at.and_then(|(front, rest)| Some((front.chars().count() + 1, rest.chars().next()?)));
        ArgumentError { what, why, at }
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        match self.at {
            None => Ok(()),
            Some((place, ' ')) => write!(f, " (character {place} is a space)"),
            Some((place, c)) if c.is_ascii_graphic() => write!(f, " (character {place} is {c})"),
            // What cannot be seen, or looks like something else.
            Some((place, c)) => write!(f, " (character {place} is U+{:04X})", u32::from(c)),
        }
    }
}

impl core::error::Error for ArgumentError {}

/// The word that a command begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // They are the commands' own names.
pub enum Verb {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Send,
    Soml,
    Saml,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    Turn,
    StartTls,
    Auth,
    /// A command that is not known here.
    Other,
}

impl Verb {
    /// All verbs but [`Verb::Other`].
    pub const ALL: [Verb; 19] = [
        Verb::Ehlo,
        Verb::Helo,
        Verb::Lhlo,
        Verb::Mail,
        Verb::Send,
        Verb::Soml,
        Verb::Saml,
        Verb::Rcpt,
        Verb::Data,
        Verb::Bdat,
        Verb::Rset,
        Verb::Noop,
        Verb::Quit,
        Verb::Vrfy,
        Verb::Expn,
        Verb::Help,
        Verb::Turn,
        Verb::StartTls,
        Verb::Auth,
    ];

    /// The verb as it is written; "command" for [`Verb::Other`].
    pub fn name(self) -> &'static str {
        match self {
            Verb::Ehlo => "EHLO",
            Verb::Helo => "HELO",
            Verb::Lhlo => "LHLO",
            Verb::Mail => "MAIL",
            Verb::Send => "SEND",
            Verb::Soml => "SOML",
            Verb::Saml => "SAML",
            Verb::Rcpt => "RCPT",
            Verb::Data => "DATA",
            Verb::Bdat => "BDAT",
            Verb::Rset => "RSET",
            Verb::Noop => "NOOP",
            Verb::Quit => "QUIT",
            Verb::Vrfy => "VRFY",
            Verb::Expn => "EXPN",
            Verb::Help => "HELP",
            Verb::Turn => "TURN",
            Verb::StartTls => "STARTTLS",
            Verb::Auth => "AUTH",
            Verb::Other => "command",
        }
    }

    /// The phase of a session that the command belongs to.
    pub fn phase(self) -> Phase {
        match self {
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => Phase::Hello,
            Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml => Phase::Mail,
            Verb::Rcpt => Phase::Rcpt,
            Verb::Data | Verb::Bdat => Phase::Data,
            Verb::StartTls => Phase::Tls,
            Verb::Auth => Phase::Auth,
            Verb::Quit => Phase::Quit,
            Verb::Rset | Verb::Noop | Verb::Vrfy | Verb::Expn | Verb::Help | Verb::Turn | Verb::Other => Phase::Command,
        }
    }

    /// The command must be the last of a pipelined group (RFC 2920, 3.1): nothing may be sent after it before its
    /// reply has come.
    pub fn ends_group(self) -> bool {
        match self {
            Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml | Verb::Rcpt | Verb::Rset | Verb::Bdat => false,
            Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::Data | Verb::Noop | Verb::Quit | Verb::Vrfy => true,
            Verb::Expn | Verb::Help | Verb::Turn | Verb::StartTls | Verb::Auth | Verb::Other => true,
        }
    }

    /// The verb of a command line. White space before it is passed over and the word may end at anything that no verb
    /// has: a server may read it so, and who refuses a verb must not be fooled.
    pub fn parse(line: &[u8]) -> Verb {
        let line = line.trim_ascii_start();
        let end = line.iter().position(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_'));
        let word = &line[..end.unwrap_or(line.len())];
        Verb::ALL.into_iter().find(|verb| word.eq_ignore_ascii_case(verb.name().as_bytes())).unwrap_or(Verb::Other)
    }
}

/// A command with its arguments.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // The fields are the commands' own arguments.
pub enum Command<'a> {
    /// EHLO and the client's name.
    Ehlo(&'a str),
    /// HELO and the client's name.
    Helo(&'a str),
    /// LHLO (LMTP) and the client's name.
    Lhlo(&'a str),
    /// MAIL FROM, or with another verb SEND, SOML or SAML FROM.
    Mail { verb: Verb, from: &'a ReversePath, params: &'a [Parameter] },
    /// RCPT TO.
    Rcpt { to: &'a ForwardPath, params: &'a [Parameter] },
    /// DATA.
    Data,
    /// BDAT: so many octets follow.
    Bdat { length: u64, last: bool },
    /// RSET.
    Rset,
    /// NOOP, with a word that nobody reads.
    Noop(Option<&'a str>),
    /// QUIT.
    Quit,
    /// VRFY and a name.
    Vrfy(&'a str),
    /// EXPN and a list's name.
    Expn(&'a str),
    /// HELP, about a command.
    Help(Option<&'a str>),
    /// TURN.
    Turn,
    /// STARTTLS.
    StartTls,
    /// AUTH, with an initial response in base64 ("=" when it is empty).
    Auth { mechanism: &'a str, initial: Option<&'a str> },
    /// A line as it is, without its end. May be empty: an empty answer to an AUTH challenge is such a line.
    Raw(&'a str),
}

impl Command<'_> {
    /// The command's verb.
    pub fn verb(&self) -> Verb {
        match self {
            Command::Ehlo(_) => Verb::Ehlo,
            Command::Helo(_) => Verb::Helo,
            Command::Lhlo(_) => Verb::Lhlo,
            Command::Mail { verb, .. } => *verb,
            Command::Rcpt { .. } => Verb::Rcpt,
            Command::Data => Verb::Data,
            Command::Bdat { .. } => Verb::Bdat,
            Command::Rset => Verb::Rset,
            Command::Noop(_) => Verb::Noop,
            Command::Quit => Verb::Quit,
            Command::Vrfy(_) => Verb::Vrfy,
            Command::Expn(_) => Verb::Expn,
            Command::Help(_) => Verb::Help,
            Command::Turn => Verb::Turn,
            Command::StartTls => Verb::StartTls,
            Command::Auth { .. } => Verb::Auth,
            Command::Raw(line) => Verb::parse(line.as_bytes()),
        }
    }

    /// Appends the command line with its CRLF. On an error nothing is appended.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), ArgumentError> {
        let start = out.len();
        let result = self.write(out).and_then(|longest| {
            out.extend_from_slice(b"\r\n");
            let fits = out.len() - start <= longest;
            if fits { Ok(()) } else { Err(ArgumentError::new(self.verb().name(), "makes too long a line")) }
        });
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// Appends the line without its end; gives the longest that it may be with it.
    fn write(&self, out: &mut Vec<u8>) -> Result<usize, ArgumentError> {
        match *self {
            Command::Ehlo(name) | Command::Helo(name) | Command::Lhlo(name) => {
                check_host_name(name)?;
                self.write_word(name, out);
            }
            Command::Mail { verb, from, params } => {
                if !matches!(verb, Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml) {
                    return Err(ArgumentError::new("sender", "only MAIL, SEND, SOML and SAML have one"));
                }
                out.extend_from_slice(verb.name().as_bytes());
                write_path(b" FROM:<", from.as_str(), params, out)?;
                return Ok(PATH_LINE_MAX);
            }
            Command::Rcpt { to, params } => {
                out.extend_from_slice(b"RCPT");
                write_path(b" TO:<", to.as_str(), params, out)?;
                return Ok(PATH_LINE_MAX);
            }
            Command::Bdat { length, last } => {
                out.extend_from_slice(b"BDAT ");
                write_number(length, out);
                if last {
                    out.extend_from_slice(b" LAST");
                }
            }
            Command::Vrfy(word) | Command::Expn(word) => {
                check_text("name to look up", word)?;
                if word.trim().is_empty() {
                    return Err(ArgumentError::new("name to look up", "is empty"));
                }
                self.write_word(word, out);
            }
            Command::Noop(word) | Command::Help(word) => {
                let word = word.unwrap_or_default();
                check_text("argument", word)?;
                self.write_word(word, out);
            }
            Command::Auth { mechanism, initial } => {
                check_auth(mechanism, initial)?;
                self.write_word(mechanism, out);
                if let Some(initial) = initial {
                    out.push(b' ');
                    out.extend_from_slice(initial.as_bytes());
                }
                return Ok(LINE_MAX);
            }
            Command::Raw(line) => {
                check_text("command line", line)?;
                out.extend_from_slice(line.as_bytes());
                return Ok(LINE_MAX);
            }
            Command::Data | Command::Rset | Command::Quit | Command::Turn | Command::StartTls => {
                self.write_word("", out);
            }
        }
        Ok(SHORT_LINE_MAX)
    }

    /// The verb, and a word after it unless it is empty.
    fn write_word(&self, word: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(self.verb().name().as_bytes());
        if !word.is_empty() {
            out.push(b' ');
            out.extend_from_slice(word.as_bytes());
        }
    }
}

/// The client's name, as EHLO and its kin carry it: a host name or an address literal. Old programs pass all kinds of
/// names, so anything printable without a space will do.
fn check_host_name(name: &str) -> Result<(), ArgumentError> {
    let what = "own host name";
    let fail = |why| Err(ArgumentError::new(what, why));
    if name.is_empty() {
        return fail("is empty");
    }
    if name.len() > 255 {
        return fail("is longer than 255 octets");
    }
    match name.find(|c: char| !c.is_ascii_graphic()) {
        Some(place) => {
            let why = "holds a space, a control character or a letter that is not ASCII";
            Err(ArgumentError::about(what, why, name, place))
        }
        None => Ok(()),
    }
}

/// No argument holds a control character: neither the ASCII ones nor those that Unicode has beside them.
fn check_text(what: &'static str, text: &str) -> Result<(), ArgumentError> {
    match text.find(char::is_control) {
        Some(place) => Err(ArgumentError::about(what, "holds a control character", text, place)),
        None => Ok(()),
    }
}

fn check_auth(mechanism: &str, initial: Option<&str>) -> Result<(), ArgumentError> {
    let letters = mechanism.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if mechanism.is_empty() || mechanism.len() > 20 || !letters {
        return Err(ArgumentError::new("mechanism", "is not the name of an authentication mechanism"));
    }
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    match initial {
        Some(text) if text.is_empty() || !text.bytes().all(base64) => {
            Err(ArgumentError::new("initial response", "is not base64"))
        }
        _ => Ok(()),
    }
}

fn write_path(front: &[u8], path: &str, params: &[Parameter], out: &mut Vec<u8>) -> Result<(), ArgumentError> {
    out.extend_from_slice(front);
    out.extend_from_slice(path.as_bytes());
    out.push(b'>');
    for parameter in params {
        parameter.check()?; // its fields are public
        out.push(b' ');
        out.extend_from_slice(parameter.keyword.as_bytes());
        if let Some(value) = &parameter.value {
            out.push(b'=');
            out.extend_from_slice(value.as_bytes());
        }
    }
    Ok(())
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}
