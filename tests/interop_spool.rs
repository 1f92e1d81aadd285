//! The relay spool against real servers on this machine.

mod support;

use helo::client::Settings;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::client::Protocol;
use helo::server::spool::relay::{Options, Relay};
use helo::server::spool::{Confirmation, Delivery, Envelope, Recipient, Result, Spool};
use std::net::SocketAddr;
use support::aiosmtpd::Aiosmtpd;
use support::dovecot_lmtp::DovecotLmtp;
use support::postfix::{LATER, Postfix, REFUSED};

fn relay(next: SocketAddr, protocol: Protocol) -> Relay {
    let settings = Settings { helo_name: "relay.example".into(), protocol, ..Settings::default() };
    Relay::new(Options::to_host(next.ip().to_string(), next.port(), settings))
}

/// Dots, 8 bits, half a megabyte.
fn message() -> Vec<u8> {
    let mut message = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nGrüße\r\n\r\n.\r\n".as_bytes().to_vec();
    for number in 0..50_000 {
        message.extend_from_slice(format!(".line {number}\r\n").as_bytes());
    }
    message
}

fn begin(relay: &Relay) -> Box<dyn Delivery> {
    let from = ReversePath::parse("sender@example.org").unwrap();
    relay.begin(&Envelope::new("mx.example.com", from, Vec::new())).unwrap()
}

fn rcpt(delivery: &mut dyn Delivery, to: &str) -> Result<()> {
    delivery.recipient(&Recipient::new(ForwardPath::parse(to).unwrap()))
}

fn end(mut delivery: Box<dyn Delivery>, message: &[u8]) -> Confirmation {
    message.chunks(4099).try_for_each(|piece| delivery.write(piece)).unwrap();
    delivery.finish().unwrap()
}

// Below not assert_eq: a difference would print half a megabyte.

#[test]
fn to_postfix() {
    let Some(postfix) = Postfix::shared("spool: relay to Postfix") else { return };
    let (mailbox, message) = (postfix.fresh_mailbox(), message());
    let relay = relay(postfix.address(), Protocol::Smtp);
    for count in 1..=2 {
        let mut delivery = begin(&relay);
        assert_eq!(rcpt(&mut *delivery, REFUSED).unwrap_err().code, 550);
        assert_eq!(rcpt(&mut *delivery, LATER).unwrap_err().code, 450);
        rcpt(&mut *delivery, &mailbox.address).unwrap();
        let Confirmation::All(text) = end(delivery, &message) else { panic!("by SMTP one answer is for all") };
        assert!(text.contains("queued as"), "{text}");
        assert!(mailbox.wait(count).iter().all(|mail| mail.as_sent() == message));
    }
}

#[test]
fn to_dovecot_by_lmtp() {
    let Some(dovecot) = DovecotLmtp::start("spool: relay to Dovecot by LMTP") else { return };
    let message = message();
    let relay = relay(dovecot.address(), Protocol::Lmtp);
    for count in 1..=2 {
        let mut delivery = begin(&relay);
        rcpt(&mut *delivery, "alice@example.test").unwrap();
        let refusal = rcpt(&mut *delivery, "nobody@example.test").unwrap_err();
        assert_eq!((refusal.code, refusal.enhanced.to_string()), (550, "5.1.1".into()));
        rcpt(&mut *delivery, "bob@example.test").unwrap();
        let answers = end(delivery, &message).each(2);
        assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|text| text.contains("Saved"))), "{answers:?}");
        for name in ["alice", "bob"] {
            assert!(dovecot.mailbox(name).wait(count).iter().all(|mail| mail.as_sent() == message), "{name}");
        }
    }
}

#[test]
fn to_aiosmtpd() {
    let Some(aiosmtpd) = Aiosmtpd::start("spool: relay to aiosmtpd") else { return };
    let message = message();
    let mut delivery = begin(&relay(aiosmtpd.address(), Protocol::Smtp));
    rcpt(&mut *delivery, "bob@example.test").unwrap();
    end(delivery, &message);
    let stored = aiosmtpd.message(1);
    assert!(stored.starts_with(b"Received: from mx.example.com\r\n by mx.example.com with ESMTP id "));
    assert!(stored.ends_with(&message));
}
