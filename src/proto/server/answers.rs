//! What the server says of its own: code, enhanced code (RFC 2034, 3463) and words.

use super::config::Config;
use crate::proto::command::Verb;
use crate::proto::reply::Reply;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

/// A reply of the server's own: code, enhanced code, text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer(pub u16, pub &'static str, pub &'static str);

impl Answer {
    /// Something is refused with it.
    pub(super) fn is_refusal(self) -> bool {
        self.0 >= 400
    }
}

pub(super) const OK: Answer = Answer(250, "2.0.0", "Ok");
pub(super) const BYE: Answer = Answer(221, "2.0.0", "Bye");
pub(super) const GO_ON: Answer = Answer(354, "", "End the message with a line that holds a dot only");
pub(super) const CHUNK_TAKEN: Answer = Answer(250, "2.0.0", "Chunk taken");
pub(super) const BEGIN_TLS: Answer = Answer(220, "2.0.0", "Begin TLS");

// Commands that cannot be understood.
pub(super) const UNKNOWN: Answer = Answer(500, "5.5.2", "Command not known");
pub(super) const NOT_HERE: Answer = Answer(502, "5.5.1", "Command not available");
pub(super) const NO_ARGUMENT: Answer = Answer(501, "5.5.4", "This command has no argument");
/// As all answers to a hello it has no enhanced code (RFC 2034, 3).
pub(super) const NEEDS_NAME: Answer = Answer(501, "", "Give your host name");
pub(super) const NEEDS_ABOUT: Answer = Answer(501, "5.5.4", "Say about whom");
pub(super) const NO_TEXT: Answer = Answer(501, "5.5.2", "Control characters, or not UTF-8");
pub(super) const NEEDS_FROM: Answer = Answer(501, "5.5.4", "Syntax: MAIL FROM:<address>");
pub(super) const NEEDS_TO: Answer = Answer(501, "5.5.4", "Syntax: RCPT TO:<address>");
pub(super) const BAD_SENDER: Answer = Answer(501, "5.1.7", "Bad sender address");
pub(super) const BAD_RECIPIENT: Answer = Answer(501, "5.1.3", "Bad recipient address");
pub(super) const BAD_PARAMETER: Answer = Answer(501, "5.5.4", "Bad parameter");
pub(super) const BAD_VALUE: Answer = Answer(501, "5.5.4", "Bad value of a parameter");
pub(super) const NOT_OFFERED: Answer = Answer(555, "5.5.4", "Parameter not known");
pub(super) const BAD_AUTH: Answer = Answer(501, "5.5.4", "Syntax: AUTH mechanism");
/// The line cannot be understood, so the length of what follows is not known: the session cannot go on.
pub(super) const BAD_CHUNK: Answer = Answer(501, "5.5.4", "Bad chunk length");
pub(super) const BARE_IN_COMMAND: Answer =
    Answer(500, "5.5.2", "The command holds a bare carriage return or line feed");
pub(super) const LINE_TOO_LONG: Answer = Answer(500, "5.5.6", "Line too long");
pub(super) const AUTH_TOO_LONG: Answer = Answer(500, "5.5.6", "Authentication exchange line is too long");

// Commands at the wrong time.
pub(super) const NEEDS_HELLO: Answer = Answer(503, "5.5.1", "Say hello first");
pub(super) const NEEDS_EHLO: Answer = Answer(503, "5.5.1", "Say EHLO first");
pub(super) const WRONG_HELLO: Answer = Answer(500, "", "Another hello is spoken here");
pub(super) const NEEDS_MAIL: Answer = Answer(503, "5.5.1", "Say MAIL first");
pub(super) const NESTED_MAIL: Answer = Answer(503, "5.5.1", "A mail is already under way");
pub(super) const NEEDS_RCPT: Answer = Answer(503, "5.5.1", "Say RCPT first");
pub(super) const NO_RCPT: Answer = Answer(554, "5.5.1", "No valid recipients");
/// LMTP has its own code for it (RFC 2033, 4.2).
pub(super) const NO_RCPT_LMTP: Answer = Answer(503, "5.5.1", "No valid recipients");
pub(super) const NO_CHUNKS: Answer = Answer(502, "5.5.1", "BDAT is not available");
pub(super) const DATA_AFTER_BDAT: Answer = Answer(503, "5.5.1", "The mail was begun with BDAT");
pub(super) const NEEDS_BDAT: Answer = Answer(503, "5.5.1", "A binary body needs BDAT");
pub(super) const CHUNK_FAILED: Answer = Answer(503, "5.5.1", "An earlier chunk was refused");
pub(super) const TURNED_AWAY: Answer = Answer(503, "5.5.1", "No service for you: say QUIT");
pub(super) const TLS_ALREADY: Answer = Answer(503, "5.5.1", "TLS is on already");
pub(super) const AUTH_ALREADY: Answer = Answer(503, "5.5.1", "You are authenticated already");
pub(super) const AUTH_IN_MAIL: Answer = Answer(503, "5.5.1", "Not while a mail is under way");

// What is refused for security.
pub(super) const NEEDS_TLS: Answer = Answer(530, "5.7.0", "Must issue a STARTTLS command first");
pub(super) const NEEDS_AUTH: Answer = Answer(530, "5.7.0", "Authentication required");
pub(super) const NO_MECHANISM: Answer = Answer(504, "5.5.4", "Authentication mechanism not known");
pub(super) const MECHANISM_NEEDS_TLS: Answer =
    Answer(538, "5.7.11", "Encryption required for requested authentication mechanism");
pub(super) const SERVER_BEGINS: Answer = Answer(501, "5.5.4", "With this mechanism the server begins");
pub(super) const AUTH_CANCELLED: Answer = Answer(501, "5.7.0", "Authentication cancelled");

// What is refused about a mail.
pub(super) const TOO_LARGE: Answer = Answer(552, "5.3.4", "Message larger than the limit");
pub(super) const NEEDS_UTF8: Answer = Answer(553, "5.6.7", "Address is not ASCII and SMTPUTF8 was not declared");
pub(super) const TOO_MANY_RCPT: Answer = Answer(452, "4.5.3", "Too many recipients");
pub(super) const BARE_LINE_END: Answer = Answer(554, "5.6.0", "The message holds a bare carriage return or line feed");
pub(super) const HIDDEN_END: Answer = Answer(554, "5.6.0", "The message holds a line of one dot and NULs");

// What ends the session.
pub(super) const TOO_MANY_ERRORS: Answer = Answer(421, "4.7.0", "Too many errors");
pub(super) const TOO_MANY_REFUSALS: Answer = Answer(421, "4.7.0", "Too many refusals");
pub(super) const TOO_MANY_FAILURES: Answer = Answer(421, "4.7.0", "Too many failed authentications");
pub(super) const TOO_MANY_MAILS: Answer = Answer(421, "4.7.0", "Enough mails for one connection: open another");
pub(super) const TOO_IDLE: Answer = Answer(421, "4.7.0", "Too many commands without a mail");
pub(super) const NOT_SMTP: Answer = Answer(421, "4.7.0", "This is a mail server, and speaks nothing else here");
pub(super) const TIMED_OUT: Answer = Answer(421, "4.4.2", "That took too long");

impl Config {
    /// What is said to a body for which every recipient was refused.
    pub(super) fn no_recipients(&self) -> Answer {
        if self.lmtp { NO_RCPT_LMTP } else { NO_RCPT }
    }

    /// The answer as a reply, with its enhanced code if those are on offer.
    pub(super) fn reply(&self, Answer(code, enhanced, text): Answer) -> Reply {
        if self.enhanced_status_codes && !enhanced.is_empty() {
            Reply::new(code, &format!("{enhanced} {text}"))
        } else {
            Reply::new(code, text)
        }
    }

    /// The same where the session ends with it: RFC 5321 section 3.8 lets a server close with 421 only, so that any other
    /// code has to say it.
    pub(super) fn last_reply(&self, Answer(code, enhanced, text): Answer) -> Reply {
        if matches!(code, 221 | 421) {
            return self.reply(Answer(code, enhanced, text));
        }
        let said = self.reply(Answer(code, enhanced, text));
        Reply::new(code, &format!("{}: the connection is closed", &said.text()[4..]))
    }

    /// The owner's reply, with an enhanced code if those are on offer and it has none: RFC 2034 wants one in each.
    /// `detail` is what stands behind the class.
    pub(super) fn complete<'a>(&self, reply: &'a Reply, detail: &str) -> Cow<'a, Reply> {
        let wanted = self.enhanced_status_codes && matches!(reply.class(), 2 | 4 | 5);
        if wanted && reply.enhanced().is_none() {
            Cow::Owned(reply.with_enhanced(detail))
        } else {
            Cow::Borrowed(reply)
        }
    }

    /// The greeting of a session.
    pub(super) fn greeting(&self) -> Reply {
        Reply::new(220, &format!("{} {}", self.name, if self.lmtp { "LMTP" } else { "ESMTP" }))
    }

    /// The answer to a hello: with EHLO and LHLO all that is on offer now.
    pub(super) fn hello(&self, verb: Verb, secured: bool, authenticated: bool) -> Reply {
        let mut text = self.name.clone();
        if verb == Verb::Helo {
            return Reply::new(250, &text);
        }
        let size = format!("SIZE {}", self.size);
        let limits = match self.mails_max {
            0 => format!("LIMITS RCPTMAX={}", self.recipients_max),
            mails => format!("LIMITS MAILMAX={mails} RCPTMAX={}", self.recipients_max),
        };
        let mut auth = String::from("AUTH");
        for offer in self.auth.iter().filter(|offer| self.can_offer(offer, secured)) {
            auth.push(' ');
            auth.push_str(&offer.name);
        }
        let offers = [
            (true, size.as_str()),
            (self.starttls && !secured, "STARTTLS"),
            (auth.len() > 4 && !authenticated, auth.as_str()),
            (self.pipelining, "PIPELINING"),
            (self.eight_bit_mime, "8BITMIME"),
            (self.smtputf8, "SMTPUTF8"),
            (self.dsn, "DSN"),
            (self.chunking, "CHUNKING"),
            (self.chunking && self.binary_mime, "BINARYMIME"),
            (self.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
            (self.limits, limits.as_str()),
            (self.expn, "EXPN"),
            (true, "HELP"),
        ];
        for (_, line) in offers.iter().filter(|(offered, _)| *offered) {
            text.push('\n');
            text.push_str(line);
        }
        Reply::new(250, &text)
    }

    /// The connection has what the mechanism needs.
    pub(super) fn can_offer(&self, offer: &super::AuthOffer, secured: bool) -> bool {
        let shows = offer.sends_password && !self.auth_in_clear;
        let guessed = offer.guessable && !self.auth_in_clear && !self.guessable_in_clear;
        let wants_first = self.tls_required || offer.binds_channel || shows || guessed;
        secured || !wants_first
    }
}
