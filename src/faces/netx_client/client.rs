//! A client as `nx_smtp_client_create` made it.

use super::codes::*;
use super::options::HELO_NX_SMTP_CLIENT_OPTIONS as Options;
use crate::capi::last_error;
use crate::error::{Cause, Error, Phase};
use crate::faces::rtos::IpInstance;
use crate::faces::rtos::nx_codes::NX_NOT_ENABLED;
use crate::faces::wishes::Wishes;
use crate::net::lock::Mutex;
use crate::net::wait::Cancel;
use crate::proto::address::ReversePath;
use crate::sasl::{Credentials, Secret};
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a client keeps of its create.
pub(super) struct Client {
    pub(super) ip: IpInstance,
    pub(super) server: SocketAddr,
    pub(super) sender: ReversePath,
    pub(super) domain: String,
    /// The mechanism, and who authenticates by it.
    pub(super) login: Option<(&'static str, Credentials)>,
    pub(super) options: Options,
    /// Where the program's control block is, which stands for the handle.
    pub(super) place: usize,
    /// What `helo.h` has set for this client.
    pub(super) wishes: Arc<Wishes>,
    /// Cancels the mail that is being sent.
    sending: Mutex<Option<Cancel>>,
}

/// The parameters of a create, as text.
pub(super) struct Given {
    pub(super) ip: IpInstance,
    pub(super) server: SocketAddr,
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) from_address: String,
    pub(super) domain: String,
    pub(super) authentication_type: u32,
    pub(super) options: Options,
    pub(super) place: usize,
}

impl Client {
    /// Checks the parameters. The error is a NetX status.
    pub(super) fn new(given: Given) -> Result<Client, u32> {
        if !given.ip.tcp || (given.server.is_ipv6() && !given.ip.ipv6) {
            return Err(NX_NOT_ENABLED);
        }
        let sender = ReversePath::parse(&given.from_address).map_err(invalid)?;
        if sender.is_null() {
            return Err(invalid("from address: is empty"));
        }
        if given.domain.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(invalid("domain: holds a space or a control character"));
        }
        let login = login(given.authentication_type, given.username, given.password)?;
        Ok(Client {
            ip: given.ip,
            server: given.server,
            sender,
            domain: given.domain,
            login,
            options: given.options,
            place: given.place,
            wishes: Arc::new(Wishes::new()),
            sending: Mutex::new(None),
        })
    }

    /// A mail begins to be sent: one at a time.
    pub(super) fn begin(&self) -> Result<Sending<'_>, Error> {
        let mut sending = self.sending.lock();
        if sending.is_some() {
            let text = "another thread is sending a mail with this client; create a client for each thread";
            return Err(Error::new(Phase::Connect, Cause::InProgress, text));
        }
        let cancel = Cancel::new();
        *sending = Some(cancel.clone());
        Ok(Sending { client: self, cancel })
    }

    /// Ends the mail that is being sent, if one is: the client was deleted.
    pub(super) fn cancel(&self) {
        if let Some(cancel) = &*self.sending.lock() {
            cancel.cancel();
        }
    }
}

/// The time in which a mail is being sent.
pub(super) struct Sending<'a> {
    client: &'a Client,
    pub(super) cancel: Cancel,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        *self.client.sending.lock() = None;
    }
}

/// Any number that is not known counts as PLAIN. Without a name and a password there is nothing to authenticate with:
/// that is how programs from before NX_SMTP_CLIENT_AUTH_NONE said it.
fn login(authentication_type: u32, user: String, password: Secret) -> Result<Option<(&'static str, Credentials)>, u32> {
    let mechanism = match authentication_type {
        NX_SMTP_CLIENT_AUTH_NONE => return Ok(None),
        NX_SMTP_CLIENT_AUTH_LOGIN => "LOGIN",
        NX_SMTP_CLIENT_AUTH_CRAM_MD5 => "CRAM-MD5",
        _ => "PLAIN",
    };
    if user.is_empty() && password.is_empty() {
        return Ok(None);
    }
    let credentials = Credentials::new(user, password);
    credentials.check().map_err(invalid)?;
    Ok(Some((mechanism, credentials)))
}

/// The status for a parameter that cannot be used; what is wrong with it becomes the last error in words.
pub(super) fn invalid(why: impl Display) -> u32 {
    last_error::set(why);
    NX_SMTP_INVALID_PARAM
}
