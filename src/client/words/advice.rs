//! What to try next: one table from the cause of a failure to its cure.

use super::Failure;
use crate::client::settings::TlsMode;
use crate::error::{Cause, Hint, Phase};

/// What of a connection's settings bears on a cure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The port; 0 where there is none.
    pub port: u16,
    /// How it was to be encrypted.
    pub encryption: TlsMode,
    /// Whether somebody was to log in.
    pub logs_in: bool,
}

/// The port that has TLS from the first byte.
const IMPLICIT: u16 = 465;

/// The next thing to try.
pub(super) fn of(failure: &Failure<'_>, at: &Circumstances) -> &'static str {
    if let Some(hint) = failure.hint {
        return of_hint(hint, failure.phase);
    }
    match failure.cause {
        Cause::Refused => of_refusal(failure, at),
        Cause::TimedOut => of_silence(failure.phase, at),
        Cause::BrokenOff => of_loss(failure.phase, at),
        Cause::Protocol => of_protocol(failure.phase, at),
        Cause::Tls => of_tls(failure.phase),
        Cause::NotSupported => match failure.phase {
            Phase::Auth => NO_MECHANISM,
            Phase::Tls => "a build of the library that has TLS (its feature tls)",
            _ => "do without what the words above name, or another server that has it",
        },
        Cause::Policy => match failure.phase {
            Phase::Auth => "the words above name the key of the policy, or the file, that stands in the way",
            _ => "mend the policy at the line or key that the words above name; helo-check says whether it can be used",
        },
        Cause::UnknownHost => {
            "look at the server's name, for a slip of the keyboard first; does this machine's name service know it \
             (getent hosts NAME)? server = another name in the policy"
        }
        Cause::NotResponding => {
            "is the port right (587 with tls = always, 465 with tls = implicit, 25 between servers), does the server \
             run, and does a firewall let it through?"
        }
        Cause::Proxy => "look at proxy: its host and port, its user and password, and whether it may reach the server",
        Cause::NoBind => "look at source_address: it must be an address of this machine",
        Cause::NoSocket => "this machine is out of sockets: close what is not used, or raise its limit of open files",
        Cause::NoMemory => "this machine or the library is out of room: fewer connections or mails at a time",
        Cause::CannotSend => "this machine's network does not take what is sent: see the words above, and try again",
        Cause::BadArgument => "mend the argument that the words above name; nothing of it was sent",
        Cause::BadSequence => "the program's calls are out of order: see the documentation of the call",
        Cause::Cancelled => "nothing is wrong: the program itself has ended it",
        Cause::OutcomeUnknown => {
            "ask the recipient or the server's log before it is sent again; a longer message_timeout waits for late answers"
        }
        Cause::Unsent => "it is safe to send this again, once the reason above is mended",
        Cause::Source => "look at the file or the program that gives the message",
        Cause::InProgress => "wait for the other call, or use another connection",
    }
}

const NO_MECHANISM: &str = "another kind of login: mechanism = one that the server offers, a token \
                            (oauth_token_command) where it wants one, a password where it does not";

const LARGE: &str = "a smaller message, or several; only the server's administrator can raise its limit";

const LOG_IN: &str = "the server wants a login: user and password_file (or password_command) in the policy, with port = 587 \
                      as a rule";

const ENCRYPT: &str = "the server wants encryption first: tls = always (on port 465 tls = implicit)";

const LATER: &str = "again later: the server says that this is temporary";

fn of_hint(hint: Hint, phase: Phase) -> &'static str {
    match hint {
        Hint::ClearWhereTls => {
            "the server begins in the clear on this port: tls = always (587, 25), or the port that has TLS from the first \
             byte (port = 465)"
        }
        Hint::TlsWhereClear => {
            "the server has TLS from the first byte on this port: tls = implicit, or port = 587 with tls = always"
        }
        Hint::OtherProtocol => {
            "another service answers there: look at server and port (SMTP is at 587, 465 or 25, and at no port of POP3, \
             IMAP, SSH or a web server)"
        }
        Hint::NoStartTls => {
            "the server has no TLS on this port: port = 465 with tls = implicit, or port = 587; only where everything may \
             be read on the way, and nobody logs in, tls = optional"
        }
        Hint::NoCommonTls => {
            "the server's TLS is too old for this library, or wants what it does not have: have it updated (TLS 1.2 or \
             1.3); where everything may be read on the way, tls = never"
        }
        Hint::CertificateName => {
            "if it is the right server, tls_name = one of the names that its certificate has; else look at server, and at \
             who answers under its name"
        }
        Hint::CertificateTime => {
            "look at this machine's clock; if it is right, the server's administrator must renew the certificate, and \
             until then tls_verify = no with tls_pin = its key trusts just this server"
        }
        Hint::CertificateIssuer => {
            "if it is the right server, tls_ca = the file with its authority's certificate, in PEM; tls_pin trusts just \
             its key"
        }
        Hint::SelfSigned => {
            "if it is the right server, tls_verify = no with tls_pin = its key, as the words above have it, once its \
             administrator has confirmed that"
        }
        Hint::CertificatePin => {
            "ask the server's administrator whether it has a new key: if so, tls_pin = the new one; if not, somebody is in \
             between"
        }
        Hint::Certificate => {
            "the server's administrator must mend its certificate; until then tls_verify = no with tls_pin = its key trusts \
             just this server"
        }
        Hint::OwnCertificate => {
            "the server wants a certificate of this side that it knows: tls_certificate and tls_key, from its administrator"
        }
        Hint::NoTlsName => "tls_name = the name that the server's certificate has, or server = its name",
        Hint::NoAuth => {
            "the server has no login here: port = 587 with tls = always as a rule (some offer it under TLS only), or send \
             without user and password"
        }
        Hint::NoMechanism => NO_MECHANISM,
        Hint::ClearCredentials => "encrypt it: tls = always (port 587), or tls = implicit (port 465)",
        Hint::TooBig => LARGE,
        Hint::NoUtf8 if phase == Phase::Rcpt => {
            "name this recipient before the others, an address of it in ASCII, or a server that has SMTPUTF8"
        }
        Hint::NoUtf8 => "an address in ASCII, or a server that has SMTPUTF8",
    }
}

fn of_silence(phase: Phase, at: &Circumstances) -> &'static str {
    match phase {
        Phase::Connect => {
            "nobody answers: is it the right server and port, and does a firewall swallow it? For a slow way a longer \
             connect_timeout"
        }
        Phase::Greeting if at.port == IMPLICIT => {
            "port 465 has TLS from the first byte, and waits in silence for it: the policy must say tls = implicit"
        }
        Phase::Greeting => {
            "the server says nothing: is it the right port (465 wants tls = implicit, and is silent otherwise)? Some servers \
             let strangers wait: a longer greeting_timeout"
        }
        Phase::Tls if at.encryption == TlsMode::Implicit => {
            "the server does not begin TLS: 587 and 25 begin in the clear (tls = always), 465 has TLS from the first byte"
        }
        Phase::Tls => "the server does not go on with TLS: try again; if it stays so, ask its administrator",
        Phase::Auth => {
            "the server, or the program that gives the password, is slow: again later, or a longer reply_timeout"
        }
        Phase::Data => "the server stopped reading the message: again later, or a longer data_timeout",
        Phase::Message => "a longer message_timeout: 10 min is what servers may take",
        Phase::Hello | Phase::Mail | Phase::Rcpt | Phase::Command | Phase::Quit => {
            "the server is slow or stuck: again later, or a longer reply_timeout"
        }
    }
}

fn of_loss(phase: Phase, at: &Circumstances) -> &'static str {
    match phase {
        Phase::Connect => {
            "the other side took the connection and dropped it: is it the right port, and may this machine connect there?"
        }
        Phase::Greeting if at.port == IMPLICIT => {
            "port 465 has TLS from the first byte, and closes without it: the policy must say tls = implicit"
        }
        Phase::Greeting => {
            "the server closed without a greeting: is it the right port (465 wants tls = implicit), and may this machine \
             connect there?"
        }
        Phase::Tls if at.encryption == TlsMode::Implicit => {
            "the server closed instead of TLS: 587 and 25 begin in the clear (tls = always), 465 has TLS from the first byte"
        }
        Phase::Tls => {
            "the server closed during the handshake: its TLS may be too old, or it wants a certificate of this side \
             (tls_certificate)"
        }
        Phase::Auth => {
            "the server closed instead of an answer to the login: look at user and password; many close after a wrong one"
        }
        Phase::Data | Phase::Message => {
            "the connection broke while the message was sent: again; if it stays so, a limit of size or a filter on the \
             way may be the reason"
        }
        Phase::Hello | Phase::Mail | Phase::Rcpt | Phase::Command | Phase::Quit => {
            "the server closed the connection: see its last words, and try again over a new one"
        }
    }
}

fn of_protocol(phase: Phase, at: &Circumstances) -> &'static str {
    match phase {
        Phase::Connect | Phase::Greeting if at.port == IMPLICIT => {
            "what answers there does not speak SMTP in the clear: port 465 wants tls = implicit"
        }
        Phase::Connect | Phase::Greeting => {
            "what answers there does not speak SMTP in the clear: is it the right server and port, and does it want tls = \
             implicit?"
        }
        Phase::Tls => {
            "something between here and the server may be changing what they say: try from another network, and tell the \
             server's administrator"
        }
        Phase::Auth => "the server does not keep to the rules of this login: mechanism = another one",
        Phase::Hello | Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Message | Phase::Command | Phase::Quit => {
            "the server does not keep to SMTP here: see its words, tell its administrator, or pipelining = none"
        }
    }
}

fn of_tls(phase: Phase) -> &'static str {
    match phase {
        Phase::Tls => {
            "if it is the right server and port (587 with tls = always, 465 with tls = implicit), its administrator must \
             look at its TLS"
        }
        _ => "the encrypted connection broke: try again; if it stays so, something between here and there breaks it",
    }
}

/// The server has said no.
fn of_refusal(failure: &Failure<'_>, at: &Circumstances) -> &'static str {
    let says = |word: &str| failure.said.to_ascii_lowercase().contains(word);
    match (failure.phase, failure.code) {
        (_, 421) => "again later, with fewer connections and mails at a time: the server closes for now",
        (_, 530) if says("tls") => ENCRYPT,
        (_, 538) => ENCRYPT,
        (_, 530) if at.logs_in => {
            "the server wants a login that it has not had: tls = always, since many offer it only then"
        }
        (_, 530) => LOG_IN,
        (Phase::Connect | Phase::Greeting | Phase::Hello, 400..=499) => {
            "again later: the server is busy, or does not want this machine for now"
        }
        (Phase::Connect | Phase::Greeting | Phase::Hello, _) => {
            "the server does not want this machine: see its words; helo_name (a full name that leads here) and \
             source_address may matter"
        }
        (Phase::Tls, _) => {
            "the server's TLS is out of order: again later, tell its administrator, or port = 465 with tls = \
                            implicit"
        }
        (Phase::Auth, _) => of_login(failure),
        (Phase::Mail, _) => of_sender(failure, at),
        (Phase::Rcpt, _) => of_recipient(failure, at),
        (Phase::Data | Phase::Message, _) => of_message(failure),
        (Phase::Command | Phase::Quit, 400..=499) => LATER,
        (Phase::Command | Phase::Quit, _) => "the server does not do that: see its words",
    }
}

fn of_login(failure: &Failure<'_>) -> &'static str {
    match failure.code {
        400..=499 => "again later: the server cannot check logins for now",
        500..=504 => NO_MECHANISM,
        534 => {
            "the server wants another kind of login: a password made for this application, or a token \
             (oauth_token_command); mechanism says which"
        }
        _ => {
            "look at user and password, or the token: many providers want a password made for this application, and the \
             whole address as the user"
        }
    }
}

/// The subject and detail of the enhanced code.
fn enhanced(failure: &Failure<'_>) -> (u16, u16) {
    failure.enhanced.map_or((0, 0), |code| (code.subject, code.detail))
}

fn of_sender(failure: &Failure<'_>, at: &Circumstances) -> &'static str {
    match (failure.code, enhanced(failure)) {
        (552, _) | (_, (3, 4) | (2, 3)) => LARGE,
        (0, _) => LARGE,
        (452, _) => "again later: the server is short of room",
        (400..=499, _) => LATER,
        (501..=504 | 555, _) => {
            "the server does not understand the sender or what goes with it: look at the address; the dialogue (a \
             trace) shows what it was told"
        }
        _ if at.logs_in => "another sender: most servers take only the addresses that belong to the user who logs in",
        _ => "another sender, or a login: the server does not take mail from this one",
    }
}

fn of_recipient(failure: &Failure<'_>, at: &Circumstances) -> &'static str {
    let said = failure.said.to_ascii_lowercase();
    let relaying = said.contains("relay") || matches!((failure.code, enhanced(failure)), (550..=554, (7, 1)));
    match (failure.code, enhanced(failure)) {
        (452, (5, 3)) => "the rest of the recipients in another mail: the server takes no more in one",
        (422 | 452 | 552, (2, 2) | (0, 0)) | (_, (2, 2)) => "again later, or ask the recipient: the mailbox is full",
        _ if relaying && at.logs_in => {
            "the server does not pass mail on to this address for this user: another recipient, another user, or the \
             server that is responsible for the address's domain"
        }
        _ if relaying => {
            "the server does not pass mail on for strangers: a login (user and password_file, port = 587), or the server \
             that is responsible for the recipient's domain"
        }
        (400..=499, _) => "again in some minutes: servers put off whom they do not know, and say yes the second time",
        (501 | 513 | 555, _) | (_, (1, 3)) => "look at the address: the server does not understand it",
        _ => "look at the address: the server has no such mailbox, or does not take mail for it",
    }
}

fn of_message(failure: &Failure<'_>) -> &'static str {
    match (failure.code, enhanced(failure)) {
        (552, _) | (_, (3, 4) | (2, 3)) | (0, _) => LARGE,
        (452, _) | (_, (3, 1)) => "again later: the server is short of room",
        (400..=499, _) => LATER,
        (503, _) | (_, (5, 1)) => "name a sender and a recipient that the server takes first",
        _ => {
            "change the message: the server does not like what is in it or who sends it (its words say which rule: spam, \
             a virus, a forbidden attachment, DMARC)"
        }
    }
}
