//! What is known of a session and its mail, as C sees it.

use super::{HeloBody, HeloProtocol, helo_server};
use crate::proto::command::Parameter;
use crate::proto::server::BodyType;
use crate::server::Client;
use crate::server::spool::{Envelope, Named, Protocol};
use std::ffi::{CString, c_char, c_int};
use std::ptr;

/// What is known of a session, and of its mail if one is under way. Texts are UTF-8, never NULL and "" where there is
/// nothing; everything is valid until the callback returns. Later versions may add members at the end.
///
/// What the client says of itself is only what it says: names, addresses and parameters are checked for their form.
#[repr(C)]
pub struct HeloFacts {
    /// sizeof(helo_facts) of the library.
    pub size: usize,
    /// Whose session.
    pub server: helo_server,
    /// The session's number, as the log has it; no other session of the process has it.
    pub session: u64,
    /// Where the client is: "192.0.2.1:40112", "[2001:db8::1]:40112"; "local" for a path, a descriptor that is no
    /// Internet socket, and functions of the program. By the PROXY protocol where the client behind the proxy is.
    pub peer: *const c_char,
    /// This end of the connection, written in the same way; "" where that is not known.
    pub local: *const c_char,
    /// The name that the client gave with its hello; "" before.
    pub hello: *const c_char,
    /// Whom it logged in as; "" if it did not.
    pub user: *const c_char,
    /// The encryption: "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" without.
    pub tls: *const c_char,
    /// What the question is about: the name of a hello, the address of a recipient, the words behind VRFY and EXPN.
    pub about: *const c_char,
    /// The parameters of this recipient (RCPT): "NOTIFY=NEVER ORCPT=rfc822;bob@example.com".
    pub about_parameters: *const c_char,
    /// The mail's own mark, as the log and Received have it; "" when no mail is under way, and then what follows is empty.
    pub mail: *const c_char,
    /// SMTP after HELO, SMTP after EHLO, or LMTP.
    pub protocol: HeloProtocol,
    /// The sender's address without brackets; "" for notifications.
    pub sender: *const c_char,
    /// The parameters of MAIL, checked: "SIZE=1000 BODY=8BITMIME RET=HDRS".
    pub parameters: *const c_char,
    /// What MAIL said of the body.
    pub body: HeloBody,
    /// 1: the message and its addresses may hold UTF-8 everywhere (SMTPUTF8).
    pub utf8: c_int,
    /// How large MAIL said that the message is, in octets; 0 if it did not. Only a hint.
    pub declared: u64,
    /// How many octets of the message have come: the whole at HELO_ASK_MESSAGE.
    pub octets: u64,
    /// How many recipients were taken.
    pub count: u32,
    /// Their addresses, `count` of them, where the recipients are complete: at HELO_ASK_MESSAGE and in a spool's `begin`.
    /// NULL elsewhere.
    pub recipients: *const *const c_char,
    /// Their parameters, in the same order; NULL where `recipients` is.
    pub recipient_parameters: *const *const c_char,
}

/// [`HeloFacts`] and the memory that they lead to.
pub(crate) struct Facts {
    shown: HeloFacts,
    texts: Vec<CString>,
    recipients: [Vec<*const c_char>; 2],
}

impl Facts {
    /// Of a session without a mail.
    fn empty(server: u32) -> Facts {
        let none = c"".as_ptr();
        let shown = HeloFacts {
            size: size_of::<HeloFacts>(),
            server,
            session: 0,
            peer: none,
            local: none,
            hello: none,
            user: none,
            tls: none,
            about: none,
            about_parameters: none,
            mail: none,
            protocol: HeloProtocol::None,
            sender: none,
            parameters: none,
            body: HeloBody::SevenBit,
            utf8: 0,
            declared: 0,
            octets: 0,
            count: 0,
            recipients: ptr::null(),
            recipient_parameters: ptr::null(),
        };
        Facts { shown, texts: Vec::new(), recipients: Default::default() }
    }

    /// Of a session.
    pub(crate) fn of_client(server: u32, client: &Client) -> Facts {
        let mut facts = Facts::empty(server);
        facts.shown.session = client.session;
        facts.shown.peer = facts.text(&client.peer.to_string());
        facts.shown.local = facts.text(&client.local.map(|local| local.to_string()).unwrap_or_default());
        facts.shown.hello = facts.text(&client.hello);
        facts.shown.user = facts.text(client.user.as_deref().unwrap_or_default());
        let tls = client.tls.as_ref().map(|tls| format!("{} {}", tls.version, tls.cipher));
        facts.shown.tls = facts.text(&tls.unwrap_or_default());
        facts
    }

    /// Of a mail whose recipients are complete, as a spool gets it.
    pub(crate) fn of_mail(server: u32, mail: &Envelope) -> Facts {
        let client = Client {
            session: mail.session,
            peer: mail.peer,
            local: mail.local,
            hello: mail.hello.clone(),
            user: mail.user.clone(),
            tls: mail.tls.clone(),
        };
        Facts::of_client(server, &client).with_mail(mail).with_recipients(mail)
    }

    /// What MAIL said.
    pub(crate) fn with_mail(mut self, mail: &Envelope) -> Facts {
        self.shown.mail = self.text(&mail.id);
        self.shown.protocol = match mail.protocol {
            Protocol::Smtp => HeloProtocol::Smtp,
            Protocol::Esmtp => HeloProtocol::Esmtp,
            Protocol::Lmtp => HeloProtocol::Lmtp,
        };
        self.shown.sender = self.text(mail.from.mailbox().map_or("", |mailbox| mailbox.as_str()));
        self.shown.parameters = self.text(&written(&mail.params));
        self.shown.body = match mail.body() {
            BodyType::SevenBit => HeloBody::SevenBit,
            BodyType::EightBit => HeloBody::EightBit,
            BodyType::Binary => HeloBody::Binary,
        };
        self.shown.utf8 = mail.is_utf8().into();
        self.shown.declared = mail.size().unwrap_or(0);
        self.shown.count = u32::try_from(mail.recipients.len()).unwrap_or(u32::MAX);
        self
    }

    /// Everyone who is to have the mail.
    pub(crate) fn with_recipients(mut self, mail: &Envelope) -> Facts {
        for Named { to, params } in mail.recipients.iter().map(|recipient| &**recipient) {
            let (to, params) = (self.text(to.mailbox().as_str()), self.text(&written(params)));
            self.recipients[0].push(to);
            self.recipients[1].push(params);
        }
        self.shown.count = u32::try_from(mail.recipients.len()).unwrap_or(u32::MAX);
        self.shown.recipients = self.recipients[0].as_ptr();
        self.shown.recipient_parameters = self.recipients[1].as_ptr();
        self
    }

    /// What the question is about.
    pub(crate) fn about(mut self, about: &str, parameters: &[Parameter]) -> Facts {
        self.shown.about = self.text(about);
        self.shown.about_parameters = self.text(&written(parameters));
        self
    }

    /// So much of the message has come.
    pub(crate) fn octets(mut self, octets: u64) -> Facts {
        self.shown.octets = octets;
        self
    }

    /// As C gets it, for as long as this lives.
    pub(crate) fn shown(&self) -> &HeloFacts {
        &self.shown
    }

    fn text(&mut self, text: &str) -> *const c_char {
        if text.is_empty() {
            return c"".as_ptr();
        }
        // The text of a CString stays where it is when the CString moves.
        let text = super::super::results::c_text(text);
        let pointer = text.as_ptr();
        self.texts.push(text);
        pointer
    }
}

fn written(parameters: &[Parameter]) -> String {
    let mut text = String::new();
    for parameter in parameters {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&parameter.keyword);
        if let Some(value) = &parameter.value {
            text.push('=');
            text.push_str(value);
        }
    }
    text
}
