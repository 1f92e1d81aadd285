//! Credentials that are fetched when they are needed: asked for once the connection is ready to authenticate, without
//! holding anything up, and once more when the server has refused them.

mod support;

use helo::client::body::Body;
use helo::client::trace::Observer;
use helo::client::{AuthPlan, Level, Login, Owner, Session, Settings, Supplier, Tls, TlsMode, driver};
use helo::error::{Cause, Error, Phase};
use helo::net::wait::{Cancel, Every};
use helo::sasl::{Credentials, Secret, wire};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::engine::{deliver, mail_to, target};
use support::scripted::ScriptedServer;
use support::wait::LONG;

type Answer = Box<dyn FnOnce() -> Result<Credentials, Error> + Send>;

/// Gives one answer after the other, and notes whether fresh ones were asked for.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<bool>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    fn of(answers: impl IntoIterator<Item = Answer>) -> Arc<Scripted> {
        Arc::new(Scripted { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
    }

    fn tokens(tokens: &[&'static str]) -> Arc<Scripted> {
        Scripted::of(tokens.iter().map(|token| -> Answer { Box::new(|| Ok(alice(token))) }))
    }

    #[track_caller]
    fn assert_asked(&self, expected: &[bool]) {
        assert_eq!(*self.asked.lock().unwrap(), expected);
    }
}

impl Supplier for Scripted {
    fn supply(&self, renew: bool) -> Result<Credentials, Error> {
        self.asked.lock().unwrap().push(renew);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("asked once too often")()
    }

    fn name(&self) -> String {
        String::from("the token's command")
    }
}

fn alice(token: &str) -> Credentials {
    Credentials::token("alice", Secret::new(token.into()))
}

/// Something that hangs until the sender is used or dropped.
fn hanging(token: &'static str) -> (Sender<()>, Answer) {
    let (release, held): (Sender<()>, Receiver<()>) = channel();
    let answer = move || {
        let _ = held.recv_timeout(LONG);
        Ok(alice(token))
    };
    (release, Box::new(answer))
}

fn settings(supplier: &Arc<Scripted>) -> Settings {
    let login = Login::Supplied(supplier.clone());
    Settings { auth: Some(AuthPlan::new(login, Owner::Program)), ..support::engine::settings(LONG) }
}

fn open(server: &ScriptedServer, supplier: &Arc<Scripted>) -> Result<Session, Error> {
    Session::open(target(server.address()), settings(supplier), Cancel::new(), &mut ())
}

/// `AUTH XOAUTH2` with this token, as the server hears it.
fn auth(token: &str) -> String {
    let message = format!("user=alice\u{1}auth=Bearer {token}\u{1}\u{1}");
    format!("C: AUTH XOAUTH2 {}", wire::encode_response(message.into_bytes()).unwrap())
}

/// What a server that offers XOAUTH2 says and hears until then.
const HELLO: &str = "S: 220 ready\nC: EHLO me.example\nS: 250-here\nS: 250 AUTH XOAUTH2";

/// The JSON of RFC 7628 in base64: `{"status":"401"}`.
const JSON: &str = "eyJzdGF0dXMiOiI0MDEifQ==";

const BYE: &str = "C: QUIT\nS: 221 bye";

#[test]
fn a_token_that_has_expired_is_fetched_anew_on_the_same_connection() {
    let (old, new) = (auth("old"), auth("new"));
    let server = ScriptedServer::start(&format!(
        "{HELLO}\n{old}\nS: 334 {JSON}\nC: \nS: 535 5.7.8 expired\n{new}\nS: 235 welcome\n{BYE}"
    ));
    let supplier = Scripted::tokens(&["old", "new"]);
    open(&server, &supplier).unwrap().quit(&mut ());
    supplier.assert_asked(&[false, true]);
    server.finish();
}

/// What the server does not take is known by then, and not tried again with the fresh token.
#[test]
fn the_fresh_token_goes_by_the_mechanism_that_the_server_takes() {
    let (old, new, hello) = (auth("old"), auth("new"), HELLO.replace("XOAUTH2", "OAUTHBEARER XOAUTH2"));
    let server = ScriptedServer::start(&format!(
        "{hello}\nC~ AUTH OAUTHBEARER *\nS: 504 5.5.4 unknown\n{old}\nS: 535 5.7.8 expired\n{new}\nS: 235 welcome\n{BYE}"
    ));
    let supplier = Scripted::tokens(&["old", "new"]);
    open(&server, &supplier).unwrap().quit(&mut ());
    supplier.assert_asked(&[false, true]);
    server.finish();
}

#[test]
fn refused_twice_is_refused_in_the_servers_words() {
    let (old, new) = (auth("old"), auth("new"));
    let server = ScriptedServer::start(&format!(
        "{HELLO}\n{old}\nS: 535 5.7.8 expired\n{new}\nS: 334 {JSON}\nC: \nS: 535 5.7.8 not you\nC: QUIT\nS: 221 bye\nWAIT close"
    ));
    let supplier = Scripted::tokens(&["old", "new"]);
    let error = open(&server, &supplier).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535));
    let words = error.to_string();
    assert!(words.contains("not you") && words.contains(r#"{"status":"401"}"#), "{words}");
    supplier.assert_asked(&[false, true]);
    server.finish();
}

#[test]
fn the_same_credentials_are_not_tried_twice() {
    let old = auth("old");
    let server =
        ScriptedServer::start(&format!("{HELLO}\n{old}\nS: 535 5.7.8 expired\nC: QUIT\nS: 221 bye\nWAIT close"));
    let supplier = Scripted::tokens(&["old", "old"]);
    let error = open(&server, &supplier).err().unwrap();
    assert_eq!((error.cause, error.code()), (Cause::Refused, 535));
    let words = error.to_string();
    assert!(words.contains("expired") && words.contains("the token's command was asked"), "{words}");
    server.finish();
}

#[test]
fn fresh_credentials_that_cannot_be_had_leave_the_refusal() {
    let old = auth("old");
    let server =
        ScriptedServer::start(&format!("{HELLO}\n{old}\nS: 535 5.7.8 expired\nC: QUIT\nS: 221 bye\nWAIT close"));
    let supplier = Scripted::of([
        Box::new(|| Ok(alice("old"))) as Answer,
        Box::new(|| Err(Error::new(Phase::Auth, Cause::Policy, "the program ended with 1"))),
    ]);
    let error = open(&server, &supplier).err().unwrap();
    assert_eq!((error.cause, error.code()), (Cause::Refused, 535));
    let words = error.to_string();
    assert!(words.contains("expired") && words.contains("the program ended with 1"), "{words}");
    server.finish();
}

/// Where a server closes after the refusal, before the fresh token is there or after, the same server is connected to
/// once more.
#[test]
fn a_server_that_closes_after_the_refusal_gets_the_fresh_token_over_a_new_connection() {
    let (old, new) = (auth("old"), auth("new"));
    for end in ["CLOSE", "S: 421 4.7.0 too many errors\nCLOSE"] {
        let server = ScriptedServer::start(&format!(
            "{HELLO}\n{old}\nS: 535 5.7.8 expired\n{end}\nCONNECTION 2\n{HELLO}\n{new}\nS: 235 welcome\n{BYE}"
        ));
        // The fresh token comes after the server has closed for sure: the trace has said so.
        let (release, answer) = hanging("new");
        let supplier = Scripted::of([Box::new(|| Ok(alice("old"))) as Answer, answer]);
        let mut session = Session::begin(target(server.address()), settings(&supplier), Cancel::new()).unwrap();
        session.connection_mut().set_observer(Some(Box::new(WhenLost(Some(release)))));
        session.finish_opening(&mut ()).unwrap();
        session.quit(&mut ());
        supplier.assert_asked(&[false, true]);
        server.finish();
    }
}

/// Some close only when they hear more.
#[test]
fn a_server_that_closes_instead_of_an_answer_to_the_fresh_token_is_connected_to_once_more() {
    let (old, new) = (auth("old"), auth("new"));
    for end in ["CLOSE", "S: 421 4.7.0 too many errors\nCLOSE"] {
        let server = ScriptedServer::start(&format!(
            "{HELLO}\n{old}\nS: 535 5.7.8 expired\n{new}\n{end}
             CONNECTION 2\n{HELLO}\n{new}\nS: 235 welcome\n{BYE}"
        ));
        let supplier = Scripted::tokens(&["old", "new"]);
        open(&server, &supplier).unwrap().quit(&mut ());
        supplier.assert_asked(&[false, true]);
        server.finish();
    }
}

/// Releases the supplier when the trace says that the server has gone.
struct WhenLost(Option<Sender<()>>);

impl Observer for WhenLost {
    fn sent(&mut self, _: &[u8]) {}
    fn received(&mut self, _: &[u8]) {}
    fn note(&mut self, text: &str) {
        if text.contains("closed the connection") || text.contains("too many errors") {
            self.0.take();
        }
    }
}

#[test]
fn the_fresh_token_is_refused_over_the_new_connection_too() {
    let (old, new) = (auth("old"), auth("new"));
    let server = ScriptedServer::start(&format!(
        "{HELLO}\n{old}\nS: 535 5.7.8 expired\nCLOSE\nCONNECTION 2\n{HELLO}\n{new}\nS: 535 5.7.8 not you\nCLOSE"
    ));
    let (release, answer) = hanging("new");
    let supplier = Scripted::of([Box::new(|| Ok(alice("old"))) as Answer, answer]);
    let mut session = Session::begin(target(server.address()), settings(&supplier), Cancel::new()).unwrap();
    session.connection_mut().set_observer(Some(Box::new(WhenLost(Some(release)))));
    let error = session.finish_opening(&mut ()).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535));
    assert!(error.to_string().contains("not you"), "{error}");
    supplier.assert_asked(&[false, true]);
    server.finish();
}

#[test]
fn a_list_of_mails_goes_on_with_the_fresh_token() {
    let (old, new) = (auth("old"), auth("new"));
    let server = ScriptedServer::start(&format!(
        "{HELLO}\n{old}\nS: 535 5.7.8 expired\nCLOSE\nCONNECTION 2\n{HELLO}\n{new}\nS: 235 welcome
         C: MAIL FROM:<s0@example.org>\nS: 250 ok\nC: RCPT TO:<r0-0@example.org>\nS: 250 ok
         C: DATA\nS: 354 go on\nC.\nS: 250 kept\n{BYE}"
    ));
    let supplier = Scripted::tokens(&["old", "new"]);
    let mut mails = [mail_to(0, 1, Body::memory(Box::new(b"Subject: x\r\n\r\nx\r\n".to_vec())))];
    let outcomes = deliver(server.address(), Level::Envelope, settings(&supplier), &mut mails);
    assert!(outcomes[0][0].is_delivered(), "{:?}", outcomes[0][0]);
    server.finish();
}

#[test]
fn refusals_that_are_not_about_the_credentials_do_not_ask_again() {
    for no in ["454 4.7.0 later", "504 5.5.4 no such mechanism", "538 5.7.11 encrypt", "421 4.3.2 going down"] {
        let old = auth("old");
        let goodbye = if no.starts_with("421") { "" } else { "C: QUIT\nS: 221 bye\n" };
        let server = ScriptedServer::start(&format!("{HELLO}\n{old}\nS: {no}\n{goodbye}WAIT close"));
        let supplier = Scripted::tokens(&["old"]);
        let error = open(&server, &supplier).err().unwrap();
        assert_eq!((error.cause, error.code()), (Cause::Refused, no[..3].parse().unwrap()));
        supplier.assert_asked(&[false]);
        server.finish();
    }
}

#[test]
fn nobody_is_asked_before_the_connection_is_ready_to_authenticate() {
    let cases = [
        ("S: 554 go away\nC: QUIT\nS: 221 bye\nWAIT close", TlsMode::Optional),
        ("S: 220 ready\nC: EHLO me.example\nS: 250 here\nC: QUIT\nS: 221 bye\nWAIT close", TlsMode::Optional),
        #[cfg(feature = "tls")]
        (
            "S: 220 ready\nC: EHLO me.example\nS: 250-here\nS: 250 AUTH XOAUTH2\nC: QUIT\nS: 221 bye\nWAIT close",
            TlsMode::Always,
        ),
    ];
    for (script, mode) in cases {
        let server = ScriptedServer::start(script);
        let supplier = Scripted::tokens(&[]);
        let tls = Tls { verify: Some(false), ..Tls::mode(mode) };
        let settings = Settings { tls, ..settings(&supplier) };
        Session::open(target(server.address()), settings, Cancel::new(), &mut ()).err().unwrap();
        supplier.assert_asked(&[]);
        server.finish();
    }
}

#[test]
fn a_supplier_that_fails_says_why() {
    let server = ScriptedServer::start(&format!("{HELLO}\nC: QUIT\nS: 221 bye\nWAIT close"));
    let supplier =
        Scripted::of([
            Box::new(|| Err(Error::new(Phase::Connect, Cause::Policy, "the file of the token is not there"))) as Answer,
        ]);
    let error = open(&server, &supplier).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::Policy));
    assert!(error.to_string().contains("the file of the token is not there"), "{error}");
    server.finish();
}

#[test]
fn a_supplier_that_panics_is_an_error() {
    let server = ScriptedServer::start(&format!("{HELLO}\nC: QUIT\nS: 221 bye\nWAIT close"));
    let supplier = Scripted::of([Box::new(|| -> Result<Credentials, Error> { panic!("on purpose") }) as Answer]);
    let error = open(&server, &supplier).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::Protocol));
    server.finish();
}

#[test]
fn what_cannot_be_sent_is_not_sent() {
    let server = ScriptedServer::start(&format!("{HELLO}\nC: QUIT\nS: 221 bye\nWAIT close"));
    let supplier = Scripted::tokens(&["to\r\nken"]);
    let error = open(&server, &supplier).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::BadArgument));
    server.finish();
}

#[test]
fn a_supplier_that_hangs_costs_the_time_of_a_reply_and_no_more() {
    let server = ScriptedServer::start(&format!("{HELLO}\nWAIT close"));
    let (_release, answer) = hanging("old");
    let supplier = Scripted::of([answer]);
    let mut short = settings(&supplier);
    short.timeouts.reply = Duration::from_millis(300);
    let opened = Session::open(target(server.address()), short, Cancel::new(), &mut ());
    let error = opened.err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::TimedOut));
    assert!(error.to_string().contains("the token's command gave nothing within 0.3 s"), "{error}");
    let _ = server.outcome();
}

#[test]
fn a_supplier_that_hangs_can_be_cancelled_and_does_not_keep_the_program_from_its_yield() {
    let server = ScriptedServer::start(&format!("{HELLO}\nWAIT reset"));
    let (_release, answer) = hanging("old");
    let supplier = Scripted::of([answer]);
    let cancel = Cancel::new();
    let (asked, canceller) = (supplier.clone(), cancel.clone());
    let mut yielding = Every::new(Duration::from_millis(1), move || {
        if !asked.asked.lock().unwrap().is_empty() {
            canceller.cancel();
        }
    });
    let error = Session::open(target(server.address()), settings(&supplier), cancel, &mut yielding).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::Cancelled));
    server.finish();
}

#[test]
fn a_server_that_closes_meanwhile_is_heard() {
    for (end, cause) in [("CLOSE", Cause::BrokenOff), ("S: 421 4.4.2 too slow\nWAIT reset", Cause::Refused)] {
        let server = ScriptedServer::start(&format!("{HELLO}\n{end}"));
        let (_release, answer) = hanging("old");
        let supplier = Scripted::of([answer]);
        let error = open(&server, &supplier).err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Auth, cause), "{error}");
        server.finish();
    }
}

/// A yes that comes before AUTH was said is not taken for its answer.
#[test]
fn what_a_server_says_unasked_meanwhile_answers_nothing() {
    let old = auth("old");
    let server = ScriptedServer::start(&format!(
        "{HELLO}\nS: 235 welcome\n{old}\nS: 535 5.7.8 no\nC: QUIT\nS: 221 bye\nWAIT close"
    ));
    let (release, answer) = hanging("old");
    let supplier = Scripted::of([answer, Box::new(|| Ok(alice("old")))]);
    let mut session = Session::begin(target(server.address()), settings(&supplier), Cancel::new()).unwrap();
    session.connection_mut().set_observer(Some(Box::new(WhenWelcome(Some(release)))));
    let error = session.finish_opening(&mut ()).err().unwrap();
    assert_eq!((error.cause, error.code()), (Cause::Refused, 535));
    server.finish();
}

/// Releases the supplier when the unasked yes was read.
struct WhenWelcome(Option<Sender<()>>);

impl Observer for WhenWelcome {
    fn sent(&mut self, _: &[u8]) {}
    fn received(&mut self, bytes: &[u8]) {
        if bytes.starts_with(b"235") {
            self.0.take();
        }
    }
}

#[test]
fn connections_that_open_in_the_background_are_supplied_too() {
    let (old, new) = (auth("old"), auth("new"));
    let server = ScriptedServer::start(&format!("{HELLO}\n{old}\nS: 535 5.7.8 expired\n{new}\nS: 235 welcome\n{BYE}"));
    let supplier = Scripted::tokens(&["old", "new"]);
    let (done, opened) = channel();
    let tell = Box::new(move |result| done.send(result).unwrap());
    driver::open(target(server.address()), settings(&supplier), Cancel::new(), None, tell).unwrap();
    let session = opened.recv_timeout(LONG).unwrap();
    session.unwrap().quit(&mut ());
    server.finish();
}
