//! The engine against real servers on this machine.

mod support;

use helo::client::{AuthPlan, Owner, Session, Settings};
use helo::error::{Cause, Phase};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{Command, Verb};
use helo::sasl::{Credentials, Secret};
use std::net::SocketAddr;
use support::aiosmtpd::Aiosmtpd;
use support::dovecot::Dovecot;
use support::exim::Exim;
use support::postfix::{LATER, PASSWORD, Postfix, REFUSED, USER};

fn open(server: SocketAddr) -> Session {
    open_with(server, None)
}

fn open_with(server: SocketAddr, auth: Option<AuthPlan>) -> Session {
    let target = Target::Host { host: server.ip().to_string(), port: server.port() };
    let settings = Settings { helo_name: "client.example".into(), auth, ..Settings::default() };
    Session::open(target, settings, Cancel::new(), &mut ()).unwrap()
}

/// Dots, 8 bits, half a megabyte.
fn message() -> Vec<u8> {
    let mut message = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nGrüße\r\n\r\n.\r\n".as_bytes().to_vec();
    for number in 0..50_000 {
        message.extend_from_slice(format!(".line {number}\r\n").as_bytes());
    }
    message
}

fn send(mut session: Session, to: &str, message: &[u8]) {
    mail(&mut session);
    rcpt(&mut session, to).unwrap();
    session.begin_data(&mut ()).unwrap();
    for piece in message.chunks(4099) {
        session.body(piece, &mut ()).unwrap();
    }
    session.end_data(&mut ()).unwrap();
    session.quit(&mut ());
}

fn mail(session: &mut Session) {
    let from = ReversePath::parse("sender@example.org").unwrap();
    session.command(&Command::Mail { verb: Verb::Mail, from: &from, params: &[] }, &mut ()).unwrap();
}

fn rcpt(session: &mut Session, to: &str) -> Result<u16, helo::error::Error> {
    let to = ForwardPath::parse(to).unwrap();
    session.command(&Command::Rcpt { to: &to, params: &[] }, &mut ()).map(|reply| reply.code())
}

// Below not assert_eq: a difference would print half a megabyte.

#[test]
fn what_is_sent_is_what_arrives_at_postfix() {
    let Some(postfix) = Postfix::shared("engine: Postfix") else { return };
    let (mailbox, message) = (postfix.fresh_mailbox(), message());
    send(open(postfix.address()), &mailbox.address, &message);
    assert!(mailbox.wait_one().as_sent() == message);
}

#[test]
fn what_is_sent_is_what_arrives_at_exim() {
    let Some(exim) = Exim::start("engine: Exim") else { return };
    let (mailbox, message) = (exim.fresh_mailbox(), message());
    send(open(exim.address()), &mailbox.address, &message);
    assert!(mailbox.wait_one().as_sent() == message);
}

#[test]
fn what_is_sent_is_what_arrives_at_aiosmtpd() {
    let Some(server) = Aiosmtpd::start("engine: aiosmtpd") else { return };
    let message = message();
    send(open(server.address()), "alice@example.test", &message);
    assert!(server.message(1) == message);
}

#[test]
fn what_is_submitted_to_dovecot_arrives_behind_it() {
    let test = "engine: Dovecot's submission";
    let Some(postfix) = Postfix::shared(test) else { return };
    let Some(dovecot) = Dovecot::start(test, postfix.address()) else { return };
    let (mailbox, message) = (postfix.fresh_mailbox(), message());
    let credentials = Credentials::new(USER, Secret::new(PASSWORD.into()));
    let auth = AuthPlan { mechanisms: vec!["CRAM-MD5"], ..AuthPlan::new(credentials, Owner::Program) };
    send(open_with(dovecot.address(), Some(auth)), &mailbox.address, &message);
    assert!(mailbox.wait_one().as_sent() == message);
}

#[test]
fn a_refused_recipient_does_not_keep_the_mail_from_the_others() {
    let Some(postfix) = Postfix::shared("engine: refused recipient") else { return };
    let (one, two) = (postfix.fresh_mailbox(), postfix.fresh_mailbox());
    let mut session = open(postfix.address());
    for _ in 0..3 {
        mail(&mut session);
        rcpt(&mut session, &one.address).unwrap();
        for (address, code) in [(REFUSED, 550), (LATER, 450)] {
            let error = rcpt(&mut session, address).unwrap_err();
            assert_eq!((error.phase, error.cause, error.code()), (Phase::Rcpt, Cause::Refused, code));
        }
        rcpt(&mut session, &two.address).unwrap();
        session.begin_data(&mut ()).unwrap();
        session.body(b"Subject: three\r\n\r\nhello\r\n", &mut ()).unwrap();
        session.end_data(&mut ()).unwrap();
    }
    session.quit(&mut ());
    for mailbox in [one, two] {
        for delivered in mailbox.wait(3) {
            assert_eq!(delivered.header("Subject").as_deref(), Some("three"));
            assert_eq!(delivered.as_sent(), b"Subject: three\r\n\r\nhello\r\n");
        }
    }
}

#[test]
fn the_other_commands_have_their_replies() {
    let Some(postfix) = Postfix::shared("engine: other commands") else { return };
    let mut session = open(postfix.address());
    let mut code = |command: &Command<'_>| session.command(command, &mut ()).map_or_else(|e| e.code(), |r| r.code());
    assert_eq!(code(&Command::Noop(None)), 250);
    assert_eq!(code(&Command::Rset), 250);
    assert_eq!(code(&Command::Vrfy("alice@example.test")), 252);
    // Postfix knows neither of these.
    assert_eq!(code(&Command::Expn("staff")), 500);
    assert_eq!(code(&Command::Turn), 500);
    session.quit(&mut ());
}
