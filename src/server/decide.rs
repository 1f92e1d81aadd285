//! What the program decides: who may speak, send and receive here.

use super::spool::{Envelope, Peer, Recipient, Refusal, Result, TlsFacts};
use crate::proto::command::Verb;
use std::net::SocketAddr;

/// Who is at the other end of a session, as far as is known by now.
#[derive(Clone, Debug)]
pub struct Client {
    /// The number of the session, for the log; no other session of the process has it.
    pub session: u64,
    /// Where the client is; by the PROXY protocol, where the client behind the proxy is.
    pub peer: Peer,
    /// This end of the connection; none for a path in the file system or a connection within the process.
    pub local: Option<SocketAddr>,
    /// The name that it gave with its hello; empty before.
    pub hello: String,
    /// Whom it authenticated as.
    pub user: Option<String>,
    /// The connection's encryption.
    pub tls: Option<TlsFacts>,
}

/// What the program decides. Everything is welcome unless a function says otherwise.
///
/// A refusal is sent with its code and text; 421 ends the session. Calls of one session come one after another, those
/// of several sessions at once. They run on the server's workers, where they may take their time, unless
/// [`Decide::blocks`] says that they need none.
pub trait Decide: Send + Sync {
    /// Whether the functions may wait for anything. False: they are called on the thread that serves all sessions, at
    /// the cost of a function call, and must return at once.
    fn blocks(&self) -> bool {
        true
    }

    /// A client has connected.
    fn connection(&self, _client: &Client) -> Result<()> {
        Ok(())
    }

    /// It says hello with this name: whatever it chose to say.
    fn hello(&self, _client: &Client, _verb: Verb, _name: &str) -> Result<()> {
        Ok(())
    }

    /// A mail begins; the envelope has no recipients yet.
    fn sender(&self, _client: &Client, _mail: &Envelope) -> Result<()> {
        Ok(())
    }

    /// One more recipient; those before are in the envelope.
    fn recipient(&self, _client: &Client, _mail: &Envelope, _recipient: &Recipient) -> Result<()> {
        Ok(())
    }

    /// The mail is complete, of so many octets, and goes to the spool's last step now. A refusal gives it up.
    fn message(&self, _client: &Client, _mail: &Envelope, _octets: u64) -> Result<()> {
        Ok(())
    }

    /// VRFY, EXPN or HELP, and about what: the text of the answer.
    fn ask(&self, _client: &Client, verb: Verb, _about: &str) -> Result<Answer> {
        match verb {
            Verb::Help => Ok(Answer { code: 214, text: "2.0.0 This is a mail server: see RFC 5321".into() }),
            Verb::Vrfy => Ok(Answer { code: 252, text: "2.1.5 Send to it, and it will be tried".into() }),
            _ => Err(Refusal::new(550, (7, 1), "Lists are not shown here")),
        }
    }
}

/// A positive reply of the program's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 2xx.
    pub code: u16,
    /// Its text, with an enhanced code where it has one; several lines with `\n` between them.
    pub text: String,
}

/// Everything is welcome.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptAll;

impl Decide for AcceptAll {
    fn blocks(&self) -> bool {
        false
    }
}
