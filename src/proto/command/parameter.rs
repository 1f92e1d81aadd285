//! Parameters of MAIL and RCPT (RFC 5321, 4.1.2) and xtext (RFC 3461, 4), the encoding that some of their values have.

use super::ArgumentError;
use alloc::string::String;
use alloc::vec::Vec;

/// A parameter of MAIL or RCPT: `SIZE=1000`, `SMTPUTF8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The keyword.
    pub keyword: String,
    /// The value as it is sent: already in xtext where the parameter wants that.
    pub value: Option<String>,
}

impl Parameter {
    /// A parameter, checked.
    pub fn new(keyword: impl Into<String>, value: Option<&str>) -> Result<Self, ArgumentError> {
        let parameter = Parameter { keyword: keyword.into(), value: value.map(String::from) };
        parameter.check()?;
        Ok(parameter)
    }

    /// A parameter as it stands in a command: `KEYWORD` or `KEYWORD=value`.
    pub fn parse(text: &str) -> Result<Self, ArgumentError> {
        match text.split_once('=') {
            Some((keyword, value)) => Parameter::new(keyword, Some(value)),
            None => Parameter::new(text, None),
        }
    }

    /// The keyword is `keyword`, whatever the case.
    pub fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }

    /// Checks the syntax, and that what an encoded value decodes to holds no control character.
    pub(super) fn check(&self) -> Result<(), ArgumentError> {
        let keyword = self.keyword.as_bytes();
        let letters = keyword.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-');
        if keyword.is_empty() || keyword[0] == b'-' || !letters {
            return Err(ArgumentError::new("parameter", "its keyword may hold letters, digits and hyphens only"));
        }
        let Some(value) = &self.value else { return Ok(()) };
        let fail = |why| Err(ArgumentError::new("parameter", why));
        if value.is_empty() {
            return fail("its value is empty");
        }
        if value.chars().any(|c| c.is_control() || c.is_whitespace() || c == '=') {
            return fail("its value holds a space, a control character or an equals sign: encode it as xtext");
        }
        let encoded = if self.is("ENVID") || self.is("AUTH") {
            value.as_str()
        } else if self.is("ORCPT") {
            match value.split_once(';') {
                Some((kind, address)) if is_address_type(kind) => {
                    if kind.eq_ignore_ascii_case("utf-8") && hides_control(address) {
                        return fail("its value stands for a control character");
                    }
                    address
                }
                _ => return fail("its value lacks the address type: rfc822;alice@example.com"),
            }
        } else {
            return Ok(());
        };
        match decode(encoded) {
            None => fail("its value is not xtext: a plus sign is written +2B"),
            Some(bytes) if bytes.iter().any(u8::is_ascii_control) => fail("its value stands for a control character"),
            Some(_) => Ok(()),
        }
    }
}

/// Encodes a text as xtext: what is not printable ASCII, and `+` and `=`, become `+` and two hexadecimal digits.
pub fn xtext(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'+' && byte != b'=' {
            out.push(char::from(byte));
        } else {
            out.push('+');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Decodes xtext; `None` if it is not xtext or does not stand for UTF-8. What comes out may hold anything, line ends
/// too: check it before it is used.
pub fn xtext_decode(text: &str) -> Option<String> {
    if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'=') {
        return None;
    }
    String::from_utf8(decode(text)?).ok()
}

/// Undoes `+XX`; other characters stand for themselves.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'A'..=b'F' => Some(b - b'A' + 10), // small letters are not xtext
        _ => None,
    };
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        if *first == b'+' {
            let [high, low, rest @ ..] = rest else { return None };
            out.push(digit(high)? << 4 | digit(low)?);
            bytes = rest;
        } else {
            out.push(*first);
        }
    }
    Some(out)
}

/// "rfc822", "utf-8", "x400": RFC 3461 allows any atom, but nobody has registered anything else.
fn is_address_type(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// RFC 6533 writes characters as `\x{41}` too: is one of them a control character?
fn hides_control(address: &str) -> bool {
    address.split("\\x{").skip(1).any(|rest| {
        let digits = rest.split('}').next().unwrap_or_default();
        match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
            Some(c) => c.is_control(),
            None => true, // stands for nothing
        }
    })
}
