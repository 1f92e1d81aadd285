//! A command line as the server reads it.

use super::answers::*;
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::{Parameter, Verb};
use alloc::vec::Vec;

/// More parameters than any command has.
const PARAMETERS_MAX: usize = 20;

/// A command, its syntax checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    Hello { verb: Verb, name: &'a str },
    Mail { verb: Verb, from: ReversePath, params: Vec<Parameter> },
    Rcpt { to: ForwardPath, params: Vec<Parameter> },
    Data,
    Bdat { length: u64, last: bool },
    Rset,
    Noop,
    Quit,
    Ask { verb: Verb, about: &'a str },
    StartTls,
    Auth { mechanism: &'a str, initial: Option<&'a str> },
}

/// Reads a line without its CRLF.
/// `verb` is what [`Verb::parse`] says of it.
pub(super) fn parse(verb: Verb, line: &[u8]) -> Result<Request<'_>, Answer> {
    // RFC 5321 section 4.1.1: white space before the end of the line means nothing.
    let mut line = line;
    while let [front @ .., b' ' | b'\t'] = line {
        line = front;
    }
    let verb = exact(verb, line);
    let text = core::str::from_utf8(line).ok().filter(|text| !text.contains(char::is_control));
    let argument = text.map(|text| text.split_once(' ').map_or("", |(_, rest)| rest.trim_matches(' ')));
    match (verb, argument) {
        (Verb::Bdat, None) => Err(BAD_CHUNK),
        (Verb::Bdat, Some(_)) if !is_exact(verb, line) => Err(BAD_CHUNK),
        (Verb::Other, _) => Err(UNKNOWN),
        (_, None) => Err(NO_TEXT),
        (Verb::Ehlo | Verb::Helo | Verb::Lhlo, Some(name)) => {
            // Some clients say more after their name; it has no meaning.
            let name = name.split(' ').next().unwrap_or_default();
            if name.is_empty() || name.len() > 255 { Err(NEEDS_NAME) } else { Ok(Request::Hello { verb, name }) }
        }
        (Verb::Mail | Verb::Send | Verb::Soml | Verb::Saml, Some(argument)) => {
            let (path, params) = path(argument, "FROM:").ok_or(NEEDS_FROM)?;
            let from = ReversePath::received(path).map_err(|_| BAD_SENDER)?;
            Ok(Request::Mail { verb, from, params: parameters(params)? })
        }
        (Verb::Rcpt, Some(argument)) => {
            let (path, params) = path(argument, "TO:").ok_or(NEEDS_TO)?;
            let to = ForwardPath::received(path).map_err(|_| BAD_RECIPIENT)?;
            Ok(Request::Rcpt { to, params: parameters(params)? })
        }
        (Verb::Bdat, Some(argument)) => chunk(argument).ok_or(BAD_CHUNK),
        (Verb::Data, Some("")) => Ok(Request::Data),
        (Verb::Rset, Some("")) => Ok(Request::Rset),
        (Verb::Quit, Some("")) => Ok(Request::Quit),
        (Verb::StartTls, Some("")) => Ok(Request::StartTls),
        (Verb::Data | Verb::Rset | Verb::Quit | Verb::StartTls, Some(_)) => Err(NO_ARGUMENT),
        (Verb::Noop, Some(_)) => Ok(Request::Noop),
        (Verb::Vrfy | Verb::Expn, Some("")) => Err(NEEDS_ABOUT),
        (Verb::Vrfy | Verb::Expn | Verb::Help, Some(about)) => Ok(Request::Ask { verb, about }),
        (Verb::Auth, Some(argument)) => {
            let mut words = argument.split(' ').filter(|word| !word.is_empty());
            let (mechanism, initial) = (words.next().ok_or(BAD_AUTH)?, words.next());
            if words.next().is_some() { Err(BAD_AUTH) } else { Ok(Request::Auth { mechanism, initial }) }
        }
        (Verb::Turn, Some(_)) => Err(NOT_HERE),
    }
}

/// The verb, to the letter: the line begins with it, and a space or the end follows.
fn exact(verb: Verb, line: &[u8]) -> Verb {
    // A chunk may follow a BDAT that is not to the letter, too: it is refused in its own way.
    if verb == Verb::Bdat || is_exact(verb, line) { verb } else { Verb::Other }
}

fn is_exact(verb: Verb, line: &[u8]) -> bool {
    let name = verb.name().as_bytes();
    let word = line.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
    word && matches!(&line[name.len()..], [] | [b' ', ..])
}

/// Splits `FROM:<path> params` or `TO:...`. The brackets may be missing, and a space may stand before the path: both
/// are common and neither leaves any doubt, if what stands there is no parameter.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (front, rest) = argument.split_at_checked(keyword.len())?;
    if !front.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = rest.trim_start_matches(' ');
    let (mut within, mut quoted, mut escaped) = (rest.starts_with('<'), false, false);
    let end = rest.char_indices().find(|(_, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => within = false,
            ' ' => return !quoted && !within,
            _ => {}
        }
        false
    });
    let (path, params) = rest.split_at(end.map_or(rest.len(), |(place, _)| place));
    (!path.is_empty() && !is_parameter(path)).then_some((path, params))
}

/// Without brackets around it a parameter could pass for an address where the address itself is missing: a word with an =
/// in it for a user of this server's, and what is the name of a parameter for one whatever follows.
fn is_parameter(path: &str) -> bool {
    if path.starts_with(['<', '"']) {
        return false;
    }
    let is_among = |names: &[&str], word: &str| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    match path.split_once('=') {
        Some((keyword, _)) => !path.contains('@') || is_among(&WITH_VALUE, keyword),
        None => is_among(&WITHOUT_VALUE, path),
    }
}

/// Parameters of MAIL and RCPT, those of extensions that are not offered here too.
const WITH_VALUE: [&str; 15] = [
    "SIZE",
    "BODY",
    "AUTH",
    "RET",
    "ENVID",
    "NOTIFY",
    "ORCPT",
    "BY",
    "MTRK",
    "MT-PRIORITY",
    "SUBMITTER",
    "HOLDFOR",
    "HOLDUNTIL",
    "RRVS",
    "XVERP",
];
const WITHOUT_VALUE: [&str; 5] = ["SMTPUTF8", "REQUIRETLS", "CONPERM", "CONNEG", "XVERP"];

fn parameters(text: &str) -> Result<Vec<Parameter>, Answer> {
    let mut params: Vec<Parameter> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let parameter = Parameter::parse(word).map_err(|_| BAD_PARAMETER)?;
        if params.len() == PARAMETERS_MAX || params.iter().any(|other| other.is(&parameter.keyword)) {
            return Err(BAD_PARAMETER);
        }
        params.push(parameter);
    }
    Ok(params)
}

fn chunk<'a>(argument: &str) -> Option<Request<'a>> {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let digits = words.next().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let length = digits.parse().ok()?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    words.next().is_none().then_some(Request::Bdat { length, last })
}
