//! What a reply answers, and which codes mean yes.

use crate::error::Phase;
use crate::proto::command::Verb;
use crate::proto::reply::{Reply, ReplyLimits};

/// What the next reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The connection itself: 220.
    Greeting,
    /// A command line.
    Command(Verb),
    /// A chunk of BDAT (RFC 3030); after the last one the message is the server's.
    Chunk {
        /// BDAT with LAST.
        last: bool,
    },
    /// A line of an AUTH exchange (RFC 4954).
    AuthStep,
    /// The final dot of DATA.
    Message,
}

impl Expect {
    /// The phase that an error here belongs to.
    pub fn phase(self) -> Phase {
        match self {
            Expect::Greeting => Phase::Greeting,
            Expect::Command(verb) => verb.phase(),
            Expect::Chunk { last: false } => Phase::Data,
            Expect::Chunk { last: true } | Expect::Message => Phase::Message,
            Expect::AuthStep => Phase::Auth,
        }
    }

    /// What is answered, as error texts have it.
    pub fn name(self) -> &'static str {
        match self {
            Expect::Greeting => "the connection",
            Expect::Command(verb) => verb.name(),
            Expect::Chunk { .. } => "BDAT",
            Expect::AuthStep => "the response of AUTH",
            Expect::Message => "the message",
        }
    }

    /// The message is complete when this is answered.
    pub fn ends_message(self) -> bool {
        matches!(self, Expect::Message | Expect::Chunk { last: true })
    }

    /// The reply may be long and is handed on line by line.
    pub fn is_listing(self) -> bool {
        matches!(self, Expect::Command(Verb::Expn | Verb::Help))
    }

    /// How long the reply may be: listings may be long, and challenges; every other one is held to the small limits.
    pub fn limits(self) -> ReplyLimits {
        match self {
            _ if self.is_listing() => ReplyLimits::LISTING,
            Expect::Command(Verb::Auth) | Expect::AuthStep => ReplyLimits::CHALLENGE,
            _ => ReplyLimits::default(),
        }
    }

    /// No command may follow before the answer came (RFC 2920 section 3.1).
    pub fn ends_group(self) -> bool {
        match self {
            Expect::Greeting | Expect::AuthStep => true,
            Expect::Command(verb) => verb.ends_group(),
            Expect::Chunk { .. } | Expect::Message => false,
        }
    }

    /// Whether `reply` is a yes.
    pub fn accepts(self, reply: &Reply) -> bool {
        match self {
            Expect::Command(Verb::Data) => reply.is_intermediate(),
            // 334 asks for more: not a no.
            Expect::Command(Verb::Auth) | Expect::AuthStep => reply.is_success() || reply.code() == 334,
            // A raw command's 3xx is as good as its 2xx.
            Expect::Command(Verb::Other) => reply.is_success() || reply.is_intermediate(),
            Expect::Greeting | Expect::Command(_) | Expect::Chunk { .. } | Expect::Message => reply.is_success(),
        }
    }
}
