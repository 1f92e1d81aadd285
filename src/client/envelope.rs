//! MAIL's and RCPT's parameters: what a mail wants against what the server offers.

use crate::error::{Cause, Error, Hint, Phase, Result};
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::{Parameter, Verb};
use crate::proto::extension::Extensions;

/// What the engine knows about a body before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BodyKind {
    /// Not known: 8BITMIME is declared where the server offers it.
    #[default]
    Unknown,
    /// ASCII only: nothing is declared.
    SevenBit,
    /// Octets beyond ASCII in lines.
    EightBit,
    /// BINARYMIME: no lines at all; goes out by BDAT only and unchanged.
    Binary,
}

/// What MAIL says.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// MAIL, SEND, SOML or SAML.
    pub verb: Verb,
    /// Whom to tell of failures.
    pub from: &'a ReversePath,
    /// All recipients can be named without SMTPUTF8.
    pub ascii_recipients: bool,
    /// The parameters that the caller asks for.
    pub asked: &'a [Parameter],
    /// The size of the message in octets, if it is known.
    pub size: Option<u64>,
    /// What its body is.
    pub kind: BodyKind,
}

impl<'a> Sender<'a> {
    /// MAIL from this address, of a message of which nothing is known.
    pub fn new(from: &'a ReversePath) -> Self {
        let kind = BodyKind::Unknown;
        Sender { verb: Verb::Mail, from, ascii_recipients: true, asked: &[], size: None, kind }
    }

    /// The parameters that go out: those that the caller asks for where the server has them, and those that the engine adds
    /// (SIZE, BODY, SMTPUTF8).
    ///
    /// An error when the mail cannot go out properly without one that the server lacks.
    pub fn parameters(&self, extensions: &Extensions) -> Result<Vec<Parameter>> {
        let Sender { from, ascii_recipients, asked, size, kind, .. } = *self;
        let mut sent = Vec::new();
        for parameter in asked {
            if is_offered(extensions, parameter)? {
                sent.push(parameter.clone());
            }
        }
        let has = |sent: &[Parameter], keyword: &str| sent.iter().any(|p| p.is(keyword));
        let needs_utf8 = !from.is_ascii() || !ascii_recipients;
        if needs_utf8 && !extensions.smtputf8 {
            return Err(lacks("SMTPUTF8", "an address of this mail is not ASCII").hinting(Hint::NoUtf8));
        }
        if needs_utf8 && !has(&sent, "SMTPUTF8") {
            sent.push(known("SMTPUTF8", None)?);
        }
        if let (Some(size), Some(limit)) = (size, extensions.size) {
            if let Some(limit) = limit.filter(|&limit| limit > 0 && size > limit) {
                return Err(Error::too_large(size, limit));
            }
            if !has(&sent, "SIZE") {
                sent.push(known("SIZE", Some(&size.to_string()))?);
            }
        }
        if !has(&sent, "BODY") {
            match kind {
                BodyKind::Unknown | BodyKind::EightBit if extensions.eight_bit_mime => {
                    sent.push(known("BODY", Some("8BITMIME"))?);
                }
                BodyKind::Binary if extensions.binary_mime && extensions.chunking => {
                    sent.push(known("BODY", Some("BINARYMIME"))?);
                }
                BodyKind::Binary => return Err(lacks("BINARYMIME", "this mail is binary")),
                BodyKind::Unknown | BodyKind::EightBit | BodyKind::SevenBit => {}
            }
        }
        Ok(sent)
    }
}

/// The parameters of RCPT that the server has.
pub fn recipient_parameters(extensions: &Extensions, asked: &[Parameter]) -> Result<Vec<Parameter>> {
    let mut sent = Vec::new();
    for parameter in asked {
        if is_offered(extensions, parameter)? {
            sent.push(parameter.clone());
        }
    }
    Ok(sent)
}

/// Whether a parameter may be sent; an error where leaving it out would change what the mail promises.
fn is_offered(extensions: &Extensions, parameter: &Parameter) -> Result<bool> {
    let keyword = parameter.keyword.to_ascii_uppercase();
    let value = parameter.value.as_deref().unwrap_or_default();
    let offered = match keyword.as_str() {
        "SIZE" => extensions.size.is_some(),
        "BODY" if value.eq_ignore_ascii_case("BINARYMIME") => extensions.binary_mime && extensions.chunking,
        "BODY" => extensions.eight_bit_mime,
        "SMTPUTF8" => extensions.smtputf8,
        "RET" | "ENVID" | "NOTIFY" | "ORCPT" => extensions.dsn,
        "BY" => extensions.deliver_by.is_some(),
        "MT-PRIORITY" => extensions.mt_priority.is_some(),
        "REQUIRETLS" => extensions.require_tls,
        "AUTH" => !extensions.auth.is_empty(),
        other => extensions.has(other),
    };
    // Without these the mail would be altered, or treated worse than its sender demands (RFC 2852 section 4.1,
    // RFC 8689 section 4.1, RFC 3030 section 3).
    let must = match keyword.as_str() {
        "BODY" => value.eq_ignore_ascii_case("BINARYMIME"),
        "BY" => value.split(';').nth(1).is_some_and(|mode| mode.trim_start().starts_with(['R', 'r'])),
        "REQUIRETLS" => true,
        _ => false,
    };
    match (offered, must) {
        (false, true) => Err(lacks(&keyword, "this mail demands it")),
        (offered, _) => Ok(offered),
    }
}

/// Whether all recipients can be named without SMTPUTF8.
pub fn all_ascii<'a>(mut recipients: impl Iterator<Item = &'a ForwardPath>) -> bool {
    recipients.all(ForwardPath::is_ascii)
}

fn known(keyword: &str, value: Option<&str>) -> Result<Parameter> {
    Parameter::new(keyword, value).map_err(|why| Error::new(Phase::Mail, Cause::BadArgument, why.to_string()))
}

fn lacks(extension: &str, why: &str) -> Error {
    Error::new(Phase::Mail, Cause::NotSupported, format!("the server does not offer {extension}, and {why}"))
}
