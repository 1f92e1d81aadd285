//! What a server knows of a mail besides the message: who sent it, how it came, for whom it is.

use super::unique::new_id;
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::Parameter;
use crate::proto::server::BodyType;
use std::fmt;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A mail's envelope, and how it came. Its clones share what they have in common: there is one copy of an envelope, however
/// many look at it. What is changed in one of them is its own from then on.
#[derive(Clone, Debug)]
pub struct Envelope {
    head: Arc<Head>,
    /// Those that were accepted, in their order. Empty in [`super::Spool::begin`] of an early spool.
    pub recipients: Vec<Recipient>,
}

/// An envelope without its recipients.
#[derive(Clone, Debug)]
pub struct Head {
    /// The server's own mark of this mail, for Received, the log and the answer: printable ASCII without spaces, and
    /// unlike any other's (the server makes one with [`super::new_id`]).
    pub id: String,
    /// The number of the session that it came by, as the log has it; 0 for none.
    pub session: u64,
    /// This server's name, as its greeting has it.
    pub server: String,
    /// The client's name by its EHLO, HELO or LHLO: whatever it chose to say.
    pub hello: String,
    /// Where the client is; by the PROXY protocol, where the client behind the proxy is.
    pub peer: Peer,
    /// This end of the connection; none for a path in the file system or a connection within the process.
    pub local: Option<SocketAddr>,
    /// Whom the client authenticated as.
    pub user: Option<String>,
    /// The connection's encryption.
    pub tls: Option<TlsFacts>,
    /// SMTP, SMTP with EHLO, or LMTP.
    pub protocol: Protocol,
    /// The sender.
    pub from: ReversePath,
    /// The parameters of MAIL, checked: SIZE, BODY, SMTPUTF8, RET, ENVID.
    pub params: Vec<Parameter>,
}

/// One recipient. Clones share it.
#[derive(Clone, Debug)]
pub struct Recipient(Arc<Named>);

/// A recipient's address and parameters.
#[derive(Clone, Debug)]
pub struct Named {
    /// The address, as RCPT had it.
    pub to: ForwardPath,
    /// The parameters of RCPT, checked: NOTIFY, ORCPT.
    pub params: Vec<Parameter>,
}

impl Deref for Envelope {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl DerefMut for Envelope {
    fn deref_mut(&mut self) -> &mut Head {
        Arc::make_mut(&mut self.head)
    }
}

impl Deref for Recipient {
    type Target = Named;

    fn deref(&self) -> &Named {
        &self.0
    }
}

impl DerefMut for Recipient {
    fn deref_mut(&mut self) -> &mut Named {
        Arc::make_mut(&mut self.0)
    }
}

/// What the system's memory takes for each piece besides its octets, about.
const PIECE: usize = 16;

/// What parameters take of memory, about, in octets.
fn octets_of(params: &[Parameter]) -> usize {
    let each = params.iter().map(|param| {
        size_of::<Parameter>() + param.keyword.len() + param.value.as_ref().map_or(0, String::len) + 2 * PIECE
    });
    each.sum()
}

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// At this address.
    Internet(SocketAddr),
    /// On this machine, by a socket in the file system, or in this process.
    Local,
}

/// What is known of a connection's encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// The version: `TLSv1.3`.
    pub version: String,
    /// The cipher suite by the name that the registry of IANA has: `TLS_AES_128_GCM_SHA256`.
    pub cipher: String,
    /// Whom the client's certificate names, if it showed one that was verified.
    pub client: Option<String>,
}

/// How the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// After HELO.
    Smtp,
    /// After EHLO.
    Esmtp,
    /// After LHLO: an answer for each recipient.
    Lmtp,
}

impl Recipient {
    /// A recipient without parameters.
    pub fn new(to: ForwardPath) -> Recipient {
        Recipient::with(to, Vec::new())
    }

    /// A recipient with the parameters of RCPT.
    pub fn with(to: ForwardPath, params: Vec<Parameter>) -> Recipient {
        Recipient(Arc::new(Named { to, params }))
    }

    /// What it takes of memory, about, in octets.
    pub fn octets(&self) -> usize {
        let text = self.to.as_str().len() + self.to.route().len();
        size_of::<Named>() + 4 * size_of::<usize>() + text + octets_of(&self.params) + 4 * PIECE
    }
}

impl Head {
    /// What it takes of memory, about, in octets.
    fn own_octets(&self) -> usize {
        let tls = self.tls.as_ref().map_or(0, |tls| tls.version.len() + tls.cipher.len() + 2 * PIECE);
        let texts = [self.id.len(), self.server.len(), self.hello.len(), self.user.as_ref().map_or(0, String::len)];
        let from = self.from.as_str().len() + self.from.route().len();
        size_of::<Head>() + texts.iter().sum::<usize>() + from + tls + octets_of(&self.params) + 8 * PIECE
    }
}

impl Envelope {
    /// A mail that this machine itself hands to a server of this name, by ESMTP and without parameters.
    pub fn new(server: impl Into<String>, from: ReversePath, recipients: Vec<Recipient>) -> Envelope {
        let server = server.into();
        let head = Head {
            id: new_id(),
            session: 0,
            hello: server.clone(),
            server,
            peer: Peer::Local,
            local: None,
            user: None,
            tls: None,
            protocol: Protocol::Esmtp,
            from,
            params: Vec::new(),
        };
        Envelope { head: Arc::new(head), recipients }
    }

    /// An envelope with this head and no recipients yet.
    pub fn open(head: Head) -> Envelope {
        Envelope { head: Arc::new(head), recipients: Vec::new() }
    }

    /// The same without its recipients.
    pub fn without_recipients(&self) -> Envelope {
        Envelope { head: Arc::clone(&self.head), recipients: Vec::new() }
    }

    /// What it takes of memory, about, in octets.
    pub fn octets(&self) -> usize {
        size_of::<Envelope>() + self.head.own_octets() + self.recipients.iter().map(Recipient::octets).sum::<usize>()
    }
}

impl Head {
    /// A parameter of MAIL.
    pub fn param(&self, keyword: &str) -> Option<&Parameter> {
        self.params.iter().find(|param| param.is(keyword))
    }

    /// What MAIL said of the body.
    pub fn body(&self) -> BodyType {
        match self.param("BODY").and_then(|param| param.value.as_deref()) {
            Some(value) if value.eq_ignore_ascii_case("8BITMIME") => BodyType::EightBit,
            Some(value) if value.eq_ignore_ascii_case("BINARYMIME") => BodyType::Binary,
            _ => BodyType::SevenBit,
        }
    }

    /// The message and its addresses may hold UTF-8 everywhere (RFC 6531).
    pub fn is_utf8(&self) -> bool {
        self.param("SMTPUTF8").is_some()
    }

    /// How large MAIL said that the message is, in octets, a hint only; none if it did not.
    pub fn size(&self) -> Option<u64> {
        self.param("SIZE")?.value.as_ref()?.parse().ok()
    }

    /// Each recipient has an answer of its own (LMTP); else one answer is for all.
    pub fn answers_each(&self) -> bool {
        self.protocol == Protocol::Lmtp
    }

    /// How the mail came, in the word that Received has for it: RFC 3848, RFC 6531 section 4.3.
    pub fn with(&self) -> String {
        let base = match (self.protocol, self.is_utf8()) {
            (Protocol::Smtp, false) => return String::from("SMTP"),
            (Protocol::Esmtp, false) => "ESMTP",
            (Protocol::Lmtp, false) => "LMTP",
            (Protocol::Smtp | Protocol::Esmtp, true) => "UTF8SMTP",
            (Protocol::Lmtp, true) => "UTF8LMTP",
        };
        let tls = if self.tls.is_some() { "S" } else { "" };
        let auth = if self.user.is_some() { "A" } else { "" };
        format!("{base}{tls}{auth}")
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Internet(address) => address.fmt(f),
            Peer::Local => f.write_str("local"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::envelope;
    use super::*;

    #[test]
    fn the_word_of_received() {
        use Protocol::{Esmtp, Lmtp, Smtp};
        for (protocol, tls, auth, utf8, word) in [
            (Smtp, false, false, false, "SMTP"),
            (Esmtp, false, false, false, "ESMTP"),
            (Esmtp, true, false, false, "ESMTPS"),
            (Esmtp, false, true, false, "ESMTPA"),
            (Esmtp, true, true, false, "ESMTPSA"),
            (Lmtp, false, false, false, "LMTP"),
            (Lmtp, true, true, false, "LMTPSA"),
            (Esmtp, true, false, true, "UTF8SMTPS"),
            (Lmtp, false, true, true, "UTF8LMTPA"),
        ] {
            let mut envelope = envelope(&["b@example.com"]);
            envelope.protocol = protocol;
            envelope.tls = tls.then(|| TlsFacts { version: "TLSv1.3".into(), cipher: "TLS_X".into(), client: None });
            envelope.user = auth.then(|| "alice".into());
            envelope.params.extend(utf8.then(|| Parameter::parse("SMTPUTF8").unwrap()));
            assert_eq!(envelope.with(), word);
        }
    }

    #[test]
    fn parameters_are_read() {
        let mut envelope = envelope(&[]);
        assert_eq!((envelope.body(), envelope.size(), envelope.is_utf8()), (BodyType::SevenBit, None, false));
        envelope.params = ["size=12", "Body=binarymime", "smtputf8"].map(|p| Parameter::parse(p).unwrap()).into();
        assert_eq!((envelope.body(), envelope.size(), envelope.is_utf8()), (BodyType::Binary, Some(12), true));
    }
}
