//! A mail: its headers, and the dialogue that delivers it over a connection of its own.

use super::client::Client;
use super::codes::{NX_SMTP_MAIL_PRIORITY_HIGH, NX_SMTP_MAIL_PRIORITY_LOW};
use crate::client::envelope::{BodyKind, Sender};
use crate::client::words::Context;
use crate::client::{AuthPlan, Owner, Session, Settings, clock};
use crate::error::{Cause, Error, Phase, Result};
use crate::faces::rtos::{Network, ram_network};
use crate::faces::site::{Way, way};
use crate::faces::wishes::Face;
use crate::message::{HeaderBlock, Priority, message_id};
use crate::net::connect::Target;
use crate::net::wait::Cancel;
use crate::proto::address::ForwardPath;
use crate::proto::command::{ArgumentError, Command};
use crate::proto::dot::{BodyEncoder, Dots};

/// What `nx_smtp_mail_send` is given.
pub(super) struct Mail<'a> {
    pub(super) recipient: &'a str,
    pub(super) subject: &'a str,
    pub(super) priority: u32,
    pub(super) body: &'a [u8],
}

/// Sends a mail: connects, delivers, says QUIT. On any failure the connection is dropped; the client can be used again.
///
/// `context` gets what the words of a failure need beside the error, as soon as it is known.
pub(super) fn send(client: &Client, mail: &Mail<'_>, cancel: &Cancel, context: &mut Context) -> Result<()> {
    let recipient = ForwardPath::parse(mail.recipient).map_err(bad)?;
    let headers = headers(client, &recipient, mail)?;
    let (target, settings) = destination(client)?;
    *context = Context::of(&settings, &target);
    let mut session = Session::open(target, settings, cancel.clone(), &mut ())?;
    match deliver(&mut session, client, &recipient, headers.as_bytes(), mail.body) {
        Ok(()) => {
            // The answer to QUIT changes nothing any more.
            session.connection_mut().settings_mut().timeouts.reply = client.options.farewell();
            session.quit(&mut ());
            Ok(())
        }
        Err(error) => {
            session.leave(&mut ());
            Err(error)
        }
    }
}

/// Where to connect, and how.
fn destination(client: &Client) -> Result<(Target, Settings)> {
    let auth = client.login.as_ref().map(|(mechanism, credentials)| AuthPlan {
        mechanisms: vec![mechanism],
        // The documented dialogue: AUTH PLAIN, and the response after the 334; asked for, not offered.
        two_step: true,
        unasked: true,
        ..AuthPlan::new(credentials.clone(), Owner::Program)
    });
    let mut settings = Settings {
        helo_name: client.domain.clone(),
        timeouts: client.options.timeouts(),
        auth,
        ..Face::NetxClient.settings()
    };
    settings.watches.push(client.wishes.watch(Face::NetxClient, client.place));
    let target = match client.ip.network {
        Network::Ram => {
            settings.connect.source_address = Some(client.ip.address.into());
            Target::Ram { network: ram_network(), address: client.server }
        }
        Network::Host | Network::Foreign => {
            let host = client.server.ip().to_string();
            let way = way(Face::NetxClient, &client.wishes, &host, client.server.port(), settings)?;
            let Way { host, port, settings: decided, .. } = way;
            settings = decided;
            Target::Host { host, port }
        }
    };
    Ok((target, settings))
}

/// The header block. The subject is encoded when it is not ASCII.
fn headers(client: &Client, recipient: &ForwardPath, mail: &Mail<'_>) -> Result<String> {
    let priority = match mail.priority {
        NX_SMTP_MAIL_PRIORITY_HIGH => Priority::High,
        NX_SMTP_MAIL_PRIORITY_LOW => Priority::Low,
        _ => Priority::Normal,
    };
    let mut entropy = [0; 16];
    getrandom::fill(&mut entropy)
        .map_err(|why| Error::new(Phase::Connect, Cause::Source, format!("no random numbers: {why}")))?;
    let mut block = HeaderBlock::new();
    block.to(&[recipient.mailbox().into()]).map_err(bad)?;
    if let Some(sender) = client.sender.mailbox() {
        block.from(sender.into()).map_err(bad)?;
    }
    block.subject(mail.subject).map_err(bad)?;
    block.date(clock::now()).map_err(bad)?;
    block.message_id(&message_id(entropy, &client.domain)).map_err(bad)?;
    block.priority(priority).map_err(bad)?;
    block.text_utf8().map_err(bad)?;
    Ok(block.finish())
}

/// The dialogue from MAIL to the answer to the message's end.
fn deliver(session: &mut Session, client: &Client, recipient: &ForwardPath, headers: &[u8], body: &[u8]) -> Result<()> {
    let size = headers.len() as u64 + BodyEncoder::new(Dots::Off).encoded_len(body);
    let kind = if body.is_ascii() && headers.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBit };
    let ascii_recipients = recipient.is_ascii();
    session.mail(&Sender { ascii_recipients, size: Some(size), kind, ..Sender::new(&client.sender) }, &mut ())?;
    session.command(&Command::Rcpt { to: recipient, params: &[] }, &mut ())?;
    session.begin_data(&mut ())?;
    session.body(headers, &mut ())?;
    session.body(body, &mut ())?;
    session.end_data(&mut ()).map(drop)
}

fn bad(why: ArgumentError) -> Error {
    Error::new(Phase::Connect, Cause::BadArgument, why.to_string())
}
