//! What a person should know before the mail goes that way.

use super::plan::Plan;
use helo::client::{Login, TlsMode, TlsName};
use helo::faces::site::Way;
use helo::faces::wishes::Face;
use helo::net::tls;
use helo::policy::Source;
use std::time::Duration;

/// Something to know.
pub struct Warning {
    pub words: String,
    /// It cannot work so.
    pub fatal: bool,
}

/// Below this a busy server's answer to a message may come too late.
const PATIENT: Duration = Duration::from_secs(120);

/// All that is to be said about a plan.
pub fn of(plan: &Plan) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |fatal: bool, words: String| found.push(Warning { words, fatal });
    let Way { host, port, settings, site } = &plan.way;
    let wanted = &settings.tls;
    if !tls::AVAILABLE && wanted.mode == TlsMode::Optional {
        warn(false, format!("{}: everything goes in the clear", tls::LACKING));
    }
    if wanted.verifies() && wanted.name == TlsName::Unknown && wanted.mode != TlsMode::Never {
        let words = "the program names an address only, and the certificate is to be verified: write tls_name = the name \
                     that the server's certificate has (or server = its name)";
        warn(true, words.to_owned());
    }
    if wanted.mode == TlsMode::Optional && tls::AVAILABLE {
        let words = "encryption is optional: somebody between here and the server can switch it off. If the server has TLS, \
                     write tls = always";
        warn(false, words.to_owned());
    }
    if matches!(wanted.mode, TlsMode::Always | TlsMode::Implicit) && !wanted.verifies() && wanted.pins.is_empty() {
        let words = "the certificate is not verified: somebody between here and the server can pretend to be it. tls_ca or \
                     tls_pin let you trust just this server";
        warn(false, words.to_owned());
    }
    match (*port, wanted.mode) {
        (465, mode) if mode != TlsMode::Implicit => {
            warn(false, "port 465 is encrypted from the first byte as a rule: tls = implicit".to_owned());
        }
        (25 | 587, TlsMode::Implicit) => {
            let words = format!("port {port} begins in the clear as a rule: tls = always, or port = 465");
            warn(false, words);
        }
        _ => {}
    }
    if let (Some(login), Some(auth)) = (&site.login, &settings.auth)
        && let (Source::File(_), Login::Supplied(supplier)) = (&login.source, &auth.login)
        && let Err(why) = supplier.supply(false)
    {
        warn(true, why.detail);
    }
    if settings.timeouts.message < PATIENT {
        let words = "the answer to the end of a message is not waited for long: a busy server's may come later, and a program \
                     that sends again makes a duplicate then. Write message_timeout = 10 min";
        warn(false, words.to_owned());
    }
    if plan.face != Face::Helo && site.pipelining.is_some() {
        warn(false, "pipelining has no effect for programs of this API: they send step by step".to_owned());
    }
    if *port != plan.asked.1 && site.server.is_none() && *host == plan.asked.0 && site.login.is_none() {
        warn(false, format!("only the port is changed, from {} to {port}", plan.asked.1));
    }
    found
}
