//! The fields that a server puts on top of a mail: Received (RFC 5321 section 4.4), and for a mail that has come to its
//! end Return-Path and whom it was for. Lines end in CRLF.

use super::envelope::{Envelope, Peer, Recipient};
use crate::message::Date;
use crate::proto::address::{ForwardPath, Mailbox};
use crate::proto::command::Parameter;
use crate::proto::server::BodyType;
use std::fmt::{self, Write};
use std::net::IpAddr;

/// Received. The recipient is named only where there is no other, who could learn of them.
pub(super) fn received(envelope: &Envelope, only: Option<&ForwardPath>, date: Date) -> String {
    let mut text = String::with_capacity(300);
    let hello = hello(envelope);
    // Writing to a String does not fail.
    let _ = write!(text, "Received: from {hello}");
    if let Peer::Internet(address) = envelope.peer {
        let _ = match address.ip().to_canonical() {
            IpAddr::V4(ip) => write!(text, " ([{ip}])"),
            IpAddr::V6(ip) => write!(text, " ([IPv6:{ip}])"),
        };
    }
    let _ = write!(text, "\r\n by {} with {} id {}", envelope.server, envelope.with(), envelope.id);
    if let Some(only) = only {
        let _ = write!(text, "\r\n for <{only}>");
    }
    if let Some(tls) = &envelope.tls {
        // RFC 8314, section 4.3.
        let _ = write!(text, "\r\n tls {}", tls.cipher);
    }
    let _ = write!(text, ";\r\n {date}\r\n");
    text
}

/// What the client calls itself, if that may stand in Received.
fn hello(envelope: &Envelope) -> &str {
    // What may follow an @ is what EHLO takes: a domain or an address literal.
    let valid = Mailbox::parse(&format!("x@{}", envelope.hello)).is_ok();
    let shown = envelope.hello.is_ascii() || envelope.is_utf8();
    if valid && shown { &envelope.hello } else { "unknown" }
}

/// Everything on top of a mail that is stored for these of its recipients: Return-Path, a Delivered-To for each, the
/// parameters of MAIL and RCPT that concern whoever takes it from here (RFC 3030, 3461), and Received.
///
/// It is written piece by piece: with many recipients it is longer than all that a mail takes of memory besides.
#[cfg_attr(not(unix), allow(dead_code))] // for the Maildir
pub(super) fn delivered(
    envelope: &Envelope,
    recipients: &[&Recipient],
    date: Date,
    text: &mut dyn Write,
) -> fmt::Result {
    write!(text, "Return-Path: <{}>\r\n", envelope.from)?;
    for recipient in recipients {
        write!(text, "Delivered-To: {}\r\n", recipient.to)?;
    }
    // That a message is binary decides where it can be sent at all (RFC 3030 section 3); 8 bits can be seen in it.
    let binary = if envelope.body() == BodyType::Binary { "BODY" } else { "" };
    append_params(text, "X-Envelope-From", envelope.from.as_str(), &envelope.params, &[binary, "RET", "ENVID"])?;
    for recipient in recipients {
        append_params(text, "X-Envelope-To", recipient.to.as_str(), &recipient.params, &["NOTIFY", "ORCPT"])?;
    }
    let only = match envelope.recipients.as_slice() {
        [only] => Some(&only.to),
        _ => None,
    };
    text.write_str(&received(envelope, only, date))
}

/// Where the server's own fields end and the message begins.
///
/// A line that begins with a blank goes on with the field before it, so a message that begins with one would write on in
/// the server's `Received`. (So it would with a NUL or the like, which some readers drop or take for a blank.) The header
/// ends before such a message: an empty line stands between, as other servers have it.
#[derive(Debug, Default)]
pub(super) struct Seam {
    state: SeamState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SeamState {
    #[default]
    Start,
    /// The message begins with a CR, and nothing more of it is here.
    Cr,
    Closed,
}

impl Seam {
    /// What to write for this piece of the message, one part after the other. Only the first piece is ever more than
    /// itself.
    pub(super) fn join<'a>(&mut self, piece: &'a [u8]) -> [&'a [u8]; 3] {
        let Some(&first) = piece.first() else { return [piece, b"", b""] };
        let state = core::mem::replace(&mut self.state, SeamState::Closed);
        match (state, first) {
            (SeamState::Closed, _) | (SeamState::Cr, b'\n') | (SeamState::Start, b'!'..) => [piece, b"", b""],
            (SeamState::Start, b'\r') => match piece.get(1) {
                None => {
                    self.state = SeamState::Cr;
                    [piece, b"", b""]
                }
                Some(b'\n') => [piece, b"", b""],
                // A CR of its own, which only a binary mail has: some take it for a line end, and some for a blank.
                Some(_) => [&piece[..1], b"\n", &piece[1..]],
            },
            (SeamState::Cr, _) => [b"\n", piece, b""],
            (SeamState::Start, _) => [b"\r\n", piece, b""],
        }
    }
}

/// `Name: <address> NOTIFY=NEVER`, when there is a parameter to tell of.
fn append_params(text: &mut dyn Write, name: &str, address: &str, params: &[Parameter], told: &[&str]) -> fmt::Result {
    let mut told = params.iter().filter(|param| told.iter().any(|keyword| param.is(keyword))).peekable();
    if told.peek().is_none() {
        return Ok(());
    }
    write!(text, "{name}: <{address}>")?;
    for Parameter { keyword, value } in told {
        write!(text, "\r\n {keyword}={}", value.as_deref().unwrap_or_default())?;
    }
    text.write_str("\r\n")
}

#[cfg(test)]
mod tests {
    use super::super::envelope::{Protocol, TlsFacts};
    use super::super::tests_support::{envelope, recipient};
    use super::*;
    use crate::proto::address::ReversePath;

    fn delivered(envelope: &Envelope, recipients: &[&Recipient], date: Date) -> String {
        let mut text = String::new();
        super::delivered(envelope, recipients, date, &mut text).unwrap();
        text
    }

    fn date() -> Date {
        Date::new(880_127_706, -360)
    }

    fn params(list: &[&str]) -> Vec<Parameter> {
        list.iter().map(|param| Parameter::parse(param).unwrap()).collect()
    }

    #[test]
    fn a_mail_for_one() {
        let mut envelope = envelope(&["b@example.com"]);
        envelope.id = "ID".into();
        let recipient = recipient("b@example.com");
        assert_eq!(
            delivered(&envelope, &[&recipient], date()),
            "Return-Path: <a@example.org>\r\n\
             Delivered-To: b@example.com\r\n\
             Received: from client.example.org ([192.0.2.7])\r\n \
              by mx.example.com with ESMTP id ID\r\n \
              for <b@example.com>;\r\n \
              Fri, 21 Nov 1997 09:55:06 -0600\r\n"
        );
    }

    #[test]
    fn recipients_learn_nothing_of_each_other() {
        let mut envelope = envelope(&["b@example.com", "c@example.com"]);
        envelope.id = "ID".into();
        envelope.from = ReversePath::null();
        envelope.params = params(&["SIZE=1", "RET=HDRS", "ENVID=x+2By"]);
        envelope.tls = Some(TlsFacts { version: "TLSv1.3".into(), cipher: "TLS_X".into(), client: None });
        envelope.user = Some("alice".into());
        envelope.peer = Peer::Internet("[2001:db8::1]:25".parse().unwrap());
        envelope.recipients[0].params = params(&["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;b@example.com"]);
        assert_eq!(
            delivered(&envelope, &[&envelope.recipients[0]], date()),
            "Return-Path: <>\r\n\
             Delivered-To: b@example.com\r\n\
             X-Envelope-From: <>\r\n RET=HDRS\r\n ENVID=x+2By\r\n\
             X-Envelope-To: <b@example.com>\r\n NOTIFY=SUCCESS,DELAY\r\n ORCPT=rfc822;b@example.com\r\n\
             Received: from client.example.org ([IPv6:2001:db8::1])\r\n \
              by mx.example.com with ESMTPSA id ID\r\n \
              tls TLS_X;\r\n \
              Fri, 21 Nov 1997 09:55:06 -0600\r\n"
        );
    }

    #[test]
    fn that_a_mail_is_binary_is_told() {
        let mut envelope = envelope(&["b@example.com"]);
        for (body, told) in
            [("7BIT", ""), ("8BITMIME", ""), ("BinaryMIME", "X-Envelope-From: <a@example.org>\r\n BODY=BinaryMIME\r\n")]
        {
            envelope.params = params(&[&format!("body={body}")]);
            let text = delivered(&envelope, &[], date());
            let own: String =
                text.split_inclusive("\r\n").skip(1).take_while(|line| !line.starts_with("Received")).collect();
            assert_eq!(own, told.replace("BODY", "body"), "{body}");
        }
    }

    #[test]
    fn what_a_client_calls_itself_cannot_forge_a_field() {
        let mut envelope = envelope(&[]);
        envelope.protocol = Protocol::Smtp;
        envelope.peer = Peer::Local;
        for (hello, shown) in [
            ("[192.0.2.9]", "[192.0.2.9]"),
            ("my_pc", "my_pc"),
            ("a b", "unknown"),
            ("x (y", "unknown"),
            ("x;y", "unknown"),
            ("x\r\nBcc: y", "unknown"),
            ("b\u{fc}ro.example", "unknown"),
            ("", "unknown"),
        ] {
            envelope.hello = hello.into();
            let text = received(&envelope, None, date());
            assert!(text.starts_with(&format!("Received: from {shown}\r\n by ")), "{text}");
        }
        envelope.params = params(&["SMTPUTF8"]);
        envelope.hello = "b\u{fc}ro.example".into();
        assert!(received(&envelope, None, date()).starts_with("Received: from b\u{fc}ro.example\r\n"));
    }

    #[test]
    fn a_message_that_begins_with_a_blank_goes_on_with_no_field() {
        for (message, stored) in [
            ("Subject: x\r\n\r\ny", "Subject: x\r\n\r\ny"),
            ("\r\ny", "\r\ny"),
            ("", ""),
            ("caf\u{e9}", "caf\u{e9}"),
            ("\u{fc}x", "\u{fc}x"),
            (" folded\r\nSubject: x\r\n", "\r\n folded\r\nSubject: x\r\n"),
            ("\tfolded", "\r\n\tfolded"),
            ("   \r\nx", "\r\n   \r\nx"),
            ("\0 x", "\r\n\0 x"),
            ("\x0b x", "\r\n\x0b x"),
            ("\nx", "\r\n\nx"),
            ("\r x", "\r\n x"),
            ("\r", "\r"),
        ] {
            for size in 1..4 {
                let mut seam = Seam::default();
                let parts = message.as_bytes().chunks(size).flat_map(|piece| seam.join(piece)).flatten();
                let all: Vec<u8> = parts.copied().collect();
                assert_eq!(all, stored.as_bytes(), "{message:?} by {size}");
            }
        }
    }

    #[test]
    fn lines_are_short() {
        let mut envelope = envelope(&[]);
        envelope.recipients.push(recipient(&format!("{}@{}.example", "l".repeat(64), "d".repeat(63))));
        envelope.hello = format!("{0}.{0}.{0}.example", "h".repeat(63));
        let text = delivered(&envelope, &[&envelope.recipients[0]], date());
        assert!(text.lines().all(|line| line.len() < 300), "{text}");
    }
}
