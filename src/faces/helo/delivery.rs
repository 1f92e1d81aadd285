//! A delivery: what C's handle stands for. Everything here is safe Rust; the exported functions call it.

use super::refusal::{Refusal, of_address};
use super::results::{OnProgress, OnResult, OnTrace, Stored};
use crate::capi::HandleTable;
use crate::client::body::Body;
use crate::client::delivery::{Mail, Progress, Recipient, WINDOW_BYTES, WINDOW_MAILS};
use crate::client::envelope::BodyKind;
use crate::client::settings::{AuthPlan, Level, Owner, Settings, Timeouts, Tls};
use crate::faces::helo::codes::{HeloPhase, HeloStatus};
use crate::faces::wishes::{Face, Wishes};
use crate::net::callback::CallbackTransport;
use crate::net::fork;
use crate::net::lock::{Mutex, MutexGuard};
use crate::net::wait::Cancel;
use crate::policy::target::{MailServer, login};
use crate::proto::address::{ForwardPath, ReversePath};
use crate::proto::command::Parameter;
use crate::proto::dot::Dots;
use crate::sasl::{Credentials, Secret};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// All deliveries of the program.
pub(crate) static DELIVERIES: HandleTable<Delivery> = HandleTable::new();

/// No delivery holds more mails.
const MAILS_MAX: usize = 1 << 20;
/// No mail has more recipients.
const RECIPIENTS_MAX: usize = 100_000;
/// No mail and no recipient has more parameters.
const PARAMETERS_MAX: usize = 32;
/// No delivery keeps more transports in store.
const TRANSPORTS_MAX: usize = 1024;
/// No run uses more connections.
pub(crate) const CONNECTIONS_MAX: u32 = 256;

/// What a handle stands for.
pub(crate) struct Delivery {
    /// The handle; 0 for a delivery that the program never sees.
    pub(crate) handle: u32,
    state: Mutex<State>,
    pub(crate) cancel: Cancel,
    /// Policy keys and a watcher of the program's own.
    pub(crate) wishes: Arc<Wishes>,
}

/// What the functions read and change. Never locked while a callback runs.
pub(crate) struct State {
    /// `helo_run` is at work.
    pub(crate) running: bool,
    /// The handle was freed while this call was on its way.
    freed: bool,
    pub(crate) server: Option<MailServer>,
    pub(crate) transports: VecDeque<CallbackTransport>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello_name: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) level: Level,
    pub(crate) connections: usize,
    pub(crate) window_mails: usize,
    pub(crate) window_bytes: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) progress: Progress,
    pub(crate) on_result: Option<OnResult>,
    pub(crate) on_progress: Option<OnProgress>,
    pub(crate) on_trace: Option<OnTrace>,
}

/// One mail and its results.
pub(crate) struct Entry {
    /// `None` once a run has taken it.
    pub(crate) mail: Option<Mail>,
    pub(crate) has_body: bool,
    pub(crate) results: Vec<Option<Stored>>,
}

impl Delivery {
    /// A delivery to a server, or over transports that are given later.
    pub(crate) fn new(handle: u32, server: Option<MailServer>) -> Delivery {
        let state = State {
            running: false,
            freed: false,
            server,
            transports: VecDeque::new(),
            credentials: None,
            hello_name: String::new(),
            timeouts: Timeouts::default(),
            level: Level::default(),
            connections: 1,
            window_mails: WINDOW_MAILS,
            window_bytes: WINDOW_BYTES,
            entries: Vec::new(),
            progress: Progress::default(),
            on_result: None,
            on_progress: None,
            on_trace: None,
        };
        Delivery { handle, state: Mutex::new(state), cancel: Cancel::new(), wishes: Arc::new(Wishes::new()) }
    }

    /// The delivery of a handle.
    pub(crate) fn of(handle: u32) -> Result<Arc<Delivery>, Refusal> {
        DELIVERIES.get(handle as usize).ok_or_else(|| match DELIVERIES.is_foreign(handle as usize) {
            true => Refusal::new(HeloStatus::HeloBadHandle, format!("this delivery {}", fork::OF_THE_PARENT)),
            false => bad_handle(),
        })
    }

    /// The state, running or not.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The state, to be changed: not while a run is at work.
    pub(crate) fn idle(&self) -> Result<MutexGuard<'_, State>, Refusal> {
        let state = self.state.lock();
        if state.freed {
            return Err(bad_handle());
        }
        if state.running {
            let words = "the delivery is running: wait until helo_run() has returned, or helo_cancel() it first";
            return Err(Refusal::new(HeloStatus::HeloInProgress, words));
        }
        Ok(state)
    }

    /// Takes the delivery's handle away, unless a run is at work.
    pub(crate) fn free(handle: u32) -> Result<(), Refusal> {
        let delivery = Delivery::of(handle)?;
        delivery.idle()?.freed = true;
        DELIVERIES.remove(handle as usize);
        // Transports and files are closed here, and not by whoever holds the delivery last.
        let mut state = delivery.state.lock();
        let transports = std::mem::take(&mut state.transports);
        let entries = std::mem::take(&mut state.entries);
        drop(state);
        drop((transports, entries));
        Ok(())
    }
}

impl State {
    /// Forgets mails and results.
    pub(crate) fn clear(&mut self) {
        self.entries = Vec::new();
        self.progress = Progress::default();
    }

    pub(crate) fn set_timeout(&mut self, phase: HeloPhase, limit: Option<Duration>) {
        let standard = Timeouts::default();
        let timeouts = &mut self.timeouts;
        match phase {
            HeloPhase::None => *timeouts = limit.map_or(standard, Timeouts::all),
            HeloPhase::Connect => timeouts.connect = limit.unwrap_or(standard.connect),
            HeloPhase::Greeting => timeouts.greeting = limit.unwrap_or(standard.greeting),
            HeloPhase::Data => timeouts.data = limit.unwrap_or(standard.data),
            HeloPhase::Message => timeouts.message = limit.unwrap_or(standard.message),
            HeloPhase::Tls
            | HeloPhase::Hello
            | HeloPhase::Auth
            | HeloPhase::Mail
            | HeloPhase::Rcpt
            | HeloPhase::Command
            | HeloPhase::Quit => timeouts.reply = limit.unwrap_or(standard.reply),
        }
    }

    pub(crate) fn set_login(&mut self, user: String, password: Secret) -> Result<(), Refusal> {
        self.credentials = Some(login(user, password).map_err(Refusal::of_text)?);
        Ok(())
    }

    /// Takes the transport, unless there are too many: then it stays the caller's.
    pub(crate) fn add_transport(&mut self, transport: &mut Option<CallbackTransport>) -> Result<(), Refusal> {
        if self.transports.len() >= TRANSPORTS_MAX {
            return Err(too_many("transports wait to be used"));
        }
        self.transports.extend(transport.take());
        Ok(())
    }

    /// A mail from this sender; its number.
    pub(crate) fn add_mail(&mut self, sender: &str) -> Result<u32, Refusal> {
        let from = ReversePath::parse(sender).map_err(|why| of_address(why, sender))?;
        if self.entries.len() >= MAILS_MAX {
            return Err(too_many("mails are in this delivery: helo_clear() it after a run"));
        }
        self.entries.try_reserve(1).map_err(|_| no_memory())?;
        let number = u32::try_from(self.entries.len()).map_err(|_| no_memory())?;
        let body = Body::memory(Box::new([0_u8; 0]));
        let mail = Mail { from, parameters: Vec::new(), recipients: Vec::new(), body, kind: BodyKind::Unknown };
        self.entries.push(Entry { mail: Some(mail), has_body: false, results: Vec::new() });
        Ok(number)
    }

    /// One more recipient of a mail; its number.
    pub(crate) fn add_recipient(&mut self, mail: u32, recipient: &str) -> Result<u32, Refusal> {
        let mail = self.mail(mail)?;
        let to = ForwardPath::parse(recipient).map_err(|why| of_address(why, recipient))?;
        if mail.recipients.len() >= RECIPIENTS_MAX {
            return Err(too_many("recipients are in this mail: give the others a mail of their own"));
        }
        mail.recipients.try_reserve(1).map_err(|_| no_memory())?;
        let number = u32::try_from(mail.recipients.len()).map_err(|_| no_memory())?;
        mail.recipients.push(Recipient { to, parameters: Vec::new() });
        Ok(number)
    }

    /// A parameter of a mail's MAIL command. BODY also says how the body goes out.
    pub(crate) fn set_mail_parameter(&mut self, mail: u32, text: &str) -> Result<(), Refusal> {
        let parameter = Parameter::parse(text)?;
        let mail = self.mail(mail)?;
        if parameter.is("BODY") {
            let value = parameter.value.as_deref().unwrap_or_default().to_ascii_uppercase();
            mail.kind = match value.as_str() {
                "7BIT" => BodyKind::SevenBit,
                "8BITMIME" => BodyKind::EightBit,
                "BINARYMIME" => BodyKind::Binary,
                _ => return Err(Refusal::argument("BODY is 7BIT, 8BITMIME or BINARYMIME")),
            };
            return Ok(());
        }
        put(&mut mail.parameters, parameter)
    }

    /// A parameter of a recipient's RCPT command.
    pub(crate) fn set_recipient_parameter(&mut self, mail: u32, recipient: u32, text: &str) -> Result<(), Refusal> {
        let parameter = Parameter::parse(text)?;
        let mail = self.mail(mail)?;
        let recipient = mail.recipients.get_mut(recipient as usize);
        let recipient = recipient.ok_or_else(|| Refusal::argument("the mail has no recipient of this number"))?;
        put(&mut recipient.parameters, parameter)
    }

    pub(crate) fn set_body(&mut self, mail: u32, body: Body) -> Result<(), Refusal> {
        self.mail(mail)?.body = body;
        if let Some(entry) = self.entries.get_mut(mail as usize) {
            entry.has_body = true;
        }
        Ok(())
    }

    /// A mail that has not been run.
    fn mail(&mut self, number: u32) -> Result<&mut Mail, Refusal> {
        let entry = self.entries.get_mut(number as usize);
        let entry = entry.ok_or_else(|| Refusal::argument("the delivery has no mail of this number"))?;
        entry.mail.as_mut().ok_or_else(|| Refusal::argument("this mail has been run: add it again to send it again"))
    }

    /// What the program tells the connections of a run.
    pub(crate) fn settings(&self) -> Settings {
        let of_server = self.server.as_ref().and_then(|server| server.credentials.as_ref());
        let credentials = self.credentials.as_ref().or(of_server).cloned();
        Settings {
            helo_name: self.hello_name.clone(),
            protocol: self.server.as_ref().map(|server| server.protocol).unwrap_or_default(),
            timeouts: self.timeouts,
            tls: Tls::mode(self.server.as_ref().map(|server| server.tls).unwrap_or_default()),
            auth: credentials.map(|credentials| AuthPlan::new(credentials, Owner::Program)),
            dots: Dots::Stuff,
            ..Face::Helo.settings()
        }
    }
}

/// Sets a parameter, in place of one of the same keyword.
fn put(parameters: &mut Vec<Parameter>, parameter: Parameter) -> Result<(), Refusal> {
    match parameters.iter().position(|old| old.is(&parameter.keyword)) {
        Some(at) => parameters[at] = parameter,
        None if parameters.len() >= PARAMETERS_MAX => return Err(too_many("parameters")),
        None => parameters.push(parameter),
    }
    Ok(())
}

fn too_many(what: &str) -> Refusal {
    Refusal::new(HeloStatus::HeloNoMemory, format!("too many {what}"))
}

pub(crate) fn no_memory() -> Refusal {
    Refusal::new(HeloStatus::HeloNoMemory, "no memory")
}

fn bad_handle() -> Refusal {
    Refusal::new(HeloStatus::HeloBadHandle, "this is no delivery, or it has been freed")
}
