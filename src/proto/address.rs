//! Addresses (RFC 5321 with RFC 6531): mailboxes, and the paths of MAIL and RCPT.
//!
//! An address is either refused or sent exactly as it was given, but for blanks around it; nothing is repaired. Refused is
//! what could be read as something else, not what is bad style. What is taken:
//! - `alice@example.com`, `"alice b"@example.com`, `alice@[192.0.2.1]`, `alice@[IPv6:2001:db8::1]`, UTF-8 in both parts;
//! - dots wherever they are in a local part, one at the end of a domain, hyphens and underscores anywhere in one: carriers
//!   have such subscribers, and other mail systems pass them on;
//! - `alice` alone: old programs write to users of the server so;
//! - paths with or without `<>`, and with a source route (`@relay.example:alice@example.com`), which is kept apart and
//!   not sent, as RFC 5321 (appendix C) has it.

use super::command::ArgumentError;
use alloc::boxed::Box;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// The longest local part that RFC 5321 (4.5.3.1.1) promises. It asks servers to take longer ones where they can: list
/// servers and forwarders put whole addresses into theirs.
const LOCAL_MAX: usize = 64;
const LABEL_MAX: usize = 63;
const DOMAIN_MAX: usize = 255;
/// The longest path: 256 with its `<>`.
const PATH_MAX: usize = 254;

/// Why an address is refused.
struct Fault {
    why: &'static str,
    /// So many octets before the end of the text it is: where the text was given up.
    left: Option<usize>,
}

impl Fault {
    /// About the place so many octets into `text`, which is the end of the whole.
    fn at(text: &str, place: usize, why: &'static str) -> Fault {
        Fault { why, left: Some(text.len() - place) }
    }

    /// The error about `what`, which was given as `text` and has `after` octets behind the text that was looked at.
    fn of(self, what: &'static str, text: &str, after: usize) -> ArgumentError {
        match self.left {
            Some(left) => ArgumentError::about(what, self.why, text, text.len().saturating_sub(left + after)),
            None => ArgumentError::new(what, self.why),
        }
    }
}

impl From<&'static str> for Fault {
    fn from(why: &'static str) -> Fault {
        Fault { why, left: None }
    }
}

/// Reads what stands within the brackets of `text`, if it has some, and blanks around both.
fn read<'a, T>(
    what: &'static str,
    text: &'a str,
    parse: impl FnOnce(&'a str) -> Result<T, Fault>,
) -> Result<T, ArgumentError> {
    let blank = [' ', '\t'];
    let front = text.trim_end_matches(blank);
    let bare = front.trim_start_matches(blank);
    let (inner, after) = match bare.strip_prefix('<') {
        None => (bare, text.len() - front.len()),
        Some(rest) => match rest.strip_suffix('>') {
            None => return Err(Fault::from("begins with < and does not end with >").of(what, text, 0)),
            Some(within) => {
                let inner = within.trim_end_matches(blank);
                (inner.trim_start_matches(blank), text.len() - front.len() + 1 + within.len() - inner.len())
            }
        },
    };
    let checked = match inner.find(char::is_control) {
        Some(place) => Err(Fault::at(inner, place, "holds a control character")),
        None => parse(inner),
    };
    checked.map_err(|fault| fault.of(what, text, after))
}

/// A mailbox: a local part and mostly a domain.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    text: Box<str>,
    /// Where the `@` is; the length of the text if there is none.
    at: usize,
}

impl Mailbox {
    /// Parses a mailbox, with or without `<>`.
    pub fn parse(text: &str) -> Result<Self, ArgumentError> {
        Mailbox::of(text, LOCAL_MAX)
    }

    /// The same as a server takes it: the local part may be as long as the path allows.
    pub fn received(text: &str) -> Result<Self, ArgumentError> {
        Mailbox::of(text, PATH_MAX)
    }

    fn of(text: &str, local_max: usize) -> Result<Self, ArgumentError> {
        read("address", text, |inner| mailbox(inner, local_max))
    }

    /// The mailbox without `<>`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, with its quotes if it has some.
    pub fn local_part(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// What stands after the `@`: a domain, or an address literal with its brackets.
    pub fn domain(&self) -> Option<&str> {
        self.text.get(self.at + 1..)
    }

    /// All ASCII: can be sent without SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// The sender as MAIL carries it: a mailbox, or nothing (`<>`, for notices that must not be answered).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReversePath {
    mailbox: Option<Mailbox>,
    route: Option<Box<str>>,
}

impl ReversePath {
    /// Parses a sender; an empty text or `<>` is the null sender.
    pub fn parse(text: &str) -> Result<Self, ArgumentError> {
        ReversePath::of(text, LOCAL_MAX)
    }

    /// The same as a server takes it: the local part may be as long as the path allows.
    pub fn received(text: &str) -> Result<Self, ArgumentError> {
        ReversePath::of(text, PATH_MAX)
    }

    fn of(text: &str, local_max: usize) -> Result<Self, ArgumentError> {
        let (mailbox, route) = read("sender", text, |inner| match inner {
            "" => Ok((None, "")),
            _ => path(inner, local_max).map(|(mailbox, route)| (Some(mailbox), route)),
        })?;
        Ok(ReversePath { mailbox, route: kept(route) })
    }

    /// The null sender.
    pub const fn null() -> Self {
        ReversePath { mailbox: None, route: None }
    }

    /// It is the null sender.
    pub fn is_null(&self) -> bool {
        self.mailbox.is_none()
    }

    /// The mailbox, unless it is the null sender.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        self.mailbox.as_ref()
    }

    /// What is sent between `<` and `>`.
    pub fn as_str(&self) -> &str {
        self.mailbox.as_ref().map_or("", Mailbox::as_str)
    }

    /// The source route without its colon, such as `@a.example,@b.example`; mostly empty. It is not sent.
    pub fn route(&self) -> &str {
        self.route.as_deref().unwrap_or_default()
    }

    /// All ASCII: can be sent without SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.as_str().is_ascii()
    }
}

/// A recipient as RCPT carries it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ForwardPath {
    mailbox: Mailbox,
    route: Option<Box<str>>,
}

impl ForwardPath {
    /// Parses a recipient.
    pub fn parse(text: &str) -> Result<Self, ArgumentError> {
        ForwardPath::of(text, LOCAL_MAX)
    }

    /// The same as a server takes it: the local part may be as long as the path allows.
    pub fn received(text: &str) -> Result<Self, ArgumentError> {
        ForwardPath::of(text, PATH_MAX)
    }

    fn of(text: &str, local_max: usize) -> Result<Self, ArgumentError> {
        let (mailbox, route) = read("recipient", text, |inner| path(inner, local_max))?;
        Ok(ForwardPath { mailbox, route: kept(route) })
    }

    /// The mailbox.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// What is sent between `<` and `>`.
    pub fn as_str(&self) -> &str {
        self.mailbox.as_str()
    }

    /// The source route without its colon; mostly empty. It is not sent.
    pub fn route(&self) -> &str {
        self.route.as_deref().unwrap_or_default()
    }

    /// All ASCII: can be sent without SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.mailbox.is_ascii()
    }
}

/// A source route as it is kept, mostly none.
fn kept(route: &str) -> Option<Box<str>> {
    (!route.is_empty()).then(|| Box::from(route))
}

macro_rules! shown_as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "<{}>", self.as_str())
            }
        }
    )*};
}

shown_as_text!(Mailbox ReversePath ForwardPath);

/// An optional source route, then a mailbox. Gives the mailbox and the route without its colon.
fn path(text: &str, local_max: usize) -> Result<(Mailbox, &str), Fault> {
    if !text.starts_with('@') {
        return Ok((mailbox(text, local_max)?, ""));
    }
    let mut rest = text;
    while let Some(host) = rest.strip_prefix('@') {
        let end = domain_end(host)?;
        rest = &host[end..];
        match rest.bytes().next() {
            Some(b',') => rest = &rest[1..],
            Some(b':') => {
                let route = &text[..text.len() - rest.len()];
                if route.len() > PATH_MAX {
                    return Err("its source route is longer than 254 octets".into());
                }
                return Ok((mailbox(&rest[1..], local_max)?, route));
            }
            _ => break,
        }
    }
    Err(Fault::at(rest, 0, "begins with @ and is not a source route, such as @relay.example:alice@example.com"))
}

/// A whole text that is a mailbox.
fn mailbox(text: &str, local_max: usize) -> Result<Mailbox, Fault> {
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.len() > PATH_MAX {
        return Err("is longer than 254 octets".into());
    }
    let at = if text.starts_with('"') { quoted_end(text)? } else { dot_atom_end(text)? };
    if at > local_max {
        return Err("its local part is longer than 64 octets".into());
    }
    match text[at..].strip_prefix('@') {
        Some(domain) => {
            let end = domain_end(domain)?;
            if end < domain.len() {
                return Err(Fault::at(domain, end, "its domain holds a character that no domain has"));
            }
        }
        None if at == text.len() => {} // a local user
        None if text.ends_with('>') => {
            return Err(Fault::at(text, at, "is a name and an address: give what stands between < and >"));
        }
        None => {
            let why = "holds a space or a special character that an address has in a quoted local part only";
            return Err(Fault::at(text, at, why));
        }
    }
    Ok(Mailbox { text: Box::from(text), at })
}

/// Where the quoted string at the front of `text` ends.
fn quoted_end(text: &str) -> Result<usize, Fault> {
    let mut chars = text.char_indices().skip(1);
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return Ok(place + 1),
            // A backslash may stand before printable ASCII only.
            '\\' if !chars.next().is_some_and(|(_, c)| (' '..='~').contains(&c)) => break,
            _ => {}
        }
    }
    Err("its quoted local part does not end, or holds a stray backslash".into())
}

/// Where the letters, with dots between them or not, at the front of `text` end.
fn dot_atom_end(text: &str) -> Result<usize, Fault> {
    match text.find(|c| c != '.' && !is_atom_char(c)) {
        Some(0) if text.starts_with('@') => Err(Fault::at(text, 0, "has no local part")),
        Some(0) if text.ends_with('>') => {
            Err(Fault::at(text, 0, "is a name and an address: give what stands between < and >"))
        }
        Some(0) => Err(Fault::at(text, 0, "begins with a character that an address has in a quoted local part only")),
        Some(end) => Ok(end),
        None => Ok(text.len()),
    }
}

fn is_atom_char(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        _ if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(c),
        _ => is_foreign(c),
    }
}

/// Not ASCII, and neither a control character nor a kind of space.
fn is_foreign(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

/// Where the domain or address literal at the front of `text` ends.
fn domain_end(text: &str) -> Result<usize, Fault> {
    if let Some(inner) = text.strip_prefix('[') {
        let Some((literal, _)) = inner.split_once(']') else {
            return Err(Fault::at(text, 0, "its address literal lacks the ]"));
        };
        check_literal(literal).map_err(|why| Fault::at(text, 0, why))?;
        return Ok(literal.len() + 2);
    }
    // Underscores are in no domain of RFC 5321, but in the names of real hosts.
    let of_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || is_foreign(c);
    let end = text.find(|c| c != '.' && !of_label(c)).unwrap_or(text.len());
    if end > DOMAIN_MAX + 1 {
        return Err("its domain is longer than 255 octets".into());
    }
    // A dot at the end names the root of all domains, which every domain ends in.
    let name = text[..end].strip_suffix('.').unwrap_or(&text[..end]);
    if name.len() > DOMAIN_MAX {
        return Err("its domain is longer than 255 octets".into());
    }
    let mut place = 0;
    for label in name.split('.') {
        if label.is_empty() {
            return Err(Fault::at(text, place, "its domain is empty, or has a dot first or twice"));
        }
        if label.is_ascii() && label.len() > LABEL_MAX {
            return Err(Fault::at(text, place, "its domain has a part longer than 63 octets"));
        }
        place += label.len() + 1;
    }
    Ok(end)
}

/// What stands between `[` and `]`: an IPv4 address, `IPv6:` and one, or another tag and its printable text.
fn check_literal(literal: &str) -> Result<(), &'static str> {
    let valid = match literal.split_once(':') {
        None => literal.parse::<Ipv4Addr>().is_ok(),
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => address.parse::<Ipv6Addr>().is_ok(),
        Some(_) if literal.parse::<Ipv6Addr>().is_ok() => false, // its tag was forgotten
        Some((tag, content)) => {
            let tag_letters = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let printable = content.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b'\\'));
            !tag.is_empty() && !tag.ends_with('-') && tag_letters && !content.is_empty() && printable
        }
    };
    let short = literal.len() + 2 <= DOMAIN_MAX;
    if valid && short { Ok(()) } else { Err("its address literal is not [192.0.2.1] or [IPv6:2001:db8::1]") }
}
