//! Addresses (RFC 5321 with RFC 6531): mailboxes, and the paths of MAIL and RCPT.
//!
//! An address is either refused or sent exactly as it was parsed; nothing is repaired. What is taken:
//! - `alice@example.com`, `"alice b"@example.com`, `alice@[192.0.2.1]`, `alice@[IPv6:2001:db8::1]`, UTF-8 in both parts;
//! - `alice` alone: old programs write to users of the server so;
//! - paths with or without `<>`, and with a source route (`@relay.example:alice@example.com`), which is kept apart and
//!   not sent, as RFC 5321 (appendix C) has it.

use super::command::ArgumentError;
use alloc::string::String;
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
type Why = &'static str;

/// A mailbox: a local part and mostly a domain.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    text: String,
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
        without_brackets(text)
            .and_then(|inner| mailbox(inner, local_max))
            .map_err(|why| ArgumentError { what: "address", why })
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
    route: String,
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
        let parsed = without_brackets(text).and_then(|inner| match inner {
            "" => Ok((None, "")),
            _ => path(inner, local_max).map(|(mailbox, route)| (Some(mailbox), route)),
        });
        match parsed {
            Ok((mailbox, route)) => Ok(ReversePath { mailbox, route: String::from(route) }),
            Err(why) => Err(ArgumentError { what: "sender", why }),
        }
    }

    /// The null sender.
    pub const fn null() -> Self {
        ReversePath { mailbox: None, route: String::new() }
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
        &self.route
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
    route: String,
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
        match without_brackets(text).and_then(|inner| path(inner, local_max)) {
            Ok((mailbox, route)) => Ok(ForwardPath { mailbox, route: String::from(route) }),
            Err(why) => Err(ArgumentError { what: "recipient", why }),
        }
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
        &self.route
    }

    /// All ASCII: can be sent without SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.mailbox.is_ascii()
    }
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

/// Takes `<` and `>` off, if they are there.
fn without_brackets(text: &str) -> Result<&str, Why> {
    if text.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    match text.strip_prefix('<') {
        Some(rest) => rest.strip_suffix('>').ok_or("begins with < and does not end with >"),
        None => Ok(text),
    }
}

/// An optional source route, then a mailbox. Gives the mailbox and the route without its colon.
fn path(text: &str, local_max: usize) -> Result<(Mailbox, &str), Why> {
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
                    return Err("its source route is longer than 254 octets");
                }
                return Ok((mailbox(&rest[1..], local_max)?, route));
            }
            _ => break,
        }
    }
    Err("begins with @ and is not a source route: @relay.example:alice@example.com")
}

/// A whole text that is a mailbox.
fn mailbox(text: &str, local_max: usize) -> Result<Mailbox, Why> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() > PATH_MAX {
        return Err("is longer than 254 octets");
    }
    let at = if text.starts_with('"') { quoted_end(text)? } else { dot_atom_end(text)? };
    if at > local_max {
        return Err("its local part is longer than 64 octets");
    }
    match text[at..].strip_prefix('@') {
        Some(domain) if domain_end(domain)? == domain.len() => {}
        Some(_) => return Err("its domain holds a character that no domain has"),
        None if at == text.len() => {} // a local user
        None => return Err("holds a space or a special character: put the local part in quotes"),
    }
    Ok(Mailbox { text: String::from(text), at })
}

/// Where the quoted string at the front of `text` ends.
fn quoted_end(text: &str) -> Result<usize, Why> {
    let mut chars = text.char_indices().skip(1);
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return Ok(place + 1),
            // A backslash may stand before printable ASCII only.
            '\\' if !chars.next().is_some_and(|(_, c)| (' '..='~').contains(&c)) => break,
            c if c.is_control() => return Err("holds a control character"),
            _ => {}
        }
    }
    Err("its quoted local part does not end, or holds a stray backslash")
}

/// Where the words with single dots between them at the front of `text` end.
fn dot_atom_end(text: &str) -> Result<usize, Why> {
    let end = text.find(|c| c != '.' && !is_atom_char(c)).unwrap_or(text.len());
    let atom = &text[..end];
    if atom.is_empty() {
        return Err(if text.starts_with('@') {
            "has no local part"
        } else {
            "begins with a character that needs quotes"
        });
    }
    if atom.starts_with('.') || atom.ends_with('.') || atom.contains("..") {
        return Err("its local part has a dot first, last or twice: put it in quotes");
    }
    Ok(end)
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
fn domain_end(text: &str) -> Result<usize, Why> {
    if let Some(inner) = text.strip_prefix('[') {
        let Some((literal, _)) = inner.split_once(']') else { return Err("its address literal lacks the ]") };
        check_literal(literal)?;
        return Ok(literal.len() + 2);
    }
    // Underscores are in no domain of RFC 5321, but in the names of real hosts.
    let of_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || is_foreign(c);
    let end = text.find(|c| c != '.' && !of_label(c)).unwrap_or(text.len());
    if end > DOMAIN_MAX {
        return Err("its domain is longer than 255 octets");
    }
    for label in text[..end].split('.') {
        if label.is_empty() {
            return Err("its domain is empty, or has a dot first, last or twice");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("its domain has a part that begins or ends with a hyphen");
        }
        if label.is_ascii() && label.len() > LABEL_MAX {
            return Err("its domain has a part longer than 63 octets");
        }
    }
    Ok(end)
}

/// What stands between `[` and `]`: an IPv4 address, `IPv6:` and one, or another tag and its printable text.
fn check_literal(literal: &str) -> Result<(), Why> {
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
