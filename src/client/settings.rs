//! What a connection is told before it begins.

use crate::client::supplier::Login;
use crate::client::trace::Watch;
use crate::error::Phase;
use crate::net::connect::ConnectOptions;
use crate::net::tls::{Identity, Pin, Roots};
use crate::proto::client::Protocol;
use crate::proto::dot::Dots;
use std::sync::Arc;
use std::time::Duration;

/// QUIT is a courtesy: its answer is not waited for longer than this.
pub(crate) const QUIT_PATIENCE: Duration = Duration::from_secs(5);

/// The same where something has failed already: waiting is only so that the server need not see a reset.
pub(crate) const LEAVE_PATIENCE: Duration = Duration::from_secs(1);

/// How long each phase may take without progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name resolution, all connection attempts and the proxy together.
    pub connect: Duration,
    /// From the connection to the server's 220.
    pub greeting: Duration,
    /// From a command to the end of its reply; for QUIT a few seconds at most.
    pub reply: Duration,
    /// The answer to DATA, and each pause while the body is taken.
    pub data: Duration,
    /// From the final dot to the answer. RFC 5321 section 4.5.3.2.6 advises ten minutes: giving up early makes
    /// duplicates.
    pub message: Duration,
}

impl Timeouts {
    /// The same limit for every phase.
    pub const fn all(limit: Duration) -> Self {
        Timeouts { connect: limit, greeting: limit, reply: limit, data: limit, message: limit }
    }

    /// The limit of a phase.
    pub fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Connect => self.connect,
            Phase::Greeting => self.greeting,
            Phase::Data => self.data,
            Phase::Message => self.message,
            Phase::Quit => self.reply.min(QUIT_PATIENCE),
            Phase::Tls | Phase::Hello | Phase::Auth | Phase::Mail | Phase::Rcpt | Phase::Command => self.reply,
        }
    }
}

impl Default for Timeouts {
    /// RFC 5321 section 4.5.3.2, with a shorter wait to connect.
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Timeouts {
            connect: Duration::from_secs(30),
            greeting: 5 * MINUTE,
            reply: 5 * MINUTE,
            data: 3 * MINUTE,
            message: 10 * MINUTE,
        }
    }
}

/// How much of a list of mails goes out before the answers to it are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Level {
    /// Each command waits for its reply.
    None,
    /// By the letter of RFC 2920 and 3030: one round trip a mail.
    #[default]
    Envelope,
    /// Bodies in the same flight as their envelopes, mail after mail, where the server has PIPELINING and CHUNKING.
    Full,
}

/// How to authenticate.
#[derive(Clone, Debug)]
pub struct AuthPlan {
    /// User and password or token, or who gives them.
    pub login: Login,
    /// Mechanisms to use, the first that the server has; an empty list leaves the choice to the engine.
    pub mechanisms: Vec<&'static str>,
    /// Wait for the 334 before the first response, as old clients did.
    pub two_step: bool,
    /// Send AUTH with the first mechanism even if the server did not offer it, as old clients did. They did not ask a
    /// server that knows HELO only: the session goes on without.
    pub unasked: bool,
    /// Whose name and password these are, which decides whether they may go in the clear.
    pub owner: Owner,
}

impl AuthPlan {
    /// This login, by the best mechanism that there is, as it is said today.
    pub fn new(login: impl Into<Login>, owner: Owner) -> AuthPlan {
        AuthPlan { login: login.into(), mechanisms: Vec::new(), two_step: false, unasked: false, owner }
    }
}

/// Whose credentials are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Owner {
    /// The program's own: they go in the clear where its API documents that, which is under [`TlsMode::Optional`] to a
    /// server that offers no TLS.
    #[default]
    Program,
    /// The site's: they never go in the clear.
    Site,
}

/// When a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Never.
    Never,
    /// By STARTTLS when the server offers it; its certificate may be any. Where a handshake has begun and the server
    /// turns out to be unable to do it, one new connection in the clear follows, if no login, pin, certificate of this
    /// side or demand to verify is at stake; otherwise that is a failure.
    #[default]
    Optional,
    /// By STARTTLS or not at all.
    Always,
    /// From the first byte.
    Implicit,
}

/// The name that the server's certificate must have.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum TlsName {
    /// The host that is connected to, a name or an address.
    #[default]
    Host,
    /// This one.
    Given(String),
    /// Not known: the program names an address only, which says nothing of who should be there. The policy must.
    Unknown,
}

/// How a connection is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// When.
    pub mode: TlsMode,
    /// Whom the certificate must name.
    pub name: TlsName,
    /// Whether the certificate is verified; `None` leaves it to the mode: `Always` and `Implicit` verify.
    pub verify: Option<bool>,
    /// The authorities to trust in place of the system's.
    pub roots: Option<Roots>,
    /// The server's key must be one of these, whatever else is verified; empty: any.
    pub pins: Vec<Pin>,
    /// This side's own certificate.
    pub identity: Option<Identity>,
}

impl Tls {
    /// This mode, everything else as it is by default.
    pub fn mode(mode: TlsMode) -> Tls {
        Tls { mode, ..Tls::default() }
    }

    /// Whether encryption is a wish only, of which nothing depends: nobody is to be recognized by it.
    pub(crate) fn may_be_missing(&self) -> bool {
        self.mode == TlsMode::Optional && !self.verifies() && self.pins.is_empty() && self.identity.is_none()
    }

    /// Whether the certificate and its name are verified.
    pub fn verifies(&self) -> bool {
        self.verify.unwrap_or(matches!(self.mode, TlsMode::Always | TlsMode::Implicit))
    }
}

/// Who leads from the connection to "ready".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OpeningMode {
    /// The engine: greeting, hello, encryption and login are behind it when the connection is open.
    #[default]
    Automatic,
    /// The caller, command by command: the connection is open after the greeting. `hello`, `start_tls`, `auth` and
    /// `auth_line` of the session go on; what the settings demand (STARTTLS and hello again, a login) runs inside `hello`.
    Stepwise,
}

/// Everything about a connection but where it goes.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who leads the opening.
    pub opening: OpeningMode,
    /// The name for EHLO; empty means the local address as a literal.
    pub helo_name: String,
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// Limits of time.
    pub timeouts: Timeouts,
    /// How to reach the server: proxy, source address, socket options.
    pub connect: ConnectOptions,
    /// Encryption.
    pub tls: Tls,
    /// Authentication, if any.
    pub auth: Option<AuthPlan>,
    /// Who stuffs dots.
    pub dots: Dots,
    /// Say HELO only, never EHLO.
    pub helo_only: bool,
    /// Who sent the program to this server, for error texts: "by /etc/helo.conf [host mailhost]". Empty: the program.
    pub origin: Arc<str>,
    /// Who watches the traffic besides the connection's own user.
    pub watches: Vec<Arc<dyn Watch>>,
}
