//! Challenges that are none, and answers out of order: CVE-2018-6789, libetpan PR 182. The exchange is cancelled with `*`
//! (RFC 4954 section 4) and the error says why; no password follows.

use crate::support::engine::{deliver, of, settings, small_mails, target};
use crate::support::scripted::ScriptedServer;
use crate::support::wait::LONG;
use helo::client::settings::{AuthPlan, Owner, Settings};
use helo::client::{Level, Session};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Secret};
use std::time::Duration;

const PASSWORD: &str = "hunter2";

fn plan(mechanism: &'static str, limit: Duration) -> Settings {
    let credentials = Credentials::new("alice", Secret::new(PASSWORD.into()));
    let auth = AuthPlan { mechanisms: vec![mechanism], two_step: true, ..AuthPlan::new(credentials, Owner::Program) };
    Settings { auth: Some(auth), ..settings(limit) }
}

/// Opens against a server that says `rest` after the offer; the error, and what the server heard.
fn open(mechanism: &'static str, rest: &str) -> (Error, String) {
    open_within(mechanism, rest, LONG)
}

fn open_within(mechanism: &'static str, rest: &str, limit: Duration) -> (Error, String) {
    let script =
        format!("S: 220 ready\nC: EHLO me.example\nS: 250-here\nS: 250 AUTH {mechanism}\nC: AUTH {mechanism}\n{rest}");
    let server = ScriptedServer::start(&script);
    let to: Target = target(server.address());
    let error = Session::open(to, plan(mechanism, limit), Cancel::new(), &mut ()).err().expect("no way in");
    let heard = server.finish().heard(1);
    (error, String::from_utf8(heard).unwrap())
}

#[test]
fn challenges_that_are_no_base64_are_cancelled() {
    let long = "A".repeat(3000) + "=A";
    for challenge in ["A", "AAAAA", "AB=C", "A===", "QUJD QUJD", "QUJD=", "Q\\tJD", "\\xff\\xfe", "(none)", &long] {
        let (error, heard) =
            open("CRAM-MD5", &format!("S: 334 {challenge}\nC: *\nS: 501 cancelled\nC: QUIT\nS: 221 bye\nWAIT close"));
        assert_eq!(of(&error), (Phase::Auth, Cause::Protocol), "{challenge}: {error}");
        assert_eq!(error.reply.as_ref().map(|reply| reply.code()), Some(501), "{error}");
        assert!(heard.contains("AUTH CRAM-MD5\r\n*\r\n"), "{heard}");
        // LOGIN's prompts are only words.
        let (error, heard) = open(
            "LOGIN",
            &format!(
                "S: 334 {challenge}\nC: YWxpY2U=\nS: 334 {challenge}\nC: aHVudGVyMg==\nS: 535 no\nC: QUIT\nS: 221 bye\nWAIT close"
            ),
        );
        assert_eq!(of(&error), (Phase::Auth, Cause::Refused), "{challenge}: {error}");
        assert!(heard.contains("AUTH LOGIN\r\nYWxpY2U=\r\n"), "{heard}");
    }
}

#[test]
fn a_challenge_of_a_megabyte_ends_the_session() {
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        let (error, _) = open(mechanism, "S*< 1000000 334 QUJD\nHANG");
        assert_eq!(of(&error), (Phase::Auth, Cause::Protocol), "{error}");
    }
}

#[test]
fn a_server_that_asks_for_ever_is_cancelled() {
    let user = "YWxpY2U=";
    let password = "aHVudGVyMg==";
    let (error, _) = open(
        "LOGIN",
        &format!(
            "S: 334 VXNlcm5hbWU6\nC: {user}\nS: 334 UGFzc3dvcmQ6\nC: {password}\nS: 334 TW9yZTo=\nC: *\nS: 334 TW9yZTo=\nWAIT close"
        ),
    );
    assert_eq!(of(&error), (Phase::Auth, Cause::Protocol), "{error}");
    assert!(!error.to_string().contains(PASSWORD) && !error.to_string().contains(password), "{error}");
}

#[test]
fn a_yes_before_the_exchange_is_complete_is_none() {
    let (error, heard) = open("LOGIN", "S: 235 welcome\nC: QUIT\nS: 221 bye\nWAIT close");
    assert_eq!(of(&error), (Phase::Auth, Cause::Protocol), "{error}");
    assert!(heard.ends_with("AUTH LOGIN\r\nQUIT\r\n"), "no credential was sent: {heard}");
    let (error, heard) =
        open("LOGIN", "S: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nS: 235 welcome\nC: QUIT\nS: 221 bye\nWAIT close");
    assert_eq!(of(&error), (Phase::Auth, Cause::Protocol), "{error}");
    assert!(heard.ends_with("YWxpY2U=\r\nQUIT\r\n"), "the password was not sent: {heard}");
}

#[test]
fn answers_before_their_lines_confirm_nothing() {
    // The yes comes with the demand for the user name, before either is sent: it is the answer to neither.
    let (error, heard) =
        open("LOGIN", "S: 334 VXNlcm5hbWU6\nS: 235 welcome\nC: YWxpY2U=\nS: 535 no\nC: QUIT\nS: 221 bye\nWAIT close");
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535), "{error}");
    assert!(!heard.contains("aHVudGVyMg=="), "{heard}");
}

#[test]
fn a_yes_after_the_time_limit_opens_nothing() {
    let limit = Duration::from_millis(60);
    let (error, _) = open_within("LOGIN", "S: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nWAIT reset", limit);
    assert_eq!(of(&error), (Phase::Auth, Cause::TimedOut), "{error}");
}

#[test]
fn a_list_is_not_sent_where_the_login_fails() {
    let script = "S: 220 ready\nC: EHLO me.example\nS: 250-here\nS: 250-PIPELINING\nS: 250 AUTH CRAM-MD5\n\
                  C: AUTH CRAM-MD5\nS: 334 !!!\nC: *\nS: 501 cancelled\nC: QUIT\nS: 221 bye\nWAIT close";
    let server = ScriptedServer::start(script);
    let outcomes = deliver(server.address(), Level::Full, plan("CRAM-MD5", LONG), &mut small_mails(3, 2));
    for outcome in outcomes.iter().flatten() {
        assert_eq!(outcome.failure, Some((Phase::Auth, Cause::Protocol)), "{outcome:?}");
    }
    server.finish();
}
