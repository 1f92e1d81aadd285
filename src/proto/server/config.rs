//! What a server offers and how much it takes.

use crate::proto::dot::BareEnds;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// What a server offers and how much it takes.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server's name, as the greeting has it.
    pub name: String,
    /// LMTP (RFC 2033): LHLO instead of EHLO, and after the body an answer for each recipient.
    pub lmtp: bool,
    /// Ask the owner before the greeting: [`Event::Connect`](super::Event::Connect). Else everyone is greeted.
    pub ask_connection: bool,
    /// Ask the owner about the client's hello: [`Event::Hello`](super::Event::Hello). Else every name will do.
    pub ask_hello: bool,
    /// Offer PIPELINING.
    pub pipelining: bool,
    /// Offer 8BITMIME.
    pub eight_bit_mime: bool,
    /// Offer SMTPUTF8.
    pub smtputf8: bool,
    /// Offer DSN. Who does promises that the notices that are asked for are sent, by whoever gets the mail from here
    /// (RFC 3461 section 5.2).
    pub dsn: bool,
    /// Offer CHUNKING.
    pub chunking: bool,
    /// Offer BINARYMIME; needs CHUNKING.
    pub binary_mime: bool,
    /// Offer ENHANCEDSTATUSCODES, and put such codes into the replies; an answer of the owner that has none gets one.
    pub enhanced_status_codes: bool,
    /// Offer LIMITS (RFC 9422): tell the client of `recipients_max` and `mails_max`.
    pub limits: bool,
    /// Offer EXPN, and ask the owner about it. Else it is answered with 502.
    pub expn: bool,
    /// Take SEND, SOML and SAML as well as MAIL.
    pub terminals: bool,

    /// Offer STARTTLS, as long as the session is not secured.
    pub starttls: bool,
    /// Before TLS only EHLO, NOOP, STARTTLS and the like are taken; the rest is answered with 530.
    pub tls_required: bool,
    /// The mechanisms that AUTH offers, in the order in which they are shown; none for no AUTH at all. What the
    /// library's own [`sasl::server`](crate::sasl::server) can do is in its table.
    pub auth: Vec<AuthOffer>,
    /// MAIL, VRFY and EXPN are for clients that have authenticated themselves; others are answered with 530.
    pub auth_required: bool,
    /// Offer and take mechanisms that show the password, without TLS too. Anyone on the way can read it. Includes
    /// `guessable_in_clear`.
    pub auth_in_clear: bool,
    /// Offer and take mechanisms of which the password can be guessed at leisure, without TLS too.
    pub guessable_in_clear: bool,

    /// What is done about a CR or an LF of its own in a message, unless it is declared as binary.
    pub bare_ends: BareEnds,
    /// The largest message in octets, offered with SIZE; 0 for no limit.
    pub size: u64,
    /// The longest command line in octets, its end included. RFC 5321 has 512, to which the extensions add.
    pub line_max: usize,
    /// The longest line of AUTH and its exchange, its end included; RFC 4954 wants 12,288.
    pub auth_line_max: usize,
    /// The most recipients of a mail. RFC 5321 wants at least 100.
    pub recipients_max: usize,
    /// The most mails over one connection; 0 for no limit.
    pub mails_max: usize,
    /// How many faulty commands between two mails end the session.
    pub errors_max: usize,
    /// How many refusals between two mails end the session: recipients that the owner or a limit turned down, and
    /// commands that only follow from a refusal. Apart from the errors, since a long list has many.
    pub refusals_max: usize,
    /// How many commands that lead nowhere (NOOP, RSET, EHLO, VRFY, ...) between two mails end the session.
    pub idle_max: usize,
    /// How many failed attempts to authenticate end the session.
    pub auth_failures_max: usize,
    /// With so many octets of replies unsent, nothing more is taken: a client that does not read must not fill our
    /// memory.
    pub output_max: usize,
    /// How long a client may take.
    pub timeouts: Timeouts,
}

/// A mechanism that AUTH offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthOffer {
    /// Its name, in capitals.
    pub name: String,
    /// It shows the password or the token to whoever listens: not offered without TLS.
    pub sends_password: bool,
    /// Whoever listens can try passwords on what it shows, many millions a second (CRAM-MD5): not offered without TLS
    /// either.
    pub guessable: bool,
    /// It is tied to the TLS connection: not offered without.
    pub binds_channel: bool,
    /// The client begins: AUTH may carry its first message. CRAM-MD5 is one where it may not.
    pub client_first: bool,
}

/// How long a client may take. The owner has the clock: [`Dialogue::time_limit`](super::Dialogue::time_limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the first hello, from the greeting on.
    pub hello: Duration,
    /// For the next command, whole.
    pub command: Duration,
    /// For each line of an authentication.
    pub auth: Duration,
    /// For the handshake of TLS.
    pub handshake: Duration,
    /// For each 16 KiB of a body, and for what is left of it then: a client that drips bytes is too slow as well.
    pub body: Duration,
    /// For taking some of the replies, when so many wait that nothing else is done.
    pub send: Duration,
    /// For the whole session.
    pub session: Duration,
}

impl Default for Timeouts {
    /// Five minutes, which RFC 5321 (4.5.3.2.7) asks for, two for authentication, one for the handshake, and a day for
    /// the session.
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Timeouts {
            hello: minutes(5),
            command: minutes(5),
            auth: minutes(2),
            handshake: minutes(1),
            body: minutes(5),
            send: minutes(5),
            session: minutes(24 * 60),
        }
    }
}

impl Config {
    /// Everything on offer but EXPN and what needs more than a name (STARTTLS, AUTH), and limits that keep a server on
    /// the open Internet safe: messages of 50 MiB, 1,000 recipients a mail, 1,000 mails a connection.
    pub fn new(name: impl Into<String>) -> Self {
        Config {
            name: name.into(),
            lmtp: false,
            ask_connection: false,
            ask_hello: false,
            pipelining: true,
            eight_bit_mime: true,
            smtputf8: true,
            dsn: true,
            chunking: true,
            binary_mime: true,
            enhanced_status_codes: true,
            limits: true,
            expn: false,
            terminals: false,
            starttls: false,
            tls_required: false,
            auth: Vec::new(),
            auth_required: false,
            auth_in_clear: false,
            guessable_in_clear: false,
            bare_ends: BareEnds::Normalize,
            size: 50 << 20,
            line_max: 4096,
            auth_line_max: 12_288,
            recipients_max: 1000,
            mails_max: 1000,
            errors_max: 20,
            refusals_max: 1000,
            idle_max: 1000,
            auth_failures_max: 5,
            output_max: 64 << 10,
            timeouts: Timeouts::default(),
        }
    }
}
