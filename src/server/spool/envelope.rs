//! What a server knows of a mail besides the message: who sent it, how it came, for whom it is.

use super::unique::new_id;
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::Parameter;
use crate::proto::server::BodyType;
use std::fmt;
use std::net::SocketAddr;

/// A mail's envelope, and how it came.
#[derive(Clone, Debug)]
pub struct Envelope {
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
    /// Those that were accepted, in their order. Empty in [`super::Spool::begin`] of an early spool.
    pub recipients: Vec<Recipient>,
}

/// One recipient.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The address, as RCPT had it.
    pub to: ForwardPath,
    /// The parameters of RCPT, checked: NOTIFY, ORCPT.
    pub params: Vec<Parameter>,
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
        Recipient { to, params: Vec::new() }
    }
}

impl Envelope {
    /// A mail that this machine itself hands to a server of this name, by ESMTP and without parameters.
    pub fn new(server: impl Into<String>, from: ReversePath, recipients: Vec<Recipient>) -> Envelope {
        let server = server.into();
        Envelope {
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
            recipients,
        }
    }

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
