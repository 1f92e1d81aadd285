//! What the parameters of MAIL and RCPT mean.

use super::answers::{Answer, BAD_VALUE, NOT_OFFERED, TOO_LARGE};
use super::config::Config;
use crate::proto::address::Mailbox;
use crate::proto::command::{Parameter, xtext_decode};
use alloc::string::{String, ToString};

/// The longest ENVID (RFC 3461, 4.4) and ORCPT (4.2), as they are sent.
const ENVID_MAX: usize = 100;
const ORCPT_MAX: usize = 500;

/// What octets a body holds: BODY of RFC 6152 and 3030.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// 7BIT, or nothing said.
    #[default]
    SevenBit,
    /// 8BITMIME.
    EightBit,
    /// BINARYMIME: lines may end at anything, so only BDAT can carry it.
    Binary,
}

/// How much of the mail a notice about it is to hold: RET of RFC 3461.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// The parameters of MAIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailOptions {
    /// SIZE: how many octets the client says the mail has; within the limit.
    pub size: Option<u64>,
    /// BODY.
    pub body: BodyType,
    /// SMTPUTF8: addresses and header may hold UTF-8.
    pub utf8: bool,
    /// RET.
    pub ret: Option<Return>,
    /// ENVID, decoded: text without control characters.
    pub envid: Option<String>,
    /// AUTH (RFC 4954, 5): who submitted the mail first. `Some(None)` is `<>`: not known. It is the client's word: without
    /// trust in the client take it for `<>`.
    pub auth: Option<Option<Mailbox>>,
}

impl MailOptions {
    pub(super) fn read(config: &Config, params: &[Parameter]) -> Result<Self, Answer> {
        let mut options = MailOptions::default();
        for parameter in params {
            let value = parameter.value.as_deref();
            let is = |keyword, offered: bool| offered && parameter.is(keyword);
            if is("SIZE", true) {
                let digits = value.filter(|v| v.bytes().all(|b| b.is_ascii_digit())).ok_or(BAD_VALUE)?;
                // What 64 bits do not hold is larger than any limit.
                let size = digits.parse().ok();
                if exceeds(config, size.unwrap_or(u64::MAX)) {
                    return Err(TOO_LARGE);
                }
                options.size = size;
            } else if is("BODY", config.eight_bit_mime || config.binary_mime) {
                options.body = match value.unwrap_or_default().to_ascii_uppercase().as_str() {
                    "7BIT" => BodyType::SevenBit,
                    "8BITMIME" if config.eight_bit_mime => BodyType::EightBit,
                    "BINARYMIME" if config.binary_mime && config.chunking => BodyType::Binary,
                    _ => return Err(BAD_VALUE),
                };
            } else if is("SMTPUTF8", config.smtputf8) {
                options.utf8 = true;
                check(value.is_none())?;
            } else if is("RET", config.dsn) {
                options.ret = Some(match value.unwrap_or_default().to_ascii_uppercase().as_str() {
                    "FULL" => Return::Full,
                    "HDRS" => Return::Headers,
                    _ => return Err(BAD_VALUE),
                });
            } else if is("ENVID", config.dsn) {
                options.envid = Some(decoded(value.filter(|v| v.len() <= ENVID_MAX))?);
            } else if is("AUTH", !config.auth.is_empty()) {
                options.auth = Some(match decoded(value)?.as_str() {
                    "<>" => None,
                    mailbox => Some(Mailbox::received(mailbox).map_err(|_| BAD_VALUE)?),
                });
            } else {
                return Err(NOT_OFFERED);
            }
        }
        Ok(options)
    }
}

/// When the sender wants to hear of a recipient: NOTIFY of RFC 3461. All false is NEVER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// When it is delivered.
    pub success: bool,
    /// When it cannot be.
    pub failure: bool,
    /// When it takes long.
    pub delay: bool,
}

/// The recipient as the sender first wrote it: ORCPT of RFC 3461.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// The kind of address, mostly `rfc822`.
    pub kind: String,
    /// The address, decoded: text without control characters.
    pub address: String,
}

/// The parameters of RCPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptOptions {
    /// NOTIFY; none where the client says nothing.
    pub notify: Option<Notify>,
    /// ORCPT.
    pub orcpt: Option<OriginalRecipient>,
}

impl RcptOptions {
    pub(super) fn read(config: &Config, params: &[Parameter]) -> Result<Self, Answer> {
        let mut options = RcptOptions::default();
        for parameter in params {
            let value = parameter.value.as_deref();
            if config.dsn && parameter.is("NOTIFY") {
                options.notify = Some(value.and_then(notify).ok_or(BAD_VALUE)?);
            } else if config.dsn && parameter.is("ORCPT") {
                let value = value.filter(|v| v.len() <= ORCPT_MAX).ok_or(BAD_VALUE)?;
                let (kind, address) = value.split_once(';').ok_or(BAD_VALUE)?;
                options.orcpt = Some(OriginalRecipient { kind: kind.to_string(), address: decoded(Some(address))? });
            } else {
                return Err(NOT_OFFERED);
            }
        }
        Ok(options)
    }
}

/// So many octets are beyond the limit.
pub(super) fn exceeds(config: &Config, size: u64) -> bool {
    config.size != 0 && size > config.size
}

fn check(valid: bool) -> Result<(), Answer> {
    if valid { Ok(()) } else { Err(BAD_VALUE) }
}

/// What an xtext stands for. A control character that hid in it is not let through.
fn decoded(value: Option<&str>) -> Result<String, Answer> {
    // Under SMTPUTF8 values may hold UTF-8 as it is (RFC 6533, 3): there is nothing to decode in such a one.
    let text = value.and_then(|value| if value.is_ascii() { xtext_decode(value) } else { Some(value.to_string()) });
    text.filter(|text| !text.is_empty() && !text.contains(char::is_control)).ok_or(BAD_VALUE)
}

/// NEVER alone, or a list of SUCCESS, FAILURE and DELAY.
fn notify(value: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(notify);
    }
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}
