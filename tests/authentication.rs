//! Authentication on the wire: what goes out with AUTH and what waits, what an error says. Real servers are in
//! `tests/interop_sasl.rs`.

mod support;

use helo::client::settings::Timeouts;
use helo::client::{AuthPlan, Owner, Session, Settings};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Secret, wire};
use std::time::Duration;
use support::scripted::ScriptedServer;

fn password(user: &str, password: &str) -> Credentials {
    Credentials::new(user, Secret::new(password.into()))
}

fn token(text: &str) -> Credentials {
    Credentials::token("alice", Secret::new(text.into()))
}

/// Opens a session on a port of this machine; no list of mechanisms leaves the choice to the engine.
fn open(port: u16, credentials: Credentials, mechanisms: &[&'static str]) -> Result<Session, Error> {
    let auth = AuthPlan { mechanisms: mechanisms.to_vec(), ..AuthPlan::new(credentials, Owner::Program) };
    let timeouts = Timeouts::all(Duration::from_secs(20));
    let settings = Settings { helo_name: "me.example".into(), timeouts, auth: Some(auth), ..Settings::default() };
    Session::open(Target::Host { host: "127.0.0.1".into(), port }, settings, Cancel::new(), &mut ())
}

/// A server that offers these mechanisms and then goes on by the script.
fn server(offer: &str, rest: &str) -> ScriptedServer {
    ScriptedServer::start(&format!(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250 AUTH {offer}
         {rest}"
    ))
}

fn base64(text: &str) -> String {
    wire::encode_response(text.as_bytes().to_vec()).unwrap()
}

/// XOAUTH2's message for alice and this token, as it goes over the wire.
fn xoauth2(token: &str) -> String {
    base64(&format!("user=alice\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

/// EXTERNAL's command with 372 octets of identity is 512 octets long, its end included.
#[test]
fn a_first_response_goes_with_the_command_while_that_has_512_octets() {
    let as_other = |length| Credentials { authzid: Some("i".repeat(length)), ..Credentials::connection() };
    let with_token = |length| (token(&"t".repeat(length)), "XOAUTH2", xoauth2(&"t".repeat(length)));
    let cases = [
        ((as_other(372), "EXTERNAL", base64(&"i".repeat(372))), true),
        ((as_other(373), "EXTERNAL", base64(&"i".repeat(373))), false),
        (with_token(4096), false),
        (with_token(8900), false),
    ];
    for ((credentials, mechanism, line), with_command) in cases {
        let exchange = match with_command {
            true => format!("C: AUTH {mechanism} {line}"),
            false => format!("C: AUTH {mechanism}\n S: 334 \n C: {line}"),
        };
        let server = server(mechanism, &format!("{exchange}\n S: 235 ok\n C: QUIT\n S: 221 bye"));
        open(server.address().port(), credentials, &[]).unwrap().quit(&mut ());
        server.finish();
    }
}

#[test]
fn the_json_of_a_refused_token_is_answered_and_shown() {
    let json = r#"{"status":"invalid_token","scope":"mail","seen":"hush-hush"}"#;
    for (mechanism, answer) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        let server = server(
            mechanism,
            &format!(
                "C~ AUTH {mechanism} *
                 S: 334 {}
                 C: {answer}
                 S: 535 5.7.8 no
                 WAIT close",
                base64(json)
            ),
        );
        let error = open(server.address().port(), token("hush-hush"), &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535));
        let words = error.to_string();
        assert!(words.contains(r#""status":"invalid_token""#), "{words}");
        assert!(!words.contains("hush"), "{words}");
        server.finish();
    }
}

/// In place of its challenge, as some servers do.
#[test]
fn what_a_server_says_of_its_no_is_shown_with_the_no() {
    let server = server(
        "SCRAM-SHA-1",
        &format!("C~ AUTH SCRAM-SHA-1 *\nS: 334 {}\nC: \nS: 535 5.7.8 no\nWAIT close", base64("e=unknown-user,x=y")),
    );
    let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535));
    assert!(error.to_string().contains("(before that: unknown-user)"), "{error}");
    server.finish();
}

/// A server that never has enough is left after the steps that the mechanism has.
#[test]
fn challenges_without_end_are_cancelled() {
    let cases = [
        ("PLAIN", password("alice", "secret"), 0),
        ("LOGIN", password("alice", "secret"), 2),
        ("CRAM-MD5", password("alice", "secret"), 1),
        ("XOAUTH2", token("t"), 1),
        ("OAUTHBEARER", token("t"), 1),
        ("EXTERNAL", Credentials::connection(), 0),
        ("ANONYMOUS", Credentials::guest("x"), 0),
    ];
    for (mechanism, credentials, answered) in cases {
        let challenge = "S: 334 eA==\nC~ *\n".repeat(answered);
        let server =
            server(mechanism, &format!("C~ AUTH {mechanism}*\n{challenge}S: 334 eA==\nC: *\nS: 334 eA==\nWAIT close"));
        let error = open(server.address().port(), credentials, &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 334), "{mechanism}");
        server.finish();
    }
}

#[test]
fn what_is_no_base64_is_cancelled() {
    for challenge in ["A", "QUJD QUJD", "====", "\\xff\\xfe", "QUJE=", "<script>"] {
        let server = server("LOGIN", &format!("C: AUTH LOGIN\nS: 334 {challenge}\nC: *\nS: 501 cancelled\nWAIT close"));
        let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 501), "{challenge}");
        server.finish();
    }
}

/// The server's JSON is shown as far as people read, without what would move a terminal's cursor.
#[test]
fn the_json_that_is_shown_is_bounded_and_printable() {
    let json = format!("{{\"status\":\"\u{1b}[2J\u{85}{}\"}}", "x".repeat(9000));
    let server = server(
        "OAUTHBEARER",
        &format!("C~ AUTH OAUTHBEARER *\nS: 334 {}\nC: AQ==\nS: 535 5.7.8 no\nWAIT close", base64(&json)),
    );
    let error = open(server.address().port(), token("t"), &[]).err().unwrap();
    let words = error.to_string();
    assert!(words.len() < 1200 && !words.chars().any(char::is_control), "{words}");
    server.finish();
}

#[test]
fn a_yes_after_the_refusal_is_not_believed() {
    let server = server("XOAUTH2", "C~ AUTH XOAUTH2 *\n S: 334 e30=\n C: \n S: 235 never mind\n WAIT close");
    let error = open(server.address().port(), token("t"), &[]).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 235));
    server.finish();
}

#[test]
fn a_server_that_proves_nothing_is_not_believed() {
    let server = server("SCRAM-SHA-256", "C~ AUTH SCRAM-SHA-256 *\n S: 235 come in\n WAIT close");
    let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 235));
    server.finish();
}

#[test]
fn hostile_challenges_are_cancelled() {
    let huge = format!("realm=\"{}\",nonce=n,algorithm=md5-sess", "r".repeat(2100));
    let cases = [
        ("SCRAM-SHA-256", "r=not-yours,s=QSXCR+Q6sek8bf92,i=4096".to_string()),
        ("SCRAM-SHA-1", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=".to_string()),
        ("DIGEST-MD5", huge),
        ("DIGEST-MD5", "realm=\"x\"".to_string()),
    ];
    for (mechanism, challenge) in cases {
        let server = server(
            mechanism,
            &format!("C~ AUTH {mechanism}*\n S: 334 {}\n C: *\n S: 501 cancelled\n WAIT close", base64(&challenge)),
        );
        let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 501), "{error}");
        server.finish();
    }
}

#[test]
fn a_mechanism_that_binds_to_tls_is_passed_over_without_it() {
    let offer = "PLAIN SCRAM-SHA-256-PLUS";
    let server = server(offer, &format!("C: AUTH PLAIN {}\n S: 235 ok\n C: QUIT\n S: 221 bye", base64("\0a\0b")));
    open(server.address().port(), password("a", "b"), &["SCRAM-SHA-256-PLUS", "PLAIN"]).unwrap().quit(&mut ());
    server.finish();
}

#[test]
fn nothing_is_sent_when_no_mechanism_fits_the_credentials() {
    for (credentials, offer) in [(token("t"), "PLAIN LOGIN"), (password("a", "b"), "XOAUTH2 EXTERNAL ANONYMOUS")] {
        let server = server(offer, "WAIT close");
        let error = open(server.address().port(), credentials, &[]).err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::NotSupported));
        assert!(error.to_string().contains(&format!("the server offers {offer}, wanted is")), "{error}");
        server.finish();
    }
}

#[test]
fn guests_and_certificates_say_little() {
    let cases = [
        (Credentials::guest(""), "ANONYMOUS", "="),
        (Credentials::guest("me@example.org"), "ANONYMOUS", "bWVAZXhhbXBsZS5vcmc="),
        (Credentials::connection(), "EXTERNAL", "="),
    ];
    for (credentials, mechanism, response) in cases {
        let rest = format!("C: AUTH {mechanism} {response}\n S: 235 ok\n C: QUIT\n S: 221 bye");
        let server = server("PLAIN ANONYMOUS EXTERNAL", &rest);
        open(server.address().port(), credentials, &[]).unwrap().quit(&mut ());
        server.finish();
    }
}

/// The password is not shown; why the server refused it is.
#[test]
fn a_refusal_that_repeats_the_password_keeps_its_code() {
    let server = server(
        "PLAIN",
        "C: AUTH PLAIN AGFsaWNlAG9wZW4gc2VzYW1l
         S: 535 5.7.8 open sesame is not the password
         WAIT close",
    );
    let error = open(server.port(), password("alice", "open sesame"), &[]).err().unwrap();
    let reply = error.reply.as_ref().unwrap();
    assert_eq!(reply.text(), "535 5.7.8 <hidden>");
    assert_eq!(reply.enhanced().map(|code| code.to_string()).as_deref(), Some("5.7.8"));
    assert!(!error.to_string().contains("sesame"), "{error}");
    server.finish();
}
