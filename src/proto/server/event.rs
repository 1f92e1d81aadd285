//! What the dialogue tells its owner.

use super::options::{MailOptions, RcptOptions};
use super::refused::Refused;
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::{Parameter, Verb};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// What [`Dialogue::advance`](super::Dialogue::advance) came to.
///
/// Those marked as questions want one [`Dialogue::answer`](super::Dialogue::answer) each (after an LMTP body one for
/// each recipient). Answered with 421, each ends the session.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// All input is used up.
    NeedMore,
    /// A question is open: answer it first.
    Unanswered,
    /// Too much waits to be sent: send some of [`Dialogue::output`](super::Dialogue::output) first.
    OutputFull,
    /// The client was told to begin TLS: send all output, do the handshake, then call
    /// [`Dialogue::secured`](super::Dialogue::secured). What the client had sent behind its STARTTLS is dropped; octets
    /// that the owner reads from now on belong to TLS. If the handshake fails: [`Dialogue::shut`](super::Dialogue::shut).
    Handshake,
    /// The session is over: send what is left of the output and close. Further input is dropped.
    Closed,
    /// Question: is the client welcome? 2xx greets it. 421 sends it away; with any other refusal it may still say QUIT,
    /// as RFC 5321 (3.1) has it. Only with [`Config::ask_connection`](super::Config::ask_connection).
    Connect,
    /// Question: is this hello welcome? 2xx is: what is then said is the dialogue's own. Only with
    /// [`Config::ask_hello`](super::Config::ask_hello).
    Hello {
        /// EHLO, HELO or LHLO.
        verb: Verb,
        /// The name that the client gives itself. Nothing about it is checked but that it is one word of text.
        name: String,
    },
    /// Question: can TLS begin? 220 lets it, 454 says that it cannot now.
    StartTls,
    /// Question: an authentication begins. 334 with a challenge in base64 as its text goes on with it, 235 ends it with
    /// success, 5xx or 4xx without. `sasl::server` makes these replies.
    Auth {
        /// The mechanism: one of those in [`Config::auth`](super::Config::auth), as it is written there.
        mechanism: String,
        /// The client's first message in base64, `=` when it is empty; none if the client wants a challenge first.
        initial: Option<AuthText>,
    },
    /// Question: the client's answer to the challenge, in base64, to be answered as [`Event::Auth`] is.
    AuthResponse(AuthText),
    /// The client has cancelled the authentication, or has said a line that is too long, and was told so: forget the
    /// exchange.
    AuthCancelled,
    /// Question: is the sender welcome? 2xx begins a mail.
    Mail {
        /// MAIL, or SEND, SOML, SAML.
        verb: Verb,
        /// The sender.
        from: ReversePath,
        /// The parameters as they came, checked: to be handed on.
        params: Vec<Parameter>,
        /// What they mean.
        options: MailOptions,
    },
    /// Question: is the recipient welcome? 2xx adds it to the mail.
    Rcpt {
        /// The recipient.
        to: ForwardPath,
        /// The parameters as they came, checked: to be handed on.
        params: Vec<Parameter>,
        /// What they mean.
        options: RcptOptions,
    },
    /// Question: may the body come? 2xx or 3xx lets it (the dialogue says 354 itself).
    Begin,
    /// A part of the body, never empty, as it came: dots are taken out by what is handed out, not by copying.
    /// [`Dialogue::refuse`](super::Dialogue::refuse) turns the rest of it down.
    Body(&'a [u8]),
    /// Question: the body is complete, is the mail taken? By LMTP an answer for each recipient is due, in their order:
    /// [`Dialogue::answers_due`](super::Dialogue::answers_due).
    Complete,
    /// The mail that was begun will not be completed: forget its sender, recipients and body.
    Abandoned,
    /// Question: VRFY, EXPN or HELP, and its argument (empty for HELP alone).
    Ask {
        /// Which of the three.
        verb: Verb,
        /// About whom or what.
        about: String,
    },
    /// The dialogue has refused something by itself, and has said so: for the owner's log. What only follows from another
    /// refusal, as each RCPT behind a MAIL that was refused, does not come here.
    Refused(Refused),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client has said QUIT.
    Quit,
    /// A limit of the server, in the words that the client was told: too many errors.
    Limit(&'static str),
    /// What the client sent leaves no way to go on, in the words that it was told.
    Protocol(&'static str),
    /// The client took too long.
    TimedOut,
    /// The owner has said 421.
    Refused,
    /// The owner ends all sessions: [`Dialogue::stop`](super::Dialogue::stop).
    Stopped,
    /// The owner has ended it without a word: [`Dialogue::shut`](super::Dialogue::shut).
    Shut,
}

/// What a client says to authenticate itself, in base64 and not yet checked: mostly a secret, so it is wiped when it is
/// dropped and shown as `<hidden>`.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthText(Zeroizing<String>);

impl AuthText {
    pub(super) fn new(line: &[u8]) -> Self {
        // What is not UTF-8 is not base64 either: it still is not when it has become a replacement character.
        AuthText(Zeroizing::new(String::from_utf8_lossy(line).into_owned()))
    }

    /// The text itself. Each use of this is a place where it could leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AuthText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// What the client is to do within a [`TimeLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Say hello.
    Hello,
    /// Say the next command.
    Command,
    /// Answer a challenge.
    Auth,
    /// Begin TLS, and complete its handshake.
    Handshake,
    /// Send more of the body.
    Body,
    /// Read our replies.
    Send,
}

/// How long the client may take for what it is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit {
    /// What it is to do.
    pub waiting: Waiting,
    /// How long it may take for it.
    pub time: Duration,
    /// When this number changes, the time begins anew. Octets alone do not change it, only what is complete: a client
    /// that drips them is too slow.
    pub turn: u64,
}
