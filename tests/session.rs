//! The blocking session of the engine against scripted servers: every byte the client says is checked.

mod support;

use helo::client::envelope::Sender;
use helo::client::settings::{OpeningMode, Timeouts};
use helo::client::{AuthPlan, Owner, Session, Settings, TlsMode};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{Command, Parameter, Verb};
use helo::proto::reply::Reply;
use helo::sasl::{Credentials, Secret};
use std::io::IoSlice;
use std::net::SocketAddr;
use std::time::Duration;
use support::scripted::ScriptedServer;

const OPENING: &str = "
    S: 220 ready
    C: EHLO me.example
    S: 250-here
    S: 250-PIPELINING
    S: 250 8BITMIME
";

fn settings() -> Settings {
    Settings { helo_name: "me.example".into(), timeouts: Timeouts::all(Duration::from_secs(20)), ..Settings::default() }
}

fn target(address: SocketAddr) -> Target {
    Target::Host { host: address.ip().to_string(), port: address.port() }
}

fn open(server: &ScriptedServer) -> Result<Session, Error> {
    Session::open(target(server.address()), settings(), Cancel::new(), &mut ())
}

fn mail(session: &mut Session, from: &str) -> Result<u16, Error> {
    let from = ReversePath::parse(from).unwrap();
    let command = Command::Mail { verb: Verb::Mail, from: &from, params: &[] };
    session.command(&command, &mut ()).map(|reply| reply.code())
}

fn rcpt(session: &mut Session, to: &str) -> Result<u16, Error> {
    let to = ForwardPath::parse(to).unwrap();
    session.command(&Command::Rcpt { to: &to, params: &[] }, &mut ()).map(|reply| reply.code())
}

fn server(rest: &str) -> ScriptedServer {
    ScriptedServer::start(&format!("{OPENING}{rest}"))
}

#[test]
fn a_mail_goes_through_and_its_dots_and_line_ends_are_mended() {
    let server = server(
        "C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@example.org>
         S: 250 ok
         C: DATA
         S: 354 go
         C. Subject: x\\r\\n\\r\\n..\\r\\n..dot\\r\\nbare\\r\\nMAIL FROM:<x>\\r\\nend\\r\\n.\\r\\n
         S: 250 kept
         C: QUIT
         S: 221 bye",
    );
    let mut session = open(&server).unwrap();
    assert_eq!(mail(&mut session, "a@example.org").unwrap(), 250);
    assert_eq!(rcpt(&mut session, "<b@example.org>").unwrap(), 250);
    session.begin_data(&mut ()).unwrap();
    for byte in b"Subject: x\n\r\n.\r\n.dot\rbare\nMAIL FROM:<x>\r\nend" {
        session.body(&[*byte], &mut ()).unwrap();
    }
    assert_eq!(session.end_data(&mut ()).unwrap()[0].text(), "250 kept");
    session.quit(&mut ());
    server.finish();
}

#[test]
fn helo_is_said_where_ehlo_is_refused() {
    for code in [500, 502, 504, 550] {
        let server = ScriptedServer::start(&format!(
            "S: 220 old
             C: EHLO me.example
             S: {code} what?
             C: HELO me.example
             S: 250 hello
             C: QUIT
             S: 221 bye"
        ));
        let session = open(&server).unwrap();
        assert!(!session.connection().extensions().pipelining);
        session.quit(&mut ());
        server.finish();
    }
}

#[test]
fn a_refusal_keeps_its_reply_and_the_session() {
    let server = server(
        "C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<no@example.org>
         S: 550-5.1.1 nobody
         S: 550 5.1.1 of that name
         C: RCPT TO:<yes@example.org>
         S: 250 ok
         C: RSET
         S: 250 ok",
    );
    let mut session = open(&server).unwrap();
    mail(&mut session, "a@example.org").unwrap();
    let error = rcpt(&mut session, "no@example.org").unwrap_err();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Rcpt, Cause::Refused, 550));
    assert_eq!(error.reply.unwrap().raw(), b"550-5.1.1 nobody\r\n550 5.1.1 of that name");
    rcpt(&mut session, "yes@example.org").unwrap();
    session.command(&Command::Rset, &mut ()).unwrap();
    drop(session);
    server.finish();
}

#[test]
fn replies_split_into_single_bytes_are_the_same_replies() {
    let server = ScriptedServer::start(
        "SPLIT 1
         S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250 SIZE 1000
         C: NOOP
         S: 250 ok",
    );
    let mut session = open(&server).unwrap();
    assert_eq!(session.connection().extensions().size, Some(Some(1000)));
    session.command(&Command::Noop(None), &mut ()).unwrap();
    drop(session);
    server.finish();
}

#[test]
fn a_late_reply_is_not_the_next_commands_answer() {
    let server = server(
        "C: NOOP
         C: NOOP
         S: 250 late, for the first
         S: 250 for the second",
    );
    let mut session = open(&server).unwrap();
    session.connection_mut().settings_mut().timeouts = Timeouts::all(Duration::from_millis(80));
    let error = session.command(&Command::Noop(None), &mut ()).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Command, Cause::TimedOut));
    session.connection_mut().settings_mut().timeouts = Timeouts::all(Duration::from_secs(20));
    assert_eq!(session.command(&Command::Noop(None), &mut ()).unwrap().text(), "250 for the second");
    drop(session);
    server.finish();
}

#[test]
fn an_extra_reply_is_dropped() {
    let server = server(
        "C: NOOP
         S: 250 asked for
         S: 250 not asked for
         C: VRFY x
         S: 252 the answer",
    );
    let mut session = open(&server).unwrap();
    session.command(&Command::Noop(None), &mut ()).unwrap();
    assert_eq!(session.command(&Command::Vrfy("x"), &mut ()).unwrap().code(), 252);
    drop(session);
    server.finish();
}

#[test]
fn a_421_ends_the_session_and_is_kept() {
    let server = server(
        "C: NOOP
         S: 421 4.3.2 going down
         CLOSE",
    );
    let mut session = open(&server).unwrap();
    let error = session.command(&Command::Noop(None), &mut ()).unwrap_err();
    assert_eq!((error.cause, error.code()), (Cause::Refused, 421));
    let error = mail(&mut session, "a@b").unwrap_err();
    assert_eq!(error.code(), 421, "{error}");
    drop(session);
    server.finish();
}

#[test]
fn an_answer_that_does_not_come_after_the_final_dot_is_outcome_unknown() {
    for end in ["RESET", "CLOSE", "HANG"] {
        let server = server(&format!(
            "C: DATA
             S: 354 go
             C. x\\r\\n.\\r\\n
             {end}"
        ));
        let mut session = open(&server).unwrap();
        session.begin_data(&mut ()).unwrap();
        session.body(b"x", &mut ()).unwrap();
        session.connection_mut().settings_mut().timeouts.message = Duration::from_millis(100);
        let error = session.end_data(&mut ()).unwrap_err();
        assert_eq!((error.phase, error.cause), (Phase::Message, Cause::OutcomeUnknown), "{end}: {error}");
        drop(session);
        server.finish();
    }
}

#[test]
fn a_connection_lost_before_the_final_dot_is_broken_off() {
    let server = server(
        "C: DATA
         S: 354 go
         CB 3 x\\r\\n
         RESET",
    );
    let mut session = open(&server).unwrap();
    session.begin_data(&mut ()).unwrap();
    let piece = vec![b'y'; 100_000];
    session.body(b"x\r\n", &mut ()).unwrap();
    let error = loop {
        if let Err(error) = session.body(&piece, &mut ()) {
            break error;
        }
    };
    assert_eq!((error.phase, error.cause), (Phase::Data, Cause::BrokenOff), "{error}");
    drop(session);
    server.finish();
}

#[test]
fn a_cancel_from_another_thread_ends_a_wait_at_once() {
    let server = server("C: NOOP\nHANG");
    let cancel = Cancel::new();
    let mut session = Session::open(target(server.address()), settings(), cancel.clone(), &mut ()).unwrap();
    let canceller = std::thread::spawn(move || cancel.cancel());
    let error = session.command(&Command::Noop(None), &mut ()).unwrap_err();
    canceller.join().unwrap();
    assert_eq!(error.cause, Cause::Cancelled);
    assert!(session.connection().is_dead());
    drop(session);
    let _ = server.outcome();
}

#[test]
fn listings_come_line_by_line_and_can_be_stopped() {
    let dialogue = "C: EXPN list
         S: 250-one@example.org
         S: 250-two@example.org
         S: 250 three@example.org
         C: EXPN list
         S: 250-one@example.org
         WAIT reset";
    let server = server(dialogue);
    let mut session = open(&server).unwrap();
    let mut lines = Vec::new();
    session
        .listing(&Command::Expn("list"), &mut (), &mut |line| {
            lines.push(line.to_vec());
            true
        })
        .unwrap();
    assert_eq!(lines, [&b"one@example.org"[..], b"two@example.org", b"three@example.org"]);
    let error = session.listing(&Command::Expn("list"), &mut (), &mut |_| false).unwrap_err();
    assert_eq!(error.cause, Cause::Cancelled);
    server.finish();
}

#[test]
fn replies_that_are_not_smtp_end_the_session_with_a_plain_error() {
    for (bytes, phase) in [("S< 2", Phase::Greeting), ("S: abc", Phase::Greeting), ("S: 999 x", Phase::Greeting)] {
        let server = ScriptedServer::start(&format!("{bytes}\nCLOSE"));
        let error = open(&server).err().unwrap();
        assert_eq!(error.phase, phase, "{error}");
        assert!(matches!(error.cause, Cause::Protocol | Cause::BrokenOff), "{error}");
        let _ = server.outcome();
    }
    let endless = ScriptedServer::start("S: 220 x\nC: EHLO me.example\nS* 1000000 250-more");
    let error = open(&endless).err().unwrap();
    assert_eq!((error.phase, error.cause), (Phase::Hello, Cause::Protocol), "{error}");
    let _ = endless.outcome();
}

/// Settings whose opening the caller leads.
fn stepwise(server: &ScriptedServer, change: impl FnOnce(&mut Settings)) -> Session {
    let mut settings = Settings { opening: OpeningMode::Stepwise, ..settings() };
    change(&mut settings);
    Session::open(target(server.address()), settings, Cancel::new(), &mut ()).unwrap()
}

#[test]
fn the_opening_can_be_led_command_by_command() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 502 what
         C: HELO me.example
         S: 250 here
         C: EHLO me.example
         S: 250-here
         S: 250 AUTH PLAIN LOGIN
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: YWxpY2U=
         S: 334 UGFzc3dvcmQ6
         C: c2VjcmV0
         S: 535 5.7.8 no
         C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
         S: 235 yes
         C: NOOP
         S: 250 ok
         C: QUIT
         S: 221 bye",
    );
    let mut session = stepwise(&server, |_| ());
    assert_eq!(session.last_reply().map(Reply::text).as_deref(), Some("220 ready"));
    assert_eq!(session.hello(Verb::Ehlo, &mut ()).unwrap().code(), 502);
    assert_eq!(session.hello(Verb::Helo, &mut ()).unwrap().code(), 250);
    assert_eq!(session.hello(Verb::Ehlo, &mut ()).unwrap().code(), 250);
    assert!(session.connection().extensions().has_auth("LOGIN"));
    assert_eq!(session.auth("LOGIN", None, &mut ()).unwrap().code(), 334);
    assert_eq!(session.auth_line("YWxpY2U=", &mut ()).unwrap().code(), 334);
    assert_eq!(session.auth_line("c2VjcmV0", &mut ()).unwrap().code(), 535);
    assert_eq!(session.auth("PLAIN", Some("AGFsaWNlAHNlY3JldA=="), &mut ()).unwrap().code(), 235);
    session.command(&Command::Noop(None), &mut ()).unwrap();
    session.quit(&mut ());
    server.finish();
}

/// What the settings have to say is done within the caller's own hello: its program need not know of it.
#[test]
fn a_login_of_the_settings_runs_inside_the_hello_that_is_led() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250 AUTH PLAIN
         C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
         S: 235 yes
         C: QUIT
         S: 221 bye",
    );
    let credentials = Credentials::new("alice", Secret::new("secret".into()));
    let mut session = stepwise(&server, |settings| settings.auth = Some(AuthPlan::new(credentials, Owner::Program)));
    let reply = session.hello(Verb::Ehlo, &mut ()).unwrap();
    assert_eq!(reply.text(), "250 here / AUTH PLAIN", "the answer to the hello");
    session.quit(&mut ());
    server.finish();
}

#[test]
fn what_cannot_be_led_now_is_an_error_and_the_session_goes_on() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250-STARTTLS
         S: 250 AUTH PLAIN
         C: NOOP
         S: 250 ok
         C: QUIT
         S: 221 bye",
    );
    let mut session = stepwise(&server, |settings| settings.tls.mode = TlsMode::Never);
    session.hello(Verb::Ehlo, &mut ()).unwrap();
    let error = session.start_tls(&mut ()).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::BadSequence), "{error}");
    let error = session.auth("PLAIN", Some("AGFsaWNlAHNlY3JldA=="), &mut ()).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::Policy), "{error}");
    session.command(&Command::Noop(None), &mut ()).unwrap();
    session.quit(&mut ());
    server.finish();
}

#[test]
fn commands_are_sent_apart_from_their_replies_which_come_line_by_line() {
    let server = server(
        "C: VRFY smith
         S: 553-ambiguous
         S: 553-john@example.org
         S: 553 jane@example.org
         C: NOOP
         S: 250 ok
         C: NOOP
         S: 250-first
         S: 250 second
         C: QUIT
         S: 221 bye",
    );
    let mut session = open(&server).unwrap();
    session.send(&Command::Vrfy("smith")).unwrap();
    let mut lines = Vec::new();
    loop {
        let line = session.receive_line(&mut ()).unwrap();
        assert_eq!(line.code, 553);
        lines.push(String::from_utf8(line.text).unwrap());
        if !line.more {
            break;
        }
    }
    assert_eq!(lines, ["ambiguous", "john@example.org", "jane@example.org"]);
    session.send(&Command::Noop(None)).unwrap();
    assert_eq!(session.receive(&mut ()).unwrap().reply.code(), 250);
    // What is left of a reply goes when the next one is asked for.
    session.send(&Command::Noop(None)).unwrap();
    assert!(session.receive_line(&mut ()).unwrap().more);
    session.quit(&mut ());
    server.finish();
}

#[test]
fn an_envelope_goes_in_one_flight_where_the_server_pipelines() {
    let from = ReversePath::parse("a@example.org").unwrap();
    let to: Vec<ForwardPath> = ["b@x", "c@x", "d@x"].iter().map(|text| ForwardPath::parse(text).unwrap()).collect();
    let recipients: Vec<(&ForwardPath, &[Parameter])> = to.iter().map(|to| (to, &[][..])).collect();
    let codes = |answers: Vec<Result<Reply, Error>>| -> Vec<u16> {
        answers.into_iter().map(|answer| answer.map_or_else(|error| error.code(), |reply| reply.code())).collect()
    };
    let pipelined = server(
        "C: MAIL FROM:<a@example.org> BODY=8BITMIME
         C: RCPT TO:<b@x>
         C: RCPT TO:<c@x>
         C: RCPT TO:<d@x>
         S: 250 ok
         S: 250 ok
         S: 550 no
         S: 251 ok
         C: RSET
         S: 250 ok
         C: MAIL FROM:<a@example.org> BODY=8BITMIME
         C: RCPT TO:<b@x>
         C: RCPT TO:<c@x>
         C: RCPT TO:<d@x>
         S: 452 later
         S: 503 no
         S: 503 no
         S: 503 no
         C: QUIT
         S: 221 bye",
    );
    let mut session = open(&pipelined).unwrap();
    assert_eq!(codes(session.envelope(&Sender::new(&from), &recipients, &mut ()).unwrap()), [250, 550, 251]);
    session.command(&Command::Rset, &mut ()).unwrap();
    assert_eq!(session.envelope(&Sender::new(&from), &recipients, &mut ()).unwrap_err().code(), 452);
    session.quit(&mut ());
    pipelined.finish();

    let stepped = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250 here
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: RCPT TO:<b@x>
         S: 550 no
         C: RCPT TO:<c@x>
         S: 250 ok
         C: RCPT TO:<d@x>
         S: 250 ok
         C: RSET
         S: 250 ok
         C: MAIL FROM:<a@example.org>
         S: 550 no
         C: QUIT
         S: 221 bye",
    );
    let mut session = open(&stepped).unwrap();
    assert_eq!(codes(session.envelope(&Sender::new(&from), &recipients, &mut ()).unwrap()), [550, 250, 250]);
    session.command(&Command::Rset, &mut ()).unwrap();
    assert_eq!(session.envelope(&Sender::new(&from), &recipients, &mut ()).unwrap_err().code(), 550, "and no RCPT");
    session.quit(&mut ());
    stepped.finish();
}

/// The two ends change places: the transport comes back with what was read beyond the reply.
#[test]
fn turn_gives_the_transport_back_or_the_session() {
    let server = server(
        "C: TURN
         S: 502 no
         C: TURN
         S: 250 ok
         S: EHLO theirs
         C: 220 mine
         WAIT close",
    );
    let session = open(&server).unwrap();
    let Err((session, error)) = session.turn(&mut ()) else { panic!("the server has refused") };
    assert_eq!(error.code(), 502);
    let Ok((mut transport, read)) = session.turn(&mut ()) else { panic!("the server has agreed") };
    assert_eq!(String::from_utf8_lossy(&read), "EHLO theirs\r\n");
    assert_eq!(transport.write(&[IoSlice::new(b"220 mine\r\n")]).unwrap(), 10);
    transport.close();
    drop(transport);
    server.finish();
}
